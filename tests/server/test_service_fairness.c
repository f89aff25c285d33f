/* Several clients and one worker: whose job is next, and who is refused. Orders and counts, no times: where
 * each fit begins is noted at link time. */
#include "tests/server/service_fixture.h"

#include "core/fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINTS 120
#define LONE_POINTS (POINTS + 1) /* by which its fit is told from others */
#define FLOOD 1
#define LONE 2

static _Atomic size_t begun_n;          /* fits, ever … */
static _Atomic size_t lone_began_at[4]; /* … and before those of the lone series */
static _Atomic size_t lone_n;

enum trm_status __real_trm_fit_begin(const double *values, size_t n, const struct trm_fit_options *options,
                                     struct trm_fit **ret);
enum trm_status __wrap_trm_fit_begin(const double *values, size_t n, const struct trm_fit_options *options,
                                     struct trm_fit **ret);
enum trm_status __wrap_trm_fit_begin(const double *values, size_t n, const struct trm_fit_options *options,
                                     struct trm_fit **ret)
{
    size_t before = atomic_fetch_add(&begun_n, 1);

    if (n == LONE_POINTS && atomic_load(&lone_n) < 4)
        atomic_store(&lone_began_at[atomic_fetch_add(&lone_n, 1)], before);
    return __real_trm_fit_begin(values, n, options, ret);
}

static int setup(void **state)
{
    atomic_store(&begun_n, 0);
    atomic_store(&lone_n, 0);
    if (fixture_setup(state))
        return -1;
    ((struct fixture *)*state)->config.fleet = CONFIG_FLEET_OFF; /* new weights would call for new fits */
    return 0;
}

static void make_many(struct fixture *f, const char *prefix, size_t n)
{
    char id[16];

    for (size_t i = 0; i < n; i++) {
        snprintf(id, sizeof id, "%s%zu", prefix, i);
        make_daily(f, id, POINTS, FIT_OFF);
    }
}

static void ask_many(struct fixture *f, const char *prefix, size_t n, uint64_t client)
{
    char id[16], job[JOB_ID_MAX + 1];

    service_asked_by(f->service, client);
    for (size_t i = 0; i < n; i++) {
        snprintf(id, sizeof id, "%s%zu", prefix, i);
        fit_ask(f, id, true, job);
    }
    service_asked_by(f->service, 0);
}

static size_t fitted_n(struct fixture *f, const char *prefix, size_t n)
{
    size_t fitted = 0;
    char id[16];

    for (size_t i = 0; i < n; i++) {
        snprintf(id, sizeof id, "%s%zu", prefix, i);
        fitted += view_of(f, id).model_version > 0;
    }
    return fitted;
}

/* Every job is durable, and so in line for a worker. */
static void all_in_line(struct fixture *f)
{
    struct service_stats stats;

    service_stats(f->service, &stats);
    while (stats.pool.queued < stats.jobs[JOB_PENDING]) {
        uv_run(&f->loop, UV_RUN_ONCE);
        service_stats(f->service, &stats);
    }
}

static void a_lone_clients_fit_waits_for_one_of_the_flood(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    make_many(f, "f", 40);
    make_daily(f, "lone", LONE_POINTS, FIT_OFF);
    block_worker(f);
    ask_many(f, "f", 40, FLOOD);
    service_asked_by(f->service, LONE);
    fit_ask(f, "lone", true, job);
    unblock_worker(f);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    assert_int_equal(lone_began_at[0], 1);
    run_idle(f);
    assert_int_equal(fitted_n(f, "f", 40), 40);
}

