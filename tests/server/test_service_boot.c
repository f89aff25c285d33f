/* What a restart brings back: everything, bit for bit. */
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>
#include <sqlite3.h>

static void restart(struct fixture *f)
{
    fixture_close(f);
    fixture_open(f);
}

static void forecasts_are_the_same_bits_after_a_restart(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    make_daily(f, "drafts", 50, FIT_OFF);
    make_daily(f, "model", 300, FIT_OFF);
    assert_int_equal(fit_wait(f, "model", true, job), JOB_SUCCEEDED);
    struct forecast_answer drafts = forecast_of(f, "drafts", 20),
                           model = forecast_of(f, "model", 20);
    restart(f);
    struct forecast_answer drafts2 = forecast_of(f, "drafts", 20),
                           model2 = forecast_of(f, "model", 20);
    assert_int_equal(model2.model_version, 1);
    assert_true(model2.model.parameters > 0);
    assert_same_forecast(&drafts, &drafts2);
    assert_same_forecast(&model, &model2);
    forecast_answer_done(&drafts);
    forecast_answer_done(&model);
    forecast_answer_done(&drafts2);
    forecast_answer_done(&model2);
}

static void an_automatic_season_is_the_same_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(0, 95);

    put_ok(f, "a", points, 90);
    struct forecast_answer first = forecast_of(f, "a", 7);
    forecast_answer_done(&first);
    put_ok(f, "a", points + 90, 5);
    run_idle(f);
    struct forecast_answer before = forecast_of(f, "a", 7);
    restart(f);
    struct forecast_answer after = forecast_of(f, "a", 7);
    assert_same_forecast(&before, &after);
    forecast_answer_done(&before);
    forecast_answer_done(&after);
    free(points);
}

static void settings_points_and_counts_come_back(void **state)
{
    struct fixture *f = *state;
    struct series_label label = {"site", "north"};
    struct series_patch patch = {.set = PATCH_LABELS | PATCH_MIN | PATCH_HORIZON | PATCH_FREQ |
                                        PATCH_MODEL};
    struct point one = {START, 5};
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.labels = &label;
    patch.settings.label_n = 1;
    patch.settings.min = -1;
    patch.settings.horizon = 9;
    patch.settings.model = TRM_KIND_LITERAL;
    patch.settings.freq.months = 3;
    put_series(f, "a", &patch, &err);
    put_ok(f, "a", &one, 1);
    put_ok(f, "inferred later", &one, 1);
    struct series_view before = view_of(f, "a");
    restart(f);
    struct series_view after = view_of(f, "a");
    assert_int_equal(after.settings->label_n, 1);
    assert_string_equal(after.settings->labels[0].value, "north");
    assert_true(after.settings->min == -1);
    assert_int_equal(after.horizon, 9);
    assert_int_equal(after.settings->model, TRM_KIND_LITERAL);
    assert_int_equal(after.freq.months, 3);
    assert_int_equal(after.point_n, 1);
    assert_int_equal(after.revision, before.revision);
    assert_int_equal(after.created_at, before.created_at);
    assert_int_equal(after.last.t, START);
    struct point more[] = {{START + HOUR, 6}, {START + 2 * HOUR, 7}};
    put_ok(f, "inferred later", more, 2);
    assert_int_equal(view_of(f, "inferred later").freq.ms, HOUR);
    assert_int_equal(view_of(f, "inferred later").point_n, 3);
}

static void a_history_longer_than_memory_comes_back_as_its_newest_part(void **state)
{
    enum { N = TRM_CONTEXT_MAX + 300 };
    struct fixture *f = *state;
    struct point late = {START + (N + 40) * DAY, 1};

    make_daily(f, "a", N, FIT_OFF);
    put_ok(f, "a", &late, 1);
    struct forecast_answer before = forecast_of(f, "a", 10);
    restart(f);
    struct forecast_answer after = forecast_of(f, "a", 10);
    assert_same_forecast(&before, &after);
    assert_int_equal(view_of(f, "a").point_n, N + 1);
    forecast_answer_done(&before);
    forecast_answer_done(&after);
}

static void an_unfinished_job_runs_again_under_its_old_id(void **state)
{
    struct fixture *f = *state;
    struct outcome asked = {0};
    struct err err;

    make_daily(f, "a", 80, FIT_OFF);
    block_worker(f);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &asked, &err), 0);
    run_until(f, &asked.called);
    restart(f);
    assert_int_equal(job_wait(f, asked.job), JOB_SUCCEEDED);
    assert_int_equal(view_of(f, "a").model_version, 1);
    restart(f); /* an ended one does not */
    struct service_stats stats;
    service_stats(f->service, &stats);
    assert_int_equal(stats.jobs[JOB_PENDING] + stats.jobs[JOB_RUNNING], 0);
    assert_int_equal(view_of(f, "a").model_version, 1);
}

