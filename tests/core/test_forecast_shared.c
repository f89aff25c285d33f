/* What a forecast of kind TRM must be whatever the series: finite, ordered, equivariant, bounded,
 * explained, and as its record wants it. */
#include "a_base.h"

#include "core/forecast.h"

#define N 400
#define H 24

static struct trm_base *base;

static int prepare(void **state)
{
    (void)state;
    base = a_base();
    return 0;
}

static int clean(void **state)
{
    (void)state;
    trm_base_free(base);
    return 0;
}

static struct trm_forecast_request ask(size_t horizon)
{
    return (struct trm_forecast_request){.horizon = horizon,
                                         .levels = trm_knot_levels,
                                         .level_n = TRM_KNOTS,
                                         .min = NAN,
                                         .max = NAN};
}

static struct trm_model *fitted(const struct trm_base *with, const double *v, size_t n)
{
    struct trm_fit_options options = {.config = trm_config_default(24, H), .base_weights = with};
    struct trm_fit_report report;

    return fit_all(v, n, &options, &report);
}

static struct trm_forecast *forecast(const struct trm_model *model, const double *v, size_t n,
                                     const struct trm_forecast_request *request)
{
    struct trm_config config = trm_config_default(24, H);
    struct trm_forecast *f = NULL;

    config.season2 = 168;
    assert_int_equal(trm_forecast(base, model, &config, v, n, request, &f), TRM_OK);
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
    for (size_t k = 0; k < f->draft_n; k++)
        assert_true(f->draft[k].weight >= .01 &&
                    (!k || f->draft[k].weight <= f->draft[k - 1].weight));
}

static void forecasts_are_finite_and_ordered_for_any_length_and_horizon(void **state)
{
    const size_t horizons[] = {1, 2, 24, 97, TRM_HORIZON_MAX};
    double v[N];

    (void)state;
    seasonal_series(v, N, 24, 3);
    for (size_t n = 3; n < N; n += n < 60 ? 1 : 67)
        for (size_t i = 0; i < 5; i++) {
            struct trm_forecast_request request = ask(horizons[i]);
            if (horizons[i] > H && n % 5)
                continue;
            struct trm_forecast *f = forecast(NULL, v, n, &request);
            check_sane(f);
            assert_int_equal(f->answered_by, TRM_BY_NETWORK);
            assert_true(f->draft_n > 0 && f->gate == 1);
            trm_forecast_free(f);
        }
}

static void forecast_scales_exactly_by_powers_of_two(void **state)
{
    double v[N], big[N];
    struct trm_forecast_request request = ask(H);

    (void)state;
    seasonal_series(v, N, 24, 6);
    v[100] = v[101] = v[300] = NAN;
    for (int i = 0; i < N; i++)
        big[i] = ldexp(v[i], 900);
    struct trm_model *model = fitted(base, v, N), *same = fitted(base, big, N);
    struct trm_forecast *a = forecast(model, v, N, &request), *b = forecast(same, big, N, &request);
    assert_memory_equal(trm_model_info(model), trm_model_info(same), sizeof *trm_model_info(same));
    for (size_t i = 0; i < TRM_KNOTS * H; i++)
        assert_true(ldexp(a->quantiles[i], 900) == b->quantiles[i]);
    trm_forecast_free(a);
    trm_forecast_free(b);
    trm_model_free(model);
    trm_model_free(same);
}

static void forecast_scales_nearly_by_any_other_number(void **state)
{
    const double factors[] = {1e-200, .1, 3, 1.7, 1e5, 1e200};
    double v[N], other[N];
    struct trm_forecast_request request = ask(H);

    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        seasonal_series(v, N, 24, seed);
        struct trm_forecast *a = forecast(NULL, v, N, &request);
        for (size_t k = 0; k < sizeof factors / sizeof *factors; k++) {
            for (int i = 0; i < N; i++)
                other[i] = v[i] * factors[k];
            struct trm_forecast *b = forecast(NULL, other, N, &request);
            for (size_t i = 0; i < TRM_KNOTS * H; i++)
                assert_near(b->quantiles[i] / factors[k] / a->quantiles[i], 1, 1e-5);
            trm_forecast_free(b);
        }
        trm_forecast_free(a);
    }
}

static void a_history_of_a_hundred_thousand_values_is_answered_from_its_newest(void **state)
{
    enum { MANY = 100000 };
    double *v = malloc(MANY * sizeof *v);
    struct trm_forecast_request request = ask(H);

    (void)state;
    assert_non_null(v);
    seasonal_series(v, MANY, 24, 8);
    struct trm_forecast *all = forecast(NULL, v, MANY, &request);
    struct trm_forecast *newest =
        forecast(NULL, v + MANY - TRM_CONTEXT_MAX, TRM_CONTEXT_MAX, &request);
    check_sane(all);
    assert_memory_equal(all->median, newest->median, (1 + TRM_KNOTS) * H * sizeof *all->median);
    trm_forecast_free(all);
    trm_forecast_free(newest);
    free(v);
}

