/* Everything back from the store: what was durable is what there is. A damaged checkpoint is
 * refused and the one before it offered; a series whose row is damaged, or whose points do not stand on its
 * grid, is passed over: the store remembers which (store_damage), and leaves its rows alone. */
#include "server/service/jobs.h"

#include "core/checkpoint.h"

#include <string.h>

/* Of a step, at most 100 years (core/calendar.h). */
#define STEP_MS_MAX (INT64_C(36600) * 86400000)
#define STEP_MONTHS_MAX 1200

static bool freq_is_sound(struct trm_freq freq, bool given)
{
    bool in_range = freq.ms >= 0 && freq.ms <= STEP_MS_MAX && freq.months >= 0 && freq.months <=
        STEP_MONTHS_MAX;

    return in_range && (freq.ms == 0 || freq.months == 0) && (!given || freq.ms > 0 || freq.months > 0);
}

/* Rows carry no checksum of their own: what cannot have been written is damage. */
static int check_row(const struct service *service, const struct store_series *row, struct err *err)
{
    const struct trm_grid *grid = &row->grid;
    struct err detail;

    if (series_id_check(row->id, strlen(row->id), &detail) || settings_check(&row->settings, &detail))
        return err_set(err, ERR_STORAGE, "its settings are damaged: %s", detail.msg);
    if (!freq_is_sound(row->settings.freq, false) ||
        (row->grid_known && (!freq_is_sound(grid->freq, true) || grid->anchor_ms < TRM_TIME_MIN ||
                             grid->anchor_ms > TRM_TIME_MAX)))
        return err_set(err, ERR_STORAGE, "its settings are damaged: no frequency is like this");
    if (registry_find(service->registry, row->id))
        return err_set(err, ERR_STORAGE, "its settings are damaged: another series has this id");
    return 0;
}

