/* A backtest as a task of the pool: drives core's rolling-origin evaluation on a worker. Knows progress,
 * budget and outcome; refuses to know series, jobs and what becomes of the report. Surprising: as a fleet
 * training does, it comes back unfinished after a slice of CPU time and is submitted again, so that a
 * backtest of many seconds never holds up a fit, or another client's backtest. */
#ifndef SERVER_TRAIN_BACKTEST_TASK_H
#define SERVER_TRAIN_BACKTEST_TASK_H

#include "core/rolling.h"
#include "server/train/base_ref.h"
#include "server/train/pool.h"

struct backtest_task {
    struct pool_task task; /* first */
    /* In: set before the first submit. */
    struct trm_rolling *rolling; /* begun; owned by the task */
    struct base_ref *weights;    /* a reference owned by the task, or NULL */
    void *context;               /* what the evaluation's config_at gets; owned, freed by free() */
    uint64_t slice_ns;           /* CPU time after which it comes back */
    uint64_t budget_ns;          /* CPU time of all slices after which it has failed; 0: none */
    /* While running, readable from the loop. */
    _Atomic uint32_t progress_ppm; /* parts per million */
    _Atomic uint64_t windows_done;
    /* Out: valid in deliver. */
    enum { BACKTEST_UNFINISHED, BACKTEST_DONE, BACKTEST_FAILED, BACKTEST_CANCELLED } outcome;
    struct err err;                          /* when BACKTEST_FAILED … */
    bool over_budget;                        /* … for this reason */
    const struct trm_rolling_report *report; /* when BACKTEST_DONE; lives as long as the task */
    uint64_t cpu_ns;                         /* of all slices */
    void *owner;                             /* the submitter's */
};

/* Zeroed, with run and deliver set. NULL when out of memory. */
struct backtest_task *backtest_task_new(void (*deliver)(struct message *message));

/* Frees everything still owned. Accepts NULL. */
void backtest_task_free(struct backtest_task *task);

#endif
