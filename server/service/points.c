/* Points in and out. A write is checked against the series as it is when its turn comes, sent to
 * the store, and taken into memory when the commit is back; memory for that is claimed before. Where points
 * are aggregated, one that came late is answered only when its step has been read again, so that whoever
 * wrote it sees it. */
#include "server/service/parts.h"

#include "server/base/clock.h"

#include <stdlib.h>
#include <string.h>

struct points_write {
    struct turn turn; /* first */
    struct point *points; /* [n]; the store's once it has been sent */
    size_t n;
    points_put_done done;
    void *ctx;
    uint64_t arrived_ns;
    /* Once sent: */
    int64_t key;
    bool shaping, sets_grid;
    struct trm_grid grid;
    struct point *tail; /* [tail_n] the newest points, as many as memory can hold; aggregated: all */
    size_t tail_n;
    /* Once committed: */
    struct points_result told;
};

static void write_free(struct points_write *write)
{
    free(write->points);
    free(write->tail);
    free(write);
}

static void refuse(struct turn *turn, const struct err *err)
{
    struct points_write *write = (struct points_write *)turn;

    write->done(write->ctx, err, NULL);
    write_free(write);
}

static int copy_tail(struct points_write *write, size_t most, struct err *err)
{
    size_t n = write->n < most ? write->n : most;

    write->tail = malloc(n * sizeof *write->tail);
    if (!write->tail)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    memcpy(write->tail, write->points + write->n - n, n * sizeof *write->tail);
    write->tail_n = n;
    return 0;
}

/* Holds the points against the grid, works it out where it is not known yet, and claims memory. */
static int fit_in(struct points_write *write, struct entry *entry, struct err *err)
{
    bool known = entry->grid_known;

    write->grid = entry->grid;
    if (history_folds(entry))
        return copy_tail(write, SIZE_MAX, err) ? -1 : history_claim_fold(entry, write->tail, write->n, err);
    if (known) {
        if (points_check_grid(&entry->grid, write->points, write->n, err))
            return -1;
    } else if (grid_resolve(entry->settings.freq, entry->zone, entry->raw, entry->raw_n,
                            write->points, write->n, &known, &write->grid, err)) {
        return -1;
    }
    write->sets_grid = known && !entry->grid_known;
    if (copy_tail(write, TRM_CONTEXT_MAX, err))
        return -1;
    return known ? history_claim(entry, &write->grid, write->tail, write->tail_n, err) : 0;
}

/* Takes the points into memory; returns how many values of it have changed. */
static size_t remember(struct points_write *write, struct entry *entry, size_t changed_n)
{
    if (history_folds(entry)) /* points that were there already count in their step already */
        return changed_n ? history_fold(entry, write->tail, write->tail_n) : 0;
    if (write->sets_grid)
        history_set_grid(entry, &write->grid);
    history_apply(entry, write->tail, write->tail_n);
    return changed_n;
}

static void count(struct points_write *write, struct entry *entry, const struct store_result *result)
{
    entry->visible = true;
    write->turn.service->fleet.points += result->revision - entry->revision;
    entry->revision = result->revision;
    entry->point_n = result->point_n;
    write->told = (struct points_result){.accepted = write->n,
                                         .updated = result->updated,
                                         .unchanged = result->unchanged,
                                         .revision = result->revision,
                                         .created = write->turn.creating};
}

static void tell(void *ctx)
{
    struct points_write *write = ctx;

    counters_add(write->turn.service->counters, COUNTER_POINTS_WRITTEN, write->n);
    counters_observe(write->turn.service->counters, HISTOGRAM_COMMIT,
                     clock_mono_ns() - write->arrived_ns);
    write->done(write->ctx, NULL, &write->told);
    write_free(write);
}

/* Steps that the late points lie in are read again, as far back as memory goes; to the end where the open one
 * is among them. */
static void read_again(struct points_write *write, struct entry *entry)
{
    int64_t first = trm_grid_floor(&entry->grid, write->tail[0].t);
    int64_t last = trm_grid_floor(&entry->grid, write->tail[write->tail_n - 1].t);
    int64_t reach = refold_reach(entry->fold.step);
    struct refold_range range = {
        .from = first > reach ? first : reach,
        .until = last < entry->fold.step ? last + 1 : INT64_MAX,
    };

    if (last < reach) {
        tell(write);
        return;
    }
    refold_begin(write->turn.service, entry, &range, tell, write);
}

