/* The models that were: listed, and made to answer again; and the backup's name. */
#include "server/store/request.h"
#include "tests/server/service_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define POINTS 300

/* A list as it came, with its words copied. */
struct listed {
    bool called;
    struct err err;
    size_t n;
    struct {
        uint64_t version;
        bool damaged, answers;
        enum trm_kind kind;
        double mase;
        size_t bytes;
        char obstacle[240];
    } row[8];
};

static void on_list(void *ctx, const struct err *err, const struct checkpoint_view *views, size_t n)
{
    struct listed *listed = ctx;

    listed->called = true;
    if (err)
        listed->err = *err;
    listed->n = n;
    for (size_t i = 0; i < n; i++) {
        listed->row[i].version = views[i].version;
        listed->row[i].damaged = views[i].model == NULL;
        listed->row[i].answers = views[i].answers;
        listed->row[i].bytes = views[i].bytes;
        if (views[i].model) {
            listed->row[i].kind = views[i].model->config.kind;
            listed->row[i].mase = views[i].model->mase;
        }
        snprintf(listed->row[i].obstacle, sizeof listed->row[i].obstacle, "%s", views[i].obstacle);
    }
}

static struct listed list(struct fixture *f, const char *id)
{
    struct listed listed = {.called = false};

    if (service_list_checkpoints(f->service, id, on_list, &listed, &listed.err))
        return listed;
    run_until(f, &listed.called);
    return listed;
}

static struct err restore(struct fixture *f, const char *id, uint64_t version)
{
    struct outcome outcome = {.called = false};
    struct err err;

    if (service_restore_checkpoint(f->service, id, version, on_plain, &outcome, &err))
        return err;
    run_until(f, &outcome.called);
    return outcome.err;
}

/* A series with two models, the second of which knows more points. */
static void make_two(struct fixture *f)
{
    char job[JOB_ID_MAX + 1];
    struct point *more = daily(POINTS, 60);

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    put_ok(f, "a", more, 60);
    free(more);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
}

static void checkpoints_are_listed_newest_first_with_what_they_measured(void **state)
{
    struct fixture *f = *state;

    make_two(f);
    struct listed got = list(f, "a");
    assert_int_equal(got.n, 2);
    assert_int_equal(got.row[0].version, 2);
    assert_int_equal(got.row[1].version, 1);
    assert_true(got.row[0].answers);
    assert_false(got.row[1].answers);
    assert_int_equal(got.row[0].kind, TRM_KIND_TRM);
    assert_true(got.row[0].mase == view_of(f, "a").model->mase);
    assert_string_equal(got.row[1].obstacle, "");
    assert_true(got.row[0].bytes > 100);
    assert_int_equal(list(f, "nobody").err.code, ERR_NOT_FOUND);
    make_daily(f, "fresh", 20, FIT_OFF);
    assert_int_equal(list(f, "fresh").n, 0);
}

static void a_restored_checkpoint_answers_as_it_did_under_a_new_version(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    struct point *more = daily(POINTS, 60);
    put_ok(f, "a", more, 60);
    free(more);
    struct forecast_answer first = forecast_of(f, "a", 14);
    assert_int_equal(first.model_version, 1);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_int_equal(restore(f, "a", 1).code, ERR_NONE);
    struct forecast_answer again = forecast_of(f, "a", 14);
    assert_int_equal(again.model_version, 3);
    again.model_version = 1;
    assert_same_forecast(&first, &again);
    struct listed got = list(f, "a");
    assert_int_equal(got.n, 3);
    assert_int_equal(got.row[0].version, 3);
    assert_true(got.row[0].answers);
    assert_true(got.row[0].mase == got.row[2].mase);
    fixture_close(f);
    fixture_open(f);
    struct forecast_answer booted = forecast_of(f, "a", 14);
    assert_int_equal(booted.model_version, 3);
    booted.model_version = 1;
    assert_same_forecast(&first, &booted);
    forecast_answer_done(&first);
    forecast_answer_done(&again);
    forecast_answer_done(&booted);
}

static void a_fit_after_a_restore_goes_on_from_the_restored_model(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_two(f);
    assert_int_equal(restore(f, "a", 1).code, ERR_NONE);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_non_null(strstr(view.row->result, "\"version\":4,\"incremental\":true"));
    assert_int_equal(view_of(f, "a").model_version, 4);
}

static void what_is_not_there_or_cannot_answer_is_refused_in_words(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_MODEL, .settings = {.model = TRM_KIND_LITERAL}};
    struct err err;

    make_two(f);
    assert_int_equal(restore(f, "nobody", 1).code, ERR_NOT_FOUND);
    assert_int_equal(restore(f, "a", 7).code, ERR_NOT_FOUND);
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    err = restore(f, "a", 1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "kind \"trm\""));
    patch = (struct series_patch){.set = PATCH_MODEL | PATCH_SEASON,
                                  .settings = {.season_n = 1, .season = {5}}};
    put_series(f, "a", &patch, &err);
    err = restore(f, "a", 1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "season is 7"));
    struct listed got = list(f, "a");
    assert_false(got.row[0].answers);
    assert_non_null(strstr(got.row[0].obstacle, "season"));
    assert_int_equal(view_of(f, "a").model_version, 2);
}

