/* Kernels of drafts and records: normal equations of a few terms, sorting in lanes, logarithms and
 * exponentials of doubles, mixtures. */
#include "core/kernel_parts.h"

#include <string.h>

#define SIDE 16

/* The sums of rows i .. i + 3 and the columns of `vectors` registers from j on; a constant at every
 * call but the rows. */
static inline __attribute__((always_inline)) void
gram_part(size_t rows, const double *x, double *gram, size_t i, size_t j, size_t vectors)
{
    wide sum[4][3];

#pragma GCC unroll 4
    for (size_t r = 0; r < 4; r++)
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++)
            sum[r][c] = load_wide(gram + (i + r) * SIDE + j + c * WIDE);
    for (size_t t = 0; t < rows; t++, x += SIDE)
#pragma GCC unroll 4
        for (size_t r = 0; r < 4; r++)
#pragma GCC unroll 3
            for (size_t c = 0; c < vectors; c++)
                sum[r][c] += x[i + r] * load_wide(x + j + c * WIDE);
#pragma GCC unroll 4
    for (size_t r = 0; r < 4; r++)
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++)
            store_wide(gram + (i + r) * SIDE + j + c * WIDE, sum[r][c]);
}

void TRM_KERNEL(gram_of)(size_t rows, const double *x, double *gram)
{
#if LANES == 8
    gram_part(rows, x, gram, 0, 0, 2);
    gram_part(rows, x, gram, 0, 8, 2);
    gram_part(rows, x, gram, 4, 4, 3);
    gram_part(rows, x, gram, 8, 8, 2);
    gram_part(rows, x, gram, 12, 12, 1);
#else
    for (size_t i = 0; i < SIDE; i += 4)
        for (size_t j = i; j < SIDE; j += 4)
            gram_part(rows, x, gram, i, j, 2);
#endif
}

/* Takes row k times share off row i, from column i on and a little before. */
static inline void eliminate(double *a, size_t k, size_t i, double share)
{
    for (size_t j = i / WIDE * WIDE; j < SIDE; j += WIDE)
        store_wide(a + i * SIDE + j,
                   load_wide(a + i * SIDE + j) - share * load_wide(a + k * SIDE + j));
}

/* Gauss without pivoting: the rows stay symmetrical, so the upper triangle is enough. */
int TRM_KERNEL(solve_normal)(size_t n, double *a, double *ret)
{
    double inverse[SIDE];

    for (size_t k = 0; k < n; k++) {
        double pivot = a[k * SIDE + k];
        if (!(pivot > 0))
            return -1;
        inverse[k] = 1.0 / pivot;
        for (size_t i = k + 1; i < n; i++)
            eliminate(a, k, i, a[k * SIDE + i] * inverse[k]);
    }
    for (size_t k = 0; k < n; k++)
        ret[k] = a[k * SIDE + n];
    for (size_t k = n; k-- > 0;) {
        ret[k] *= inverse[k];
        for (size_t i = 0; i < k; i++)
            ret[i] -= a[i * SIDE + k] * ret[k];
    }
    return 0;
}

float TRM_KERNEL(lowest)(size_t n, const float *x)
{
    vec least = (vec){0} + INFINITY;
    float ret = INFINITY;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        vec v = load(x + i);
        least = choose(v < least, v, least);
    }
    for (; i < n; i++)
        ret = x[i] < ret ? x[i] : ret;
    for (int l = 0; l < LANES; l++)
        ret = least[l] < ret ? least[l] : ret;
    return ret;
}

#define SORT_MAX 24

static inline void in_order(wide *a, wide *b)
{
    longs turned = *b < *a;
    wide low = choose_wide(turned, *b, *a);

    *b = choose_wide(turned, *a, *b);
    *a = low;
}

/* Batcher's merge exchange (Knuth 5.2.2, M), a column in every lane. */
static void sort_lanes(size_t n, wide *at)
{
    size_t top = 1;

    while (2 * top < n)
        top *= 2;
    for (size_t p = top; p; p /= 2)
        for (size_t q = top, r = 0, d = p;; d = q - p, q /= 2, r = p) {
            for (size_t i = r; i + d < n; i += 2 * p)
                for (size_t k = i; k < i + p && k + d < n; k++)
                    in_order(at + k, at + k + d);
            if (q == p)
                break;
        }
}

void TRM_KERNEL(sort_columns)(size_t rows, size_t n, double *x, size_t x_row)
{
    wide at[SORT_MAX];

    for (size_t j = 0; j < n; j += WIDE) {
        size_t some = n - j < WIDE ? n - j : WIDE;
        for (size_t i = 0; i < rows; i++)
            at[i] =
                some == WIDE ? load_wide(x + i * x_row + j) : load_few(x + i * x_row + j, some, 0);
        sort_lanes(rows, at);
        for (size_t i = 0; i < rows; i++)
            memcpy(x + i * x_row + j, at + i, some * sizeof *x);
    }
}

/* ln((1 + s) / (1 - s)) + more by the series of atanh up to s^21, for |s| < .18 (1e-17 there). */
static inline wide log_ratio_wide(wide s, wide more)
{
    wide q = s * s;
    wide tail =
        q * (1.0 / 3 +
             q * (1.0 / 5 +
                  q * (1.0 / 7 +
                       q * (1.0 / 9 +
                            q * (1.0 / 11 +
                                 q * (1.0 / 13 +
                                      q * (1.0 / 15 +
                                           q * (1.0 / 17 + q * (1.0 / 19 + q * (1.0 / 21))))))))));

    return 2.0 * s + (2.0 * s * tail + more);
}

