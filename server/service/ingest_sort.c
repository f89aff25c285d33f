/* See ingest_sort.h. The C library's sort need not keep the order of equals, so pointers are sorted: where
 * times are equal, their addresses say who came first. */
#include "server/service/ingest_sort.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const struct point *x = *(const struct point *const *)a, *y = *(const struct point *const *)b;

    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    return x < y ? -1 : x > y;
}

static bool is_sorted(const struct point *points, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (points[i].t <= points[i - 1].t)
            return false;
    return true;
}

bool ingest_sort(struct point *points, size_t *n)
{
    size_t kept = 0;

    if (is_sorted(points, *n))
        return true;
    const struct point **order = calloc(*n, sizeof *order);
    struct point *sorted = calloc(*n, sizeof *sorted);
    if (order && sorted) {
        for (size_t i = 0; i < *n; i++)
            order[i] = &points[i];
        qsort(order, *n, sizeof *order, compare);
        for (size_t i = 0; i < *n; i++) {
            kept -= kept > 0 && sorted[kept - 1].t == order[i]->t;
            sorted[kept++] = *order[i];
        }
        memcpy(points, sorted, kept * sizeof *sorted);
        *n = kept;
    }
    bool done = order && sorted;
    free(order);
    free(sorted);
    return done;
}