static struct job_view job_of(struct fixture *f, const char *id)
{
    struct job_view view;
    struct err err;

    assert_int_equal(service_get_job(f->service, id, &view, &err), 0);
    return view;
}

static void an_ended_job_is_shown_after_a_restart_with_its_result(void **state)
{
    struct fixture *f = *state;
    char done[JOB_ID_MAX + 1], gone[JOB_ID_MAX + 1], next[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_daily(f, "a", 80, FIT_OFF);
    make_daily(f, "b", 80, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, done), JOB_SUCCEEDED);
    assert_int_equal(fit_wait(f, "b", true, gone), JOB_SUCCEEDED);
    delete_series(f, "b");
    view = job_of(f, done);
    char *result = strdup(view.row->result);
    int64_t finished_at = view.row->finished_at;
    restart(f);
    view = job_of(f, done);
    assert_int_equal(view.row->state, JOB_SUCCEEDED);
    assert_string_equal(view.row->result, result);
    assert_string_equal(view.series_id, "a");
    assert_int_equal(view.row->finished_at, finished_at);
    assert_true(view.progress >= 1);
    assert_int_equal(service_get_job(f->service, gone, &view, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(service_cancel_job(f->service, done, on_plain, NULL, &err), -1);
    assert_non_null(strstr(err.msg, "succeeded"));
    assert_int_equal(fit_wait(f, "a", true, next), JOB_SUCCEEDED); /* counts and order go on */
    assert_true(strcmp(next, done) > 0);
    delete_series(f, "a");
    assert_int_equal(service_get_job(f->service, done, &view, &err), -1);
    free(result);
}

static void damage(struct fixture *f, const char *sql);

/* What a store may hold at most, were it written by others. */
static void ended_jobs_are_remembered_within_limits(void **state)
{
    struct fixture *f = *state;
    struct service_stats stats = {0};

    make_daily(f, "a", 80, FIT_OFF);
    fixture_close(f);
    damage(f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) "
              "INSERT INTO job(id, series, \"full\", state, created_at, started_at, finished_at, result, "
              "error, kind) "
              "SELECT printf('%016x', i), 1, 1, 'failed', i, i, i, "
              "CASE WHEN i > 1100 THEN hex(zeroblob(15000)) ELSE '' END, 'why', 'backtest' FROM n");
    fixture_open(f);
    service_stats(f->service, &stats);
    assert_int_equal(stats.jobs[JOB_FAILED], 1000);
    assert_string_equal(job_of(f, "00000000000004b0").row->error, "why"); /* the newest */
    fixture_close(f);
    damage(f, "UPDATE job SET result = hex(zeroblob(15000))");
    fixture_open(f);
    stats = (struct service_stats){0};
    service_stats(f->service, &stats);
    assert_int_equal(stats.jobs[JOB_FAILED], (16 << 20) / 30001);
    (void)job_of(f, "00000000000004b0");
}

static void a_running_fit_is_stopped_by_a_drain_and_runs_again(void **state)
{
    struct fixture *f = *state;
    struct outcome asked = {0};
    struct err err;

    make_daily(f, "a", 1500, FIT_OFF);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &asked, &err), 0);
    run_until(f, &asked.called);
    while (job_state_of(f, asked.job) == JOB_PENDING)
        uv_run(&f->loop, UV_RUN_ONCE);
    restart(f);
    assert_int_equal(job_wait(f, asked.job), JOB_SUCCEEDED);
}

static void series_that_should_have_a_model_get_one_after_a_restart(void **state)
{
    struct fixture *f = *state;

    f->config.jobs_queue_max = 0;
    make_daily(f, "a", 80, FIT_AUTO);
    f->config.jobs_queue_max = 10;
    restart(f);
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 1);
}

/* ---- damage ---- */

