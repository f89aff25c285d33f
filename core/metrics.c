/* The scores. */
#include "core/metrics.h"

#include "core/num.h"

double trm_seasonal_error(const double *values, size_t n, size_t season)
{
    double sum = 0;
    size_t pairs = 0;

    for (size_t t = season; t < n; t++) {
        double d = fabs(values[t] - values[t - season]);
        if (isnan(d))
            continue;
        sum += d;
        pairs++;
    }
    return pairs ? sum / (double)pairs : TRM_NAN;
}

double trm_mae(const double *actual, const double *forecast, size_t n)
{
    double sum = 0;
    size_t pairs = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs(actual[i] - forecast[i]);
        if (isnan(d))
            continue;
        sum += d;
        pairs++;
    }
    return pairs ? sum / (double)pairs : TRM_NAN;
}

double trm_mase(const double *actual, const double *forecast, size_t n, double scale)
{
    return scale > 0 ? trm_mae(actual, forecast, n) / scale : TRM_NAN;
}

double trm_smape(const double *actual, const double *forecast, size_t n)
{
    double sum = 0;
    size_t pairs = 0;

    for (size_t i = 0; i < n; i++) {
        double d = fabs(actual[i] - forecast[i]);
        double size = fabs(actual[i]) + fabs(forecast[i]);
        if (isnan(d))
            continue;
        sum += size > 0 ? 200 * d / size : 0;
        pairs++;
    }
    return pairs ? sum / (double)pairs : TRM_NAN;
}

double trm_pinball2(double actual, double quantile, double level)
{
    double d = actual - quantile;

    return 2 * (d >= 0 ? level * d : (level - 1) * d);
}

double trm_weighted_quantile_loss(const double *actual, const double *quantiles, size_t n,
                                  const double *levels, size_t level_n)
{
    double loss = 0, size = 0;

    for (size_t i = 0; i < n; i++) {
        double at = 0;
        for (size_t q = 0; q < level_n; q++)
            at += trm_pinball2(actual[i], quantiles[q * n + i], levels[q]);
        if (isnan(at))
            continue;
        loss += at;
        size += fabs(actual[i]);
    }
    return size > 0 && level_n ? loss / size / (double)level_n : TRM_NAN;
}

double trm_coverage(const double *actual, const double *lower, const double *upper, size_t n)
{
    size_t inside = 0, seen = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(actual[i]) || isnan(lower[i]) || isnan(upper[i]))
            continue;
        inside += actual[i] >= lower[i] && actual[i] <= upper[i];
        seen++;
    }
    return seen ? (double)inside / (double)seen : TRM_NAN;
}
