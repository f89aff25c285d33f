/* Forecasts of stored series, computed on the loop from what is in memory. */
#include "server/service/parts.h"

#include "server/train/policy.h"

#include <stdio.h>
#include <string.h>

/* Marks a revision whose values are being read again: no answer made meanwhile may pass for a later one. */
#define UNSETTLED (UINT64_C(1) << 63)

/* What no_model_words depends on besides values and settings that have a revision. */
static uint64_t why_no_model(const struct service *service, const struct entry *entry)
{
    if (entry_model(service, entry))
        return 0;
    return UINT64_C(1) | (uint64_t)(entry->model != NULL) << 1 | (uint64_t)(entry->job != NULL) << 2 |
           (uint64_t)(entry->fit_failures > 0) << 3 | (uint64_t)(entry->settings.fit == FIT_AUTO) << 4;
}

int service_forecast_tag(struct service *service, const char *id, const struct forecast_ask *ask,
                         struct forecast_tag *ret, struct err *err)
{
    struct entry *entry = find_series(service, id, err);

    if (!entry || forecast_ask_check(ask, "", err))
        return -1;
    said_align(service, entry);
    *ret = (struct forecast_tag){
        .key = entry->key,
        .revision = entry->recent_revision | (entry->refold_n > 0 ? UNSETTLED : 0),
        .settings_revision = entry->settings_revision,
        .model_version = entry->model_version,
        .why = why_no_model(service, entry),
        .record = said_revision(entry),
        .weights = entry->settings.model == TRM_KIND_TRM ? service_base(service)->identity : 0,
        .horizon = ask->horizon ? ask->horizon : entry_horizon(entry),
    };
    if (entry->grid_known && entry->recent.n > 0)
        ret->next_point_ms =
            trm_grid_time(&entry->grid, window_end(&entry->recent) + history_folds(entry));
    return 0;
}

static void no_model_words(struct entry *entry, char *buf, size_t buf_n)
{
    size_t first_n = policy_first_fit_n(entry->settings.model, entry_season(entry));
    size_t observed = history_observed(entry);

    if (entry->model)
        snprintf(buf, buf_n, "the settings or the weights were changed after the last fit");
    else if (entry->job)
        snprintf(buf, buf_n, "the first fit is under way");
    else if (entry->fit_failures)
        snprintf(buf, buf_n, "the last fit failed");
    else if (entry->settings.fit == FIT_AUTO && observed < first_n)
        snprintf(buf, buf_n, "the first fit needs %zu more point%s", first_n - observed,
                 first_n - observed == 1 ? "" : "s");
    else
        snprintf(buf, buf_n, "no fit yet");
}

static int compute(struct service *service, struct entry *entry, const struct forecast_ask *ask,
                   struct forecast_answer *answer, struct err *err)
{
    struct window_view view = window_view(&entry->recent);
    struct answer_input input = {
        .settings = &entry->settings,
        .base = service_base(service),
        .model = entry_model(service, entry),
        .values = view.values,
        .n = view.n,
        .horizon = ask->horizon ? ask->horizon : entry_horizon(entry),
    };
    struct trm_widening widening;
    char no_model[96] = "";

    said_align(service, entry);
    trm_tally_widening(&entry->said.tally, &widening);
    input.widening = &widening;

    if (!input.model) {
        input.config = entry_config(entry);
        no_model_words(entry, no_model, sizeof no_model);
    }
    if (answer_compute(&input, ask, service->counters, answer, err))
        return -1;
    answer_why(answer, no_model);
    return 0;
}

int service_forecast(struct service *service, const char *id, const struct forecast_ask *ask,
                     struct forecast_answer *ret, struct err *err)
{
    struct entry *entry = find_series(service, id, err);

    if (!entry || forecast_ask_check(ask, "", err) || history_check_enough(entry, err))
        return -1;
    struct forecast_answer answer = {
        .id = entry->id,
        .freq = entry->grid.freq,
        .grid = entry->grid,
        .first_step = window_end(&entry->recent),
        .has_time = true,
        .issued_at = trm_grid_time(&entry->grid, window_end(&entry->recent) - 1),
    };
    if (compute(service, entry, ask, &answer, err))
        return -1;
    answer.model_version = answer.has_model ? entry->model_version : 0;
    answer.record = entry->said.tally;
    said_answer(service, entry, &answer);
    *ret = answer;
    return 0;
}
