/* What the benchmarks in C time with: the CPU time of this thread, and medians of rounds. Knows no figure;
 * refuses to know the wall clock, which other programs' work moves. */
#ifndef TESTS_BENCH_ROUNDS_H
#define TESTS_BENCH_ROUNDS_H

#include <stdlib.h>
#include <time.h>

static inline double cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static inline int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Of at[n], which it sorts. */
static inline double median(double *at, int n)
{
    qsort(at, (size_t)n, sizeof *at, by_value);
    return at[n / 2];
}

#endif
