/* How good a forecast was. Knows the field's standard scores; refuses to know models. NaN in actual or
 * forecast drops that pair from every sum. Surprising: nothing here divides by zero: a score that is
 * not defined (no pairs, a zero scale) is NaN.
 *
 * Source of the definitions: Hyndman and Koehler 2006 (MASE); the M4 competition's guide (sMAPE with
 * factor 200); Koenker and Bassett 1978 (pinball); the GluonTS/GIFT-Eval mean weighted sum quantile loss. */
#ifndef TRM_METRICS_H
#define TRM_METRICS_H

#include <stddef.h>

/* Mean |v[t] - v[t - season]| over the pairs present; NaN without any. The denominator of MASE. */
double trm_seasonal_error(const double *values, size_t n, size_t season);

/* Mean |actual - forecast| over n pairs. */
double trm_mae(const double *actual, const double *forecast, size_t n);

/* trm_mae / scale; NaN unless scale > 0. */
double trm_mase(const double *actual, const double *forecast, size_t n, double scale);

/* Mean of 200 |a - f| / (|a| + |f|), in percent 0..200; a pair of zeros counts 0. */
double trm_smape(const double *actual, const double *forecast, size_t n);

/* 2 * max(level * d, (level - 1) * d) with d = actual - quantile: twice the pinball loss, so that level
 * .5 gives |d|. */
double trm_pinball2(double actual, double quantile, double level);

/* Mean over levels of sum trm_pinball2 / sum |actual|. quantiles[level_n][n]. */
double trm_weighted_quantile_loss(const double *actual, const double *quantiles, size_t n,
                                  const double *levels, size_t level_n);

/* Share of actual values inside [lower, upper], bounds included. */
double trm_coverage(const double *actual, const double *lower, const double *upper, size_t n);

#endif
