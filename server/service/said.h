/* What the service said: its forecasts, kept as they were first said at each step, and held against
 * what came. Knows when a forecast is worth keeping, and makes one at every step where nobody asks;
 * refuses to know how it is scored (core/said.h) and stored. Surprising: the daemon forecasts for
 * itself, on a worker behind everything else and within a share of one core; where that does not
 * suffice, series are said less often, and an older forecast stands for the steps in between.
 * Included by parts.h only. */
#ifndef SERVER_SERVICE_SAID_H
#define SERVER_SERVICE_SAID_H

#include "core/said.h"
#include "server/registry/registry.h"
#include "server/service/service.h"

/* Series forecast by one task, and the CPU time that may be saved up. */
#define SAYING_SERIES_MAX 32
#define SAYING_CREDIT_MAX_NS UINT64_C(10000000000)

struct saying_task;

/* The line of series to be forecast, and the budget. Zeroed memory is valid. */
struct saying {
    int64_t *line; /* ring of keys; each entry at most once (entry->saying) */
    size_t first, n, room;
    struct saying_task *task; /* at the pool, or NULL */
    int64_t credit_ns;        /* CPU time that may be spent */
    uint64_t credited_ns;     /* monotonic: up to when */
};

/* ---- said.c ---- */

/* Values of the entry have come: they are scored, and a forecast of the next ones is due. */
void said_moved_on(struct service *service, struct entry *entry);
/* An answer of the entry is on its way to somebody: the first of its step is kept. */
void said_answer(struct service *service, struct entry *entry,
                 const struct forecast_answer *answer);
/* What the record adds to an answer, as a hash. The same after a restart. */
uint64_t said_revision(const struct entry *entry);
/* The entry's values mean something else now: nothing that was said holds. */
void said_forget(struct service *service, struct entry *entry);
/* A forecast as bytes; values[n] is what it was made from, season 0 or 1 means none. Any thread.
 * Returns how many bytes. */
size_t said_encode(const struct trm_forecast *forecast, const double *values, size_t n,
                   uint32_t season, uint64_t model_version, uint8_t bytes[TRM_SAID_BYTES_MAX]);
/* Keeps such bytes where they say something new about the steps from origin on. */
void said_keep(struct service *service, struct entry *entry, int64_t origin, const uint8_t *bytes,
               size_t n);

/* Before the record corrects, is scored or is stored: it corrects the widening of the model that
 * answers now. A new model takes over in part, because it has measured widths itself; where the
 * model falls silent without one (other settings, other shared weights), intervals stay as wide. */
void said_align(const struct service *service, struct entry *entry);

/* The store's loader, ctx the service; and, once everything has been loaded, what that means. */
int said_load(void *ctx, int64_t key, const struct store_said *said, struct err *err);
void said_resume(const struct service *service, struct entry *entry);

/* ---- saying.c: forecasts that nobody asked for ---- */

/* Its values have changed: it gets in line. */
void saying_line_up(struct service *service, struct entry *entry);
/* Once a second or so: the share of the processor that has been saved up is used. */
void saying_go_on(struct service *service);
/* Its task hangs: another one may begin. */
void saying_hung(struct service *service);
void saying_done(struct saying *saying);
void saying_drain(struct service *service);

#endif
