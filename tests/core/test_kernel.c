/* Every kernel of every instruction set against plain loops in double. */
#include "check.h"

#include "core/kernel.h"
#include "core/num.h"

static void fill(struct trm_rng *rng, float *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (float)trm_rng_normal(rng);
}

static void check_sgemm(const struct trm_kernels *k, size_t m, size_t n, size_t inner, bool turned,
                        struct trm_rng *rng)
{
    size_t a_row = turned ? 1 : inner, a_col = turned ? m : 1;
    float *a = calloc(m * inner + 1, sizeof *a), *b = calloc(inner * n + 1, sizeof *b);
    float *c = calloc(m * n + 1, sizeof *c), *before = calloc(m * n + 1, sizeof *before);

    fill(rng, a, m * inner);
    fill(rng, b, inner * n);
    fill(rng, c, m * n);
    memcpy(before, c, m * n * sizeof *c);
    k->sgemm(m, n, inner, a, a_row, a_col, b, n, c, n);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = (double)before[i * n + j];
            for (size_t p = 0; p < inner; p++)
                sum += (double)a[i * a_row + p * a_col] * (double)b[p * n + j];
            assert_near((double)c[i * n + j], sum, 1e-5 * (1 + (double)inner));
        }
    free(a);
    free(b);
    free(c);
    free(before);
}

static void product_equals_plain_loops_for_every_edge(const struct trm_kernels *k)
{
    struct trm_rng rng;

    trm_rng_seed(&rng, 1);
    for (size_t m = 1; m <= 14; m++)
        for (size_t n = 1; n <= 37; n += 3)
            check_sgemm(k, m, n, 1 + (m * n) % 19, (m + n) % 2, &rng);
}

static void silu_is_close_to_libm(const struct trm_kernels *k)
{
    for (double x = -100; x <= 100; x += .0137) {
        float in = (float)x, y, d;
        k->silu(1, &in, &y, &d);
        double s = 1 / (1 + exp(-(double)in)), exact = (double)in * s;
        assert_near((double)y, exact, 1e-7 + 4e-7 * fabs(exact));
        assert_near((double)d, s * (1 + (double)in * (1 - s)), 1e-6);
    }
}

static void softplus_is_close_to_libm(const struct trm_kernels *k)
{
    for (double x = -80; x <= 200; x += .0137) {
        float in = (float)x, y, d;
        k->softplus(1, &in, &y, &d);
        double exact = fmax((double)in, 0) + log1p(exp(-fabs((double)in)));
        assert_near((double)y, exact, 1e-6 * exact);
        assert_near((double)d, 1 / (1 + exp(-(double)in)), 1e-6 / (1 + exp(-(double)in)));
    }
}

static void squashing_is_close_to_libm(const struct trm_kernels *k)
{
    for (double x = -30; x <= 30; x += .00137) {
        float in[9], flat[9], logs[9];
        for (int i = 0; i < 9; i++)
            in[i] = (float)(i < 8 ? x : sinh(x));
        k->tanh(9, in, flat);
        k->signed_log(9, in, logs);
        for (int i = 0; i < 9; i++) {
            double log_exact = copysign(log1p(fabs((double)in[i])), (double)in[i]);
            assert_near((double)flat[i], tanh((double)in[i]), 3e-7);
            assert_near((double)logs[i], log_exact, 3e-7 * (1 + fabs(log_exact)));
        }
    }
}

static void softmax_is_close_to_libm(const struct trm_kernels *k)
{
    float x[3][41], y[3][41];
    struct trm_rng rng;

    trm_rng_seed(&rng, 3);
    for (size_t n = 1; n <= 41; n++) {
        for (int i = 0; i < 3 * 41; i++)
            x[i / 41][i % 41] = (float)((i / 41 * 10 + 1) * trm_rng_normal(&rng));
        memset(y, 0, sizeof y);
        k->softmax(3, n, x[0], 41, y[0], 41);
        for (int r = 0; r < 3; r++) {
            double top = -1e30, sum = 0;
            for (size_t i = 0; i < n; i++)
                top = fmax(top, (double)x[r][i]);
            for (size_t i = 0; i < n; i++)
                sum += exp((double)x[r][i] - top);
            for (size_t i = 0; i < n; i++) {
                double exact = exp((double)x[r][i] - top) / sum;
                assert_near((double)y[r][i], exact, 1e-5 * exact + 2e-35);
            }
            assert_true(n == 41 || y[r][n] == 0);
        }
        k->softmax(3, n, x[0], 41, x[0], 41);
        for (int r = 0; r < 3; r++)
            assert_memory_equal(x[r], y[r], n * sizeof(float));
    }
}

