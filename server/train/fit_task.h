/* A fit as a task of the pool: drives core's trm_fit on a worker. Knows inputs, progress and outcome;
 * refuses to know series, jobs and the store. Surprising: the base model is shared with the loop, not
 * copied: it is immutable, and the reference taken here keeps it alive. */
#ifndef SERVER_TRAIN_FIT_TASK_H
#define SERVER_TRAIN_FIT_TASK_H

#include "core/fit.h"
#include "server/train/base_ref.h"
#include "server/train/model_ref.h"
#include "server/train/pool.h"

struct fit_task {
    struct pool_task task; /* first */
    /* In: set before submit. */
    double *values;              /* [n], owned by the task */
    size_t n;
    struct trm_config config;
    struct model_ref *base;      /* a reference owned by the task, or NULL */
    struct base_ref *base_weights; /* kind TRM: a reference to the shared weights, owned; set before submit */
    size_t fresh;                /* new values since base's fit, 0: unknown */
    uint64_t seed;
    uint64_t budget_ns;          /* CPU time after which the fit is stopped as failed; 0: none */
    /* While running, readable from the loop. */
    _Atomic uint32_t progress_ppm; /* parts per million */
    _Atomic uint64_t step;
    _Atomic double loss;
    /* Out: valid in deliver. */
    enum { FIT_DONE, FIT_FAILED, FIT_CANCELLED } outcome;
    struct err err;              /* when FIT_FAILED */
    struct trm_model *model;     /* when FIT_DONE; the receiver's to take (set NULL) */
    void *checkpoint;            /* its encoding, malloc; the receiver's to take (set NULL) */
    size_t checkpoint_n;
    struct trm_fit_report report;
    uint64_t cpu_ns;
    void *owner;                 /* the submitter's */
};

/* Zeroes the task, sets run and deliver. Takes values and base. NULL when out of memory (nothing taken). */
struct fit_task *fit_task_new(double *values, size_t n, const struct trm_config *config,
                              struct model_ref *base, uint64_t seed,
                              void (*deliver)(struct message *message));

/* Frees everything still owned. Accepts NULL. */
void fit_task_free(struct fit_task *task);

#endif
