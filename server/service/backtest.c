/* One backtest from its start to its result. Knows what a worker needs to repeat the past honestly; refuses
 * to know scores. Surprising: the shared weights are those that the daemon was started with, even where
 * others that it trained on its own series answer by now: those have seen what comes after the origins. */
#include "server/service/backtest.h"
#include "server/service/jobs.h"

#include "server/base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_NS UINT64_C(200000000)

/* What the season and the config of an origin depend on besides its values. */
struct past_settings {
    struct series_settings settings; /* without labels */
    struct trm_freq freq;
    uint32_t horizon;
};

/* On a worker: what the daemon would have worked out then. */
static struct trm_config config_at(void *ctx, const double *values, size_t n)
{
    const struct past_settings *past = ctx;
    uint32_t season = resolve_season(&past->settings, past->freq, values, n);
    struct trm_config config = trm_config_default(season, past->horizon);

    config.kind = past->settings.model;
    if (config.kind == TRM_KIND_TRM)
        config.season2 = resolve_season2(&past->settings, past->freq, config.season);
    return config;
}

static struct past_settings *past_of(struct entry *entry)
{
    struct past_settings *past = malloc(sizeof *past);

    if (!past)
        return NULL;
    past->settings = entry->settings;
    past->settings.labels = NULL;
    past->settings.label_n = 0;
    past->freq = entry_freq(entry);
    past->horizon = entry_horizon(entry);
    return past;
}

static void run(struct pool_task *pool_task)
{
    struct job *job = ((struct backtest_task *)pool_task)->owner;

    job_began(job);
    job->run(pool_task);
}

/* ---- the end ---- */

static void finish_done(struct job *job, struct backtest_task *task)
{
    const struct trm_base *weights = task->weights ? base_ref_get(task->weights) : NULL;
    struct backtest_ask ask;

    if (backtest_decode(job->row.request, &ask))
        job->row.result = backtest_result(task->report, &ask, weights, (double)task->cpu_ns * 1e-9);
    if (job->row.result)
        job_end(job, JOB_SUCCEEDED, "");
    else
        job_end(job, JOB_FAILED, "out of memory");
}

static void finish(struct job *job, struct backtest_task *task)
{
    if (!job_entry(job))
        return;
    if (job->cancel_asked) {
        job_end(job, JOB_CANCELLED, "");
        return;
    }
    switch (task->outcome) {
    case BACKTEST_DONE:
        finish_done(job, task);
        break;
    case BACKTEST_FAILED:
        if (task->over_budget)
            counters_add(job->service->counters, COUNTER_STOPPED_BUDGET, 1);
        job_end(job, JOB_FAILED, task->err.msg);
        break;
    case BACKTEST_UNFINISHED: /* by the drain: it runs again, from its beginning, after the next start */
    case BACKTEST_CANCELLED:
        job->row.state = JOB_PENDING;
        break;
    }
}

static void deliver(struct message *message)
{
    struct backtest_task *task = (struct backtest_task *)message;
    struct job *job = task->owner;

    job_returned(job);
    job->progress = atomic_load(&task->progress_ppm) * 1e-6;
    job->step = atomic_load(&task->windows_done);
    if (!job_goes_on(job, &task->task, task->outcome == BACKTEST_UNFINISHED)) {
        job->backtest = NULL;
        counters_add(job->service->counters, COUNTER_WORKER_CPU, task->cpu_ns);
        if (job->phase == PHASE_WAITING) /* else it hung, and was given up */
            finish(job, task);
        backtest_task_free(task);
    }
    job_unpin(job);
}

/* ---- the start ---- */

static int begin(struct job *job, struct entry *entry, const struct backtest_ask *ask,
                 struct backtest_task *task, struct err *err)
{
    struct window_view view = window_view(&entry->recent);
    struct trm_rolling_options options = {
        .horizon = ask->horizon, .windows = ask->windows, .step = ask->step, .methods = ask->methods,
        .level_n = ask->level_n, .min = entry->settings.min, .max = entry->settings.max,
        .integer = entry->settings.integer, .base = job->service->origin, .seed = (uint64_t)entry->key,
        .config_at = config_at, .ctx = task->context};

