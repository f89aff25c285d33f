/* Points in: what is refused, what replaces what, and when it can be seen. */
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 60000LL

/* Refused with this code, naming this point. */
static void refuses(struct fixture *f, const char *id, const struct point *points, size_t n,
                    long item, const char *words)
{
    struct err err;

    put_points(f, id, points, n, &err);
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(err.item, item);
    if (!strstr(err.msg, words))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
}

static void points_are_counted_as_new_replaced_or_unchanged(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{START, 1}, {START + HOUR, 2}, {START + 2 * HOUR, (double)NAN}};
    struct points_result result = put_ok(f, "a", points, 3);

    assert_true(result.created);
    assert_int_equal(result.accepted, 3);
    assert_int_equal(result.updated + result.unchanged, 0);
    uint64_t revision = result.revision;
    result = put_ok(f, "a", points, 3);
    assert_false(result.created);
    assert_int_equal(result.unchanged, 3);
    assert_int_equal(result.revision, revision);
    points[1].v = 20;
    points[2].v = 30;
    result = put_ok(f, "a", points, 3);
    assert_int_equal(result.updated, 2);
    assert_int_equal(result.unchanged, 1);
    assert_true(result.revision > revision);
    assert_int_equal(view_of(f, "a").point_n, 3);
    assert_true(view_of(f, "a").last.v == 30);
}

static void points_are_not_visible_before_they_are_durable(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome;
    struct point more = {START + 5 * DAY, 1};

    make_daily(f, "a", 5, FIT_OFF);
    struct series_view before = view_of(f, "a");
    send_points(f, "a", &more, 1, &outcome);
    assert_int_equal(view_of(f, "a").revision, before.revision);
    assert_int_equal(view_of(f, "a").last.t, START + 4 * DAY);
    run_until(f, &outcome.called);
    assert_int_equal(view_of(f, "a").last.t, START + 5 * DAY);
    assert_true(view_of(f, "a").revision > before.revision);
}

static void times_must_increase_within_a_request(void **state)
{
    struct fixture *f = *state;
    struct point twice[] = {{START, 1}, {START + HOUR, 2}, {START + HOUR, 3}};
    struct point back[] = {{START + HOUR, 1}, {START, 2}};

    refuses(f, "a", twice, 3, 2, "2026-01-01T01:00:00Z is there twice");
    refuses(f, "a", back, 2, 1, "2026-01-01T00:00:00Z comes after 2026-01-01T01:00:00Z");
}

static void values_and_times_out_of_range_are_refused(void **state)
{
    struct fixture *f = *state;
    struct point infinite[] = {{START, 1}, {START + HOUR, (double)INFINITY}};
    struct point huge[] = {{START, -1.1e300}};
    struct point early[] = {{TRM_TIME_MIN - 1, 1}};
    struct point late[] = {{START, 1}, {TRM_TIME_MAX + 1, 1}};

    refuses(f, "a", infinite, 2, 1, "inf");
    refuses(f, "a", huge, 1, 0, "-1.1e+300");
    refuses(f, "a", early, 1, 0, "years 1 to 9999");
    refuses(f, "a", late, 2, 1, "years 1 to 9999");
}

static void a_point_off_the_grid_names_its_neighbours_and_nothing_is_applied(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{START + 5 * DAY, 1}, {START + 6 * DAY + HOUR, 2}};

    make_daily(f, "a", 5, FIT_OFF);
    refuses(f, "a", points, 2, 1, "2026-01-07T00:00:00Z and 2026-01-08T00:00:00Z");
    assert_int_equal(view_of(f, "a").point_n, 5);
}

static void a_request_without_points_is_refused(void **state)
{
    struct fixture *f = *state;
    struct err err;

    assert_int_equal(service_put_points(f->service, "a", NULL, 0, true, on_points, NULL, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
}

static void without_create_a_missing_series_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct point *point = malloc(sizeof *point);
    struct err err;

    assert_non_null(point);
    *point = (struct point){START, 1};
    assert_int_equal(service_put_points(f->service, "a", point, 1, false, on_points, NULL, &err),
                     -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

/* ---- inferring ---- */

static void the_third_time_decides_the_frequency(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{START, 1}, {START + 5 * MINUTE, 2}, {START + 15 * MINUTE, 4}};

    put_ok(f, "a", &points[2], 1);
    assert_string_equal(view_of(f, "a").state, "awaiting 2 more points");
    put_ok(f, "a", &points[0], 1);
    assert_false(view_of(f, "a").grid_known);
    assert_int_equal(view_of(f, "a").last.t, points[2].t);
    put_ok(f, "a", &points[0], 1); /* the same again is no third time */
    assert_false(view_of(f, "a").grid_known);
    put_ok(f, "a", &points[1], 1);
    assert_true(view_of(f, "a").grid_known);
    assert_int_equal(view_of(f, "a").freq.ms, 5 * MINUTE);
    assert_string_equal(view_of(f, "a").state, "ready");
    struct forecast_answer answer = forecast_of(f, "a", 1);
    assert_int_equal(trm_grid_time(&answer.grid, answer.first_step), START + 20 * MINUTE);
    forecast_answer_done(&answer);
}

static void times_without_a_frequency_are_refused_as_a_whole(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{START, 1},
                             {START + HOUR, 1},
                             {START + 2 * HOUR, 1},
                             {START + 3 * HOUR + MINUTE, 1},
                             {START + 5 * HOUR, 1}};
    struct series_view view;
    struct err err;

    refuses(f, "a", points, 5, 3, "the first times suggest 1h");
    assert_int_equal(service_get_series(f->service, "a", &view, &err), -1);
}

static void months_may_begin_in_february(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_FREQ};
    int64_t feb28 = START + 58 * DAY, mar28 = START + 86 * DAY, apr28 = START + 117 * DAY;
    struct point points[] = {{feb28, 1}, {mar28, 2}, {apr28, 3}};
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.freq.months = 1;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    for (int i = 0; i < 3; i++)
        put_ok(f, "a", &points[i], 1);
    assert_true(view_of(f, "a").grid_known);
    struct forecast_answer answer = forecast_of(f, "a", 1);
    assert_int_equal(trm_grid_time(&answer.grid, answer.first_step), START + 147 * DAY);
    forecast_answer_done(&answer);
}

