/* Metrics of other systems' agents on their way to series. Knows which of them are kept (config: ingest-…),
 * what the series is called (wire/metric_id.h) and which settings it gets; refuses to know protocols.
 * Surprising: what no rule admits, and what would be one series too many, is no error: it is counted
 * (tstrm_ingest_dropped_total) and the sender is told that all is well, because it could do nothing about it
 * and would only send it again. */
#ifndef SERVER_HTTP_AGENTS_H
#define SERVER_HTTP_AGENTS_H

#include "server/http/request.h"
#include "server/service/ingest.h"
#include "server/wire/remote_write.h"

/* Errors of a request that are told. */
#define AGENT_ERRORS_MAX 8

struct agents {
    struct http *http;
    struct wait *wait;
    struct ingest *ingest;
    enum counter stored; /* which counts what was stored */
    size_t dropped_n;    /* samples that were not kept, for which the sender is not to blame */
    struct wire_errors errors;
    struct err kept[AGENT_ERRORS_MAX];
    struct series_label labels[SERIES_LABELS_MAX]; /* of a series that is to be created */
    /* After it has ended: */
    size_t stored_n;                  /* samples on disk */
    struct err failed;                /* ERR_NONE, or why the sender has to send everything again */
    void (*answer)(struct request *request, struct agents *agents); /* failed is ERR_NONE */
    unsigned protocol;                /* the handler's own */
};

/* NULL: the request has been refused. */
struct agents *agents_new(struct request *request, enum counter stored);
/* Accepts NULL. */
void agents_free(struct agents *agents);

/* Samples of one series: labels[n] sorted by name, each name once, __name__ among them, what
 * remote_write.h demands of them checked; point_n >= 1, in any order. Returns 0 (taken, or dropped and
 * counted), or -1 with *err that is the sender's fault; what is right of the points has been taken then. */
__attribute__((warn_unused_result)) int agents_take(struct agents *agents,
                                                    const struct remote_write_label *labels, size_t n,
                                                    const struct point *points, size_t point_n,
                                                    struct err *err);

/* Counts samples that a codec did not even show. */
void agents_drop(struct agents *agents, enum counter reason, size_t n);

/* Writes what was taken and has the request answered: by answer, or with the failure. Takes the agents. */
void agents_write(struct request *request, struct agents *agents,
                  void (*answer)(struct request *request, struct agents *agents));

#endif
