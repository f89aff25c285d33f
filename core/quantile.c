/* Gaps, knots and the pinball loss. */
#include "core/quantile.h"

#include <string.h>

const double trm_knot_levels[TRM_KNOTS] = {.025, .1, .2, .3, .4, .5, .6, .7, .8, .9, .975};

const double trm_normal_knots[TRM_KNOTS] = {
    -1.959963984540054, -1.281551565544600, -0.841621233572914, -0.524400512708041,
    -0.253347103135800, 0,                  0.253347103135800,  0.524400512708041,
    0.841621233572914,  1.281551565544600,  1.959963984540054};

static double tail_ratio(double q)
{
    double num = ((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q -
                    2.400758277161838e+00) * q - 2.549732539343734e+00) * q +
                  4.374664141464968e+00) * q + 2.938163982698783e+00;
    double den = (((7.784695709041462e-03 * q + 3.224671290700398e-01) * q +
                   2.445134137142996e+00) * q + 3.754408661907416e+00) * q + 1;
    return num / den;
}

static double middle_ratio(double q)
{
    double r = q * q;
    double num = (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r -
                     2.759285104469687e+02) * r + 1.383577518672690e+02) * r -
                   3.066479806614716e+01) * r + 2.506628277459239e+00) * q;
    double den = ((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r -
                    1.556989798598866e+02) * r + 6.680131188771972e+01) * r -
                  1.328068155288572e+01) * r + 1;
    return num / den;
}

double trm_normal_quantile(double p)
{
    double x;

    if (p < 0.02425)
        x = tail_ratio(sqrt(-2 * log(p)));
    else if (p > 1 - 0.02425)
        x = -tail_ratio(sqrt(-2 * log1p(-p)));
    else
        x = middle_ratio(p - 0.5);
    double e = 0.5 * erfc(-x / sqrt(2.0)) - p;
    double u = e * sqrt(2 * 3.14159265358979323846) * exp(x * x / 2);
    return x - u / (1 + x * u / 2);
}

/* Sums over the knots of one lead. Adds the gradient at the median and at the two log spreads. */
static double lead_loss(float target, float median, float spread, const float factor[2],
                        float *d_median, float d_log[2])
{
    float total = 0;

    for (int k = 0; k < TRM_KNOTS; k++) {
        float p = (float)trm_knot_levels[k];
        int side = k > TRM_KNOT_MEDIAN;
        float gap = (float)trm_normal_knots[k] * spread * factor[side];
        float miss = target - (median + gap);
        float d = miss < 0 ? 2 * (1 - p) : -2 * p; /* d(2 pinball) / d(quantile) */
        total -= d * miss;
        *d_median += d;
        d_log[side] += d * gap;
    }
    return (double)total / TRM_KNOTS;
}

/* exp of the clipped log spread; *ret_open tells whether the gradient passes. */
static float spread_factor(float log_spread, bool *ret_open)
{
    *ret_open = log_spread > -TRM_LOG_SPREAD_MAX && log_spread < TRM_LOG_SPREAD_MAX;
    return expf(fminf(fmaxf(log_spread, -TRM_LOG_SPREAD_MAX), TRM_LOG_SPREAD_MAX));
}

double trm_quantile_loss(const struct trm_shape *shape, const float *y, const float *spread,
                         const float *target, float inverse_d, float share, float *ret_dy)
{
    size_t leads = shape->leads, y_n = trm_state_n(shape), seen = 0;
    double sum = 0;

    memset(ret_dy, 0, y_n * sizeof *ret_dy);
    for (size_t j = 0; j < leads; j++) {
        if (isnan(target[j]))
            continue;
        size_t lower = leads + trm_spread_block(shape, j), upper = lower + TRM_SPREAD_BLOCKS;
        bool open[2];
        float factor[2] = {spread_factor(y[lower], &open[0]), spread_factor(y[upper], &open[1])};
        float d_log[2] = {0};
        sum += lead_loss(target[j], y[j], spread[j], factor, &ret_dy[j], d_log);
        ret_dy[lower] += open[0] ? d_log[0] : 0;
        ret_dy[upper] += open[1] ? d_log[1] : 0;
        seen++;
    }
    if (!seen)
        return 0;
    double scaled = sum / (double)seen * (double)inverse_d;
    float pass = share * inverse_d / (float)(TRM_KNOTS * seen) / (float)(1 + scaled);
    for (size_t i = 0; i < y_n; i++)
        ret_dy[i] *= pass;
    return log1p(scaled);
}
