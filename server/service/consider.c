/* Fits that nobody asked for: the policy's, those a change of settings calls for, and those that
 * were passed over while the queue was full. */
#include "server/service/parts.h"

#include "server/base/clock.h"
#include "server/train/policy.h"

#include <string.h>

/* Series looked at when one job has ended; more where none is in flight whose end would look on. */
#define CATCH_UP_MAX 256

static bool may_fit(const struct entry *entry)
{
    return entry->visible && !entry->deleting && !entry->restoring && entry->grid_known && !entry->job;
}

/* The season, without looking for it where no policy could say "fit" whatever it is. */
static uint32_t season_for_policy(struct entry *entry, const struct trm_model *model,
                                  size_t observed_n)
{
    if (model)
        return trm_model_info(model)->config.season;
    return observed_n < policy_first_fit_n(entry->settings.model, 1) ? 1 : entry_season(entry);
}

static bool has_rested(const struct entry *entry)
{
    return !entry->fit_failures || clock_mono_ns() >= entry->fit_retry_ns;
}

/* A model that may not answer any more counts as none. */
static enum policy_verdict verdict(const struct service *service, struct entry *entry)
{
    const struct trm_model *model = entry_model(service, entry);
    size_t observed_n = history_observed(entry);
    struct policy_input input = {
        .fit = entry->settings.fit,
        .fit_every = entry->settings.fit_every,
        .kind = entry->settings.model,
        .has_model = model != NULL,
        .observed_n = observed_n,
        .new_points = entry->new_points,
        .failed = entry->fit_failures > 0,
        .rested = has_rested(entry),
    };

    if (input.fit == FIT_OFF)
        return POLICY_WAIT;
    input.season = season_for_policy(entry, model, observed_n);
    return policy_decide(&input);
}

/* Starts a fit if there is room for its client's; remembers that it was passed over if not. */
static void start(struct service *service, struct entry *entry, bool full,
                  enum pool_priority priority)
{
    struct err err;

    if (fit_start(service, entry, full, priority, NULL, &err) == 0 || err.code != ERR_BUSY)
        return;
    if (service->behind)
        service->behind_more = true;
    else
        service->behind_at = 0;
    service->behind = true;
}

/* Whether its record is of other weights and should be made anew: always where fits are automatic, and
 * where they are off too when it was not the operator who changed the weights. */
static bool follows_weights(const struct service *service, const struct entry *entry)
{
    return entry_outdated(service, entry) && has_rested(entry) &&
           entry->settings.model == TRM_KIND_TRM &&
           (entry->settings.fit != FIT_OFF || service->fleet.swapped);
}

void fit_consider(struct service *service, struct entry *entry)
{
    if (!may_fit(entry))
        return;
    if (follows_weights(service, entry)) {
        start(service, entry, true, POOL_REFIT);
        return;
    }
    switch (verdict(service, entry)) {
    case POLICY_WAIT:
        break;
    case POLICY_FIRST_FIT:
        start(service, entry, true, POOL_FIRST_FIT);
        break;
    case POLICY_REFIT:
        start(service, entry, false, POOL_REFIT);
        break;
    }
}

void fit_reshape(struct service *service, struct entry *entry)
{
    if (!may_fit(entry))
        return;
    if (!entry->model) {
        fit_consider(service, entry);
        return;
    }
    struct trm_config wanted = entry_config(entry);
    const struct trm_config *has = &trm_model_info(model_ref_get(entry->model))->config;
    if (entry->settings.fit != FIT_OFF && memcmp(&wanted, has, sizeof wanted) != 0)
        start(service, entry, true, POOL_REFIT);
}

/* All have been looked at: from the beginning again where some were passed over meanwhile. */
static void end_round(struct service *service)
{
    service->behind = service->behind_more;
    service->behind_more = false;
    service->behind_at = 0;
}

void fit_catch_up(struct service *service)
{
    size_t n = registry_n(service->registry);

    if (service->draining)
        return;
    for (size_t looked = 0;
         service->behind && (looked < CATCH_UP_MAX || service->job_unfinished_n == 0); looked++) {
        if (service->job_unfinished_n >= service->config->jobs_queue_max)
            return;
        if (service->behind_at >= n) {
            end_round(service);
            return;
        }
        fit_consider(service, registry_at(service->registry, service->behind_at++));
    }
}

void fit_retry(struct service *service)
{
    uint64_t now = clock_mono_ns(), next = 0;

    if (!service->retry_ns || now < service->retry_ns || service->draining)
        return;
    for (size_t i = 0; i < registry_n(service->registry); i++) {
        const struct entry *entry = registry_at(service->registry, i);
        if (entry->fit_failures && entry->fit_retry_ns > now && (!next || entry->fit_retry_ns < next))
            next = entry->fit_retry_ns;
    }
    service->retry_ns = next;
    service->behind_more = service->behind;
    service->behind = true;
    service->behind_at = service->behind_more ? service->behind_at : 0;
    fit_catch_up(service);
}

void fit_moved_up(struct service *service)
{
    service->behind_at -= service->behind_at > 0;
}
