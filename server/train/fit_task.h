/* A fit as a task of the pool: drives core's trm_fit on a worker. Knows inputs, progress, outcome and what a
 * fit may use up; refuses to know series, jobs and the store. Surprising: most fits end in one go, but a
 * long one comes back unfinished after a slice of CPU time and is submitted again, so that it holds up nobody
 * else's. The base model is shared with the loop, not copied: the reference taken here keeps it alive. */
#ifndef SERVER_TRAIN_FIT_TASK_H
#define SERVER_TRAIN_FIT_TASK_H

#include "core/fit.h"
#include "server/train/base_ref.h"
#include "server/train/model_ref.h"
#include "server/train/pool.h"

/* Wall-clock time over CPU time beyond which a fit that has a budget is stopped. */
#define FIT_PATIENCE 20

struct fit_task {
    struct pool_task task; /* first */
    /* In: set before submit. */
    double *values;              /* [n], owned by the task */
    size_t n;
    struct trm_config config;
    struct model_ref *base;      /* a reference owned by the task, or NULL */
    struct base_ref *base_weights; /* kind TRM: a reference to the shared weights, owned; set before submit */
    struct model_ref *champion;  /* the model that answers, a reference owned by the task, or NULL … */
    size_t unseen;               /* … and new values that it has not seen, 0: unknown */
    size_t fresh;                /* new values since base's fit, 0: unknown */
    uint64_t seed;
    uint64_t slice_ns;           /* CPU time after which it comes back; 0: never */
    uint64_t budget_ns;          /* CPU time of all slices after which the fit is stopped as failed; 0: none.
                                  * On a worker it may spend FIT_PATIENCE times as long */
    /* While running, readable from the loop. */
    _Atomic uint32_t progress_ppm; /* parts per million */
    _Atomic uint64_t step;
    _Atomic double loss;
    /* Out: valid in deliver. */
    enum { FIT_UNFINISHED, FIT_DONE, FIT_FAILED, FIT_CANCELLED } outcome;
    struct err err;              /* when FIT_FAILED … */
    enum { FIT_NOT_STOPPED, FIT_DIVERGED, FIT_OVER_BUDGET } stopped; /* … and whether one of these is why */
    struct trm_model *model;     /* when FIT_DONE; the receiver's to take (set NULL) */
    void *checkpoint;            /* its encoding, malloc; the receiver's to take (set NULL) */
    size_t checkpoint_n;
    struct trm_fit_report report;
    uint64_t cpu_ns, wall_ns;    /* of all slices */
    struct trm_fit *fit;         /* the state between slices */
    void *owner;                 /* the submitter's */
};

/* Zeroes the task, sets run and deliver. Takes values and base. NULL when out of memory (nothing taken). */
struct fit_task *fit_task_new(double *values, size_t n, const struct trm_config *config,
                              struct model_ref *base, uint64_t seed,
                              void (*deliver)(struct message *message));

/* Frees everything still owned. Accepts NULL. */
void fit_task_free(struct fit_task *task);

#endif
