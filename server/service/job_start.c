/* The first half of every job: its row becomes durable, then a worker gets its task. Knows who waits for
 * what; refuses to know what is computed. */
#include "server/service/jobs.h"

#include "server/base/clock.h"

#include <stdlib.h>

/* ---- a worker begins ---- */

void job_began(struct job *job)
{
    mailbox_post(job->service->mailbox, &job->started);
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

    if (!job->task || job->phase != PHASE_WAITING || !entry || entry->deleting)
        return;
    job->row.state = JOB_RUNNING;
    job->row.started_at = clock_wall_ms();
    (void)!job_store(job, running_stored, &err);
}

int job_lend(struct job *job, struct pool_task *task, void (*lent)(struct pool_task *task),
             struct err *err)
{
    task->priority = job->priority;
    task->client = job->client;
    job->run = task->run;
    if (lent)
        task->run = lent;
    job->started.deliver = begun;
    if (pool_submit(job->service->pool, task, err)) {
        task->run = job->run;
        return -1;
    }
    job->task = task;
    job_pin(job);
    job->service->task_n++;
    return 0;
}

void job_returned(struct job *job)
{
    job->service->task_n--;
    job->task = NULL;
}

bool job_goes_on(struct job *job, struct pool_task *task, bool unfinished)
{
    struct err ignored; /* no room, which there always is: it runs again after the next start */

    if (!unfinished || job->cancel_asked || !job_entry(job) || job->service->draining ||
        job->phase != PHASE_WAITING)
        return false;
    task->run = job->run; /* its beginning was told with the first slice */
    task->resumes = true;
    return job_lend(job, task, NULL, &ignored) == 0;
}

/* ---- creation ---- */

struct fit_waiter *job_waiter(fit_done done, void *ctx, struct err *err)
{
    struct fit_waiter *waiter = malloc(sizeof *waiter);

    if (waiter)
        *waiter = (struct fit_waiter){NULL, done, ctx};
    else
        err_set(err, ERR_NO_MEMORY, "out of memory");
    return waiter;
}

void job_tell_created(struct job *job, const struct err *err)
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

    if (entry && entry->job == job)
        entry->job = NULL;
    if (!job->gone)
        job_drop(job);
    job_tell_created(job, err);
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
        job_tell_created(job, NULL);
        job->phase = PHASE_WAITING;
        if (job->cancel_asked)
            job_end(job, JOB_CANCELLED, "");
        else if (!job->service->draining)
            job->submit(job);
    }
    job_unpin(job);
}

int job_check_room(const struct service *service, uint64_t client, bool background, struct err *err)
{
    size_t n = service->job_unfinished_n, max = service->config->jobs_queue_max,
           own = shares_of(&service->job_shares, client);

    if (n >= max)
        return err_set(err, ERR_BUSY, "%zu jobs are waiting, which is the most; try later", n);
    if (!shares_allow(own, n, max, background))
        return err_set(err, ERR_BUSY,
                       "%zu of the %zu jobs that wait are this client's, which is its share of the queue: "
                       "the other %zu places are for others (option jobs-queue-max); try when some ended",
                       own, n, max - n);
    return 0;
}

int job_begin(struct job *job, struct fit_waiter *waiter, struct err *err)
{
    if (job_store(job, created, err)) {
        job_drop(job);
        return -1;
    }
    job->fit_waiters = waiter;
    return 0;
}
