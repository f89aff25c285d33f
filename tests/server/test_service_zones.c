/* Series on the days of a time zone: what is accepted, what may be changed when, and what a restart does. The
 * zones are those of the fuzzer's corpus, which do not change with the machine. */
#include "server/base/zones.h"
#include "tests/server/service_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t time_of(const char *text)
{
    int64_t ms = 0;

    assert_int_equal(trm_time_parse(text, strlen(text), &ms), TRM_OK);
    return ms;
}

/* n daily points of Berlin's midnights, from the one given on. Free it. */
static struct point *midnights(const char *first, size_t n)
{
    struct zones *zones = zones_new(ZONE_FOLDER);
    struct trm_grid grid = {{DAY, 0}, time_of(first), NULL};
    struct point *points = calloc(n, sizeof *points);
    struct err err;

    assert_non_null(points);
    assert_int_equal(zones_find(zones, "Berlin", &grid.zone, &err), 0);
    for (size_t i = 0; i < n; i++)
        points[i] = (struct point){trm_grid_time(&grid, (int64_t)i), (double)(i % 7)};
    zones_free(zones);
    return points;
}

static struct series_patch patch_of(const char *zone, const char *freq)
{
    struct series_patch patch = {.set = PATCH_ZONE | PATCH_FIT};

    series_settings_init(&patch.settings);
    patch.settings.fit = FIT_OFF;
    snprintf(patch.settings.zone, sizeof patch.settings.zone, "%s", zone);
    if (!freq)
        return patch;
    patch.set |= PATCH_FREQ;
    assert_int_equal(trm_freq_parse(freq, strlen(freq), &patch.settings.freq), TRM_OK);
    return patch;
}

static struct err put_zone(struct fixture *f, const char *id, const char *zone, const char *freq)
{
    struct series_patch patch = patch_of(zone, freq);
    struct err err;

    put_series(f, id, &patch, &err);
    return err;
}

static void has_zone(struct fixture *f, const char *id, const char *zone, const char *freq)
{
    struct err err = put_zone(f, id, zone, freq);

    if (err.code != ERR_NONE)
        fail_msg("%s", err.msg);
    assert_string_equal(view_of(f, id).settings->zone, zone);
}

static void conflicts(struct fixture *f, const char *zone, const char *place, const char *words)
{
    struct err err = put_zone(f, "a", zone, NULL);

    assert_int_equal(err.code, ERR_CONFLICT);
    assert_string_equal(err.place, place);
    if (!strstr(err.msg, words))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
}

static void forecasts_from(struct fixture *f, const char *first, const char *second)
{
    struct forecast_answer answer = forecast_of(f, "a", 2);

    assert_int_equal(trm_grid_time(&answer.grid, answer.first_step), time_of(first));
    assert_int_equal(trm_grid_time(&answer.grid, answer.first_step + 1), time_of(second));
    forecast_answer_done(&answer);
}

static void days_of_a_zone_are_accepted_and_forecast(void **state)
{
    struct fixture *f = *state;
    struct point *points = midnights("2025-10-24T22:00:00Z", 366);

    has_zone(f, "a", "Berlin", "1d");
    put_ok(f, "a", points, 365);
    assert_int_equal(view_of(f, "a").last.t, time_of("2026-10-23T22:00:00Z"));
    forecasts_from(f, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    put_ok(f, "a", points + 365, 1);
    forecasts_from(f, "2026-10-25T23:00:00Z", "2026-10-26T23:00:00Z");
    assert_int_equal(view_of(f, "a").point_n, 366);
    free(points);
}

static void a_frequency_is_inferred_in_the_zone(void **state)
{
    struct fixture *f = *state;
    struct point *points = midnights("2026-03-27T23:00:00Z", 5);

    has_zone(f, "a", "Berlin", NULL);
    put_ok(f, "a", points, 2);
    assert_false(view_of(f, "a").grid_known);
    put_ok(f, "a", points + 2, 3);
    assert_int_equal(view_of(f, "a").freq.ms, DAY);
    free(points);
}

/* A midnight that Brazil did not have looks like one o'clock, until there are others. */
static void the_third_time_decides_the_time_of_day(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{time_of("2018-11-04T03:00:00Z"), 1},
                             {time_of("2018-11-05T03:00:00Z"), 2},
                             {time_of("2018-11-06T03:00:00Z"), 3}};
    struct err err;

    has_zone(f, "a", "Sao_Paulo", "1d");
    put_ok(f, "a", points, 1);
    assert_false(view_of(f, "a").grid_known);
    put_ok(f, "a", points + 1, 2);
    assert_true(view_of(f, "a").grid_known);
    forecasts_from(f, "2018-11-07T03:00:00Z", "2018-11-08T03:00:00Z");
    points[0].t = time_of("2018-11-03T03:00:00Z"); /* midnight of the day before */
    put_points(f, "a", points, 1, &err);
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.msg, "2018-11-02T04:00:00Z and 2018-11-03T04:00:00Z"));
}

