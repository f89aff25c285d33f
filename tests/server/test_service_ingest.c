/* Points of many series in one request: what becomes of each, and what its creation brings. */
#include "server/service/ingest.h"
#include "server/service/ingest_sort.h"
#include "tests/server/service_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 60000LL
#define MANY 5000 /* more than INGEST_FLYING_MAX */

struct ended {
    bool called;
    struct ingest *ingest;
};

static void on_done(void *ctx, struct ingest *ingest)
{
    struct ended *ended = ctx;

    assert_false(ended->called);
    ended->called = true;
    ended->ingest = ingest;
}

static struct ingest *new_ingest(struct fixture *f)
{
    struct ingest *ingest;
    struct err err;

    assert_int_equal(ingest_new(f->service, 100000, &ingest, &err), 0);
    return ingest;
}

static void add(struct ingest *ingest, const char *id, const struct point *points, size_t n, bool create)
{
    struct ingest_source source = {.id = id, .id_n = strlen(id), .create = create};
    struct err err;

    assert_int_equal(ingest_add(ingest, &source, points, n, &err), 0);
}

/* As an agent's series. */
static void add_metric(struct ingest *ingest, const char *id, const struct point *points, size_t n)
{
    struct series_label label = {"__name__", "m"};
    struct series_settings settings;
    struct ingest_source source = {
        .id = id, .id_n = strlen(id), .create = true, .settings = &settings};
    struct err err;

    series_settings_init(&settings);
    settings.freq.ms = MINUTE;
    settings.aggregate = AGGREGATE_MEAN;
    settings.labels = &label;
    settings.label_n = 1;
    assert_int_equal(ingest_add(ingest, &source, points, n, &err), 0);
}

/* Writes and waits; the caller frees what comes back. */
static struct ingest *write_all(struct fixture *f, struct ingest *ingest)
{
    struct ended ended = {0};
    struct err err;

    assert_int_equal(ingest_begin(ingest, on_done, &ended, &err), 0);
    assert_false(ended.called);
    run_until(f, &ended.called);
    assert_ptr_equal(ended.ingest, ingest);
    return ingest;
}

static void each_series_is_told_apart_and_a_wrong_one_keeps_nobody_out(void **state)
{
    struct fixture *f = *state;
    struct point good[] = {{START, 1}, {START + DAY, 2}}, off = {START + HOUR, 3};
    struct ingest *ingest = new_ingest(f);

    make_daily(f, "grid", 5, FIT_OFF);
    add(ingest, "a", good, 2, true);
    add(ingest, "grid", &off, 1, true);
    add(ingest, "absent", good, 2, false);
    ingest = write_all(f, ingest);
    assert_int_equal(ingest_series_n(ingest), 3);
    struct ingest_outcome outcome = ingest_outcome(ingest, 0);
    assert_string_equal(outcome.id, "a");
    assert_null(outcome.err);
    assert_true(outcome.told.created);
    assert_int_equal(outcome.told.accepted, 2);
    outcome = ingest_outcome(ingest, 1);
    assert_int_equal(outcome.err->code, ERR_INVALID);
    assert_non_null(strstr(outcome.err->msg, "grid"));
    assert_int_equal(ingest_outcome(ingest, 2).err->code, ERR_NOT_FOUND);
    assert_int_equal(view_of(f, "a").point_n, 2);
    assert_int_equal(view_of(f, "grid").point_n, 5);
    ingest_free(ingest);
}

static void points_come_in_any_order_and_the_later_one_of_a_time_counts(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{START + 2 * DAY, 3}, {START, 9}, {START + DAY, 2}};
    struct point again = {START, 1};
    struct ingest *ingest = new_ingest(f);

    add(ingest, "a", points, 3, true);
    add(ingest, "a", &again, 1, true);
    ingest = write_all(f, ingest);
    assert_int_equal(ingest_series_n(ingest), 1);
    assert_int_equal(ingest_outcome(ingest, 0).told.accepted, 3);
    ingest_free(ingest);
    struct outcome read = {0};
    struct err err;
    assert_int_equal(
        service_read_points(f->service, "a", INT64_MIN, INT64_MAX, 10, on_read, &read, &err), 0);
    run_until(f, &read.called);
    assert_int_equal(read.read_n, 3);
    for (size_t i = 0; i < 3; i++)
        assert_true(read.read[i].t == START + (int64_t)i * DAY && read.read[i].v == (double)(i + 1));
    free(read.read);
}

static void a_metric_gets_its_settings_and_keeps_them_over_a_restart(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{START + 1234, 1}, {START + 40000, 3}, {START + MINUTE + 7, 5}};

    for (int round = 0; round < 2; round++) {
        struct ingest *ingest = new_ingest(f);
        add_metric(ingest, "m", points, 3);
        ingest = write_all(f, ingest);
        assert_null(ingest_outcome(ingest, 0).err);
        assert_int_equal(ingest_outcome(ingest, 0).told.unchanged, round ? 3 : 0);
        ingest_free(ingest);
        struct series_view view = view_of(f, "m");
        assert_int_equal(view.settings->aggregate, AGGREGATE_MEAN);
        assert_int_equal(view.freq.ms, MINUTE);
        assert_int_equal(view.settings->label_n, 1);
        assert_true(view.grid_known);
        fixture_close(f);
        fixture_open(f);
    }
}

