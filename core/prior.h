/* Made-up series for training, when no real one may be had. Knows how series of the world come about
 * (levels, seasons, regimes, counts, bursts, calendars); refuses to know the network that learns from
 * them. Surprising: one seed is one series, history and future together, whatever thread draws it, so a
 * training set is a range of seeds.
 *
 * Nothing here is fitted to a data set. */
#ifndef TRM_PRIOR_H
#define TRM_PRIOR_H

#include "core/model.h"

/* Longest future that is drawn, in steps. */
#define TRM_PRIOR_HORIZON_MAX 96

struct trm_prior_series {
    size_t n;                /* values of history, 10..TRM_CONTEXT_MAX */
    size_t horizon;          /* values of future, 4..TRM_PRIOR_HORIZON_MAX */
    uint32_t season;         /* main period told to the forecaster, 1 = none (5%: a wrong one) */
    uint32_t season2;        /* longer period told, a multiple of season or 0 = none */
    int frequency;           /* index of the frequency class, for statistics */
    int family;              /* index of the generating family, for statistics */
    double values[TRM_CONTEXT_MAX + TRM_PRIOR_HORIZON_MAX]; /* history, then future; NaN = missing (in the
                              * history only); |v| <= 1e9, the history never constant */
    double work[8][TRM_CONTEXT_MAX + TRM_PRIOR_HORIZON_MAX]; /* scratch */
};

/* How many frequency classes and families there are, and their names, for the training card. */
size_t trm_prior_frequency_n(void);
size_t trm_prior_family_n(void);
const char *trm_prior_frequency_name(size_t i);
const char *trm_prior_family_name(size_t i);

/* Draws the series of a seed. Same seed, same bits on one machine. No allocation; any thread.
 * Cost: well under a millisecond for 1,000 values. */
void trm_prior_draw(uint64_t seed, struct trm_prior_series *ret);

#endif