/* The mantissa in [sqrt 1/2, sqrt 2). */
static inline wide log_wide(wide x)
{
    longs bits = (longs)x;
    longs up = (bits & 0xfffffffffffff) > 0x6a09e667f3bcc;
    wide m = (wide)((bits & 0xfffffffffffff) | 0x3ff0000000000000);
    longs whole = ((longs)((bits64)bits >> 52) - up) | 0x4330000000000000;
    wide exponent = (wide)whole - (4503599627370496.0 + 1023.0);
    m = choose_wide(up, .5 * m, m);
    return exponent * 0.693147180369123816490 +
           log_ratio_wide((m - 1.0) / (m + 1.0), exponent * 1.90821492927058770002e-10);
}

/* 2^n times the Taylor polynomial of the remainder, below .35: degree 13 leaves 1e-17. */
static inline wide exp_wide(wide x)
{
    wide shifted = x * 1.44269504088896338700 + 6755399441055744.0; /* 1.5 * 2^52 rounds to whole */
    wide whole = shifted - 6755399441055744.0;
    longs n = (longs)shifted;
    wide r = x - whole * 0.693147180369123816490 - whole * 1.90821492927058770002e-10;
    wide p =
        1.0 / 720 +
        r * (1.0 / 5040 +
             r * (1.0 / 40320 +
                  r * (1.0 / 362880 + r * (1.0 / 3628800 + r * (1.0 / 39916800 +
                                                                r * (1.0 / 479001600 +
                                                                     r * (1.0 / 6227020800.0)))))));

    p = 1.0 + r * (1.0 + r * (.5 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r * p)))));
    return (wide)((longs)p + (n << 52));
}

static inline __attribute__((always_inline)) void each_wide(size_t n, const double *x, double *y,
                                                            wide (*f)(wide), double fill)
{
    for (size_t i = 0; i < n; i += WIDE) {
        size_t some = n - i < WIDE ? n - i : WIDE;
        wide out = f(some == WIDE ? load_wide(x + i) : load_few(x + i, some, fill));
        memcpy(y + i, &out, some * sizeof *y);
    }
}

void TRM_KERNEL(log_all)(size_t n, const double *x, double *y)
{
    each_wide(n, x, y, log_wide, 1);
}

void TRM_KERNEL(exp_all)(size_t n, const double *x, double *y)
{
    each_wide(n, x, y, exp_wide, 0);
}

/* Near 0 by the series, so that what is small stays exact. */
static inline wide squash_wide(wide x)
{
    wide size = magnitude_wide(x), top = (wide){0} + 1e6;
    size = choose_wide(size > top, top, size);
    wide y = choose_wide(size < .4, log_ratio_wide(size / (2.0 + size), (wide){0}),
                         log_wide(1.0 + size));

    return (wide)((longs)y | ((longs)x & ~0x7fffffffffffffff));
}

void TRM_KERNEL(squash)(size_t n, const double *x, float *y)
{
    for (size_t i = 0; i < n; i += WIDE) {
        size_t some = n - i < WIDE ? n - i : WIDE;
        wide out = squash_wide(some == WIDE ? load_wide(x + i) : load_few(x + i, some, 0));
        for (size_t l = 0; l < some; l++)
            y[i + l] = (float)out[l];
    }
}

static double sum_of(wide v)
{
    double sum = 0;

    for (int l = 0; l < WIDE; l++)
        sum += v[l];
    return sum;
}

static double dot(size_t n, const double *a, const double *b)
{
    wide sum[2] = {{0}};
    size_t j = 0;

    for (; j + 2 * WIDE <= n; j += 2 * WIDE) {
        sum[0] += load_wide(a + j) * load_wide(b + j);
        sum[1] += load_wide(a + j + WIDE) * load_wide(b + j + WIDE);
    }
    double rest = sum_of(sum[0] + sum[1]);
    for (; j < n; j++)
        rest += a[j] * b[j];
    return rest;
}

void TRM_KERNEL(rows_times)(size_t m, size_t n, const double *a, const double *x, double *ret)
{
    for (size_t i = 0; i < m; i++)
        ret[i] = dot(n, a + i * n, x);
}

void TRM_KERNEL(times_rows)(size_t m, size_t n, const double *x, const double *a, double *ret)
{
    size_t j = 0;

    for (; j + 2 * WIDE <= n; j += 2 * WIDE) {
        wide sum[4] = {{0}};
        size_t i = 0;
        for (; i + 2 <= m; i += 2) {
            const double *at = a + i * n + j;
            sum[0] += x[i] * load_wide(at);
            sum[1] += x[i] * load_wide(at + WIDE);
            sum[2] += x[i + 1] * load_wide(at + n);
            sum[3] += x[i + 1] * load_wide(at + n + WIDE);
        }
        if (i < m) {
            sum[0] += x[i] * load_wide(a + i * n + j);
            sum[1] += x[i] * load_wide(a + i * n + j + WIDE);
        }
        store_wide(ret + j, sum[0] + sum[2]);
        store_wide(ret + j + WIDE, sum[1] + sum[3]);
    }
    for (; j < n; j++) {
        ret[j] = 0;
        for (size_t i = 0; i < m; i++)
            ret[j] += x[i] * a[i * n + j];
    }
}