    for (size_t i = 0; i < ask->level_n; i++)
        options.level[i] = ask->level[i] / 100;
    enum trm_status status = trm_rolling_begin(view.values, view.n, &options, &task->rolling);
    return status == TRM_OK ? 0 : err_from_status(err, status);
}

static struct backtest_task *make_task(struct job *job, struct entry *entry, struct err *err)
{
    struct backtest_task *task = backtest_task_new(deliver);
    struct backtest_ask ask;

    err_set(err, ERR_NO_MEMORY, "out of memory");
    if (!task)
        return NULL;
    task->owner = job;
    task->context = past_of(entry);
    task->weights = base_ref_borrow(job->service->origin);
    task->slice_ns = SLICE_NS;
    if (!job->row.request || !backtest_decode(job->row.request, &ask))
        err_set(err, ERR_STORAGE, "what was asked of the backtest is damaged in the store");
    else if (task->context && task->weights && begin(job, entry, &ask, task, err) == 0) {
        task->budget_ns =
            (uint64_t)job->service->config->fit_budget_ms * 1000000 * (uint64_t)ask.windows;
        return task;
    }
    backtest_task_free(task);
    return NULL;
}

static int submit(struct job *job, struct err *err)
{
    struct backtest_task *task = make_task(job, job_entry(job), err);

    if (!task)
        return -1;
    if (job_lend(job, &task->task, run, err)) {
        backtest_task_free(task);
        return -1;
    }
    job->backtest = task;
    return 0;
}

void backtest_submit(struct job *job)
{
    struct err err;

    job->phase = PHASE_WAITING;
    if (submit(job, &err))
        job_end(job, JOB_FAILED, err.msg);
}

/* ---- a backtest that somebody asks for ---- */

static int check_few(const struct service *service, const struct entry *entry, struct err *err)
{
    size_t all = 0, own = 0, clients = 0;

    for (size_t i = 0; i < service->job_n; i++) {
        const struct job *job = service->jobs[i];
        if (job->row.kind != JOB_BACKTEST || job->phase == PHASE_ENDED)
            continue;
        all++;
        own += job->row.series_key == entry->key;
        clients += job->client == service->asking;
    }
    if (own >= BACKTESTS_SERIES_MAX)
        return err_set(err, ERR_BUSY,
                       "%zu backtests of this series are waiting, which is the most; try later", own);
    if (all >= BACKTESTS_MAX)
        return err_set(err, ERR_BUSY, "%zu backtests are waiting, which is the most; try later", all);
    if (!shares_allow(clients, all, BACKTESTS_MAX, false))
        return err_set(err, ERR_BUSY,
                       "%zu of the %zu backtests that wait are this client's, its share of %d; try later",
                       clients, all, BACKTESTS_MAX);
    return 0;
}

static int start(struct service *service, struct entry *entry, const struct backtest_ask *ask,
                 struct fit_waiter *waiter, struct err *err)
{
    char *request = backtest_encode(ask);
    struct job *job = request ? job_new(service, entry, JOB_BACKTEST, false, service->asking, request) : NULL;

    if (!job) {
        free(request);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    job->priority = POOL_BACKTEST;
    return job_begin(job, waiter, err);
}

int service_backtest(struct service *service, const char *id, const struct backtest_ask *ask,
                     fit_done done, void *ctx, struct err *err)
{
    struct entry *entry = find_writable(service, id, err);
    struct backtest_ask settled;

    if (!entry || history_check_enough(entry, err) ||
        backtest_settle(ask, window_view(&entry->recent).n, entry_horizon(entry), &settled, err) ||
        check_open(service, err) || job_check_room(service, service->asking, false, err) ||
        check_few(service, entry, err))
        return -1;
    struct fit_waiter *waiter = job_waiter(done, ctx, err);
    if (!waiter)
        return -1;
    int rc = start(service, entry, &settled, waiter, err);
    if (rc)
        free(waiter);
    return rc;
}
