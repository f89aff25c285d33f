/* The ground core's arithmetic stands on. A missing value is a NaN, so a compiler told that NaNs do not
 * exist would delete every test for one: this header refuses such a build. */
#ifndef TRM_NUM_H
#define TRM_NUM_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "core needs NaN: build without -ffast-math and -ffinite-math-only"
#endif

/* The missing value as a double (math.h's NAN is a float). */
#define TRM_NAN ((double)NAN)

static inline double trm_clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static inline size_t trm_min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t trm_max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Ascending, by insertion: for the few dozen values that samples have here. */
static inline void trm_sort(double *at, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        double v = at[i];
        size_t j = i;
        for (; j && at[j - 1] > v; j--)
            at[j] = at[j - 1];
        at[j] = v;
    }
}

#endif