static void agents_have_no_more_room_than_configured_also_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct point point = {START, 1};
    struct ingest *ingest = new_ingest(f), *other = new_ingest(f);

    f->config.ingest_series_max = 2;
    assert_true(ingest_has_room(ingest));
    add_metric(ingest, "one", &point, 1);
    assert_true(ingest_has_room(other));
    add_metric(other, "two", &point, 1);
    assert_false(ingest_has_room(ingest));
    ingest_free(other); /* never begun */
    assert_true(ingest_has_room(ingest));
    add_metric(ingest, "two", &point, 1);
    add(ingest, "own", &point, 1, true);
    ingest_free(write_all(f, ingest));
    fixture_close(f);
    fixture_open(f);
    ingest = new_ingest(f);
    assert_false(ingest_has_room(ingest));
    assert_true(ingest_knows(ingest, "one", 3));
    assert_false(ingest_knows(ingest, "three", 5));
    delete_series(f, "one");
    assert_true(ingest_has_room(ingest));
    ingest_free(ingest);
}

static void thousands_of_series_are_written_by_one_request(void **state)
{
    struct fixture *f = *state;
    struct ingest *ingest = new_ingest(f);
    char id[16];

    for (int i = 0; i < MANY; i++) {
        struct point point = {START, i};
        snprintf(id, sizeof id, "m%d", i);
        add(ingest, id, &point, 1, true);
    }
    ingest = write_all(f, ingest);
    for (size_t i = 0; i < MANY; i++)
        assert_null(ingest_outcome(ingest, i).err);
    ingest_free(ingest);
    struct service_stats stats;
    service_stats(f->service, &stats);
    assert_int_equal(stats.series_n, MANY);
}

static void limits_of_a_request_are_told(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{START, 1}, {START + DAY, 2}};
    struct ingest_source source = {.id = "a", .id_n = 1, .create = true};
    struct ingest *ingest;
    struct err err;

    assert_int_equal(ingest_new(f->service, 3, &ingest, &err), 0);
    assert_int_equal(ingest_add(ingest, &source, points, 2, &err), 0);
    assert_int_equal(ingest_add(ingest, &source, points, 2, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_int_equal(ingest_add(ingest, &source, points, 1, &err), 0);
    ingest_free(ingest);
}

static void nothing_begins_while_the_service_stops(void **state)
{
    struct fixture *f = *state;
    struct point point = {START, 1};
    struct ingest *ingest = new_ingest(f);
    struct ended ended = {0};
    struct err err;

    add(ingest, "a", &point, 1, true);
    service_drain(f->service);
    assert_int_equal(ingest_begin(ingest, on_done, &ended, &err), -1);
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    ingest_free(ingest);
    run_idle(f);
    assert_false(ended.called);
}

/* A creation that the store refuses is undone, and its place among the agents' series is free again. */
static void a_failed_creation_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct point point = {START, 1};
    struct ingest *ingest = new_ingest(f);

    f->config.ingest_series_max = 1;
    f->config.series_max = 1;
    add(ingest, "own", &point, 1, true);
    add_metric(ingest, "one", &point, 1);
    ingest = write_all(f, ingest);
    assert_null(ingest_outcome(ingest, 0).err);
    assert_int_equal(ingest_outcome(ingest, 1).err->code, ERR_BUSY);
    f->config.series_max = 10;
    assert_true(ingest_has_room(ingest));
    ingest_free(ingest);
}

static void sorting_keeps_the_later_of_equals(void **state)
{
    struct point points[] = {{5, 1}, {3, 2}, {5, 3}, {1, 4}, {3, 5}, {5, 6}};
    size_t n = 6;

    (void)state;
    assert_true(ingest_sort(points, &n));
    assert_int_equal(n, 3);
    assert_true(points[0].t == 1 && points[0].v == 4);
    assert_true(points[1].t == 3 && points[1].v == 5);
    assert_true(points[2].t == 5 && points[2].v == 6);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_series_is_told_apart_and_a_wrong_one_keeps_nobody_out),
        TEST(points_come_in_any_order_and_the_later_one_of_a_time_counts),
        TEST(a_metric_gets_its_settings_and_keeps_them_over_a_restart),
        TEST(agents_have_no_more_room_than_configured_also_after_a_restart),
        TEST(thousands_of_series_are_written_by_one_request),
        TEST(limits_of_a_request_are_told),
        TEST(nothing_begins_while_the_service_stops),
        TEST(a_failed_creation_leaves_no_trace),
        cmocka_unit_test(sorting_keeps_the_later_of_equals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