static void a_share_that_is_full_is_refused_and_others_still_get_in(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct err err;

    f->config.jobs_queue_max = 8;
    make_many(f, "f", 5);
    make_many(f, "l", 2);
    block_worker(f);
    ask_many(f, "f", 4, FLOOD);
    service_asked_by(f->service, FLOOD);
    assert_int_equal(service_fit(f->service, "f4", true, on_fit, NULL, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(strstr(err.msg, "4 of the 4 jobs that wait are this client's"));
    assert_non_null(strstr(err.msg, "jobs-queue-max"));
    struct backtest_ask ask = {0};
    assert_int_equal(service_backtest(f->service, "f4", &ask, on_fit, NULL, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    ask_many(f, "l", 2, LONE);
    unblock_worker(f);
    run_idle(f);
    service_asked_by(f->service, FLOOD);
    fit_ask(f, "f4", true, job); /* the share is free again */
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
}

/* Series that one client creates, and that the policy then fits, are that client's too. */
static void first_fits_that_nobody_asks_for_take_turns_between_those_who_created_the_series(void **state)
{
    struct fixture *f = *state;
    char id[16];

    block_worker(f);
    service_asked_by(f->service, FLOOD);
    for (size_t i = 0; i < 30; i++) {
        snprintf(id, sizeof id, "f%zu", i);
        make_daily(f, id, POINTS, FIT_AUTO);
    }
    service_asked_by(f->service, LONE);
    make_daily(f, "lone", LONE_POINTS, FIT_AUTO);
    service_asked_by(f->service, 0);
    all_in_line(f);
    unblock_worker(f);
    run_idle(f);
    assert_int_equal(lone_n, 1);
    assert_int_equal(lone_began_at[0], 1);
    assert_int_equal(fitted_n(f, "f", 30), 30);
}

/* The queue has eight places: the flood's series are passed over, the lone one's is not. */
static void a_full_share_of_unasked_fits_keeps_nobody_else_out(void **state)
{
    struct fixture *f = *state;
    char id[16];

    f->config.jobs_queue_max = 8;
    block_worker(f);
    service_asked_by(f->service, FLOOD);
    for (size_t i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "a%zu", i); /* before "lone" in the order in which the policy looks again */
        make_daily(f, id, POINTS, FIT_AUTO);
    }
    service_asked_by(f->service, LONE);
    make_daily(f, "lone", LONE_POINTS, FIT_AUTO);
    assert_string_equal(view_of(f, "lone").state, "fitting");
    service_asked_by(f->service, 0);
    all_in_line(f);
    unblock_worker(f);
    run_idle(f);
    assert_int_equal(fitted_n(f, "a", 20), 20);
    assert_int_equal(lone_n, 1);
    assert_int_equal(lone_began_at[0], 1);
}

static void a_flood_of_backtests_lets_a_fit_pass(void **state)
{
    struct fixture *f = *state;
    struct backtest_ask ask = {0};
    struct service_stats stats;
    char id[16], job[JOB_ID_MAX + 1];
    struct err err;

    make_many(f, "f", 4);
    make_daily(f, "lone", LONE_POINTS, FIT_OFF);
    block_worker(f);
    service_asked_by(f->service, FLOOD);
    for (size_t i = 0; i < 16; i++) {
        struct outcome outcome = {0};
        snprintf(id, sizeof id, "f%zu", i / 4);
        assert_int_equal(service_backtest(f->service, id, &ask, on_fit, &outcome, &err), 0);
        run_until(f, &outcome.called);
    }
    fit_ask(f, "lone", true, job); /* by the same client: the class decides */
    unblock_worker(f);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    service_stats(f->service, &stats);
    assert_true(stats.jobs[JOB_PENDING] + stats.jobs[JOB_RUNNING] >= 8);
    run_idle(f);
}

/* Flooded from above without end, the policy's refit still comes. */
static void a_refit_comes_although_fits_never_end(void **state)
{
    struct fixture *f = *state;
    struct point *more = daily(POINTS, 60);
    size_t asked = 0;
    char id[16], job[JOB_ID_MAX + 1];

    make_many(f, "f", 8);
    make_daily(f, "auto", POINTS, FIT_AUTO);
    run_idle(f);
    assert_int_equal(view_of(f, "auto").model_version, 1);
    block_worker(f);
    ask_many(f, "f", 8, FLOOD);
    put_ok(f, "auto", more, 60);
    unblock_worker(f);
    service_asked_by(f->service, FLOOD);
    while (view_of(f, "auto").model_version < 2 && asked < 20000) {
        snprintf(id, sizeof id, "f%zu", asked++ % 8); /* one that ends is asked for again */
        fit_ask(f, id, true, job);
    }
    assert_int_equal(view_of(f, "auto").model_version, 2);
    run_idle(f);
    free(more);
}

/* What the policy had begun is asked for: it no longer waits behind what is. */
static void a_refit_that_is_asked_for_waits_as_one_that_was(void **state)
{
    struct fixture *f = *state;
    struct point *more = daily(POINTS, 60);
    char job[JOB_ID_MAX + 1];

    make_many(f, "f", 20);
    make_daily(f, "auto", POINTS, FIT_AUTO);
    run_idle(f);
    block_worker(f);
    ask_many(f, "f", 20, FLOOD);
    put_ok(f, "auto", more, 60);
    assert_string_equal(view_of(f, "auto").state, "fitting");
    fit_ask(f, "auto", false, job);
    unblock_worker(f);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    run_idle(f);
    free(more);
}

static void ended(void *ctx, const struct err *err, struct stateless_batch *batch)
{
    (void)err;
    ++*(size_t *)ctx;
    stateless_batch_free(batch);
}

static struct stateless_batch *a_batch(void)
{
    struct stateless_batch *batch = calloc(1, sizeof *batch);

    assert_non_null(batch);
    batch->n = 1;
    batch->items = calloc(1, sizeof *batch->items);
    batch->items[0].values = calloc(8, sizeof(double));
    batch->items[0].n = 8;
    return batch;
}

static void stateless_requests_are_shared_too(void **state)
{
    struct fixture *f = *state;
    size_t ended_n = 0, own = 0;
    struct stateless_batch *batch;
    struct err err;

    block_worker(f);
    service_asked_by(f->service, FLOOD);
    while (service_forecast_stateless(f->service, batch = a_batch(), ended, &ended_n, &err) == 0)
        own++;
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(strstr(err.msg, "this client's"));
    assert_int_equal(own, 128);
    service_asked_by(f->service, LONE);
    assert_int_equal(service_forecast_stateless(f->service, batch, ended, &ended_n, &err), 0);
    unblock_worker(f);
    run_idle(f);
    assert_int_equal(ended_n, 129);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_lone_clients_fit_waits_for_one_of_the_flood),
        TEST(a_share_that_is_full_is_refused_and_others_still_get_in),
        TEST(first_fits_that_nobody_asks_for_take_turns_between_those_who_created_the_series),
        TEST(a_full_share_of_unasked_fits_keeps_nobody_else_out),
        TEST(a_flood_of_backtests_lets_a_fit_pass),
        TEST(a_refit_comes_although_fits_never_end),
        TEST(a_refit_that_is_asked_for_waits_as_one_that_was),
        TEST(stateless_requests_are_shared_too),
    };

    return cmocka_run_group_tests_name("service_fairness", tests, NULL, NULL);
}
