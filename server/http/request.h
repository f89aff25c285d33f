/* One request on its way: what handlers see. Knows the request's parts, its one answer and its wait;
 * refuses to know libmicrohttpd's calling order (bridge) and the wire shapes (handlers).
 *
 * A handler runs once, when the whole body is there, on the loop. Before it returns it has done exactly
 * one of: an answer_… call (response.h), request_refuse, or request_wait followed by a call of the
 * service that took the wait as its ctx. Surprising: a wait belongs to the operation that will end it, not
 * to the request: when the deadline passes first, the request is answered and goes, and the operation's
 * callback later finds a wait without a request. */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/err.h"
#include "server/base/memory.h"
#include "server/http/body.h"
#include "server/http/client_shares.h"
#include "server/http/headers.h"
#include "server/http/problem.h"
#include "server/http/router.h"
#include "server/http/uri.h"
#include "server/http/wait.h"
#include "server/service/service.h"

#include <stdbool.h>
#include <stdint.h>

/* Open streams of events (events.h). */
struct event_stream;
struct event_streams {
    struct event_stream *first;
    size_t n;
};

/* What all requests share. Owned by server.c. */
struct http {
    const struct config *config;
    struct service *service;
    struct counters *counters;
    struct forecast_cache *cache;
    struct selector_list *ingest_rules; /* which metrics of agents are kept */
    uint64_t drop_logged_ns;            /* when it was last logged that series are dropped; 0: never */
    struct uv_loop_s *loop;
    size_t away_n;                  /* pieces of work on other threads (away.h) */
    struct bridge *bridge;
    struct client_shares clients;
    struct keyring *keyring;            /* NULL: no key is asked for */
    uint64_t wrong_logged_ns;           /* when it was last logged that keys are wrong; 0: never */
    struct memory_guard memory;     /* pressure.h */
    size_t system_memory_max;       /* where none is configured; 0: none */
    uint64_t trimmed_ns;            /* when the caches were given up last */
    struct wait_list waits;
    struct event_streams events;
    size_t inflight_bytes;          /* bodies and private answers held by all requests */
    size_t requests_n;              /* begun and not ended */
    int64_t started_ms;
    int (*reload)(void *ctx, struct config_change *ret, size_t *ret_n, struct err *err); /* or NULL */
    void *reload_ctx;
    bool draining;
    bool closing;                   /* no new connections: answers close theirs */
    struct MHD_Response *no_memory; /* made at the start: said when nothing can be allocated */
};

enum request_stage {
    REQUEST_NEW,
    REQUEST_CHECKING,  /* as new, but suspended until its key has been checked */
    REQUEST_READING,   /* the body is being taken */
    REQUEST_DRAINING,  /* refused; the short rest of the body is thrown away before the answer */
    REQUEST_LINGERING, /* refused and told; the rest is thrown away until the client has noticed */
    REQUEST_HANDLED,   /* the handler has run */
};

struct request {
    struct http *http;
    struct MHD_Connection *connection;
    struct connection *peer;       /* its entry in the table of connections */
    uint64_t client;               /* who asks (client.h): its address, or the key it has shown */
    struct client_share *share;    /* the client's, held once it has been admitted; NULL: nobody's */
    uint64_t begun_ns, touched_ns; /* monotonic; touched: when the client or a wait last moved it */
    enum http_method method;
    const struct route *route;     /* NULL where none matches */
    struct headers headers;
    struct uri uri;
    struct body body;

    struct MHD_Response *response; /* NULL: none yet */
    bool response_shared;          /* not the request's own: nothing may be added to it */
    unsigned status;               /* of the answer; 0: none yet */
    bool by_accept;                /* the answer's form was chosen by the Accept header */
    size_t charged_bytes;          /* this request's part of http->inflight_bytes */
    struct problem *problem;       /* set: refused; becomes the answer */
    const char *challenge;         /* lives for ever; WWW-Authenticate of a refusal, or NULL */
    unsigned retry_after_s;        /* of a refusal; 0: the problem's own */
    char allow[ROUTER_ALLOW_MAX];  /* of a path that does not take this method */
    enum request_stage stage;
    bool suspended;
    bool streaming;                /* its answer takes as long as it takes (events.h) */
    struct wait *wait;             /* set while an operation works for this request */
    size_t target_n;
    char *parts;                   /* a copy of the target, which uri cuts up and points into */
    char target[];                 /* as it came, with a NUL; the copy lies behind it */
};

/* Takes the request's target as it stands in the request line. NULL when out of memory. */
struct request *http_request_new(struct http *http, struct MHD_Connection *connection, const char *target);

/* Detaches from a wait, gives everything back. Accepts NULL. */
void http_request_free(struct request *request);

/* The status of a problem on the request's route. */
unsigned request_problem_status(const struct request *request, enum problem_kind kind);

/* Answers with a problem; err is copied. A second answer to one request is a bug. */
void request_refuse(struct request *request, const struct err *err);
void request_refuse_kind(struct request *request, enum problem_kind kind, const char *place,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds to what this request holds, or -1 with ERR_BUSY where all requests together, or its client's, would
 * hold too much, with ERR_UNAVAILABLE where memory is short. */
__attribute__((warn_unused_result)) int request_charge(struct request *request, size_t bytes,
                                                       struct err *err);

/* Gives back what was charged. */
void request_uncharge(struct request *request, size_t bytes);

/* Value of a query parameter (decoded; "" where it has no value), NULL where it is absent. */
const char *request_param(const struct request *request, const char *name);

/* The path's {name}, decoded, at least one byte; NULL where the route has none. */
const char *request_part(const struct request *request, const char *name);

/* The path's {id}, decoded; checked by series_id_check before the handler runs. */
const char *request_id(const struct request *request);

/* The path without its query, as it came. Returns its length. */
size_t request_path(const struct request *request, const char **ret);

#endif