static void sql(struct fixture *f, const char *text)
{
    struct err err;

    if (db_exec(f->store->db, text, &err))
        fail_msg("%s", err.msg);
}

static void damaged_and_foreign_checkpoints_are_named_and_refused(void **state)
{
    struct fixture *f = *state;
    struct err err;

    make_two(f);
    fixture_close(f);
    fixture_open_parts(f);
    sql(f, "UPDATE checkpoint SET bytes = x'00' WHERE version = 1");
    fixture_close(f);
    fixture_open(f);
    struct listed got = list(f, "a");
    assert_int_equal(got.n, 2);
    assert_true(got.row[1].damaged);
    assert_int_equal(got.row[1].bytes, 1);
    assert_non_null(strstr(got.row[1].obstacle, "damaged"));
    err = restore(f, "a", 1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "damaged"));
    f->base->identity++; /* as after a start with other weights */
    got = list(f, "a");
    assert_false(got.row[0].answers);
    err = restore(f, "a", 2);
    f->base->identity--;
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "shared weights"));
}

static void a_fit_under_way_keeps_restores_out_and_a_restore_fits(void **state)
{
    struct fixture *f = *state;
    struct outcome fit = {0}, first = {0}, second = {0};
    struct err err;

    make_two(f);
    block_worker(f);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &fit, &err), 0);
    assert_int_equal(restore(f, "a", 1).code, ERR_CONFLICT);
    unblock_worker(f);
    run_until(f, &fit.called);
    assert_int_equal(job_wait(f, fit.job), JOB_SUCCEEDED);
    assert_int_equal(service_restore_checkpoint(f->service, "a", 1, on_plain, &first, &err), 0);
    assert_int_equal(service_restore_checkpoint(f->service, "a", 2, on_plain, &second, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &fit, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    run_until(f, &first.called);
    assert_int_equal(first.err.code, ERR_NONE);
    assert_int_equal(view_of(f, "a").model_version, 4);
    fit.called = false;
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &fit, &err), 0);
    run_until(f, &fit.called);
    assert_int_equal(job_wait(f, fit.job), JOB_SUCCEEDED);
    assert_int_equal(view_of(f, "a").model_version, 5);
}

static void a_series_deleted_during_a_restore_is_gone(void **state)
{
    struct fixture *f = *state;
    struct outcome restored = {0}, deleted = {0};
    struct err err;

    make_two(f);
    assert_int_equal(service_restore_checkpoint(f->service, "a", 1, on_plain, &restored, &err), 0);
    assert_int_equal(service_delete_series(f->service, "a", on_plain, &deleted, &err), 0);
    run_until(f, &deleted.called);
    run_until(f, &restored.called);
    assert_int_equal(deleted.err.code, ERR_NONE);
    assert_int_equal(restored.err.code, ERR_NOT_FOUND);
    run_idle(f);
}

static void the_policy_counts_from_the_restore_on(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_FIT, .settings = {.fit = FIT_EVERY, .fit_every = 3}};
    struct err err;

    make_two(f);
    assert_int_equal(restore(f, "a", 1).code, ERR_NONE);
    put_series(f, "a", &patch, &err);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(view_of(f, "a").model_version, 3);
        struct point next = {START + (int64_t)(POINTS + 60 + i) * DAY, 100};
        put_ok(f, "a", &next, 1);
        run_idle(f);
    }
    assert_int_equal(view_of(f, "a").model_version, 4);
}

/* ---- retention and backup, as far as the service has a say ---- */

static void too_small_a_retention_is_refused_and_a_kept_series_forecasts_the_same(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_RETENTION, .settings = {.retention = 2047}};
    struct err err;

    make_daily(f, "a", 20, FIT_OFF);
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.place, "/retention_points");
    assert_non_null(strstr(err.msg, "2048"));
    patch.settings.retention = 2048;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    struct point *points = daily(0, 6000);
    put_ok(f, "a", points, 6000);
    free(points);
    uint64_t n = view_of(f, "a").point_n;
    assert_in_range(n, 2048, 2048 + 1024);
    struct forecast_answer before = forecast_of(f, "a", 14);
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(view_of(f, "a").point_n, n);
    assert_int_equal(view_of(f, "a").settings->retention, 2048);
    struct forecast_answer after = forecast_of(f, "a", 14);
    assert_same_forecast(&before, &after);
    forecast_answer_done(&before);
    forecast_answer_done(&after);
}

