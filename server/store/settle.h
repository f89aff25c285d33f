/* Moving points from the tail into chunks, and the oldest chunks out. Knows nothing of why. Inside the
 * caller's transaction. */
#ifndef SERVER_STORE_SETTLE_H
#define SERVER_STORE_SETTLE_H

#include "server/store/points.h"

/* Writes the series' tail, with n >= 0 newer points over it, into chunks, drops what is over its retention
 * (at most POINTS_TRIM_CHUNKS chunks; the rest later) and writes the counts, less what was dropped, into its
 * row. The index keeps the tail: the caller drops it once nothing can fail any more. */
__attribute__((warn_unused_result)) int settle_series(struct points *points, int64_t key,
                                                      struct tail_counts *counts,
                                                      const struct point *newer, size_t n,
                                                      struct err *err);

#endif
