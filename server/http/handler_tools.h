/* What several handlers need: parameters with their defaults, sending what a writer holds. Each parser
 * refuses the request itself and returns false then. */
#ifndef SERVER_HTTP_HANDLER_TOOLS_H
#define SERVER_HTTP_HANDLER_TOOLS_H

#include "server/http/json_writer.h"
#include "server/http/request.h"

/* Longest wait for the store's commit. */
#define COMMIT_WAIT_MS 30000
/* Longest answer of a list, in bytes. */
#define LIST_BYTES_MAX ((size_t)64 << 20)
#define PAGE_DEFAULT 100
#define PAGE_MAX 1000

/* ?time=; `ms` where it is absent. */
bool param_time_form(struct request *request, enum time_form *ret);
/* ?limit=, 1..max. */
bool param_limit(struct request *request, int64_t max, size_t standard, size_t *ret);
/* ?series=, the id of a series that there may not be; NULL where it is absent. */
bool param_series(struct request *request, const char **ret);
/* By ?format= (json, csv, ndjson) or else the Accept header, among offered[0..n-1]; the first is the
 * standard. */
bool param_media(struct request *request, const unsigned *offered, size_t n, unsigned *ret);

/* ?start= and ?end=; all of time where they are absent. */
bool param_range(struct request *request, int64_t *ret_start, int64_t *ret_end);

/* A wait that carries a copy of data[n], which it frees. NULL: the request has been refused. */
struct wait *wait_with(struct request *request, uint64_t deadline_ms, const void *data, size_t n);

#endif
