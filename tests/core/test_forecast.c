/* What a forecast of kind literal must be whatever the series: finite, ordered, equivariant, bounded,
 * explained; and the requests that no kind answers. */
#include "a_base.h"

#include "core/checkpoint.h"
#include "core/forecast.h"
#include "core/season.h"

#define N 500
#define H 24

static struct trm_forecast_request ask(size_t horizon)
{
    return (struct trm_forecast_request){.horizon = horizon,
                                         .levels = trm_knot_levels,
                                         .level_n = TRM_KNOTS,
                                         .min = NAN,
                                         .max = NAN};
}

static struct trm_config literal(size_t season, size_t horizon)
{
    struct trm_config config = trm_config_default(season, horizon);

    config.kind = TRM_KIND_LITERAL;
    return config;
}

static struct trm_model *fitted(const double *v, size_t n, const struct trm_model *base,
                                struct trm_fit_report *report)
{
    struct trm_fit_options options = {.config = literal(24, H), .base = base, .seed = 5};

    return fit_all(v, n, &options, report);
}

static struct trm_forecast *forecast(const struct trm_model *model, const double *v, size_t n,
                                     const struct trm_forecast_request *request)
{
    struct trm_config config = literal(24, H);
    struct trm_forecast *f = NULL;

    assert_int_equal(trm_forecast(NULL, model, &config, v, n, request, &f), TRM_OK);
    return f;
}

static void check_sane(const struct trm_forecast *f)
{
    for (size_t j = 0; j < f->horizon; j++) {
        assert_true(isfinite(f->median[j]));
        for (size_t q = 0; q < f->level_n; q++) {
            assert_true(isfinite(f->quantiles[q * f->horizon + j]));
            if (q)
                assert_true(f->quantiles[q * f->horizon + j] >=
                            f->quantiles[(q - 1) * f->horizon + j]);
        }
        if (f->level_n == TRM_KNOTS)
            assert_true(f->quantiles[TRM_KNOT_MEDIAN * f->horizon + j] == f->median[j]);
    }
}

static void fit_learns_and_is_reproducible_to_the_bit(void **state)
{
    double v[N];
    struct trm_fit_report first, second;
    unsigned char *a, *b;

    (void)state;
    seasonal_series(v, N, 24, 1);
    struct trm_model *one = fitted(v, N, NULL, &first), *two = fitted(v, N, NULL, &second);
    assert_true(first.windows > 100 && first.steps > 100 && !first.incremental);
    assert_true(first.loss_last < first.loss_first);
    assert_true(trm_model_info(one)->mase < 1);
    assert_true(trm_model_info(one)->coverage80 > .4);
    size_t n = trm_checkpoint_bytes(one);
    assert_int_equal(n, trm_checkpoint_bytes(two));
    a = malloc(n), b = malloc(n);
    assert_int_equal(trm_checkpoint_encode(one, a, n), TRM_OK);
    assert_int_equal(trm_checkpoint_encode(two, b, n), TRM_OK);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
    trm_model_free(one);
    trm_model_free(two);
}

static void incremental_fit_continues_from_its_base(void **state)
{
    double v[N + 48];
    struct trm_fit_report report;

    (void)state;
    seasonal_series(v, N + 48, 24, 2);
    struct trm_model *base = fitted(v, N, NULL, &report);
    uint64_t steps = trm_model_info(base)->steps;
    struct trm_model *next = fitted(v, N + 48, base, &report);
    assert_true(report.incremental && isfinite(report.mae_base) && isfinite(report.mae_new));
    assert_true(report.kept_base || trm_model_info(next)->steps > steps);
    assert_true(report.steps < steps);
    trm_model_free(base);
    trm_model_free(next);
}

static void forecasts_are_finite_and_ordered_for_any_length(void **state)
{
    double v[N];

    (void)state;
    seasonal_series(v, N, 24, 3);
    for (size_t n = 3; n < N; n += n < 120 ? 1 : 37) {
        struct trm_forecast_request request = ask(n % 3 ? H : 3 * H);
        struct trm_forecast *f = forecast(NULL, v, n, &request);
        check_sane(f);
        trm_forecast_free(f);
    }
}

static void long_horizon_continues_block_by_block(void **state)
{
    double v[N];
    struct trm_fit_report report;
    struct trm_forecast_request near = ask(H), far = ask(TRM_HORIZON_MAX);

    (void)state;
    seasonal_series(v, N, 24, 4);
    struct trm_model *model = fitted(v, N, NULL, &report);
    struct trm_forecast *a = forecast(model, v, N, &near), *b = forecast(model, v, N, &far);
    check_sane(b);
    if (a->answered_by == TRM_BY_LITERAL) /* else the ridge's number of leads differs */
        assert_memory_equal(a->median, b->median, H * sizeof *a->median);
    trm_forecast_free(a);
    trm_forecast_free(b);
    trm_model_free(model);
}

