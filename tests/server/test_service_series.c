/* Creating, changing, showing, listing and deleting series. */
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct series_patch patch_of(unsigned set)
{
    struct series_patch patch = {.set = set};

    series_settings_init(&patch.settings);
    return patch;
}

static void a_series_is_created_once_and_changed_after(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = patch_of(PATCH_FREQ | PATCH_MIN);
    struct outcome first, second;

    patch.settings.freq.ms = HOUR;
    patch.settings.min = 0;
    send_series(f, "a", &patch, &first);
    run_until(f, &first.called);
    assert_true(first.created);
    patch = patch_of(PATCH_MAX);
    patch.settings.max = 10;
    send_series(f, "a", &patch, &second);
    run_until(f, &second.called);
    assert_int_equal(second.err.code, ERR_NONE);
    assert_false(second.created);
    struct series_view view = view_of(f, "a");
    assert_int_equal(view.freq.ms, HOUR);
    assert_true(view.settings->min == 0 && view.settings->max == 10);
    assert_int_equal(view.horizon, 48);
    assert_string_equal(view.state, "awaiting 3 more points");
    assert_false(view.has_last);
    assert_int_equal(view.model_version, 0);
}

static void a_series_is_not_visible_before_it_is_durable(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = patch_of(0);
    struct outcome outcome;
    struct series_view view;
    struct err err;

    send_series(f, "a", &patch, &outcome);
    assert_false(outcome.called);
    assert_int_equal(service_get_series(f->service, "a", &view, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    run_until(f, &outcome.called);
    assert_int_equal(service_get_series(f->service, "a", &view, &err), 0);
}

static void two_changes_on_their_way_do_not_undo_each_other(void **state)
{
    struct fixture *f = *state;
    struct series_patch min = patch_of(PATCH_MIN), max = patch_of(PATCH_MAX);
    struct outcome first, second;

    min.settings.min = 1;
    max.settings.max = 2;
    send_series(f, "a", &min, &first);
    send_series(f, "a", &max, &second);
    run_until(f, &second.called);
    assert_true(first.created);
    assert_false(second.created);
    assert_true(view_of(f, "a").settings->min == 1);
    assert_true(view_of(f, "a").settings->max == 2);
}

static void settings_that_contradict_each_other_are_refused(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = patch_of(PATCH_MIN);
    struct err err;

    patch.settings.min = 5;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    patch = patch_of(PATCH_MAX);
    patch.settings.max = 4;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.place, "/min");
    assert_true(isnan(view_of(f, "a").settings->max));
    patch = patch_of(PATCH_SEASON);
    patch.settings.season_n = 1;
    patch.settings.season[0] = TRM_SEASON_MAX + 1;
    put_series(f, "a", &patch, &err);
    assert_string_equal(err.place, "/season/0");
    patch = patch_of(PATCH_HORIZON);
    patch.settings.horizon = TRM_HORIZON_MAX + 1;
    put_series(f, "a", &patch, &err);
    assert_string_equal(err.place, "/horizon");
}

static void a_frequency_other_than_the_points_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = patch_of(PATCH_FREQ);
    struct err err;

    make_daily(f, "a", 5, FIT_OFF);
    patch.settings.freq.ms = HOUR;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_string_equal(err.place, "/frequency");
    assert_non_null(strstr(err.msg, "1d"));
    patch.settings.freq.ms = DAY;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    patch.settings.freq.ms = 0;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    assert_int_equal(view_of(f, "a").freq.ms, DAY); /* "infer" does not forget what is known */
}

static void a_frequency_given_late_must_fit_the_first_points(void **state)
{
    struct fixture *f = *state;
    struct point two[] = {{START, 1}, {START + 90 * 60000, 2}};
    struct series_patch patch = patch_of(PATCH_FREQ);
    struct err err;

    put_ok(f, "a", two, 2);
    assert_false(view_of(f, "a").grid_known);
    patch.settings.freq.ms = HOUR;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_CONFLICT);
    patch.settings.freq.ms = HOUR / 2;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    assert_true(view_of(f, "a").grid_known);
    struct point next = {START + HOUR, 3};
    put_ok(f, "a", &next, 1);
    assert_string_equal(view_of(f, "a").state, "ready");
}

static void an_illegal_id_is_refused(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = patch_of(0);
    struct err err;

    put_series(f, "a\nb", &patch, &err);
    assert_int_equal(err.code, ERR_INVALID);
    put_series(f, "..", &patch, &err);
    assert_int_equal(err.code, ERR_INVALID);
}

static void the_number_of_series_is_limited(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = patch_of(0);
    struct err err;

    f->config.series_max = 1;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    put_series(f, "b", &patch, &err);
    assert_int_equal(err.code, ERR_BUSY);
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
}

/* ---- lists ---- */

struct listed {
    char ids[256];
    size_t n, max;
};

static bool list_one(void *ctx, const struct series_view *view)
{
    struct listed *listed = ctx;

    if (listed->n == listed->max)
        return false;
    listed->n++;
    strcat(listed->ids, view->id);
    strcat(listed->ids, ",");
    return true;
}

static void list_is(struct fixture *f, const char *after, const char *prefix,
                    const struct series_label *labels, size_t label_n, size_t max,
                    const char *expected)
{
    struct listed listed = {.max = max};

    service_list_series(f->service, after, prefix, labels, label_n, list_one, &listed);
    assert_string_equal(listed.ids, expected);
}

