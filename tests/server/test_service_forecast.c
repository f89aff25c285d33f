/* Forecasts of stored and of stateless series. */
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int ask_forecast(struct fixture *f, const char *id, size_t horizon, struct err *err)
{
    struct forecast_ask ask = {.horizon = horizon};
    struct forecast_answer answer;
    int rc = service_forecast(f->service, id, &ask, &answer, err);

    if (rc == 0)
        forecast_answer_done(&answer);
    return rc;
}

static void too_short_a_history_says_what_is_there_and_what_is_missing(void **state)
{
    struct fixture *f = *state;
    struct err err;

    make_daily(f, "a", 1, FIT_OFF);
    assert_int_equal(ask_forecast(f, "a", 1, &err), -1);
    assert_int_equal(err.code, ERR_TOO_SHORT);
    assert_non_null(strstr(err.msg, "there is 1: 2 more points are missing"));
    struct point missing[] = {{START + DAY, (double)NAN}, {START + 2 * DAY, 4}};
    put_ok(f, "a", missing, 2);
    assert_int_equal(ask_forecast(f, "a", 1, &err), -1);
    assert_non_null(strstr(err.msg, "there are 2: 1 more point is missing"));
    assert_string_equal(view_of(f, "a").state, "awaiting 1 more point");
    struct point third = {START + 3 * DAY, 4};
    put_ok(f, "a", &third, 1);
    assert_int_equal(ask_forecast(f, "a", 1, &err), 0);
}

