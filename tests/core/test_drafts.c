/* History, drafts, ridge and backtest: closed forms against brute force, and what must stay equal. */
#include "check.h"

#include "core/backtest.h"
#include "core/ridge.h"

static void history_fills_holes_and_scales_exactly(void **state)
{
    const double v[] = {NAN, 8, NAN, 12, 8, 10, NAN, NAN};
    struct trm_history h;

    (void)state;
    assert_int_equal(trm_history_init(&h, v, 8, 2), TRM_OK);
    assert_int_equal(h.n, 7); /* starts at the first observed value */
    assert_int_equal(h.observed_n, 4);
    double unit = ldexp(1, h.exponent);
    assert_near(h.filled[1] * unit, 10, 0); /* between its neighbours */
    assert_near(h.filled[5] * unit, 8, 0);  /* a season ago at the end */
    assert_near(h.filled[6] * unit, 10, 0);
    assert_true(isnan(h.raw[1]));
    trm_history_done(&h);
}

static void history_refuses_what_cannot_be_forecast(void **state)
{
    const double none[] = {NAN, NAN, NAN, NAN}, two[] = {1, NAN, 2}, inf[] = {1, 2, INFINITY};
    struct trm_history h;

    (void)state;
    assert_int_equal(trm_history_init(&h, none, 4, 1), TRM_EMISSING);
    assert_int_equal(trm_history_init(&h, none, 0, 1), TRM_EMISSING);
    assert_int_equal(trm_history_init(&h, two, 3, 1), TRM_ESHORT);
    assert_int_equal(trm_history_init(&h, inf, 3, 1), TRM_ERANGE);
}

static void plain_drafts_equal_hand_worked_numbers(void **state)
{
    const double v[] = {1, 2, 3, 5, 6, 7};
    double out[5];

    (void)state;
    trm_draft_seasonal_naive(v, 6, 3, 5, out);
    const double seasonal[] = {5, 6, 7, 5, 6};
    assert_memory_equal(out, seasonal, sizeof out);
    trm_draft_drift(v, 6, 5, out);
    for (int j = 0; j < 5; j++)
        assert_near(out[j], 7 + 1.2 * (j + 1), 1e-14);
}

static void mix_believes_the_better_draft_and_copes_without_one(void **state)
{
    const double mae[TRM_DRAFTS] = {2, NAN, 1}, a[] = {10}, c[] = {20};
    const double *both[TRM_DRAFTS] = {a, NULL, c}, *one[TRM_DRAFTS] = {a, NULL, NULL};
    struct trm_mix mix = {0};
    double weight[TRM_DRAFTS], out;

    (void)state;
    trm_mix_weigh(mae, mix.weight);
    assert_near(mix.weight[0] / mix.weight[2], 1.0 / 16, 1e-3);
    assert_true(mix.weight[1] == 0);
    trm_mix_apply(&mix, both, 1, weight, &out);
    assert_near(out, 10 + 10 * mix.weight[2], 1e-12);
    trm_mix_apply(&mix, one, 1, weight, &out);
    assert_near(out, 10, 1e-12);
    assert_near(weight[0], 1, 1e-12);
}

/* The ridge's normal equations spelled out window by window and solved by elimination. */
static void brute_ridge(const double *v, size_t first, size_t end, size_t L, size_t H, size_t m,
                        double lambda, double *coef)
{
    double *s = calloc(L * (L + H), sizeof *s), trace = 0;
    size_t w = L + H;

    for (size_t o = first; o < end; o++) {
        double x[64], mean = 0;
        for (size_t i = 0; i < L; i++)
            mean += v[o - L + i] / (double)L;
        for (size_t i = 0; i < L; i++)
            x[i] = v[o - L + i] - mean;
        for (size_t i = 0; i < L; i++) {
            for (size_t j = 0; j < L; j++)
                s[i * w + j] += x[i] * x[j];
            for (size_t j = 0; j < H; j++)
                s[i * w + L + j] += x[i] * (v[o + j] - v[o - m + j % m]);
        }
    }
    for (size_t i = 0; i < L; i++)
        trace += s[i * w + i];
    for (size_t i = 0; i < L; i++)
        s[i * w + i] += lambda * trace / (double)L;
    for (size_t p = 0; p < L; p++)
        for (size_t i = 0; i < L; i++) {
            double f = i == p ? 0 : s[i * w + p] / s[p * w + p];
            for (size_t j = p; j < w && f != 0; j++)
                s[i * w + j] -= f * s[p * w + j];
        }
    for (size_t i = 0; i < L; i++)
        for (size_t j = 0; j < H; j++)
            coef[i * H + j] = s[i * w + L + j] / s[i * w + i];
    free(s);
}

