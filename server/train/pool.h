/* The worker pool. Knows threads, cancellation and which workers hang; refuses to know what a task computes
 * and who is next (queue.h). Surprising: workers run at their own, lower scheduling priority and take no lock
 * that the loop waits for while computing: a poll is answered within a millisecond while every core trains.
 *
 * Ownership: a task submitted belongs to the pool until its message is delivered on the loop; only
 * `cancel` may be set, and the atomics of the progress read, meanwhile. */
#ifndef SERVER_TRAIN_POOL_H
#define SERVER_TRAIN_POOL_H

#include "server/base/mailbox.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pool;

/* Lower value runs first, as long as those below get their share (queue.h); within one, clients in turn. */
enum pool_priority {
    POOL_FORECAST,    /* somebody waits for it */
    POOL_LONG_ANSWER, /* likewise, and it trains or forecasts at many origins */
    POOL_FIRST_FIT,   /* the series has no model yet */
    POOL_FIT,         /* asked for */
    POOL_BACKTEST,    /* asked for, and long */
    POOL_REFIT,       /* the policy's idea */
    POOL_RECORD,      /* a forecast for the record */
    POOL_FLEET,       /* nobody waits for it */
    POOL_PRIORITIES
};

struct pool_lane;

/* Embedded in the submitter's own struct, zeroed before it is filled in. */
struct pool_task {
    struct message message; /* deliver is set by the submitter; posted when the task has ended */
    enum pool_priority priority;
    uint64_t client; /* who asks, a number of the submitter's; 0: nobody */
    bool resumes;    /* a further slice: it goes before the client's other tasks of this priority */
    void (*run)(struct pool_task *task); /* on a worker; looks at `cancel` every few ms, and says each time
                                          * that it goes on (pool_beat) */
    atomic_bool cancel;
    bool started; /* run was called; false in deliver: cancelled while queued */
    bool hung;    /* pool_watch has told so; the loop's to read until deliver */
    /* The pool's. */
    struct pool_task *next, *before;
    struct pool_lane *lane;
    int64_t paid_ns;
    _Atomic uint32_t beats;
};

/* On the worker that runs the task. */
static inline void pool_beat(struct pool_task *task)
{
    atomic_fetch_add_explicit(&task->beats, 1, memory_order_relaxed);
}

struct pool_options {
    unsigned workers;    /* 0: usable cores (cgroup quota and affinity respected) - 1, at least 1 */
    size_t queue_max;    /* tasks waiting; 0: 10,000 */
};

/* Threads that stand in for hanging ones, as a multiple of the workers: so many are ever started. */
#define POOL_STAND_INS 1

__attribute__((warn_unused_result)) int pool_new(const struct pool_options *options,
                                                 struct mailbox *mailbox, struct pool **ret,
                                                 struct err *err);

/* Loop's thread. Returns 0, or -1 with ERR_BUSY (queue full) or ERR_UNAVAILABLE (stopping); the task
 * stays the caller's then. */
__attribute__((warn_unused_result)) int pool_submit(struct pool *pool, struct pool_task *task,
                                                    struct err *err);

/* Loop's thread. A task that is queued waits among those of another priority, as if it came now. */
void pool_move(struct pool *pool, struct pool_task *task, enum pool_priority priority);

/* Loop's thread. A queued task is taken out and its message posted; a running one is told. */
void pool_cancel(struct pool *pool, struct pool_task *task);

/* Loop's thread, every second or so. A task that has gone elapsed_ns since the last call without a beat, and
 * limit_ns in all, hangs: it is told to stop, marked (task->hung), and written to ret[max]; where threads are
 * left, another one stands in for its worker. Returns how many are newly found. When a hanging task comes
 * back after all it is delivered like any other, and its worker works on or, if another stands in, ends. */
size_t pool_watch(struct pool *pool, uint64_t elapsed_ns, uint64_t limit_ns, struct pool_task **ret,
                  size_t max);

/* Loop's thread. Sets cancel on everything, waits for the workers (for hanging ones too: whoever cannot wait
 * that long ends the process), posts every message. Then drain the mailbox before pool_free. */
void pool_stop(struct pool *pool);

/* Accepts NULL. */
void pool_free(struct pool *pool);

struct pool_stats {
    unsigned workers; /* threads, hanging ones and those that stand in for them among them */
    unsigned stuck;   /* hang */
    size_t queued, running;
    uint64_t done;
    uint64_t cpu_ns; /* of the workers' threads, finished tasks only */
};
void pool_stats(struct pool *pool, struct pool_stats *ret);

/* How many workers "0" means here. */
unsigned pool_default_workers(void);

#endif
