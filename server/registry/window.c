/* An array with slack behind: the window moves along it and is moved back to its front when it
 * reaches the end, so that appending costs little and the values always lie in one piece. */
#include "server/registry/window.h"

#include "core/model.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 32
#define CAPACITY_MAX ((size_t)TRM_CONTEXT_MAX + TRM_CONTEXT_MAX / 8)

void window_done(struct window *window)
{
    free(window->values);
    *window = (struct window){0};
}

/* Steps first..last as a count, cut at the longest window. */
static size_t span(int64_t first, int64_t last)
{
    uint64_t n = (uint64_t)last - (uint64_t)first + 1;

    return n < TRM_CONTEXT_MAX ? (size_t)n : TRM_CONTEXT_MAX;
}

static size_t capacity_for(size_t wanted)
{
    size_t capacity = CAPACITY_FIRST;

    if (wanted >= TRM_CONTEXT_MAX)
        return CAPACITY_MAX;
    while (capacity < wanted)
        capacity *= 2;
    return capacity < CAPACITY_MAX ? capacity : CAPACITY_MAX;
}

bool window_claim(struct window *window, int64_t first, int64_t last)
{
    if (window->claimed) {
        first = first < window->claim_first ? first : window->claim_first;
        last = last > window->claim_last ? last : window->claim_last;
    }
    size_t wanted = span(first, last);
    if (wanted > window->capacity) {
        size_t capacity = capacity_for(wanted);
        double *values = realloc(window->values, capacity * sizeof *values);
        if (!values)
            return false;
        window->values = values;
        window->capacity = capacity;
    }
    window->claimed = true;
    window->claim_first = first;
    window->claim_last = last;
    return true;
}

static void fill_missing(double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = (double)NAN;
}

static void move_to(struct window *window, size_t start)
{
    memmove(window->values + start, window->values + window->start,
            window->n * sizeof *window->values);
    window->start = start;
}

static void drop_oldest(struct window *window, size_t n)
{
    window->start += n;
    window->n -= n;
    window->first_step += (int64_t)n;
}

/* Makes `by` steps of room after the end, all missing. */
static void extend_after(struct window *window, int64_t by)
{
    if (by >= TRM_CONTEXT_MAX) { /* nothing of what was there stays */
        window->first_step += (int64_t)window->n + by - TRM_CONTEXT_MAX;
        window->start = 0;
        window->n = TRM_CONTEXT_MAX;
        fill_missing(window->values, window->n);
        return;
    }
    if (window->n + (size_t)by > TRM_CONTEXT_MAX)
        drop_oldest(window, window->n + (size_t)by - TRM_CONTEXT_MAX);
    if (window->start + window->n + (size_t)by > window->capacity)
        move_to(window, 0);
    fill_missing(window->values + window->start + window->n, (size_t)by);
    window->n += (size_t)by;
}

/* Makes `by` steps of room before the start; false where that is further back than memory goes. */
static bool extend_before(struct window *window, int64_t by)
{
    if (by > (int64_t)(TRM_CONTEXT_MAX - window->n))
        return false;
    if ((size_t)by > window->start)
        move_to(window, (size_t)by);
    window->start -= (size_t)by;
    window->first_step -= by;
    window->n += (size_t)by;
    fill_missing(window->values + window->start, (size_t)by);
    return true;
}

void window_put(struct window *window, int64_t step, double value)
{
    assert(window->claimed && step >= window->claim_first && step <= window->claim_last);
    if (window->n == 0) {
        window->start = 0;
        window->first_step = step;
        window->n = 1;
    } else if (step >= window_end(window)) {
        extend_after(window, step - window_end(window) + 1);
    } else if (step < window->first_step && !extend_before(window, window->first_step - step)) {
        return;
    }
    window->values[window->start + (size_t)(step - window->first_step)] = value;
}

struct window_view window_view(const struct window *window)
{
    size_t skip = 0;

    while (skip < window->n && isnan(window->values[window->start + skip]))
        skip++;
    if (skip == window->n)
        return (struct window_view){0};
    return (struct window_view){window->values + window->start + skip, window->n - skip,
                                window->first_step + (int64_t)skip};
}

size_t window_observed(const struct window *window)
{
    size_t n = 0;

    for (size_t i = 0; i < window->n; i++)
        n += !isnan(window->values[window->start + i]);
    return n;
}

int64_t window_end(const struct window *window)
{
    return window->first_step + (int64_t)window->n;
}

size_t window_bytes(const struct window *window)
{
    return window->capacity * sizeof *window->values;
}
