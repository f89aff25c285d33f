/* libmicrohttpd inside libuv. Knows when the library wants to run and how a suspended connection is woken;
 * refuses to know what is answered (exchange.h). Surprising: libmicrohttpd never sees a thread or a clock
 * of its own: its epoll descriptor is one uv_poll among others, and a resume that nobody follows with
 * MHD_run would sleep for ever in this version, so waking always schedules a run. */
#ifndef SERVER_HTTP_BRIDGE_H
#define SERVER_HTTP_BRIDGE_H

#include "server/base/err.h"
#include "server/http/connection_table.h"

#include <stdint.h>
#include <uv.h>

struct bridge;
struct http;
struct request;

/* Takes over listen_fd whatever it returns. */
__attribute__((warn_unused_result)) int bridge_new(uv_loop_t *loop, struct http *http, int listen_fd,
                                                   struct bridge **ret, struct err *err);

/* Lets the request's connection go on, where it was suspended, soon. */
void bridge_wake(struct request *request);

void bridge_stop_listening(struct bridge *bridge);

struct connection_table *bridge_connections(struct bridge *bridge);

/* Every request must have its answer (wait_sweep). Closes all connections; the handles close in the next
 * turn of the loop. Accepts NULL. */
void bridge_free(struct bridge *bridge);

#endif
