/* Fits: from the question to the published model, and everything that can come between. */
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINTS 300 /* enough for a network at the default horizon of 30 days */

static void note_end(void *ctx)
{
    *(bool *)ctx = true;
}

static void never_told(void *ctx)
{
    (void)ctx;
    fail_msg("told after all");
}

static bool first_id(void *ctx, const struct job_view *view)
{
    strcpy(ctx, view->row->id);
    return false;
}

static void a_fit_publishes_a_model_that_answers(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    struct forecast_answer before = forecast_of(f, "a", 14);
    assert_int_equal(before.model_version, 0);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    struct forecast_answer after = forecast_of(f, "a", 14);
    assert_int_equal(after.model_version, 1);
    assert_true(after.has_model);
    assert_int_equal(after.model.config.season, 7);
    assert_true(after.model.parameters > 0);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_string_equal(view.series_id, "a");
    assert_true(view.progress == 1);
    assert_true(view.row->started_at >= view.row->created_at);
    assert_true(view.row->finished_at >= view.row->started_at);
    assert_non_null(strstr(view.row->result, "\"version\":1,"));
    assert_int_equal(view_of(f, "a").model_version, 1);
    assert_true(view_of(f, "a").memory_bytes < 100000);
    assert_int_equal(counters_get(&f->counters, COUNTER_FITS_SUCCEEDED), 1);
    forecast_answer_done(&before);
    forecast_answer_done(&after);
}

static void fits_of_the_same_history_and_version_are_equal(void **state)
{
    struct fixture *f = *state;
    struct fixture other;
    char job[JOB_ID_MAX + 1];

    fixture_init(&other);
    fixture_open(&other);
    make_daily(f, "a", POINTS, FIT_OFF);
    make_daily(&other, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_int_equal(fit_wait(&other, "a", true, job), JOB_SUCCEEDED);
    struct forecast_answer a = forecast_of(f, "a", 14), b = forecast_of(&other, "a", 14);
    assert_same_forecast(&a, &b);
    forecast_answer_done(&a);
    forecast_answer_done(&b);
    fixture_done(&other);
}

static void a_second_fit_goes_on_from_the_first(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_non_null(strstr(view.row->result, "\"incremental\":false"));
    struct point next = {START + POINTS * DAY, 100};
    put_ok(f, "a", &next, 1);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_non_null(strstr(view.row->result, "\"version\":2,\"incremental\":true"));
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_non_null(strstr(view.row->result, "\"version\":3,\"incremental\":false"));
}

static void a_second_question_gets_the_fit_in_flight(void **state)
{
    struct fixture *f = *state;
    struct outcome first = {0}, second = {0}, third = {0};
    struct service_stats stats;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    block_worker(f);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &first, &err), 0);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &second, &err), 0);
    assert_false(first.called); /* not durable yet */
    run_until(f, &second.called);
    assert_int_equal(service_fit(f->service, "a", false, on_fit, &third, &err), 0);
    assert_false(third.called);
    run_until(f, &third.called);
    assert_string_equal(first.job, second.job);
    assert_string_equal(first.job, third.job);
    assert_string_equal(view_of(f, "a").state, "fitting");
    service_stats(f->service, &stats);
    assert_int_equal(stats.jobs[JOB_PENDING], 1);
    unblock_worker(f);
    assert_int_equal(job_wait(f, first.job), JOB_SUCCEEDED);
    assert_string_equal(view_of(f, "a").state, "ready");
}

