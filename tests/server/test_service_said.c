/* What was said, in the service: who forecasts when, and what a new model makes of what was
 * learned. */
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS 60

/* Asks before every point, as a dashboard would. */
static void follow(struct fixture *f, const char *id, size_t first, size_t n)
{
    struct point *points = daily(first, n);

    for (size_t i = 0; i < n; i++) {
        struct forecast_answer answer = forecast_of(f, id, 14);
        forecast_answer_done(&answer);
        points[i].v += i % 3 == 0 ? 40 : 0;
        put_ok(f, id, &points[i], 1);
    }
    free(points);
}

static void a_new_model_takes_over_what_was_learned_in_proportion(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    double before[2][2];

    make_daily(f, "a", 300, FIT_OFF);
    follow(f, "a", 300, STEPS);
    struct forecast_answer answer = forecast_of(f, "a", 14);
    assert_int_equal(answer.record.steps, STEPS);
    memcpy(before, answer.record.log_factor, sizeof before);
    forecast_answer_done(&answer);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    for (int again = 0; again < 2; again++) { /* and the same after a restart */
        answer = forecast_of(f, "a", 14);
        for (int side = 0; side < 2; side++)
            for (int i = 0; i < 2; i++) {
                double fitted = log(answer.model.widening.factor[side][i]);
                double share = STEPS / (STEPS + 50.0);
                double expected = share * (before[side][i] - fitted);
                assert_true(fabs(before[side][i]) > 1e-3);
                assert_true(fabs(answer.record.log_factor[side][i] - expected) < 1e-12);
            }
        forecast_answer_done(&answer);
        fixture_close(f);
        fixture_open(f);
    }
}

static void a_restart_scores_what_came_since_the_last_forecast(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(310, 5);

    make_daily(f, "a", 300, FIT_OFF);
    follow(f, "a", 300, 10);
    put_ok(f, "a", points, 5); /* nobody asked in between */
    struct trm_tally before = *view_of(f, "a").record;
    fixture_close(f);
    fixture_open(f);
    struct trm_tally after = *view_of(f, "a").record;
    assert_int_equal(before.steps, 15);
    assert_int_equal(after.steps, before.steps);
    assert_int_equal(after.pairs, before.pairs);
    assert_int_equal(after.scored_until, before.scored_until);
    assert_true(fabs(after.error - before.error) <= 1e-6 * before.error);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(after.log_factor[i / 2][i % 2] - before.log_factor[i / 2][i % 2]) < 1e-12);
    free(points);
}

static void a_longer_forecast_of_a_step_replaces_a_shorter_one(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(300, 3);

    make_daily(f, "a", 300, FIT_OFF);
    struct forecast_answer answer = forecast_of(f, "a", 1);
    forecast_answer_done(&answer);
    answer = forecast_of(f, "a", 3);
    forecast_answer_done(&answer);
    answer = forecast_of(f, "a", 2);
    forecast_answer_done(&answer);
    put_ok(f, "a", points, 3);
    assert_int_equal(view_of(f, "a").record->pairs, 3);
    free(points);
}

static void missing_values_are_not_scored(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(300, 4);

    make_daily(f, "a", 300, FIT_OFF);
    struct forecast_answer answer = forecast_of(f, "a", 4);
    forecast_answer_done(&answer);
    points[1].v = points[2].v = (double)NAN;
    put_ok(f, "a", points, 4);
    assert_int_equal(view_of(f, "a").record->steps, 2);
    free(points);
}

static uint64_t record_tag(struct fixture *f, const char *id)
{
    const struct forecast_ask ask = {.horizon = 4};
    struct forecast_tag tag;
    struct err err;

    assert_int_equal(service_forecast_tag(f->service, id, &ask, &tag, &err), 0);
    return tag.record;
}

/* Late and replaced values, behind those that have been scored since the last forecast, and before it where
 * seasonal naive looks back. */
