/* The kernels, compiled once per instruction set (TRM_KERNEL_SET names the table). Written in GCC's
 * vector extensions: one source, registers of whatever width the target has. */
#include "core/kernel.h"

#include "core/num.h"

#include <string.h>

#if defined(__AVX__)
#define LANES 8 /* floats in a register */
#else
#define LANES 4
#endif
#define ROWS 6 /* rows of C in registers: 6 x 2 vectors of sums + 2 of B + 1 of A fit in 16 */
#define COLS (2 * LANES)

typedef float vec __attribute__((vector_size(LANES * sizeof(float))));
typedef float vec_any __attribute__((vector_size(LANES * sizeof(float)), aligned(4), may_alias));

static inline vec load(const float *p)
{
    return *(const vec_any *)p;
}

static inline void add_to(float *p, vec v)
{
    *(vec_any *)p += v;
}

/* One tile of `rows` x COLS of C; rows is a constant at every call, so the loops unroll. */
static inline __attribute__((always_inline)) void tile(size_t rows, size_t k, const float *a,
                                                       size_t a_row, size_t a_col, const float *b,
                                                       size_t b_row, float *c, size_t c_row)
{
    vec sum[ROWS][2] = {{{0}}};

    for (size_t p = 0; p < k; p++) {
        vec b0 = load(b + p * b_row), b1 = load(b + p * b_row + LANES);
#pragma GCC unroll 6
        for (size_t i = 0; i < rows; i++) {
            float s = a[i * a_row + p * a_col];
            sum[i][0] += s * b0;
            sum[i][1] += s * b1;
        }
    }
#pragma GCC unroll 6
    for (size_t i = 0; i < rows; i++) {
        add_to(c + i * c_row, sum[i][0]);
        add_to(c + i * c_row + LANES, sum[i][1]);
    }
}

/* The columns that do not fill a tile. */
static void edge(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_col,
                 const float *b, size_t b_row, float *c, size_t c_row)
{
    for (size_t i = 0; i < m; i++) {
        float sum[COLS] = {0};
        for (size_t p = 0; p < k; p++) {
            float s = a[i * a_row + p * a_col];
            for (size_t j = 0; j < n; j++)
                sum[j] += s * b[p * b_row + j];
        }
        for (size_t j = 0; j < n; j++)
            c[i * c_row + j] += sum[j];
    }
}

static void sgemm(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_col,
                  const float *b, size_t b_row, float *c, size_t c_row)
{
    size_t j = 0;

    for (; j + COLS <= n; j += COLS) {
        size_t i = 0;
        for (; i + ROWS <= m; i += ROWS)
            tile(ROWS, k, a + i * a_row, a_row, a_col, b + j, b_row, c + i * c_row + j, c_row);
        for (; i + 2 <= m; i += 2)
            tile(2, k, a + i * a_row, a_row, a_col, b + j, b_row, c + i * c_row + j, c_row);
        if (i < m)
            tile(1, k, a + i * a_row, a_row, a_col, b + j, b_row, c + i * c_row + j, c_row);
    }
    if (j < n)
        edge(m, n - j, k, a, a_row, a_col, b + j, b_row, c + j, c_row);
}

typedef int ints __attribute__((vector_size(LANES * sizeof(int))));

/* a where the mask is all ones, b where it is 0. */
static inline vec choose(ints mask, vec a, vec b)
{
    return (vec)(((ints)a & mask) | ((ints)b & ~mask));
}

/* exp(x) for x in [-87, 87]: 2^n times the degree-6 Taylor polynomial of the remainder, which Cody and
 * Waite's split of ln 2 keeps within 0.35 (relative error below 2e-7; tested against libm). */
static inline vec exp_near(vec x)
{
    vec t = x * 1.44269504f;
    vec half = (vec){0} + 0.5f;
    ints n = __builtin_convertvector(t + choose(t < 0, -half, half), ints);
    vec whole = __builtin_convertvector(n, vec);
    vec r = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    vec p = 1.0f + r * (1.0f + r * (0.5f + r * (1.66666667e-1f +
               r * (4.16666667e-2f + r * (8.3333333e-3f + r * 1.3888889e-3f)))));
    return p * (vec)((n + 127) << 23);
}

