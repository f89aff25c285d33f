/* Forecasts of series that arrive with the question. The whole batch is one task of the pool; each
 * item succeeds or fails alone. Surprising: the task comes back after a slice of time and is submitted
 * again, so that a batch of ten thousand does not keep a question of one waiting. */
#include "server/service/parts.h"

#include "core/fit.h"
#include "server/base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Time on a worker before others get their turn; one fit may take longer. */
#define SLICE_NS (UINT64_C(100) * 1000000)

struct stateless_task {
    struct pool_task task; /* first */
    size_t next_item;
    struct stateless_task *next, **link; /* in the service's list */
    struct service *service;
    struct stateless_batch *batch;
    stateless_done done;
    void *ctx;
};

void stateless_batch_free(struct stateless_batch *batch)
{
    if (!batch)
        return;
    for (size_t i = 0; i < batch->n; i++) {
        struct stateless_item *item = &batch->items[i];
        free(item->id);
        if (!batch->values)
            free(item->values);
        series_settings_done(&item->settings);
        forecast_answer_done(&item->answer);
    }
    base_ref_unref(batch->weights);
    free(batch->values);
    free(batch->items);
    free(batch);
}

static bool cancelled(struct stateless_task *task)
{
    return atomic_load_explicit(&task->task.cancel, memory_order_relaxed);
}

static int check_item(const struct stateless_item *item, struct err *err)
{
    size_t observed = 0;

    for (size_t i = 0; i < item->n; i++) {
        if (!isnan(item->values[i]) && !(fabs(item->values[i]) <= TRM_VALUE_MAX)) {
            err_set(err, ERR_INVALID, "the value %g is too large", item->values[i]);
            return err_item(err, i);
        }
        observed += !isnan(item->values[i]);
    }
    if (observed < TRM_OBSERVED_MIN)
        return err_set(
            err, ERR_TOO_SHORT, "%d observed values are needed and there %s %zu: %zu more missing",
            TRM_OBSERVED_MIN, observed == 1 ? "is" : "are", observed, TRM_OBSERVED_MIN - observed);
    return settings_check(&item->settings, err);
}

static int err_stopped(struct err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "the daemon is stopping");
}

/* Steps a fit to its end, within the budget. */
static int train(struct stateless_task *task, struct trm_fit *fit, struct err *err)
{
    uint64_t start = clock_thread_cpu_ns();
    uint64_t budget_ns = (uint64_t)task->service->config->fit_budget_ms * 1000000;
    struct trm_fit_progress progress;
    enum trm_status status;

    do {
        if (cancelled(task))
            return err_stopped(err);
        if (budget_ns && clock_thread_cpu_ns() - start > budget_ns)
            return err_set(err, ERR_TOO_LARGE, "the fit was stopped: it used up its CPU time");
        pool_beat(&task->task);
        status = trm_fit_step(fit, &progress);
    } while (status == TRM_MORE);
    return status == TRM_OK ? 0 : err_from_status(err, status);
}

static int fit_item(struct stateless_task *task, const struct answer_input *input,
                    struct trm_model **ret, struct err *err)
{
    struct trm_fit_options options = {
        .config = input->config, .seed = 1, .base_weights = base_ref_get(task->batch->weights)};
    struct trm_fit_report report;
    struct trm_fit *fit;
    enum trm_status status = trm_fit_begin(input->values, input->n, &options, &fit);

    if (status != TRM_OK)
        return err_from_status(err, status);
    int rc = train(task, fit, err);
    if (rc == 0) {
        status = trm_fit_end(fit, ret, &report);
        rc = status == TRM_OK ? 0 : err_from_status(err, status);
    }
    trm_fit_free(fit);
    return rc;
}

static void place_in_time(struct stateless_item *item)
{
    struct forecast_answer *answer = &item->answer;

    answer->id = item->id;
    answer->freq = item->settings.freq;
    answer->has_time = item->has_start && (answer->freq.ms || answer->freq.months);
    if (!answer->has_time)
        return;
    answer->grid =
        (struct trm_grid){.freq = answer->freq, .anchor_ms = item->start, .zone = item->zone};
    answer->first_step = item->first + (int64_t)item->n;
    answer->issued_at = trm_grid_time(&answer->grid, answer->first_step - 1);
}

/* The newest values, as many as a series in memory would have, from the first observed one on. */
static const double *recent(const struct stateless_item *item, size_t *ret_n)
{
    size_t skip = item->n > TRM_CONTEXT_MAX ? item->n - TRM_CONTEXT_MAX : 0;

    while (skip < item->n && isnan(item->values[skip]))
        skip++;
    *ret_n = item->n - skip;
    return item->values + skip;
}

