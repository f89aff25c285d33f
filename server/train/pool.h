/* The worker pool. Knows threads, priorities and cancellation; refuses to know what a task computes.
 * Surprising: workers run at their own, lower scheduling priority and take no lock that the loop waits
 * for while computing, so a poll is answered within a millisecond while every core trains.
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

/* Lower value runs first; within one, first come first served. */
enum pool_priority {
    POOL_FORECAST,  /* somebody waits for it */
    POOL_FIRST_FIT, /* the series has no model yet */
    POOL_FIT,       /* asked for */
    POOL_REFIT,     /* the policy's idea */
    POOL_RECORD,    /* a forecast for the record */
    POOL_FLEET,     /* nobody waits for it */
    POOL_PRIORITIES
};

/* Embedded in the submitter's own struct. */
struct pool_task {
    struct message message; /* deliver is set by the submitter; posted when the task has ended */
    struct pool_task *next; /* the pool's */
    enum pool_priority priority;
    void (*run)(struct pool_task *task); /* on a worker; should look at `cancel` every few ms */
    atomic_bool cancel;
    bool started; /* run was called; false in deliver: cancelled while queued */
};

struct pool_options {
    unsigned workers;    /* 0: usable cores (cgroup quota and affinity respected) - 1, at least 1 */
    size_t queue_max;    /* tasks waiting; 0: 10,000 */
};

__attribute__((warn_unused_result)) int pool_new(const struct pool_options *options,
                                                 struct mailbox *mailbox, struct pool **ret,
                                                 struct err *err);

/* Loop's thread. Returns 0, or -1 with ERR_BUSY (queue full) or ERR_UNAVAILABLE (stopping); the task
 * stays the caller's then. */
__attribute__((warn_unused_result)) int pool_submit(struct pool *pool, struct pool_task *task,
                                                    struct err *err);

/* Loop's thread. A queued task is taken out and its message posted; a running one is told. */
void pool_cancel(struct pool *pool, struct pool_task *task);

/* Loop's thread. Sets cancel on everything, waits for the workers, posts every message. Then drain the
 * mailbox before pool_free. */
void pool_stop(struct pool *pool);

/* Accepts NULL. */
void pool_free(struct pool *pool);

struct pool_stats {
    unsigned workers;
    size_t queued, running;
    uint64_t done;
    uint64_t cpu_ns; /* of the workers' threads, finished tasks only */
};
void pool_stats(struct pool *pool, struct pool_stats *ret);

/* How many workers "0" means here. */
unsigned pool_default_workers(void);

#endif
