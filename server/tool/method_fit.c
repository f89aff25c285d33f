/* Answers with a model of the series. Knows core's fit and forecast, as the daemon uses them; refuses to
 * know bounds and increments. Surprising: every literal fit gets the same seed, so that its figures can be
 * had again. */
#include "server/tool/method.h"

#include "core/fit.h"
#include "core/forecast.h"

#include <math.h>
#include <string.h>

#define LITERAL_SEED 1

/* Medians of the trace, clipped as the answer is. */
static enum trm_status keep_steps(const struct trm_forecast *from, struct answer *answer)
{
    size_t n = from->trace_n < ANSWER_STEPS_MAX ? from->trace_n : ANSWER_STEPS_MAX;
    size_t leads = from->trace_leads;

    if (n == 0 || leads == 0)
        return TRM_OK;
    enum trm_status status = answer_steps_init(answer, n, leads, false);
    for (size_t i = 0; status == TRM_OK && i < n * leads; i++) {
        double median = from->trace[i / leads].median[i % leads];
        answer->steps[i] = from->clipped_at_zero ? fmax(median, 0) : median;
    }
    return status;
}

static enum trm_status keep(const struct trm_forecast *from, struct answer *ret)
{
    enum trm_status status = answer_init(ret, from->horizon);

    if (status != TRM_OK)
        return status;
    memcpy(ret->median, from->median, from->horizon * sizeof(double));
    memcpy(ret->quantiles, from->quantiles, TRM_KNOTS * from->horizon * sizeof(double));
    ret->by_network = from->answered_by == TRM_BY_NETWORK || from->answered_by == TRM_BY_LITERAL;
    status = keep_steps(from, ret);
    if (status != TRM_OK)
        answer_done(ret);
    return status;
}

static enum trm_status fit(const double *values, size_t n, const struct trm_fit_options *options,
                           struct trm_model **ret)
{
    struct trm_fit_progress progress;
    struct trm_fit_report report;
    struct trm_fit *fit;
    enum trm_status status = trm_fit_begin(values, n, options, &fit);

    if (status != TRM_OK)
        return status;
    do
        status = trm_fit_step(fit, &progress);
    while (status == TRM_MORE);
    if (status == TRM_OK)
        status = trm_fit_end(fit, ret, &report);
    trm_fit_free(fit);
    return status;
}

static enum trm_status fit_and_ask(const struct record *record, const struct question *question,
                                   const struct trm_fit_options *options, struct answer *ret)
{
    struct trm_forecast_request request = {.horizon = question_horizon(question, record),
                                           .levels = trm_knot_levels,
                                           .level_n = TRM_KNOTS,
                                           .min = (double)NAN,
                                           .max = (double)NAN,
                                           .trace = question->steps};
    struct trm_forecast *forecast;
    struct trm_model *model;
    size_t n;
    const double *values = question_past(question, record, &n);
    enum trm_status status = fit(values, n, options, &model);

    if (status != TRM_OK)
        return status;
    status = trm_forecast(options->base_weights, model, NULL, values, n, &request, &forecast);
    trm_model_free(model);
    if (status != TRM_OK)
        return status;
    status = keep(forecast, ret);
    trm_forecast_free(forecast);
    return status;
}

enum trm_status method_adapted(const struct record *record, const struct question *question,
                               struct answer *ret)
{
    struct trm_fit_options options = {.config = config_of(record, TRM_KIND_TRM),
                                      .base_weights = question->base};

    return fit_and_ask(record, question, &options, ret);
}

enum trm_status method_literal(const struct record *record, const struct question *question,
                               struct answer *ret)
{
    struct trm_fit_options options = {.config = config_of(record, TRM_KIND_LITERAL), .seed = LITERAL_SEED};

    return fit_and_ask(record, question, &options, ret);
}
