/* The second half of a fit: a worker is done, the checkpoint becomes durable, the entry gets the
 * new model, the job's end becomes durable. Between any two of these the series may have been
 * deleted: everything is looked up again by key. */
#include "server/service/jobs.h"

#include "server/base/clock.h"
#include "server/service/fit_result.h"

#include <stdlib.h>

/* ---- publication ---- */

static void swap_model(struct job *job, struct entry *entry, uint64_t version)
{
    job->service->model_n += entry->model == NULL;
    model_ref_unref(entry->model);
    entry->model = job->model;
    job->model = NULL;
    entry->model_version = entry->version_seen = version;
    entry->model_at = job->model_at;
    entry->model_end = job->end;
    entry->fits_refused = 0;
}

static void published(void *ctx, struct store_result *result)
{
    struct job *job = ctx;
    struct entry *entry = job_entry(job);

    store_ended(job->service, result);
    if (!entry) {
        counters_add(job->service->counters, COUNTER_RESULTS_DROPPED, 1);
    } else if (result->err.code != ERR_NONE) {
        job_end(job, JOB_FAILED, result->err.msg);
    } else {
        swap_model(job, entry, entry->version_seen + 1);
        job_end(job, JOB_SUCCEEDED, "");
        if (!entry_model(job->service, entry)) /* the settings were changed meanwhile */
            fit_consider(job->service, entry);
    }
    job_unpin(job);
}

/* The model that answers is better than the one that was fitted, and stays. */
static int keep(struct job *job, struct entry *entry, const struct fit_task *task)
{
    job->row.result = malloc(JOB_FIT_RESULT_MAX + 1);
    if (!job->row.result)
        return -1;
    entry->fits_refused++;
    counters_add(job->service->counters, COUNTER_FITS_NOT_PUBLISHED, 1);
    fit_result_write(task, entry->model_version, FIT_NOT_PUBLISHED, job->row.result, JOB_FIT_RESULT_MAX + 1);
    job_end(job, JOB_SUCCEEDED, "");
    return 0;
}

/* What becomes of a fit, by what its duel says. */
static enum fit_verdict verdict(const struct job *job, const struct entry *entry, const struct fit_task *task)
{
    if (!task->report.duel.worse || !entry_model(job->service, entry))
        return FIT_PUBLISHED;
    if (job->always)
        return FIT_PUBLISHED_AS_ASKED;
    return entry->fits_refused < FIT_REFUSED_MAX ? FIT_NOT_PUBLISHED : FIT_PUBLISHED_AT_LAST;
}

static int publish(struct job *job, struct entry *entry, struct fit_task *task, struct err *err)
{
    struct service *service = job->service;
    void *checkpoint = task->checkpoint;

    if (entry->model_version != job->base_version) {
        counters_add(service->counters, COUNTER_RESULTS_DROPPED, 1);
        return err_set(err, ERR_CONFLICT, "another model was published while this one was fitted");
    }
    job->row.result = malloc(JOB_FIT_RESULT_MAX + 1);
    job->model = job->row.result ? model_ref_new(task->model) : NULL;
    if (!job->model)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    task->model = NULL;
    task->checkpoint = NULL;
    fit_result_write(task, entry->version_seen + 1, verdict(job, entry, task), job->row.result,
                     JOB_FIT_RESULT_MAX + 1);
    job->model_at = clock_wall_ms();
    if (store_put_checkpoint(service->store, entry->key, entry->version_seen + 1, job->model_at,
                             checkpoint, task->checkpoint_n, published, job, err))
        return -1;
    store_began(service);
    job_pin(job);
    job->phase = PHASE_PUBLISHING;
    return 0;
}

/* ---- what comes back from a worker ---- */

static void finish_done(struct job *job, struct fit_task *task)
{
    struct entry *entry = job_entry(job);
    struct err err;

    if (entry->model_version == job->base_version && verdict(job, entry, task) == FIT_NOT_PUBLISHED &&
        keep(job, entry, task) == 0)
        return;
    if (publish(job, entry, task, &err)) {
        free(job->row.result);
        job->row.result = NULL;
        job_end(job, JOB_FAILED, err.msg);
    }
}

static void count_stopped(struct counters *counters, const struct fit_task *task)
{
    if (task->stopped == FIT_DIVERGED)
        counters_add(counters, COUNTER_STOPPED_DIVERGED, 1);
    if (task->stopped == FIT_OVER_BUDGET)
        counters_add(counters, COUNTER_STOPPED_BUDGET, 1);
}

static void finish(struct job *job, struct fit_task *task)
{
    if (!job_entry(job)) {
        counters_add(job->service->counters, COUNTER_RESULTS_DROPPED, 1);
        return;
    }
    if (job->cancel_asked) {
        job_end(job, JOB_CANCELLED, "");
        return;
    }
    switch (task->outcome) {
    case FIT_DONE:
        finish_done(job, task);
        break;
    case FIT_FAILED:
        count_stopped(job->service->counters, task);
        job_end(job, JOB_FAILED, task->err.msg);
        break;
    case FIT_UNFINISHED:
    case FIT_CANCELLED: /* by the drain: unfinished, so that it runs again after the next start */
        job->row.state = JOB_PENDING;
        break;
    }
}

void fit_deliver(struct message *message)
{
    struct fit_task *task = (struct fit_task *)message;
    struct job *job = task->owner;
    struct service *service = job->service;
    double loss = atomic_load(&task->loss);

    job_returned(job);
    job->progress = atomic_load(&task->progress_ppm) * 1e-6;
    job->step = atomic_load(&task->step);
    job->loss = loss;
    if (job_goes_on(job, &task->task, task->outcome == FIT_UNFINISHED)) {
        job_unpin(job);
        return;
    }
    job->fit = NULL;
    if (task->task.started) {
        counters_add(service->counters, COUNTER_WORKER_CPU, task->cpu_ns);
        counters_observe(service->counters, HISTOGRAM_FIT, task->cpu_ns);
    }
    if (job->phase == PHASE_WAITING) /* else it hung, and was given up */
        finish(job, task);
    fit_task_free(task);
    job_unpin(job);
}
