/* From recent history to quantiles. Knows drafts, networks, intervals and bounds; refuses to know the
 * calendar (leads are steps) and the clock (the caller may lend one for the trace). Surprising: it works
 * without a model too. Kind TRM then lets the shared networks answer unproved and uncorrected, kind literal
 * backtests its drafts on the spot and lets them answer alone: a series can be forecast from its third
 * point on. */
#ifndef TRM_FORECAST_H
#define TRM_FORECAST_H

#include "core/base.h"

#define TRM_QUANTILES_MAX 32

/* Levels at which every forecast is known, whatever was asked for: .025 .1 .5 .9 .975 */
#define TRM_SAID_LEVELS 5
extern const double trm_said_levels[TRM_SAID_LEVELS];

/* What a forecast is asked for. */
struct trm_forecast_request {
    size_t horizon;             /* 1..TRM_HORIZON_MAX */
    const double *levels;       /* quantile levels in (0, 1), strictly increasing; may be NULL if 0 */
    size_t level_n;             /* 0..TRM_QUANTILES_MAX */
    double min, max;            /* bounds on median and every quantile; NaN = none; min <= max */
    bool integer;               /* round median and quantiles to integers (after it, bounds win) */
    const struct trm_widening *widening; /* half widths are multiplied by these too; NULL: by 1 */
    bool trace;                 /* keep the reasoning */
    uint64_t (*now_us)(void *); /* monotonic microseconds for the trace, or NULL (times are 0) */
    void *now_arg;
};

/* What verification told a step: the answer before it, held against the series' own recent past. Means
 * over the leads; errors in sigma, the size of the best draft's recent errors. */
struct trm_trace_verify {
    double size;     /* typical error */
    double bias;     /* mean error: positive where the answer was too high */
    double above;    /* share of the errors that are positive, 0..1 */
    double worst;    /* largest error */
    double coverage; /* share inside the 80% interval, 0..1 */
};

#define TRM_TRACE_PLACES 3 /* first, middle and last lead */
#define TRM_TRACE_TRUST 3

/* One step of the reasoning. Literal: the first block of leads only. */
struct trm_trace_step {
    double *median;    /* [trace_leads] the answer after this step, unit of the series, before bounds … */
    double *low;       /* … its 10% … */
    double *high;      /* … and 90% quantile, widened as the answer's are */
    double update_y;   /* mean |change of the median| by this step, unit of the series; 0 at step 0 */
    double moved;      /* update_y over the mean width of the 80% interval: small = settled */
    double update_z;   /* root mean square change of the latent state */
    double halt;       /* TRM: mean probability that one more step helps; NaN at step 0 and for literal */
    struct trm_trace_verify verify; /* TRM from step 1 on where the series has a record; else all NaN */
    size_t trust_n;                 /* 0 for literal */
    struct trm_draft_weight trust[TRM_TRACE_PLACES][TRM_TRACE_TRUST]; /* largest first */
    uint64_t us;       /* microseconds spent */
};

/* Why no further step was taken. */
enum trm_halted {
    TRM_HALTED_UNTHOUGHT, /* no network answers */
    TRM_HALTED_STEPS,     /* all steps that were trained are taken */
    TRM_HALTED_SETTLED,   /* the last one moved the median by less than halted_below of the 80% interval */
    TRM_HALTED_CONTENT    /* the networks expect too little of another one (trace: halt) */
};

struct trm_forecast {
    size_t horizon, level_n;
    double *median;    /* [horizon] */
    double *quantiles; /* [level_n][horizon]; never crossing, equal to the median at level .5 */
    double *said;      /* [horizon][TRM_SAID_LEVELS] likewise */
    enum trm_answered_by answered_by;
    const char *answered_draft; /* static name; NULL unless answered_by is TRM_BY_DRAFT */
    double gate;       /* share of the network's answer used: 0..1 literal, 0 or 1 TRM */
    size_t draft_n;
    struct trm_draft_weight draft[TRM_DRAFT_WEIGHTS_MAX]; /* means over the leads */
    bool clipped_at_zero; /* the history is nowhere negative, so the answer is not either */
    uint32_t halted_at;   /* supervision steps taken; 0 where no network answers */
    enum trm_halted halted;
    double halted_below;
    size_t trace_n, trace_leads;         /* 0 without a trace */
    size_t trace_place[TRM_TRACE_PLACES]; /* leads (from 1) of trust */
    struct trm_trace_step *trace;        /* [trace_n]; entry 0 is the drafts' consensus */
};

/* Forecasts the `horizon` steps after values[n - 1] (NaN = missing; the last values may be missing).
 * base: the shared networks; only kind literal does without (NULL). model: the series' model, or NULL;
 * config is used only when model is NULL. A TRM model whose record is about another base is used as it is.
 * Where every observed value is >= 0 and the request has no min, TRM answers nothing below 0.
 * Same base, model, values and request: same bits. Scaling the values by a power of two scales the answer
 * exactly (no bounds, no integer rule).
 * Returns TRM_OK; TRM_EINVAL (request or config out of range; no base for kind TRM); TRM_ERANGE,
 * TRM_EMISSING, TRM_ESHORT as trm_fit_begin; TRM_ENOMEM. *ret untouched on failure; the caller owns it:
 * trm_forecast_free.
 * Cost, TRM: trm_sense_make and the steps of think.h. Literal: one ridge solve (about 1 ms for 1,000
 * hourly values); 4 of them without a model. */
TRM_MUST_CHECK enum trm_status trm_forecast(const struct trm_base *base, const struct trm_model *model,
                                            const struct trm_config *config, const double *values,
                                            size_t n, const struct trm_forecast_request *request,
                                            struct trm_forecast **ret);

/* Accepts NULL. */
void trm_forecast_free(struct trm_forecast *forecast);

#endif