static void an_unknown_series_is_not_found(void **state)
{
    struct err err;

    assert_int_equal(ask_forecast(*state, "none", 1, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void a_horizon_beyond_the_longest_is_refused(void **state)
{
    struct fixture *f = *state;
    struct forecast_ask ask = {.horizon = TRM_HORIZON_MAX + 1};
    struct forecast_tag tag;
    struct err err;

    make_daily(f, "a", 20, FIT_OFF);
    assert_int_equal(ask_forecast(f, "a", ask.horizon, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.place, "horizon");
    assert_int_equal(service_forecast_tag(f->service, "a", &ask, &tag, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(ask_forecast(f, "a", TRM_HORIZON_MAX, &err), 0);
}

static void a_forecast_goes_on_after_the_last_point(void **state)
{
    struct fixture *f = *state;

    make_daily(f, "a", 60, FIT_OFF);
    struct forecast_answer answer = forecast_of(f, "a", 0);
    assert_int_equal(answer.forecast->horizon, 30); /* the default for days */
    assert_int_equal(trm_grid_time(&answer.grid, answer.first_step), START + 60 * DAY);
    assert_int_equal(answer.issued_at, START + 59 * DAY);
    assert_true(answer.has_time);
    assert_false(answer.has_model);
    assert_non_null(strstr(answer.why, "the shared network, not yet measured on this series: no fit yet"));
    for (size_t h = 0; h < 30; h++)
        assert_true(answer.forecast->median[h] > 80 && answer.forecast->median[h] < 120);
    forecast_answer_done(&answer);
}

static void one_value_for_ever_is_repeated_and_said_so(void **state)
{
    struct fixture *f = *state;
    struct point points[40];
    char job[JOB_ID_MAX + 1];

    for (int i = 0; i < 40; i++)
        points[i] = (struct point){START + i * DAY, 5};
    put_ok(f, "a", points, 40);
    for (int fitted = 0; fitted < 2; fitted++) {
        struct forecast_answer answer = forecast_of(f, "a", 3);
        assert_true(answer.forecast->median[2] == 5);
        assert_string_equal(answer.why, "one value is all that was observed: it is repeated");
        forecast_answer_done(&answer);
        assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    }
}

static void bounds_hold_for_every_quantile(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_MIN | PATCH_MAX | PATCH_INTEGER};
    struct err err;

    make_daily(f, "a", 60, FIT_OFF);
    series_settings_init(&patch.settings);
    patch.settings.min = 98;
    patch.settings.max = 102;
    patch.settings.integer = true;
    put_series(f, "a", &patch, &err);
    struct forecast_answer answer = forecast_of(f, "a", 14);
    for (size_t i = 0; i < 14 * 3; i++) {
        double v = answer.forecast->quantiles[i];
        assert_true(v >= 98 && v <= 102 && v == floor(v));
    }
    forecast_answer_done(&answer);
}

static struct forecast_tag tag_of(struct fixture *f, const char *id)
{
    struct forecast_ask ask = {0};
    struct forecast_tag tag;
    struct err err;

    assert_int_equal(service_forecast_tag(f->service, id, &ask, &tag, &err), 0);
    return tag;
}

static void the_tag_changes_with_whatever_changes_the_answer(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_MAX};
    struct point next = {START + 20 * DAY, 1};
    struct err err;

    make_daily(f, "a", 20, FIT_OFF);
    struct forecast_tag first = tag_of(f, "a");
    assert_int_equal(first.next_point_ms, START + 20 * DAY);
    assert_int_equal(first.horizon, 30);
    put_ok(f, "a", &next, 1);
    struct forecast_tag second = tag_of(f, "a");
    assert_int_not_equal(first.revision, second.revision);
    series_settings_init(&patch.settings);
    patch.settings.max = 5;
    put_series(f, "a", &patch, &err);
    struct forecast_tag third = tag_of(f, "a");
    assert_int_not_equal(second.settings_revision, third.settings_revision);
    fixture_close(f);
    fixture_open(f);
    struct forecast_tag again = tag_of(f, "a");
    assert_memory_equal(&third, &again, sizeof third);
    f->base->identity ^= 1;
    assert_int_not_equal(tag_of(f, "a").weights, third.weights);
}

static void an_automatic_season_is_found_and_stays_between_jumps(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_FREQ | PATCH_FIT};
    struct point *points = daily(0, 100);
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.freq.ms = DAY;
    patch.settings.fit = FIT_OFF;
    put_series(f, "a", &patch, &err);
    put_ok(f, "a", points, 100);
    struct forecast_answer answer = forecast_of(f, "a", 7);
    forecast_answer_done(&answer);
    assert_int_equal(view_of(f, "a").season, 7);
    for (size_t day = 100; day < 110; day++) { /* a different season would show from here on */
        struct point flat = {START + (int64_t)day * DAY, 100};
        put_ok(f, "a", &flat, 1);
        answer = forecast_of(f, "a", 7);
        forecast_answer_done(&answer);
        assert_int_equal(view_of(f, "a").season, 7);
    }
    free(points);
}

/* ---- stateless ---- */

struct got {
    bool called;
    struct err err;
    struct stateless_batch *batch;
};

static void on_stateless(void *ctx, const struct err *err, struct stateless_batch *batch)
{
    struct got *got = ctx;

    got->called = true;
    got->err = err ? *err : (struct err){.code = ERR_NONE};
    got->batch = batch;
}

static struct stateless_batch *batch_of(size_t n, size_t values_n, size_t horizon)
{
    struct stateless_batch *batch = calloc(1, sizeof *batch);
    struct point *points = daily(0, values_n);

    assert_non_null(batch);
    batch->items = calloc(n, sizeof *batch->items);
    assert_non_null(batch->items);
    batch->n = n;
    batch->ask = (struct forecast_ask){.horizon = horizon, .levels = {.1, .5, .9}, .level_n = 3};
    for (size_t i = 0; i < n; i++) {
        struct stateless_item *item = &batch->items[i];
        series_settings_init(&item->settings);
        item->settings.freq.ms = DAY;
        item->settings.season[0] = 7;
        item->settings.season_n = 1;
        item->n = values_n;
        item->values = malloc(values_n * sizeof(double));
        assert_non_null(item->values);
        for (size_t t = 0; t < values_n; t++)
            item->values[t] = points[t].v;
        item->has_start = true;
        item->start = START;
    }
    free(points);
    return batch;
}

static struct got compute(struct fixture *f, struct stateless_batch *batch)
{
    struct got got = {0};
    struct err err = {.code = ERR_NONE};

    if (service_forecast_stateless(f->service, batch, on_stateless, &got, &err))
        fail_msg("%s", err.msg);
    assert_false(got.called);
    run_until(f, &got.called);
    assert_ptr_equal(got.batch, batch);
    return got;
}

static void a_stateless_forecast_equals_the_stored_one(void **state)
{
    struct fixture *f = *state;

    make_daily(f, "a", 60, FIT_OFF);
    struct forecast_answer stored = forecast_of(f, "a", 30);
    struct got got = compute(f, batch_of(1, 60, 30));
    struct stateless_item *item = &got.batch->items[0];
    assert_int_equal(item->err.code, ERR_NONE);
    assert_memory_equal(item->answer.forecast->quantiles, stored.forecast->quantiles,
                        3 * 30 * sizeof(double));
    assert_int_equal(trm_grid_time(&item->answer.grid, item->answer.first_step), START + 60 * DAY);
    forecast_answer_done(&stored);
    stateless_batch_free(got.batch);
}

static void the_longer_period_is_the_second_named_or_goes_with_the_step(void **state)
{
    static const struct {
        int64_t minutes;
        uint32_t season[2], season_n, wanted;
    } cases[] = {
        {5, {288}, 1, 2016},  {10, {144}, 1, 1008}, {15, {96}, 1, 672},     {30, {48}, 1, 336},
        {60, {24}, 1, 168},   {1440, {7}, 1, 364},  {1440, {1}, 1, 365},    {60, {12}, 1, 0},
        {120, {12}, 1, 0},    {60, {24, 720}, 2, 720}, {60, {168, 24}, 2, 0},
    };
    enum { N = sizeof cases / sizeof *cases };
    struct stateless_batch *batch = batch_of(N, 60, 5);

    for (size_t i = 0; i < N; i++) {
        struct series_settings *settings = &batch->items[i].settings;
        settings->freq.ms = cases[i].minutes * 60000;
        settings->season_n = cases[i].season_n;
        memcpy(settings->season, cases[i].season, sizeof cases[i].season);
    }
    compute(*state, batch);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(batch->items[i].err.code, ERR_NONE);
        assert_int_equal(batch->items[i].answer.config.season, cases[i].season[0]);
        assert_int_equal(batch->items[i].answer.config.season2, cases[i].wanted);
    }
    stateless_batch_free(batch);
}

static void a_stateless_question_may_name_the_kind_of_model(void **state)
{
    struct stateless_batch *batch = batch_of(2, 300, 7);

    for (size_t i = 0; i < 2; i++)
        batch->items[i].settings.model = TRM_KIND_LITERAL;
    batch->items[1].fit = true;
    compute(*state, batch);
    assert_int_equal(batch->items[0].answer.config.kind, TRM_KIND_LITERAL);
    assert_null(batch->items[0].answer.base);
    assert_int_equal(batch->items[0].answer.forecast->answered_by, TRM_BY_CONSENSUS);
    assert_int_equal(batch->items[1].answer.model.config.kind, TRM_KIND_LITERAL);
    stateless_batch_free(batch);
}

static void one_bad_item_leaves_the_others_standing(void **state)
{
    struct stateless_batch *batch = batch_of(3, 60, 5);

    batch->items[1].n = 2;
    struct got got = compute(*state, batch);
    assert_int_equal(got.err.code, ERR_NONE);
    assert_int_equal(batch->items[0].err.code, ERR_NONE);
    assert_int_equal(batch->items[1].err.code, ERR_TOO_SHORT);
    assert_null(batch->items[1].answer.forecast);
    assert_int_equal(batch->items[2].err.code, ERR_NONE);
    stateless_batch_free(batch);
}

static void a_stateless_fit_answers_with_a_model(void **state)
{
    struct stateless_batch *batch = batch_of(1, 300, 7);

    batch->items[0].fit = true;
    batch->items[0].has_start = false;
    compute(*state, batch);
    assert_int_equal(batch->items[0].err.code, ERR_NONE);
    assert_true(batch->items[0].answer.has_model);
    assert_true(batch->items[0].answer.model.parameters > 0);
    assert_false(batch->items[0].answer.has_time);
    stateless_batch_free(batch);
}

static void a_drain_cancels_a_stateless_question_that_trains(void **state)
{
    struct fixture *f = *state;
    struct got got = {0};
    struct err err;
    struct stateless_batch *batch = batch_of(3, 300, 7);

    batch->items[1].fit = true;
    block_worker(f);
    assert_int_equal(service_forecast_stateless(f->service, batch, on_stateless, &got, &err), 0);
    service_drain(f->service);
    unblock_worker(f);
    run_until(f, &got.called);
    assert_int_equal(got.err.code, ERR_UNAVAILABLE);
    stateless_batch_free(got.batch);
}

static void a_drain_lets_a_stateless_question_end_and_takes_no_new_one(void **state)
{
    struct fixture *f = *state;
    struct got got = {0};
    struct err err;

    block_worker(f);
    assert_int_equal(
        service_forecast_stateless(f->service, batch_of(1, 60, 7), on_stateless, &got, &err), 0);
    service_drain(f->service);
    struct stateless_batch *refused = batch_of(1, 60, 7);
    assert_int_equal(service_forecast_stateless(f->service, refused, on_stateless, &got, &err), -1);
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    stateless_batch_free(refused);
    unblock_worker(f);
    run_until(f, &got.called);
    assert_int_equal(got.err.code, ERR_NONE);
    assert_int_equal(got.batch->items[0].err.code, ERR_NONE);
    stateless_batch_free(got.batch);
}

static void a_drain_drops_a_heavy_batch(void **state)
{
    struct fixture *f = *state;
    struct got got = {0};
    struct err err;
    struct stateless_batch *batch = batch_of(3, 60, 7);

    batch->heavy = true;
    block_worker(f);
    assert_int_equal(service_forecast_stateless(f->service, batch, on_stateless, &got, &err), 0);
    service_drain(f->service);
    unblock_worker(f);
    run_until(f, &got.called);
    assert_int_equal(got.err.code, ERR_UNAVAILABLE);
    stateless_batch_free(got.batch);
}

static void a_large_batch_does_not_keep_a_small_one_waiting(void **state)
{
    struct fixture *f = *state;
    struct got large = {0}, small = {0};
    struct err err;

    block_worker(f);
    assert_int_equal(
        service_forecast_stateless(f->service, batch_of(3000, 60, 30), on_stateless, &large, &err), 0);
    assert_int_equal(
        service_forecast_stateless(f->service, batch_of(1, 60, 7), on_stateless, &small, &err), 0);
    unblock_worker(f);
    run_until(f, &small.called);
    assert_false(large.called);
    run_until(f, &large.called);
    assert_int_equal(large.err.code, ERR_NONE);
    for (size_t i = 0; i < 3000; i++)
        assert_non_null(large.batch->items[i].answer.forecast);
    stateless_batch_free(small.batch);
    stateless_batch_free(large.batch);
}

static void what_is_not_computed_in_time_is_refused(void **state)
{
    struct fixture *f = *state;
    struct stateless_batch *batch = batch_of(2, 60, 7);

    batch->deadline_ns = 1;
    struct got got = compute(f, batch);
    assert_int_equal(got.err.code, ERR_NONE);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(batch->items[i].err.code, ERR_TOO_LARGE);
        assert_null(batch->items[i].answer.forecast);
    }
    stateless_batch_free(batch);
}

static void items_may_share_the_batchs_values(void **state)
{
    struct fixture *f = *state;
    struct stateless_batch *own = batch_of(2, 60, 7), *shared = batch_of(2, 60, 7);

    shared->values = shared->items[0].values;
    free(shared->items[1].values);
    shared->items[1].values = shared->values + 20;
    shared->items[1].n = 40;
    own->items[1].n = 40;
    memmove(own->items[1].values, own->items[1].values + 20, 40 * sizeof(double));
    compute(f, own);
    compute(f, shared);
    for (size_t i = 0; i < 2; i++)
        assert_memory_equal(own->items[i].answer.forecast->median, shared->items[i].answer.forecast->median,
                            7 * sizeof(double));
    stateless_batch_free(own);
    stateless_batch_free(shared);
}

static void wrong_levels_are_refused(void **state)
{
    struct fixture *f = *state;
    struct stateless_batch *batch = batch_of(1, 60, 7);
    struct err err;

    batch->ask.levels[1] = .05;
    assert_int_equal(service_forecast_stateless(f->service, batch, on_stateless, NULL, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.place, "/quantiles");
    stateless_batch_free(batch);
}

static uint64_t why_of_tag(struct fixture *f, const char *id, char *ret_why, size_t n)
{
    const struct forecast_ask ask = {.horizon = 4};
    struct forecast_tag tag;
    struct err err;

    assert_int_equal(service_forecast_tag(f->service, id, &ask, &tag, &err), 0);
    struct forecast_answer answer = forecast_of(f, id, 4);
    snprintf(ret_why, n, "%s", answer.why);
    forecast_answer_done(&answer);
    return tag.why;
}

static void the_tag_changes_with_the_reason_why_no_model_answers(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_FIT};
    char job[JOB_ID_MAX + 1], why[4][256];
    uint64_t tag[4];
    struct err err;

    make_daily(f, "a", 10, FIT_AUTO);
    tag[0] = why_of_tag(f, "a", why[0], sizeof why[0]); /* points are missing */
    series_settings_init(&patch.settings);
    patch.settings.fit = FIT_OFF;
    put_series(f, "a", &patch, &err);
    tag[1] = why_of_tag(f, "a", why[1], sizeof why[1]); /* nobody asked */
    block_worker(f);
    fit_ask(f, "a", true, job);
    tag[2] = why_of_tag(f, "a", why[2], sizeof why[2]); /* under way */
    unblock_worker(f);
    job_wait(f, job);
    tag[3] = why_of_tag(f, "a", why[3], sizeof why[3]);
    for (size_t i = 0; i < 3; i++) {
        assert_string_not_equal(why[i], why[i + 1]);
        assert_true(tag[i] != tag[i + 1]);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(too_short_a_history_says_what_is_there_and_what_is_missing),
        TEST(an_unknown_series_is_not_found),
        TEST(a_horizon_beyond_the_longest_is_refused),
        TEST(a_forecast_goes_on_after_the_last_point),
        TEST(one_value_for_ever_is_repeated_and_said_so),
        TEST(bounds_hold_for_every_quantile),
        TEST(the_tag_changes_with_whatever_changes_the_answer),
        TEST(the_tag_changes_with_the_reason_why_no_model_answers),
        TEST(an_automatic_season_is_found_and_stays_between_jumps),
        TEST(a_stateless_forecast_equals_the_stored_one),
        TEST(the_longer_period_is_the_second_named_or_goes_with_the_step),
        TEST(a_stateless_question_may_name_the_kind_of_model),
        TEST(one_bad_item_leaves_the_others_standing),
        TEST(a_stateless_fit_answers_with_a_model),
        TEST(a_drain_cancels_a_stateless_question_that_trains),
        TEST(a_drain_lets_a_stateless_question_end_and_takes_no_new_one),
        TEST(a_drain_drops_a_heavy_batch),
        TEST(a_large_batch_does_not_keep_a_small_one_waiting),
        TEST(what_is_not_computed_in_time_is_refused),
        TEST(items_may_share_the_batchs_values),
        TEST(wrong_levels_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
