/* The first half of a fit: its job becomes durable, then a worker gets the values. Who asks for a
 * fit of a series that has one in flight joins that one. */
#include "server/service/jobs.h"

#include "server/base/clock.h"

#include <stdlib.h>
#include <string.h>

/* ---- on a worker ---- */

static void run(struct pool_task *pool_task)
{
    struct job *job = ((struct fit_task *)pool_task)->owner;

    mailbox_post(job->service->mailbox, &job->started);
    job->run(pool_task);
}

static void running_stored(void *ctx, struct store_result *result)
{
    struct job *job = ctx;

    store_ended(job->service, result);
    job_unpin(job);
}

/* The worker's first word. A row that cannot be stored changes nothing: the job stays unfinished
 * there. */
static void begun(struct message *message)
{
    struct job *job = (struct job *)((char *)message - offsetof(struct job, started));
    struct entry *entry = job_entry(job);
    struct err err;

    if (!job->task || !entry || entry->deleting)
        return;
    job->row.state = JOB_RUNNING;
    job->row.started_at = clock_wall_ms();
    (void)!job_store(job, running_stored, &err);
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
    task->fresh = base ? fresh_steps(entry) : 0;
    task->budget_ns = (uint64_t)job->service->config->fit_budget_ms * 1000000;
    task->owner = job;
    task->task.priority = job->priority;
    job->run = task->task.run;
    task->task.run = run;
    return task;
}

static int submit(struct job *job, struct entry *entry, struct err *err)
{
    if (history_check_enough(entry, err))
        return -1;
    struct fit_task *task = make_task(job, entry);
    if (!task)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    job->started.deliver = begun;
    if (pool_submit(job->service->pool, &task->task, err)) {
        fit_task_free(task);
        return -1;
    }
    job->task = task;
    job_pin(job);
    job->service->task_n++;
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

static void tell_created(struct job *job, const struct err *err)
{
    struct fit_waiter *waiter;

    while ((waiter = job->fit_waiters)) {
        job->fit_waiters = waiter->next;
        waiter->done(waiter->ctx, err, err ? NULL : job->row.id);
        free(waiter);
    }
}

/* The job's row was refused: there is no job. */
static void not_created(struct job *job, const struct err *err)
{
    struct entry *entry = job_entry(job);

    if (entry)
        entry->job = NULL;
    if (!job->gone)
        job_drop(job);
    tell_created(job, err);
    job_tell_cancelled(job, err);
    job_tell_watches(job);
    job->service->behind = true; /* whoever looks on next tries again */
    job->service->behind_at = 0;
}

static void created(void *ctx, struct store_result *result)
{
    struct job *job = ctx;

    store_ended(job->service, result);
    if (result->err.code != ERR_NONE) {
        not_created(job, &result->err);
    } else {
        tell_created(job, NULL);
        job->phase = PHASE_WAITING;
        if (job->cancel_asked)
            job_end(job, JOB_CANCELLED, "");
        else if (!job->service->draining)
            fit_submit(job);
    }
    job_unpin(job);
}

static int check_room(const struct service *service, struct err *err)
{
    if (service->job_unfinished_n >= service->config->jobs_queue_max)
        return err_set(err, ERR_BUSY, "%zu fits are waiting, which is the most; try later",
                       service->job_unfinished_n);
    return 0;
}

int fit_start(struct service *service, struct entry *entry, bool full, enum pool_priority priority,
              struct fit_waiter *waiter, struct err *err)
{
    if (check_open(service, err) || history_check_enough(entry, err) || check_room(service, err))
        return -1;
    if (entry->restoring)
        return err_set(err, ERR_CONFLICT, "a checkpoint is being restored: try again when it is");
    struct job *job = job_new(service, entry, full);
    if (!job)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    job->priority = priority;
    if (job_store(job, created, err)) {
        job_drop(job);
        return -1;
    }
    job->fit_waiters = waiter;
    entry->job = job;
    return 0;
}

/* ---- a fit that somebody asks for ---- */

/* Storing the row once more is how the caller hears, after everything before it is durable. */
static void stored_again(void *ctx, struct store_result *result)
{
    struct job *job = ctx;

    store_ended(job->service, result);
    tell_created(job, result->err.code == ERR_NONE ? NULL : &result->err);
    job_unpin(job);
}

static int join_fit(struct job *job, struct fit_waiter *waiter, struct err *err)
{
    if (job->phase != PHASE_CREATING && job_store(job, stored_again, err))
        return -1;
    waiter->next = job->fit_waiters;
    job->fit_waiters = waiter;
    return 0;
}

int service_fit(struct service *service, const char *id, bool full, fit_done done, void *ctx,
                struct err *err)
{
    struct entry *entry = find_writable(service, id, err);

    if (!entry)
        return -1;
    struct fit_waiter *waiter = malloc(sizeof *waiter);
    if (!waiter)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *waiter = (struct fit_waiter){NULL, done, ctx};
    int rc = entry->job ? join_fit(entry->job, waiter, err)
                        : fit_start(service, entry, full, POOL_FIT, waiter, err);
    if (rc)
        free(waiter);
    return rc;
}