static int load_series(void *ctx, const struct store_series *row, struct err *err)
{
    struct service *service = ctx;
    struct series_settings settings;
    const struct trm_zone *zone;

    if (check_row(service, row, err))
        return -1;
    if (zones_find(service->zones, row->settings.zone, &zone, err))
        return err_wrap(err, "series \"%s\"", row->id);
    if (!series_settings_copy(&row->settings, &settings))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    struct entry *entry = registry_add(service->registry, row->id, row->key);
    if (!entry) {
        series_settings_done(&settings);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    series_settings_done(&entry->settings);
    entry->settings = settings;
    entry->settings_revision = settings_revision(&settings);
    entry_count_agent(service, entry);
    entry->visible = true;
    entry->grid_known = row->grid_known;
    entry->grid = row->grid;
    entry->zone = entry->grid.zone = zone;
    entry->created_at = row->created_at;
    entry->revision = entry->recent_revision = row->revision;
    entry->point_n = row->point_n;
    service->fleet.points += row->revision;
    return 0;
}

static int err_damaged(struct err *err, const char *what)
{
    return err_set(err, ERR_STORAGE, "the stored points are damaged: %s", what);
}

/* Nothing else is there yet that could look at the entry. */
static void drop_series(void *ctx, int64_t key)
{
    struct service *service = ctx;
    struct entry *entry = registry_by_key(service->registry, key);

    service->fleet.points -= entry->revision;
    entry_drop(service, entry);
}

/* Aggregated points: those of all steps that memory holds, and of the open one. */
static int64_t load_since(void *ctx, int64_t key, int64_t last_t)
{
    struct service *service = ctx;
    const struct entry *entry = registry_by_key(service->registry, key);

    if (!history_folds(entry))
        return INT64_MIN;
    return trm_grid_time(&entry->grid, refold_reach(trm_grid_floor(&entry->grid, last_t)));
}

static int load_folded(struct entry *entry, const struct point *points, size_t n, struct err *err)
{
    if (history_claim_fold(entry, points, n, err))
        return -1;
    history_fold(entry, points, n);
    return 0;
}

/* The rules of a time zone change, and the machine learns of it between two runs: points that stood on the
 * grid may then lie beside it. They count for the step they are nearest to. */
static bool grid_may_have_moved(const struct entry *entry)
{
    return entry->zone && trm_freq_follows_zone(entry->grid.freq);
}

static int load_points(void *ctx, int64_t key, const struct point *points, size_t n,
                       struct err *err)
{
    struct service *service = ctx;
    struct entry *entry = registry_by_key(service->registry, key);
    struct err detail;

    if (n == 0)
        return 0;
    if (points_check(points, n, &detail))
        return err_damaged(err, detail.msg);
    if (history_folds(entry))
        return load_folded(entry, points, n, err);
    if (entry->grid_known && !grid_may_have_moved(entry) &&
        points_check_grid(&entry->grid, points, n, &detail))
        return err_damaged(err, detail.msg);
    if (!entry->grid_known && n > ENTRY_RAW_MAX)
        return err_damaged(err, "they have no grid");
    if (entry->grid_known && history_claim(entry, &entry->grid, points, n, err))
        return -1;
    history_apply(entry, points, n);
    return 0;
}

/* What has come since the model was made, as far as memory can tell. */
static uint64_t points_since(const struct entry *entry)
{
    size_t trained = trm_model_info(model_ref_get(entry->model))->trained_n;
    size_t observed = history_observed(entry);

    return observed > trained ? observed - trained : 0;
}

static int load_checkpoint(void *ctx, int64_t key, const struct store_checkpoint *checkpoint,
                           bool *ret_accepted, struct err *err)
{
    struct service *service = ctx;
    struct entry *entry = registry_by_key(service->registry, key);
    struct trm_model *model;
    enum trm_status status = checkpoint_decode(checkpoint, &model);

    if (checkpoint->version > entry->version_seen)
        entry->version_seen = checkpoint->version;
    *ret_accepted = status == TRM_OK;
    if (status == TRM_ECORRUPT || status == TRM_EVERSION)
        return 0;
    if (status != TRM_OK)
        return err_from_status(err, status);
    struct model_ref *ref = model_ref_new(model);
    if (!ref) {
        trm_model_free(model);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    entry_take_model(service, entry, ref, checkpoint->version, checkpoint->created_at);
    entry->new_points = points_since(entry);
    return 0;
}

/* 16 hex digits, and room for ids to come. */
static bool id_is_sound(const char *id)
{
    return strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16 && id[0] < '8';
}

static int load_job(void *ctx, const struct job_row *row, struct err *err)
{
    struct service *service = ctx;
    struct entry *entry = registry_by_key(service->registry, row->series_key);

    if (!entry)
        return 0;
    if (!id_is_sound(row->id))
        return err_set(err, ERR_STORAGE, "no job has such an id");
    struct job *job = job_restore(service, entry, row);
    if (!job)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    job->priority = row->kind == JOB_BACKTEST ? POOL_BACKTEST : entry->model ? POOL_FIT : POOL_FIRST_FIT;
    if (!entry->job && job->row.kind == JOB_FIT)
        entry->job = job;
    return 0;
}

static int load_ended_job(void *ctx, const struct job_row *row, bool *ret_more, struct err *err)
{
    struct service *service = ctx;
    const struct entry *entry = registry_by_key(service->registry, row->series_key);

    if (entry && !job_remember(service, entry, row, ret_more))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    return 0;
}

/* Points over a series' retention have gone. */
static void points_gone(void *ctx, int64_t key, uint64_t point_n)
{
    struct service *service = ctx;
    struct entry *entry = registry_by_key(service->registry, key);

    if (entry)
        entry->point_n = point_n;
}

int service_boot(struct service *service, struct err *err)
{
    struct store_loader loader = {
        .ctx = service,
        .series = load_series,
        .since = load_since,
        .points = load_points,
        .checkpoint = load_checkpoint,
        .said = said_load,
        .job = load_job,
        .ended = load_ended_job,
        .weights = fleet_load,
        .drop = drop_series,
        .points_max = TRM_CONTEXT_MAX,
    };
    int64_t max_key;

    if (store_load(service->store, &loader, &max_key, err))
        return -1;
    store_watch_points(service->store, points_gone, service);
    service->next_key = max_key + 1;
    if (service->fleet.points_trained > service->fleet.points) /* series have gone since */
        service->fleet.points_trained = service->fleet.points;
    for (size_t i = 0; i < registry_n(service->registry); i++)
        said_resume(service, registry_at(service->registry, i));
    service->booted = true;
    return 0;
}

void service_resume(struct service *service)
{
    for (size_t i = 0; i < service->job_n; i++) {
        struct job *job = service->jobs[i];
        struct entry *entry = registry_by_key(service->registry, job->row.series_key);
        if (job->phase != PHASE_WAITING || job->task)
            continue;
        if (entry->job == job || job->row.kind != JOB_FIT)
            job->submit(job);
        else
            job_end(job, JOB_CANCELLED, "another fit of this series was waiting");
    }
    service->behind = true;
    fit_catch_up(service);
}
