/* What is given up and what is refused when memory is short (base/memory.h). Knows which requests make the
 * daemon grow; refuses to know how short it is. Surprising: what costs next to nothing goes on
 * whatever comes: probes, numbers, forecasts, deletions, small writes to series that exist.
 *
 * First the caches go (but an eighth, for forecasts that are asked for all the time) and the allocator gives
 * back what it kept; where that does not suffice, new series, big bodies, fits, backtests, stateless requests
 * and queries are refused with 503 and Retry-After, and /readyz says so. The loop's thread. */
#ifndef SERVER_HTTP_PRESSURE_H
#define SERVER_HTTP_PRESSURE_H

#include "server/http/request.h"

/* What one request may hold while memory is short. */
#define PRESSURE_BYTES_MAX ((size_t)64 << 10)

/* Looks at the resident set and does what has to be done. Some microseconds; milliseconds where the caches
 * go. */
void pressure_look(struct http *http, uint64_t now_ns);

/* Whether the request may come in; -1 with ERR_UNAVAILABLE. */
__attribute__((warn_unused_result)) int pressure_admit(const struct request *request, struct err *err);

/* Whether the request may hold so many bytes more; -1 with ERR_UNAVAILABLE. */
__attribute__((warn_unused_result)) int pressure_take(struct request *request, size_t bytes, struct err *err);

/* The refusal's words; returns -1. */
int pressure_refuse(struct http *http, struct err *err);

#endif
