/* The log of single points and its index in memory. Knows which points of a series are not in a chunk
 * yet; refuses to know chunks. Surprising: the table is only ever appended to, read once (at open) and
 * cut off at the front: everything else is answered by the index.
 *
 * What the index holds: for each series with rows that are not in chunks, those points sorted (16 bytes
 * each) and the series' counts (about 100 bytes). Both are bounded by POINTS_TAIL_MAX points of a series
 * and POINTS_LOG_MAX rows of the log (points.h), so by about 4 MB and 100 bytes a series at most.
 *
 * A row of the log is exactly one change of a point, so revision and number of points are those in the
 * series' row (as of tail_from) plus what the rows since then say; appending touches no other page.
 *
 * Each row carries a checksum; one that fails it is passed over, noted, and moved into the table `damaged`
 * when
 * the log is read outside a transaction, as it is at open.
 *
 * After a transaction that was rolled back the index may be ahead of the file: set `stale`, and the next
 * tail_fresh reads the log again. Thread: the connection's. */
#ifndef SERVER_STORE_TAIL_H
#define SERVER_STORE_TAIL_H

#define TAIL_DAMAGED_MAX ((size_t)4096) /* rows moved aside at once; more wait for the next start */

#include "server/base/series.h"
#include "server/store/db.h"

struct tail_counts {
    uint64_t revision, point_n;
    bool has_last;
    int64_t last_t;    /* newest point */
    int64_t tail_from; /* smallest row of the log that is not in a chunk */
};

struct tail_series {
    struct tail_series *next; /* of the same bucket */
    int64_t key;
    int64_t first_id;         /* oldest row that is not in a chunk */
    struct tail_counts counts;
    struct point *points;     /* sorted; the newest value of each time */
    size_t n, room;
};

struct tail {
    struct tail_series **buckets;
    size_t bucket_n, series_n; /* bucket_n: 0 or a power of two */
    int64_t first_id, next_id; /* rows of the log: first_id <= id < next_id, with gaps */
    bool stale;
};

/* Points as they are logged. */
struct tail_change {
    struct point point;
    bool added; /* else it replaces one that is there */
};

void tail_init(struct tail *tail); /* stale, so that the first tail_fresh reads the log */
void tail_done(struct tail *tail);

/* Makes the index agree with the file. */
__attribute__((warn_unused_result)) int tail_fresh(struct db *db, struct tail *tail, struct err *err);

/* NULL when all points of the series are in chunks. */
struct tail_series *tail_find(const struct tail *tail, int64_t key);

/* The series' counts with everything logged so far. ERR_NOT_FOUND. */
__attribute__((warn_unused_result)) int tail_counts(struct db *db, const struct tail *tail, int64_t key,
                                                    struct tail_counts *ret, struct err *err);

/* Logs n >= 1 changes in increasing time; counts are the series' after them. On failure the index is
 * as before. */
__attribute__((warn_unused_result)) int tail_append(struct db *db, struct tail *tail, int64_t key,
                                                    const struct tail_counts *counts,
                                                    const struct tail_change *changes, size_t n,
                                                    struct err *err);

/* Forgets a series' points (they are in chunks, or it is gone). */
void tail_drop(struct tail *tail, int64_t key);

/* Whether a row of the log (id, series, t, v, added, crc) is as it was written. */
bool tail_row_whole(sqlite3_stmt *stmt);

/* Calls visit for each series until it returns false. visit must not change the tail. */
void tail_each(const struct tail *tail, bool (*visit)(void *ctx, const struct tail_series *series),
               void *ctx);

#endif
