/* A series as shown. */
#include "server/service/parts.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void state_words(const struct entry *entry, char *buf, size_t buf_n)
{
    size_t observed = history_observed(entry);
    size_t missing = observed < TRM_OBSERVED_MIN ? TRM_OBSERVED_MIN - observed : 0;

    if (missing == 0 && !entry->grid_known)
        missing = 1;
    if (missing)
        snprintf(buf, buf_n, "awaiting %zu more point%s", missing, missing == 1 ? "" : "s");
    else
        snprintf(buf, buf_n, "%s", entry->job ? "fitting" : "ready");
}

static void add_damage(struct series_view *view)
{
    size_t n = strlen(view->state);

    snprintf(view->state + n, sizeof view->state - n, ", %" PRIu64 " point%s damaged", view->damaged_n,
             view->damaged_n == 1 ? "" : "s");
}

/* The newest observed point, or the newest missing one where none is observed. */
static bool last_point(const struct entry *entry, struct point *ret)
{
    const struct window *recent = &entry->recent;
    size_t n = entry->grid_known ? recent->n : entry->raw_n;

    if (n == 0)
        return false;
    for (size_t i = n; i-- > 0;) {
        struct point point =
            entry->grid_known
                ? (struct point){trm_grid_time(&entry->grid, recent->first_step + (int64_t)i),
                                 recent->values[recent->start + i]}
                : entry->raw[i];
        if (i == n - 1 || !isnan(point.v))
            *ret = point;
        if (!isnan(point.v))
            break;
    }
    return true;
}

/* The scores are those of the model that answers: one that does not any more has a version and no scores. */
static void view_model(const struct service *service, const struct entry *entry,
                       struct series_view *ret)
{
    const struct trm_model *model = entry_model(service, entry);

    ret->season = entry->season;
    ret->model_version = entry->model_version;
    ret->model_at = entry->model_at;
    if (model) {
        ret->model = trm_model_info(model);
        ret->season = ret->model->config.season;
    }
    if (entry->settings.season_n > 0)
        ret->season = entry->settings.season[0];
}

static void view(const struct service *service, const struct entry *entry, struct series_view *ret)
{
    *ret = (struct series_view){
        .id = entry->id,
        .settings = &entry->settings,
        .grid_known = entry->grid_known,
        .freq = entry_freq(entry),
        .horizon = entry_horizon(entry),
        .point_n = entry->point_n,
        .revision = entry->revision,
        .created_at = entry->created_at,
        .memory_bytes = entry_bytes(entry),
    };
    state_words(entry, ret->state, sizeof ret->state);
    ret->damaged_n = store_damaged_n(service->store, entry->key);
    if (ret->damaged_n)
        add_damage(ret);
    ret->has_last = last_point(entry, &ret->last);
    ret->record = &entry->said.tally;
    view_model(service, entry, ret);
}

int service_get_series(struct service *service, const char *id, struct series_view *ret,
                       struct err *err)
{
    struct entry *entry = find_series(service, id, err);

    if (!entry)
        return -1;
    view(service, entry, ret);
    return 0;
}

static bool has_label(const struct entry *entry, const struct series_label *wanted)
{
    for (uint32_t i = 0; i < entry->settings.label_n; i++) {
        const struct series_label *label = &entry->settings.labels[i];
        if (strcmp(label->name, wanted->name) == 0)
            return strcmp(label->value, wanted->value) == 0;
    }
    return false;
}

static bool matches(const struct entry *entry, const struct series_label *labels, size_t label_n)
{
    for (size_t i = 0; i < label_n; i++)
        if (!has_label(entry, &labels[i]))
            return false;
    return entry->visible;
}

/* Where the list begins: behind the cursor, and not before the prefix. */
static size_t first_position(const struct registry *registry, const char *after, const char *prefix)
{
    size_t at = after ? registry_position(registry, after, true) : 0;
    size_t from = prefix ? registry_position(registry, prefix, false) : 0;

    return at > from ? at : from;
}

void service_list_series(struct service *service, const char *after, const char *prefix,
                         const struct series_label *labels, size_t label_n,
                         bool (*each)(void *ctx, const struct series_view *view), void *ctx)
{
    size_t prefix_n = prefix ? strlen(prefix) : 0;
    size_t n = registry_n(service->registry);

    for (size_t i = first_position(service->registry, after, prefix); i < n; i++) {
        const struct entry *entry = registry_at(service->registry, i);
        struct series_view shown;
        if (prefix_n && strncmp(entry->id, prefix, prefix_n) != 0)
            return; /* in byte order, ids with the prefix stand together */
        if (!matches(entry, labels, label_n))
            continue;
        view(service, entry, &shown);
        if (!each(ctx, &shown))
            return;
    }
}
