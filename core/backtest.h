/* What the drafts would have said at past origins, honestly: no draft saw what it is scored on. Knows
 * origins, folds and the held-out tail; refuses to know the network. An origin o means: v[0..o) is
 * known, v[o..o+leads) is to be forecast.
 *
 * The last `tail` origins are the held-out tail: their ridge was fitted on what lay before it (refitted
 * half way). For the earlier origins, which train the network, the ridge is cross-fitted: each block's
 * coefficients come from the windows of the other blocks whose targets do not touch it. Surprising:
 * without that the network would learn to correct in-sample errors that it never meets again. */
#ifndef TRM_BACKTEST_H
#define TRM_BACKTEST_H

#include "core/drafts.h"
#include "core/history.h"

struct trm_backtest {
    size_t leads;               /* scored per origin: the horizon, or less on a short history */
    size_t lookback;            /* of the ridge; 0: the history is too short for one */
    size_t first, count, tail;  /* origins first .. first + count - 1, the last `tail` held out */
    double *draft[TRM_DRAFTS];  /* [count][leads]; the ridge NULL without one */
    double mae[TRM_DRAFTS];     /* over the tail, NaN for a draft that is not there */
    struct trm_mix mix;         /* from the tail */
};

/* leads: 1..TRM_LEADS_MAX. With whole, origins go back as far as a lookback allows (for training); else
 * only the tail. Returns TRM_OK or TRM_ENOMEM; *ret untouched on failure. */
TRM_MUST_CHECK enum trm_status trm_backtest_init(struct trm_backtest *ret,
                                                 const struct trm_history *history, size_t leads,
                                                 bool whole);
/* Accepts a zeroed struct. */
void trm_backtest_done(struct trm_backtest *backtest);

/* The mix at origin first + i → ret[leads]. */
void trm_backtest_mixed(const struct trm_backtest *backtest, size_t i, double *ret);

/* Penalty of every ridge fit, as a share of the mean squared centred value. */
#define TRM_RIDGE_LAMBDA .03

#endif
