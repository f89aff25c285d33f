/* Rolling-origin evaluation: honest origins, scores by hand, and what is refused. */
#include "a_base.h"

#include "core/metrics.h"
#include "core/rolling.h"

#define N 140
#define H 6

static struct trm_base *base;
static size_t longest_seen;

static struct trm_config config_at(void *ctx, const double *values, size_t n)
{
    (void)ctx, (void)values;
    longest_seen = n > longest_seen ? n : longest_seen;
    return trm_config_default(7, H);
}

static struct trm_rolling_options options_of(unsigned methods)
{
    return (struct trm_rolling_options){.horizon = H, .windows = 4, .step = 3, .methods = methods,
                                        .level = {.8, .95}, .level_n = 2, .min = NAN, .max = NAN,
                                        .base = base, .config_at = config_at};
}

static const struct trm_rolling_report *run(const double *v, const struct trm_rolling_options *o,
                                            struct trm_rolling **ret)
{
    enum trm_status status;
    double fraction = 0, before = 0;
    size_t windows;

    assert_int_equal(trm_rolling_begin(v, N, o, ret), TRM_OK);
    while ((status = trm_rolling_step(*ret, &fraction, &windows)) == TRM_MORE) {
        assert_true(fraction >= before && windows < o->windows);
        before = fraction;
    }
    assert_int_equal(status, TRM_OK);
    assert_int_equal(windows, o->windows);
    return trm_rolling_end(*ret);
}

static void scores_of_seasonal_naive_are_those_worked_out_by_hand(void **state)
{
    double v[N], mase = 0, smape = 0, loss = 0, size = 0;
    struct trm_rolling_options o = options_of(1u << TRM_ROLLING_SNAIVE);
    struct trm_rolling *r;

    (void)state;
    seasonal_series(v, N, 7, 4);
    const struct trm_rolling_report *report = run(v, &o, &r);
    for (size_t w = 0; w < 4; w++) {
        size_t origin = N - H - (3 - w) * 3;
        double scale = trm_seasonal_error(v, origin, 7), errors = 0, shares = 0;
        for (size_t h = 0; h < H; h++) {
            double e = fabs(v[origin + h] - v[origin + h - 7]);
            errors += e / H;
            shares += 200 * e / (fabs(v[origin + h]) + fabs(v[origin + h - 7])) / H;
            size += fabs(v[origin + h]);
        }
        mase += errors / scale / 4;
        smape += shares / 4;
        struct trm_classic_ask ask = {7, H, (double[]){.1, .2, .3, .4, .5, .6, .7, .8, .9}, 9};
        double point[H], q[9 * H];
        assert_int_equal(trm_classic(TRM_CLASSIC_SNAIVE, v, origin, &ask, point, q, NULL), TRM_OK);
        loss += trm_weighted_quantile_loss(v + origin, q, H, ask.levels, 9) *
                (trm_mae(v + origin, (double[H]){0}, H) * H);
    }
    const struct trm_rolling_score *score = &report->score[TRM_ROLLING_SNAIVE];
    assert_near(score->mase, mase, 1e-12);
    assert_near(score->smape, smape, 1e-12);
    assert_near(score->wql, loss / size, 1e-12);
    assert_near(score->vs_seasonal_naive, 1, 0);
    assert_int_equal(score->tied, 4);
    assert_int_equal(report->best, TRM_ROLLING_SNAIVE);
    assert_int_equal(report->values, 4 * H);
    double mean = 0;
    for (size_t h = 0; h < H; h++)
        mean += score->lead[h].mase / H;
    assert_near(mean, mase, 1e-12); /* nothing is missing, so the leads' mean is the windows' */
    trm_rolling_free(r);
}

static void a_method_that_was_not_asked_for_is_not_reported(void **state)
{
    double v[N];
    struct trm_rolling_options o = options_of(1u << TRM_ROLLING_TRM);
    struct trm_rolling *r;

    (void)state;
    seasonal_series(v, N, 7, 4);
    const struct trm_rolling_report *report = run(v, &o, &r);
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++)
        assert_true(report->score[k].asked == (k == TRM_ROLLING_TRM));
    assert_int_equal(report->best, TRM_ROLLING_TRM);
    assert_true(isfinite(report->score[TRM_ROLLING_TRM].vs_seasonal_naive));
    trm_rolling_free(r);
}

/* What comes after an origin changes the errors, never the forecast: with the truth set to what was
 * forecast for the last window, every other window's scores stay, so the sums differ by that window alone. */
