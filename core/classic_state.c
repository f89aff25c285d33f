/* The state-space models of exponential smoothing: one pass over a history, and what they say of the leads
 * behind it. Knows recursions and variances; refuses to know how parameters are found. Surprising: the
 * variance of models with a multiplied season is the book's approximation, close where errors are a small
 * share of the level. Source: Hyndman, Koehler, Ord and Snyder, "Forecasting with Exponential Smoothing"
 * (2008), chapters 2, 5 and 6. */
#include "core/classic_parts.h"

/* Takes in the error e (a share of the forecast where the model is relative). */
static inline void learn(struct ets *ets, double ahead, double e, size_t p)
{
    bool shares = ets->relative && ets->season != ETS_ADDED;
    double unit = !ets->relative ? 1 : shares ? ahead : ahead + ets->index[p];

    ets->level = ahead + ets->alpha * e * unit;
    ets->slope = ets->phi * ets->slope + ets->beta * e * unit;
    if (ets->season == ETS_ADDED)
        ets->index[p] += ets->gamma * e * unit;
    else if (ets->season == ETS_MULTIPLIED)
        ets->index[p] *= 1 + ets->gamma * e;
}

double trm_classic_ets_run(struct ets *ets, const double *v, size_t n, double floor,
                           double *ret_variance)
{
    double square = 0, logs = 0, product = 1;

    for (size_t t = 0, p = 0; t < n; t++, p = p + 1 == ets->m ? 0 : p + 1) {
        double ahead = ets->level + ets->phi * ets->slope;
        double mean = ets->season == ETS_NO_SEASON ? ahead
                      : ets->season == ETS_ADDED   ? ahead + ets->index[p]
                                                   : ahead * ets->index[p];
        double e = v[t] - mean;
        if (ets->relative) {
            if (!(mean > 0))
                return INFINITY;
            e /= mean;
            product *= mean;
            if (t % 8 == 7 || product < 1e-100) { /* one logarithm for eight values */
                logs += log(product);
                product = 1;
            }
        }
        square += e * e;
        learn(ets, ahead, e, p);
    }
    if (ret_variance)
        *ret_variance = square / (double)n;
    double least = (double)n * (ets->relative ? 1e-16 : floor);
    double value = (double)n * log(fmax(square, least)) + 2 * (logs + log(product));
    return isfinite(value) ? value : (double)INFINITY;
}

/* How much of an error is left in the forecast j steps after it. */
static double left_of(const struct ets *ets, size_t j, double damped_sum, bool with_season)
{
    double c = ets->alpha + ets->beta * damped_sum;

    return with_season && j % ets->m == 0 ? c + ets->gamma : c;
}

static void point_forecast(const struct ets *ets, size_t n, size_t leads, double *ret)
{
    double damp = ets->phi, sum = 0;

    for (size_t h = 0; h < leads; h++, damp *= ets->phi) {
        sum += damp;
        ret[h] = ets->level + sum * ets->slope;
        if (ets->season == ETS_ADDED)
            ret[h] += ets->index[(n + h) % ets->m];
        else if (ets->season == ETS_MULTIPLIED)
            ret[h] *= ets->index[(n + h) % ets->m];
    }
}

/* Errors of a fixed size: variance (1 + sum c_j^2). */
static void plain_deviation(const struct ets *ets, double variance, size_t leads, double *ret)
{
    double damp = ets->phi, damped = 0, sum = 1;

    for (size_t h = 0; h < leads; h++, damp *= ets->phi) {
        ret[h] = sqrt(variance * sum);
        damped += damp;
        double c = left_of(ets, h + 1, damped, ets->season == ETS_ADDED);
        sum += c * c;
    }
}

/* Errors that are a share of the forecast: theta_h = mean_h^2 + variance sum c_j^2 theta_{h-j}, and
 * (1 + variance) theta_h - mean_h^2; a multiplied season scales what there is without it, and its own errors
 * add up every season. */
static void relative_deviation(const struct ets *ets, size_t n, double variance, size_t leads,
                               const double *point, double *theta, double *ret)
{
    bool multiplied = ets->season == ETS_MULTIPLIED;

    for (size_t h = 0; h < leads; h++) {
        double index = multiplied ? ets->index[(n + h) % ets->m] : 1, mean = point[h] / index;
        double sum = mean * mean, damp_j = ets->phi, damped_j = 0;
        for (size_t j = 1; j <= h; j++, damp_j *= ets->phi) {
            damped_j += damp_j;
            double c = left_of(ets, j, damped_j, ets->season == ETS_ADDED);
            sum += variance * c * c * theta[h - j];
        }
        theta[h] = sum;
        double grown = multiplied ? pow(1 + ets->gamma * ets->gamma * variance,
                                        (double)(h / ets->m))
                                  : 1;
        ret[h] = fabs(index) * sqrt(fmax((1 + variance) * grown * sum - mean * mean, 0));
    }
}

void trm_classic_ets_forecast(const struct ets *ets, size_t n, double variance, size_t leads,
                              double *theta, double *ret_point, double *ret_deviation)
{
    point_forecast(ets, n, leads, ret_point);
    if (ets->relative)
        relative_deviation(ets, n, variance, leads, ret_point, theta, ret_deviation);
    else
        plain_deviation(ets, variance, leads, ret_deviation);
}