static inline void silu_vec(vec v, vec *y, vec *d)
{
    vec top = (vec){0} + 80.0f, bounded = choose(v < -top, -top, choose(v > top, top, v));
    vec s = 1.0f / (1.0f + exp_near(-bounded));

    *y = v * s;
    *d = s + v * s * (1.0f - s);
}

static void silu(size_t n, const float *x, float *y, float *d)
{
    vec out, slope;
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        silu_vec(load(x + i), &out, &slope);
        *(vec_any *)(y + i) = out;
        *(vec_any *)(d + i) = slope;
    }
    if (i < n) {
        vec last = {0};
        memcpy(&last, x + i, (n - i) * sizeof *x);
        silu_vec(last, &out, &slope);
        memcpy(y + i, &out, (n - i) * sizeof *y);
        memcpy(d + i, &slope, (n - i) * sizeof *d);
    }
}

/* The polynomial of atanh: ln((1 + s) / (1 - s)) = 2 s (1 + s^2 / 3 + s^4 / 5 + ...), good to 1e-8
 * relative for |s| <= 1/3. */
static inline vec log_ratio(vec s)
{
    vec q = s * s;

    return 2.0f * s * (1.0f + q * (3.3333333e-1f + q * (0.2f + q * (1.4285714e-1f + q * (1.1111111e-1f +
                      q * (9.0909091e-2f + q * 7.6923077e-2f))))));
}

/* ln x for normal x > 0: the exponent times ln 2, and the ratio's series for the mantissa in [1, 2). */
static inline vec log_near(vec x)
{
    ints bits = (ints)x;
    vec exponent = __builtin_convertvector((bits >> 23) - 127, vec);
    vec m = (vec)((bits & 0x7fffff) | 0x3f800000);

    return exponent * 0.693359375f + (log_ratio((m - 1.0f) / (m + 1.0f)) - exponent * 2.12194440e-4f);
}

static inline vec magnitude(vec x)
{
    return (vec)((ints)x & 0x7fffffff);
}

static inline vec sign_of(vec sign, vec x)
{
    return (vec)(((ints)x & 0x7fffffff) | ((ints)sign & ~0x7fffffff));
}

static inline vec at_most(vec x, float bound)
{
    vec top = (vec){0} + bound;
    return choose(x > top, top, x);
}

static inline void softplus_vec(vec x, vec *y, vec *d)
{
    vec e = exp_near(-at_most(magnitude(x), 80.0f)); /* in (0, 1]: no overflow, and small e stay exact */

    *y = choose(x > 0, x, (vec){0}) + log_ratio(e / (2.0f + e));
    *d = choose(x > 0, (vec){0} + 1.0f, e) / (1.0f + e);
}

static inline vec tanh_vec(vec x)
{
    vec e = exp_near(-2.0f * at_most(magnitude(x), 40.0f));
    return sign_of(x, (1.0f - e) / (1.0f + e));
}

static inline vec signed_log_vec(vec x)
{
    return sign_of(x, log_near(1.0f + at_most(magnitude(x), 1e38f)));
}

/* What does not fill a register, in one; the rest of it is `fill`. */
static inline vec load_some(const float *p, size_t n, float fill)
{
    vec v = (vec){0} + fill;
    memcpy(&v, p, n * sizeof *p);
    return v;
}

static void softplus(size_t n, const float *x, float *y, float *d)
{
    for (size_t i = 0; i < n; i += LANES) {
        size_t some = n - i < LANES ? n - i : LANES;
        vec out, slope;
        softplus_vec(some == LANES ? load(x + i) : load_some(x + i, some, 0), &out, &slope);
        memcpy(y + i, &out, some * sizeof *y);
        memcpy(d + i, &slope, some * sizeof *d);
    }
}

