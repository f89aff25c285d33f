/* Binary search and two-way merge, both over plain arrays. */
#include "server/store/sorted.h"

#include <math.h>

size_t sorted_find(const struct point *points, size_t n, int64_t t)
{
    size_t from = 0, to = n;

    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (points[middle].t < t)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

const struct point *sorted_get(const struct point *points, size_t n, int64_t t)
{
    size_t at = sorted_find(points, n, t);

    return at < n && points[at].t == t ? &points[at] : NULL;
}

bool sorted_same_value(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

size_t sorted_merge(const struct point *a, size_t a_n, const struct point *b, size_t b_n,
                    struct point *out, size_t max)
{
    size_t i = 0, j = 0, n = 0;

    while (n < max && (i < a_n || j < b_n)) {
        if (j == b_n || (i < a_n && a[i].t < b[j].t)) {
            out[n++] = a[i++];
        } else {
            i += i < a_n && a[i].t == b[j].t;
            out[n++] = b[j++];
        }
    }
    return n;
}

bool sorted_check(const struct point *points, size_t n, size_t *ret_at)
{
    for (size_t i = 1; i < n; i++) {
        if (points[i].t <= points[i - 1].t) {
            *ret_at = i;
            return false;
        }
    }
    return true;
}
