/* The table of jobs. Knows ids, order, age and who waits for an end; refuses to know what a fit
 * does (fit_start.c and fit_end.c move a job through its phases). Surprising: a job outlives its
 * place in the table while a worker or the store still holds it (pins), so that whatever comes back
 * late finds something. */
#ifndef SERVER_SERVICE_JOBS_H
#define SERVER_SERVICE_JOBS_H

#include "server/service/parts.h"
#include "server/train/fit_task.h"

enum job_phase {
    PHASE_CREATING,   /* its row is on the way to the store */
    PHASE_WAITING,    /* durable, with or without a task at the pool */
    PHASE_PUBLISHING, /* its checkpoint is on the way to the store */
    PHASE_ENDING,     /* its last row is on the way to the store */
    PHASE_ENDED,
};

struct cancel_waiter {
    struct cancel_waiter *next;
    plain_done done;
    void *ctx;
};

struct job_watch {
    struct message message; /* for a job that had ended before */
    struct job_watch *next;
    struct job *job;
    void (*on_end)(void *ctx); /* NULL: unwatched while its message was on the way */
    void *ctx;
};

struct job {
    struct job_row row;
    struct service *service;
    char series_id[SERIES_ID_MAX + 1];
    enum job_phase phase;
    enum pool_priority priority;
    size_t pins; /* the store's and the pool's holds on this struct */
    bool gone;   /* out of the table: its series was deleted */
    bool cancel_asked;
    struct fit_task *task;               /* at the pool, or NULL */
    void (*run)(struct pool_task *task); /* the task's own */
    struct message started;              /* from the worker that begins it */
    struct message told;     /* to ourselves, where the store would not take the last row */
    uint64_t base_version;   /* the model's when the fit was given its values … */
    int64_t end;             /* … and the first step that was not among them */
    struct model_ref *model; /* being published … */
    int64_t model_at;        /* … since then, UTC ms */
    struct fit_waiter *fit_waiters;
    struct cancel_waiter *cancel_waiters;
    struct job_watch *watches;
    double progress, loss; /* when the task ended */
    uint64_t step;
};

/* A pending job with an id of its own, in the table. NULL when out of memory. */
struct job *job_new(struct service *service, const struct entry *entry, bool full);
/* One that an earlier process left unfinished. NULL when out of memory. */
struct job *job_restore(struct service *service, const struct entry *entry,
                        const struct job_row *row);
/* Takes it out of the table and frees it, at once or when the last pin goes. */
void job_drop(struct job *job);
void job_pin(struct job *job);
void job_unpin(struct job *job);

/* The series' entry, or NULL when the series was deleted. */
struct entry *job_entry(const struct job *job);

struct job *job_find(const struct service *service, const char *id);

/* Stores the job's row as it is now. */
SERVICE_MUST int job_store(struct job *job, store_done done, struct err *err);

/* Tells everybody who waits for the job's end or its cancellation. err: NULL, or why that failed.
 */
void job_tell_watches(struct job *job);
void job_tell_cancelled(struct job *job, const struct err *err);

/* Takes the ended job out of the unfinished ones and forgets the oldest ended ones over the limit.
 */
void job_count_ended(struct job *job);

/* The series was deleted: its jobs are gone, and its fit is told to stop. */
void jobs_forget(struct service *service, int64_t series_key);
void jobs_drain(struct service *service);
void jobs_count(const struct service *service, size_t *by_state);
void jobs_free(struct service *service);

/* ---- fit_end.c ---- */

/* What a fit's task does when it has ended. */
void fit_deliver(struct message *message);

/* Ends a job in a state, with words for a failure (or ""): stores the row, then tells. Not from
 * inside a call that somebody gave a callback to. */
void job_end(struct job *job, enum job_state state, const char *error);

#endif