static inline __attribute__((always_inline)) void each(size_t n, const float *x, float *y, vec (*f)(vec))
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        *(vec_any *)(y + i) = f(load(x + i));
    if (i < n) {
        vec last = f(load_some(x + i, n - i, 0));
        memcpy(y + i, &last, (n - i) * sizeof *y);
    }
}

static void tanh_all(size_t n, const float *x, float *y)
{
    each(n, x, y, tanh_vec);
}

static void signed_log(size_t n, const float *x, float *y)
{
    each(n, x, y, signed_log_vec);
}

static float largest(size_t n, const float *x)
{
    vec top = (vec){0} - 3e38f;
    float most = -3e38f;

    for (size_t i = 0; i < n; i += LANES) {
        vec v = n - i >= LANES ? load(x + i) : load_some(x + i, n - i, -3e38f);
        top = choose(v > top, v, top);
    }
    for (int l = 0; l < LANES; l++)
        most = top[l] > most ? top[l] : most;
    return most;
}

static void softmax_row(size_t n, const float *x, float *y)
{
    float top = largest(n, x), total = 0;
    vec sum = {0};

    for (size_t i = 0; i < n; i += LANES) {
        size_t some = n - i < LANES ? n - i : LANES;
        vec below = (some == LANES ? load(x + i) : load_some(x + i, some, -3e38f)) - top;
        vec e = choose(below > -80.0f, exp_near(choose(below > -80.0f, below, (vec){0})), (vec){0});
        sum += e;
        memcpy(y + i, &e, some * sizeof *y);
    }
    for (int l = 0; l < LANES; l++)
        total += sum[l];
    for (size_t i = 0; i < n; i++)
        y[i] /= total;
}

static void softmax(size_t m, size_t n, const float *x, size_t x_row, float *y, size_t y_row)
{
    for (size_t i = 0; i < m; i++)
        softmax_row(n, x + i * x_row, y + i * y_row);
}

/* ---- doubles ---- */

#define WIDE (LANES / 2) /* doubles in a register */

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

#define SIDE 16

/* The sums of rows i .. i + 3 and the columns of `vectors` registers from j on; a constant at every
 * call but the rows. */
static inline __attribute__((always_inline)) void gram_part(size_t rows, const double *x, double *gram,
                                                            size_t i, size_t j, size_t vectors)
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

static void gram_of(size_t rows, const double *x, double *gram)
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
        store_wide(a + i * SIDE + j, load_wide(a + i * SIDE + j) - share * load_wide(a + k * SIDE + j));
}

/* Gauss without pivoting: the rows stay symmetrical, so the upper triangle is enough. */
static int solve_normal(size_t n, double *a, double *ret)
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
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
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
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

static __attribute__((optimize("fp-contract=off"))) void distances(size_t n, size_t length,
                                                                   const float *now, const float *x,
                                                                   const float *shift, float *ret)
{
    size_t t = 0;

    for (; t + LANES <= n; t += LANES)
        *(vec_any *)(ret + t) = distances_vec(length, now, x + t, load(shift + t));
    for (; t < n; t++)
        ret[t] = distance_one(length, now, x + t, shift[t]);
}

static float lowest(size_t n, const float *x)
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

static void sort_columns(size_t rows, size_t n, double *x, size_t x_row)
{
    wide at[SORT_MAX];

    for (size_t j = 0; j < n; j += WIDE) {
        size_t some = n - j < WIDE ? n - j : WIDE;
        for (size_t i = 0; i < rows; i++)
            at[i] = some == WIDE ? load_wide(x + i * x_row + j) : load_few(x + i * x_row + j, some, 0);
        sort_lanes(rows, at);
        for (size_t i = 0; i < rows; i++)
            memcpy(x + i * x_row + j, at + i, some * sizeof *x);
    }
}

/* ln((1 + s) / (1 - s)) + more by the series of atanh up to s^21, for |s| < .18 (1e-17 there). */
static inline wide log_ratio_wide(wide s, wide more)
{
    wide q = s * s;
    wide tail = q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11 +
                q * (1.0 / 13 + q * (1.0 / 15 + q * (1.0 / 17 + q * (1.0 / 19 + q * (1.0 / 21))))))))));

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
    wide p = 1.0 / 720 + r * (1.0 / 5040 + r * (1.0 / 40320 + r * (1.0 / 362880 + r * (1.0 / 3628800 +
             r * (1.0 / 39916800 + r * (1.0 / 479001600 + r * (1.0 / 6227020800.0)))))));

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

