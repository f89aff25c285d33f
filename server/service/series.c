/* Creating, changing and deleting a series. */
#include "server/service/jobs.h"
#include "server/service/parts.h"

#include <stdlib.h>
#include <string.h>

struct series_write {
    struct turn turn; /* first */
    struct series_patch patch; /* labels copied */
    series_put_done done;
    void *ctx;
    /* Once sent: */
    int64_t key;
    bool sets_grid;
    struct trm_grid grid;
    bool refolds; /* its points become other values */
    struct refold_range range;
    const struct trm_zone *zone;     /* what the series has after it … */
    struct series_settings settings; /* … and these */
};

static void write_free(struct series_write *write)
{
    series_settings_done(&write->patch.settings);
    series_settings_done(&write->settings);
    free(write);
}

static void refuse(struct turn *turn, const struct err *err)
{
    struct series_write *write = (struct series_write *)turn;

    write->done(write->ctx, err, NULL);
    write_free(write);
}

static void patch_shape(const struct series_patch *patch, struct series_settings *to)
{
    const struct series_settings *from = &patch->settings;

    if (patch->set & PATCH_FREQ)
        to->freq = from->freq;
    if (patch->set & PATCH_SEASON) {
        memcpy(to->season, from->season, sizeof to->season);
        to->season_n = from->season_n;
    }
    if (patch->set & PATCH_HORIZON)
        to->horizon = from->horizon;
    if (patch->set & PATCH_MODEL)
        to->model = from->model;
    if (patch->set & PATCH_AGGREGATE)
        to->aggregate = from->aggregate;
    if (patch->set & PATCH_FIT) {
        to->fit = from->fit;
        to->fit_every = from->fit_every;
    }
    if (patch->set & PATCH_RETENTION)
        to->retention = from->retention;
}

/* UTC has one name in the store. */
static void patch_zone(const struct series_patch *patch, struct series_settings *to)
{
    if (!(patch->set & PATCH_ZONE))
        return;
    memcpy(to->zone, patch->settings.zone, sizeof to->zone);
    if (zone_is_utc(to->zone))
        to->zone[0] = '\0';
}

static void patch_bounds(const struct series_patch *patch, struct series_settings *to)
{
    if (patch->set & PATCH_MIN)
        to->min = patch->settings.min;
    if (patch->set & PATCH_MAX)
        to->max = patch->settings.max;
    if (patch->set & PATCH_INTEGER)
        to->integer = patch->settings.integer;
}

/* What the series' settings will be; labels are the one list that counts, copied. */
static int patched(const struct series_patch *patch, const struct series_settings *old,
                   struct series_settings *ret, struct err *err)
{
    struct series_settings merged = patch->set & PATCH_LABELS ? patch->settings : *old;
    struct series_label *labels = merged.labels;
    uint32_t label_n = merged.label_n;

    merged = *old;
    merged.labels = labels;
    merged.label_n = label_n;
    patch_shape(patch, &merged);
    patch_zone(patch, &merged);
    patch_bounds(patch, &merged);
    if (settings_check(&merged, err))
        return -1;
    if (!series_settings_copy(&merged, ret))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    return 0;
}

static int err_frequency(struct err *err, struct trm_freq stored, struct trm_freq asked)
{
    char text_stored[TRM_FREQ_TEXT_MAX], text_asked[TRM_FREQ_TEXT_MAX];

    trm_freq_format(stored, text_stored);
    trm_freq_format(asked, text_asked);
    err_set(
        err, ERR_CONFLICT,
        "the points stored come every %s, so the frequency cannot become %s; delete the series to "
        "start anew",
        text_stored, text_asked);
    return err_at(err, "/frequency");
}

