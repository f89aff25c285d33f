/* The networks' kernels, in floats, and the table of all. */
#include "core/kernel_parts.h"

#include <string.h>

#define ROWS 6 /* rows of C in registers: 6 x 2 vectors of sums + 2 of B + 1 of A fit in 16 */
#define COLS (2 * LANES)

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

extern const struct trm_kernels TRM_KERNEL_NAMED(trm_kernels_, TRM_KERNEL_SUFFIX);
const struct trm_kernels TRM_KERNEL_NAMED(trm_kernels_, TRM_KERNEL_SUFFIX) = {
    .name = TRM_KERNEL_NAME,
    .sgemm = sgemm,
    .silu = silu,
    .softplus = softplus,
    .tanh = tanh_all,
    .signed_log = signed_log,
    .softmax = softmax,
    .cholesky = TRM_KERNEL(cholesky),
    .cholesky_solve = TRM_KERNEL(cholesky_solve),
    .gram = TRM_KERNEL(gram_of),
    .solve_normal = TRM_KERNEL(solve_normal),
    .squash = TRM_KERNEL(squash),
    .holt = TRM_KERNEL(holt),
    .winters = TRM_KERNEL(winters),
    .lagged = TRM_KERNEL(lagged),
    .slide = TRM_KERNEL(slide),
    .distances = TRM_KERNEL(distances),
    .lowest = TRM_KERNEL(lowest),
    .sort_columns = TRM_KERNEL(sort_columns),
    .log = TRM_KERNEL(log_all),
    .exp = TRM_KERNEL(exp_all),
    .rows_times = TRM_KERNEL(rows_times),
    .times_rows = TRM_KERNEL(times_rows),
};
