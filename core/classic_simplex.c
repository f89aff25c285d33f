/* The simplex method in a box. */
#include "core/classic_parts.h"

#include <string.h>

struct simplex {
    double (*value)(void *ctx, const double *x);
    void *ctx;
    size_t dims, left; /* evaluations that may still be spent */
    const double *low, *high;
    double corner[SIMPLEX_MAX + 1][SIMPLEX_MAX], at[SIMPLEX_MAX + 1]; /* ascending */
    double centre[SIMPLEX_MAX];                                       /* of all but the worst */
};

static double evaluate(struct simplex *s, double *x)
{
    for (size_t i = 0; i < s->dims; i++)
        x[i] = trm_clamp(x[i], s->low[i], s->high[i]);
    s->left -= s->left > 0;
    return s->value(s->ctx, x);
}

/* Puts a corner where its value belongs among the `n` before it. */
static void place(struct simplex *s, size_t n, const double *x, double at)
{
    size_t i = n;

    for (; i && s->at[i - 1] > at; i--) {
        memcpy(s->corner[i], s->corner[i - 1], s->dims * sizeof *x);
        s->at[i] = s->at[i - 1];
    }
    memcpy(s->corner[i], x, s->dims * sizeof *x);
    s->at[i] = at;
}

static void first_corners(struct simplex *s, const double *start, const double *step)
{
    double x[SIMPLEX_MAX];

    for (size_t k = 0; k <= s->dims; k++) {
        memcpy(x, start, s->dims * sizeof *x);
        if (k) /* inwards where the bound is near */
            x[k - 1] += x[k - 1] + step[k - 1] <= s->high[k - 1] ? step[k - 1] : -step[k - 1];
        double at = evaluate(s, x);
        place(s, k, x, at);
    }
}

static void find_centre(struct simplex *s)
{
    for (size_t i = 0; i < s->dims; i++) {
        s->centre[i] = 0;
        for (size_t k = 0; k < s->dims; k++)
            s->centre[i] += s->corner[k][i] / (double)s->dims;
    }
}

/* The point that far from the centre on the worst corner's line; negative: beyond the centre. */
static double try_at(struct simplex *s, double far, double *ret_x)
{
    for (size_t i = 0; i < s->dims; i++)
        ret_x[i] = s->centre[i] + far * (s->corner[s->dims][i] - s->centre[i]);
    return evaluate(s, ret_x);
}

static void shrink(struct simplex *s, double share)
{
    double x[SIMPLEX_MAX];

    for (size_t k = 1; k <= s->dims; k++) {
        for (size_t i = 0; i < s->dims; i++)
            x[i] = s->corner[0][i] + share * (s->corner[k][i] - s->corner[0][i]);
        double at = evaluate(s, x);
        place(s, k, x, at);
    }
}

/* One step: the worst corner is replaced, or all but the best drawn in. */
static void step(struct simplex *s)
{
    double n = (double)s->dims, x[SIMPLEX_MAX], other[SIMPLEX_MAX];
    size_t worst = s->dims;

    find_centre(s);
    double at = try_at(s, -1, x);
    if (at < s->at[0]) {
        double further = try_at(s, -(1 + 2 / n), other);
        place(s, worst, further < at ? other : x, fmin(further, at));
    } else if (at < s->at[worst - 1]) {
        place(s, worst, x, at);
    } else {
        double near = n > 1 ? .75 - .5 / n : .5;
        double nearer = try_at(s, at < s->at[worst] ? -near : near, other);
        if (nearer < fmin(at, s->at[worst]))
            place(s, worst, other, nearer);
        else
            shrink(s, n > 1 ? 1 - 1 / n : .5);
    }
}

double trm_classic_minimise(double (*value)(void *ctx, const double *x), void *ctx, size_t dims,
                            double *x, const double *size, const double *low, const double *high,
                            double tolerance, size_t evaluations)
{
    struct simplex s = {.value = value, .ctx = ctx, .dims = dims, .left = evaluations, .low = low,
                        .high = high};

    first_corners(&s, x, size);
    while (s.left > 0 && !(s.at[dims] - s.at[0] <= tolerance))
        step(&s);
    memcpy(x, s.corner[0], dims * sizeof *x);
    return s.at[0];
}
