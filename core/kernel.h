/* The few loops that take the time. Knows matrices of numbers; refuses to know what they mean.
 * Surprising: kernel.c is compiled once per instruction set under another name, and trm_kernels() picks
 * one by asking the processor at every call: that costs a load and a test, and needs no global state.
 *
 * Results differ between instruction sets in the last bits (fused multiply-add), never between calls. */
#ifndef TRM_KERNEL_H
#define TRM_KERNEL_H

#include <stddef.h>

struct trm_kernels {
    const char *name; /* "baseline" or "x86-64-v3" */

    /* C[m][n] += A * B in float. A's element (i, p) is a[i * a_row + p * a_col], so that a transposed
     * operand needs no copy; B[k][n] and C[m][n] are row-major with row strides b_row, c_row. No
     * operand may overlap C. */
    void (*sgemm)(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_col,
                  const float *b, size_t b_row, float *c, size_t c_row);

    /* y[i] = x[i] * sigmoid(x[i]) and d[i] = its derivative; x, y and d do not overlap. Within 4e-7
     * relative or 1e-7 absolute of the exact value for every finite x. */
    void (*silu)(size_t n, const float *x, float *y, float *d);

    /* y[i] = ln(1 + e^x[i]) > 0 and d[i] = its derivative, the logistic function, both within 1e-6
     * relative; x below -80 counts as -80. x, y and d do not overlap. */
    void (*softplus)(size_t n, const float *x, float *y, float *d);

    /* y[i] = tanh x[i], within 3e-7 absolute. y may be x. */
    void (*tanh)(size_t n, const float *x, float *y);

    /* y[i] = sign(x[i]) ln(1 + |x[i]|), within 3e-7 absolute or relative. y may be x. */
    void (*signed_log)(size_t n, const float *x, float *y);

    /* Every row of y[m][n] = softmax of the row of x[m][n], within 1e-5 relative; what is 80 or more
     * below the largest gets 0. Row strides x_row and y_row; y may be x. */
    void (*softmax)(size_t m, size_t n, const float *x, size_t x_row, float *y, size_t y_row);

    /* In place Cholesky factor of the lower triangle of a[n][n] (row stride row): a = L L'. The upper
     * triangle is not read and not written. Returns 0, or -1 when a pivot is not positive. work[n]. */
    int (*cholesky)(size_t n, double *a, size_t row, double *work);

    /* Solves L L' X = B in place for B[n][m] (row stride b_row) with the factor above. */
    void (*cholesky_solve)(size_t n, size_t m, const double *l, size_t l_row, double *b, size_t b_row);

    /* gram[16][16] += the sum of x x' over the rows of x[rows][16]; of it only the upper triangle is
     * meant, some of the lower comes along. Row after row: in two calls the same bits as in one. */
    void (*gram)(size_t rows, const double *x, double *gram);

    /* Solves A x = b for ret[n], n < 16: A the upper triangle of a[n][16], b its column n; the rest is
     * not looked at. a is destroyed. Returns 0, or -1 when a pivot is not positive: ret is untouched. */
    int (*solve_normal)(size_t n, double *a, double *ret);

    /* ret[d] = sum over t < n of x[t] x[t + d] for d < lags, in the order of t, nothing fused; reads up
     * to x[n + lags - 2]. */
    void (*lagged)(size_t lags, size_t n, const double *x, double *ret);

    /* sum[d] += sign product[d], then product[d] += in[0] in[d] - out[0] out[d], nothing fused. What is
     * written overlaps nothing. */
    void (*slide)(size_t n, double sign, double *sum, double *product, const double *in, const double *out);

    /* Twelve damped trends of d[n] side by side from level d[0] and one trend: ret[12] = their sums of
     * absolute one-step errors. beta counts in alpha's; nothing fused. */
    void (*holt)(size_t n, const double *d, double trend, const double *alpha, const double *beta,
                 const double *phi, double *ret);

    /* Eight additive seasonal smoothings of v[n] side by side from level v[0] - season[0], each with its
     * index in season[m][8], which is overwritten: ret[8] as above. gamma counts in what alpha leaves. */
    void (*winters)(size_t n, const double *v, size_t m, const double *alpha, const double *gamma,
                    double *season, double *ret);

    /* ret[t] = sum over i < length of (now[i] - x[t + i] - shift[t])^2 for t < n; reads up to x[n + length
     * - 2]. The same bits everywhere: 8 partial sums, i % 8, added in pairs, nothing fused. */
    void (*distances)(size_t n, size_t length, const float *now, const float *x, const float *shift,
                      float *ret);

    /* The least of x[n]; INFINITY where there is none. NaN is passed over. */
    float (*lowest)(size_t n, const float *x);

    /* Sorts every column of x[rows][n] (row stride x_row), ascending; rows <= 24, no NaN. */
    void (*sort_columns)(size_t rows, size_t n, double *x, size_t x_row);

    /* y[i] = ln x[i] for normal x[i] > 0, within 4e-16 relative or absolute. y may be x. */
    void (*log)(size_t n, const double *x, double *y);

    /* y[i] = e^x[i] for x[i] in [-700, 700], within 1e-15 relative. y may be x. */
    void (*exp)(size_t n, const double *x, double *y);

    /* y[i] = sign(x[i]) ln(1 + min(|x[i]|, 1e6)), before rounding within 1e-15 relative. */
    void (*squash)(size_t n, const double *x, float *y);

    /* ret[i] = sum over j of a[i][j] x[j] for a[m][n] with row stride n. */
    void (*rows_times)(size_t m, size_t n, const double *a, const double *x, double *ret);

    /* ret[j] = sum over i of x[i] a[i][j], the same a. */
    void (*times_rows)(size_t m, size_t n, const double *x, const double *a, double *ret);
};

/* The best set for the processor that runs. Any thread. */
const struct trm_kernels *trm_kernels(void);

/* The portable set, as a reference for tests. */
const struct trm_kernels *trm_kernels_baseline(void);

#endif
