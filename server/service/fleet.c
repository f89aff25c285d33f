/* One training from its cause to its effect. The loop starts it, hands it back to the pool slice by
 * slice, stores what was found better, and only then answers with it. */
#include "server/service/parts.h"

#include "server/base/clock.h"
#include "server/train/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool busy(const struct fleet *fleet)
{
    return fleet->task || fleet->sent || fleet->resetting;
}

/* ---- the end ---- */

static void report(struct service *service, const struct fleet_task *task, const char *outcome,
                   uint64_t version)
{
    fleet_report_write(task, outcome, version, clock_wall_ms(), service->fleet.report);
}

/* Everybody answers with the new weights from here on. Records of the old ones are made anew. */
static void swap(struct service *service, struct base_ref *weights)
{
    base_ref_unref(service->weights);
    service->weights = weights;
    service->fleet.swapped = true;
    service->behind = true;
    service->behind_at = 0;
    fit_catch_up(service);
}

static void published(void *ctx, struct store_result *result)
{
    struct service *service = ctx;
    struct fleet *fleet = &service->fleet;
    struct fleet_task *task = fleet->sent;

    store_ended(service, result);
    fleet->sent = NULL;
    struct base_ref *weights =
        result->err.code == ERR_NONE && !fleet->dropped ? base_ref_new(task->challenger) : NULL;
    if (!weights) { /* the old ones stay; after a restart the stored ones may answer */
        if (result->err.code == ERR_NONE)
            err_set(&result->err, ERR_NO_MEMORY, "out of memory");
        task->err = result->err;
        task->outcome = FLEET_FAILED;
        counters_add(service->counters, COUNTER_FLEET_FAILED, 1);
        if (!fleet->dropped) /* a reset has forgotten the report too */
            report(service, task, "failed", fleet->version);
        fleet_task_free(task);
        return;
    }
    task->challenger = NULL;
    fleet_task_free(task);
    fleet->version = fleet->version_seen;
    fleet->published_at = fleet->sent_at;
    fleet->rest_until_ns += POLICY_FLEET_REST * service->model_n * POLICY_FLEET_RECORD_NS;
    counters_add(service->counters, COUNTER_FLEET_PUBLISHED, 1);
    swap(service, weights);
}

static int publish(struct service *service, struct fleet_task *task, struct err *err)
{
    struct fleet *fleet = &service->fleet;
    void *bytes = task->bytes;

    report(service, task, "published", fleet->version_seen + 1);
    fleet->sent_at = clock_wall_ms();
    struct store_weights row = {.version = fleet->version_seen + 1,
                                .created_at = fleet->sent_at,
                                .origin = service->origin->identity,
                                .points = fleet->points_trained,
                                .report = fleet->report,
                                .n = task->bytes_n};
    task->bytes = NULL;
    if (store_put_weights(service->store, &row, bytes, published, service, err))
        return -1;
    store_began(service);
    fleet->version_seen++;
    fleet->sent = task;
    trm_fleet_free(task->fleet);
    task->fleet = NULL;
    return 0;
}

static void failed(struct service *service, struct fleet_task *task)
{
    counters_add(service->counters, COUNTER_FLEET_FAILED, 1);
    if (task->stopped == FLEET_DIVERGED)
        counters_add(service->counters, COUNTER_STOPPED_DIVERGED, 1);
    if (task->stopped == FLEET_OVER_BUDGET)
        counters_add(service->counters, COUNTER_STOPPED_BUDGET, 1);
    report(service, task, "failed", service->fleet.version);
}

static void finish(struct service *service, struct fleet_task *task)
{
    if (task->outcome == FLEET_FAILED) {
        failed(service, task);
    } else if (!task->report.better) {
        counters_add(service->counters, COUNTER_FLEET_KEPT, 1);
        report(service, task, "kept", service->fleet.version);
    } else if (publish(service, task, &task->err)) {
        task->outcome = FLEET_FAILED;
        failed(service, task);
    }
}