static void lists_go_on_behind_a_cursor_even_a_deleted_one(void **state)
{
    struct fixture *f = *state;
    const char *ids[] = {"b/2", "a", "b/1", "c"};
    struct series_label site = {"site", "x"}, other = {"site", "y"};
    struct series_patch patch = patch_of(PATCH_LABELS);
    struct err err;

    patch.settings.labels = &site;
    for (int i = 0; i < 4; i++) {
        patch.settings.label_n = i < 2;
        put_series(f, ids[i], &patch, &err);
        assert_int_equal(err.code, ERR_NONE);
    }
    list_is(f, NULL, NULL, NULL, 0, 9, "a,b/1,b/2,c,");
    list_is(f, NULL, NULL, NULL, 0, 2, "a,b/1,");
    list_is(f, "b/1", NULL, NULL, 0, 9, "b/2,c,");
    list_is(f, NULL, "b/", NULL, 0, 9, "b/1,b/2,");
    list_is(f, "b/1", "b/", NULL, 0, 9, "b/2,");
    list_is(f, NULL, "x", NULL, 0, 9, "");
    list_is(f, NULL, NULL, &site, 1, 9, "a,b/2,");
    list_is(f, NULL, NULL, &other, 1, 9, "");
    delete_series(f, "b/1");
    list_is(f, "b/1", NULL, NULL, 0, 9, "b/2,c,");
}

/* ---- deletion ---- */

static void a_deleted_series_is_gone_with_its_points(void **state)
{
    struct fixture *f = *state;
    struct series_view view;
    struct err err;

    make_daily(f, "a", 10, FIT_OFF);
    uint64_t revision = view_of(f, "a").revision;
    delete_series(f, "a");
    assert_int_equal(service_get_series(f->service, "a", &view, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    make_daily(f, "a", 1, FIT_OFF);
    assert_int_equal(view_of(f, "a").point_n, 1);
    assert_true(view_of(f, "a").revision < revision); /* another series with the same name */
}

static void keys_are_not_used_again_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct forecast_ask ask = {0};
    struct forecast_tag before, after;
    struct err err;

    make_daily(f, "a", 5, FIT_OFF);
    assert_int_equal(service_forecast_tag(f->service, "a", &ask, &before, &err), 0);
    delete_series(f, "a");
    fixture_close(f);
    fixture_open(f);
    make_daily(f, "a", 5, FIT_OFF);
    assert_int_equal(service_forecast_tag(f->service, "a", &ask, &after, &err), 0);
    assert_true(after.key > before.key);
}

static void what_asks_for_a_series_being_deleted_is_refused(void **state)
{
    struct fixture *f = *state;
    struct outcome deletion = {0};
    struct point point = {START, 1};
    struct err err;
    char job[JOB_ID_MAX + 1];

    make_daily(f, "a", 30, FIT_OFF);
    assert_int_equal(service_delete_series(f->service, "a", on_plain, &deletion, &err), 0);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, job, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(service_delete_series(f->service, "a", on_plain, NULL, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    run_until(f, &deletion.called);
    assert_int_equal(deletion.err.code, ERR_NONE);
    put_ok(f, "a", &point, 1);
}

static void what_may_create_a_series_waits_for_its_deletion(void **state)
{
    struct fixture *f = *state;
    struct outcome deletion = {0};
    struct point point = {START, 1};
    struct err err;

    make_daily(f, "a", 30, FIT_OFF);
    uint64_t revision = view_of(f, "a").revision;
    assert_int_equal(service_delete_series(f->service, "a", on_plain, &deletion, &err), 0);
    put_ok(f, "a", &point, 1);
    assert_true(deletion.called);
    assert_int_equal(deletion.err.code, ERR_NONE);
    assert_int_equal(view_of(f, "a").point_n, 1);
    assert_true(view_of(f, "a").revision < revision); /* another series with the same name */
}

/* ---- numbers ---- */

static void two_thousand_series_hold_little_memory_each(void **state)
{
    enum { SERIES = 2000 };
    struct fixture *f = *state;
    static struct outcome outcomes[SERIES];
    struct point *points = daily(0, 100);
    struct service_stats stats;
    char id[32];

    f->config.jobs_queue_max = 0; /* no fits: this is about histories */
    for (int i = 0; i < SERIES; i++) {
        snprintf(id, sizeof id, "series-%04d", i);
        send_points(f, id, points, 100, &outcomes[i]);
    }
    run_idle(f);
    service_stats(f->service, &stats);
    assert_int_equal(stats.series_n, SERIES);
    assert_int_equal(stats.models_n, 0);
    assert_true(stats.memory_bytes < SERIES * 4096);
    assert_true(stats.memory_bytes > SERIES * 100 * sizeof(double));
    assert_int_equal(stats.store.points_written, SERIES * 100);
    free(points);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_series_is_created_once_and_changed_after),
        TEST(a_series_is_not_visible_before_it_is_durable),
        TEST(two_changes_on_their_way_do_not_undo_each_other),
        TEST(settings_that_contradict_each_other_are_refused),
        TEST(a_frequency_other_than_the_points_is_a_conflict),
        TEST(a_frequency_given_late_must_fit_the_first_points),
        TEST(an_illegal_id_is_refused),
        TEST(the_number_of_series_is_limited),
        TEST(lists_go_on_behind_a_cursor_even_a_deleted_one),
        TEST(a_deleted_series_is_gone_with_its_points),
        TEST(keys_are_not_used_again_after_a_restart),
        TEST(what_asks_for_a_series_being_deleted_is_refused),
        TEST(what_may_create_a_series_waits_for_its_deletion),
        TEST(two_thousand_series_hold_little_memory_each),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