static void forecast_scales_exactly_by_powers_of_two_and_closely_otherwise(void **state)
{
    double v[N], big[N], odd[N];
    struct trm_fit_report report;
    struct trm_forecast_request request = ask(H);

    (void)state;
    seasonal_series(v, N, 24, 6);
    v[100] = v[101] = v[300] = NAN;
    for (int i = 0; i < N; i++) {
        big[i] = ldexp(v[i], 900);
        odd[i] = 7.3 * v[i];
    }
    struct trm_model *model = fitted(v, N, NULL, &report), *same = fitted(big, N, NULL, &report);
    struct trm_forecast *a = forecast(model, v, N, &request), *b = forecast(same, big, N, &request);
    struct trm_forecast *c = forecast(model, odd, N, &request);
    for (size_t i = 0; i < TRM_KNOTS * H; i++) {
        assert_true(ldexp(a->quantiles[i], 900) == b->quantiles[i]);
        assert_near(c->quantiles[i] / 7.3, a->quantiles[i], 1e-5 * fabs(a->quantiles[i]));
    }
    trm_forecast_free(a);
    trm_forecast_free(b);
    trm_forecast_free(c);
    trm_model_free(model);
    trm_model_free(same);
}

static void forecast_of_constant_series_is_constant(void **state)
{
    double v[300];
    struct trm_fit_report report;
    struct trm_forecast_request request = ask(H);

    (void)state;
    for (int i = 0; i < 300; i++)
        v[i] = -12.25;
    struct trm_model *model = fitted(v, 300, NULL, &report);
    struct trm_forecast *f = forecast(model, v, 300, &request);
    for (size_t i = 0; i < TRM_KNOTS * H; i++)
        assert_true(f->quantiles[i] == -12.25);
    trm_forecast_free(f);
    trm_model_free(model);
}

static void hostile_histories_get_finite_forecasts(void **state)
{
    const double scales[] = {1e-300, 1e-10, 1, 1e10, 1e300};
    struct trm_forecast_request request = ask(H);
    struct trm_fit_report report;
    struct trm_rng rng;
    double v[300];

    (void)state;
    trm_rng_seed(&rng, 77);
    for (int round = 0; round < 60; round++) {
        size_t n = 3 + trm_rng_below(&rng, 298);
        double missing = trm_rng_uniform(&rng) * .5, spike = trm_rng_uniform(&rng) * .05;
        for (size_t i = 0; i < n; i++) {
            v[i] = scales[round % 5] * (trm_rng_uniform(&rng) - .5);
            if (round % 3 == 0)
                v[i] = trm_rng_uniform(&rng) < .9 ? 0 : v[i];
            if (trm_rng_uniform(&rng) < spike && round % 5 < 4)
                v[i] *= 1e6;
            if (trm_rng_uniform(&rng) < missing && i > 2)
                v[i] = NAN;
        }
        struct trm_model *model = round % 6 ? NULL : fitted(v, n, NULL, &report);
        struct trm_forecast *f = forecast(model, v, n, &request);
        check_sane(f);
        trm_forecast_free(f);
        trm_model_free(model);
    }
}

static void bounds_and_integers_hold_for_median_and_quantiles(void **state)
{
    double v[N];
    struct trm_forecast_request request = ask(H);

    (void)state;
    seasonal_series(v, N, 24, 8);
    request.min = 99.5;
    request.max = 104;
    request.integer = true;
    struct trm_forecast *f = forecast(NULL, v, N, &request);
    check_sane(f);
    for (size_t i = 0; i < TRM_KNOTS * H; i++) {
        assert_true(f->quantiles[i] >= 99.5 && f->quantiles[i] <= 104);
        assert_true(f->quantiles[i] == nearbyint(f->quantiles[i]) || f->quantiles[i] == 99.5);
    }
    trm_forecast_free(f);
}

static uint64_t tick(void *arg)
{
    uint64_t *at = arg;

    return *at += 3;
}