static void equal_questions_get_equal_answers(void **state)
{
    double v[N];
    struct trm_forecast_request request = ask(3 * H);

    (void)state;
    seasonal_series(v, N, 24, 6);
    struct trm_forecast *a = forecast(NULL, v, N, &request), *b = forecast(NULL, v, N, &request);
    assert_memory_equal(a->median, b->median, (1 + TRM_KNOTS) * 3 * H * sizeof *a->median);
    trm_forecast_free(a);
    trm_forecast_free(b);
}

static void forecast_of_constant_series_is_constant(void **state)
{
    const double values[] = {-12.25, .1, 0, 1e300};
    struct trm_forecast_request request = ask(H);
    double v[300];

    (void)state;
    request.trace = true;
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < 300; i++)
            v[i] = i % 7 ? values[k] : (double)NAN;
        struct trm_model *model = fitted(base, v, 300);
        struct trm_forecast *f = forecast(k % 2 ? model : NULL, v, 300, &request);
        for (size_t i = 0; i < TRM_KNOTS * H; i++)
            assert_true(f->quantiles[i] == values[k]);
        assert_true(f->answered_by == TRM_BY_CONSENSUS && f->halted == TRM_HALTED_UNTHOUGHT);
        assert_int_equal(f->trace_n, 1);
        trm_forecast_free(f);
        trm_model_free(model);
    }
}

static void hostile_histories_get_finite_forecasts(void **state)
{
    const double scales[] = {1e-300, 1e-10, 1, 1e10, 1e300};
    struct trm_forecast_request request = ask(H);
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
        struct trm_model *model = round % 2 ? NULL : fitted(base, v, n);
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
    assert_false(f->clipped_at_zero);
    trm_forecast_free(f);
}

static void what_was_never_negative_is_not_forecast_to_be(void **state)
{
    struct trm_forecast_request request = ask(H);
    double v[N], lowest = 0;
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 4);
    for (int i = 0; i < N; i++)
        v[i] = fmax(0, 2 * trm_rng_normal(&rng));
    struct trm_forecast *f = forecast(NULL, v, N, &request);
    for (size_t i = 0; i < TRM_KNOTS * H; i++)
        assert_true(f->quantiles[i] >= 0);
    assert_true(f->clipped_at_zero);
    trm_forecast_free(f);
    request.min = -100; /* the caller knows better */
    f = forecast(NULL, v, N, &request);
    for (size_t i = 0; i < H; i++)
        lowest = fmin(lowest, f->quantiles[i]);
    assert_true(lowest < 0);
    trm_forecast_free(f);
}

static void any_level_lies_between_its_knots_and_beyond_them_in_proportion(void **state)
{
    const double levels[] = {.001, .025, .05, .1, .25, .5, .77, .975, .999};
    struct trm_forecast_request request = ask(H), knots = ask(H);
    double v[N];

    (void)state;
    seasonal_series(v, N, 24, 2);
    request.levels = levels;
    request.level_n = 9;
    struct trm_forecast *f = forecast(NULL, v, N, &request), *k = forecast(NULL, v, N, &knots);
    check_sane(f);
    for (size_t j = 0; j < H; j++) {
        assert_true(f->quantiles[5 * H + j] == f->median[j]);
        assert_true(f->quantiles[1 * H + j] == k->quantiles[j]);
        assert_near((f->quantiles[j] - f->median[j]) / (k->quantiles[j] - f->median[j]),
                    3.0902 / 1.95996, 1e-3);
        assert_true(f->quantiles[4 * H + j] > k->quantiles[2 * H + j] &&
                    f->quantiles[4 * H + j] < k->quantiles[3 * H + j]);
    }
    trm_forecast_free(f);
    trm_forecast_free(k);
}

static uint64_t tick(void *arg)
{
    uint64_t *at = arg;

    return *at += 3;
}

