/* Every allocation of the loop's thread fails once, one after another: what was asked for is
 * refused as a whole, what there was stays, and the same question asked again succeeds. (Linked
 * with --wrap for malloc, calloc and realloc; allocations of other threads and of shared libraries
 * are left alone.) */
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* More allocations than any call here makes: a test that gets so far counts something else. */
#define ROUNDS_MAX 2000

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static _Thread_local size_t countdown; /* 0: nothing fails */
static _Thread_local bool failed;

static bool fails_now(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails_now() ? NULL : __real_realloc(old, size);
}

/* The nth allocation from here fails. */
static void arm(size_t nth)
{
    failed = false;
    countdown = nth;
}

/* Whether one has failed. */
static bool disarm(void)
{
    countdown = 0;
    return failed;
}

/* Success without a failure, or out of memory with one. */
static void check(bool was_failed, const struct err *err)
{
    if (was_failed ? err->code != ERR_NO_MEMORY : err->code != ERR_NONE)
        fail_msg("%s: %s (%s)", was_failed ? "an allocation failed" : "none failed",
                 err_code_name(err->code), err->msg);
}

static struct point *points_of(size_t n)
{
    return daily(0, n);
}

/* A write with the nth allocation failing; returns whether it did. */
static bool put_failing(struct fixture *f, const char *id, size_t points_n, size_t nth)
{
    struct outcome outcome = {0};
    struct point *points = points_of(points_n);
    struct err err = {.code = ERR_NONE};

    arm(nth);
    int rc = service_put_points(f->service, id, points, points_n, true, on_points, &outcome, &err);
    if (rc == 0)
        run_until(f, &outcome.called);
    bool was_failed = disarm();
    check(was_failed, rc ? &err : &outcome.err);
    return was_failed;
}

static void a_first_write_without_memory_leaves_no_series(void **state)
{
    struct fixture *f = *state;
    struct series_view view;
    struct err err;
    size_t nth = 1;

    for (; nth < ROUNDS_MAX && put_failing(f, "a", 9, nth); nth++) {
        assert_int_equal(service_get_series(f->service, "a", &view, &err), -1);
        assert_int_equal(err.code, ERR_NOT_FOUND);
    }
    assert_in_range(nth, 5, ROUNDS_MAX - 1);
    assert_int_equal(view_of(f, "a").point_n, 9);
}

static void a_fit_of_the_policys_without_memory_costs_no_point(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(0, 200);
    size_t n = 40, nth = 1;
    bool was_failed = true;

    make_daily(f, "a", n, FIT_OFF);
    struct series_patch patch = {.set = PATCH_FIT};
    struct err err;
    series_settings_init(&patch.settings);
    patch.settings.fit = FIT_EVERY; /* every point */
    put_series(f, "a", &patch, &err);
    run_idle(f);
    for (; nth < 100 && was_failed; nth++) {
        struct outcome outcome;
        send_points(f, "a", &points[n++], 1, &outcome);
        arm(nth); /* what is left after the call is the commit's */
        run_idle(f);
        was_failed = disarm();
        assert_int_equal(outcome.err.code, ERR_NONE);
        assert_int_equal(view_of(f, "a").point_n, n);
    }
    assert_in_range(nth, 5, 99);
    assert_true(view_of(f, "a").model_version > 0);
    free(points);
}

static void a_later_write_without_memory_changes_nothing(void **state)
{
    struct fixture *f = *state;
    size_t nth = 1;

    make_daily(f, "a", 10, FIT_OFF);
    while (nth < ROUNDS_MAX && put_failing(f, "a", 1000, nth)) {
        assert_int_equal(view_of(f, "a").point_n, 10);
        assert_int_equal(view_of(f, "a").last.t, START + 9 * DAY);
        nth++;
    }
    assert_in_range(nth, 3, ROUNDS_MAX - 1);
    assert_int_equal(view_of(f, "a").point_n, 1000);
}

static void settings_without_memory_stay_as_they_were(void **state)
{
    struct fixture *f = *state;
    struct series_label label = {"site", "x"};
    struct series_patch patch = {.set = PATCH_LABELS | PATCH_MIN};
    bool was_failed = true;

    make_daily(f, "a", 5, FIT_OFF);
    series_settings_init(&patch.settings);
    patch.settings.labels = &label;
    patch.settings.label_n = 1;
    patch.settings.min = 1;
    for (size_t nth = 1; nth < ROUNDS_MAX && was_failed; nth++) {
        struct err err;
        arm(nth);
        put_series(f, "a", &patch, &err);
        was_failed = disarm();
        check(was_failed, &err);
        assert_int_equal(view_of(f, "a").settings->label_n, was_failed ? 0 : 1);
        assert_int_equal(isnan(view_of(f, "a").settings->min) != 0, was_failed);
    }
    assert_false(was_failed);
}

static void a_forecast_without_memory_says_so(void **state)
{
    struct fixture *f = *state;
    struct forecast_ask ask = {.horizon = 10, .levels = {.5}, .level_n = 1, .trace = true};
    char job[JOB_ID_MAX + 1];
    bool was_failed = true;

    make_daily(f, "a", 300, FIT_OFF);
    for (int with_model = 0; with_model < 2; with_model++) {
        size_t refused_n = 0;
        was_failed = true;
        for (size_t nth = 1; nth < ROUNDS_MAX && was_failed; nth++) {
            struct forecast_answer answer;
            struct err err = {.code = ERR_NONE};
            arm(nth);
            int rc = service_forecast(f->service, "a", &ask, &answer, &err);
            was_failed = disarm();
            refused_n += rc != 0;
            if (rc == 0) /* what is kept of it may have been lost, and nothing else */
                forecast_answer_done(&answer);
            else
                check(was_failed, &err);
        }
        assert_false(was_failed);
        assert_in_range(refused_n, 5, ROUNDS_MAX - 1);
        assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    }
}

