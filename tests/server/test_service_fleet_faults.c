/* A fleet in trouble: a store that refuses, a full queue, series that go, files that were damaged.
 */
#include "tests/server/fleet_fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <uv.h>

#define STORE_BYTES ((size_t)4 << 20)

/* Runs SQL on the file beside the daemon's connection. */
static void sql(const struct fixture *f, const char *text)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(f->config.store_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 10000);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void train_until_published(struct fixture *f)
{
    struct err err;

    assert_int_equal(service_fleet_train(f->service, &err), 0);
    while (fleet_of(f).version == 0)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void nothing(void *ctx, struct store_result *result)
{
    (void)ctx;
    (void)result;
}

static void a_reset_with_a_full_store_neither_hangs_nor_leaves_a_record_behind(void **state)
{
    struct fixture *f = *state;
    struct outcome reset = {0}, write = {0};
    struct point *points = malloc(STORE_BYTES);
    size_t n = STORE_BYTES / sizeof *points;
    struct err err;

    fixture_close(f);
    f->store_bytes_max = STORE_BYTES;
    fixture_open(f);
    put_fleet(f, SERIES);
    train(f);
    assert_int_equal(fleet_of(f).version, 1);
    assert_int_equal(service_fleet_reset(f->service, on_plain, &reset, &err), 0);
    for (size_t i = 0; i < n; i++)
        points[i] = (struct point){START + (int64_t)(i + 100) * DAY, (double)(i % 7)};
    send_points(f, "s00", points, n, &write);
    free(points);
    run_until(f, &reset.called);
    run_until(f, &write.called);
    run_idle(f);
    assert_int_equal(outdated_n(f, 0), 0);
}

static void weights_that_the_store_refuses_are_not_said_to_be_published(void **state)
{
    struct fixture *f = *state;
    struct store_weights taken = {.version = 1, .report = "", .n = 4};
    struct err err;

    put_fleet(f, SERIES);
    assert_int_equal(store_put_weights(f->store, &taken, calloc(1, 4), nothing, NULL, &err), 0);
    train(f);
    struct fleet_view view = fleet_of(f);
    assert_int_equal(view.version, 0);
    assert_ptr_equal(view.base, view.origin);
    assert_non_null(strstr(view.report, "\"outcome\":\"failed\",\"version\":0,"));
    assert_null(strstr(view.report, "\"error\":null"));
}

static void a_small_fleet_whose_series_are_fitted_at_every_point_is_trained_too(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    f->config.fleet = CONFIG_FLEET_AUTO;
    fixture_open(f);
    put_fleet(f, 10);
    for (size_t i = 0; i < 10; i++)
        set_fits(f, i, FIT_EVERY, 1);
    for (int64_t k = 0; k < 200 && fleet_of(f).report[0] == '\0'; k++) {
        struct point p = {START + (POINTS + k) * DAY, (double)(k * 7919 % 13)};
        for (size_t i = 0; i < 10; i++)
            put_ok(f, fleet_name(i), &p, 1);
        run_idle(f);
    }
    assert_string_not_equal(fleet_of(f).report, "");
}

static void a_publication_leaves_room_for_who_asks_for_a_fit(void **state)
{
    struct fixture *f = *state;
    struct outcome fit = {0};
    struct err err;

    put_fleet(f, SERIES);
    f->config.jobs_queue_max = 8;
    train_until_published(f);
    assert_int_equal(service_fit(f->service, "s39", true, on_fit, &fit, &err), 0);
    run_until(f, &fit.called);
    assert_int_equal(fit.err.code, ERR_NONE);
    run_idle(f);
    assert_int_equal(outdated_n(f, 0), 0);
}

/* Deletes the first series while records are made anew; every other one must be. */
static void the_first_goes(struct fixture *f)
{
    struct outcome deleted = {0};
    struct err err;

    assert_int_equal(service_delete_series(f->service, "s00", on_plain, &deleted, &err), 0);
    run_idle(f);
    assert_true(deleted.called);
    assert_int_equal(outdated_n(f, 1), 0);
}

static void every_record_is_made_anew_although_the_series_in_flight_goes(void **state)
{
    struct fixture *f = *state;

    put_fleet(f, SERIES);
    f->config.jobs_queue_max = 1;
    train_until_published(f);
    the_first_goes(f);
}

static void every_record_is_made_anew_although_an_earlier_series_goes(void **state)
{
    struct fixture *f = *state;

    put_fleet(f, SERIES);
    f->config.jobs_queue_max = 1;
    train_until_published(f);
    while (view_of(f, "s03").model_version != 2)
        uv_run(&f->loop, UV_RUN_ONCE);
    the_first_goes(f);
}

static void records_whose_jobs_the_store_refused_are_made_later(void **state)
{
    struct fixture *f = *state;
    struct point p = {START + POINTS * DAY, 3};

    put_fleet(f, SERIES);
    f->config.jobs_queue_max = 16;
    sql(f, "ALTER TABLE job RENAME TO away");
    train(f);
    assert_int_equal(fleet_of(f).version, 1);
    assert_int_equal(outdated_n(f, 0), SERIES);
    sql(f, "ALTER TABLE away RENAME TO job");
    put_ok(f, "s20", &p, 1);
    run_idle(f);
    assert_int_equal(outdated_n(f, 0), 0);
}

static void a_refused_training_leaves_the_points_that_count(void **state)
{
    struct fixture *f = *state;
    struct err err;

    put_fleet(f, TRM_FLEET_JUDGE_MIN - 1);
    uint64_t before = fleet_of(f).new_points;
    assert_true(before > 0);
    assert_int_equal(service_fleet_train(f->service, &err), -1);
    assert_int_equal(fleet_of(f).new_points, before);
}

static void a_restart_remembers_the_points_since_the_training(void **state)
{
    struct fixture *f = *state;

    put_fleet(f, SERIES);
    train(f);
    assert_int_equal(fleet_of(f).version, 1);
    for (int64_t k = 0; k < 30; k++)
        put_ok(f, "s01", &(struct point){START + (POINTS + k) * DAY, (double)k}, 1);
    run_idle(f);
    assert_int_equal(fleet_of(f).new_points, 30);
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(fleet_of(f).new_points, 30);
}

static void all_fits_off(struct fixture *f)
{
    for (size_t i = 0; i < SERIES; i++)
        set_fits(f, i, FIT_OFF, 0);
}

static void damaged_weights_are_replaced_by_the_origin_with_all_records(void **state)
{
    struct fixture *f = *state;

    put_fleet(f, SERIES);
    all_fits_off(f);
    train(f);
    assert_int_equal(fleet_of(f).version, 1);
    fixture_close(f);
    sql(f, "UPDATE weights SET crc = crc + 1");
    fixture_open(f);
    run_idle(f);
    assert_int_equal(fleet_of(f).version, 0);
    assert_int_equal(outdated_n(f, 0), 0);
}

static void a_reset_that_a_restart_interrupts_goes_on(void **state)
{
    struct fixture *f = *state;
    struct outcome reset = {0};
    struct err err;

    put_fleet(f, SERIES);
    all_fits_off(f);
    train(f);
    f->config.jobs_queue_max = 1;
    assert_int_equal(service_fleet_reset(f->service, on_plain, &reset, &err), 0);
    run_until(f, &reset.called);
    fixture_close(f);
    fixture_open(f);
    run_idle(f);
    assert_int_equal(fleet_of(f).version, 0);
    assert_int_equal(outdated_n(f, 0), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fleet_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_reset_with_a_full_store_neither_hangs_nor_leaves_a_record_behind),
        TEST(weights_that_the_store_refuses_are_not_said_to_be_published),
        TEST(a_small_fleet_whose_series_are_fitted_at_every_point_is_trained_too),
        TEST(a_publication_leaves_room_for_who_asks_for_a_fit),
        TEST(every_record_is_made_anew_although_the_series_in_flight_goes),
        TEST(every_record_is_made_anew_although_an_earlier_series_goes),
        TEST(records_whose_jobs_the_store_refused_are_made_later),
        TEST(a_refused_training_leaves_the_points_that_count),
        TEST(a_restart_remembers_the_points_since_the_training),
        TEST(damaged_weights_are_replaced_by_the_origin_with_all_records),
        TEST(a_reset_that_a_restart_interrupts_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
