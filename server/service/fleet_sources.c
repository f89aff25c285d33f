/* What a training sees of the series. Only those with a record are looked at: their season has been
 * found already, and a worker has seen that they can be forecast. */
#include "server/service/parts.h"

#include <stdlib.h>
#include <string.h>

static bool taught(const struct service *service, const struct entry *entry)
{
    return entry->visible && !entry->deleting && entry->grid_known &&
           entry->settings.model == TRM_KIND_TRM && entry->model &&
           trm_model_info(model_ref_get(entry->model))->config.kind == TRM_KIND_TRM &&
           window_view(&entry->recent).n > 0 && service->booted;
}

static size_t count(const struct service *service)
{
    size_t n = 0;

    for (size_t i = 0; i < registry_n(service->registry); i++)
        n += taught(service, registry_at(service->registry, i));
    return n;
}

/* Copies the newest of an entry's values, most at most; returns how many. */
static size_t copy(const struct entry *entry, size_t most, double *to, struct trm_source *ret)
{
    const struct trm_config *config = &trm_model_info(model_ref_get(entry->model))->config;
    struct window_view view = window_view(&entry->recent);
    struct trm_freq freq = entry_freq(entry);
    size_t n = view.n < most ? view.n : most;

    memcpy(to, view.values + view.n - n, n * sizeof *to);
    *ret = (struct trm_source){.values = to,
                               .n = n,
                               .season = config->season,
                               .season2 = config->season2,
                               .horizon = entry_horizon(entry),
                               .kind = (uint64_t)freq.ms + (uint64_t)freq.months};
    return n;
}

/* wanted of able series: the i-th is taken where its share of the way passes a whole number. */
static void gather(const struct service *service, struct fleet_task *task, size_t able,
                   size_t wanted, size_t most)
{
    size_t seen = 0;
    double *to = task->values;

    for (size_t i = 0; i < registry_n(service->registry) && task->source_n < wanted; i++) {
        const struct entry *entry = registry_at(service->registry, i);
        if (!taught(service, entry))
            continue;
        if (task->source_n * able <= seen++ * wanted)
            to += copy(entry, most, to, &task->source[task->source_n++]);
    }
}

int fleet_gather(const struct service *service, struct fleet_task *task, struct err *err)
{
    size_t able = count(service), wanted = able < FLEET_SERIES_MAX ? able : FLEET_SERIES_MAX;

    if (able < TRM_FLEET_JUDGE_MIN)
        return err_set(err, ERR_TOO_SHORT,
                       "a training needs %d series that have been fitted with the shared weights; "
                       "there are %zu",
                       TRM_FLEET_JUDGE_MIN, able);
    size_t most = FLEET_VALUES_MAX / wanted;
    most = most > TRM_CONTEXT_MAX    ? TRM_CONTEXT_MAX
           : most < FLEET_VALUES_MIN ? FLEET_VALUES_MIN
                                     : most;
    task->source = malloc(wanted * sizeof *task->source);
    task->values = malloc(wanted * most * sizeof *task->values);
    if (!task->source || !task->values)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    gather(service, task, able, wanted, most);
    return 0;
}
