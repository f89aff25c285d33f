/* Which metrics there are, and which of them a selector fits. Knows how to walk them; refuses to
 * know their values. See prom_stream.h for the metrics. The loop's thread only. */
#ifndef SERVER_HTTP_PROM_SELECT_H
#define SERVER_HTTP_PROM_SELECT_H

#include "server/http/prom_stream.h"

#define PROM_STREAMS_MAX ((size_t)2000) /* metrics that one query reads */
#define PROM_SELECT_MS_MAX 500 /* a walk over all series: regular expressions can be slow */

struct prom_streams {
    struct prom_stream **at; /* [n] */
    size_t n, room;
};

/* The streams that the selector fits, without samples. Returns 0, or -1 with ERR_INVALID (more than
 * PROM_STREAMS_MAX, too slow, or a parameter that is wrong) or ERR_NO_MEMORY; *ret is to be done
 * with either way. */
__attribute__((warn_unused_result)) int prom_select(struct service *service,
                                                    const struct promql_selector *selector,
                                                    struct prom_streams *ret, struct err *err);
void prom_streams_done(struct prom_streams *streams);

/* Calls each, until it returns false, for the labels of every metric that fits one of the selectors
 * (of all metrics where selector_n is 0), once for each. Every time to a threshold is among them,
 * without the label where none is given. Returns 0 or -1 with ERR_INVALID. */
__attribute__((warn_unused_result)) int
prom_visit(struct service *service, struct promql *const *selectors, size_t selector_n,
           bool (*each)(void *ctx, const struct prom_labels *labels, enum prom_kind kind),
           void *ctx, struct err *err);

#endif
