/* Fitting a model to one series, full or incremental, in small steps that the caller drives. Knows which
 * kind is made how (fit_record.c: past forecasts of the shared networks; fit_literal.c: training); refuses
 * to know threads, time and cancellation: the caller stops calling trm_fit_step and frees. Surprising: a fit
 * of kind TRM trains nothing; and a literal fit that does not beat what it started from on the held-out tail
 * succeeds and returns the old weights, saying so in the report. */
#ifndef TRM_FIT_H
#define TRM_FIT_H

#include "core/base.h"
#include "core/record.h"

struct trm_fit;

struct trm_fit_options {
    struct trm_config config;
    /* The shared networks; only kind literal does without (NULL). Borrowed until trm_fit_free. */
    const struct trm_base *base_weights;
    /* Model to continue from (incremental fit), or NULL (full fit). Ignored, and said so in the report,
     * where it does not go with config or base_weights. Read only during trm_fit_begin; not owned. */
    const struct trm_model *base;
    /* The model that answers now, to be held against the result on what it has not seen, or NULL; read only
     * during trm_fit_begin; one of other config or base_weights does not count. unseen: newest values that it
     * has not seen, 0: not known. */
    const struct trm_model *champion;
    size_t unseen;
    size_t fresh;  /* TRM: newest values (missing ones too) that base has not seen; 0: not known, full fit */
    uint64_t seed; /* literal; same values, options and machine: same bits */
};

struct trm_fit_progress {
    double fraction; /* 0..1, never decreases */
    uint64_t step;   /* optimiser steps so far */
    double loss;     /* running mean training loss, NaN before the first step */
};

struct trm_fit_report {
    uint64_t steps;      /* optimiser steps (literal) or past forecasts (TRM) of this fit */
    size_t windows;      /* training windows, 0: too short for a network, drafts only; TRM: past forecasts in
                          * the record, 0: too short for any */
    double loss_first;   /* mean loss of the first and of the last epoch, NaN without a network and for TRM */
    double loss_last;
    bool incremental;    /* continued from base */
    bool kept_base;      /* the update lost on the held-out tail: base's network stays; false for TRM */
    double mae_base;     /* held-out MAE of the network over the drafts' MAE: of base (NaN without) … */
    double mae_new;      /* … and of the result (NaN without a network) */
    struct trm_duel duel; /* champion against result; all zero where nothing was compared */
    /* TRM only: */
    size_t origins_old, origins_new;                 /* past forecasts kept from base, and made now */
    struct trm_gate gate_before, gate_after;         /* before: zeroed without base */
    struct trm_widening widening_before, widening_after;
};

/* Copies what it needs of values[n] (NaN = missing, older than TRM_CONTEXT_MAX ignored).
 * Returns TRM_OK, TRM_EINVAL (config; no base_weights for kind TRM), TRM_ERANGE (an infinite value or
 * |value| > TRM_VALUE_MAX), TRM_EMISSING (no value at all), TRM_ESHORT (fewer than TRM_OBSERVED_MIN values),
 * TRM_ENOMEM; *ret is untouched on failure.
 * Cost, literal: ten ridge solves, about 10 ms for 1,000 hourly values; TRM: little. */
TRM_MUST_CHECK enum trm_status trm_fit_begin(const double *values, size_t n,
                                             const struct trm_fit_options *options,
                                             struct trm_fit **ret);

/* Does the next slice of work (a few ms; TRM: one past forecast). Returns TRM_MORE, TRM_OK when the fit is
 * complete, TRM_ENOMEM, or TRM_EDIVERGED (loss not finite); then free the fit, the base stays good. */
TRM_MUST_CHECK enum trm_status trm_fit_step(struct trm_fit *fit, struct trm_fit_progress *ret_progress);

/* Makes the model of a complete fit. Returns TRM_OK, TRM_ENOMEM, TRM_EDIVERGED (a weight or a loss is no
 * finite number), or TRM_EINVAL when the fit is not complete. The caller owns *ret_model. The fit stays to be
 * freed. */
TRM_MUST_CHECK enum trm_status trm_fit_end(struct trm_fit *fit, struct trm_model **ret_model,
                                           struct trm_fit_report *ret_report);

/* At any time, complete or not. Accepts NULL. */
void trm_fit_free(struct trm_fit *fit);

#endif