static void a_day_of_utc_is_off_the_grid_of_a_zone(void **state)
{
    struct fixture *f = *state;
    struct point *points = midnights("2026-03-27T23:00:00Z", 2), utc = {time_of("2026-03-29T23:00:00Z"), 1};
    struct err err;

    has_zone(f, "a", "Berlin", "1d");
    put_ok(f, "a", points, 2);
    put_points(f, "a", &utc, 1, &err);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.msg, "2026-03-29T23:00:00Z is not on the series' grid of one point every 1d, "
                                 "counted in its time zone: the nearest times are 2026-03-29T22:00:00Z and "
                                 "2026-03-30T22:00:00Z");
    free(points);
}

static void a_zone_is_changed_only_where_no_point_stands_on_its_days(void **state)
{
    struct fixture *f = *state;
    struct point *points = midnights("2026-03-27T23:00:00Z", 5);

    has_zone(f, "a", "Berlin", "1d");
    has_zone(f, "a", "Kathmandu", NULL); /* no point yet */
    has_zone(f, "a", "Berlin", NULL);
    put_ok(f, "a", points, 5);
    has_zone(f, "a", "Berlin", NULL);
    conflicts(f, "Kathmandu", "/timezone", "every 1d, counted in the time zone Berlin, which cannot "
                                        "become Kathmandu");
    conflicts(f, "UTC", "/timezone", "cannot become UTC");
    assert_string_equal(view_of(f, "a").settings->zone, "Berlin");
    free(points);
}

static void a_series_of_utc_days_cannot_become_one_of_a_zone(void **state)
{
    struct fixture *f = *state;

    make_daily(f, "a", 5, FIT_OFF);
    conflicts(f, "Berlin", "/timezone", "counted in the time zone UTC, which cannot become Berlin");
    assert_int_equal(put_zone(f, "a", "UTC", NULL).code, ERR_NONE);
    assert_string_equal(view_of(f, "a").settings->zone, "");
}

static void hours_may_have_any_zone_at_any_time(void **state)
{
    struct fixture *f = *state;
    struct point points[] = {{START, 1}, {START + HOUR, 2}, {START + 2 * HOUR, 3}};

    has_zone(f, "a", "Berlin", "1h");
    put_ok(f, "a", points, 3);
    has_zone(f, "a", "Lord_Howe", NULL);
    forecasts_from(f, "2026-01-01T03:00:00Z", "2026-01-01T04:00:00Z");
}

static void points_without_a_grid_must_fit_a_zone_that_comes_later(void **state)
{
    struct fixture *f = *state;
    struct point *points = midnights("2026-03-28T23:00:00Z", 2); /* 23 hours apart */

    has_zone(f, "a", "Berlin", "1d");
    put_ok(f, "a", points, 2);
    conflicts(f, "Kathmandu", "/timezone", "do not fit the time zone");
    has_zone(f, "a", "Berlin", NULL);
    free(points);
}

static void an_unknown_zone_creates_nothing(void **state)
{
    struct fixture *f = *state;
    struct err err = put_zone(f, "a", "Atlantis", "1d");
    struct series_view view;

    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.place, "/timezone");
    assert_non_null(strstr(err.msg, "no time zone \"Atlantis\""));
    assert_int_equal(service_get_series(f->service, "a", &view, &err), -1);
}

/* ---- restarts ---- */

