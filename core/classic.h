/* The classical methods that a forecaster has to beat, fitted as their authors say: seasonal naive, Theta,
 * exponential smoothing with its parameters by maximum likelihood, autoregression with its order by AICc.
 * Knows one history at a time; refuses to know the thinker, and to be fast: the bank's drafts (bank.h) go by
 * the same names and are something else, closed forms that cost microseconds. Surprising: quantiles are the
 * normal ones around the point forecast, with the variance that each model implies at each lead; nothing is
 * simulated, so the same history gives the same bits.
 *
 * Every method is scale-equivariant (exactly, by powers of two); seasonal naive, AR and the additive
 * models of the others are shift-equivariant too. Sources are named where each is computed. */
#ifndef TRM_CLASSIC_H
#define TRM_CLASSIC_H

#include "core/model.h"

/* X(enum name, text) */
#define TRM_CLASSIC_LIST(X)                                                                        \
    X(SNAIVE, "seasonal_naive")                                                                    \
    X(THETA, "theta")                                                                              \
    X(ETS, "ets")                                                                                  \
    X(AR, "ar")

enum trm_classic {
#define TRM_CLASSIC_ENUM(name, text) TRM_CLASSIC_##name,
    TRM_CLASSIC_LIST(TRM_CLASSIC_ENUM)
#undef TRM_CLASSIC_ENUM
        TRM_CLASSICS
};

/* "seasonal_naive", "theta", "ets", "ar"; never NULL for a value of the list. */
const char *trm_classic_name(enum trm_classic method);

/* Exponential smoothing looks at the newest values only: so many, or so many seasons where that is more. The
 * other methods look at TRM_CONTEXT_MAX, as everything here does. */
#define TRM_CLASSIC_ETS_VALUES 600
#define TRM_CLASSIC_ETS_SEASONS 6
/* Longest season whose starting indices are estimated with everything else; those of a longer one are taken
 * from the decomposition. */
#define TRM_CLASSIC_ETS_SEASON 24
/* Evaluations of the likelihood that one model of exponential smoothing may cost. */
#define TRM_CLASSIC_ETS_EVALUATIONS 3000
#define TRM_CLASSIC_AR_ORDER_MAX 50

struct trm_classic_ask {
    size_t season;        /* 1..TRM_SEASON_MAX; counts as 1 where there are not two of them and one value */
    size_t leads;         /* 1..TRM_HORIZON_MAX */
    const double *levels; /* [level_n] in (0, 1), borrowed; may be NULL if 0 */
    size_t level_n;
};

/* What was fitted, in the field's notation: "ETS(M,Ad,M)", "AR(3)", "AR(2) of seasonal differences",
 * "Theta, multiplicative season". */
#define TRM_CLASSIC_LABEL_MAX 40

/* Forecasts the leads after values[n - 1] (NaN = missing; filled as history.h says; leading and trailing
 * holes are fine) → ret_point[leads], ret_quantiles[level_n][leads] (may be NULL if level_n is 0), ret_label
 * (NUL-terminated; may be NULL). All finite where the values are below 1e290 in size.
 * TRM_OK; TRM_EINVAL (ask out of range); TRM_ERANGE, TRM_EMISSING, TRM_ESHORT as trm_forecast;
 * TRM_ENOMEM. On failure nothing is written.
 * Cost for 120 monthly / 1,000 hourly values: ETS 40 / 170 ms at most, Theta .05 / .6, the others less
 * (tests/bench/core.c). */
TRM_MUST_CHECK enum trm_status trm_classic(enum trm_classic method, const double *values, size_t n,
                                           const struct trm_classic_ask *ask, double *ret_point,
                                           double *ret_quantiles,
                                           char ret_label[TRM_CLASSIC_LABEL_MAX]);

#endif