static void a_fit_needs_three_points(void **state)
{
    struct fixture *f = *state;
    struct err err;

    make_daily(f, "a", 2, FIT_OFF);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, NULL, &err), -1);
    assert_int_equal(err.code, ERR_TOO_SHORT);
    assert_int_equal(service_fit(f->service, "b", true, on_fit, NULL, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void a_full_queue_refuses_and_the_policy_catches_up(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct err err;

    f->config.jobs_queue_max = 1;
    block_worker(f);
    make_daily(f, "asked", POINTS, FIT_OFF);
    make_daily(f, "other", POINTS, FIT_OFF);
    fit_ask(f, "asked", true, job);
    assert_int_equal(service_fit(f->service, "other", true, on_fit, NULL, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    make_daily(f, "auto-1", POINTS,
               FIT_AUTO); /* the policy would fit these, but there is no room */
    make_daily(f, "auto-2", POINTS, FIT_AUTO);
    assert_string_equal(view_of(f, "auto-1").state, "ready");
    unblock_worker(f);
    run_idle(f);
    assert_int_equal(view_of(f, "asked").model_version, 1);
    assert_int_equal(view_of(f, "auto-1").model_version, 1);
    assert_int_equal(view_of(f, "auto-2").model_version, 1);
    assert_int_equal(view_of(f, "other").model_version, 0);
}

static void the_policy_fits_as_points_come(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(11, 60);

    make_daily(f, "a", 11, FIT_AUTO); /* one fewer than a record needs */
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 0);
    struct forecast_answer answer = forecast_of(f, "a", 1);
    assert_non_null(strstr(answer.why, "needs 1 more point"));
    forecast_answer_done(&answer);
    put_ok(f, "a", points, 1);
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 1);
    put_ok(f, "a", points + 1, 6);
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 1); /* less than a season since */
    put_ok(f, "a", points + 7, 1);
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 2);
    free(points);
}

static void a_new_season_calls_for_a_new_fit_and_silences_the_old_model(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_SEASON};
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", POINTS, FIT_AUTO);
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 1);
    block_worker(f);
    series_settings_init(&patch.settings);
    patch.settings.season[0] = 14;
    patch.settings.season_n = 1;
    put_series(f, "a", &patch, &err);
    assert_string_equal(view_of(f, "a").state, "fitting");
    struct forecast_answer answer = forecast_of(f, "a", 7);
    assert_false(answer.has_model);
    assert_non_null(strstr(answer.why, "settings or the weights were changed"));
    forecast_answer_done(&answer);
    unblock_worker(f);
    fit_ask(f, "a", false, job);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    answer = forecast_of(f, "a", 7);
    assert_int_equal(answer.model.config.season, 14);
    forecast_answer_done(&answer);
}

static void set_model(struct fixture *f, const char *id, enum trm_kind kind)
{
    struct series_patch patch = {.set = PATCH_MODEL};
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.model = kind;
    put_series(f, id, &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
}

static void another_kind_of_model_is_fitted_anew_and_silences_the_old_one(void **state)
{
    struct fixture *f = *state;
    static const enum trm_kind kinds[] = {TRM_KIND_LITERAL, TRM_KIND_TRM};

    make_daily(f, "a", POINTS, FIT_AUTO);
    run_idle(f);
    for (uint64_t i = 0; i < 2; i++) {
        block_worker(f);
        set_model(f, "a", kinds[i]);
        assert_string_equal(view_of(f, "a").state, "fitting");
        assert_null(view_of(f, "a").model); /* whose scores would not be those of what answers */
        assert_int_equal(view_of(f, "a").model_version, 1 + i);
        struct forecast_answer answer = forecast_of(f, "a", 7);
        assert_false(answer.has_model);
        assert_int_equal(answer.forecast->answered_by,
                         kinds[i] == TRM_KIND_TRM ? TRM_BY_NETWORK : TRM_BY_CONSENSUS);
        forecast_answer_done(&answer);
        unblock_worker(f);
        run_idle(f);
        answer = forecast_of(f, "a", 7);
        assert_int_equal(answer.model_version, 2 + i);
        assert_int_equal(answer.model.config.kind, kinds[i]);
        forecast_answer_done(&answer);
    }
}

static void the_next_fit_of_another_kind_of_model_is_full(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    set_model(f, "a", TRM_KIND_LITERAL);
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 1); /* nobody asked for a fit */
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_non_null(strstr(view.row->result, "\"version\":2,\"incremental\":false,\"model\":\"literal\""));
}

static void a_kind_named_while_a_fit_runs_is_fitted_after_it(void **state)
{
    struct fixture *f = *state;

    block_worker(f);
    make_daily(f, "a", POINTS, FIT_AUTO);
    set_model(f, "a", TRM_KIND_LITERAL); /* the worker has the values of a record already */
    assert_string_equal(view_of(f, "a").state, "fitting");
    unblock_worker(f);
    run_idle(f);
    struct forecast_answer answer = forecast_of(f, "a", 7);
    assert_int_equal(answer.model.config.kind, TRM_KIND_LITERAL);
    forecast_answer_done(&answer);
}

