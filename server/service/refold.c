/* Steps of an aggregated series made anew from its stored points, where a point came late or
 * changed, or the way they are aggregated did. Knows that the store has what memory has not;
 * refuses to know why it is asked. Surprising: it needs no lock against writes on their way: the
 * store answers in order, so what a page does not hold is told by a later commit, and is applied
 * after it.
 *
 * Pages are bounded, so a long read does not hold the store up. Where a read fails the entry
 * remembers from which step on it is stale, and its next write or the next tick tries again. */
#include "server/service/parts.h"

#include <stdlib.h>

#define PAGE_POINTS 16384

struct refold {
    struct service *service;
    int64_t key;
    int64_t until;   /* step to stop before; INT64_MAX: to the newest, which becomes the open one */
    int64_t next_t;  /* where the next page begins */
    int64_t until_t; /* where the last one ends */
    bool anew;       /* all of memory is replaced … */
    bool dropped;    /* … and what it had has gone */
    size_t value_n;  /* steps made so far */
    struct fold fold;
    void (*done)(void *ctx);
    void *ctx;
};

static int next_page(struct refold *refold, struct err *err);

static void put_closed(struct refold *refold, struct entry *entry, int64_t step, double value,
                       int64_t opened)
{
    history_close(entry, step, value, opened);
    refold->value_n++;
}

static void take_page(struct refold *refold, struct entry *entry, const struct point *points,
                      size_t n)
{
    enum aggregate aggregate = entry->settings.aggregate;
    int64_t closed;
    double value;

    if (refold->anew && !refold->dropped)
        entry->recent.n = 0;
    refold->dropped = true;
    for (size_t i = 0; i < n; i++)
        if (fold_add(&refold->fold, aggregate, trm_grid_floor(&entry->grid, points[i].t), points[i],
                     &closed, &value))
            put_closed(refold, entry, closed, value, refold->fold.step);
}

static void finish(struct refold *refold, struct entry *entry)
{
    if (refold->until == INT64_MAX)
        entry->fold = refold->fold;
    else if (refold->fold.open)
        put_closed(refold, entry, refold->fold.step,
                   fold_value(&refold->fold, entry->settings.aggregate), refold->fold.step + 1);
    if (refold->anew) /* by what was in memory meanwhile */
        said_forget(refold->service, entry);
    entry->season_stale = true;
    history_moved_on(refold->service, entry, refold->value_n);
}

static void end(struct refold *refold, struct entry *entry)
{
    if (entry)
        entry->refold_n--;
    if (refold->done)
        refold->done(refold->ctx);
    free(refold);
}

static void owe(struct service *service, struct entry *entry, int64_t from, bool anew)
{
    entry->stale_from = from < entry->stale_from ? from : entry->stale_from;
    entry->stale_anew |= anew;
    service->refolds_owed = true;
}

/* What a reading has not come to; memory that has been dropped already is not dropped again. */
static void owe_rest(const struct refold *refold, struct entry *entry, int64_t from)
{
    owe(refold->service, entry, from, refold->anew && !refold->dropped);
}

/* A failed read leaves the points where they are: durable, and not in memory yet. */
static void page_read(void *ctx, struct store_result *result)
{
    struct refold *refold = ctx;
    struct entry *entry = registry_by_key(refold->service->registry, refold->key);
    struct err err;

    store_ended(refold->service, result);
    if (result->err.code != ERR_NONE || !entry) {
        if (entry)
            owe_rest(refold, entry, trm_grid_floor(&entry->grid, refold->next_t));
        end(refold, entry);
        return;
    }
    take_page(refold, entry, result->points, result->points_n);
    if (result->points_n < PAGE_POINTS) {
        finish(refold, entry);
        end(refold, entry);
        return;
    }
    refold->next_t = result->points[result->points_n - 1].t + 1;
    if (next_page(refold, &err)) {
        owe_rest(refold, entry, refold->fold.step);
        end(refold, entry);
    }
}

static int next_page(struct refold *refold, struct err *err)
{
    if (store_read_points(refold->service->store, refold->key, refold->next_t, refold->until_t,
                          PAGE_POINTS, page_read, refold, err))
        return -1;
    store_began(refold->service);
    return 0;
}

void refold_begin(struct service *service, struct entry *entry, const struct refold_range *range,
                  void (*done)(void *ctx), void *ctx)
{
    struct refold *refold = calloc(1, sizeof *refold);
    bool to_end = range->until == INT64_MAX;
    struct err err;

    if (refold) {
        *refold = (struct refold){.service = service,
                                  .key = entry->key,
                                  .until = range->until,
                                  .next_t = trm_grid_time(&entry->grid, range->from),
                                  .until_t = to_end ? INT64_MAX
                                                    : trm_grid_time(&entry->grid, range->until),
                                  .anew = range->anew,
                                  .done = done,
                                  .ctx = ctx};
        if (next_page(refold, &err) == 0) {
            entry->refold_n++;
            return;
        }
        free(refold);
    }
    owe(service, entry, range->from, range->anew);
    if (done)
        done(ctx);
}

void refold_owed(struct service *service, struct entry *entry)
{
    struct refold_range range = {
        .from = entry->stale_from, .until = INT64_MAX, .anew = entry->stale_anew};

    if (entry->stale_from == INT64_MAX)
        return;
    entry->stale_from = INT64_MAX;
    entry->stale_anew = false;
    refold_begin(service, entry, &range, NULL, NULL);
}

void refold_all_owed(struct service *service)
{
    if (!service->refolds_owed || service->draining)
        return;
    service->refolds_owed = false;
    for (size_t i = 0; i < registry_n(service->registry); i++)
        refold_owed(service, registry_at(service->registry, i));
}
