/* Starting, stopping, sending and waiting for the tests of the service. */
#include "tests/server/service_fixture.h"

#include "core/base_embedded.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WATCHDOG_MS 120000

/* ---- life ---- */

static void bark(uv_timer_t *timer)
{
    (void)timer;
    fprintf(stderr, "nothing came of what was waited for\n");
    abort();
}

/* Every wait has the whole time, so that a slow machine (or valgrind) is not taken for a hang. */
static void wind_up(struct fixture *f)
{
    assert_int_equal(uv_timer_start(&f->watchdog, bark, WATCHDOG_MS, 0), 0);
}

void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    assert_int_equal(trm_base_decode(trm_base_embedded, trm_base_embedded_n, &f->base), TRM_OK);
    tmp_make(f->folder);
    config_defaults(&f->config);
    f->config.workers = 1;
    f->config.record_percent = 0;
    snprintf(f->config.store_path, sizeof f->config.store_path, "%s/tstrm.db", f->folder);
}

void fixture_open_parts(struct fixture *f)
{
    struct err err = {.code = ERR_NONE};
    struct store_options store_options = {.path = f->config.store_path,
                                          .queue_bytes_max = f->store_bytes_max};
    struct pool_options pool_options = {.workers = (unsigned)f->config.workers};
    struct service_deps deps = {.config = &f->config, .counters = &f->counters, .base = f->base};

    counters_init(&f->counters);
    assert_int_equal(uv_loop_init(&f->loop), 0);
    assert_int_equal(uv_timer_init(&f->loop, &f->watchdog), 0);
    wind_up(f);
    if (mailbox_new(&f->loop, &f->mailbox, &err) ||
        store_open(&store_options, f->mailbox, &f->store, &err) ||
        pool_new(&pool_options, f->mailbox, &f->pool, &err))
        fail_msg("%s", err.msg);
    deps.store = f->store;
    deps.pool = f->pool;
    deps.mailbox = f->mailbox;
    if (service_new(&deps, &f->service, &err))
        fail_msg("%s", err.msg);
}

void fixture_open(struct fixture *f)
{
    struct err err = {.code = ERR_NONE};

    fixture_open_parts(f);
    if (service_boot(f->service, &err) || store_start(f->store, &err))
        fail_msg("%s", err.msg);
    service_resume(f->service);
}

void fixture_close(struct fixture *f)
{
    if (!f->service)
        return;
    service_drain(f->service);
    unblock_worker(f);
    run_idle(f);
    pool_stop(f->pool);
    mailbox_drain(f->mailbox);
    store_close(f->store);
    mailbox_drain(f->mailbox);
    service_free(f->service);
    f->service = NULL;
    pool_free(f->pool);
    mailbox_free(f->mailbox);
    uv_close((uv_handle_t *)&f->watchdog, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&f->loop), 0);
}

void fixture_done(struct fixture *f)
{
    fixture_close(f);
    trm_base_free(f->base);
    tmp_remove(f->folder);
}

int fixture_setup(void **state)
{
    struct fixture *f = malloc(sizeof *f);

    assert_non_null(f);
    fixture_init(f);
    fixture_open(f);
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    fixture_done(*state);
    free(*state);
    return 0;
}

void run_until(struct fixture *f, const bool *flag)
{
    wind_up(f);
    while (!*flag)
        uv_run(&f->loop, UV_RUN_ONCE);
}

void run_idle(struct fixture *f)
{
    wind_up(f);
    while (!service_idle(f->service))
        uv_run(&f->loop, UV_RUN_ONCE);
}

/* ---- a worker that is busy ---- */

struct blocker {
    struct pool_task task; /* first */
    uv_sem_t begun, release;
    bool ended;
};

static void block(struct pool_task *task)
{
    struct blocker *blocker = (struct blocker *)task;

    uv_sem_post(&blocker->begun);
    uv_sem_wait(&blocker->release);
}

static void unblocked(struct message *message)
{
    ((struct blocker *)message)->ended = true;
}

