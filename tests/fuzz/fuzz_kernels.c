/* The kernels of this processor against the portable ones, and both against plain loops: any sizes,
 * any strides, odd numbers. What kernel.h promises to be the same bits everywhere is compared as
 * bits; the rest within its tolerance. */
#include "core/kernel.h"
#include "core/rng.h"
#include "tests/fuzz/bite.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIDE 40
#define LONG 300

static struct trm_rng rng;

static const struct trm_kernels *set(int i)
{
    return i == 0 ? trm_kernels_baseline() : trm_kernels();
}

/* Numbers of a kind: plain, tiny, huge but finite in sums, whole with ties, zeros of both signs. */
static double number(uint8_t kind)
{
    double v = trm_rng_normal(&rng);
    switch (kind % 6) {
    case 0:
        return v;
    case 1:
        return v * 1e-30;
    case 2:
        return v * 1e12;
    case 3:
        return floor(v * 2);
    case 4:
        return v > 0 ? 0. : -0.;
    default:
        return v * pow(10, 12 * trm_rng_normal(&rng) / 3);
    }
}

static void fill(double *at, size_t n, uint8_t kind)
{
    for (size_t i = 0; i < n; i++)
        at[i] = number(kind);
}

static void fill_floats(float *at, size_t n, uint8_t kind)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (float)number(kind);
}

static void check_sgemm(struct bites *from, uint8_t kind)
{
    static float a[SIDE * SIDE * 2], b[SIDE * SIDE * 2], c[2][SIDE * SIDE * 2];
    size_t m = bite_below(from, SIDE), n = bite_below(from, SIDE), k = bite_below(from, SIDE);
    size_t b_row = n + bite_below(from, 5), c_row = n + bite_below(from, 5),
           turned = bite_below(from, 2);
    size_t a_row = turned ? 1 : k + bite_below(from, 3), a_col = turned ? m : 1;
    fill_floats(a, SIDE * SIDE * 2, kind);
    fill_floats(b, SIDE * SIDE * 2, kind);
    fill_floats(c[0], SIDE * SIDE * 2, kind);
    static float before[SIDE * SIDE * 2];
    memcpy(before, c[0], sizeof before);
    memcpy(c[1], c[0], sizeof before);
    for (int s = 0; s < 2; s++)
        set(s)->sgemm(m, n, k, a, a_row, a_col, b, b_row, c[s], c_row);
    for (size_t i = 0; i < m * c_row; i++) {
        size_t row = i / c_row, col = i % c_row;
        double sum = (double)before[i], size = fabs(sum);
        for (size_t p = 0; col < n && p < k; p++) {
            double term = (double)a[row * a_row + p * a_col] * (double)b[p * b_row + col];
            sum += term;
            size += fabs(term);
        }
        for (int s = 0; s < 2; s++)
            FUZZ_REQUIRE(fabs((double)c[s][i] - sum) <= 1e-5 * size + 1e-37);
    }
}

static void same_bits(const void *a, const void *b, size_t n, const char *what)
{
    if (memcmp(a, b, n) != 0)
        fprintf(stderr, "%s differs between instruction sets\n", what);
    FUZZ_REQUIRE(memcmp(a, b, n) == 0);
}

static void check_exact(struct bites *from, uint8_t kind)
{
    static double x[2 * LONG + 40], ret[2][LONG], sum[2][LONG], product[2][LONG];
    size_t n = bite_below(from, LONG), lags = bite_below(from, 40), m = 1 + bite_below(from, 30);
    double twelve[3][12], season[2][30 * 8], eight[2][8];
    fill(x, 2 * LONG + 40, kind);
    fill(season[0], m * 8, kind);
    memcpy(season[1], season[0], sizeof season[0]);
    fill(sum[0], LONG, kind);
    fill(product[0], LONG, kind);
    memcpy(sum[1], sum[0], sizeof sum[0]);
    memcpy(product[1], product[0], sizeof product[0]);
    for (size_t i = 0; i < 36; i++)
        twelve[i / 12][i % 12] = trm_rng_uniform(&rng);
    for (int s = 0; s < 2; s++)
        set(s)->lagged(lags, n, x, ret[s]);
    same_bits(ret[0], ret[1], lags * sizeof **ret, "lagged");
    for (int s = 0; s < 2; s++)
        set(s)->slide(lags, 1, sum[s], product[s], x, x + LONG);
    same_bits(sum[0], sum[1], sizeof *sum, "slide");
    same_bits(product[0], product[1], sizeof *product, "slide");
    for (int s = 0; s < 2; s++)
        set(s)->holt(n + 1, x, .5, twelve[0], twelve[1], twelve[2], ret[s]);
    same_bits(ret[0], ret[1], 12 * sizeof **ret, "holt");
    for (int s = 0; s < 2; s++)
        set(s)->winters(n + 1, x, m, twelve[0], twelve[1], season[s], eight[s]);
    same_bits(eight[0], eight[1], sizeof *eight, "winters");
}