static void accepted(struct points_write *write, struct entry *entry, const struct store_result *result)
{
    struct service *service = write->turn.service;
    size_t changed_n = write->n - result->unchanged;

    count(write, entry, result);
    if (history_folds(entry) && changed_n > 0 && history_is_late(entry, write->tail[0].t)) {
        read_again(write, entry);
        return;
    }
    history_moved_on(service, entry, remember(write, entry, changed_n));
    refold_owed(service, entry);
    tell(write);
}

static void refused(struct points_write *write, struct entry *entry, const struct err *err)
{
    if (write->turn.creating)
        entry_drop(write->turn.service, entry);
    write->done(write->ctx, err, NULL);
    write_free(write);
}

/* The store has committed the write, or refused it. */
static void committed(void *ctx, struct store_result *result)
{
    struct points_write *write = ctx;
    struct service *service = write->turn.service;
    struct entry *entry = registry_by_key(service->registry, write->key);
    struct turn *turns = write->shaping ? turns_take(entry) : NULL;

    store_ended(service, result);
    if (result->err.code == ERR_NONE)
        accepted(write, entry, result);
    else
        refused(write, entry, &result->err);
    turns_begin(turns);
}

static int to_store(struct turn *turn, struct entry *entry, struct err *err)
{
    struct points_write *write = (struct points_write *)turn;
    struct service *service = write->turn.service;
    struct point *points = write->points;
    struct store_series row;

    if (fit_in(write, entry, err))
        return -1;
    write->key = entry->key;
    write->shaping = write->turn.creating || !entry->grid_known;
    entry_row(entry, &entry->settings, entry->grid_known, &entry->grid, &row);
    write->points = NULL;
    if (store_put_points(service->store, entry->key, points, write->n,
                         write->turn.creating ? &row : NULL, write->sets_grid ? &write->grid : NULL,
                         committed, write, err))
        return -1;
    store_began(service);
    entry->shaping = entry->shaping || write->shaping;
    return 0;
}

int points_begin(struct service *service, const char *id, struct point *points, size_t n, bool create,
                 const struct series_settings *settings, points_put_done done, void *ctx,
                 struct err *err)
{
    struct points_write *write = calloc(1, sizeof *write);

    if (!write) {
        free(points);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    *write = (struct points_write){.turn = {.service = service,
                                            .may_create = create,
                                            .settings = settings,
                                            .send = to_store,
                                            .refuse = refuse},
                                   .points = points,
                                   .n = n,
                                   .done = done,
                                   .ctx = ctx,
                                   .arrived_ns = clock_mono_ns()};
    if (series_id_check(id, strlen(id), err) || points_check(points, n, err)) {
        write_free(write);
        return -1;
    }
    memcpy(write->turn.id, id, strlen(id) + 1);
    if (turn_begin(&write->turn, err)) {
        write_free(write);
        return -1;
    }
    return 0;
}

int service_put_points(struct service *service, const char *id, struct point *points, size_t n,
                       bool create, points_put_done done, void *ctx, struct err *err)
{
    return points_begin(service, id, points, n, create, NULL, done, ctx, err);
}

struct points_read {
    struct service *service;
    points_read_done done;
    void *ctx;
};

static void was_read(void *ctx, struct store_result *result)
{
    struct points_read *read = ctx;

    store_ended(read->service, result);
    if (result->err.code == ERR_NONE)
        read->done(read->ctx, NULL, result->points, result->points_n);
    else
        read->done(read->ctx, &result->err, NULL, 0);
    free(read);
}

int service_read_points(struct service *service, const char *id, int64_t start, int64_t end,
                        size_t limit, points_read_done done, void *ctx, struct err *err)
{
    struct entry *entry = find_series(service, id, err);

    if (!entry || check_open(service, err))
        return -1;
    struct points_read *read = malloc(sizeof *read);
    if (!read)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *read = (struct points_read){service, done, ctx};
    if (store_read_points(service->store, entry->key, start, end, limit, was_read, read, err)) {
        free(read);
        return -1;
    }
    store_began(service);
    return 0;
}