static void nothing_after_an_origin_is_seen(void **state)
{
    double v[N], w[N];
    struct trm_rolling_options o = options_of((1u << TRM_ROLLING_METHODS) - 1);
    struct trm_rolling *a, *b;

    (void)state;
    seasonal_series(v, N, 7, 4);
    memcpy(w, v, sizeof w);
    for (size_t t = N - H; t < N; t++)
        w[t] = v[t] + 1e6;
    o.windows = 1;
    longest_seen = 0;
    const struct trm_rolling_report *ra = run(v, &o, &a), *rb = run(w, &o, &b);
    assert_int_equal(longest_seen, N - H);
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++) {
        double scale = trm_seasonal_error(v, N - H, 7);
        assert_string_equal(ra->score[k].label, rb->score[k].label);
        for (size_t h = 0; h < H; h++) { /* the same forecast, a million away from the new truth */
            double error = rb->score[k].lead[h].mase * scale;
            assert_true(fabs(fabs(error - 1e6) - ra->score[k].lead[h].mase * scale) < 1e-3);
        }
    }
    trm_rolling_free(a);
    trm_rolling_free(b);
}

static void rules_of_the_series_hold_for_every_method(void **state)
{
    double v[N];
    struct trm_rolling_options o = options_of((1u << TRM_ROLLING_METHODS) - 1);
    struct trm_rolling *r;

    (void)state;
    for (size_t t = 0; t < N; t++)
        v[t] = (double)(t % 7 < 5);
    v[20] = 5;
    o.min = 1, o.max = 1;
    const struct trm_rolling_report *report = run(v, &o, &r);
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++) /* all say 1: the same errors */
        assert_near(report->score[k].smape, report->score[TRM_ROLLING_SNAIVE].smape, 0);
    trm_rolling_free(r);
}

static void windows_without_truth_are_left_out(void **state)
{
    double v[N];
    struct trm_rolling_options o = options_of(1u << TRM_ROLLING_SNAIVE);
    struct trm_rolling *r;

    (void)state;
    seasonal_series(v, N, 7, 4);
    for (size_t t = N - H; t < N; t++)
        v[t] = NAN;
    const struct trm_rolling_report *report = run(v, &o, &r);
    assert_int_equal(report->scored, 3);
    assert_int_equal(report->values, 2 * H + 3); /* one window reaches into the hole by half, one wholly */
    trm_rolling_free(r);
}

static void a_constant_series_has_no_mase_and_says_so(void **state)
{
    double v[N];
    struct trm_rolling_options o = options_of((1u << TRM_ROLLING_METHODS) - 1);
    struct trm_rolling *r;

    (void)state;
    for (size_t t = 0; t < N; t++)
        v[t] = 4;
    const struct trm_rolling_report *report = run(v, &o, &r);
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++) {
        assert_true(isnan(report->score[k].mase) && isnan(report->score[k].vs_seasonal_naive));
        assert_near(report->score[k].wql, 0, 0);
        assert_near(report->score[k].coverage[0], 1, 0);
        assert_int_equal(report->score[k].tied, 4);
    }
    trm_rolling_free(r);
}

static void what_cannot_be_evaluated_is_refused(void **state)
{
    double v[N] = {0};
    struct trm_rolling *r = NULL;
    struct trm_rolling_options good = options_of(1), o = good;

    (void)state;
    assert_int_equal(trm_rolling_need(&good), H + 9 + TRM_ROLLING_PAST_MIN);
    assert_int_equal(trm_rolling_begin(v, H + 9 + TRM_ROLLING_PAST_MIN - 1, &good, &r), TRM_ESHORT);
    o.horizon = TRM_ROLLING_HORIZON_MAX + 1;
    assert_int_equal(trm_rolling_begin(v, N, &o, &r), TRM_EINVAL);
    o = good, o.windows = 0;
    assert_int_equal(trm_rolling_begin(v, N, &o, &r), TRM_EINVAL);
    o = good, o.methods = 1u << TRM_ROLLING_METHODS;
    assert_int_equal(trm_rolling_begin(v, N, &o, &r), TRM_EINVAL);
    o = good, o.level[1] = .5;
    assert_int_equal(trm_rolling_begin(v, N, &o, &r), TRM_EINVAL);
    assert_null(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_of_seasonal_naive_are_those_worked_out_by_hand),
        cmocka_unit_test(a_method_that_was_not_asked_for_is_not_reported),
        cmocka_unit_test(nothing_after_an_origin_is_seen),
        cmocka_unit_test(rules_of_the_series_hold_for_every_method),
        cmocka_unit_test(windows_without_truth_are_left_out),
        cmocka_unit_test(a_constant_series_has_no_mase_and_says_so),
        cmocka_unit_test(what_cannot_be_evaluated_is_refused),
    };

    base = a_base();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    trm_base_free(base);
    return failed;
}