/* Back to the end of the queue for the next slice. */
static bool goes_on(struct service *service, struct fleet_task *task)
{
    if (task->outcome != FLEET_UNFINISHED || atomic_load(&task->task.cancel) || service->draining)
        return false;
    if (pool_submit(service->pool, &task->task, &task->err)) {
        task->outcome = FLEET_FAILED;
        return false;
    }
    service->task_n++;
    return true;
}

static void deliver(struct message *message)
{
    struct fleet_task *task = (struct fleet_task *)message;
    struct service *service = task->owner;

    service->task_n--;
    if (task->task.hung) { /* it was given up */
        fleet_task_free(task);
        return;
    }
    if (goes_on(service, task))
        return;
    service->fleet.task = NULL;
    counters_add(service->counters, COUNTER_WORKER_CPU, task->cpu_ns);
    service->fleet.rest_until_ns = clock_mono_ns() + POLICY_FLEET_REST * task->cpu_ns;
    if (!atomic_load(&task->task.cancel) &&
        (task->outcome == FLEET_DONE || task->outcome == FLEET_FAILED))
        finish(service, task);
    if (service->fleet.sent != task)
        fleet_task_free(task);
}

/* ---- the start ---- */

static struct fleet_task *make_task(struct service *service, struct err *err)
{
    struct fleet *fleet = &service->fleet;
    struct fleet_task *task = fleet_task_new(deliver);

    if (!task) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    if (fleet_gather(service, task, err)) {
        fleet_task_free(task);
        return NULL;
    }
    snprintf(task->name, sizeof task->name, "%.12s.fleet%" PRIu64, service->origin->name,
             fleet->version_seen + 1);
    task->champion = base_ref_ref(service->weights);
    task->seed = fleet->version_seen + 1;
    task->slice_ns = FLEET_SLICE_NS;
    task->budget_ns = FLEET_BUDGET_NS;
    task->owner = service;
    return task;
}

static int start(struct service *service, struct err *err)
{
    struct fleet_task *task = make_task(service, err);

    if (!task)
        return -1;
    if (pool_submit(service->pool, &task->task, err)) {
        fleet_task_free(task);
        return -1;
    }
    service->task_n++;
    service->fleet.task = task;
    service->fleet.points_trained = service->fleet.points;
    service->fleet.dropped = false;
    return 0;
}

void fleet_consider(struct service *service)
{
    struct fleet *fleet = &service->fleet;
    struct policy_fleet_input input = {.points = fleet->points,
                                       .points_trained = fleet->points_trained,
                                       .fits_n = service->job_unfinished_n,
                                       .models_n = service->model_n,
                                       .now_ns = clock_mono_ns(),
                                       .rest_until_ns = fleet->rest_until_ns};
    struct err err;

    if (service->config->fleet == CONFIG_FLEET_OFF || service->draining || busy(fleet))
        return;
    if (input.models_n >= TRM_FLEET_JUDGE_MIN && policy_fleet_due(&input) &&
        start(service, &err)) /* too few series: considered again after more points */
        fleet->points_trained = fleet->points;
}

void fleet_drain(struct service *service)
{
    if (service->fleet.task)
        pool_cancel(service->pool, &service->fleet.task->task);
}

void fleet_give_up(struct service *service, const char *words)
{
    struct fleet_task *task = service->fleet.task;
    struct fleet_task told = {.outcome = FLEET_FAILED, .source_n = task->source_n};

    service->fleet.task = NULL;
    service->fleet.rest_until_ns = clock_mono_ns() + FLEET_HUNG_REST_NS;
    err_set(&told.err, ERR_INTERNAL, "%s", words);
    failed(service, &told);
}

int service_fleet_train(struct service *service, struct err *err)
{
    if (check_open(service, err))
        return -1;
    if (busy(&service->fleet))
        return err_set(err, ERR_CONFLICT,
                       "a training or a reset is on its way: GET /v1/fleet shows");
    return start(service, err);
}

