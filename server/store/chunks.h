/* The table of chunks: a series' settled points, in pieces of at most CHUNK_POINTS, disjoint in time.
 * Knows how points fall into pieces; refuses to know the tail. Surprising: a piece that has become too
 * large is cut into equal parts inside the series but into full pieces at its end, so that appending
 * leaves full chunks behind and backfilling leaves room.
 *
 * Every call runs inside the caller's transaction. Thread: the connection's. */
#ifndef SERVER_STORE_CHUNKS_H
#define SERVER_STORE_CHUNKS_H

#include "server/store/chunk.h"
#include "server/store/db.h"

/* One decoded chunk, kept between look-ups of increasing time. Zeroed: nothing kept. */
struct chunk_cursor {
    bool loaded;
    int64_t from, until; /* the look-ups that this chunk answers: from <= t < until */
    size_t n;
    struct point points[CHUNK_POINTS];
};

/* The stored point of time t: *ret_point names it inside the cursor, or is NULL when there is none, or none
 * that can be read. */
__attribute__((warn_unused_result)) int chunks_lookup(struct db *db, int64_t series,
                                                      struct chunk_cursor *cursor, int64_t t,
                                                      const struct point **ret_point,
                                                      struct err *err);

/* Upserts n >= 1 points of strictly increasing time. Damaged chunks that stand in their way are moved into
 * the
 * table `damaged`; *ret_lost: the points that those say they held. */
__attribute__((warn_unused_result)) int chunks_merge(struct db *db, int64_t series,
                                                     const struct point *points, size_t n,
                                                     uint64_t *ret_lost, struct err *err);

/* The first points with start <= t < end, at least min(limit, all of them); the caller frees *ret. Damaged
 * chunks are passed over, and noted. */
__attribute__((warn_unused_result)) int chunks_read(struct db *db, int64_t series, int64_t start,
                                                    int64_t end, size_t limit, struct point **ret,
                                                    size_t *ret_n, struct err *err);

/* A time from which on at least `n` points are stored (INT64_MIN when all are fewer). */
__attribute__((warn_unused_result)) int chunks_newest_from(struct db *db, int64_t series, size_t n,
                                                           int64_t *ret_t, struct err *err);

/* Drops whole chunks of points before a time, the oldest first, at most `max` of them and at most `spare`
 * points together.
 * *ret_points: how many points went; *ret_more: whether `max` alone ended it. A damaged chunk goes like
 * any other: its row says how many points it had. */
__attribute__((warn_unused_result)) int chunks_drop_oldest(struct db *db, int64_t series,
                                                           int64_t before, uint64_t spare,
                                                           size_t max, uint64_t *ret_points,
                                                           bool *ret_more, struct err *err);

#endif
