/* The recent values of a series, one for each step, at most TRM_CONTEXT_MAX. Knows steps and gaps
 * (a step without a value is NaN); refuses to know time. Surprising: memory for a write is claimed
 * before the write is sent to the store (window_claim), because once it is durable, taking it into
 * memory may not fail any more. A jump of a million steps costs no more than one window. */
#ifndef SERVER_WINDOW_H
#define SERVER_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
    double *values; /* [capacity]; the window is values[start .. start + n) */
    size_t capacity, start, n;
    int64_t first_step; /* of values[start]; valid when n > 0 */
    bool claimed;
    int64_t claim_first, claim_last; /* steps that may be put without asking for memory */
};

/* Zeroed memory is an empty window. */
void window_done(struct window *window);

/* Makes sure that window_put of any of the steps first..last (first <= last) finds room, whatever
 * other claims are put before, between and after. False when out of memory (nothing changed). */
__attribute__((warn_unused_result)) bool window_claim(struct window *window, int64_t first,
                                                      int64_t last);

/* Sets the value of a step that was claimed. Steps older than the window holds are ignored. */
void window_put(struct window *window, int64_t step, double value);

/* What a forecast sees: from the first observed value to the last step, observed or not. The same
 * points give the same view in whatever order they came. n is 0 when nothing was observed. */
struct window_view {
    const double *values;
    size_t n;
    int64_t first_step;
};
struct window_view window_view(const struct window *window);

/* Values in the window that are not NaN. */
size_t window_observed(const struct window *window);

/* Step after the last; the window must not be empty. */
int64_t window_end(const struct window *window);

size_t window_bytes(const struct window *window);

#endif
