/* Whether a request may come in. Knows everything that can be said of it before its body is read: framing,
 * target, route, parameters, content type, announced length, overload; refuses to know what happens to it
 * then. Surprising: the order is the order of blame: who is told 415 has a path and method that are
 * right. */
#ifndef SERVER_HTTP_ADMISSION_H
#define SERVER_HTTP_ADMISSION_H

#include "server/http/request.h"

/* Fills method, headers, uri and route, and begins the body where there is one. Refuses the request, or
 * leaves it for its handler; answers OPTIONS. Or the request waits for its key to be checked (its wait is
 * set): then admission_go_on is called when that has ended, if it has not been refused. */
void admission_check(struct request *request, const struct request_line *line);
void admission_go_on(struct request *request);

#endif
