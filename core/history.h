/* A series' recent past, made fit for arithmetic: cut to the context, scaled by a power of two so that
 * the largest magnitude lies in [0.5, 1), holes filled for the methods that cannot stand them.
 * Surprising: the scaling is exact, so every result is scale-equivariant to the bit for powers of two,
 * and values near 1e300 or 1e-300 need no special case anywhere else.
 *
 * What is wrong with the values is mended first (mend.h), and what is missing at the end is cut
 * off: whoever forecasts begins where the observations end and counts `gap` leads more, instead of
 * believing what a hole was filled with. Kind literal, whose networks predict from the very end,
 * keeps and fills it. */
#ifndef TRM_HISTORY_H
#define TRM_HISTORY_H

#include "core/model.h"

struct trm_history {
    size_t n;            /* values kept: at most TRM_CONTEXT_MAX, the first one observed */
    double *raw;         /* [n] scaled, NaN = missing */
    double *filled;      /* [n] scaled, holes filled: a short one along a line, others from a season ago */
    size_t observed_n;   /* values that are not NaN */
    size_t season;       /* as asked for, 1 where the history holds less than two seasons + 1 */
    int exponent;        /* value = scaled * 2^exponent */
    double error;        /* mean |v[t] - v[t - season]| of the scaled values, floored at 1e-3 of sd;
                          * 0 only for a constant history */
    double sd;           /* standard deviation of the filled values */
    size_t gap;          /* missing values at the end that are cut off; n does not count them */
    size_t stuck_n;      /* equal values at the end of a stuck sensor, else 0 */
    bool positive;       /* no value as it came is below 0 */
};

/* For kind literal. Returns TRM_OK, TRM_ERANGE, TRM_EMISSING, TRM_ESHORT, TRM_ENOMEM as forecast.h
 * says. On failure *ret is untouched. */
TRM_MUST_CHECK enum trm_status trm_history_init(struct trm_history *ret, const double *values,
                                                size_t n, size_t season);
/* For the drafts of the bank, which can use a season from one and a quarter of it on: season as
 * asked for where the history holds as much. */
TRM_MUST_CHECK enum trm_status trm_history_init_short(struct trm_history *ret, const double *values,
                                                      size_t n, size_t season);
/* The two without mending and cutting: for whoever compares with the values as they came (classical
 * methods), and for examples, whose past and future were mended together. */
TRM_MUST_CHECK enum trm_status trm_history_init_raw(struct trm_history *ret, const double *values,
                                                    size_t n, size_t season);
TRM_MUST_CHECK enum trm_status trm_history_init_short_raw(struct trm_history *ret,
                                                          const double *values, size_t n,
                                                          size_t season);
/* Accepts a zeroed struct. */
void trm_history_done(struct trm_history *history);

#endif
