/* Surprising: rows of the log are never deleted one by one. A series' row says from which row on the log
 * still counts for it, and the log loses its front when no series needs it: whole pages at a time. */
#include "server/store/settle.h"

#include "server/store/chunks.h"
#include "server/store/sorted.h"

#include <stdlib.h>

static int write_counts(struct points *points, int64_t key, const struct tail_counts *counts,
                        struct err *err)
{
    struct db *db = points->db;
    int64_t revision = (int64_t)counts->revision, point_n = (int64_t)counts->point_n;

    /* A series without a point has nothing to settle, so last_t is never NULL here. */
    return db_run(db, SQL_SERIES_SET_COUNTS, err, "iiiii", key, revision, point_n, counts->last_t,
                  points->tail.next_id);
}

int settle_series(struct points *points, int64_t key, const struct tail_counts *counts,
                  const struct point *newer, size_t n, struct err *err)
{
    const struct tail_series *tail = tail_find(&points->tail, key);
    size_t tail_n = tail ? tail->n : 0;
    struct point *both = malloc((tail_n + n) * sizeof(*both));

    if (!both)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    size_t both_n = sorted_merge(tail ? tail->points : NULL, tail_n, newer, n, both, tail_n + n);
    int failed = chunks_merge(points->db, key, both, both_n, err);
    if (!failed)
        failed = write_counts(points, key, counts, err);
    free(both);
    return failed;
}

/* Which series hold the log's front, and where the front will be without them. */
struct laggards {
    int64_t before;   /* series whose oldest row is below this are settled */
    int64_t first_id; /* oldest row of the series that are not */
    size_t n;
    int64_t keys[POINTS_SETTLE_SERIES];
};

static bool note_series(void *ctx, const struct tail_series *series)
{
    struct laggards *laggards = ctx;

    if (series->first_id < laggards->before && laggards->n < POINTS_SETTLE_SERIES)
        laggards->keys[laggards->n++] = series->key;
    else if (series->first_id < laggards->first_id)
        laggards->first_id = series->first_id;
    return true;
}

bool points_due(const struct points *points)
{
    return !points->tail.stale && points->tail.next_id - points->tail.first_id > points->log_max;
}

static int settle_laggards(struct points *points, const struct laggards *laggards, struct err *err)
{
    for (size_t i = 0; i < laggards->n; i++) {
        const struct tail_series *tail = tail_find(&points->tail, laggards->keys[i]);
        if (settle_series(points, tail->key, &tail->counts, NULL, 0, err) < 0)
            return -1;
    }
    return db_run(points->db, SQL_TAIL_TRIM, err, "i", laggards->first_id);
}

int points_settle(struct points *points, struct err *err)
{
    struct tail *tail = &points->tail;
    struct laggards laggards = {.before = tail->first_id + points->log_max / 8 + 1,
                                .first_id = tail->next_id};

    tail_each(tail, note_series, &laggards);
    if (db_run(points->db, SQL_BEGIN, err, "") < 0)
        return -1;
    if (settle_laggards(points, &laggards, err) < 0 || db_run(points->db, SQL_COMMIT, err, "") < 0) {
        db_rollback(points->db);
        return -1;
    }
    for (size_t i = 0; i < laggards.n; i++)
        tail_drop(tail, laggards.keys[i]);
    tail->first_id = laggards.first_id;
    return 0;
}
