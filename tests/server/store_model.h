/* What the store should hold, done plainly: a sorted array for each series. The oracle of the random
 * tests. */
#ifndef TESTS_SERVER_STORE_MODEL_H
#define TESTS_SERVER_STORE_MODEL_H

#include "server/base/series.h"

struct model {
    struct point *points;
    size_t n, room;
    uint64_t revision;
};

struct model_put {
    size_t updated, unchanged;
};

struct model_put model_put(struct model *model, const struct point *points, size_t n);

/* Whether points are exactly the model's with start <= t < end, at most limit of them. */
bool model_equal(const struct model *model, int64_t start, int64_t end, size_t limit,
                 const struct point *points, size_t n);

void model_clear(struct model *model);

/* A write as clients make them: appends, gaps, late points, repeats, missing values, and now and then a
 * large one. Fills points[max], strictly increasing; returns how many, at least 1. */
struct trm_rng;
size_t model_random_write(struct trm_rng *rng, const struct model *model, struct point *points,
                          size_t max);

#endif