static void cholesky_solves_the_system(const struct trm_kernels *k)
{
    enum { N = 37, M = 5 };
    static double a[N * N], l[N * N], b[N * M], x[N * M], work[N];
    struct trm_rng rng;

    trm_rng_seed(&rng, 2);
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++)
            a[i * N + j] = a[j * N + i] = trm_rng_normal(&rng) + (i == j ? 3 * N : 0);
    memcpy(l, a, sizeof a);
    for (int i = 0; i < N * M; i++)
        x[i] = b[i] = trm_rng_normal(&rng);
    assert_int_equal(k->cholesky(N, l, N, work), 0);
    k->cholesky_solve(N, M, l, N, x, M);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < M; j++) {
            double sum = 0;
            for (int p = 0; p < N; p++)
                sum += a[i * N + p] * x[p * M + j];
            assert_near(sum, b[i * M + j], 1e-10);
        }
    l[0] = -1;
    assert_int_equal(k->cholesky(N, l, N, work), -1);
}

/* Every size around the panels and registers, against what the factor says. */
static void cholesky_knows_every_edge(const struct trm_kernels *k)
{
    enum { N = 26, M = 16 };
    static double a[N * N], l[N * N], b[N * M], x[N * M], work[N];
    struct trm_rng rng;

    trm_rng_seed(&rng, 9);
    for (size_t n = 1; n <= N; n++)
        for (size_t m = 1; m <= M; m++) {
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++) {
                    l[i * N + j] = j > i ? 77 : trm_rng_normal(&rng) + (i == j ? 3 * N : 0);
                    a[i * N + j] = a[j * N + i] = l[i * N + j];
                }
            for (size_t i = 0; i < N * M; i++)
                x[i] = b[i] = trm_rng_normal(&rng);
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j <= i; j++)
                    a[i * N + j] = a[j * N + i] = l[i * N + j];
            assert_int_equal(k->cholesky(n, l, N, work), 0);
            k->cholesky_solve(n, m, l, N, x, M);
            for (size_t i = 0; i < n; i++) {
                for (size_t j = i + 1; j < n; j++)
                    assert_true(l[i * N + j] == 77); /* not written */
                for (size_t j = 0; j < M; j++) {
                    double sum = 0;
                    for (size_t p = 0; p < n; p++)
                        sum += a[i * N + p] * x[p * M + j];
                    if (j < m)
                        assert_near(sum, b[i * M + j], 1e-11);
                    else
                        assert_true(x[i * M + j] == b[i * M + j]);
                }
            }
        }
}

static void lags_and_slides_are_the_same_to_the_bit(const struct trm_kernels *k)
{
    double x[160], ret[61], sum[60], want_sum[60], product[60];
    struct trm_rng rng;

    trm_rng_seed(&rng, 10);
    for (int i = 0; i < 160; i++)
        x[i] = trm_rng_normal(&rng);
    for (size_t lags = 1; lags <= 60; lags++) {
        ret[lags] = 7;
        k->lagged(lags, 100, x, ret);
        assert_true(ret[lags] == 7);
        for (size_t d = 0; d < lags; d++) {
            volatile double want = 0, one;
            for (size_t t = 0; t < 100; t++) {
                one = x[t] * x[t + d];
                want = want + one;
            }
            assert_true(ret[d] == want);
            product[d] = ret[d];
            sum[d] = want_sum[d] = x[d];
        }
        k->slide(lags, -1, sum, product, x + 100, x);
        for (size_t d = 0; d < lags; d++) {
            volatile double in = x[100] * x[100 + d], out = x[0] * x[d], change = in - out;
            assert_true(sum[d] == want_sum[d] - ret[d]);
            assert_true(product[d] == ret[d] + change);
        }
    }
}

/* Every lane against the recursion alone; 1e-12 because a test's own sums may be fused. */
static void smoothings_side_by_side_equal_each_alone(const struct trm_kernels *k)
{
    enum { N = 101, M = 7 };
    double d[N], a[12], b[12], phi[12], got[12], season[M * 8], start[M];
    struct trm_rng rng;

    trm_rng_seed(&rng, 11);
    for (int i = 0; i < N; i++)
        d[i] = trm_rng_normal(&rng);
    for (int i = 0; i < 12; i++)
        a[i] = trm_rng_uniform(&rng), b[i] = trm_rng_uniform(&rng), phi[i] = trm_rng_uniform(&rng);
    for (int i = 0; i < M * 8; i++)
        season[i] = start[i / 8] = i % 8 ? start[i / 8] : trm_rng_normal(&rng);
    k->holt(N, d, .3, a, b, phi, got);
    for (int l = 0; l < 12; l++) {
        double level = d[0], trend = .3, error = 0;
        for (int i = 1; i < N; i++) {
            double ahead = level + phi[l] * trend, e = d[i] - ahead;
            error += fabs(e);
            level = ahead + a[l] * e;
            trend = phi[l] * trend + a[l] * b[l] * e;
        }
        assert_near(got[l], error, 1e-12 * error);
    }
    k->winters(N, d, M, a, b, season, got);
    for (int l = 0; l < 8; l++) {
        double level = d[0] - start[0], error = 0, index[M];
        memcpy(index, start, sizeof index);
        for (int t = 0; t < N; t++) {
            double e = d[t] - level - index[t % M];
            error += fabs(e);
            level += a[l] * e;
            index[t % M] += b[l] * (1 - a[l]) * e;
        }
        assert_near(got[l], error, 1e-12 * error);
    }
}