/* Points that lie anywhere can be aggregated another way, but not stand on a grid. */
static int check_aggregate(struct series_write *write, struct entry *entry, struct err *err)
{
    bool folds = write->settings.aggregate != AGGREGATE_NONE;

    write->refolds = folds && write->settings.aggregate != entry->settings.aggregate &&
                     entry->point_n > 0;
    if (folds && !entry->grid_known) {
        write->sets_grid = true;
        write->grid = grid_aligned(write->settings.freq, write->zone);
    }
    if (folds || entry->settings.aggregate == AGGREGATE_NONE || entry->point_n == 0)
        return 0;
    err_set(err, ERR_CONFLICT, "the series' points may lie anywhere, so they have to be aggregated "
                               "(\"%s\" now); delete the series to start anew",
            aggregate_name(entry->settings.aggregate));
    return err_at(err, "/aggregate");
}

/* Memory for all steps that the newest points may lie in. */
static int claim_refold(struct series_write *write, struct entry *entry, struct err *err)
{
    const struct trm_grid *grid = write->sets_grid ? &write->grid : &entry->grid;

    write->range = (struct refold_range){.until = INT64_MAX, .anew = true};
    int64_t newest = entry->fold.open     ? entry->fold.step
                     : entry->grid_known ? window_end(&entry->recent) - 1
                                         : trm_grid_floor(grid, entry->raw[entry->raw_n - 1].t);
    write->range.from = refold_reach(newest);
    if (!window_claim(&entry->recent, write->range.from, newest))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    return 0;
}

static int err_zone(struct err *err, const struct entry *entry, const char *asked)
{
    char freq[TRM_FREQ_TEXT_MAX];

    trm_freq_format(entry->grid.freq, freq);
    err_set(err, ERR_CONFLICT,
            "the series has a step every %s, counted in the time zone %s, which cannot become %s; delete the "
            "series to start anew",
            freq, zone_shown(entry->settings.zone), zone_shown(asked));
    return err_at(err, "/timezone");
}

/* The zone that the series will have, which may be another one where no point stands on days of the old. */
static int find_zone(struct series_write *write, const struct entry *entry, struct err *err)
{
    const char *name = write->settings.zone;

    if (zones_find(write->turn.service->zones, name, &write->zone, err))
        return err_at(err, "/timezone");
    if (entry->grid_known && write->zone != entry->zone && trm_freq_follows_zone(entry->grid.freq))
        return err_zone(err, entry, name);
    return 0;
}

static int err_no_fit(const struct series_write *write, const struct entry *entry,
                      const struct err *detail, struct err *err)
{
    bool by_zone = write->zone != entry->zone && !(write->patch.set & PATCH_FREQ);

    err_set(err, ERR_CONFLICT, "the points stored do not fit the %s: %s",
            by_zone ? "time zone" : "frequency", detail->msg);
    return err_at(err, by_zone ? "/timezone" : "/frequency");
}

/* What a frequency now given, or a time zone, makes of the points that are there already. */
static int check_frequency(struct series_write *write, struct entry *entry, struct err *err)
{
    struct trm_freq freq = write->settings.freq;
    struct err detail;

    if (check_aggregate(write, entry, err) ||
        (write->refolds && claim_refold(write, entry, err)))
        return -1;
    if (freq.ms == 0 && freq.months == 0)
        return 0;
    if (entry->grid_known)
        return trm_freq_equal(entry->grid.freq, freq) ? 0
                                                      : err_frequency(err, entry->grid.freq, freq);
    if (entry->raw_n == 0 || write->sets_grid)
        return 0;
    if (grid_resolve(freq, write->zone, NULL, 0, entry->raw, entry->raw_n, &write->sets_grid,
                     &write->grid, &detail)) {
        if (detail.code == ERR_INVALID)
            return err_no_fit(write, entry, &detail, err);
        *err = detail;
        return -1;
    }
    return write->sets_grid ? history_claim(entry, &write->grid, entry->raw, entry->raw_n, err) : 0;
}

