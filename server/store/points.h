/* Points: small writes go to the tail, large ones and full tails to chunks. Knows how the two fit
 * together; refuses to know queues and threads. Surprising: a tail is settled into chunks by the very
 * transaction whose write fills it, so that no point is ever in two places and no extra fsync is paid;
 * only series that never fill theirs are settled in the background, when the log has grown long.
 *
 * Retention: whatever settles a series also drops whole chunks, the oldest, as long as its newest
 * `retention` points stay (and, where points are aggregated, all of the newest TRM_CONTEXT_MAX steps): up to
 * CHUNK_POINTS more, and what is in the tail, are there. Only then is every
 * point in a chunk, so that the count that is stored with it is exact. A series that has become too long
 * without a write of its own (its retention was lowered) is found by one pass over the series' rows, in the
 * background, at every start and after such a change.
 *
 * Reading: chunks overlaid with the tail; the tail is newer and wins.
 * Thread: the connection's. Every call but points_settle runs inside the caller's transaction. */
#ifndef SERVER_STORE_POINTS_H
#define SERVER_STORE_POINTS_H

#include "server/store/tail.h"

#define POINTS_TAIL_MAX 512     /* points of a series' tail, at which it is settled */
#define POINTS_LOG_MAX 262144   /* rows of the log, above which the oldest are settled */
#define POINTS_SETTLE_SERIES 64 /* series settled in one background transaction */
#define POINTS_TRIM_CHUNKS ((size_t)64) /* chunks of a series dropped in one transaction */

struct points {
    struct db *db;
    struct tail tail;
    size_t tail_max;
    int64_t log_max;
    bool trim_due;     /* some series with key >= trim_from may have more points than its retention */
    int64_t trim_from;
};

/* Series whose number of points a background step has changed. */
struct points_settled {
    size_t n;
    struct {
        int64_t key;
        uint64_t point_n;
    } series[POINTS_SETTLE_SERIES];
};

struct points_put {
    size_t changed, updated, unchanged; /* changed: added or updated */
    uint64_t revision, point_n;
};

void points_init(struct points *points, struct db *db);
void points_done(struct points *points);

/* A transaction that used this was rolled back: memory is read again before it is used. */
void points_lost(struct points *points);

/* Where a new series' rows in the log begin. */
__attribute__((warn_unused_result)) int points_tail_from(struct points *points, int64_t *ret,
                                                         struct err *err);

/* Upserts n >= 1 points of strictly increasing time. ERR_NOT_FOUND. */
__attribute__((warn_unused_result)) int points_put(struct points *points, int64_t key,
                                                   const struct point *new_points, size_t n,
                                                   struct points_put *ret, struct err *err);

/* start <= t < end, at most limit; the caller frees *ret. ERR_NOT_FOUND. */
__attribute__((warn_unused_result)) int points_read(struct points *points, int64_t key, int64_t start,
                                                    int64_t end, size_t limit, struct point **ret,
                                                    size_t *ret_n, struct err *err);

/* A time from which on at least n points are stored, and not many more. */
__attribute__((warn_unused_result)) int points_newest_from(struct points *points, int64_t key, size_t n,
                                                           int64_t *ret, struct err *err);

__attribute__((warn_unused_result)) int points_counts(struct points *points, int64_t key,
                                                      struct tail_counts *ret, struct err *err);

/* The series' row has been deleted. */
void points_forget(struct points *points, int64_t key);

/* The series' retention may have been lowered: a pass looks at it. */
void points_trim_later(struct points *points, int64_t key);

/* Whether the log is longer than it should be, or a pass for retention is due. */
bool points_due(const struct points *points);

/* One step of making the log or a series shorter, in a transaction of its own; on failure nothing has
 * changed. */
__attribute__((warn_unused_result)) int points_settle(struct points *points,
                                                      struct points_settled *ret, struct err *err);

#endif