static void trace_tells_every_step_and_ends_at_the_answer(void **state)
{
    double v[N];
    uint64_t clock = 0;
    struct trm_fit_report report;
    struct trm_forecast_request request = ask(H);

    (void)state;
    seasonal_series(v, N, 24, 1);
    request.trace = true;
    request.now_us = tick;
    request.now_arg = &clock;
    struct trm_model *model = fitted(v, N, NULL, &report);
    struct trm_forecast *f = forecast(model, v, N, &request);
    assert_int_equal(f->trace_n, 1 + f->halted_at);
    assert_int_equal(f->trace_leads, H);
    assert_memory_equal(f->trace[f->trace_n - 1].median, f->median, H * sizeof *f->median);
    for (size_t s = 1; s < f->trace_n; s++)
        assert_true(f->trace[s].update_z > 0 && f->trace[s].us > 0 && f->trace[s].moved >= 0);
    for (size_t s = 0; s < f->trace_n; s++)
        for (size_t j = 0; j < H; j++)
            assert_true(f->trace[s].low[j] <= f->trace[s].median[j] &&
                        f->trace[s].median[j] <= f->trace[s].high[j]);
    assert_int_equal(f->draft_n, TRM_DRAFTS);
    assert_string_equal(f->draft[2].name, "ridge");
    assert_int_equal(f->answered_by == TRM_BY_LITERAL, f->gate > 0);
    trm_forecast_free(f);
    trm_model_free(model);
}

static void impossible_requests_are_refused(void **state)
{
    const double v[] = {1, 2, 3, 4}, crossed[] = {.5, .5}, outside[] = {0};
    struct trm_config config = literal(1, 4), bad = config, shared = trm_config_default(1, 4);
    struct trm_forecast *f = NULL;
    struct trm_forecast_request r = ask(0);

    (void)state;
    assert_int_equal(trm_forecast(NULL, NULL, &config, v, 4, &r, &f), TRM_EINVAL);
    r = ask(TRM_HORIZON_MAX + 1);
    assert_int_equal(trm_forecast(NULL, NULL, &config, v, 4, &r, &f), TRM_EINVAL);
    r = ask(1);
    r.levels = crossed;
    r.level_n = 2;
    assert_int_equal(trm_forecast(NULL, NULL, &config, v, 4, &r, &f), TRM_EINVAL);
    r.levels = outside;
    r.level_n = 1;
    assert_int_equal(trm_forecast(NULL, NULL, &config, v, 4, &r, &f), TRM_EINVAL);
    r = ask(1);
    bad.hidden = 12;
    assert_int_equal(trm_forecast(NULL, NULL, &bad, v, 4, &r, &f), TRM_EINVAL);
    assert_int_equal(trm_forecast(NULL, NULL, &config, v, 2, &r, &f), TRM_ESHORT);
    assert_int_equal(trm_forecast(NULL, NULL, &shared, v, 4, &r, &f), TRM_EINVAL); /* no networks */
    shared.season2 = 1;
    assert_int_equal(trm_config_check(&shared), TRM_EINVAL); /* not longer than the season */
    assert_null(f);
}

static void season_is_found_where_there_is_one_and_only_there(void **state)
{
    const size_t candidates[] = {168, 24};
    double v[800];
    struct trm_rng rng;

    (void)state;
    seasonal_series(v, 800, 24, 1);
    assert_int_equal(trm_season_detect(v, 800, candidates, 2), 24);
    assert_int_equal(trm_season_detect(v, 40, candidates, 2), 1); /* less than two days */
    for (int i = 0; i < 800; i++) /* weekends differ */
        v[i] += i / 24 % 7 >= 5 ? 30 : 0;
    assert_int_equal(trm_season_detect(v, 800, candidates, 2), 168);
    trm_rng_seed(&rng, 3);
    for (int i = 0; i < 800; i++)
        v[i] = trm_rng_normal(&rng);
    assert_int_equal(trm_season_detect(v, 800, candidates, 2), 1);
    for (int i = 1; i < 800; i++)
        v[i] += v[i - 1];
    assert_int_equal(trm_season_detect(v, 800, candidates, 2), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fit_learns_and_is_reproducible_to_the_bit),
        cmocka_unit_test(incremental_fit_continues_from_its_base),
        cmocka_unit_test(forecasts_are_finite_and_ordered_for_any_length),
        cmocka_unit_test(long_horizon_continues_block_by_block),
        cmocka_unit_test(forecast_scales_exactly_by_powers_of_two_and_closely_otherwise),
        cmocka_unit_test(forecast_of_constant_series_is_constant),
        cmocka_unit_test(hostile_histories_get_finite_forecasts),
        cmocka_unit_test(bounds_and_integers_hold_for_median_and_quantiles),
        cmocka_unit_test(trace_tells_every_step_and_ends_at_the_answer),
        cmocka_unit_test(impossible_requests_are_refused),
        cmocka_unit_test(season_is_found_where_there_is_one_and_only_there),
    };
    return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
