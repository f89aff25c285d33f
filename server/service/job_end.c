/* The end of every job: its last row becomes durable, then whoever waits is told. Knows outcomes; refuses to
 * know what was computed. Surprising: until that row is on the disk a job is shown as it was before, so that
 * an end that somebody saw is there after a crash. */
#include "server/service/jobs.h"

#include "server/base/clock.h"
#include "server/train/policy.h"

#include <stdio.h>

struct entry *job_entry(const struct job *job)
{
    return job->gone ? NULL : registry_by_key(job->service->registry, job->row.series_key);
}

static void tell_end(struct job *job, const struct err *err)
{
    job->row.state = job->ended_as;
    job->row.finished_at = job->ended_at;
    if (!job->gone)
        job_count_ended(job);
    job_tell_cancelled(job, err);
    job_tell_watches(job);
    fleet_consider(job->service);
    fit_catch_up(job->service); /* there is room for another now */
}

static void end_stored(void *ctx, struct store_result *result)
{
    struct job *job = ctx;

    store_ended(job->service, result);
    tell_end(job, result->err.code == ERR_NONE ? NULL : &result->err);
    job_unpin(job);
}

/* The store took no more requests: the job has ended all the same, and runs again after a restart.
 */
static void end_untold(struct message *message)
{
    struct job *job = (struct job *)((char *)message - offsetof(struct job, told));
    struct err err;

    job->service->owed_n--;
    err_set(&err, ERR_BUSY, "the end of the job could not be stored");
    tell_end(job, &err);
    job_unpin(job);
}

static void count_outcome(struct counters *counters, enum job_kind kind, enum job_state state)
{
    static const enum counter which[][3] = {
        [JOB_FIT] = {COUNTER_FITS_SUCCEEDED, COUNTER_FITS_FAILED, COUNTER_FITS_CANCELLED},
        [JOB_BACKTEST] = {COUNTER_BACKTESTS_SUCCEEDED, COUNTER_BACKTESTS_FAILED,
                          COUNTER_BACKTESTS_CANCELLED}};

    counters_add(counters, which[kind][state - JOB_SUCCEEDED], 1);
}

/* The last row, and back to what is shown meanwhile. */
static int store_end(struct job *job, struct err *err)
{
    struct job_row shown = job->row;

    job->row.state = job->ended_as;
    job->row.finished_at = job->ended_at;
    int rc = job_store(job, end_stored, err);
    job->row.state = shown.state;
    job->row.finished_at = shown.finished_at;
    return rc;
}

/* A failure is not repeated at once; who cancels says nothing about the next time. */
static void note_outcome(struct service *service, struct entry *entry, enum job_state state)
{
    if (state == JOB_SUCCEEDED)
        entry->fit_failures = 0;
    if (state != JOB_FAILED)
        return;
    entry->fit_failures++;
    entry->fit_retry_ns = clock_mono_ns() + policy_rest_ns(entry->fit_failures);
    if (!service->retry_ns || entry->fit_retry_ns < service->retry_ns)
        service->retry_ns = entry->fit_retry_ns;
}

void job_end(struct job *job, enum job_state state, const char *error)
{
    struct service *service = job->service;
    struct entry *entry = job_entry(job);
    struct err err;

    count_outcome(service->counters, job->row.kind, state);
    if (state == JOB_CANCELLED && job->row.started_at)
        counters_add(service->counters, COUNTER_STOPPED_CANCELLED, 1);
    job->phase = PHASE_ENDING;
    job->ended_as = state;
    job->ended_at = clock_wall_ms();
    snprintf(job->row.error, sizeof job->row.error, "%s", error);
    if (entry && entry->job == job) {
        entry->job = NULL;
        note_outcome(service, entry, state);
    }
    if (store_end(job, &err)) {
        job->told.deliver = end_untold;
        job_pin(job);
        service->owed_n++;
        mailbox_post(service->mailbox, &job->told);
    }
}

void job_give_up(struct job *job, const char *error)
{
    if (job->phase == PHASE_WAITING && job_entry(job))
        job_end(job, JOB_FAILED, error);
}
