/* From recent history to quantiles. Knows drafts, their mix, the network's refinement, intervals and
 * bounds; refuses to know the calendar (leads are steps) and the clock (the caller may lend one for the
 * trace). Surprising: it works without a model too; then the drafts are backtested on the spot and
 * answer alone, so a series can be forecast from its third point on. */
#ifndef TRM_FORECAST_H
#define TRM_FORECAST_H

#include "core/model.h"

#define TRM_QUANTILES_MAX 32

/* What a forecast is asked for. */
struct trm_forecast_request {
    size_t horizon;             /* 1..TRM_HORIZON_MAX */
    const double *levels;       /* quantile levels in (0, 1), strictly increasing; may be NULL if 0 */
    size_t level_n;             /* 0..TRM_QUANTILES_MAX */
    double min, max;            /* bounds on median and every quantile; NaN = none; min <= max */
    bool integer;               /* round median and quantiles to integers (after it, bounds win) */
    bool trace;                 /* keep the reasoning */
    uint64_t (*now_us)(void *); /* monotonic microseconds for the trace, or NULL (times are 0) */
    void *now_arg;
};

/* One supervision step of the reasoning (first block of leads only). */
struct trm_trace_step {
    double *median;    /* [trace_leads] the answer after this step, unit of the series, before bounds */
    double update_y;   /* mean |change of the median| by this step, unit of the series */
    double update_z;   /* root mean square change of the latent state */
    double halt;       /* update_y over the mean width of the 80% interval: small = settled */
    uint64_t us;       /* microseconds spent */
};

enum trm_answered_by { TRM_BY_NETWORK, TRM_BY_DRAFTS };

struct trm_forecast {
    size_t horizon, level_n;
    double *median;    /* [horizon] */
    double *quantiles; /* [level_n][horizon]; never crossing, equal to the median at level .5 */
    double *draft[TRM_DRAFTS];        /* [horizon] each draft's own forecast; NULL where the history is
                                       * too short for it */
    double draft_weight[TRM_DRAFTS];  /* as used; sums to 1 */
    double gate;                      /* share of the network's correction used; 0 for the drafts */
    enum trm_answered_by answered_by;
    uint32_t halted_at; /* supervision steps taken; 0 for the drafts */
    size_t trace_n, trace_leads;      /* 0 without a trace */
    struct trm_trace_step *trace;     /* [trace_n]; entry 0 is the initial guess */
};

/* Forecasts the `horizon` steps after values[n - 1] (NaN = missing; the last values may be missing).
 * model: the series' model, or NULL for drafts alone; config is used only when model is NULL.
 * Same model, values and request: same bits. Scaling the values by a power of two scales the answer
 * exactly (no bounds, no integer rule).
 * Returns TRM_OK; TRM_EINVAL (request or config out of range); TRM_ERANGE, TRM_EMISSING, TRM_ESHORT as
 * trm_fit_begin; TRM_ENOMEM. *ret untouched on failure; the caller owns it: trm_forecast_free.
 * Cost: one ridge solve (about 1 ms for 1,000 hourly values); 4 of them without a model. */
TRM_MUST_CHECK enum trm_status trm_forecast(const struct trm_model *model,
                                            const struct trm_config *config, const double *values,
                                            size_t n, const struct trm_forecast_request *request,
                                            struct trm_forecast **ret);

/* Accepts NULL. */
void trm_forecast_free(struct trm_forecast *forecast);

#endif
