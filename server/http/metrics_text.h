/* The numbers in Prometheus' text format (0.0.4). Knows names, HELP and TYPE lines and base units; refuses
 * to know who counts. Surprising: a series' id is never a label: a daemon with ten thousand series still
 * has a hundred lines. */
#ifndef SERVER_HTTP_METRICS_TEXT_H
#define SERVER_HTTP_METRICS_TEXT_H

#include "server/base/counters.h"
#include "server/base/memory.h"
#include "server/http/forecast_cache.h"
#include "server/http/json_writer.h"
#include "server/service/service.h"

/* What the process says of itself (getrusage, /proc/self). */
struct process_numbers {
    double cpu_s;
    uint64_t resident_bytes;
    double started_s; /* Unix time */
};

struct metrics_input {
    const struct counters *counters;
    struct service_stats service;
    struct forecast_cache_stats cache;
    bool keys_on;
    size_t keys_n;                /* in use */
    int64_t certificate_expiry_s; /* Unix time; 0: no TLS */
    size_t connections_n, requests_n, streams_n, inflight_bytes;
    size_t clients_n;
    const struct memory_guard *memory;
    struct process_numbers process;
    const char *version;
};

void metrics_write(struct writer *writer, const struct metrics_input *input);

/* Reads the process's numbers; what cannot be read is 0. started_s is left alone. */
void process_numbers_read(struct process_numbers *ret);

#endif
