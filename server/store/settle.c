/* Surprising: rows of the log are never deleted one by one. A series' row says from which row on the log
 * still counts for it, and the log loses its front when no series needs it: whole pages at a time. */
#include "server/store/settle.h"

#include "core/model.h"
#include "server/store/chunks.h"
#include "server/store/sorted.h"

#include <stdlib.h>

#define DAY_MS INT64_C(86400000)

static int write_counts(struct points *points, int64_t key, const struct tail_counts *counts,
                        struct err *err)
{
    struct db *db = points->db;
    int64_t revision = (int64_t)counts->revision, point_n = (int64_t)counts->point_n;

    /* A series without a point has nothing to settle, so last_t is never NULL here. */
    return db_run(db, SQL_SERIES_SET_COUNTS, err, "iiiii", key, revision, point_n, counts->last_t,
                  points->tail.next_id);
}

/* What must stay: at least so many points, and all from a time on. */
struct keep {
    uint64_t n; /* 0: all of them */
    int64_t from;
};

/* How long a step is at most. */
static int64_t longest_step_ms(int64_t grid_ms, int64_t grid_months)
{
    return grid_months ? grid_months * 31 * DAY_MS : grid_ms;
}

/* A step of an aggregated series may have any number of points, and those of the steps that a forecast
 * looks back on are read again at every start: they all stay, with two steps to spare, for the one that is
 * not full and for days of unequal length. */
static int64_t keep_from(sqlite3_stmt *stmt, int64_t last_t)
{
    int64_t ms = sqlite3_column_int64(stmt, 2), months = sqlite3_column_int64(stmt, 3);

    if (sqlite3_column_int(stmt, 1) == 0)
        return INT64_MAX;
    if (ms == 0 && months == 0)
        return INT64_MIN;
    return last_t - (TRM_CONTEXT_MAX + 2) * longest_step_ms(ms, months);
}

static int read_keep(struct db *db, int64_t key, int64_t last_t, struct keep *ret, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_SERIES_RETENTION, err, "i", key);
    int got = stmt ? db_step(db, stmt, err) : -1;

    if (got < 0)
        return -1;
    *ret = (struct keep){.n = 0};
    if (got) {
        ret->n = (uint64_t)sqlite3_column_int64(stmt, 0);
        ret->from = keep_from(stmt, last_t);
    }
    sqlite3_reset(stmt);
    return 0;
}

/* Every point of the series is in a chunk now. */
static int trim(struct points *points, int64_t key, struct tail_counts *counts, struct err *err)
{
    struct keep keep;
    uint64_t dropped;
    bool more;

    if (read_keep(points->db, key, counts->last_t, &keep, err) < 0)
        return -1;
    if (keep.n == 0 || counts->point_n <= keep.n)
        return 0;
    if (chunks_drop_oldest(points->db, key, keep.from, counts->point_n - keep.n, POINTS_TRIM_CHUNKS,
                           &dropped, &more, err) < 0)
        return -1;
    counts->point_n -= dropped;
    if (more)
        points_trim_later(points, key);
    return 0;
}

static int merge_tail(struct points *points, int64_t key, const struct point *newer, size_t n,
                      uint64_t *ret_lost, struct err *err)
{
    const struct tail_series *tail = tail_find(&points->tail, key);
    size_t tail_n = tail ? tail->n : 0;

    *ret_lost = 0;
    if (tail_n + n == 0)
        return 0;
    struct point *both = malloc((tail_n + n) * sizeof(*both));
    if (!both)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    size_t both_n = sorted_merge(tail ? tail->points : NULL, tail_n, newer, n, both, tail_n + n);
    int failed = chunks_merge(points->db, key, both, both_n, ret_lost, err);
    free(both);
    return failed;
}

int settle_series(struct points *points, int64_t key, struct tail_counts *counts,
                  const struct point *newer, size_t n, struct err *err)
{
    uint64_t lost;

    if (merge_tail(points, key, newer, n, &lost, err) < 0)
        return -1;
    counts->point_n -= lost < counts->point_n ? lost : counts->point_n;
    if (trim(points, key, counts, err) < 0)
        return -1;
    return write_counts(points, key, counts, err);
}

