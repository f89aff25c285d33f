/* The table: an array by id. Ids begin with the time, so the array is also by age and a new job
 * goes to its end. */
#include "server/service/jobs.h"

#include "server/base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Position of the first job with an id >= id. */
static size_t position(const struct service *service, const char *id)
{
    size_t low = 0, high = service->job_n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(service->jobs[middle]->row.id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct job *job_find(const struct service *service, const char *id)
{
    size_t at = position(service, id);

    if (at < service->job_n && strcmp(service->jobs[at]->row.id, id) == 0)
        return service->jobs[at];
    return NULL;
}

static bool insert(struct service *service, struct job *job)
{
    if (service->job_n == service->job_capacity) {
        size_t capacity = service->job_capacity ? service->job_capacity * 2 : 64;
        struct job **jobs = realloc(service->jobs, capacity * sizeof(struct job *));
        if (!jobs)
            return false;
        service->jobs = jobs;
        service->job_capacity = capacity;
    }
    size_t at = position(service, job->row.id);
    memmove(service->jobs + at + 1, service->jobs + at,
            (service->job_n - at) * sizeof(struct job *));
    service->jobs[at] = job;
    service->job_n++;
    service->job_unfinished_n++;
    return true;
}

static void take_out(struct job *job)
{
    struct service *service = job->service;
    size_t at = position(service, job->row.id);

    service->job_n--;
    memmove(service->jobs + at, service->jobs + at + 1,
            (service->job_n - at) * sizeof(struct job *));
}

/* 16 hex digits: the wall clock's ms, then a count, always larger than any before. */
static uint64_t next_id(struct service *service)
{
    uint64_t now = (uint64_t)clock_wall_ms() << 16;

    service->job_last_id = now > service->job_last_id ? now : service->job_last_id + 1;
    return service->job_last_id;
}

static struct job *make(struct service *service, const struct entry *entry, uint64_t client,
                        const struct job_row *row)
{
    struct job *job = calloc(1, sizeof *job);

    if (!job)
        return NULL;
    job->service = service;
    job->row = *row;
    job->submit = row->kind == JOB_BACKTEST ? backtest_submit : fit_submit;
    job->loss = (double)NAN;
    snprintf(job->series_id, sizeof job->series_id, "%s", entry->id);
    job->client = client;
    if (!shares_take(&service->job_shares, client)) {
        free(job);
        return NULL;
    }
    if (!insert(service, job)) {
        shares_give(&service->job_shares, client);
        free(job);
        return NULL;
    }
    return job;
}

struct job *job_new(struct service *service, const struct entry *entry, enum job_kind kind, bool full,
                    uint64_t client, char *request)
{
    struct job_row row = {.series_key = entry->key,
                          .kind = kind,
                          .full = full,
                          .request = request,
                          .state = JOB_PENDING,
                          .created_at = clock_wall_ms()};

    snprintf(row.id, sizeof row.id, "%016llx", (unsigned long long)next_id(service));
    return make(service, entry, client, &row);
}

/* A job of an earlier process's row, with texts of its own. */
static struct job *make_again(struct service *service, const struct entry *entry,
                              const struct job_row *row)
{
    struct job_row fresh = *row;
    uint64_t id = strtoull(row->id, NULL, 16);

    service->job_last_id = id > service->job_last_id ? id : service->job_last_id;
    fresh.request = row->request ? strdup(row->request) : NULL;
    fresh.result = row->result ? strdup(row->result) : NULL;
    bool copied = (!row->request || fresh.request) && (!row->result || fresh.result);
    struct job *job = copied ? make(service, entry, 0, &fresh) : NULL;
    if (!job) {
        free(fresh.request);
        free(fresh.result);
    }
    return job;
}

struct job *job_restore(struct service *service, const struct entry *entry,
                        const struct job_row *row)
{
    struct job_row fresh = *row;

    fresh.state = JOB_PENDING;
    fresh.started_at = 0;
    fresh.result = NULL;
    struct job *job = make_again(service, entry, &fresh);
    if (job)
        job->phase = PHASE_WAITING;
    return job;
}

bool job_remember(struct service *service, const struct entry *entry, const struct job_row *row,
                  bool *ret_kept)
{
    size_t bytes = row->result ? strlen(row->result) + 1 : 0;

    *ret_kept = service->job_n - service->job_unfinished_n < JOBS_FINISHED_MAX &&
                service->job_result_bytes + bytes <= JOBS_RESULT_BYTES_MAX;
    if (!*ret_kept)
        return true;
    struct job *job = make_again(service, entry, row);
    if (!job)
        return false;
    job->ended_as = row->state;
    job->ended_at = row->finished_at;
    job_count_ended(job);
    return true;
}

static void job_free(struct job *job)
{
    model_ref_unref(job->model);
    free(job->row.request);
    free(job->row.result);
    free(job);
}

void job_pin(struct job *job)
{
    job->pins++;
}

void job_unpin(struct job *job)
{
    if (--job->pins == 0 && job->gone)
        job_free(job);
}

static size_t result_bytes(const struct job *job)
{
    return job->row.result ? strlen(job->row.result) + 1 : 0;
}

/* It is unfinished no more. */
static void count_out(struct job *job)
{
    job->service->job_unfinished_n--;
    shares_give(&job->service->job_shares, job->client);
}

void job_drop(struct job *job)
{
    take_out(job);
    if (job->phase != PHASE_ENDED)
        count_out(job);
    else
        job->service->job_result_bytes -= result_bytes(job);
    job->gone = true;
    job_pin(job);
    job_unpin(job);
}

int job_store(struct job *job, store_done done, struct err *err)
{
    if (store_put_job(job->service->store, &job->row, done, job, err))
        return -1;
    store_began(job->service);
    job_pin(job);
    return 0;
}

void job_tell_watches(struct job *job)
{
    struct job_watch *watch;

    while ((watch = job->watches)) {
        void (*on_end)(void *ctx) = watch->on_end;
        void *ctx = watch->ctx;
        job->watches = watch->next;
        free(watch);
        on_end(ctx);
    }
}

void job_tell_cancelled(struct job *job, const struct err *err)
{
    struct cancel_waiter *waiter;

    while ((waiter = job->cancel_waiters)) {
        job->cancel_waiters = waiter->next;
        waiter->done(waiter->ctx, err);
        free(waiter);
    }
}

static bool too_many_ended(const struct service *service)
{
    return service->job_n - service->job_unfinished_n > JOBS_FINISHED_MAX ||
           service->job_result_bytes > JOBS_RESULT_BYTES_MAX;
}

void job_count_ended(struct job *job)
{
    struct service *service = job->service;
    size_t at = 0;

    job->phase = PHASE_ENDED;
    count_out(job);
    service->job_result_bytes += result_bytes(job);
    while (at < service->job_n && too_many_ended(service)) {
        struct job *oldest = service->jobs[at];
        if (oldest->phase == PHASE_ENDED && oldest->pins == 0 && !oldest->watches)
            job_drop(oldest);
        else
            at++;
    }
}

/* One job of a deleted series, already out of the table. */
static void forget(struct job *job)
{
    struct err err;

    err_set(&err, ERR_NOT_FOUND, "the series was deleted");
    job_pin(job);
    if (job->task)
        pool_cancel(job->service->pool, job->task);
    job_tell_cancelled(job, &err);
    job_tell_watches(job);
    job_unpin(job);
}

void jobs_forget(struct service *service, int64_t series_key)
{
    for (size_t i = 0; i < service->job_n;) {
        struct job *job = service->jobs[i];
        if (job->row.series_key != series_key) {
            i++;
            continue;
        }
        job_pin(job);
        job_drop(job);
        forget(job);
        job_unpin(job);
    }
}

void jobs_drain(struct service *service)
{
    for (size_t i = 0; i < service->job_n; i++) {
        struct job *job = service->jobs[i];
        if (job->task)
            pool_cancel(service->pool, job->task);
        job_tell_watches(job);
    }
}

void jobs_count(const struct service *service, size_t *by_state)
{
    for (size_t i = 0; i < service->job_n; i++)
        by_state[service->jobs[i]->row.state]++;
}

void jobs_free(struct service *service)
{
    for (size_t i = 0; i < service->job_n; i++)
        job_free(service->jobs[i]);
    free(service->jobs);
}
