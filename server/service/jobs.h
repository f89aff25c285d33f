/* The table of jobs. Knows ids, order, age and who waits for an end; refuses to know what a job
 * does (job_start.c and job_end.c move every job through its phases, fit_*.c and backtest.c do the
 * rest). Surprising: a job outlives its place in the table while a worker or the store still holds
 * it (pins), so that whatever comes back late finds something. */
#ifndef SERVER_SERVICE_JOBS_H
#define SERVER_SERVICE_JOBS_H

#include "server/service/parts.h"
#include "server/train/backtest_task.h"
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
    enum job_state ended_as; /* since PHASE_ENDING; row.state is what is on the disk … */
    int64_t ended_at;        /* … and row.finished_at likewise */
    enum pool_priority priority;
    bool always;     /* a fit: published, better or not; forgotten by a restart */
    uint64_t client; /* whose turn and whose share of the queue it takes */
    size_t pins; /* the store's and the pool's holds on this struct */
    bool gone;   /* out of the table: its series was deleted */
    bool cancel_asked;
    struct pool_task *task;              /* at the pool, or NULL; it belongs to … */
    struct fit_task *fit;                /* … one of these */
    struct backtest_task *backtest;
    void (*submit)(struct job *job);     /* fit_submit or backtest_submit */
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

/* A pending job with an id of its own, in the table; takes the request (malloc or NULL) on success. NULL
 * when out of memory. */
struct job *job_new(struct service *service, const struct entry *entry, enum job_kind kind, bool full,
                    uint64_t client, char *request);
/* One that an earlier process left unfinished; the row's texts are copied. NULL when out of memory. */
struct job *job_restore(struct service *service, const struct entry *entry,
                        const struct job_row *row);
/* One that ended in an earlier process, told newest first; texts likewise. *ret_kept false: it and all older
 * ones are over the limits. False when out of memory. */
bool job_remember(struct service *service, const struct entry *entry, const struct job_row *row,
                  bool *ret_kept);
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

/* The series was deleted: its jobs are gone, and their tasks are told to stop. */
void jobs_forget(struct service *service, int64_t series_key);
void jobs_drain(struct service *service);
void jobs_count(const struct service *service, size_t *by_state);
void jobs_free(struct service *service);

/* ---- job_start.c ---- */

/* 0, or -1 with ERR_BUSY where as many jobs are unfinished as may be, or as many of the client's as its share
 * of the queue. background: nobody asks. */
SERVICE_MUST int job_check_room(const struct service *service, uint64_t client, bool background,
                                struct err *err);
/* Makes a new job durable, then tells the waiter (may be NULL; taken on success) and submits it. On failure
 * the job is gone. */
SERVICE_MUST int job_begin(struct job *job, struct fit_waiter *waiter, struct err *err);
/* A new waiter, or NULL with ERR_NO_MEMORY. */
struct fit_waiter *job_waiter(fit_done done, void *ctx, struct err *err);
/* Tells everybody who waits for the job to be durable. */
void job_tell_created(struct job *job, const struct err *err);
/* Gives a task to the workers; run is its own, called by lent() (which knows how to get from the task to the
 * job) after job_began; lent NULL: it has begun before. On failure the task stays the caller's. */
SERVICE_MUST int job_lend(struct job *job, struct pool_task *task,
                          void (*lent)(struct pool_task *task), struct err *err);
/* After job_returned: gives an unfinished task back for its next slice, unless the job is to end. */
bool job_goes_on(struct job *job, struct pool_task *task, bool unfinished);
/* On the worker: the first word. */
void job_began(struct job *job);
/* The task has come back. */
void job_returned(struct job *job);

/* ---- job_end.c ---- */

/* Ends a job in a state, with words for a failure (or ""): stores the row, then tells. Not from
 * inside a call that somebody gave a callback to. */
void job_end(struct job *job, enum job_state state, const char *error);

/* The job's task hangs: it ends as failed now, whatever comes of the task. */
void job_give_up(struct job *job, const char *error);

/* ---- backtest.c ---- */

void backtest_submit(struct job *job);

/* ---- fit_end.c ---- */

/* What a fit's task does when it has ended. */
void fit_deliver(struct message *message);

#endif