/* ---- back to the origin ---- */

struct reset {
    struct service *service;
    void (*done)(void *ctx, const struct err *err);
    void *ctx;
};

static void forgotten(void *ctx, struct store_result *result)
{
    struct reset *reset = ctx;
    struct service *service = reset->service;
    struct base_ref *origin = NULL;

    store_ended(service, result);
    service->fleet.resetting = false;
    if (result->err.code == ERR_NONE && service->fleet.version > 0) {
        origin = base_ref_borrow(service->origin);
        if (!origin)
            err_set(&result->err, ERR_NO_MEMORY, "out of memory");
    }
    if (origin) {
        service->fleet.version = 0;
        service->fleet.published_at = 0;
        swap(service, origin);
    }
    reset->done(reset->ctx, result->err.code == ERR_NONE ? NULL : &result->err);
    free(reset);
}

int service_fleet_reset(struct service *service, void (*done)(void *ctx, const struct err *err),
                        void *ctx, struct err *err)
{
    if (check_open(service, err))
        return -1;
    if (service->fleet.resetting)
        return err_set(err, ERR_CONFLICT, "the shared weights are being reset");
    struct reset *reset = malloc(sizeof *reset);
    if (!reset)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *reset = (struct reset){service, done, ctx};
    struct store_weights origin = {.version = service->fleet.version_seen + 1,
                                   .created_at = clock_wall_ms(),
                                   .origin = service->origin->identity,
                                   .points = service->fleet.points,
                                   .report = ""};
    if (store_put_weights(service->store, &origin, NULL, forgotten, reset, err)) {
        free(reset);
        return -1;
    }
    service->fleet.version_seen++;
    store_began(service);
    fleet_drain(service);
    service->fleet.dropped = service->fleet.resetting = true;
    service->fleet.points_trained = service->fleet.points;
    service->fleet.report[0] = '\0';
    return 0;
}

/* ---- what it looks like ---- */

void service_fleet(struct service *service, struct fleet_view *ret)
{
    const struct fleet *fleet = &service->fleet;

    *ret = (struct fleet_view){
        .state = fleet->sent                                  ? "publishing"
                 : fleet->task                                ? "training"
                 : service->config->fleet == CONFIG_FLEET_OFF ? "off"
                                                              : "idle",
        .base = service_base(service),
        .origin = service->origin,
        .version = fleet->version,
        .published_at = fleet->published_at,
        .new_points = fleet->points - fleet->points_trained,
        .due_points = policy_fleet_points(fleet->points_trained),
        .report = fleet->report,
    };
    if (fleet->task)
        ret->progress =
            atomic_load_explicit(&fleet->task->progress_ppm, memory_order_relaxed) * 1e-6;
}

int fleet_load(void *ctx, const struct store_weights *weights, bool *ret_accepted, struct err *err)
{
    struct service *service = ctx;
    struct fleet *fleet = &service->fleet;
    struct trm_base *base;

    if (weights->version > fleet->version_seen)
        fleet->version_seen = weights->version;
    *ret_accepted = false;
    if (weights->origin != service->origin->identity)
        return 0;
    fleet->swapped = true; /* records may be of weights that are damaged, or were given up */
    fleet->points_trained = weights->points;
    if (!weights->bytes)
        return 0;
    if (weights->n == 0) {
        *ret_accepted = true;
        return 0;
    }
    enum trm_status status = trm_base_decode(weights->bytes, weights->n, &base);
    if (status == TRM_ENOMEM)
        return err_from_status(err, status);
    if (status != TRM_OK)
        return 0;
    struct base_ref *ref = base_ref_new(base);
    if (!ref) {
        trm_base_free(base);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    base_ref_unref(service->weights);
    service->weights = ref;
    fleet->version = weights->version;
    fleet->published_at = weights->created_at;
    snprintf(fleet->report, sizeof fleet->report, "%s", weights->report);
    *ret_accepted = true;
    return 0;
}