static void a_value_that_changes_is_scored_as_a_restart_will_score_it(void **state)
{
    static const size_t changed[] = {311, 312, 304};
    struct fixture *f = *state;
    struct point *points = daily(310, 5);

    make_daily(f, "a", 300, FIT_OFF);
    follow(f, "a", 300, 10);
    put_ok(f, "a", points, 1);
    put_ok(f, "a", points + 2, 3); /* 311 is late */
    for (size_t i = 0; i < 3; i++) {
        uint64_t before = record_tag(f, "a");
        struct point *point = daily(changed[i], 1);
        point->v += 25;
        put_ok(f, "a", point, 1);
        free(point);
        uint64_t after = record_tag(f, "a");
        assert_true(after != before);
        fixture_close(f);
        fixture_open(f);
        assert_true(record_tag(f, "a") == after);
    }
    assert_int_equal(view_of(f, "a").record->steps, 15);
    free(points);
}

static void the_tag_tells_one_record_from_another_and_outlives_a_restart(void **state)
{
    struct fixture *f = *state;

    make_daily(f, "a", 300, FIT_OFF);
    uint64_t none = record_tag(f, "a");
    follow(f, "a", 300, 40);
    uint64_t some = record_tag(f, "a");
    assert_true(some != none);
    fixture_close(f);
    fixture_open(f);
    assert_true(record_tag(f, "a") == some);
}

