/* What the ways to a forecast share: the answer's memory, levels, bounds. Nobody else includes
 * this. */
#ifndef TRM_FORECAST_PARTS_H
#define TRM_FORECAST_PARTS_H

#include "core/forecast.h"
#include "core/model_parts.h"

/* The two ways. Request and config have been checked; model may be NULL. */
TRM_MUST_CHECK enum trm_status trm_forecast_literal(const struct trm_model *model,
                                                    const struct trm_config *config,
                                                    const double *values, size_t n,
                                                    const struct trm_forecast_request *request,
                                                    struct trm_forecast **ret);
TRM_MUST_CHECK enum trm_status
trm_forecast_shared(const struct trm_base *base, const struct trm_model *model,
                    const struct trm_config *config, const double *values, size_t n,
                    const struct trm_forecast_request *request, struct trm_forecast **ret);

/* An empty answer with all its arrays, in one allocation; without a trace steps and leads do not
 * count. Every number that a kind may not have is NaN. TRM_OK or TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_forecast_new(const struct trm_forecast_request *request,
                                                size_t steps, size_t leads,
                                                struct trm_forecast **ret);

/* Where trm_said_levels stand among the knots. */
extern const int trm_said_knots[TRM_SAID_LEVELS];

/* Takes the request's widening into what is there. */
void trm_forecast_widen(const struct trm_forecast_request *request, struct trm_widening *widening);

/* Gap of a level, given those of the knots (growing outwards, 0 at the median): between knots along
 * the normal quantile, beyond them in proportion to it. Monotone in level. */
double trm_forecast_gap(const double gap[TRM_KNOTS], double level);

/* Bounds and the integer rule; monotone in v. positive: at least 0 where the request has no min. */
double trm_forecast_bounded(const struct trm_forecast_request *request, bool positive, double v);

/* The request's clock, 0 without one. */
uint64_t trm_forecast_now(const struct trm_forecast_request *request);

#endif
