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

/* What the loss of one window is summed in, lead by lead: the loops over leads are the inner ones, over
 * plain arrays, so that the compiler turns them into vector code. */
struct lanes {
    float unit[2][TRM_LEADS_MAX];  /* spread times the factor below and above the median */
    float d_log[2][TRM_LEADS_MAX]; /* gradients at the logarithms of the factors */
    float loss[TRM_LEADS_MAX];
};

/* exp of the clipped log spread. */
static float spread_factor(float log_spread)
{
    float bounded = log_spread < -TRM_LOG_SPREAD_MAX  ? -TRM_LOG_SPREAD_MAX
                    : log_spread > TRM_LOG_SPREAD_MAX ? TRM_LOG_SPREAD_MAX
                                                      : log_spread;
    return expf(bounded);
}

/* The gradient passes where the clip is open. */
static bool clip_open(float log_spread)
{
    return log_spread > -TRM_LOG_SPREAD_MAX && log_spread < TRM_LOG_SPREAD_MAX;
}

static void widths(const struct trm_shape *shape, const float *y, const float *spread,
                   struct lanes *lanes)
{
    float factor[2][TRM_SPREAD_BLOCKS];

    for (int b = 0; b < TRM_SPREAD_BLOCKS; b++) {
        factor[0][b] = spread_factor(y[shape->leads + (size_t)b]);
        factor[1][b] = spread_factor(y[shape->leads + TRM_SPREAD_BLOCKS + (size_t)b]);
    }
    for (size_t j = 0; j < shape->leads; j++) {
        size_t b = trm_spread_block(shape, j);
        lanes->unit[0][j] = spread[j] * factor[0][b];
        lanes->unit[1][j] = spread[j] * factor[1][b];
    }
}

/* Adds one knot's twice-pinball loss and its gradients at every lead. */
static void add_knot(int k, size_t leads, const float *target, const float *y, float *d_median,
                     struct lanes *lanes)
{
    int side = k > TRM_KNOT_MEDIAN;
    float z = (float)trm_normal_knots[k], level = (float)trm_knot_levels[k];
    float above = -2 * level, below = 2 * (1 - level); /* d(2 pinball)/d(quantile) by the truth's side */
    const float *unit = lanes->unit[side];
    float *d_log = lanes->d_log[side], *loss = lanes->loss;

    for (size_t j = 0; j < leads; j++) {
        float gap = z * unit[j];
        float miss = target[j] - (y[j] + gap);
        float d = miss < 0 ? below : above;
        loss[j] -= d * miss;
        d_median[j] += d;
        d_log[j] += d * gap;
    }
}

double trm_quantile_loss(const struct trm_shape *shape, const float *y, const float *spread,
                         const float *target, float inverse_d, float share, float *ret_dy)
{
    size_t leads = shape->leads, y_n = trm_state_n(shape), seen = 0;
    struct lanes lanes;
    double sum = 0;

    memset(ret_dy, 0, y_n * sizeof *ret_dy);
    memset(lanes.d_log, 0, sizeof lanes.d_log);
    memset(lanes.loss, 0, leads * sizeof *lanes.loss);
    widths(shape, y, spread, &lanes);
    for (int k = 0; k < TRM_KNOTS; k++)
        add_knot(k, leads, target, y, ret_dy, &lanes);
    for (size_t j = 0; j < leads; j++) {
        size_t lower = leads + trm_spread_block(shape, j), upper = lower + TRM_SPREAD_BLOCKS;
        if (isnan(target[j])) { /* what the knots added for it means nothing */
            ret_dy[j] = 0;
            continue;
        }
        sum += (double)lanes.loss[j];
        ret_dy[lower] += clip_open(y[lower]) ? lanes.d_log[0][j] : 0;
        ret_dy[upper] += clip_open(y[upper]) ? lanes.d_log[1][j] : 0;
        seen++;
    }
    if (!seen)
        return 0;
    double scaled = sum / (double)(TRM_KNOTS * seen) * (double)inverse_d;
    float pass = share * inverse_d / (float)(TRM_KNOTS * seen) / (float)(1 + scaled);
    for (size_t i = 0; i < y_n; i++)
        ret_dy[i] *= pass;
    return log1p(scaled);
}
