/* Putting and reading; the background work is in settle.c. */
#include "server/store/points.h"

#include "server/store/chunks.h"
#include "server/store/settle.h"
#include "server/store/sorted.h"

#include <stdlib.h>
#include <string.h>

void points_init(struct points *points, struct db *db)
{
    points->db = db;
    points->tail_max = POINTS_TAIL_MAX;
    points->log_max = POINTS_LOG_MAX;
    points->trim_due = true;
    points->trim_from = 0;
    tail_init(&points->tail);
}

void points_done(struct points *points)
{
    tail_done(&points->tail);
}

void points_lost(struct points *points)
{
    points->tail.stale = true;
}

void points_forget(struct points *points, int64_t key)
{
    tail_drop(&points->tail, key);
}

void points_trim_later(struct points *points, int64_t key)
{
    if (!points->trim_due || key < points->trim_from)
        points->trim_from = key;
    points->trim_due = true;
}

int points_tail_from(struct points *points, int64_t *ret, struct err *err)
{
    if (tail_fresh(points->db, &points->tail, err) < 0)
        return -1;
    *ret = points->tail.next_id;
    return 0;
}

int points_counts(struct points *points, int64_t key, struct tail_counts *ret, struct err *err)
{
    if (tail_fresh(points->db, &points->tail, err) < 0)
        return -1;
    return tail_counts(points->db, &points->tail, key, ret, err);
}

/* Where a look-up has got to: counts of the series before the write, and the chunk last looked into. */
struct lookup {
    int64_t key;
    const struct tail_series *tail;
    struct tail_counts counts;
    struct chunk_cursor cursor;
};

/* The stored point of time t, or NULL. Points after the newest, the usual case, cost no look-up. */
static int find_stored(struct points *points, struct lookup *lookup, int64_t t,
                       const struct point **ret, struct err *err)
{
    const struct point *found = NULL;

    if (lookup->counts.has_last && t <= lookup->counts.last_t) {
        if (lookup->tail)
            found = sorted_get(lookup->tail->points, lookup->tail->n, t);
        if (!found && chunks_lookup(points->db, lookup->key, &lookup->cursor, t, &found, err) < 0)
            return -1;
    }
    *ret = found;
    return 0;
}

/* Sorts the new points into changes (out, n of them at most) and the rest. */
static int classify(struct points *points, struct lookup *lookup, const struct point *new_points,
                    size_t n, struct tail_change *out, struct points_put *ret, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct point *stored;
        if (find_stored(points, lookup, new_points[i].t, &stored, err) < 0)
            return -1;
        if (stored && sorted_same_value(stored->v, new_points[i].v)) {
            ret->unchanged++;
            continue;
        }
        ret->updated += stored != NULL;
        out[ret->changed++] = (struct tail_change){.point = new_points[i], .added = !stored};
    }
    return 0;
}

/* Everything that the series has in its tail, with the changes on top, into chunks. */
static int settle_with(struct points *points, int64_t key, struct tail_counts *counts,
                       const struct tail_change *changes, size_t n, struct err *err)
{
    struct point *bare = malloc(n * sizeof(*bare));
    int failed;

    if (!bare)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++)
        bare[i] = changes[i].point;
    failed = settle_series(points, key, counts, bare, n, err);
    free(bare);
    if (!failed)
        tail_drop(&points->tail, key);
    return failed;
}

/* counts: the series' after the changes; fewer points where settling has dropped some. */
static int write_changes(struct points *points, int64_t key, struct tail_counts *counts,
                         const struct tail_change *changes, size_t n, struct err *err)
{
    const struct tail_series *tail = tail_find(&points->tail, key);

    if ((tail ? tail->n : 0) + n >= points->tail_max)
        return settle_with(points, key, counts, changes, n, err);
    return tail_append(points->db, &points->tail, key, counts, changes, n, err);
}

static int put(struct points *points, struct lookup *lookup, const struct point *new_points, size_t n,
               struct tail_change *changes, struct points_put *ret, struct err *err)
{
    struct tail_counts *counts = &lookup->counts;

    if (classify(points, lookup, new_points, n, changes, ret, err) < 0)
        return -1;
    counts->revision += ret->changed;
    counts->point_n += ret->changed - ret->updated;
    ret->revision = counts->revision;
    ret->point_n = counts->point_n;
    if (!ret->changed)
        return 0;
    int64_t newest = changes[ret->changed - 1].point.t;
    if (!counts->has_last || newest > counts->last_t)
        counts->last_t = newest;
    counts->has_last = true;
    if (write_changes(points, lookup->key, counts, changes, ret->changed, err) < 0)
        return -1;
    ret->point_n = counts->point_n;
    return 0;
}

int points_put(struct points *points, int64_t key, const struct point *new_points, size_t n,
               struct points_put *ret, struct err *err)
{
    struct lookup lookup;
    struct points_put result = {0};

    if (points_counts(points, key, &lookup.counts, err) < 0)
        return -1;
    lookup.key = key;
    lookup.tail = tail_find(&points->tail, key);
    lookup.cursor.loaded = false;
    lookup.cursor.n = 0;
    struct tail_change *changes = calloc(n, sizeof(*changes));
    if (!changes)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    int failed = put(points, &lookup, new_points, n, changes, &result, err);
    free(changes);
    if (!failed)
        *ret = result;
    return failed;
}

/* Lays the tail's points of [start, end) over those of the chunks. Takes over `settled`. */
static int overlay(const struct tail_series *tail, int64_t start, int64_t end, size_t limit,
                   struct point *settled, size_t settled_n, struct point **ret, size_t *ret_n,
                   struct err *err)
{
    size_t from = tail ? sorted_find(tail->points, tail->n, start) : 0;
    size_t to = tail ? sorted_find(tail->points, tail->n, end) : 0;

    if (from >= to) {
        *ret = settled;
        *ret_n = settled_n < limit ? settled_n : limit;
        return 0;
    }
    size_t most = settled_n + (to - from);
    struct point *both = malloc(most * sizeof(*both));
    if (!both) {
        free(settled);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    *ret_n = sorted_merge(settled, settled_n, tail->points + from, to - from, both,
                          most < limit ? most : limit);
    *ret = both;
    free(settled);
    return 0;
}

int points_read(struct points *points, int64_t key, int64_t start, int64_t end, size_t limit,
                struct point **ret, size_t *ret_n, struct err *err)
{
    struct tail_counts counts;
    struct point *settled;
    size_t settled_n;

    if (points_counts(points, key, &counts, err) < 0 ||
        chunks_read(points->db, key, start, end, limit, &settled, &settled_n, err) < 0)
        return -1;
    return overlay(tail_find(&points->tail, key), start, end, limit, settled, settled_n, ret, ret_n,
                   err);
}

/* The tail may replace points or stand before the chunks', but it never makes them fewer. */
int points_newest_from(struct points *points, int64_t key, size_t n, int64_t *ret, struct err *err)
{
    return chunks_newest_from(points->db, key, n, ret, err);
}
