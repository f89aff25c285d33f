/* The fleet's part of the service: the shared weights learn from the series they serve. Knows when
 * a training is due, which series it learns from and how its result takes effect; refuses to know
 * how one is trained (core/fleet.h) and on which thread (train/fleet_task.h). Surprising: what is
 * published replaces the weights of every series at once, so each record, which is of forecasts of
 * the old ones, falls silent and is made anew in the background. Included by parts.h only. */
#ifndef SERVER_SERVICE_FLEET_H
#define SERVER_SERVICE_FLEET_H

#include "server/store/store.h"
#include "server/train/fleet_task.h"

/* Series that one training sees, and values of all of them together: memory, about 8 MB. */
#define FLEET_SERIES_MAX 2048
#define FLEET_VALUES_MAX ((size_t)1 << 20)
/* Newest values of a series that are always seen. */
#define FLEET_VALUES_MIN 256
#define FLEET_REPORT_MAX 512
/* CPU time after which a training lets others go first. */
#define FLEET_SLICE_NS UINT64_C(100000000)
/* … after which it is stopped: sixty times what a fleet of hundreds needs. */
#define FLEET_BUDGET_NS UINT64_C(600000000000)
/* Rest after one that hung. */
#define FLEET_HUNG_REST_NS UINT64_C(3600000000000)

struct service;

struct fleet {
    struct fleet_task *task;       /* at the pool, or NULL */
    struct fleet_task *sent;       /* whose result is on the way to the store, or NULL … */
    int64_t sent_at;               /* … since then, UTC ms */
    bool resetting;                /* the store is told to forget … */
    bool dropped;                  /* … which came after the training began */
    bool swapped;                  /* the weights that answer are, or were, not the origin */
    uint64_t points;               /* added or replaced, ever */
    uint64_t points_trained;       /* when the last training began */
    uint64_t rest_until_ns;        /* monotonic */
    uint64_t version;              /* of the weights that answer; 0: the origin */
    uint64_t version_seen;         /* the largest ever stored */
    int64_t published_at;          /* UTC ms; 0: the origin */
    char report[FLEET_REPORT_MAX]; /* of the last training, JSON; "": none yet */
};

/* ---- fleet.c ---- */

/* Starts a training where one is due. Costs nothing worth naming where it is not. */
void fleet_consider(struct service *service);
void fleet_drain(struct service *service);
/* The training hangs: it has failed, and another one may begin after a rest. */
void fleet_give_up(struct service *service, const char *words);
/* The store's loader, ctx the service: the weights that were published last, if they descend from
 * our origin. */
int fleet_load(void *ctx, const struct store_weights *weights, bool *ret_accepted, struct err *err);

/* ---- fleet_sources.c ---- */

/* Series with a record, evenly spread where there are more than enough, with copies of their newest
 * values. Returns 0, or -1 with ERR_TOO_SHORT (too few) or ERR_NO_MEMORY. */
__attribute__((warn_unused_result)) int fleet_gather(const struct service *service,
                                                     struct fleet_task *task, struct err *err);

/* ---- fleet_report.c ---- */

/* What a training measured, as JSON. outcome: "published", "kept"; or "failed" with the task's
 * error. */
void fleet_report_write(const struct fleet_task *task, const char *outcome, uint64_t version,
                        int64_t finished_at, char ret[FLEET_REPORT_MAX]);

#endif
