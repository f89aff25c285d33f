/* The model of one series: what a fit leaves behind and a forecast needs besides the recent history.
 * Knows shapes, sizes and lifetime; refuses to know how it is trained (fit.h) or used (forecast.h).
 * Surprising: the drafts (seasonal naive, drift, ridge autoregression) are not in it. They are refitted
 * in closed form from the history at every forecast, so they never age; the model holds only how far
 * each is to be trusted, the network, and the measured size of the errors. */
#ifndef TRM_MODEL_H
#define TRM_MODEL_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Points of history that are looked at: older ones are ignored by fit and forecast alike. */
#define TRM_CONTEXT_MAX 2048
/* Observed (non-NaN) values below which nothing is forecast. */
#define TRM_OBSERVED_MIN 3
/* Longest horizon of a forecast, in steps, and the most leads a network predicts at once; a longer
 * forecast continues from its own medians block by block. */
#define TRM_HORIZON_MAX 1024
#define TRM_LEADS_MAX 96
/* Longest season, in steps. */
#define TRM_SEASON_MAX 1024
/* Largest |value| that is modelled. */
#define TRM_VALUE_MAX 1e300

/* Quantile levels that a model is calibrated at: .025 .1 .2 .3 .4 .5 .6 .7 .8 .9 .975 */
#define TRM_KNOTS 11
#define TRM_KNOT_MEDIAN 5
extern const double trm_knot_levels[TRM_KNOTS];

/* The first guesses. Order is fixed: it is part of the checkpoint format. */
enum trm_draft { TRM_DRAFT_SEASONAL_NAIVE, TRM_DRAFT_DRIFT, TRM_DRAFT_RIDGE, TRM_DRAFTS };

/* "seasonal_naive", "drift", "ridge". */
const char *trm_draft_name(enum trm_draft draft);

/* What decides the shapes. Two fits with equal configs give models of equal size. */
struct trm_config {
    uint32_t season;      /* main period in steps, 1 = none; 1..TRM_SEASON_MAX */
    uint32_t horizon;     /* steps usually asked for, 1..TRM_HORIZON_MAX */
    uint32_t hidden;      /* width of the network, 1..256, multiple of 8 */
    uint32_t supervision; /* supervision steps S, 1..16 */
    uint32_t recursions;  /* recursions R inside a supervision step, 1..16 */
};

/* The defaults for a season and a horizon (each clamped to its range). */
struct trm_config trm_config_default(size_t season, size_t horizon);

/* TRM_OK when every field is in range, else TRM_EINVAL. */
TRM_MUST_CHECK enum trm_status trm_config_check(const struct trm_config *config);

/* Immutable once made (by trm_fit_end or trm_checkpoint_decode): any number of threads may read it. */
struct trm_model;

/* What can be said of a model without running it. Scores are from the rolling backtest on the held-out
 * tail of the history that it was fitted on, NaN where the history was too short to hold anything out. */
struct trm_model_info {
    struct trm_config config;
    uint32_t lookback;       /* window length L in steps; 0 without a network */
    uint32_t leads;          /* leads of the network; 0 without a network */
    size_t parameters;       /* weights and biases of the network; 0 without */
    double gate;             /* share of the network's correction that is used, 0..1 */
    double draft_weight[TRM_DRAFTS]; /* sums to 1 */
    double mase;             /* backtest MASE of what answers */
    double vs_seasonal_naive; /* its MAE over seasonal naive's on the same windows */
    double coverage80, coverage95; /* share of held-out values inside the interval, measured on
                                    * windows that the calibration had not seen */
    size_t backtest_n;       /* held-out values behind the scores */
    size_t trained_n;        /* observed values that the fit saw */
    uint64_t steps;          /* optimiser steps in this model's life */
};

/* Never fails. The pointer lives as long as the model. */
const struct trm_model_info *trm_model_info(const struct trm_model *model);

/* Bytes of memory that the model holds. */
size_t trm_model_bytes(const struct trm_model *model);

/* Accepts NULL. */
void trm_model_free(struct trm_model *model);

#endif
