/* What the files of kernels share: registers, and each file's part of the table. Each is compiled
 * once per instruction set, whose name TRM_KERNEL_SUFFIX ends every public name. Written in GCC's
 * vector extensions: one source, registers of whatever width the target has. Nobody else includes
 * this. */
#ifndef TRM_KERNEL_PARTS_H
#define TRM_KERNEL_PARTS_H

#include "core/kernel.h"

#include "core/num.h"

#define TRM_KERNEL_JOIN(a, b) a##b
#define TRM_KERNEL_NAMED(name, suffix) TRM_KERNEL_JOIN(name, suffix)
#define TRM_KERNEL(name) TRM_KERNEL_NAMED(trm_kernel_##name##_, TRM_KERNEL_SUFFIX)

#if defined(__AVX__)
#define LANES 8 /* floats in a register */
#else
#define LANES 4
#endif
#define WIDE (LANES / 2) /* doubles in a register */

typedef float vec __attribute__((vector_size(LANES * sizeof(float))));
typedef float vec_any __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

static inline vec load(const float *p)
{
    return *(const vec_any *)p;
}

typedef int ints __attribute__((vector_size(LANES * sizeof(int))));

/* a where the mask is all ones, b where it is 0. */
static inline vec choose(ints mask, vec a, vec b)
{
    return (vec)(((ints)a & mask) | ((ints)b & ~mask));
}

typedef double wide __attribute__((vector_size(WIDE * sizeof(double))));
typedef double wide_any __attribute__((vector_size(WIDE * sizeof(double)), aligned(8), may_alias));
typedef int64_t longs __attribute__((vector_size(WIDE * sizeof(int64_t))));
typedef uint64_t bits64 __attribute__((vector_size(WIDE * sizeof(uint64_t))));

static inline wide load_wide(const double *p)
{
    return *(const wide_any *)p;
}

static inline void store_wide(double *p, wide v)
{
    *(wide_any *)p = v;
}

static inline wide load_few(const double *p, size_t n, double fill)
{
    wide v = (wide){0} + fill;
    for (size_t l = 0; l < n; l++)
        v[l] = p[l];
    return v;
}

static inline wide choose_wide(longs mask, wide a, wide b)
{
    return (wide)(((longs)a & mask) | ((longs)b & ~mask));
}

static inline wide magnitude_wide(wide x)
{
    return (wide)((longs)x & 0x7fffffffffffffff);
}

/* kernel_draft.c */
void TRM_KERNEL(gram_of)(size_t rows, const double *x, double *gram);
int TRM_KERNEL(solve_normal)(size_t n, double *a, double *ret);
float TRM_KERNEL(lowest)(size_t n, const float *x);
void TRM_KERNEL(sort_columns)(size_t rows, size_t n, double *x, size_t x_row);
void TRM_KERNEL(log_all)(size_t n, const double *x, double *y);
void TRM_KERNEL(exp_all)(size_t n, const double *x, double *y);
void TRM_KERNEL(squash)(size_t n, const double *x, float *y);
void TRM_KERNEL(rows_times)(size_t m, size_t n, const double *a, const double *x, double *ret);
void TRM_KERNEL(times_rows)(size_t m, size_t n, const double *x, const double *a, double *ret);

/* kernel_solve.c */
int TRM_KERNEL(cholesky)(size_t n, double *a, size_t row, double *work);
void TRM_KERNEL(cholesky_solve)(size_t n, size_t m, const double *l, size_t l_row, double *b,
                                size_t b_row);

/* kernel_exact.c */
void TRM_KERNEL(distances)(size_t n, size_t length, const float *now, const float *x,
                           const float *shift, float *ret);
void TRM_KERNEL(lagged)(size_t lags, size_t n, const double *x, double *ret);
void TRM_KERNEL(slide)(size_t n, double sign, double *sum, double *product, const double *in,
                       const double *out);
void TRM_KERNEL(holt)(size_t n, const double *d, double trend, const double *alpha,
                      const double *beta, const double *phi, double *ret);
void TRM_KERNEL(winters)(size_t n, const double *v, size_t m, const double *alpha,
                         const double *gamma, double *season, double *ret);

#endif