static void ridge_equals_brute_force(void **state)
{
    enum { L = 12, H = 5, N = 90 };
    double v[N], coef[L * H];
    struct trm_ridge ridge;

    (void)state;
    seasonal_series(v, N, 6, 3);
    assert_int_equal(trm_ridge_init(&ridge, L, H, 6), TRM_OK);
    trm_ridge_add(&ridge, v, L, 60, 1);
    trm_ridge_add(&ridge, v, 60, N - H + 1, 1); /* in two parts: the sums join */
    assert_int_equal(trm_ridge_solve(&ridge, .03), TRM_OK);
    brute_ridge(v, L, N - H + 1, L, H, 6, .03, coef);
    /* the fast form centres the sums, not each target: along the direction that centring removes the
     * two may differ, and no prediction sees that direction */
    double a[H], mean = 0;
    for (size_t i = 0; i < L; i++)
        mean += v[N - L + i] / L;
    trm_ridge_predict(&ridge, v + N - L, a);
    for (size_t j = 0; j < H; j++) {
        double b = v[N - 6 + j % 6];
        for (size_t i = 0; i < L; i++)
            b += coef[i * H + j] * (v[N - L + i] - mean);
        assert_near(a[j], b, 1e-7);
    }
    trm_ridge_done(&ridge);
}

static void taking_windows_out_undoes_adding_them(void **state)
{
    double v[80], a[4], b[4];
    struct trm_ridge ridge;

    (void)state;
    seasonal_series(v, 80, 4, 9);
    assert_int_equal(trm_ridge_init(&ridge, 8, 4, 4), TRM_OK);
    trm_ridge_add(&ridge, v, 8, 50, 1);
    assert_int_equal(trm_ridge_solve(&ridge, .03), TRM_OK);
    trm_ridge_predict(&ridge, v + 72, a);
    trm_ridge_add(&ridge, v, 50, 77, 1);
    trm_ridge_add(&ridge, v, 50, 77, -1);
    assert_int_equal(ridge.windows, 42);
    assert_int_equal(trm_ridge_solve(&ridge, .03), TRM_OK);
    trm_ridge_predict(&ridge, v + 72, b);
    for (int j = 0; j < 4; j++)
        assert_near(a[j], b[j], 1e-6);
    trm_ridge_done(&ridge);
}

static void ridge_of_a_constant_is_refused(void **state)
{
    double v[60];
    struct trm_ridge ridge;

    (void)state;
    for (int i = 0; i < 60; i++)
        v[i] = 3;
    assert_int_equal(trm_ridge_init(&ridge, 8, 4, 4), TRM_OK);
    assert_int_equal(trm_ridge_solve(&ridge, .03), TRM_ESHORT);
    trm_ridge_add(&ridge, v, 8, 50, 1);
    assert_int_equal(trm_ridge_solve(&ridge, .03), TRM_ERANGE);
    trm_ridge_done(&ridge);
}

static void drafts_of_the_tail_do_not_see_the_tail(void **state)
{
    enum { N = 400 };
    double v[N];
    struct trm_history h;
    struct trm_backtest before, after;

    (void)state;
    seasonal_series(v, N, 12, 5);
    assert_int_equal(trm_history_init(&h, v, N, 12), TRM_OK);
    assert_int_equal(trm_backtest_init(&before, &h, 12, true), TRM_OK);
    size_t start = before.count - before.tail, cell = start * 12;
    size_t first_tail_origin = before.first + start;
    double peak = 0; /* the largest magnitude decides the exact scaling: keep it */
    for (size_t i = 0; i < N; i++)
        peak = fmax(peak, v[i]);
    for (size_t i = first_tail_origin; i < N; i++)
        v[i] = fmin(v[i] + 3 * sin((double)i), peak);
    trm_history_done(&h);
    assert_int_equal(trm_history_init(&h, v, N, 12), TRM_OK);
    assert_int_equal(trm_backtest_init(&after, &h, 12, true), TRM_OK);
    for (int k = 0; k < TRM_DRAFTS; k++) {
        assert_memory_equal(before.draft[k] + cell, after.draft[k] + cell, 12 * sizeof(double));
        assert_memory_equal(before.draft[k], after.draft[k], cell * sizeof(double));
    }
    trm_backtest_done(&before);
    trm_backtest_done(&after);
    trm_history_done(&h);
}

static void short_histories_have_a_backtest_too(void **state)
{
    double v[40];

    (void)state;
    seasonal_series(v, 40, 7, 8);
    for (size_t n = 3; n <= 40; n++) {
        struct trm_history h;
        struct trm_backtest b;
        double weight = 0;
        assert_int_equal(trm_history_init(&h, v, n, 7), TRM_OK);
        assert_int_equal(trm_backtest_init(&b, &h, 14, true), TRM_OK);
        assert_true(b.tail >= 1 && b.tail <= b.count && b.first + b.count + b.leads == n + 1);
        for (int k = 0; k < TRM_DRAFTS; k++)
            weight += b.mix.weight[k];
        assert_near(weight, 1, 1e-12);
        assert_true(b.mix.spread_level > 0);
        trm_backtest_done(&b);
        trm_history_done(&h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_fills_holes_and_scales_exactly),
        cmocka_unit_test(history_refuses_what_cannot_be_forecast),
        cmocka_unit_test(plain_drafts_equal_hand_worked_numbers),
        cmocka_unit_test(mix_believes_the_better_draft_and_copes_without_one),
        cmocka_unit_test(ridge_equals_brute_force),
        cmocka_unit_test(taking_windows_out_undoes_adding_them),
        cmocka_unit_test(ridge_of_a_constant_is_refused),
        cmocka_unit_test(drafts_of_the_tail_do_not_see_the_tail),
        cmocka_unit_test(short_histories_have_a_backtest_too),
    };
    return cmocka_run_group_tests_name("drafts", tests, NULL, NULL);
}
