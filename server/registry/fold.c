/* See fold.h. */
#include "server/registry/fold.h"

#include "core/model.h"

#include <math.h>

static double combined(const struct fold *fold, enum aggregate aggregate)
{
    switch (aggregate) {
    case AGGREGATE_MEAN:
        return fold->sum / (double)fold->n;
    case AGGREGATE_SUM:
        return fold->sum;
    case AGGREGATE_MIN:
        return fold->min;
    case AGGREGATE_MAX:
        return fold->max;
    case AGGREGATE_NONE:
    case AGGREGATE_LAST:
        break;
    }
    return fold->last;
}

double fold_value(const struct fold *fold, enum aggregate aggregate)
{
    if (fold->n == 0)
        return (double)NAN;
    return fmin(fmax(combined(fold, aggregate), -TRM_VALUE_MAX), TRM_VALUE_MAX);
}

static void observe(struct fold *fold, double v)
{
    fold->min = fold->n == 0 || v < fold->min ? v : fold->min;
    fold->max = fold->n == 0 || v > fold->max ? v : fold->max;
    fold->sum += v;
    fold->last = v;
    fold->n++;
}

bool fold_add(struct fold *fold, enum aggregate aggregate, int64_t step, struct point point,
              int64_t *ret_step, double *ret_value)
{
    bool closed = fold->open && fold->step != step;

    if (closed) {
        *ret_step = fold->step;
        *ret_value = fold_value(fold, aggregate);
    }
    if (closed || !fold->open)
        *fold = (struct fold){.open = true, .step = step};
    fold->last_t = point.t;
    if (!isnan(point.v))
        observe(fold, point.v);
    return closed;
}
