/* Fits that go wrong on a worker: they diverge, hang, use up what they may, or are worse than what was there.
 * The last good model stays, the job says why, and the series is tried again after a rest. core's steps, its
 * judgement and the clock are stood in for at link time. */
#include "tests/server/service_fixture.h"

#include "core/fit.h"
#include "core/fleet.h"
#include "server/train/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINTS 120
#define SECOND UINT64_C(1000000000)

static _Atomic int fault; /* what the next fits do */
enum { NOTHING, DIVERGE, HANG, CREEP, WORSE };
static uv_sem_t hanging, release;
static _Atomic uint64_t later_ns; /* the monotonic clock is so far ahead */

uint64_t __real_clock_mono_ns(void);
uint64_t __wrap_clock_mono_ns(void);
uint64_t __wrap_clock_mono_ns(void)
{
    return __real_clock_mono_ns() + atomic_load(&later_ns);
}

enum trm_status __real_trm_fit_step(struct trm_fit *fit, struct trm_fit_progress *ret);
enum trm_status __wrap_trm_fit_step(struct trm_fit *fit, struct trm_fit_progress *ret);
enum trm_status __wrap_trm_fit_step(struct trm_fit *fit, struct trm_fit_progress *ret)
{
    switch (atomic_load(&fault)) {
    case DIVERGE:
        return TRM_EDIVERGED;
    case HANG:
        uv_sem_post(&hanging);
        uv_sem_wait(&release);
        break;
    case CREEP: /* goes on and on, and never gets anywhere */
        *ret = (struct trm_fit_progress){.fraction = .5};
        return TRM_MORE;
    default:
        break;
    }
    return __real_trm_fit_step(fit, ret);
}

void __real_trm_record_duel(const struct trm_record *champion, const struct trm_record *challenger,
                            const struct trm_trial *trial, size_t n, struct trm_duel *ret);
void __wrap_trm_record_duel(const struct trm_record *champion, const struct trm_record *challenger,
                            const struct trm_trial *trial, size_t n, struct trm_duel *ret);
void __wrap_trm_record_duel(const struct trm_record *champion, const struct trm_record *challenger,
                            const struct trm_trial *trial, size_t n, struct trm_duel *ret)
{
    __real_trm_record_duel(champion, challenger, trial, n, ret);
    if (atomic_load(&fault) == WORSE)
        *ret = (struct trm_duel){.origins = 4, .values = 28, .champion = .5, .challenger = .75,
                                 .certainty = 3, .judged = true, .worse = true};
}

static int setup(void **state)
{
    atomic_store(&fault, NOTHING);
    atomic_store(&later_ns, 0);
    uv_sem_init(&hanging, 0);
    uv_sem_init(&release, 0);
    return fixture_setup(state);
}

static int teardown(void **state)
{
    int rc = fixture_teardown(state);

    uv_sem_destroy(&hanging);
    uv_sem_destroy(&release);
    return rc;
}

static uint64_t counted(struct fixture *f, enum counter counter)
{
    return counters_get(&f->counters, counter);
}

static const char *error_of(struct fixture *f, const char *job)
{
    struct job_view view;
    struct err err;

    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    return view.row->error;
}

static void a_fit_that_diverges_leaves_the_model_that_was(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    struct forecast_answer before = forecast_of(f, "a", 7);
    atomic_store(&fault, DIVERGE);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_FAILED);
    assert_non_null(strstr(error_of(f, job), "diverged"));
    assert_int_equal(counted(f, COUNTER_STOPPED_DIVERGED), 1);
    assert_int_equal(view_of(f, "a").model_version, 1);
    struct forecast_answer after = forecast_of(f, "a", 7);
    assert_same_forecast(&before, &after);
    forecast_answer_done(&before);
    forecast_answer_done(&after);
}

static void a_fit_over_its_budget_is_counted(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    f->config.fit_budget_ms = 300; /* more than a slice */
    make_daily(f, "a", POINTS, FIT_OFF);
    make_daily(f, "b", POINTS, FIT_OFF);
    atomic_store(&fault, CREEP);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_FAILED);
    assert_non_null(strstr(error_of(f, job), "budget"));
    assert_int_equal(counted(f, COUNTER_STOPPED_BUDGET), 1);
    atomic_store(&fault, NOTHING);
    assert_int_equal(fit_wait(f, "b", true, job), JOB_SUCCEEDED);
}

static void answered(void *ctx, const struct err *err, struct stateless_batch *batch)
{
    assert_null(err);
    stateless_batch_free(batch);
    *(bool *)ctx = true;
}