void block_worker(struct fixture *f)
{
    struct blocker *blocker = calloc(1, sizeof *blocker);
    struct err err;

    assert_non_null(blocker);
    uv_sem_init(&blocker->begun, 0);
    uv_sem_init(&blocker->release, 0);
    blocker->task.run = block;
    blocker->task.priority = POOL_FORECAST;
    blocker->task.message.deliver = unblocked;
    assert_int_equal(pool_submit(f->pool, &blocker->task, &err), 0);
    uv_sem_wait(&blocker->begun);
    f->blocker = blocker;
}

void unblock_worker(struct fixture *f)
{
    struct blocker *blocker = f->blocker;

    if (!blocker)
        return;
    f->blocker = NULL;
    uv_sem_post(&blocker->release);
    run_until(f, &blocker->ended);
    uv_sem_destroy(&blocker->begun);
    uv_sem_destroy(&blocker->release);
    free(blocker);
}

/* ---- callbacks ---- */

static struct outcome *note(void *ctx, const struct err *err)
{
    struct outcome *outcome = ctx;

    assert_false(outcome->called);
    outcome->called = true;
    outcome->err = err ? *err : (struct err){.code = ERR_NONE};
    return outcome;
}

void on_put(void *ctx, const struct err *err, const struct series_put_result *result)
{
    struct outcome *outcome = note(ctx, err);

    outcome->created = !err && result->created;
}

void on_points(void *ctx, const struct err *err, const struct points_result *result)
{
    struct outcome *outcome = note(ctx, err);

    if (!err)
        outcome->points = *result;
}

void on_plain(void *ctx, const struct err *err)
{
    note(ctx, err);
}

void on_fit(void *ctx, const struct err *err, const char *job_id)
{
    struct outcome *outcome = note(ctx, err);

    if (!err)
        snprintf(outcome->job, sizeof outcome->job, "%s", job_id);
}

void on_read(void *ctx, const struct err *err, const struct point *points, size_t n)
{
    struct outcome *outcome = note(ctx, err);

    if (err)
        return;
    outcome->read = malloc((n + 1) * sizeof *points);
    assert_non_null(outcome->read);
    if (n > 0)
        memcpy(outcome->read, points, n * sizeof *points);
    outcome->read_n = n;
}

/* ---- sending ---- */

static struct point *copied(const struct point *points, size_t n)
{
    struct point *copy = malloc(n * sizeof *copy);

    assert_non_null(copy);
    memcpy(copy, points, n * sizeof *copy);
    return copy;
}

void send_points(struct fixture *f, const char *id, const struct point *points, size_t n,
                 struct outcome *ret)
{
    struct err err = {.code = ERR_NONE};

    *ret = (struct outcome){0};
    if (service_put_points(f->service, id, copied(points, n), n, true, on_points, ret, &err))
        fail_msg("%s", err.msg);
}

void send_series(struct fixture *f, const char *id, const struct series_patch *patch,
                 struct outcome *ret)
{
    struct err err = {.code = ERR_NONE};

    *ret = (struct outcome){0};
    if (service_put_series(f->service, id, patch, on_put, ret, &err))
        fail_msg("%s", err.msg);
}

struct points_result put_points(struct fixture *f, const char *id, const struct point *points,
                                size_t n, struct err *ret_err)
{
    struct outcome outcome = {0};

    *ret_err = (struct err){.code = ERR_NONE};
    if (service_put_points(f->service, id, copied(points, n), n, true, on_points, &outcome,
                           ret_err))
        return outcome.points;
    run_until(f, &outcome.called);
    *ret_err = outcome.err;
    return outcome.points;
}

struct points_result put_ok(struct fixture *f, const char *id, const struct point *points, size_t n)
{
    struct err err;
    struct points_result result = put_points(f, id, points, n, &err);

    if (err.code != ERR_NONE)
        fail_msg("%s", err.msg);
    return result;
}

void put_series(struct fixture *f, const char *id, const struct series_patch *patch,
                struct err *ret_err)
{
    struct outcome outcome = {0};

