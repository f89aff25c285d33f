/* Fitting a model to one series, full or incremental, in small steps that the caller drives. Knows
 * windows, training and the held-out tail; refuses to know threads, time and cancellation: the caller
 * stops calling trm_fit_step and frees. Surprising: a fit that does not beat what it started from on
 * the held-out tail succeeds and returns the old weights, saying so in the report. */
#ifndef TRM_FIT_H
#define TRM_FIT_H

#include "core/model.h"

struct trm_fit;

struct trm_fit_options {
    struct trm_config config;
    /* Model to continue from (incremental fit), or NULL (full fit). Ignored, and said so in the report,
     * where its shapes differ from config's. Read only during trm_fit_begin; not owned. */
    const struct trm_model *base;
    uint64_t seed; /* same values, options and machine: same bits */
};

struct trm_fit_progress {
    double fraction; /* 0..1, never decreases */
    uint64_t step;   /* optimiser steps so far */
    double loss;     /* running mean training loss, NaN before the first step */
};

struct trm_fit_report {
    uint64_t steps;      /* optimiser steps of this fit */
    size_t windows;      /* training windows; 0: too short for a network, drafts only */
    double loss_first;   /* mean loss of the first and of the last epoch, NaN without a network */
    double loss_last;
    bool incremental;    /* continued from base */
    bool kept_base;      /* the update lost on the held-out tail: base's network stays */
    double mae_base;     /* held-out MAE over the drafts' MAE: of base (NaN without) … */
    double mae_new;      /* … and of the updated network (NaN without a network) */
};

/* Copies what it needs of values[n] (NaN = missing, older than TRM_CONTEXT_MAX ignored).
 * Returns TRM_OK, TRM_EINVAL (config), TRM_ERANGE (an infinite value or |value| > TRM_VALUE_MAX),
 * TRM_EMISSING (no value at all), TRM_ESHORT (fewer than TRM_OBSERVED_MIN values), TRM_ENOMEM; *ret is
 * untouched on failure. The only call of a fit that allocates besides trm_fit_end.
 * Cost: ten ridge solves, about 10 ms for 1,000 hourly values. */
TRM_MUST_CHECK enum trm_status trm_fit_begin(const double *values, size_t n,
                                             const struct trm_fit_options *options,
                                             struct trm_fit **ret);

/* Does the next slice of work (a few ms). Returns TRM_MORE, TRM_OK when the fit is complete, or
 * TRM_EDIVERGED (loss not finite; free the fit, the base stays good). */
TRM_MUST_CHECK enum trm_status trm_fit_step(struct trm_fit *fit, struct trm_fit_progress *ret_progress);

/* Makes the model of a complete fit. Returns TRM_OK, TRM_ENOMEM, or TRM_EINVAL when the fit is not
 * complete. The caller owns *ret_model. The fit stays to be freed. */
TRM_MUST_CHECK enum trm_status trm_fit_end(struct trm_fit *fit, struct trm_model **ret_model,
                                           struct trm_fit_report *ret_report);

/* At any time, complete or not. Accepts NULL. */
void trm_fit_free(struct trm_fit *fit);

#endif
