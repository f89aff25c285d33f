/* The HTTP server. Knows how to listen, answer, and stop in order; refuses to know what a forecast is
 * (service) and when to stop (daemon). Surprising: it has no thread of its own: libmicrohttpd runs inside
 * the caller's libuv loop, so handlers, service and registry are one thread and need no lock.
 *
 * Threads: everything here on the loop's thread, outside of the server's own callbacks.
 * Stopping: http_server_drain (not ready from now on) → http_server_stop_listening (no new connections) →
 * wait until http_server_idle → http_server_free. */
#ifndef SERVER_HTTP_SERVER_H
#define SERVER_HTTP_SERVER_H

#include "server/base/config.h"
#include "server/base/counters.h"
#include "server/base/err.h"
#include "server/service/service.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct http_server;

/* Reads the configuration again; ret[CONFIG_OPTIONS_MAX] is what has changed. Returns 0, or -1 with *err. */
typedef int (*http_reload)(void *ctx, struct config_change *ret, size_t *ret_n, struct err *err);

/* Listens on config->listen_host:listen_port and answers from the next turn of the loop on. config,
 * service and counters outlive the server. Returns 0, or -1 with *err (ERR_UNAVAILABLE: the address is in
 * use or not of this machine; the message names it). */
__attribute__((warn_unused_result)) int http_server_new(uv_loop_t *loop, const struct config *config,
                                                        struct service *service,
                                                        struct counters *counters,
                                                        struct http_server **ret, struct err *err);

/* Reads what the configuration's options name: the file of keys, the certificate with its key. In two
 * steps, so that a reload changes all or nothing: prepare reads, checks and keeps aside what it read
 * (dropping what was kept before), adopt takes that into use at once, for open connections, waiting
 * requests and streams too. Whether there is TLS at all is decided by http_server_new, which does both
 * itself. Returns 0, or -1 with ERR_INVALID naming file and line. */
__attribute__((warn_unused_result)) int http_server_prepare(struct http_server *server,
                                                            const struct config *then, struct err *err);
void http_server_adopt(struct http_server *server);

/* The same reading for its errors alone, of a server that is not there yet. */
__attribute__((warn_unused_result)) int http_check_files(const struct config *config, struct err *err);

/* What POST /-/reload does (reload.h says what comes back). Before it: 503. */
void http_server_on_reload(struct http_server *server, http_reload reload, void *ctx);

/* The port listened on, also where the configuration says 0. */
uint16_t http_server_port(const struct http_server *server);

/* Keys that are asked for; -1: none is. Whether connections are encrypted. */
long http_server_keys(const struct http_server *server);
bool http_server_has_tls(const struct http_server *server);

/* /readyz answers 503 from now on; everything else goes on as before. */
void http_server_drain(struct http_server *server);

/* Closes the listening socket; open connections go on, each answer closes its connection. */
void http_server_stop_listening(struct http_server *server);

/* Whether no request is being received, worked on (here or on another thread) or answered. */
bool http_server_idle(const struct http_server *server);

/* Answers every waiting request with 503, closes every connection. Run the loop once more afterwards: the
 * handles close there. Accepts NULL. */
void http_server_free(struct http_server *server);

#endif