static void log_all(size_t n, const double *x, double *y)
{
    each_wide(n, x, y, log_wide, 1);
}

static void exp_all(size_t n, const double *x, double *y)
{
    each_wide(n, x, y, exp_wide, 0);
}

/* Near 0 by the series, so that what is small stays exact. */
static inline wide squash_wide(wide x)
{
    wide size = magnitude_wide(x), top = (wide){0} + 1e6;
    size = choose_wide(size > top, top, size);
    wide y = choose_wide(size < .4, log_ratio_wide(size / (2.0 + size), (wide){0}), log_wide(1.0 + size));

    return (wide)((longs)y | ((longs)x & ~0x7fffffffffffffff));
}

static void squash(size_t n, const double *x, float *y)
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

static void rows_times(size_t m, size_t n, const double *a, const double *x, double *ret)
{
    for (size_t i = 0; i < m; i++)
        ret[i] = dot(n, a + i * n, x);
}

static void times_rows(size_t m, size_t n, const double *x, const double *a, double *ret)
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

#define PANEL 4
#define PANEL_ROWS 352 /* of a panel on the stack */

/* One column, and its products off what is right of it. */
static bool factor_column(size_t k, size_t n, double *a, size_t row, double *work)
{
    double pivot = a[k * row + k];

    if (!(pivot > 0))
        return false;
    double root = sqrt(pivot), inverse = 1.0 / root;
    a[k * row + k] = root;
    for (size_t i = k + 1; i < n; i++)
        work[i] = a[i * row + k] *= inverse;
    for (size_t i = k + 1; i < n; i++) {
        double s = work[i], *to = a + i * row;
        for (size_t j = k + 1; j <= i; j++)
            to[j] -= s * work[j];
    }
    return true;
}

/* The panel's own square; inverse[] of its roots. */
static bool factor_square(double *a, size_t row, double *inverse)
{
    for (size_t k = 0; k < PANEL; k++) {
        double pivot = a[k * row + k];
        if (!(pivot > 0))
            return false;
        double root = sqrt(pivot);
        inverse[k] = 1.0 / root;
        a[k * row + k] = root;
        for (size_t i = k + 1; i < PANEL; i++)
            a[i * row + k] *= inverse[k];
        for (size_t i = k + 1; i < PANEL; i++)
            for (size_t j = k + 1; j <= i; j++)
                a[i * row + j] -= a[i * row + k] * a[j * row + k];
    }
    return true;
}

/* The rows below the square, also column by column into panel[]. */
static void factor_below(size_t n, const double *square, double *a, size_t row, const double *inverse,
                         double (*panel)[PANEL_ROWS])
{
    double l10 = square[row], l20 = square[2 * row], l21 = square[2 * row + 1];
    double l30 = square[3 * row], l31 = square[3 * row + 1], l32 = square[3 * row + 2];

    for (size_t i = 0; i < n; i++, a += row) {
        a[0] *= inverse[0];
        a[1] -= l10 * a[0];
        a[1] *= inverse[1];
        a[2] -= l20 * a[0];
        a[2] -= l21 * a[1];
        a[2] *= inverse[2];
        a[3] -= l30 * a[0];
        a[3] -= l31 * a[1];
        a[3] -= l32 * a[2];
        a[3] *= inverse[3];
        for (size_t c = 0; c < PANEL; c++)
            panel[c][i] = a[c];
    }
}