static void two_first_writes_at_once_agree_on_one_grid(void **state)
{
    struct fixture *f = *state;
    struct point hours[] = {{START, 1}, {START + HOUR, 2}, {START + 2 * HOUR, 3}};
    struct point minutes[] = {{START, 1}, {START + MINUTE, 2}, {START + 2 * MINUTE, 3}};
    struct outcome first, second;

    send_points(f, "a", hours, 3, &first);
    send_points(f, "a", minutes, 3, &second);
    run_until(f, &second.called);
    assert_int_equal(first.err.code, ERR_NONE);
    assert_true(first.points.created);
    assert_int_equal(second.err.code, ERR_INVALID);
    assert_int_equal(second.err.item, 1);
    assert_int_equal(view_of(f, "a").freq.ms, HOUR);
    assert_int_equal(view_of(f, "a").point_n, 3);
}

static void many_first_writes_of_one_point_all_arrive(void **state)
{
    enum { N = 50 };
    struct fixture *f = *state;
    struct outcome outcomes[N];

    for (int i = 0; i < N; i++) {
        struct point point = {START + i * HOUR, i};
        send_points(f, "a", &point, 1, &outcomes[i]);
    }
    run_idle(f);
    for (int i = 0; i < N; i++) {
        assert_true(outcomes[i].called);
        assert_int_equal(outcomes[i].err.code, ERR_NONE);
        assert_int_equal(outcomes[i].points.created, i == 0);
    }
    assert_int_equal(view_of(f, "a").point_n, N);
    assert_int_equal(view_of(f, "a").freq.ms, HOUR);
}

/* ---- history ---- */

static void an_older_point_can_be_added_and_replaced(void **state)
{
    struct fixture *f = *state;
    struct outcome read = {0};
    struct point old = {START - 10 * DAY, 7}, changed = {START + DAY, 8};
    struct err err;

    make_daily(f, "a", 3, FIT_OFF);
    put_ok(f, "a", &old, 1);
    put_ok(f, "a", &changed, 1);
    assert_int_equal(view_of(f, "a").last.t, START + 2 * DAY);
    assert_int_equal(
        service_read_points(f->service, "a", TRM_TIME_MIN, TRM_TIME_MAX, 100, on_read, &read, &err),
        0);
    run_until(f, &read.called);
    assert_int_equal(read.read_n, 4);
    assert_int_equal(read.read[0].t, old.t);
    assert_true(read.read[2].v == 8);
    free(read.read);
}

static void a_jump_of_centuries_costs_no_memory(void **state)
{
    struct fixture *f = *state;
    struct point far = {TRM_TIME_MAX - 86399999, 1}; /* the last midnight of the year 9999 */
    struct err err;
    struct forecast_ask ask = {.horizon = 1};
    struct forecast_answer answer;

    make_daily(f, "a", 5, FIT_OFF);
    put_ok(f, "a", &far, 1);
    assert_int_equal(view_of(f, "a").point_n, 6);
    assert_true(view_of(f, "a").memory_bytes < 30000);
    assert_string_equal(view_of(f, "a").state, "awaiting 2 more points");
    assert_int_equal(service_forecast(f->service, "a", &ask, &answer, &err), -1);
    assert_int_equal(err.code, ERR_TOO_SHORT);
}

static void a_stopping_service_refuses_writes(void **state)
{
    struct fixture *f = *state;
    struct point point = {START, 1};
    struct err err;

    assert_int_equal(service_ready(f->service, &err), 0);
    service_drain(f->service);
    put_points(f, "a", &point, 1, &err);
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_int_equal(service_ready(f->service, &err), -1);
    assert_int_equal(err.code, ERR_UNAVAILABLE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(points_are_counted_as_new_replaced_or_unchanged),
        TEST(points_are_not_visible_before_they_are_durable),
        TEST(times_must_increase_within_a_request),
        TEST(values_and_times_out_of_range_are_refused),
        TEST(a_point_off_the_grid_names_its_neighbours_and_nothing_is_applied),
        TEST(a_request_without_points_is_refused),
        TEST(without_create_a_missing_series_is_not_found),
        TEST(the_third_time_decides_the_frequency),
        TEST(times_without_a_frequency_are_refused_as_a_whole),
        TEST(months_may_begin_in_february),
        TEST(two_first_writes_at_once_agree_on_one_grid),
        TEST(many_first_writes_of_one_point_all_arrive),
        TEST(an_older_point_can_be_added_and_replaced),
        TEST(a_jump_of_centuries_costs_no_memory),
        TEST(a_stopping_service_refuses_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
