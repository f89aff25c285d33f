/* Arrays of points in strictly increasing time: search and merge. Knows no storage. Surprising: a missing
 * value equals a missing value here, which NaN itself does not, and 0 equals -0. */
#ifndef SERVER_STORE_SORTED_H
#define SERVER_STORE_SORTED_H

#include "server/base/series.h"

/* Index of the first point with time >= t; n when there is none. */
size_t sorted_find(const struct point *points, size_t n, int64_t t);

/* The point of time t, or NULL. */
const struct point *sorted_get(const struct point *points, size_t n, int64_t t);

bool sorted_same_value(double a, double b);

/* The first `max` points of both arrays together into out[max]; where times agree, b's value. Returns how
 * many. out must not overlap a or b. */
size_t sorted_merge(const struct point *a, size_t a_n, const struct point *b, size_t b_n,
                    struct point *out, size_t max);

/* Whether times are strictly increasing; *ret_at is the first index that is not. */
bool sorted_check(const struct point *points, size_t n, size_t *ret_at);

#endif