static void a_long_fit_lets_others_pass_between_its_slices(void **state)
{
    struct fixture *f = *state;
    char creeping[JOB_ID_MAX + 1];
    struct stateless_batch *batch = calloc(1, sizeof *batch);
    bool told = false;
    struct err err;

    f->config.fit_budget_ms = 0;
    make_daily(f, "a", POINTS, FIT_OFF);
    atomic_store(&fault, CREEP);
    fit_ask(f, "a", true, creeping);
    while (job_state_of(f, creeping) != JOB_RUNNING)
        uv_run(&f->loop, UV_RUN_ONCE);
    batch->n = 1;
    batch->items = calloc(1, sizeof *batch->items);
    batch->items[0].values = calloc(8, sizeof(double));
    batch->items[0].n = 8;
    assert_int_equal(service_forecast_stateless(f->service, batch, answered, &told, &err), 0);
    run_until(f, &told);
    assert_int_equal(job_state_of(f, creeping), JOB_RUNNING);
    atomic_store(&fault, NOTHING);
    assert_int_equal(job_wait(f, creeping), JOB_SUCCEEDED);
}

/* Looks at the workers as the daemon does every second, so long later. */
static void look_after(struct fixture *f, unsigned seconds)
{
    for (unsigned i = 0; i <= seconds; i++) {
        service_tick(f->service);
        atomic_fetch_add(&later_ns, SECOND);
    }
}

static void a_fit_that_hangs_is_given_up_and_others_go_on(void **state)
{
    struct fixture *f = *state;
    char first[JOB_ID_MAX + 1], job[JOB_ID_MAX + 1];
    struct service_stats stats;
    struct err err;

    f->config.fit_stall_ms = 10000;
    make_daily(f, "a", POINTS, FIT_OFF);
    make_daily(f, "b", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    atomic_store(&fault, HANG);
    fit_ask(f, "a", true, first);
    uv_sem_wait(&hanging);
    atomic_store(&fault, NOTHING);
    look_after(f, 8);
    service_stats(f->service, &stats);
    assert_int_equal(stats.pool.stuck, 0);
    look_after(f, 4);
    assert_int_equal(job_wait(f, first), JOB_FAILED);
    assert_non_null(strstr(error_of(f, first), "no progress"));
    assert_int_equal(counted(f, COUNTER_STOPPED_HUNG), 1);
    service_stats(f->service, &stats);
    assert_int_equal(stats.pool.stuck, 1);
    assert_int_equal(service_ready(f->service, &err), 0); /* another worker stands in */
    assert_int_equal(view_of(f, "a").model_version, 1);
    assert_int_equal(fit_wait(f, "b", true, job), JOB_SUCCEEDED);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_int_equal(view_of(f, "a").model_version, 2);
    uv_sem_post(&release); /* it comes back after all, and nobody wants its result */
    run_idle(f);
    service_stats(f->service, &stats);
    assert_int_equal(stats.pool.stuck, 0);
    assert_int_equal(view_of(f, "a").model_version, 2);
    assert_int_equal(job_state_of(f, first), JOB_FAILED);
}

static void when_every_worker_hangs_the_daemon_is_not_ready(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct err err;

    f->config.fit_stall_ms = 10000;
    make_daily(f, "a", POINTS, FIT_OFF);
    make_daily(f, "b", POINTS, FIT_OFF);
    atomic_store(&fault, HANG);
    fit_ask(f, "a", true, job);
    uv_sem_wait(&hanging);
    look_after(f, 12);
    fit_ask(f, "b", true, job);
    uv_sem_wait(&hanging); /* on the one that stands in: there is no third */
    look_after(f, 12);
    assert_int_equal(service_ready(f->service, &err), -1);
    assert_non_null(strstr(err.msg, "all 2 worker threads hang"));
    atomic_store(&fault, NOTHING);
    uv_sem_post(&release);
    uv_sem_post(&release);
    run_idle(f);
    assert_int_equal(service_ready(f->service, &err), 0);
}

static void a_series_that_goes_while_its_fit_hangs_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    f->config.fit_stall_ms = 10000;
    make_daily(f, "a", POINTS, FIT_OFF);
    atomic_store(&fault, HANG);
    fit_ask(f, "a", true, job);
    uv_sem_wait(&hanging);
    look_after(f, 12);
    assert_int_equal(job_wait(f, job), JOB_FAILED);
    struct outcome deleted = {0};
    struct err err;
    assert_int_equal(service_delete_series(f->service, "a", on_plain, &deleted, &err), 0);
    run_until(f, &deleted.called);
    atomic_store(&fault, NOTHING);
    uv_sem_post(&release);
    run_idle(f);
}

