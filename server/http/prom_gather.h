/* Fills streams with samples. Knows where each kind comes from: memory, the store, the current
 * forecast, what was said before; refuses to know what is computed from them. Surprising: it works
 * in slices of some milliseconds and lets the loop go on between them, because a thousand forecasts
 * take a second.
 *
 * A metric "stamped now" has one sample, at the latest time of the question that has come (a
 * question about the future only: at now itself), and none where that is longer ago than a
 * look-back. The loop's thread only. */
#ifndef SERVER_HTTP_PROM_GATHER_H
#define SERVER_HTTP_PROM_GATHER_H

#include "server/http/prom_select.h"

#define PROM_SAMPLES_MAX ((size_t)2000000) /* samples that one query reads */

struct prom_gather {
    struct service *service;
    struct prom_streams streams;
    const struct promql_selector *selector;
    struct promql_span span;
    int64_t now; /* UTC ms */
    /* Runs exactly once, from prom_gather_run or later; err NULL: all streams are filled.
     * ERR_INVALID: too many samples; ERR_UNAVAILABLE, ERR_BUSY, ERR_STORAGE, ERR_NO_MEMORY. */
    void (*done)(struct prom_gather *gather, const struct err *err);
    /* Asked between slices: whether somebody still waits. */
    bool (*wanted)(const struct prom_gather *gather);
    void *ctx;
    size_t at; /* the next stream */
    size_t sample_n;
};

/* Everything above `at` is set; at and sample_n are 0. */
void prom_gather_run(struct prom_gather *gather);

#endif