static void set_season(struct fixture *f, const char *id, uint32_t season)
{
    struct series_patch patch = {.set = PATCH_SEASON};
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.season[0] = season;
    patch.settings.season_n = 1;
    put_series(f, id, &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
}

/* What intervals are multiplied by in all: by the model that answers, and by what was learned since. */
static void factors(struct fixture *f, const char *id, double ret[4])
{
    struct forecast_answer answer = forecast_of(f, id, 14);

    for (int i = 0; i < 4; i++)
        ret[i] = exp(answer.record.log_factor[i / 2][i % 2]) *
                 (answer.has_model ? answer.model.widening.factor[i / 2][i % 2] : 1);
    forecast_answer_done(&answer);
}

static void a_model_that_falls_silent_leaves_its_widening_behind(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    double fitted[4], silent[4], restarted[4], back[4];

    make_daily(f, "a", 300, FIT_OFF);
    follow(f, "a", 300, STEPS);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    follow(f, "a", 300 + STEPS, STEPS);
    factors(f, "a", fitted);
    set_season(f, "a", 14);
    factors(f, "a", silent);
    fixture_close(f);
    fixture_open(f);
    factors(f, "a", restarted);
    set_season(f, "a", 7);
    factors(f, "a", back);
    for (int i = 0; i < 4; i++) {
        assert_true(fabs(silent[i] / fitted[i] - 1) < 1e-9);
        assert_true(fabs(restarted[i] / fitted[i] - 1) < 1e-9);
        assert_true(fabs(back[i] / fitted[i] - 1) < 1e-9);
    }
}

/* Two fits since the newest forecast that was said, with values in between. */
static void a_restart_after_several_fits_corrects_as_before(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(340, 6);
    char job[JOB_ID_MAX + 1];

    make_daily(f, "a", 300, FIT_OFF);
    follow(f, "a", 300, 40);
    for (size_t i = 0; i < 3; i++) {
        put_ok(f, "a", points + 2 * i, 2);
        if (i < 2)
            assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    }
    uint64_t before = record_tag(f, "a"); /* which says nothing new */
    fixture_close(f);
    fixture_open(f);
    assert_true(record_tag(f, "a") == before);
    free(points);
}

static int setup_recording(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    fixture_init(f);
    f->config.record_percent = 100;
    fixture_open(f);
    *state = f;
    return 0;
}

static void the_daemon_forecasts_steps_that_nobody_asks_about(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(300, STEPS);

    make_daily(f, "a", 300, FIT_OFF);
    run_idle(f);
    for (size_t i = 0; i < STEPS; i++) {
        put_ok(f, "a", &points[i], 1);
        run_idle(f);
    }
    assert_int_equal(view_of(f, "a").record->steps, STEPS);
    assert_true(view_of(f, "a").record->pairs > STEPS);
    free(points);
}

static void many_series_at_once_all_have_their_turn(void **state)
{
    struct fixture *f = *state;
    char id[16];

    for (int i = 0; i < 100; i++) {
        snprintf(id, sizeof id, "s%d", i);
        make_daily(f, id, 30, FIT_OFF);
    }
    run_idle(f);
    for (int i = 0; i < 100; i++) {
        struct point *point = daily(30, 1);
        snprintf(id, sizeof id, "s%d", i);
        put_ok(f, id, point, 1);
        assert_int_equal(view_of(f, id).record->steps, 1);
        free(point);
    }
}

static void short_series_and_deleted_ones_are_passed_over(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(0, 11);

    make_daily(f, "gone", 100, FIT_OFF);
    delete_series(f, "gone");
    put_ok(f, "short", points, 11);
    run_idle(f);
    assert_int_equal(counters_get(&f->counters, COUNTER_SAID), 0);
    free(points);
}

/* Three points of 100 in each of the hours first..first + n - 1. */
static void put_hours(struct fixture *f, const char *id, size_t first, size_t n)
{
    struct point points[300];

    for (size_t i = 0; i < 3 * n; i++)
        points[i] = (struct point){START + (int64_t)(first + i / 3) * HOUR + (int64_t)(i % 3) * 1000,
                                   100 + (double)(i / 3 % 5)};
    put_ok(f, id, points, 3 * n);
}

static void set_aggregate(struct fixture *f, const char *id, enum aggregate aggregate)
{
    struct series_patch patch = {.set = PATCH_FREQ | PATCH_AGGREGATE | PATCH_FIT};
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.freq.ms = HOUR;
    patch.settings.fit = FIT_OFF;
    patch.settings.aggregate = aggregate;
    put_series(f, id, &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
}

/* One that a worker has in hand, and one that somebody asks for while the points are read again. */
static void forecasts_of_another_way_of_aggregating_are_not_kept(void **state)
{
    struct fixture *f = *state;

    set_aggregate(f, "a", AGGREGATE_SUM);
    block_worker(f);
    put_hours(f, "a", 0, 60);
    set_aggregate(f, "a", AGGREGATE_LAST);
    struct forecast_answer between = forecast_of(f, "a", 48);
    assert_true(between.forecast->median[0] > 250); /* of sums still */
    forecast_answer_done(&between);
    struct outcome read = {0};
    struct err err; /* the reading of the steps is over when a later one is */
    assert_int_equal(service_read_points(f->service, "a", 0, 1, 1, on_read, &read, &err), 0);
    run_until(f, &read.called);
    free(read.read);
    unblock_worker(f);
    run_idle(f);
    put_hours(f, "a", 60, 2);
    const struct trm_tally *record = view_of(f, "a").record;
    assert_true(record->pairs > 0);
    assert_true(record->error < 50 * record->weight);
}

#define FRESH(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define RECORDING(name) cmocka_unit_test_setup_teardown(name, setup_recording, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_new_model_takes_over_what_was_learned_in_proportion),
        FRESH(a_restart_scores_what_came_since_the_last_forecast),
        FRESH(a_longer_forecast_of_a_step_replaces_a_shorter_one),
        FRESH(missing_values_are_not_scored),
        FRESH(a_value_that_changes_is_scored_as_a_restart_will_score_it),
        FRESH(the_tag_tells_one_record_from_another_and_outlives_a_restart),
        FRESH(a_model_that_falls_silent_leaves_its_widening_behind),
        FRESH(a_restart_after_several_fits_corrects_as_before),
        RECORDING(forecasts_of_another_way_of_aggregating_are_not_kept),
        RECORDING(the_daemon_forecasts_steps_that_nobody_asks_about),
        RECORDING(many_series_at_once_all_have_their_turn),
        RECORDING(short_series_and_deleted_ones_are_passed_over),
    };

    return cmocka_run_group_tests_name("service_said", tests, NULL, NULL);
}