static void apply(struct series_write *write, struct entry *entry)
{
    entry->visible = true;
    series_settings_done(&entry->settings);
    entry->settings = write->settings;
    write->settings = (struct series_settings){0};
    entry->settings_revision = settings_revision(&entry->settings);
    entry_count_agent(write->turn.service, entry);
    entry->season_stale = true;
    entry->zone = entry->grid.zone = write->zone;
    if (write->sets_grid)
        history_set_grid(entry, &write->grid);
    if (write->refolds)
        said_forget(write->turn.service, entry);
    if (write->refolds)
        refold_begin(write->turn.service, entry, &write->range, NULL, NULL);
}

static void committed(void *ctx, struct store_result *result)
{
    struct series_write *write = ctx;
    struct service *service = write->turn.service;
    struct entry *entry = registry_by_key(service->registry, write->key);
    struct turn *turns = turns_take(entry);
    struct series_put_result told = {.created = write->turn.creating};

    store_ended(service, result);
    if (result->err.code == ERR_NONE) {
        apply(write, entry);
        fit_reshape(service, entry);
        write->done(write->ctx, NULL, &told);
    } else {
        if (write->turn.creating)
            entry_drop(service, entry);
        write->done(write->ctx, &result->err, NULL);
    }
    write_free(write);
    turns_begin(turns);
}

static int to_store(struct turn *turn, struct entry *entry, struct err *err)
{
    struct series_write *write = (struct series_write *)turn;
    struct service *service = write->turn.service;
    struct store_series row;

    if (patched(&write->patch, &entry->settings, &write->settings, err) ||
        find_zone(write, entry, err) || check_frequency(write, entry, err))
        return -1;
    write->key = entry->key;
    entry_row(entry, &write->settings, entry->grid_known || write->sets_grid,
              entry->grid_known ? &entry->grid : &write->grid, &row);
    if (store_put_series(service->store, &row, committed, write, err))
        return -1;
    store_began(service);
    entry->shaping = true;
    return 0;
}

int service_put_series(struct service *service, const char *id, const struct series_patch *patch,
                       series_put_done done, void *ctx, struct err *err)
{
    if (series_id_check(id, strlen(id), err))
        return -1;
    struct series_write *write = calloc(1, sizeof *write);
    if (!write)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    write->turn = (struct turn){
        .service = service, .may_create = true, .send = to_store, .refuse = refuse};
    write->done = done;
    write->ctx = ctx;
    memcpy(write->turn.id, id, strlen(id) + 1);
    write->patch.set = patch->set;
    if (!series_settings_copy(&patch->settings, &write->patch.settings)) {
        write_free(write);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    if (turn_begin(&write->turn, err)) {
        write_free(write);
        return -1;
    }
    return 0;
}

struct series_delete {
    struct service *service;
    int64_t key;
    plain_done done;
    void *ctx;
};

static void deleted(void *ctx, struct store_result *result)
{
    struct series_delete *deletion = ctx;
    struct service *service = deletion->service;
    struct entry *entry = registry_by_key(service->registry, deletion->key);
    struct turn *turns = turns_take(entry);

    store_ended(service, result);
    if (result->err.code == ERR_NONE) {
        entry->job = NULL;
        jobs_forget(service, entry->key);
        service->model_n -= entry->model != NULL;
        entry_drop(service, entry);
        fit_catch_up(service); /* its job's end does not */
        deletion->done(deletion->ctx, NULL);
    } else {
        entry->deleting = false;
        deletion->done(deletion->ctx, &result->err);
    }
    free(deletion);
    turns_begin(turns);
}

int service_delete_series(struct service *service, const char *id, plain_done done, void *ctx,
                          struct err *err)
{
    struct entry *entry = find_writable(service, id, err);

    if (!entry)
        return -1;
    struct series_delete *deletion = malloc(sizeof *deletion);
    if (!deletion)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *deletion = (struct series_delete){service, entry->key, done, ctx};
    if (store_delete_series(service->store, entry->key, deleted, deletion, err)) {
        free(deletion);
        return -1;
    }
    store_began(service);
    entry->deleting = true;
    return 0;
}