/* to[j] -= the panel's products of row i with rows j <= upto, for one row or two. */
static inline __attribute__((always_inline)) void subtract_panel(size_t rows, size_t i, size_t n,
                                                                 double (*panel)[PANEL_ROWS],
                                                                 double *to, size_t row)
{
    size_t j = 0;

    for (; j + WIDE <= n; j += WIDE)
#pragma GCC unroll 2
        for (size_t r = 0; r < rows; r++) {
            wide sum = load_wide(to + r * row + j);
#pragma GCC unroll 4
            for (size_t c = 0; c < PANEL; c++)
                sum -= panel[c][i + r] * load_wide(panel[c] + j);
            store_wide(to + r * row + j, sum);
        }
    for (size_t r = 0; r < rows; r++)
        for (size_t k = j; k < n + r; k++)
            for (size_t c = 0; c < PANEL; c++)
                to[r * row + k] -= panel[c][i + r] * panel[c][k];
}

/* Right-looking in panels of four columns: every element sees its products in the order of the
 * columns, as if they came one by one. */
static int cholesky(size_t n, double *a, size_t row, double *work)
{
    double panel[PANEL][PANEL_ROWS], inverse[PANEL];
    size_t k = 0;

    while (k < n && (n - k > PANEL_ROWS || n - k <= PANEL)) {
        if (!factor_column(k, n, a, row, work))
            return -1;
        k++;
    }
    for (; k + PANEL < n; k += PANEL) {
        double *square = a + k * row + k, *below = square + PANEL * row;
        size_t rest = n - k - PANEL, i = 0;
        if (!factor_square(square, row, inverse))
            return -1;
        factor_below(rest, square, below, row, inverse, panel);
        for (; i + 2 <= rest; i += 2)
            subtract_panel(2, i, i + 1, panel, below + PANEL + i * row, row);
        if (i < rest)
            subtract_panel(1, i, i + 1, panel, below + PANEL + i * row, row);
    }
    for (; k < n; k++)
        if (!factor_column(k, n, a, row, work))
            return -1;
    return 0;
}

/* One column of B. */
static void solve_column(size_t n, const double *l, size_t l_row, double *b, size_t b_row)
{
    for (size_t k = 0; k < n; k++) {
        double x = b[k * b_row] *= 1.0 / l[k * l_row + k];
        for (size_t i = k + 1; i < n; i++)
            b[i * b_row] -= l[i * l_row + k] * x;
    }
    for (size_t i = n; i-- > 0;) {
        double x = b[i * b_row] *= 1.0 / l[i * l_row + i];
        for (size_t k = 0; k < i; k++)
            b[k * b_row] -= l[i * l_row + k] * x;
    }
}

/* `rows` rows from i on of L Y = B, `vectors` registers of columns; both constants at every call. */
static inline __attribute__((always_inline)) void forward(size_t rows, size_t vectors, size_t i,
                                                          const double *l, size_t l_row, double *b,
                                                          size_t b_row)
{
    wide sum[4][3];

#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++)
            sum[r][c] = load_wide(b + (i + r) * b_row + c * WIDE);
    for (size_t k = 0; k < i; k++)
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
            for (size_t c = 0; c < vectors; c++)
                sum[r][c] -= l[(i + r) * l_row + k] * load_wide(b + k * b_row + c * WIDE);
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++) {
        double inverse = 1.0 / l[(i + r) * l_row + i + r];
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++) {
#pragma GCC unroll 4
            for (size_t k = 0; k < r; k++)
                sum[r][c] -= l[(i + r) * l_row + i + k] * sum[k][c];
            sum[r][c] *= inverse;
            store_wide(b + (i + r) * b_row + c * WIDE, sum[r][c]);
        }
    }
}

/* The same of L' X = Y, from the last row upwards. */
static inline __attribute__((always_inline)) void backward(size_t rows, size_t vectors, size_t n,
                                                           size_t i, const double *l, size_t l_row,
                                                           double *b, size_t b_row)
{
    wide sum[4][3];

#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++)
            sum[r][c] = load_wide(b + (i + r) * b_row + c * WIDE);
    for (size_t k = n; k-- > i + rows;)
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 3
            for (size_t c = 0; c < vectors; c++)
                sum[r][c] -= l[k * l_row + i + r] * load_wide(b + k * b_row + c * WIDE);
#pragma GCC unroll 4
    for (size_t r = rows; r-- > 0;) {
        double inverse = 1.0 / l[(i + r) * l_row + i + r];
#pragma GCC unroll 3
        for (size_t c = 0; c < vectors; c++) {
            sum[r][c] *= inverse;
            store_wide(b + (i + r) * b_row + c * WIDE, sum[r][c]);
#pragma GCC unroll 4
            for (size_t k = 0; k < r; k++)
                sum[k][c] -= l[(i + r) * l_row + i + k] * sum[r][c];
        }
    }
}