static void gram_adds_every_product(const struct trm_kernels *k)
{
    enum { ROWS = 37 };
    static double x[ROWS * 16], whole[256], parts[256];
    struct trm_rng rng;

    trm_rng_seed(&rng, 4);
    for (int i = 0; i < ROWS * 16; i++)
        x[i] = trm_rng_normal(&rng);
    for (int i = 0; i < 256; i++)
        whole[i] = parts[i] = i;
    k->gram(ROWS, x, whole);
    for (size_t i = 0; i < 16; i++)
        for (size_t j = i; j < 16; j++) {
            double sum = (double)(i * 16 + j);
            for (size_t t = 0; t < ROWS; t++)
                sum += x[t * 16 + i] * x[t * 16 + j];
            assert_near(whole[i * 16 + j], sum, 1e-12 * (1 + fabs(sum)));
        }
    k->gram(11, x, parts);
    k->gram(ROWS - 11, x + 11 * 16, parts);
    assert_memory_equal(whole, parts, sizeof whole);
}

static void normal_equations_are_solved(const struct trm_kernels *k)
{
    double a[256], whole[256], x[16];
    struct trm_rng rng;

    trm_rng_seed(&rng, 12);
    for (size_t n = 1; n < 16; n++) {
        for (size_t i = 0; i < 16; i++)
            for (size_t j = 0; j < 16; j++)
                a[i * 16 + j] = trm_rng_normal(&rng) + (i == j ? 40 : 0);
        memcpy(whole, a, sizeof a);
        x[n] = 7;
        assert_int_equal(k->solve_normal(n, a, x), 0);
        assert_true(x[n] == 7);
        for (size_t i = 0; i < n; i++) {
            double sum = 0;
            for (size_t j = 0; j < n; j++)
                sum += whole[i < j ? i * 16 + j : j * 16 + i] * x[j];
            assert_near(sum, whole[i * 16 + n], 1e-12);
        }
        whole[(n - 1) * 17] = -1000;
        assert_int_equal(k->solve_normal(n, whole, x), -1);
    }
}

static void distances_are_the_same_to_the_bit(const struct trm_kernels *k)
{
    float x[200], now[60], shift[140], ret[141];
    struct trm_rng rng;

    trm_rng_seed(&rng, 5);
    fill(&rng, x, 200);
    fill(&rng, now, 60);
    fill(&rng, shift, 140);
    for (size_t length = 1; length <= 60; length++) {
        size_t n = 140 - length % 9;
        ret[n] = 7;
        k->distances(n, length, now, x, shift, ret);
        assert_true(ret[n] == 7);
        for (size_t t = 0; t < n; t++) {
            volatile float lane[8] = {0};
            for (size_t i = 0; i < length; i++) {
                volatile float e = now[i] - x[t + i] - shift[t], square = e * e;
                lane[i % 8] = lane[i % 8] + square;
            }
            float sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
                        ((lane[4] + lane[5]) + (lane[6] + lane[7]));
            assert_true(ret[t] == sum);
        }
    }
}

static void lowest_passes_over_what_is_no_number(const struct trm_kernels *k)
{
    float x[40];
    struct trm_rng rng;

    trm_rng_seed(&rng, 6);
    assert_true(k->lowest(0, x) == INFINITY);
    for (size_t n = 1; n <= 40; n++) {
        float least = INFINITY;
        fill(&rng, x, n);
        x[n / 2] = NAN;
        for (size_t i = 0; i < n; i++)
            least = x[i] < least ? x[i] : least;
        assert_true(k->lowest(n, x) == least);
    }
}