/* Ten points to an hour: 2,048 points are eight days of them, and a forecast looks back on 2,048 hours. */
static void an_aggregated_series_that_forgets_forecasts_the_same_after_a_restart(void **state)
{
    enum { STEPS = 4000, EACH = 10 };
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_FREQ | PATCH_AGGREGATE | PATCH_FIT | PATCH_RETENTION,
                                 .settings = {.freq = {.ms = HOUR}, .aggregate = AGGREGATE_MEAN,
                                              .fit = FIT_OFF, .retention = 2048}};
    struct point *points = malloc(STEPS * EACH * sizeof *points);
    struct err err;

    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    for (int64_t i = 0; i < STEPS * EACH; i++)
        points[i] = (struct point){START + i * HOUR / EACH, (double)(i / EACH % 24 + i % 7)};
    for (size_t at = 0; at < STEPS * EACH; at += 1000)
        put_ok(f, "a", points + at, 1000);
    free(points);
    uint64_t n = view_of(f, "a").point_n;
    assert_in_range(n, 2048 * EACH, 2052 * EACH + 2048);
    struct forecast_answer before = forecast_of(f, "a", 24);
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(view_of(f, "a").point_n, n);
    struct forecast_answer after = forecast_of(f, "a", 24);
    assert_same_forecast(&before, &after);
    forecast_answer_done(&before);
    forecast_answer_done(&after);
}

static void a_lowered_retention_is_seen_without_a_write(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_RETENTION, .settings = {.retention = 2048}};
    struct err err;

    make_daily(f, "a", 6000, FIT_OFF);
    assert_int_equal(view_of(f, "a").point_n, 6000);
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    while (view_of(f, "a").point_n == 6000)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_in_range(view_of(f, "a").point_n, 2048, 2048 + 512);
}

struct made {
    bool called;
    struct err err;
    char name[BACKUP_NAME_MAX + 1];
};

static void on_backup(void *ctx, const struct err *err, const char *name,
                      const struct store_backup *backup)
{
    struct made *made = ctx;

    made->called = true;
    if (err)
        made->err = *err;
    else
        assert_true(backup->bytes > 0);
    snprintf(made->name, sizeof made->name, "%s", name);
}

static void a_backups_name_cannot_leave_its_folder(void **state)
{
    static const char *const wrong[] = {"../x.db", "/x.db", "a/b.db", ".x.db", ".db", "x", "x.db-wal",
                                        "x.db ", "x\n.db", "\xc3\xa4.db"};
    struct fixture *f = *state;
    struct made made = {0};
    struct err err;

    assert_int_equal(service_backup(f->service, "x.db", on_backup, &made, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_non_null(strstr(err.msg, "--backup-dir"));
    snprintf(f->config.backup_dir, sizeof f->config.backup_dir, "%s", f->folder);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(service_backup(f->service, wrong[i], on_backup, &made, &err), -1);
        assert_int_equal(err.code, ERR_INVALID);
        assert_string_equal(err.place, "/name");
    }
    assert_int_equal(service_backup(f->service, NULL, on_backup, &made, &err), 0);
    assert_int_equal(service_backup(f->service, "x.db", on_backup, &made, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    run_until(f, &made.called);
    assert_int_equal(made.err.code, ERR_NONE);
    assert_memory_equal(made.name, "tstrm-2", 7);
    char path[sizeof f->folder + sizeof made.name];
    snprintf(path, sizeof path, "%s/%s", f->folder, made.name);
    assert_int_equal(access(path, R_OK), 0);
}

static void a_drain_gives_a_backup_up(void **state)
{
    struct fixture *f = *state;
    struct made made = {0};
    struct err err;

    make_daily(f, "a", 6000, FIT_OFF);
    snprintf(f->config.backup_dir, sizeof f->config.backup_dir, "%s", f->folder);
    assert_int_equal(service_backup(f->service, "x.db", on_backup, &made, &err), 0);
    service_drain(f->service);
    run_until(f, &made.called);
    assert_true(made.err.code == ERR_UNAVAILABLE || made.err.code == ERR_NONE);
    assert_true(service_idle(f->service));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(checkpoints_are_listed_newest_first_with_what_they_measured),
        TEST(a_restored_checkpoint_answers_as_it_did_under_a_new_version),
        TEST(a_fit_after_a_restore_goes_on_from_the_restored_model),
        TEST(what_is_not_there_or_cannot_answer_is_refused_in_words),
        TEST(damaged_and_foreign_checkpoints_are_named_and_refused),
        TEST(a_fit_under_way_keeps_restores_out_and_a_restore_fits),
        TEST(a_series_deleted_during_a_restore_is_gone),
        TEST(the_policy_counts_from_the_restore_on),
        TEST(too_small_a_retention_is_refused_and_a_kept_series_forecasts_the_same),
        TEST(an_aggregated_series_that_forgets_forecasts_the_same_after_a_restart),
        TEST(a_lowered_retention_is_seen_without_a_write),
        TEST(a_backups_name_cannot_leave_its_folder),
        TEST(a_drain_gives_a_backup_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