static inline __attribute__((always_inline)) void solve_columns(size_t vectors, size_t n,
                                                                const double *l, size_t l_row,
                                                                double *b, size_t b_row)
{
    size_t i = 0, fours = n / 4 * 4;

    for (; i < fours; i += 4)
        forward(4, vectors, i, l, l_row, b, b_row);
    for (; i < n; i++)
        forward(1, vectors, i, l, l_row, b, b_row);
    for (; i > fours; i--)
        backward(1, vectors, n, i - 1, l, l_row, b, b_row);
    for (; i; i -= 4)
        backward(4, vectors, n, i - 4, l, l_row, b, b_row);
}

/* A few columns that do not fill a register, in one. */
static void solve_few(size_t n, size_t some, const double *l, size_t l_row, double *b, size_t b_row)
{
    double at[PANEL_ROWS * WIDE];

    memset(at, 0, n * WIDE * sizeof *at);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < some; j++)
            at[i * WIDE + j] = b[i * b_row + j];
    solve_columns(1, n, l, l_row, at, WIDE);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < some; j++)
            b[i * b_row + j] = at[i * WIDE + j];
}

static void cholesky_solve(size_t n, size_t m, const double *l, size_t l_row, double *b, size_t b_row)
{
    size_t j = 0;

    for (; j + 3 * WIDE <= m; j += 3 * WIDE)
        solve_columns(3, n, l, l_row, b + j, b_row);
    for (; j + WIDE <= m; j += WIDE)
        solve_columns(1, n, l, l_row, b + j, b_row);
    if (m - j > 1 && n <= PANEL_ROWS)
        solve_few(n, m - j, l, l_row, b + j, b_row);
    else
        for (; j < m; j++)
            solve_column(n, l, l_row, b + j, b_row);
}

/* `vectors` registers of lags. */
static inline __attribute__((always_inline)) void lagged_part(size_t vectors, size_t n, const double *x,
                                                              const double *ahead, double *ret)
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

static __attribute__((optimize("fp-contract=off"))) void lagged(size_t lags, size_t n, const double *x,
                                                                double *ret)
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

static __attribute__((optimize("fp-contract=off"))) void slide(size_t n, double sign, double *sum,
                                                               double *product, const double *in,
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

static __attribute__((optimize("fp-contract=off"))) void holt(size_t n, const double *d, double trend,
                                                              const double *alpha,
                                                              const double *beta,
                                                              const double *phi, double *ret)
{
    for (size_t i = 0; i < 12; i += TRIES)
        holt_few(n, d, trend, alpha + i, beta + i, phi + i, ret + i);
}

static __attribute__((optimize("fp-contract=off"))) void winters(size_t n, const double *v, size_t m,
                                                                 const double *alpha,
                                                                 const double *gamma,
                                                                 double *season, double *ret)
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

extern const struct trm_kernels TRM_KERNEL_SET;
const struct trm_kernels TRM_KERNEL_SET = {
    .name = TRM_KERNEL_NAME,
    .sgemm = sgemm,
    .silu = silu,
    .softplus = softplus,
    .tanh = tanh_all,
    .signed_log = signed_log,
    .softmax = softmax,
    .cholesky = cholesky,
    .cholesky_solve = cholesky_solve,
    .gram = gram_of,
    .solve_normal = solve_normal,
    .squash = squash,
    .holt = holt,
    .winters = winters,
    .lagged = lagged,
    .slide = slide,
    .distances = distances,
    .lowest = lowest,
    .sort_columns = sort_columns,
    .log = log_all,
    .exp = exp_all,
    .rows_times = rows_times,
    .times_rows = times_rows,
};