static void a_record_of_other_weights_is_made_anew(void **state)
{
    struct fixture *f = *state;
    struct point next = {START + POINTS * DAY, 100};

    make_daily(f, "a", POINTS, FIT_AUTO);
    run_idle(f);
    f->base->identity ^= 1;
    struct forecast_answer answer = forecast_of(f, "a", 7);
    assert_false(answer.has_model);
    assert_int_equal(answer.model_version, 0);
    assert_non_null(strstr(answer.why, "the settings or the weights were changed"));
    forecast_answer_done(&answer);
    put_ok(f, "a", &next, 1); /* by far not a season */
    run_idle(f);
    answer = forecast_of(f, "a", 7);
    assert_int_equal(answer.model_version, 2);
    assert_int_equal(answer.model.base_identity, f->base->identity);
    forecast_answer_done(&answer);
}

/* Past forecasts that a fit made and kept, by its job. */
static void origins_of(struct fixture *f, const char *job, unsigned *ret_old, unsigned *ret_new)
{
    struct job_view view;
    struct err err;

    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    const char *at = strstr(view.row->result, "\"origins_old\":");
    assert_non_null(at);
    assert_int_equal(sscanf(at, "\"origins_old\":%u,\"origins_new\":%u", ret_old, ret_new), 2);
}

static void a_fit_looks_at_what_has_come_since_the_last_one_that_succeeded(void **state)
{
    struct fixture *f = *state;
    struct point *points = daily(POINTS, 80);
    struct outcome cancelled = {0};
    char job[JOB_ID_MAX + 1];
    unsigned old, new;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    origins_of(f, job, &old, &new);
    assert_int_equal(old, 0);
    assert_true(new > 8);
    put_ok(f, "a", points, 79);
    block_worker(f);
    fit_ask(f, "a", false, job);
    assert_int_equal(service_cancel_job(f->service, job, on_plain, &cancelled, &err), 0);
    run_until(f, &cancelled.called);
    unblock_worker(f);
    put_ok(f, "a", points + 79, 1);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    origins_of(f, job, &old, &new);
    assert_true(old > 8 && new > 1); /* 80 days, and not only the one behind the cancelled fit */
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED); /* nothing new: all of it again */
    origins_of(f, job, &old, &new);
    assert_int_equal(old, 0);
    free(points);
}

static void a_fit_after_a_restart_looks_at_what_has_come_since_as_well(void **state)
{
    struct fixture *f = *state;
    struct point next = {START + POINTS * DAY, 100};
    char job[JOB_ID_MAX + 1];
    unsigned old, new;

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    fixture_close(f);
    fixture_open(f);
    put_ok(f, "a", &next, 1);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    origins_of(f, job, &old, &new);
    assert_true(old > 8);
    assert_int_equal(new, 1);
}

static void a_job_tells_what_its_fit_has_changed(void **state)
{
    struct fixture *f = *state;
    static const char *const told[] = {"\"model\":\"trm\"", "\"answers\":\"", "\"loss_network\":0.",
                                       "\"loss_consensus\":0.", "\"best_draft\":\"", "\"loss_draft\":0.",
                                       "\"widening\":{\"80\":[", "\"seconds\":0."};
    char job[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!strstr(view.row->result, told[i]))
            fail_msg("%s is not in %s", told[i], view.row->result);
    assert_non_null(strstr(view.row->result, "\"answered_before\":null,"));
    assert_non_null(strstr(view.row->result, "\"widening_before\":null,"));
    put_ok(f, "a", &(struct point){START + POINTS * DAY, 100}, 1);
    assert_int_equal(fit_wait(f, "a", false, job), JOB_SUCCEEDED);
    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_non_null(strstr(view.row->result, "\"answered_before\":\""));
    assert_non_null(strstr(view.row->result, "\"widening_before\":{\"80\":["));
}

/* ---- cancelling ---- */

