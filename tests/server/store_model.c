/* Plain on purpose: a sorted array and memmove. */
#include "tests/server/store_model.h"

#include "core/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t place_of(const struct model *model, int64_t t)
{
    size_t at = 0;

    for (size_t left = model->n; left;) {
        size_t half = left / 2;
        if (model->points[at + half].t < t) {
            at += half + 1;
            left -= half + 1;
        } else {
            left = half;
        }
    }
    return at;
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void insert(struct model *model, size_t at, struct point point)
{
    if (model->n == model->room) {
        model->room = model->room * 2 + 64;
        model->points = realloc(model->points, model->room * sizeof(struct point));
        if (!model->points)
            abort();
    }
    memmove(model->points + at + 1, model->points + at, (model->n - at) * sizeof(struct point));
    model->points[at] = point;
    model->n++;
}

struct model_put model_put(struct model *model, const struct point *points, size_t n)
{
    struct model_put put = {0};

    for (size_t i = 0; i < n; i++) {
        size_t at = place_of(model, points[i].t);
        if (at == model->n || model->points[at].t != points[i].t) {
            insert(model, at, points[i]);
            model->revision++;
        } else if (same(model->points[at].v, points[i].v)) {
            put.unchanged++;
        } else {
            model->points[at].v = points[i].v;
            model->revision++;
            put.updated++;
        }
    }
    return put;
}

bool model_equal(const struct model *model, int64_t start, int64_t end, size_t limit,
                 const struct point *points, size_t n)
{
    size_t seen = 0;

    for (size_t i = place_of(model, start); i < model->n && seen < limit; i++) {
        const struct point *want = &model->points[i];
        if (want->t >= end)
            break;
        if (seen >= n || points[seen].t != want->t || !same(points[seen].v, want->v))
            return false;
        seen++;
    }
    return seen == n;
}

void model_clear(struct model *model)
{
    free(model->points);
    *model = (struct model){0};
}

/* Few different values, so that repeats of the same value happen. */
static double random_value(struct trm_rng *rng)
{
    size_t pick = trm_rng_below(rng, 8);

    return pick == 7 ? (double)NAN : (double)pick - 2.5;
}

static int64_t random_start(struct trm_rng *rng, const struct model *model)
{
    int64_t first = model->n ? model->points[0].t : 0;
    int64_t last = model->n ? model->points[model->n - 1].t : 0;

    switch (trm_rng_below(rng, 8)) {
    case 0: /* somewhere in the middle */
    case 1:
        return first + (int64_t)trm_rng_below(rng, (size_t)(last - first) + 1);
    case 2: /* before everything */
        return first - 1 - (int64_t)trm_rng_below(rng, 300);
    case 3: /* over the end */
        return last - (int64_t)trm_rng_below(rng, 20);
    default:
        return last + 1 + (int64_t)trm_rng_below(rng, 3);
    }
}

size_t model_random_write(struct trm_rng *rng, const struct model *model, struct point *points,
                          size_t max)
{
    static const size_t sizes[] = {1, 1, 1, 2, 7, 40, 300, 2000};
    size_t most = sizes[trm_rng_below(rng, sizeof(sizes) / sizeof(sizes[0]))];
    size_t n = 1 + trm_rng_below(rng, most < max ? most : max);
    size_t stride = trm_rng_below(rng, 3) ? 1 : 1 + trm_rng_below(rng, 4);
    int64_t t = random_start(rng, model);

    for (size_t i = 0; i < n; i++) {
        points[i] = (struct point){.t = t, .v = random_value(rng)};
        t += 1 + (int64_t)trm_rng_below(rng, stride);
    }
    return n;
}