/* ---- in the background ---- */

/* Which series a step settles: those that hold the log's front, or one that has too many points. */
struct step {
    int64_t before;   /* series whose oldest row is below this are settled */
    int64_t first_id; /* oldest row of the series that are not: where the log's front will be */
    size_t n;
    int64_t keys[POINTS_SETTLE_SERIES];
};

static bool note_series(void *ctx, const struct tail_series *series)
{
    struct step *step = ctx;

    if (series->first_id < step->before && step->n < POINTS_SETTLE_SERIES)
        step->keys[step->n++] = series->key;
    else if (series->first_id < step->first_id)
        step->first_id = series->first_id;
    return true;
}

static bool log_is_long(const struct points *points)
{
    return points->tail.next_id - points->tail.first_id > points->log_max;
}

bool points_due(const struct points *points)
{
    return !points->tail.stale && (log_is_long(points) || points->trim_due);
}

/* Settles one series; what has become of its number of points goes into *ret. */
static int settle_one(struct points *points, int64_t key, struct points_settled *ret, struct err *err)
{
    struct tail_counts counts;

    if (tail_counts(points->db, &points->tail, key, &counts, err) < 0)
        return -1;
    uint64_t before = counts.point_n;
    if (settle_series(points, key, &counts, NULL, 0, err) < 0)
        return -1;
    if (counts.point_n != before) {
        ret->series[ret->n].key = key;
        ret->series[ret->n++].point_n = counts.point_n;
    }
    return 0;
}

static int settle_keys(struct points *points, const struct step *step, struct points_settled *ret,
                       struct err *err)
{
    for (size_t i = 0; i < step->n; i++)
        if (settle_one(points, step->keys[i], ret, err) < 0)
            return -1;
    return db_run(points->db, SQL_TAIL_TRIM, err, "i", step->first_id);
}

static int run_step(struct points *points, const struct step *step, struct points_settled *ret,
                    struct err *err)
{
    if (db_run(points->db, SQL_BEGIN, err, "") < 0)
        return -1;
    if (settle_keys(points, step, ret, err) < 0 || db_run(points->db, SQL_COMMIT, err, "") < 0) {
        db_rollback(points->db);
        return -1;
    }
    for (size_t i = 0; i < step->n; i++)
        tail_drop(&points->tail, step->keys[i]);
    points->tail.first_id = step->first_id;
    return 0;
}

/* The next series of the pass for retention; 0 where there is none. */
static int find_over(struct points *points, int64_t *ret, struct err *err)
{
    sqlite3_stmt *stmt =
        db_bind(points->db, SQL_SERIES_OVER, err, "ii", points->trim_from, (int64_t)CHUNK_POINTS);
    int got = stmt ? db_step(points->db, stmt, err) : -1;

    if (got < 0)
        return -1;
    *ret = got ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return 0;
}

/* The pass goes on behind the series, unless trimming it says that there is more. One that fails is passed
 * over until the next pass, so that damage in one series does not keep the others long. */
static int trim_next(struct points *points, struct points_settled *ret, struct err *err)
{
    struct step step = {.first_id = points->tail.first_id, .n = 1};

    if (find_over(points, &step.keys[0], err) < 0)
        return -1;
    points->trim_due = step.keys[0] != 0;
    if (!points->trim_due)
        return 0;
    points->trim_from = step.keys[0] + 1;
    return run_step(points, &step, ret, err);
}

int points_settle(struct points *points, struct points_settled *ret, struct err *err)
{
    struct tail *tail = &points->tail;
    struct points_settled settled = {.n = 0};
    struct step step = {.before = tail->first_id + points->log_max / 8 + 1, .first_id = tail->next_id};

    if (!log_is_long(points)) {
        if (trim_next(points, &settled, err) < 0)
            return -1;
    } else {
        tail_each(tail, note_series, &step);
        if (run_step(points, &step, &settled, err) < 0)
            return -1;
    }
    *ret = settled;
    return 0;
}
