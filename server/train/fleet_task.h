/* A fleet training as a task of the pool: drives core's trm_fleet on a worker. Knows sources,
 * progress and outcome; refuses to know series, the store and who wants the result. Surprising: it
 * does not run to its end. After a slice of CPU time it comes back unfinished and is submitted
 * again, behind whatever else waits, so that a training of half a minute never holds up a fit. */
#ifndef SERVER_TRAIN_FLEET_TASK_H
#define SERVER_TRAIN_FLEET_TASK_H

#include "core/fleet.h"
#include "server/train/base_ref.h"
#include "server/train/pool.h"

struct fleet_task {
    struct pool_task task; /* first */
    /* In: set before the first submit; the sources' values are copies of the task's own. */
    struct trm_source *source; /* [source_n], owned */
    double *values;            /* owned */
    size_t source_n;
    struct base_ref *champion; /* a reference owned by the task */
    char name[TRM_BASE_NAME_MAX + 1];
    uint64_t seed;
    uint64_t slice_ns;  /* CPU time after which it comes back */
    uint64_t budget_ns; /* CPU time of all slices after which it has failed; 0: none */
    /* While running, readable from the loop. */
    _Atomic uint32_t progress_ppm;
    /* Out: valid in deliver. */
    enum { FLEET_UNFINISHED, FLEET_DONE, FLEET_FAILED, FLEET_CANCELLED } outcome;
    struct err err;              /* when FLEET_FAILED … */
    /* … and whether one of these is why. */
    enum { FLEET_NOT_STOPPED, FLEET_DIVERGED, FLEET_OVER_BUDGET } stopped;
    struct trm_base *challenger; /* when FLEET_DONE: decoded from the bytes; the receiver's to take
                                  * (set NULL) */
    void *bytes;                 /* its encoding, malloc; the receiver's to take (set NULL) */
    size_t bytes_n;
    struct trm_fleet_report report;
    uint64_t cpu_ns;         /* of all slices */
    struct trm_fleet *fleet; /* the state between slices */
    void *owner;             /* the submitter's */
};

/* Zeroed, with run and deliver set. NULL when out of memory. */
struct fleet_task *fleet_task_new(void (*deliver)(struct message *message));

/* Frees everything still owned. Accepts NULL. */
void fleet_task_free(struct fleet_task *task);

#endif