static void a_fit_that_failed_is_tried_again_after_a_rest_that_doubles(void **state)
{
    struct fixture *f = *state;
    struct point *more = daily(POINTS, 3);

    atomic_store(&fault, DIVERGE);
    make_daily(f, "a", POINTS, FIT_EVERY); /* would like to be fitted at every point */
    run_idle(f);
    assert_int_equal(counted(f, COUNTER_FITS_FAILED), 1);
    put_ok(f, "a", more, 2);
    service_tick(f->service);
    run_idle(f);
    assert_int_equal(counted(f, COUNTER_FITS_FAILED), 1);
    atomic_fetch_add(&later_ns, POLICY_REST_FIRST_NS + SECOND);
    service_tick(f->service);
    run_idle(f);
    assert_int_equal(counted(f, COUNTER_FITS_FAILED), 2);
    atomic_fetch_add(&later_ns, POLICY_REST_FIRST_NS + SECOND); /* half of what it takes now */
    service_tick(f->service);
    run_idle(f);
    assert_int_equal(counted(f, COUNTER_FITS_FAILED), 2);
    atomic_store(&fault, NOTHING);
    atomic_fetch_add(&later_ns, POLICY_REST_FIRST_NS);
    service_tick(f->service);
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 1);
    put_ok(f, "a", more + 2, 1); /* and from here on as always */
    run_idle(f);
    assert_int_equal(view_of(f, "a").model_version, 2);
    free(more);
}

static const char *result_of(struct fixture *f, const char *job)
{
    struct job_view view;
    struct err err;

    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    assert_non_null(view.row->result);
    return view.row->result;
}

static void a_fit_that_is_worse_than_the_model_is_not_published_and_says_so(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_non_null(strstr(result_of(f, job), "\"published\":true"));
    struct forecast_answer before = forecast_of(f, "a", 7);
    atomic_store(&fault, WORSE);
    for (uint64_t refused = 1; refused <= FIT_REFUSED_MAX; refused++) {
        assert_int_equal(fit_wait(f, "a", refused % 2, job), JOB_SUCCEEDED);
        assert_non_null(strstr(result_of(f, job), "{\"version\":1,"));
        assert_non_null(strstr(result_of(f, job), "\"published\":false"));
        assert_non_null(strstr(result_of(f, job), "on 28 held-out values its loss is 0.75, that of the model "
                                                  "that answers 0.5; it is not published"));
        assert_int_equal(counted(f, COUNTER_FITS_NOT_PUBLISHED), refused);
    }
    struct forecast_answer after = forecast_of(f, "a", 7);
    assert_same_forecast(&before, &after);
    forecast_answer_done(&before);
    forecast_answer_done(&after);
    assert_int_equal(view_of(f, "a").model_version, 1);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED); /* one that is never renewed is bad too */
    assert_non_null(strstr(result_of(f, job), "{\"version\":2,"));
    assert_non_null(strstr(result_of(f, job), "\"published\":true"));
    assert_non_null(strstr(result_of(f, job), "were refused for this, too"));
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED); /* and counting begins anew */
    assert_non_null(strstr(result_of(f, job), "\"published\":false"));
}

static void who_asks_for_it_gets_it_published_whatever_it_scores(void **state)
{
    struct fixture *f = *state;
    struct fit_ask ask = {.full = true, .always = true};
    struct outcome outcome = {0};
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    atomic_store(&fault, WORSE);
    assert_int_equal(service_fit_as(f->service, "a", &ask, on_fit, &outcome, &err), 0);
    run_until(f, &outcome.called);
    assert_int_equal(job_wait(f, outcome.job), JOB_SUCCEEDED);
    assert_non_null(strstr(result_of(f, outcome.job), "{\"version\":2,"));
    assert_non_null(strstr(result_of(f, outcome.job), "as was asked"));
    assert_int_equal(counted(f, COUNTER_FITS_NOT_PUBLISHED), 0);
}

/* The season was changed: the model cannot answer, so there is nothing to be better than. */
static void a_model_that_may_not_answer_holds_nothing_up(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_SEASON};
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    series_settings_init(&patch.settings);
    patch.settings.season[0] = 14;
    patch.settings.season_n = 1;
    put_series(f, "a", &patch, &err);
    atomic_store(&fault, WORSE);
    assert_int_equal(fit_wait(f, "a", true, job), JOB_SUCCEEDED);
    assert_non_null(strstr(result_of(f, job), "{\"version\":2,"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_fit_that_diverges_leaves_the_model_that_was),
        TEST(a_fit_over_its_budget_is_counted),
        TEST(a_long_fit_lets_others_pass_between_its_slices),
        TEST(a_fit_that_hangs_is_given_up_and_others_go_on),
        TEST(when_every_worker_hangs_the_daemon_is_not_ready),
        TEST(a_series_that_goes_while_its_fit_hangs_leaves_nothing),
        TEST(a_fit_that_is_worse_than_the_model_is_not_published_and_says_so),
        TEST(who_asks_for_it_gets_it_published_whatever_it_scores),
        TEST(a_model_that_may_not_answer_holds_nothing_up),
        TEST(a_fit_that_failed_is_tried_again_after_a_rest_that_doubles),
    };

    return cmocka_run_group_tests_name("service_stopped", tests, NULL, NULL);
}
