/* Points of one series in the order of their times. Knows that of two of one time the later one counts;
 * refuses to know anything else. Pure, any thread. */
#ifndef SERVER_INGEST_SORT_H
#define SERVER_INGEST_SORT_H

#include "server/base/series.h"

/* Sorts points[*n] in place and leaves each time once; *n is how many stay. False when out of memory
 * (the points are as before). Cost: one pass where they are sorted, the usual case. */
__attribute__((warn_unused_result)) bool ingest_sort(struct point *points, size_t *n);

#endif