static void every_column_is_sorted(const struct trm_kernels *k)
{
    double x[24 * 11], want[24];
    struct trm_rng rng;

    trm_rng_seed(&rng, 7);
    for (size_t rows = 1; rows <= 24; rows++)
        for (size_t n = 1; n <= 10; n++) {
            double before[24 * 11];
            for (size_t i = 0; i < rows * 11; i++)
                x[i] = before[i] = i % 3 ? trm_rng_normal(&rng) : 0;
            k->sort_columns(rows, n, x, 11);
            for (size_t j = 0; j < 11; j++) {
                for (size_t i = 0; i < rows; i++)
                    want[i] = before[i * 11 + j];
                if (j < n)
                    trm_sort(want, rows);
                for (size_t i = 0; i < rows; i++)
                    assert_true(x[i * 11 + j] == want[i]);
            }
        }
}

static void logarithms_and_powers_are_libms(const struct trm_kernels *k)
{
    for (double x = -40; x <= 40; x += .00137) {
        double in[5], logs[5], powers[5];
        for (int i = 0; i < 5; i++)
            in[i] = i < 3 ? 1.001 + .025 * x : exp(17 * x);
        for (int i = 0; i < 5; i++)
            in[i] = in[i] > 0 ? in[i] : 2;
        k->log(5, in, logs);
        for (int i = 0; i < 5; i++)
            assert_near(logs[i], log(in[i]), 4e-16 * (1 + fabs(log(in[i]))));
        for (int i = 0; i < 5; i++)
            in[i] = i < 3 ? x : 17 * x;
        float flat[5];
        k->squash(5, in, flat);
        for (int i = 0; i < 5; i++)
            assert_near((double)flat[i], copysign(log1p(fabs(in[i])), in[i]), 6e-8 * fabs(in[i]));
        in[0] = x * 1e-9;
        k->squash(1, in, flat);
        assert_near((double)flat[0], copysign(log1p(fabs(in[0])), in[0]), 6e-8 * fabs(in[0]));
        in[0] = x;
        k->exp(5, in, powers);
        for (int i = 0; i < 5; i++)
            assert_near(powers[i] / exp(in[i]), 1, 1e-15);
    }
}

static void products_with_rows_equal_plain_loops(const struct trm_kernels *k)
{
    double a[9 * 43], x[43], ret[44];
    struct trm_rng rng;

    trm_rng_seed(&rng, 8);
    for (int i = 0; i < 9 * 43; i++)
        a[i] = trm_rng_normal(&rng);
    for (int i = 0; i < 43; i++)
        x[i] = trm_rng_normal(&rng);
    for (size_t m = 0; m <= 9; m++)
        for (size_t n = 1; n <= 43; n += 6) {
            k->rows_times(m, n, a, x, ret);
            for (size_t i = 0; i < m; i++) {
                double sum = 0;
                for (size_t j = 0; j < n; j++)
                    sum += a[i * n + j] * x[j];
                assert_near(ret[i], sum, 1e-13);
            }
            k->times_rows(m, n, x, a, ret);
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t i = 0; i < m; i++)
                    sum += x[i] * a[i * n + j];
                assert_near(ret[j], sum, 1e-13);
            }
        }
}

static void doubles_are_right(const struct trm_kernels *k)
{
    cholesky_knows_every_edge(k);
    lags_and_slides_are_the_same_to_the_bit(k);
    smoothings_side_by_side_equal_each_alone(k);
    gram_adds_every_product(k);
    normal_equations_are_solved(k);
    distances_are_the_same_to_the_bit(k);
    lowest_passes_over_what_is_no_number(k);
    every_column_is_sorted(k);
    logarithms_and_powers_are_libms(k);
    products_with_rows_equal_plain_loops(k);
}

static void chosen_kernels_are_right(void **state)
{
    (void)state;
    product_equals_plain_loops_for_every_edge(trm_kernels());
    silu_is_close_to_libm(trm_kernels());
    softplus_is_close_to_libm(trm_kernels());
    squashing_is_close_to_libm(trm_kernels());
    softmax_is_close_to_libm(trm_kernels());
    cholesky_solves_the_system(trm_kernels());
    doubles_are_right(trm_kernels());
}

static void baseline_kernels_are_right(void **state)
{
    (void)state;
    product_equals_plain_loops_for_every_edge(trm_kernels_baseline());
    silu_is_close_to_libm(trm_kernels_baseline());
    softplus_is_close_to_libm(trm_kernels_baseline());
    squashing_is_close_to_libm(trm_kernels_baseline());
    softmax_is_close_to_libm(trm_kernels_baseline());
    cholesky_solves_the_system(trm_kernels_baseline());
    doubles_are_right(trm_kernels_baseline());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chosen_kernels_are_right),
        cmocka_unit_test(baseline_kernels_are_right),
    };
    return cmocka_run_group_tests_name("kernel", tests, NULL, NULL);
}