/* A fit with the nth allocation failing, from the question to the end of its job. */
static bool fit_failing(struct fixture *f, size_t nth)
{
    struct outcome outcome = {0};
    struct err err = {.code = ERR_NONE};

    arm(nth);
    int rc = service_fit(f->service, "a", true, on_fit, &outcome, &err);
    run_idle(f);
    bool was_failed = disarm();
    if (rc || outcome.err.code != ERR_NONE)
        check(was_failed, rc ? &err : &outcome.err);
    assert_int_equal(outcome.called, rc == 0);
    return was_failed;
}

static void a_fit_without_memory_ends_and_the_next_one_succeeds(void **state)
{
    struct fixture *f = *state;
    struct service_stats stats;
    char job[JOB_ID_MAX + 1];
    size_t nth = 1;

    make_daily(f, "a", 40, FIT_OFF);
    while (nth < ROUNDS_MAX && fit_failing(f, nth)) {
        assert_string_equal(view_of(f, "a").state, "ready");
        service_stats(f->service, &stats);
        assert_int_equal(stats.jobs[JOB_PENDING] + stats.jobs[JOB_RUNNING], 0);
        nth++;
    }
    assert_in_range(nth, 6, ROUNDS_MAX - 1);
    uint64_t version = view_of(f, "a").model_version;
    assert_true(version >= 1);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_int_equal(view_of(f, "a").model_version, version + 1);
}

static void a_deletion_without_memory_deletes_nothing(void **state)
{
    struct fixture *f = *state;
    bool was_failed = true;

    make_daily(f, "a", 5, FIT_OFF);
    for (size_t nth = 1; nth < ROUNDS_MAX && was_failed; nth++) {
        struct outcome outcome = {0};
        struct series_view view;
        struct err err = {.code = ERR_NONE};
        arm(nth);
        int rc = service_delete_series(f->service, "a", on_plain, &outcome, &err);
        if (rc == 0)
            run_until(f, &outcome.called);
        was_failed = disarm();
        check(was_failed, rc ? &err : &outcome.err);
        assert_int_equal(service_get_series(f->service, "a", &view, &err), was_failed ? 0 : -1);
    }
    assert_false(was_failed);
}

static void a_start_without_memory_fails_and_the_next_one_finds_everything(void **state)
{
    struct fixture *f = *state;
    struct outcome asked = {0};
    char job[JOB_ID_MAX + 1];
    struct err err;
    size_t nth = 1;

    make_daily(f, "a", 40, FIT_OFF);
    make_daily(f, "b", 40, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    block_worker(f);
    assert_int_equal(service_fit(f->service, "b", true, on_fit, &asked, &err), 0);
    run_until(f, &asked.called);
    fixture_close(f);
    for (bool was_failed = true; nth < ROUNDS_MAX && was_failed; nth++) {
        fixture_open_parts(f);
        err.code = ERR_NONE;
        arm(nth);
        int rc = service_boot(f->service, &err);
        was_failed = disarm();
        check(was_failed, &err);
        assert_int_equal(rc == 0, !was_failed);
        fixture_close(f);
    }
    assert_in_range(nth, 10, ROUNDS_MAX - 1);
    fixture_open(f);
    assert_int_equal(view_of(f, "a").model_version, 1);
    assert_int_equal(job_wait(f, asked.job), JOB_SUCCEEDED);
}

static void resuming_without_memory_fails_the_job_and_not_the_start(void **state)
{
    struct fixture *f = *state;
    size_t nth = 1;

    make_daily(f, "a", 40, FIT_OFF);
    for (bool was_failed = true; nth < ROUNDS_MAX && was_failed; nth++) {
        struct outcome asked = {0};
        struct err err;
        block_worker(f);
        assert_int_equal(service_fit(f->service, "a", true, on_fit, &asked, &err), 0);
        run_until(f, &asked.called);
        fixture_close(f);
        fixture_open_parts(f);
        assert_int_equal(service_boot(f->service, &err), 0);
        assert_int_equal(store_start(f->store, &err), 0);
        arm(nth);
        service_resume(f->service);
        was_failed = disarm();
        run_idle(f);
        assert_int_equal(job_state_of(f, asked.job), was_failed ? JOB_FAILED : JOB_SUCCEEDED);
    }
    assert_in_range(nth, 3, ROUNDS_MAX - 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_first_write_without_memory_leaves_no_series),
        TEST(a_fit_of_the_policys_without_memory_costs_no_point),
        TEST(a_later_write_without_memory_changes_nothing),
        TEST(settings_without_memory_stay_as_they_were),
        TEST(a_forecast_without_memory_says_so),
        TEST(a_fit_without_memory_ends_and_the_next_one_succeeds),
        TEST(a_deletion_without_memory_deletes_nothing),
        TEST(a_start_without_memory_fails_and_the_next_one_finds_everything),
        TEST(resuming_without_memory_fails_the_job_and_not_the_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
