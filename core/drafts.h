/* The first guesses, each a closed form of the history, and the mix of them. Knows the three drafts and
 * how errors become weights; refuses to know where the errors were measured (backtest.h). Surprising:
 * the mix weighs by the inverse fourth power of the error, so that a draft twice as bad as another has a
 * sixteenth of its say and need never be switched off. */
#ifndef TRM_DRAFTS_H
#define TRM_DRAFTS_H

#include "core/model.h"

/* Forecasts ret[leads] of v[0..n), all finite. Seasonal naive: the value a season (or several) earlier;
 * n >= season. Drift: the last value plus the mean change so far (Hyndman and Athanasopoulos,
 * "Forecasting: Principles and Practice", section 5.2); n >= 1. Both are shift- and scale-equivariant. */
void trm_draft_seasonal_naive(const double *v, size_t n, size_t season, size_t leads, double *ret);
void trm_draft_drift(const double *v, size_t n, size_t leads, double *ret);

/* How much each draft is believed, and how wide the truth scatters around their mix. Widths are in units
 * of the history's seasonal error. */
struct trm_mix {
    double weight[TRM_DRAFTS]; /* >= 0, sums to 1 */
    double spread_level;       /* normal unit of the interval at the first lead */
    double spread_growth;      /* at lead j (from 0) it is level * (j + 1)^growth */
};

/* weight_k ~ (mae_k + .001 mean)^-4 over the drafts whose mae is finite; at least one is. */
void trm_mix_weigh(const double mae[TRM_DRAFTS], double ret_weight[TRM_DRAFTS]);

/* Weighted mean of the drafts that are there (NULL = not): weights of the missing ones go to the others
 * in proportion, and to the seasonal naive where nothing else is left. */
void trm_mix_apply(const struct trm_mix *mix, const double *const draft[TRM_DRAFTS], size_t leads,
                   double ret_weight[TRM_DRAFTS], double *ret);

/* Names and weights of the drafts, in their order; returns TRM_DRAFTS. */
size_t trm_mix_tell(const double weight[TRM_DRAFTS], struct trm_draft_weight ret[TRM_DRAFTS]);

/* Normal unit of the interval at a lead, in units of the seasonal error. */
double trm_mix_spread(const struct trm_mix *mix, size_t lead);

#endif
