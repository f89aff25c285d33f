/* The first half of a fit: its job becomes durable, then a worker gets the values. Who asks for a
 * fit of a series that has one in flight joins that one. */
#include "server/service/jobs.h"

#include <stdlib.h>
#include <string.h>

/* CPU time after which a long fit lets others go first. */
#define FIT_SLICE_NS UINT64_C(200000000)

/* ---- on a worker ---- */

static void run(struct pool_task *pool_task)
{
    struct job *job = ((struct fit_task *)pool_task)->owner;

    job_began(job);
    job->run(pool_task);
}

/* ---- the start ---- */

/* Everything that the fit depends on, so that it can be repeated: the series and the version. */
static uint64_t seed_of(const struct entry *entry)
{
    static const struct siphash_key fixed = {2, 2};
    uint64_t what[2] = {(uint64_t)entry->key, entry->version_seen + 1};

    return siphash(&fixed, what, sizeof what);
}

static struct model_ref *base_of(const struct job *job, const struct entry *entry,
                                 const struct trm_config *config)
{
    if (job->row.full || !entry->model ||
        memcmp(&trm_model_info(model_ref_get(entry->model))->config, config, sizeof *config) != 0)
        return NULL;
    return model_ref_ref(entry->model);
}

/* Steps that have come since the model's fit; 0 where that cannot be told, or none has: then the past may
 * have changed, and all of it is looked at again. */
static size_t fresh_steps(const struct entry *entry)
{
    int64_t end = window_end(&entry->recent);

    if (entry->model_end == ENTRY_END_UNKNOWN || entry->model_end >= end)
        return 0;
    return (size_t)(end - entry->model_end);
}

static struct fit_task *make_task(struct job *job, struct entry *entry)
{
    struct window_view view = window_view(&entry->recent);
    struct trm_config config = entry_config(entry);
    double *values = malloc(view.n * sizeof *values);

    if (!values)
        return NULL;
    memcpy(values, view.values, view.n * sizeof *values);
    struct model_ref *base = base_of(job, entry, &config);
    struct fit_task *task =
        fit_task_new(values, view.n, &config, base, seed_of(entry), fit_deliver);
    if (!task) {
        model_ref_unref(base);
        free(values);
        return NULL;
    }
    task->base_weights = base_ref_ref(job->service->weights);
    task->unseen = fresh_steps(entry);
    task->fresh = base ? task->unseen : 0;
    task->champion = entry_model(job->service, entry) ? model_ref_ref(entry->model) : NULL;
    task->slice_ns = FIT_SLICE_NS;
    task->budget_ns = (uint64_t)job->service->config->fit_budget_ms * 1000000;
    task->owner = job;
    return task;
}

static int submit(struct job *job, struct entry *entry, struct err *err)
{
    if (history_check_enough(entry, err))
        return -1;
    struct fit_task *task = make_task(job, entry);
    if (!task)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (job_lend(job, &task->task, run, err)) {
        fit_task_free(task);
        return -1;
    }
    job->fit = task;
    job->base_version = entry->model_version;
    job->end = window_end(&entry->recent);
    entry->new_points = 0;
    return 0;
}

void fit_submit(struct job *job)
{
    struct err err;

    job->phase = PHASE_WAITING;
    if (submit(job, job_entry(job), &err))
        job_end(job, JOB_FAILED, err.msg);
}

int fit_start(struct service *service, struct entry *entry, bool full, enum pool_priority priority,
              struct fit_waiter *waiter, struct err *err)
{
    uint64_t client = waiter ? service->asking : entry->client;

    if (check_open(service, err) || history_check_enough(entry, err) ||
        job_check_room(service, client, waiter == NULL, err))
        return -1;
    if (entry->restoring)
        return err_set(err, ERR_CONFLICT, "a checkpoint is being restored: try again when it is");
    struct job *job = job_new(service, entry, JOB_FIT, full, client, NULL);
    if (!job)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    job->priority = priority;
    if (job_begin(job, waiter, err))
        return -1;
    entry->job = job;
    return 0;
}

/* ---- a fit that somebody asks for ---- */

/* Storing the row once more is how the caller hears, after everything before it is durable. */
static void stored_again(void *ctx, struct store_result *result)
{
    struct job *job = ctx;

    store_ended(job->service, result);
    job_tell_created(job, result->err.code == ERR_NONE ? NULL : &result->err);
    job_unpin(job);
}

/* Somebody asks for what the policy has begun: it waits as if it had been asked for. */
static void move_up(struct job *job, enum pool_priority priority)
{
    if (priority >= job->priority)
        return;
    job->priority = priority;
    if (job->task)
        pool_move(job->service->pool, job->task, priority);
}

static int join_fit(struct job *job, struct fit_waiter *waiter, struct err *err)
{
    if (job->phase != PHASE_CREATING && job_store(job, stored_again, err))
        return -1;
    move_up(job, POOL_FIT);
    waiter->next = job->fit_waiters;
    job->fit_waiters = waiter;
    return 0;
}

int service_fit_as(struct service *service, const char *id, const struct fit_ask *ask, fit_done done,
                   void *ctx, struct err *err)
{
    struct entry *entry = find_writable(service, id, err);

    if (!entry)
        return -1;
    struct fit_waiter *waiter = job_waiter(done, ctx, err);
    if (!waiter)
        return -1;
    enum pool_priority priority = entry_model(service, entry) ? POOL_FIT : POOL_FIRST_FIT;
    int rc = entry->job ? join_fit(entry->job, waiter, err)
                        : fit_start(service, entry, ask->full, priority, waiter, err);
    if (rc)
        free(waiter);
    else
        entry->job->always |= ask->always;
    return rc;
}

int service_fit(struct service *service, const char *id, bool full, fit_done done, void *ctx,
                struct err *err)
{
    return service_fit_as(service, id, &(struct fit_ask){.full = full}, done, ctx, err);
}
