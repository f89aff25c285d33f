/* One request from its first byte to the end of its answer, as libmicrohttpd calls for it. Knows the order
 * of those calls and what must not be done in which; refuses to know about sockets' readiness (bridge) and
 * what requests mean (handlers). Surprising: libmicrohttpd takes a response before a body or after it, not
 * within; a body that goes wrong half-way is answered by writing the bytes to the socket itself. */
#ifndef SERVER_HTTP_EXCHANGE_H
#define SERVER_HTTP_EXCHANGE_H

#include "server/http/request.h"

#include <microhttpd.h>

/* libmicrohttpd's callbacks; cls is the struct http. */

void *exchange_target(void *cls, const char *target, struct MHD_Connection *connection);

enum MHD_Result exchange_access(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_n, void **request);

void exchange_completed(void *cls, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode how);

/* Leaves everything encoded: uri.h decodes. */
size_t exchange_unescape(void *cls, struct MHD_Connection *connection, char *text);

#endif
