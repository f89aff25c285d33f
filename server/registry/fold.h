/* Several points of one step on their way to its value. Knows sums and extremes; refuses to know
 * time and where values go. Surprising: a step counts only when a point of a later one has come: an
 * hour's sum is not its sum before the hour is over, and a clock cannot tell when the last sender
 * has sent. */
#ifndef SERVER_FOLD_H
#define SERVER_FOLD_H

#include "server/base/series.h"

/* The step that is open: the newest one that has points. Zeroed memory has none. */
struct fold {
    bool open;
    int64_t step;
    size_t n; /* observed points so far */
    double sum, min, max, last;
    int64_t last_t; /* of the newest point, observed or not */
};

/* Adds a point of `step`, the one that is open or a later one, in order of time; the value v may be
 * NaN (missing: it opens the step and counts for nothing). Returns whether another step was open:
 * it is closed now, *ret_step and *ret_value say which and what it came to (NaN: nothing observed).
 */
bool fold_add(struct fold *fold, enum aggregate aggregate, int64_t step, struct point point,
              int64_t *ret_step, double *ret_value);

/* What the open step comes to so far, within TRM_VALUE_MAX; NaN where nothing is observed. */
double fold_value(const struct fold *fold, enum aggregate aggregate);

#endif
