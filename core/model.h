/* The model of one series: what a fit leaves behind and a forecast needs besides the recent history.
 * Knows kinds, shapes, sizes and lifetime; refuses to know how it is made (fit.h) or used (forecast.h).
 *
 * Kind TRM: the networks are shared by all series (base.h); the model is the series' record with them
 * (record.h): who answers, how wide the intervals have to be, how good that was. Kind literal: a network of
 * the series' own (literal.h), and how far it and three drafts are to be trusted. Surprising: no kind holds
 * drafts. They are refitted in closed form from the history at every forecast, so they never age. */
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

enum trm_kind { TRM_KIND_TRM, TRM_KIND_LITERAL };

/* "trm", "literal". */
const char *trm_kind_name(enum trm_kind kind);
/* Returns false for other words; *ret is then untouched. */
bool trm_kind_parse(const char *text, enum trm_kind *ret);

/* The first guesses of kind literal. Order is fixed: it is part of the checkpoint format. */
enum trm_draft { TRM_DRAFT_SEASONAL_NAIVE, TRM_DRAFT_DRIFT, TRM_DRAFT_RIDGE, TRM_DRAFTS };

/* "seasonal_naive", "drift", "ridge". */
const char *trm_draft_name(enum trm_draft draft);

/* What decides the shapes. Two fits with equal configs give models of equal size. */
struct trm_config {
    uint32_t season;      /* main period in steps, 1 = none; 1..TRM_SEASON_MAX */
    uint32_t horizon;     /* steps usually asked for, 1..TRM_HORIZON_MAX */
    uint32_t hidden;      /* literal only: width of the network, 1..256, multiple of 8; … */
    uint32_t supervision; /* … supervision steps S, 1..16; … */
    uint32_t recursions;  /* … recursions R inside a supervision step, 1..16 */
    uint32_t season2;     /* TRM only: a longer period, season + 1..TRM_CONTEXT_MAX, 0 = none */
    enum trm_kind kind;
};

/* The defaults for a season and a horizon (each clamped to its range): kind TRM, no longer period. */
struct trm_config trm_config_default(size_t season, size_t horizon);

/* TRM_OK when every field is in range, else TRM_EINVAL. */
TRM_MUST_CHECK enum trm_status trm_config_check(const struct trm_config *config);

/* Immutable once made (by trm_fit_end or trm_checkpoint_decode): any number of threads may read it. */
struct trm_model;

/* Who gives the answer. */
enum trm_answered_by {
    TRM_BY_NETWORK,   /* TRM: the shared networks */
    TRM_BY_CONSENSUS, /* the drafts, weighted by their record (TRM), or the mix of the three (literal) */
    TRM_BY_DRAFT,     /* TRM: one draft */
    TRM_BY_LITERAL    /* literal: the mix and a share of its network's correction */
};

/* "trm" (the shared networks), "consensus", "draft", "literal". */
const char *trm_answered_by_name(enum trm_answered_by by);

/* One draft's share of an answer. Both kinds report lists of these, so that nobody outside needs to know
 * which drafts a kind has: TRM the drafts whose mean weight over the leads is .01 or more, largest first, at
 * most TRM_DRAFT_WEIGHTS_MAX of them; literal its three, in their order. */
#define TRM_DRAFT_WEIGHTS_MAX 8
struct trm_draft_weight {
    const char *name; /* static */
    double weight;
};

/* The verdict of a record (rule: record.h). */
struct trm_gate {
    enum trm_answered_by by;
    const char *draft;  /* static name of the draft that answers; NULL unless by is TRM_BY_DRAFT */
    size_t origins;     /* past forecasts behind the verdict; 0: none, the network answers unproved */
    double loss_network, loss_consensus; /* mean pinball loss over the seasonal error, NaN without origins */
    const char *best_draft; /* static name of the best single draft; NULL without origins … */
    double loss_draft;      /* … and its loss */
    double gain;        /* share by which the one who answers was better than the network; 0 when it is … */
    double certainty;   /* … and that gain over its standard error */
};

/* Half widths of the intervals are multiplied by these: [below, above][80%, 95%]; 1 = as the network says. */
struct trm_widening {
    double factor[2][2];
};

/* What can be said of a model without running it. Scores are from rolling past forecasts (TRM) or the
 * held-out tail (literal) of the history that it was fitted on, NaN where that was too short. */
struct trm_model_info {
    struct trm_config config;
    uint32_t lookback;       /* literal: window length L in steps; 0 without a network, and for TRM */
    uint32_t leads;          /* literal: leads of the network, 0 without one; TRM: leads of the newest past
                              * forecast, 0 without any */
    size_t parameters;       /* weights and biases: of the series' own network (literal; 0 without), of all
                              * shared networks (TRM) */
    double gate;             /* literal: share of the network's correction that is used, 0..1; TRM: 1 when
                              * the network answers, else 0 */
    size_t draft_n;
    struct trm_draft_weight draft[TRM_DRAFT_WEIGHTS_MAX]; /* TRM: at the newest past forecast, of the one who
                                                           * answers; none without */
    double mase;             /* MASE of what answers; its scale is the seasonal error of what was known */
    double vs_seasonal_naive; /* its MAE over seasonal naive's on the same windows */
    double coverage80, coverage95; /* share of true values inside the interval, measured on windows that
                                    * the calibration had not seen (TRM: verdict and widening from the other
                                    * past forecasts, each left out in turn; mase too) */
    size_t backtest_n;       /* held-out values behind the scores */
    size_t trained_n;        /* observed values that the fit saw */
    uint64_t steps;          /* literal: optimiser steps, TRM: past forecasts made, in this model's life */
    /* TRM only, 0 for literal: */
    uint64_t base_identity;  /* of the shared networks the record is about: with others, fit again */
    struct trm_gate verdict;
    struct trm_widening widening;
};

/* Never fails. The pointer lives as long as the model. */
const struct trm_model_info *trm_model_info(const struct trm_model *model);

/* Bytes of memory that the model holds. */
size_t trm_model_bytes(const struct trm_model *model);

/* Accepts NULL. */
void trm_model_free(struct trm_model *model);

#endif