static void a_restart_keeps_the_days(void **state)
{
    struct fixture *f = *state;
    struct point *points = midnights("2026-07-01T22:00:00Z", 116);

    has_zone(f, "a", "Berlin", "1d");
    put_ok(f, "a", points, 115);
    fixture_close(f);
    fixture_open(f);
    assert_string_equal(view_of(f, "a").settings->zone, "Berlin");
    forecasts_from(f, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    put_ok(f, "a", points + 115, 1);
    conflicts(f, "Kathmandu", "/timezone", "cannot become Kathmandu");
    free(points);
}

/* "Place" in a folder of its own, as a link to one of the corpus. */
static void place_is(const struct fixture *f, const char *name)
{
    char link_path[TMP_PATH_MAX + 8], target[TMP_PATH_MAX];

    snprintf(link_path, sizeof link_path, "%s/Place", f->folder);
    snprintf(target, sizeof target, "%s/%s", ZONE_FOLDER, name);
    (void)unlink(link_path);
    if (name[0])
        assert_int_equal(symlink(target, link_path), 0);
    setenv("TZDIR", f->folder, 1);
}

static void points_stay_with_their_days_when_the_zones_rules_change(void **state)
{
    struct fixture *f = *state;
    struct point *points = midnights("2026-10-19T22:00:00Z", 22);

    fixture_close(f);
    place_is(f, "Berlin");
    fixture_open(f);
    has_zone(f, "a", "Place", "1d");
    put_ok(f, "a", points, 22);
    fixture_close(f);
    place_is(f, "New_York"); /* whose clocks are changed a week later */
    fixture_open(f);
    assert_int_equal(view_of(f, "a").point_n, 22);
    assert_true(view_of(f, "a").last.v == 0);
    forecasts_from(f, "2026-11-10T23:00:00Z", "2026-11-11T23:00:00Z");
    free(points);
}

static void a_zone_that_is_gone_stops_the_start_and_names_the_series(void **state)
{
    struct fixture *f = *state;
    struct err err;

    fixture_close(f);
    place_is(f, "Berlin");
    fixture_open(f);
    has_zone(f, "a", "Place", "1d");
    fixture_close(f);
    place_is(f, "");
    fixture_open_parts(f);
    assert_int_equal(service_boot(f->service, &err), -1);
    assert_non_null(strstr(err.msg, "series \"a\": no time zone \"Place\""));
}

/* ---- without a store ---- */

struct got {
    bool called;
    struct stateless_batch *batch;
};

static void on_stateless(void *ctx, const struct err *err, struct stateless_batch *batch)
{
    struct got *got = ctx;

    assert_null(err);
    *got = (struct got){true, batch};
}

static void a_stateless_forecast_stands_on_local_days(void **state)
{
    struct fixture *f = *state;
    struct stateless_batch *batch = calloc(1, sizeof *batch);
    struct got got = {0};
    struct err err;

    assert_non_null(batch);
    batch->ask = (struct forecast_ask){.horizon = 3, .levels = {.1, .5, .9}, .level_n = 3};
    batch->n = 1;
    batch->items = calloc(1, sizeof *batch->items);
    struct stateless_item *item = batch->items;
    *item = (struct stateless_item){.n = 14, .has_start = true, .start = time_of("2026-10-10T22:00:00Z")};
    item->values = calloc(14, sizeof *item->values);
    for (size_t i = 0; i < 14; i++)
        item->values[i] = (double)(i % 7);
    series_settings_init(&item->settings);
    item->settings.freq.ms = DAY;
    assert_int_equal(zones_find(service_zones(f->service), "Berlin", &item->zone, &err), 0);
    assert_int_equal(service_forecast_stateless(f->service, batch, on_stateless, &got, &err), 0);
    run_until(f, &got.called);
    assert_int_equal(item->err.code, ERR_NONE);
    const struct forecast_answer *answer = &item->answer;
    assert_int_equal(trm_grid_time(&answer->grid, answer->first_step), time_of("2026-10-24T22:00:00Z"));
    assert_int_equal(trm_grid_time(&answer->grid, answer->first_step + 1), time_of("2026-10-25T23:00:00Z"));
    assert_int_equal(answer->issued_at, time_of("2026-10-23T22:00:00Z"));
    stateless_batch_free(batch);
}

static int setup(void **state)
{
    setenv("TZDIR", ZONE_FOLDER, 1);
    return fixture_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(days_of_a_zone_are_accepted_and_forecast, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_frequency_is_inferred_in_the_zone, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_third_time_decides_the_time_of_day, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_day_of_utc_is_off_the_grid_of_a_zone, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_zone_is_changed_only_where_no_point_stands_on_its_days, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_series_of_utc_days_cannot_become_one_of_a_zone, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(hours_may_have_any_zone_at_any_time, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(points_without_a_grid_must_fit_a_zone_that_comes_later, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(an_unknown_zone_creates_nothing, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_restart_keeps_the_days, setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(points_stay_with_their_days_when_the_zones_rules_change, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_zone_that_is_gone_stops_the_start_and_names_the_series, setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(a_stateless_forecast_stands_on_local_days, setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("service_zones", tests, NULL, NULL);
}
