/* From a history to a forecast with its explanation. Called on the loop for stored series and on
 * workers for stateless ones, so it touches nothing but its arguments. */
#include "server/service/parts.h"

#include "server/base/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static uint64_t now_us(void *arg)
{
    (void)arg;
    return clock_mono_ns() / 1000;
}

static int check_levels(const struct forecast_ask *ask, const char *place_prefix, struct err *err)
{
    if (ask->level_n > TRM_QUANTILES_MAX) {
        err_set(err, ERR_INVALID, "%zu quantiles are asked for, at most %d are answered",
                ask->level_n, TRM_QUANTILES_MAX);
        return err_at(err, "%squantiles", place_prefix);
    }
    for (size_t i = 0; i < ask->level_n; i++)
        if (!(ask->levels[i] > (i ? ask->levels[i - 1] : 0) && ask->levels[i] < 1)) {
            err_set(err, ERR_INVALID, "quantile levels lie between 0 and 1 and increase");
            return err_at(err, "%squantiles", place_prefix);
        }
    return 0;
}

int forecast_ask_check(const struct forecast_ask *ask, const char *place_prefix, struct err *err)
{
    if (ask->horizon > TRM_HORIZON_MAX) {
        err_set(err, ERR_INVALID, "horizon is %zu, expected 1 to %d steps", ask->horizon,
                TRM_HORIZON_MAX);
        return err_at(err, "%shorizon", place_prefix);
    }
    return check_levels(ask, place_prefix, err);
}

/* Whether all that was observed is one value. */
static bool is_flat(const double *values, size_t n)
{
    double seen = (double)NAN;

    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        if (!isnan(seen) && values[i] != seen)
            return false;
        seen = values[i];
    }
    return true;
}

int answer_compute(const struct answer_input *input, const struct forecast_ask *ask,
                   struct counters *counters, struct forecast_answer *ret, struct err *err)
{
    struct trm_forecast_request request = {
        .horizon = input->horizon,
        .levels = ask->levels,
        .level_n = ask->level_n,
        .min = input->settings->min,
        .max = input->settings->max,
        .integer = input->settings->integer,
        .widening = input->widening,
        .trace = ask->trace,
        .now_us = now_us,
    };
    uint64_t start = clock_mono_ns();
    enum trm_status status = trm_forecast(input->base, input->model, &input->config, input->values, input->n,
                                          &request, &ret->forecast);

    counters_observe(counters, HISTOGRAM_FORECAST, clock_mono_ns() - start);
    counters_add(counters, status == TRM_OK ? COUNTER_FORECASTS : COUNTER_FORECASTS_FAILED, 1);
    if (status != TRM_OK)
        return err_from_status(err, status);
    ret->has_model = input->model != NULL;
    ret->flat = is_flat(input->values, input->n);
    ret->config = input->model ? trm_model_info(input->model)->config : input->config;
    if (ret->config.kind == TRM_KIND_TRM && input->base)
        ret->base = input->base;
    if (input->model)
        ret->model = *trm_model_info(input->model);
    ret->level_n = ask->level_n;
    memcpy(ret->levels, ask->levels, ask->level_n * sizeof *ask->levels);
    return 0;
}

/* " (1.05 times seasonal naive's error on 96 held-out values)", or "" where nothing was held out.
 */
static void score_words(const struct trm_model_info *model, char *buf, size_t buf_n)
{
    buf[0] = '\0';
    if (model->backtest_n > 0 && model->vs_seasonal_naive >= 0) /* false for NaN */
        snprintf(buf, buf_n, " (%.2f times seasonal naive's error on %zu held-out values)",
                 model->vs_seasonal_naive, model->backtest_n);
}

static void literal_words(struct forecast_answer *answer, const char *score)
{
    if (answer->forecast->answered_by == TRM_BY_LITERAL)
        snprintf(
            answer->why, sizeof answer->why,
            "the drafts' mix with %.0f%% of the network's correction, a share chosen on held-out "
            "values%s",
            answer->forecast->gate * 100, score);
    else if (answer->model.parameters == 0)
        snprintf(answer->why, sizeof answer->why,
                 "drafts only: the history was too short for a network%s", score);
    else
        snprintf(answer->why, sizeof answer->why,
                 "drafts only: the network's correction did not improve them on held-out values%s",
                 score);
}

/* The loss of who answers over the network's (or the network's over the consensus'), in percent. */
static double percent_less(double loss, double other)
{
    return other > 0 ? (1 - loss / other) * 100 : 0;
}

/* The network, where it answers. */
static void network_words(struct forecast_answer *answer, const char *score)
{
    const struct trm_gate *g = &answer->model.verdict;

    if (g->origins == 0)
        snprintf(answer->why, sizeof answer->why,
                 "the shared network: the history is too short to measure who answers best");
    else
        snprintf(answer->why, sizeof answer->why,
                 "the shared network: on %zu past forecast%s its loss was %.0f%% %s the drafts' consensus'%s",
                 g->origins, g->origins == 1 ? "" : "s",
                 fabs(percent_less(g->loss_network, g->loss_consensus)),
                 g->loss_network <= g->loss_consensus ? "below" : "above", score);
}

/* The consensus or a draft, because the record says so. */
static void other_words(struct forecast_answer *answer, const char *score)
{
    const struct trm_gate *g = &answer->model.verdict;
    bool draft = g->by == TRM_BY_DRAFT;

    snprintf(answer->why, sizeof answer->why,
             "%s: on %zu past forecasts its loss was %.0f%% below the shared network's%s",
             draft ? g->draft : "the drafts' consensus", g->origins,
             percent_less(draft ? g->loss_draft : g->loss_consensus, g->loss_network), score);
}

static void shared_words(struct forecast_answer *answer, const char *score, const char *no_model)
{
    enum trm_answered_by by = answer->forecast->answered_by;

    if (answer->flat && by == TRM_BY_CONSENSUS)
        snprintf(answer->why, sizeof answer->why, "one value is all that was observed: it is repeated");
    else if (by != TRM_BY_NETWORK && (!answer->has_model || by != answer->model.verdict.by))
        snprintf(answer->why, sizeof answer->why,
                 "the drafts' consensus: what the shared network answered was no finite number");
    else if (!answer->has_model)
        snprintf(answer->why, sizeof answer->why,
                 "the shared network, not yet measured on this series: %s", no_model);
    else if (by == TRM_BY_NETWORK)
        network_words(answer, score);
    else
        other_words(answer, score);
}

void answer_why(struct forecast_answer *answer, const char *no_model)
{
    char score[96];

    score_words(&answer->model, score, sizeof score);
    if (answer->config.kind == TRM_KIND_TRM)
        shared_words(answer, score, no_model);
    else if (answer->has_model)
        literal_words(answer, score);
    else
        snprintf(answer->why, sizeof answer->why, "drafts only: %s", no_model);
}

void forecast_answer_done(struct forecast_answer *answer)
{
    trm_forecast_free(answer->forecast);
    answer->forecast = NULL;
}
