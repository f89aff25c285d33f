/* What was said about steps, read back: for each the forecast that came last before its value did.
 */
#include "server/service/parts.h"

#include <math.h>
#include <stdlib.h>

struct said_read {
    struct service *service;
    int64_t key;
    int64_t first, until; /* steps */
    said_read_done done;
    void *ctx;
};

static double actual_of(const struct entry *entry, int64_t step)
{
    const struct window *recent = &entry->recent;

    if (recent->n == 0 || step < recent->first_step || step >= window_end(recent))
        return (double)NAN;
    return recent->values[recent->start + (size_t)(step - recent->first_step)];
}

static bool tell_step(const struct entry *entry, const struct store_said *row, int64_t step,
                      struct said_point *ret)
{
    struct trm_said_head head;
    uint32_t leads;

    if (trm_said_decode(row->bytes, row->n, &head, &leads) != TRM_OK ||
        step - row->origin >= (int64_t)leads)
        return false;
    *ret = (struct said_point){
        .t = trm_grid_time(&entry->grid, step),
        .issued_at = trm_grid_time(&entry->grid, row->origin - 1),
        .lead = (uint32_t)(step - row->origin) + 1,
        .value = actual_of(entry, step),
    };
    trm_said_lead(row->bytes, ret->lead, &ret->said);
    return true;
}

/* Rows are sorted by origin: the last one that begins at or before a step speaks for it. */
static size_t tell(const struct said_read *read, const struct entry *entry,
                   const struct store_result *result, struct said_point *ret)
{
    size_t n = 0, row = 0;

    if (result->said_n == 0)
        return 0;
    for (int64_t step = read->first; step < read->until; step++) {
        if (step < result->said[0].origin)
            continue;
        while (row + 1 < result->said_n && result->said[row + 1].origin <= step)
            row++;
        n += tell_step(entry, &result->said[row], step, &ret[n]);
    }
    return n;
}

static void was_read(void *ctx, struct store_result *result)
{
    struct said_read *read = ctx;
    struct entry *entry = registry_by_key(read->service->registry, read->key);
    struct err err = result->err;
    struct said_point *points = NULL;
    size_t n = 0;

    store_ended(read->service, result);
    if (err.code == ERR_NONE && !entry)
        err_set(&err, ERR_NOT_FOUND, "the series was deleted");
    if (err.code == ERR_NONE &&
        !(points = malloc(((size_t)(read->until - read->first) + 1) * sizeof *points)))
        err_set(&err, ERR_NO_MEMORY, "out of memory");
    if (err.code == ERR_NONE)
        n = tell(read, entry, result, points);
    read->done(read->ctx, err.code == ERR_NONE ? NULL : &err, points, n);
    free(points);
    free(read);
}

/* The steps of a time range that may have been forecast. */
static void steps_of(const struct entry *entry, int64_t start, int64_t end, int64_t *ret_first,
                     int64_t *ret_until)
{
    int64_t newest = entry->said.any ? entry->said.newest : INT64_MIN / 2;
    int64_t first = trm_grid_floor(&entry->grid, start),
            until = trm_grid_floor(&entry->grid, end - 1) + 1;

    first += trm_grid_time(&entry->grid, first) < start;
    if (first < newest - SAID_STEPS_MAX)
        first = newest - SAID_STEPS_MAX;
    if (until > newest + TRM_SAID_LEADS_MAX)
        until = newest + TRM_SAID_LEADS_MAX;
    *ret_first = first;
    *ret_until = until < first ? first : until;
}

int service_read_said(struct service *service, const char *id, int64_t start, int64_t end,
                      said_read_done done, void *ctx, struct err *err)
{
    struct entry *entry = find_series(service, id, err);

    if (!entry || check_open(service, err))
        return -1;
    struct said_read *read = malloc(sizeof *read);
    if (!read)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *read = (struct said_read){.service = service, .key = entry->key, .done = done, .ctx = ctx};
    if (entry->grid_known && start < end)
        steps_of(entry, start, end, &read->first, &read->until);
    if (store_read_said(service->store, entry->key, read->first - TRM_SAID_LEADS_MAX, read->until,
                        was_read, read, err)) {
        free(read);
        return -1;
    }
    store_began(service);
    return 0;
}