static int answer_item(struct stateless_task *task, struct stateless_item *item, struct err *err)
{
    const struct forecast_ask *ask = &task->batch->ask;
    const struct series_settings *settings = &item->settings;
    struct trm_model *model = NULL;
    struct answer_input input = {.settings = settings};

    if (check_item(item, err))
        return -1;
    input.values = recent(item, &input.n);
    input.horizon = ask->horizon        ? ask->horizon
                    : settings->horizon ? settings->horizon
                                        : default_horizon(settings->freq);
    input.config = trm_config_default(
        resolve_season(settings, settings->freq, input.values, input.n), input.horizon);
    input.base = base_ref_get(task->batch->weights);
    input.config.kind = settings->model;
    if (input.config.kind == TRM_KIND_TRM)
        input.config.season2 = resolve_season2(settings, settings->freq, input.config.season);
    if (item->fit && fit_item(task, &input, &model, err))
        return -1;
    input.model = model;
    int rc = answer_compute(&input, ask, task->service->counters, &item->answer, err);
    if (rc == 0)
        answer_why(&item->answer, "\"fit\" was not asked for");
    trm_model_free(model);
    return rc;
}

static int err_late(struct err *err)
{
    return err_set(err, ERR_TOO_LARGE,
                   "not computed in the time that one request may take: ask for less at once");
}

static void run(struct pool_task *pool_task)
{
    struct stateless_task *task = (struct stateless_task *)pool_task;
    const struct stateless_batch *batch = task->batch;
    uint64_t start = clock_mono_ns(), now = start;

    for (; task->next_item < batch->n && now - start < SLICE_NS; now = clock_mono_ns()) {
        struct stateless_item *item = &batch->items[task->next_item++];
        pool_beat(pool_task);
        place_in_time(item);
        item->err.code = ERR_NONE;
        if (cancelled(task))
            (void)err_stopped(&item->err);
        else if (batch->deadline_ns && now > batch->deadline_ns)
            (void)err_late(&item->err);
        else
            (void)answer_item(task, item, &item->err);
    }
}

static void list(struct service *service, struct stateless_task *task)
{
    task->link = &service->stateless;
    task->next = service->stateless;
    if (task->next)
        task->next->link = &task->next;
    service->stateless = task;
}

static void unlist(struct stateless_task *task)
{
    *task->link = task->next;
    if (task->next)
        task->next->link = task->link;
}

static bool trains(const struct stateless_batch *batch)
{
    for (size_t i = 0; i < batch->n; i++)
        if (batch->items[i].fit)
            return true;
    return false;
}

void stateless_drain(struct service *service)
{
    for (struct stateless_task *task = service->stateless; task; task = task->next)
        if (task->batch->heavy || trains(task->batch))
            pool_cancel(service->pool, &task->task);
}

static void deliver(struct message *message)
{
    struct stateless_task *task = (struct stateless_task *)message;
    struct err err = {.code = ERR_NONE};

    if (task->task.started && task->next_item < task->batch->n &&
        pool_submit(task->service->pool, &task->task, &err) == 0)
        return; /* the next slice */
    task->service->task_n--;
    task->service->stateless_n--;
    shares_give(&task->service->stateless_shares, task->task.client);
    unlist(task);
    if (!task->task.started)
        (void)err_stopped(&err);
    task->done(task->ctx, err.code == ERR_NONE ? NULL : &err, task->batch);
    free(task);
}

static int check_room(const struct service *service, uint64_t client, struct err *err)
{
    size_t own = shares_of(&service->stateless_shares, client);

    if (service->stateless_n >= STATELESS_MAX)
        return err_set(err, ERR_BUSY,
                       "%d such requests are being computed, which is the most; try later",
                       STATELESS_MAX);
    if (!shares_allow(own, service->stateless_n, STATELESS_MAX, false))
        return err_set(err, ERR_BUSY,
                       "%zu of the %zu such requests that are being computed are this client's, which is its "
                       "share of %d; try later",
                       own, service->stateless_n, STATELESS_MAX);
    return 0;
}

static int submit(struct service *service, struct stateless_task *task, struct err *err)
{
    uint64_t client = task->task.client;

    if (check_room(service, client, err))
        return -1;
    if (!shares_take(&service->stateless_shares, client))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (pool_submit(service->pool, &task->task, err)) {
        shares_give(&service->stateless_shares, client);
        return -1;
    }
    service->stateless_n++;
    service->task_n++;
    list(service, task);
    return 0;
}

int service_forecast_stateless(struct service *service, struct stateless_batch *batch,
                               stateless_done done, void *ctx, struct err *err)
{
    if (check_open(service, err) || check_memory(service, err) || forecast_ask_check(&batch->ask, "/", err))
        return -1;
    struct stateless_task *task = calloc(1, sizeof *task);
    if (!task)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    task->task.message.deliver = deliver;
    task->task.run = run;
    task->task.priority = batch->heavy || trains(batch) ? POOL_LONG_ANSWER : POOL_FORECAST;
    task->task.client = service->asking;
    task->service = service;
    task->batch = batch;
    task->done = done;
    task->ctx = ctx;
    batch->weights = base_ref_ref(service->weights);
    if (submit(service, task, err)) {
        base_ref_unref(batch->weights);
        batch->weights = NULL;
        free(task);
        return -1;
    }
    return 0;
}