    *ret_err = (struct err){.code = ERR_NONE};
    if (service_put_series(f->service, id, patch, on_put, &outcome, ret_err))
        return;
    run_until(f, &outcome.called);
    *ret_err = outcome.err;
}

void delete_series(struct fixture *f, const char *id)
{
    struct outcome outcome = {0};
    struct err err;

    assert_int_equal(service_delete_series(f->service, id, on_plain, &outcome, &err), 0);
    run_until(f, &outcome.called);
    assert_int_equal(outcome.err.code, ERR_NONE);
}

/* ---- series to test with ---- */

struct point *daily(size_t first, size_t n)
{
    struct point *points = malloc(n * sizeof *points);

    assert_non_null(points);
    for (size_t i = 0; i < n; i++) {
        size_t day = first + i;
        double noise = (double)(day * 7919 % 101) / 101 - .5;
        points[i] = (struct point){START + (int64_t)day * DAY,
                                   100 + 10 * sin((double)day * 6.283185307179586 / 7) + 2 * noise};
    }
    return points;
}

void make_daily(struct fixture *f, const char *id, size_t n, enum fit_policy fit)
{
    struct series_patch patch = {.set = PATCH_FREQ | PATCH_SEASON | PATCH_FIT};
    struct point *points = daily(0, n);
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.freq.ms = DAY;
    patch.settings.season[0] = 7;
    patch.settings.season_n = 1;
    patch.settings.fit = fit;
    put_series(f, id, &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    put_ok(f, id, points, n);
    free(points);
}

struct series_view view_of(struct fixture *f, const char *id)
{
    struct series_view view;
    struct err err = {.code = ERR_NONE};

    if (service_get_series(f->service, id, &view, &err))
        fail_msg("%s", err.msg);
    return view;
}

struct forecast_answer forecast_of(struct fixture *f, const char *id, size_t horizon)
{
    struct forecast_ask ask = {.horizon = horizon, .levels = {.1, .5, .9}, .level_n = 3};
    struct forecast_answer answer;
    struct err err = {.code = ERR_NONE};

    if (service_forecast(f->service, id, &ask, &answer, &err))
        fail_msg("%s", err.msg);
    return answer;
}

void assert_same_forecast(const struct forecast_answer *a, const struct forecast_answer *b)
{
    size_t h = a->forecast->horizon;

    assert_int_equal(h, b->forecast->horizon);
    assert_int_equal(a->model_version, b->model_version);
    assert_int_equal(a->first_step, b->first_step);
    assert_int_equal(a->issued_at, b->issued_at);
    assert_string_equal(a->why, b->why);
    assert_memory_equal(a->forecast->median, b->forecast->median, h * sizeof(double));
    assert_memory_equal(a->forecast->quantiles, b->forecast->quantiles,
                        h * a->forecast->level_n * sizeof(double));
}

/* ---- fits ---- */

static void ended(void *ctx)
{
    *(bool *)ctx = true;
}

void fit_ask(struct fixture *f, const char *id, bool full, char *ret_job)
{
    struct outcome outcome = {0};
    struct err err = {.code = ERR_NONE};

    if (service_fit(f->service, id, full, on_fit, &outcome, &err))
        fail_msg("%s", err.msg);
    run_until(f, &outcome.called);
    assert_int_equal(outcome.err.code, ERR_NONE);
    memcpy(ret_job, outcome.job, sizeof outcome.job);
}

enum job_state job_state_of(struct fixture *f, const char *job)
{
    struct job_view view;
    struct err err = {.code = ERR_NONE};

    if (service_get_job(f->service, job, &view, &err))
        fail_msg("%s", err.msg);
    return view.row->state;
}

enum job_state job_wait(struct fixture *f, const char *job)
{
    struct job_watch *watch;
    struct err err;
    bool flag = false;

    assert_int_equal(service_watch_job(f->service, job, ended, &flag, &watch, &err), 0);
    assert_false(flag);
    run_until(f, &flag);
    return job_state_of(f, job);
}

enum job_state fit_wait(struct fixture *f, const char *id, bool full, char *ret_job)
{
    fit_ask(f, id, full, ret_job);
    return job_wait(f, ret_job);
}
