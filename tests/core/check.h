/* What core's tests share: cmocka with its includes, doubles compared with a tolerance, made-up series. */
#ifndef TESTS_CORE_CHECK_H
#define TESTS_CORE_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"

#define assert_near(a, b, tolerance)                                                               \
    do {                                                                                           \
        double near_a = (a), near_b = (b);                                                         \
        if (!(fabs(near_a - near_b) <= (tolerance)))                                               \
            fail_msg("%s = %.17g, %s = %.17g, apart by %.3g", #a, near_a, #b, near_b,              \
                     fabs(near_a - near_b));                                                       \
    } while (0)

/* Daily cycle, slow trend and noise around 100. */
static inline void seasonal_series(double *v, size_t n, size_t season, uint64_t seed)
{
    struct trm_rng rng;

    trm_rng_seed(&rng, seed);
    for (size_t t = 0; t < n; t++)
        v[t] = 100 + .01 * (double)t + 10 * sin(6.28318530717958648 * (double)t / (double)season) +
               4 * cos(12.5663706143591730 * (double)t / (double)season) + trm_rng_normal(&rng);
}

#endif
