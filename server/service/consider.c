/* Fits that nobody asked for: the policy's, those a change of settings calls for, and those that
 * were passed over while the queue was full. */
#include "server/service/parts.h"

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
        .failed = entry->fit_failed,
    };

    if (input.fit == FIT_OFF)
        return POLICY_WAIT;
    input.season = season_for_policy(entry, model, observed_n);
    return policy_decide(&input);
}

/* Starts a fit if there is room; remembers that somebody was passed over if not. */
static void start(struct service *service, struct entry *entry, bool full,
                  enum pool_priority priority)
{
    struct err err;

    if (fit_start(service, entry, full, priority, NULL, &err) == 0 || err.code != ERR_BUSY)
        return;
    service->behind = true;
    service->behind_at = 0;
}

/* Whether its record is of other weights and should be made anew: always where fits are automatic, and
 * where they are off too when it was not the operator who changed the weights. */
static bool follows_weights(const struct service *service, const struct entry *entry)
{
    return entry_outdated(service, entry) && !entry->fit_failed &&
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

void fit_catch_up(struct service *service)
{
    size_t n = registry_n(service->registry);
    size_t room = (service->config->jobs_queue_max + 1) / 2; /* the rest is for who asks */

    if (service->draining)
        return;
    for (size_t looked = 0;
         service->behind && (looked < CATCH_UP_MAX || service->job_unfinished_n == 0); looked++) {
        if (service->job_unfinished_n >= room)
            return;
        if (service->behind_at >= n) {
            service->behind = false;
            return;
        }
        size_t at = service->behind_at++;
        fit_consider(service, registry_at(service->registry, at));
        if (service->behind_at <= at) /* passed over again: no room, and none comes of looking */
            return;
    }
}

void fit_moved_up(struct service *service)
{
    service->behind_at -= service->behind_at > 0;
}
