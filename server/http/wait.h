/* Bounded waits of requests for operations of the service. Knows deadlines and who is to be told;
 * refuses to know what is waited for. Surprising: libmicrohttpd gives a suspended connection neither a
 * timeout nor news of a disconnect, so every wait has its own deadline here, and a client that has gone
 * is noticed only when its wait ends.
 *
 * Life of a wait: wait_new (before the operation is started, passed to it as ctx) → the operation's
 * callback calls wait_end, which frees it. Where the deadline comes first, expire is called: by default it
 * answers 503 and detaches the request; the operation's callback then gets NULL from wait_end. */
#ifndef SERVER_HTTP_WAIT_H
#define SERVER_HTTP_WAIT_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct request;
struct wait;

struct wait_list {
    struct wait *first;
};

struct wait {
    struct wait *next, *prev;
    struct wait_list *list;
    struct request *request;   /* NULL: answered without the operation, or gone */
    uint64_t deadline_ns;
    void (*expire)(struct wait *wait);
    struct job_watch *watch;   /* handlers_jobs.c: what is waited for in the second half of a fit */
    void *data;                /* the handler's, freed with the wait by free() */
    char job_id[40];
};

/* A wait of at most timeout_ms for request. NULL when out of memory (the request is refused then). */
struct wait *wait_new(struct request *request, uint64_t timeout_ms);

/* The operation could not be started: frees the wait and refuses the request. */
void wait_fail(struct wait *wait, const struct err *err);

/* The operation has ended (from its callback): frees the wait and wakes the request up. Returns the
 * request, which the caller answers now; NULL where nobody waits any more. */
struct request *wait_end(struct wait *wait);

/* The same for an operation that may have failed (err NULL or ERR_NONE: it has not): the request that
 * is to be answered, or NULL where it was refused with err, or nobody waits. */
struct request *wait_succeed(struct wait *wait, const struct err *err);

/* Takes the request off the wait and wakes it up, leaving the wait to the operation. */
struct request *wait_detach(struct wait *wait);

/* Expires what is overdue; now_ns UINT64_MAX expires everything. */
void wait_sweep(struct wait_list *list, uint64_t now_ns);

#endif