static void damage(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;

    assert_int_equal(sqlite3_open(f->config.store_path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s", message);
    sqlite3_close(db);
}

/* A store from before there were shared weights: its models are networks of the series' own, and what its
 * series have been set to is what a migration makes of them. */
static void series_with_networks_of_their_own(struct fixture *f)
{
    static const char *const ids[] = {"auto", "off"};
    struct series_patch patch = {.set = PATCH_MODEL};
    char job[JOB_ID_MAX + 1];
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.model = TRM_KIND_LITERAL;
    for (size_t i = 0; i < 2; i++) {
        make_daily(f, ids[i], 80, FIT_OFF);
        put_series(f, ids[i], &patch, &err);
        assert_int_equal(fit_wait(f, ids[i], true, job), JOB_SUCCEEDED);
    }
    fixture_close(f);
    damage(f, "UPDATE series SET model = 'trm'; UPDATE series SET fit = 'auto' WHERE id = 'auto'");
}

static void after_an_upgrade_the_shared_weights_answer_and_the_policy_fits_anew(void **state)
{
    struct fixture *f = *state;

    series_with_networks_of_their_own(f);
    fixture_open(f);
    struct forecast_answer answer = forecast_of(f, "off", 7);
    assert_int_equal(answer.forecast->answered_by, TRM_BY_NETWORK);
    assert_false(answer.has_model);
    forecast_answer_done(&answer);
    answer = forecast_of(f, "auto", 7);
    assert_int_equal(answer.forecast->answered_by, TRM_BY_NETWORK);
    forecast_answer_done(&answer);
    run_idle(f);
    assert_int_equal(view_of(f, "off").model_version, 1);
    assert_null(view_of(f, "off").model);
    assert_int_equal(view_of(f, "auto").model_version, 2);
    assert_int_equal(view_of(f, "auto").model->config.kind, TRM_KIND_TRM);
}

static void a_damaged_checkpoint_is_passed_over_for_the_one_before(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    make_daily(f, "a", 80, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    struct forecast_answer first = forecast_of(f, "a", 10);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    fixture_close(f);
    damage(f, "UPDATE checkpoint SET bytes = zeroblob(length(bytes)) WHERE version = 2");
    fixture_open(f);
    struct forecast_answer again = forecast_of(f, "a", 10);
    assert_same_forecast(&first, &again);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_int_equal(view_of(f, "a").model_version, 3); /* a version is never given twice */
    forecast_answer_done(&first);
    forecast_answer_done(&again);
}

/* The only thing found damaged, of this kind. */
static struct store_damage found_one(struct fixture *f, enum store_damage_kind kind)
{
    struct store_damage found[2];

    assert_int_equal(store_damage(f->store, 0, found, 2), 1);
    assert_int_equal(found[0].kind, kind);
    return found[0];
}

static void a_series_off_its_grid_is_named_and_the_others_are_served(void **state)
{
    struct fixture *f = *state;
    struct series_view view;
    struct err err;

    make_daily(f, "a", 10, FIT_OFF);
    make_daily(f, "b", 10, FIT_OFF);
    fixture_close(f);
    damage(f, "UPDATE series SET grid_anchor = grid_anchor + 1 WHERE id = 'a'");
    fixture_open(f);
    struct store_damage found = found_one(f, STORE_DAMAGE_SERIES);
    assert_non_null(strstr(found.words, "\"a\""));
    assert_int_equal(service_get_series(f->service, "a", &view, &err), -1);
    assert_int_equal(view_of(f, "b").point_n, 10);
    put_points(f, "a", &(struct point){START, 1}, 1, &err); /* its rows are not written over */
    assert_int_equal(err.code, ERR_CONFLICT);
    fixture_close(f);
    damage(f, "UPDATE series SET grid_anchor = grid_anchor - 1 WHERE id = 'a'");
    fixture_open(f);
    assert_int_equal(view_of(f, "a").point_n, 10);
}

static void rows_that_cannot_have_been_written_are_named_and_passed_over(void **state)
{
    static const char *const damages[] = {
        "UPDATE series SET horizon = 99999999 WHERE id = 'a'",
        "UPDATE series SET horizon = -1 WHERE id = 'a'",
        "UPDATE series SET freq_ms = -1 WHERE id = 'a'",
        "UPDATE series SET grid_ms = 0, grid_months = 0 WHERE id = 'a'",
        "UPDATE series SET min = 5, max = 4 WHERE id = 'a'",
        "UPDATE series SET id = 'x' || char(7) WHERE id = 'a'",
        "UPDATE series SET point_n = -1, tail_from = 100 WHERE id = 'a'",
        "INSERT INTO series_season VALUES(1, 1, -7)",
    };

    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct fixture *f = *state;
        make_daily(f, "a", 10, FIT_OFF);
        make_daily(f, "b", 10, FIT_OFF);
        fixture_close(f);
        damage(f, damages[i]);
        fixture_open(f);
        found_one(f, STORE_DAMAGE_SERIES);
        assert_int_equal(view_of(f, "b").point_n, 10);
        fixture_teardown(state);
        fixture_setup(state);
    }
}

static void a_damaged_job_is_named_and_passed_over(void **state)
{
    struct fixture *f = *state;

    make_daily(f, "a", 10, FIT_OFF);
    fixture_close(f);
    damage(f,
           "INSERT INTO job(id, series, \"full\", state, created_at, started_at, finished_at, result, error) "
              "VALUES('no hex', 1, 1, 'pending', 5, 0, 0, '', '')");
    fixture_open(f);
    assert_non_null(strstr(found_one(f, STORE_DAMAGE_JOB).words, "no hex"));
    assert_int_equal(view_of(f, "a").point_n, 10);
}

/* ---- a store that refuses ---- */

static void a_write_waiting_for_a_creation_that_fails_creates_the_series_itself(void **state)
{
    struct fixture *f = *state;
    struct point point = {START, 1};
    struct outcome first, second;
    struct err err;

    damage(f, "CREATE TRIGGER refuse BEFORE INSERT ON series WHEN NEW.key = 1 "
              "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");
    send_points(f, "a", &point, 1, &first);
    send_points(f, "a", &point, 1, &second);
    run_idle(f);
    assert_int_not_equal(first.err.code, ERR_NONE);
    assert_int_equal(second.err.code, ERR_NONE);
    assert_true(second.points.created);
    assert_int_equal(view_of(f, "a").point_n, 1);
    assert_int_equal(service_ready(f->service, &err), 0);
}

static void a_model_that_cannot_be_stored_is_not_published(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_daily(f, "a", 80, FIT_OFF);
    damage(f, "CREATE TRIGGER refuse BEFORE INSERT ON checkpoint "
              "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");
    assert_int_equal(fit_wait(f, "a", true, job), JOB_FAILED);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_non_null(strstr(view.row->error, "refused by the test"));
    assert_int_equal(view_of(f, "a").model_version, 0);
    damage(f, "DROP TRIGGER refuse");
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_int_equal(view_of(f, "a").model_version, 1);
}

static void a_fit_whose_job_cannot_be_stored_does_not_begin(void **state)
{
    struct fixture *f = *state;
    struct outcome asked = {0};
    struct service_stats stats;
    struct err err;

    make_daily(f, "a", 80, FIT_OFF);
    damage(f, "CREATE TRIGGER refuse BEFORE INSERT ON job "
              "BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &asked, &err), 0);
    run_idle(f);
    assert_true(asked.called);
    assert_int_not_equal(asked.err.code, ERR_NONE);
    service_stats(f->service, &stats);
    assert_int_equal(stats.jobs[JOB_PENDING], 0);
    assert_string_equal(view_of(f, "a").state, "ready");
}

/* Of every file that this process writes. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void readiness_tells_of_a_full_disk_and_comes_back_without_a_write(void **state)
{
    struct fixture *f = *state;
    struct point next = {START + 80 * DAY, 1};
    struct err err = {0};

    make_daily(f, "a", 80, FIT_OFF);
    limit_files(1000);
    put_points(f, "a", &next, 1, &err);
    assert_int_equal(err.code, ERR_NO_SPACE);
    assert_int_equal(service_ready(f->service, &err), -1);
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "the disk is full"));
    struct forecast_answer answer = forecast_of(f, "a", 7);
    forecast_answer_done(&answer);
    limit_files(RLIM_INFINITY);
    while (service_ready(f->service, &err) != 0)
        uv_sleep(1);
    put_ok(f, "a", &next, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(forecasts_are_the_same_bits_after_a_restart),
        TEST(an_automatic_season_is_the_same_after_a_restart),
        TEST(settings_points_and_counts_come_back),
        TEST(a_history_longer_than_memory_comes_back_as_its_newest_part),
        TEST(an_unfinished_job_runs_again_under_its_old_id),
        TEST(an_ended_job_is_shown_after_a_restart_with_its_result),
        TEST(ended_jobs_are_remembered_within_limits),
        TEST(a_running_fit_is_stopped_by_a_drain_and_runs_again),
        TEST(series_that_should_have_a_model_get_one_after_a_restart),
        TEST(after_an_upgrade_the_shared_weights_answer_and_the_policy_fits_anew),
        TEST(a_damaged_checkpoint_is_passed_over_for_the_one_before),
        TEST(a_series_off_its_grid_is_named_and_the_others_are_served),
        TEST(rows_that_cannot_have_been_written_are_named_and_passed_over),
        TEST(a_damaged_job_is_named_and_passed_over),
        TEST(a_write_waiting_for_a_creation_that_fails_creates_the_series_itself),
        TEST(a_model_that_cannot_be_stored_is_not_published),
        TEST(a_fit_whose_job_cannot_be_stored_does_not_begin),
        TEST(readiness_tells_of_a_full_disk_and_comes_back_without_a_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
