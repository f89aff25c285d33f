/* What may be asked of jobs: show, list, cancel, wait for. */
#include "server/service/jobs.h"

#include "server/base/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int err_no_job(struct err *err, const char *id)
{
    return err_set(err, ERR_NOT_FOUND, "no job \"%.*s\"", JOB_ID_MAX, id);
}

static double eta_s(const struct job *job, double progress)
{
    if (job->row.state != JOB_RUNNING || !(progress > 0))
        return (double)NAN;
    double elapsed_ms = (double)(clock_wall_ms() - job->row.started_at);
    return elapsed_ms > 0 ? elapsed_ms * 1e-3 * (1 - progress) / progress : 0;
}

static void view(const struct job *job, struct job_view *ret)
{
    *ret = (struct job_view){.row = &job->row,
                             .series_id = job->series_id,
                             .progress = job->progress,
                             .step = job->step,
                             .loss = job->loss};
    if (job->fit) {
        ret->progress = atomic_load_explicit(&job->fit->progress_ppm, memory_order_relaxed) * 1e-6;
        ret->step = atomic_load_explicit(&job->fit->step, memory_order_relaxed);
        ret->loss = atomic_load_explicit(&job->fit->loss, memory_order_relaxed);
    } else if (job->backtest) {
        ret->progress =
            atomic_load_explicit(&job->backtest->progress_ppm, memory_order_relaxed) * 1e-6;
        ret->step = atomic_load_explicit(&job->backtest->windows_done, memory_order_relaxed);
    }
    if (job->row.state == JOB_SUCCEEDED)
        ret->progress = 1;
    ret->eta_s = eta_s(job, ret->progress);
}

int service_get_job(struct service *service, const char *job_id, struct job_view *ret,
                    struct err *err)
{
    const struct job *job = job_find(service, job_id);

    if (!job)
        return err_no_job(err, job_id);
    view(job, ret);
    return 0;
}

/* How many jobs are older than the one named (all, without one), whether that is still there or
 * not. */
static size_t older_than(const struct service *service, const char *id)
{
    size_t n = service->job_n;

    while (id && n > 0 && strcmp(service->jobs[n - 1]->row.id, id) >= 0)
        n--;
    return n;
}

void service_list_jobs(struct service *service, const char *after, const char *series_id, int state,
                       bool (*each)(void *ctx, const struct job_view *view), void *ctx)
{
    for (size_t i = older_than(service, after); i-- > 0;) {
        const struct job *job = service->jobs[i];
        struct job_view shown;
        if ((series_id && strcmp(job->series_id, series_id) != 0) ||
            (state >= 0 && job->row.state != (enum job_state)state))
            continue;
        view(job, &shown);
        if (!each(ctx, &shown))
            return;
    }
}

static int check_can_cancel(const struct job *job, struct err *err)
{
    switch (job->phase) {
    case PHASE_CREATING:
    case PHASE_WAITING:
        return 0;
    case PHASE_PUBLISHING:
        return err_set(err, ERR_CONFLICT, "the job has ended: its model is being published");
    case PHASE_ENDING:
    case PHASE_ENDED:
        break;
    }
    return err_set(err, ERR_CONFLICT, "the job has ended already: it %s",
                   job->ended_as == JOB_CANCELLED ? "was cancelled"
                                                  : job_state_name(job->ended_as));
}

int service_cancel_job(struct service *service, const char *job_id, plain_done done, void *ctx,
                       struct err *err)
{
    struct job *job = job_find(service, job_id);

    if (!job)
        return err_no_job(err, job_id);
    if (check_can_cancel(job, err) || check_open(service, err))
        return -1;
    struct cancel_waiter *waiter = malloc(sizeof *waiter);
    if (!waiter)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *waiter = (struct cancel_waiter){job->cancel_waiters, done, ctx};
    job->cancel_waiters = waiter;
    job->cancel_asked = true;
    if (job->task)
        pool_cancel(service->pool, job->task);
    return 0;
}

/* ---- waiting for an end ---- */

static void deliver_late(struct message *message)
{
    struct job_watch *watch = (struct job_watch *)message;
    struct service *service = watch->job->service;

    service->owed_n--;
    job_unpin(watch->job);
    if (watch->on_end)
        watch->on_end(watch->ctx);
    free(watch);
}

int service_watch_job(struct service *service, const char *job_id, void (*on_end)(void *ctx),
                      void *ctx, struct job_watch **ret, struct err *err)
{
    struct job *job = job_find(service, job_id);

    if (!job)
        return err_no_job(err, job_id);
    struct job_watch *watch = malloc(sizeof *watch);
    if (!watch)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    *watch = (struct job_watch){
        .message = {.deliver = deliver_late}, .job = job, .on_end = on_end, .ctx = ctx};
    if (job->phase == PHASE_ENDED || service->draining) {
        job_pin(job);
        service->owed_n++;
        mailbox_post(service->mailbox, &watch->message);
    } else {
        watch->next = job->watches;
        job->watches = watch;
    }
    *ret = watch;
    return 0;
}

void service_unwatch_job(struct service *service, struct job_watch *watch)
{
    (void)service;
    for (struct job_watch **link = &watch->job->watches; *link; link = &(*link)->next)
        if (*link == watch) {
            *link = watch->next;
            free(watch);
            return;
        }
    watch->on_end = NULL; /* its message is on the way and frees it */
}
