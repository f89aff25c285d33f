/* Long pure work of one request on another thread. Knows how the request waits for it; refuses to know what
 * is worked out. Surprising: it cannot fail: where no thread can be had, the work is done at once, here.
 *
 * The threads are libuv's (four, or UV_THREADPOOL_SIZE), and go behind the loop. What waits for one is
 * bounded by the connections: a request has one piece of work at a time. */
#ifndef SERVER_HTTP_AWAY_H
#define SERVER_HTTP_AWAY_H

#include "server/http/request.h"

#include <stdbool.h>

/* How long a request waits for its work; it is answered 503 then. */
#define AWAY_WAIT_MS 60000

/* Bytes of a body or an answer from which on it is worth it: some milliseconds. */
#define AWAY_BYTES ((size_t)256 << 10)

/* work(ctx) runs on any thread, where `far`, else here; then done(ctx, request) on the loop, with NULL where
 * nobody waits any more (the work has still run: ctx is done's to free). */
void away_begin(struct request *request, bool far, void (*work)(void *ctx),
                void (*done)(void *ctx, struct request *request), void *ctx);

#endif