static void trace_tells_every_step_and_ends_at_the_answer(void **state)
{
    struct trm_forecast_request request = ask(H);
    uint64_t clock = 0;
    double v[N];

    (void)state;
    seasonal_series(v, N, 24, 1);
    request.trace = true;
    request.now_us = tick;
    request.now_arg = &clock;
    struct trm_forecast *f = forecast(NULL, v, N, &request);
    assert_true(f->halted_at >= 1 && f->halted != TRM_HALTED_UNTHOUGHT);
    assert_int_equal(f->trace_n, 1 + f->halted_at);
    assert_int_equal(f->trace_leads, H);
    assert_memory_equal(f->trace[f->trace_n - 1].median, f->median, H * sizeof *f->median);
    assert_true(f->trace_place[0] == 1 && f->trace_place[1] == 12 && f->trace_place[2] == H);
    for (size_t s = 0; s < f->trace_n; s++) {
        const struct trm_trace_step *t = &f->trace[s];
        assert_true(t->us > 0 && t->trust_n == TRM_TRACE_TRUST);
        for (int p = 0; p < TRM_TRACE_PLACES; p++)
            assert_true(t->trust[p][0].weight >= t->trust[p][1].weight &&
                        t->trust[p][0].weight > 0);
        for (size_t j = 0; j < H; j++)
            assert_true(t->low[j] <= t->median[j] && t->median[j] <= t->high[j]);
        if (!s) {
            assert_true(t->update_y == 0 && isnan(t->halt) && isnan(t->verify.size));
            continue;
        }
        assert_true(t->update_z > 0 && t->halt > 0 && t->halt < 1);
        assert_true(t->verify.size > 0 && t->verify.above >= 0 && t->verify.above <= 1 &&
                    t->verify.worst >= t->verify.size && t->verify.coverage > .2 &&
                    t->verify.coverage <= 1);
    }
    trm_forecast_free(f);
}

static void the_record_decides_who_answers_and_how_wide(void **state)
{
    struct trm_forecast_request request = ask(H);
    struct trm_base *bad = made_base(3), *good = base;
    double v[600];

    (void)state;
    seasonal_series(v, 600, 24, 1);
    request.trace = true;
    base = bad;
    struct trm_model *model = fitted(bad, v, 600);
    struct trm_forecast *f = forecast(model, v, 600, &request),
                        *free = forecast(NULL, v, 600, &request);
    check_sane(f);
    assert_int_equal(f->answered_by, trm_model_info(model)->verdict.by);
    assert_int_not_equal(f->answered_by, TRM_BY_NETWORK);
    assert_true(f->gate == 0 && f->halted_at == 0 && f->halted == TRM_HALTED_UNTHOUGHT &&
                f->trace_n == 1);
    assert_true((f->answered_draft != NULL) == (f->answered_by == TRM_BY_DRAFT));
    assert_int_equal(free->answered_by, TRM_BY_NETWORK);
    trm_forecast_free(f);
    trm_forecast_free(free);
    trm_model_free(model);
    trm_base_free(bad);
    base = good;
}

static void networks_that_answer_infinity_are_answered_for(void **state)
{
    struct trm_base *wild = made_base(1e37f), *good = base;
    struct trm_forecast_request request = ask(H);
    double v[N];

    (void)state;
    seasonal_series(v, N, 24, 1);
    base = wild;
    struct trm_model *model = fitted(wild, v, N);
    for (int with = 0; with < 2; with++) {
        struct trm_forecast *f = forecast(with ? model : NULL, v, N, &request);
        check_sane(f);
        assert_int_not_equal(f->answered_by, TRM_BY_NETWORK);
        trm_forecast_free(f);
    }
    trm_model_free(model);
    trm_base_free(wild);
    base = good;
}

static void kinds_are_known_by_name(void **state)
{
    enum trm_kind kind = TRM_KIND_TRM;

    (void)state;
    assert_true(trm_kind_parse("literal", &kind) && kind == TRM_KIND_LITERAL);
    assert_true(trm_kind_parse("trm", &kind) && kind == TRM_KIND_TRM);
    assert_false(trm_kind_parse("Literal", &kind));
    assert_string_equal(trm_answered_by_name(TRM_BY_DRAFT), "draft");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forecasts_are_finite_and_ordered_for_any_length_and_horizon),
        cmocka_unit_test(forecast_scales_exactly_by_powers_of_two),
        cmocka_unit_test(forecast_scales_nearly_by_any_other_number),
        cmocka_unit_test(a_history_of_a_hundred_thousand_values_is_answered_from_its_newest),
        cmocka_unit_test(equal_questions_get_equal_answers),
        cmocka_unit_test(forecast_of_constant_series_is_constant),
        cmocka_unit_test(hostile_histories_get_finite_forecasts),
        cmocka_unit_test(bounds_and_integers_hold_for_median_and_quantiles),
        cmocka_unit_test(what_was_never_negative_is_not_forecast_to_be),
        cmocka_unit_test(any_level_lies_between_its_knots_and_beyond_them_in_proportion),
        cmocka_unit_test(trace_tells_every_step_and_ends_at_the_answer),
        cmocka_unit_test(the_record_decides_who_answers_and_how_wide),
        cmocka_unit_test(networks_that_answer_infinity_are_answered_for),
        cmocka_unit_test(kinds_are_known_by_name),
    };
    return cmocka_run_group_tests_name("forecast of shared networks", tests, prepare, clean);
}