static void a_waiting_job_can_be_cancelled_once(void **state)
{
    struct fixture *f = *state;
    struct outcome cancelled = {0};
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    block_worker(f);
    fit_ask(f, "a", true, job);
    assert_int_equal(service_cancel_job(f->service, job, on_plain, &cancelled, &err), 0);
    assert_false(cancelled.called);
    run_until(f, &cancelled.called);
    assert_int_equal(cancelled.err.code, ERR_NONE);
    assert_int_equal(job_state_of(f, job), JOB_CANCELLED);
    assert_int_equal(job_wait(f, job), JOB_CANCELLED); /* a watch on an ended job is told as well */
    assert_int_equal(service_cancel_job(f->service, job, on_plain, NULL, &err), -1);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_int_equal(service_cancel_job(f->service, "0000000000000000", on_plain, NULL, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_string_equal(view_of(f, "a").state, "ready");
    assert_int_equal(counters_get(&f->counters, COUNTER_FITS_CANCELLED), 1);
}

static void a_job_cancelled_before_it_is_durable_never_runs(void **state)
{
    struct fixture *f = *state;
    struct outcome asked = {0}, cancelled = {0};
    struct job_view view = {0};
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(service_fit(f->service, "a", true, on_fit, &asked, &err), 0);
    struct service_stats stats;
    service_stats(f->service, &stats);
    assert_int_equal(stats.jobs[JOB_PENDING], 1);
    /* Its id is told only later; the list knows it. */
    char id[JOB_ID_MAX + 1] = "";
    service_list_jobs(f->service, NULL, "a", -1, first_id, id);
    assert_int_equal(service_cancel_job(f->service, id, on_plain, &cancelled, &err), 0);
    run_until(f, &cancelled.called);
    assert_true(asked.called);
    assert_int_equal(service_get_job(f->service, id, &view, &err), 0);
    assert_int_equal(view.row->state, JOB_CANCELLED);
    assert_int_equal(view.row->started_at, 0);
    assert_int_equal(view_of(f, "a").model_version, 0);
}

/* Runs the loop until a worker has begun the job. */
static void run_until_running(struct fixture *f, const char *job)
{
    while (job_state_of(f, job) == JOB_PENDING)
        uv_run(&f->loop, UV_RUN_ONCE);
}

/* Whoever sees an end may rely on it: the row is on the disk by then. */
static void an_end_is_shown_once_it_is_durable(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", 80, FIT_OFF);
    block_worker(f);
    fit_ask(f, "a", true, job);
    assert_int_equal(service_cancel_job(f->service, job, on_plain, &outcome, &err), 0);
    unblock_worker(f);
    while (!outcome.called) {
        assert_int_equal(job_state_of(f, job), JOB_PENDING);
        uv_run(&f->loop, UV_RUN_ONCE);
    }
    assert_int_equal(job_state_of(f, job), JOB_CANCELLED);
}

static void a_running_job_can_be_cancelled(void **state)
{
    struct fixture *f = *state;
    struct outcome cancelled = {0};
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", 1500, FIT_OFF);
    fit_ask(f, "a", true, job);
    run_until_running(f, job);
    assert_int_equal(service_cancel_job(f->service, job, on_plain, &cancelled, &err), 0);
    run_until(f, &cancelled.called);
    assert_int_equal(job_state_of(f, job), JOB_CANCELLED);
    assert_int_equal(view_of(f, "a").model_version, 0);
}

/* ---- deletion ---- */

static void a_fit_that_runs_while_its_series_is_deleted_is_dropped_and_counted(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_daily(f, "a", 1500, FIT_OFF);
    fit_ask(f, "a", true, job);
    run_until_running(f, job);
    delete_series(f, "a");
    assert_int_equal(service_get_job(f->service, job, &view, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    make_daily(f, "a", 5, FIT_OFF); /* another series of that name must not get the model */
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 0);
    assert_int_equal(counters_get(&f->counters, COUNTER_RESULTS_DROPPED), 1);
}

static void who_watches_a_job_hears_of_its_series_deletion(void **state)
{
    struct fixture *f = *state;
    struct outcome cancelled = {0}, deleted = {0};
    struct job_watch *watch;
    char job[JOB_ID_MAX + 1];
    bool ended = false;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    block_worker(f);
    fit_ask(f, "a", true, job);
    assert_int_equal(service_watch_job(f->service, job, note_end, &ended, &watch, &err), 0);
    assert_int_equal(service_delete_series(f->service, "a", on_plain, &deleted, &err), 0);
    assert_int_equal(service_cancel_job(f->service, job, on_plain, &cancelled, &err), 0);
    run_idle(f);
    assert_true(ended && deleted.called && cancelled.called);
}

static void a_watch_given_up_is_never_told(void **state)
{
    struct fixture *f = *state;
    struct job_watch *open, *late;
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    block_worker(f);
    fit_ask(f, "a", true, job);
    assert_int_equal(service_watch_job(f->service, job, never_told, NULL, &open, &err), 0);
    service_unwatch_job(f->service, open);
    unblock_worker(f);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    assert_int_equal(service_watch_job(f->service, job, never_told, NULL, &late, &err), 0);
    service_unwatch_job(f->service, late);
    run_idle(f);
}

/* ---- the table ---- */

struct listed {
    char ids[8][JOB_ID_MAX + 1];
    size_t n, max;
};

static bool list_one(void *ctx, const struct job_view *view)
{
    struct listed *listed = ctx;

    if (listed->n == listed->max)
        return false;
    strcpy(listed->ids[listed->n++], view->row->id);
    return true;
}

static void jobs_are_listed_newest_first(void **state)
{
    struct fixture *f = *state;
    char first[JOB_ID_MAX + 1], second[JOB_ID_MAX + 1], third[JOB_ID_MAX + 1];

    make_daily(f, "a", 5, FIT_OFF);
    make_daily(f, "b", 5, FIT_OFF);
    fit_wait(f, "a", true, first);
    fit_wait(f, "b", true, second);
    fit_wait(f, "a", true, third);
    struct listed all = {.max = 8}, after = {.max = 8}, of_b = {.max = 8}, pending = {.max = 8};
    service_list_jobs(f->service, NULL, NULL, -1, list_one, &all);
    assert_int_equal(all.n, 3);
    assert_string_equal(all.ids[0], third);
    assert_string_equal(all.ids[2], first);
    service_list_jobs(f->service, third, NULL, JOB_SUCCEEDED, list_one, &after);
    assert_int_equal(after.n, 2);
    assert_string_equal(after.ids[0], second);
    service_list_jobs(f->service, NULL, "b", -1, list_one, &of_b);
    assert_int_equal(of_b.n, 1);
    service_list_jobs(f->service, NULL, NULL, JOB_PENDING, list_one, &pending);
    assert_int_equal(pending.n, 0);
}

static void only_a_thousand_ended_jobs_are_remembered(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1], first[JOB_ID_MAX + 1];
    struct service_stats stats;
    struct job_view view;
    struct err err;

    make_daily(f, "a", 4, FIT_OFF);
    fit_wait(f, "a", true, first);
    for (int i = 0; i < 1001; i++)
        fit_wait(f, "a", true, job);
    run_idle(f);
    service_stats(f->service, &stats);
    assert_int_equal(stats.jobs[JOB_SUCCEEDED], 1000);
    assert_int_equal(service_get_job(f->service, first, &view, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(view_of(f, "a").model_version, 1002);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_fit_publishes_a_model_that_answers),
        TEST(fits_of_the_same_history_and_version_are_equal),
        TEST(a_second_fit_goes_on_from_the_first),
        TEST(a_second_question_gets_the_fit_in_flight),
        TEST(a_fit_needs_three_points),
        TEST(a_full_queue_refuses_and_the_policy_catches_up),
        TEST(the_policy_fits_as_points_come),
        TEST(a_new_season_calls_for_a_new_fit_and_silences_the_old_model),
        TEST(another_kind_of_model_is_fitted_anew_and_silences_the_old_one),
        TEST(the_next_fit_of_another_kind_of_model_is_full),
        TEST(a_kind_named_while_a_fit_runs_is_fitted_after_it),
        TEST(a_record_of_other_weights_is_made_anew),
        TEST(a_fit_looks_at_what_has_come_since_the_last_one_that_succeeded),
        TEST(a_fit_after_a_restart_looks_at_what_has_come_since_as_well),
        TEST(a_job_tells_what_its_fit_has_changed),
        TEST(a_waiting_job_can_be_cancelled_once),
        TEST(a_job_cancelled_before_it_is_durable_never_runs),
        TEST(an_end_is_shown_once_it_is_durable),
        TEST(a_running_job_can_be_cancelled),
        TEST(a_fit_that_runs_while_its_series_is_deleted_is_dropped_and_counted),
        TEST(who_watches_a_job_hears_of_its_series_deletion),
        TEST(a_watch_given_up_is_never_told),
        TEST(jobs_are_listed_newest_first),
        TEST(only_a_thousand_ended_jobs_are_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