static void check_distances(struct bites *from, uint8_t kind)
{
    static float now[64], x[LONG + 64], shift[LONG], ret[2][LONG];
    size_t n = bite_below(from, LONG), length = 1 + bite_below(from, 63);
    fill_floats(now, 64, kind);
    fill_floats(x, LONG + 64, kind);
    fill_floats(shift, LONG, kind);
    for (int s = 0; s < 2; s++)
        set(s)->distances(n, length, now, x, shift, ret[s]);
    same_bits(ret[0], ret[1], n * sizeof **ret, "distances");
    float least = INFINITY;
    for (size_t i = 0; i < n; i += 7)
        x[i] = (float)NAN;
    for (size_t i = 0; i < n; i++)
        least = x[i] < least ? x[i] : least;
    for (int s = 0; s < 2; s++)
        FUZZ_REQUIRE(set(s)->lowest(n, x) == least);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void check_sort(struct bites *from, uint8_t kind)
{
    static double x[2][24 * SIDE], column[24];
    size_t rows = 1 + bite_below(from, 24), n = bite_below(from, SIDE),
           row = n + bite_below(from, 3);
    static double before[24 * SIDE];
    row = row > SIDE ? SIDE : row;
    fill(before, 24 * SIDE, kind);
    for (int s = 0; s < 2; s++) {
        memcpy(x[s], before, sizeof before);
        set(s)->sort_columns(rows, n, x[s], row);
        for (size_t c = 0; c < n; c++) {
            for (size_t r = 0; r < rows; r++)
                column[r] = before[r * row + c];
            qsort(column, rows, sizeof *column, by_size);
            for (size_t r = 0; r < rows; r++)
                FUZZ_REQUIRE(x[s][r * row + c] == column[r]);
        }
    }
}

static void check_functions(struct bites *from, uint8_t kind)
{
    static double x[LONG], y[LONG];
    static float f[LONG], g[LONG], d[LONG];
    size_t n = bite_below(from, LONG);
    fill(x, n, kind);
    fill_floats(f, n, kind);
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < n; i++)
            y[i] = fabs(x[i]) < 1e-300 ? 1 : fabs(x[i]);
        set(s)->log(n, y, y);
        for (size_t i = 0; i < n; i++) {
            double meant = fabs(x[i]) < 1e-300 ? 0 : log(fabs(x[i]));
            FUZZ_REQUIRE(fabs(y[i] - meant) <= 1e-15 * (1 + fabs(meant)));
            y[i] = fmax(-700, fmin(700, x[i]));
        }
        set(s)->exp(n, y, y);
        for (size_t i = 0; i < n; i++)
            FUZZ_REQUIRE(fabs(y[i] / exp(fmax(-700, fmin(700, x[i]))) - 1) <= 2e-15);
        set(s)->silu(n, f, g, d);
        for (size_t i = 0; i < n; i++) {
            double meant = (double)f[i] / (1 + exp(-(double)f[i]));
            FUZZ_REQUIRE(fabs((double)g[i] - meant) <= 4e-7 * fabs(meant) + 1e-7 && isfinite(d[i]));
        }
        set(s)->tanh(n, f, g);
        for (size_t i = 0; i < n; i++)
            FUZZ_REQUIRE(fabs((double)g[i] - tanh((double)f[i])) <= 3e-7);
    }
}

static void check_cholesky(struct bites *from)
{
    static double a[SIDE * SIDE], l[SIDE * SIDE], b[SIDE], work[SIDE];
    size_t n = 1 + bite_below(from, SIDE);
    static double root[SIDE * SIDE], x[SIDE];
    fill(root, n * n, 0);
    fill(x, n, 0);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            a[i * n + j] = i == j ? .5 : 0;
            for (size_t k = 0; k < n; k++)
                a[i * n + j] += root[i * n + k] * root[j * n + k];
        }
    for (int s = 0; s < 2; s++) {
        memcpy(l, a, sizeof a);
        for (size_t i = 0; i < n; i++) {
            b[i] = 0;
            for (size_t j = 0; j < n; j++)
                b[i] += a[i * n + j] * x[j];
        }
        FUZZ_REQUIRE(set(s)->cholesky(n, l, n, work) == 0);
        set(s)->cholesky_solve(n, 1, l, n, b, 1);
        for (size_t i = 0; i < n; i++)
            FUZZ_REQUIRE(fabs(b[i] - x[i]) <= 1e-9 * (1 + fabs(x[i])));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct bites from = {bytes, n};
    uint8_t kind = bite_byte(&from);
    trm_rng_seed(&rng, bite_u32(&from));
    check_sgemm(&from, kind == 2 ? 0 : kind);
    check_exact(&from, kind);
    check_distances(&from, kind);
    check_sort(&from, kind);
    check_functions(&from, kind);
    check_cholesky(&from);
    return 0;
}
