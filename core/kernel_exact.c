/* Kernels whose bits are the same on every instruction set and whatever stands beside a value in a
 * register: compiled without fusing, sums in one order. What is compared or kept from call to call
 * rests on them. */
#include "core/kernel_parts.h"

/* LANES windows at once. */
static inline __attribute__((always_inline)) vec distances_vec(size_t length, const float *now,
                                                               const float *x, vec shift)
{
    vec lane[8] = {{0}};
    size_t i = 0;

    for (; i + 8 <= length; i += 8)
#pragma GCC unroll 8
        for (size_t k = 0; k < 8; k++) {
            vec e = now[i + k] - load(x + i + k) - shift;
            lane[k] += e * e;
        }
#pragma GCC unroll 8
    for (size_t k = 0; k < 8; k++)
        if (i + k < length) {
            vec e = now[i + k] - load(x + i + k) - shift;
            lane[k] += e * e;
        }
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* One window, the same sums. */
static inline __attribute__((always_inline)) float distance_one(size_t length, const float *now,
                                                                const float *x, float shift)
{
    float lane[8] = {0};

    for (size_t i = 0; i < length; i++) {
        float e = now[i] - x[i] - shift;
        lane[i % 8] += e * e;
    }
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

void TRM_KERNEL(distances)(size_t n, size_t length, const float *now, const float *x,
                           const float *shift, float *ret)
{
    size_t t = 0;

    for (; t + LANES <= n; t += LANES)
        *(vec_any *)(ret + t) = distances_vec(length, now, x + t, load(shift + t));
    for (; t < n; t++)
        ret[t] = distance_one(length, now, x + t, shift[t]);
}

/* `vectors` registers of lags. */
static inline __attribute__((always_inline)) void
lagged_part(size_t vectors, size_t n, const double *x, const double *ahead, double *ret)
{
    wide sum[8] = {{0}};

    for (size_t t = 0; t < n; t++)
#pragma GCC unroll 8
        for (size_t c = 0; c < vectors; c++)
            sum[c] += x[t] * load_wide(ahead + t + c * WIDE);
#pragma GCC unroll 8
    for (size_t c = 0; c < vectors; c++)
        store_wide(ret + c * WIDE, sum[c]);
}

void TRM_KERNEL(lagged)(size_t lags, size_t n, const double *x, double *ret)
{
    size_t d = 0;

    for (; d + 8 * WIDE <= lags; d += 8 * WIDE)
        lagged_part(8, n, x, x + d, ret + d);
    if (d + 4 * WIDE <= lags) {
        lagged_part(4, n, x, x + d, ret + d);
        d += 4 * WIDE;
    }
    for (; d + WIDE <= lags; d += WIDE)
        lagged_part(1, n, x, x + d, ret + d);
    for (; d < lags; d++) {
        ret[d] = 0;
        for (size_t t = 0; t < n; t++)
            ret[d] += x[t] * x[t + d];
    }
}

void TRM_KERNEL(slide)(size_t n, double sign, double *sum, double *product, const double *in,
                       const double *out)
{
    double first_in = n ? in[0] : 0, first_out = n ? out[0] : 0;

#pragma omp simd
    for (size_t d = 0; d < n; d++) {
        sum[d] += sign * product[d];
        product[d] += first_in * in[d] - first_out * out[d];
    }
}

#define TRIES (3 * WIDE) /* smoothings that run side by side */

static inline __attribute__((always_inline)) void holt_few(size_t n, const double *d, double start,
                                                           const double *alpha, const double *beta,
                                                           const double *phi, double *ret)
{
    wide level[3], trend[3], error[3], a[3], ab[3], f[3];

#pragma GCC unroll 3
    for (size_t c = 0; c < 3; c++) {
        level[c] = (wide){0} + d[0], trend[c] = (wide){0} + start, error[c] = (wide){0};
        a[c] = load_wide(alpha + c * WIDE), f[c] = load_wide(phi + c * WIDE);
        ab[c] = a[c] * load_wide(beta + c * WIDE);
    }
    for (size_t i = 1; i < n; i++)
#pragma GCC unroll 3
        for (size_t c = 0; c < 3; c++) {
            wide ahead = level[c] + f[c] * trend[c], e = d[i] - ahead;
            error[c] += magnitude_wide(e);
            level[c] = ahead + a[c] * e;
            trend[c] = f[c] * trend[c] + ab[c] * e;
        }
#pragma GCC unroll 3
    for (size_t c = 0; c < 3; c++)
        store_wide(ret + c * WIDE, error[c]);
}

void TRM_KERNEL(holt)(size_t n, const double *d, double trend, const double *alpha,
                      const double *beta, const double *phi, double *ret)
{
    for (size_t i = 0; i < 12; i += TRIES)
        holt_few(n, d, trend, alpha + i, beta + i, phi + i, ret + i);
}

void TRM_KERNEL(winters)(size_t n, const double *v, size_t m, const double *alpha,
                         const double *gamma, double *season, double *ret)
{
    enum { VECTORS = 8 / WIDE };
    wide level[VECTORS], error[VECTORS], a[VECTORS], g[VECTORS];

    for (size_t c = 0; c < VECTORS; c++) {
        level[c] = v[0] - load_wide(season + c * WIDE), error[c] = (wide){0};
        a[c] = load_wide(alpha + c * WIDE);
        g[c] = load_wide(gamma + c * WIDE) * (1 - a[c]);
    }
    for (size_t t = 0, p = 0; t < n; t++, p = p + 1 == m ? 0 : p + 1)
#pragma GCC unroll 4
        for (size_t c = 0; c < VECTORS; c++) {
            double *at = season + p * 8 + c * WIDE;
            wide index = load_wide(at), e = v[t] - level[c] - index;
            error[c] += magnitude_wide(e);
            level[c] += a[c] * e;
            store_wide(at, index + g[c] * e);
        }
    for (size_t c = 0; c < VECTORS; c++)
        store_wide(ret + c * WIDE, error[c]);
}
