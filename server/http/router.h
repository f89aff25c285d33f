/* From a method and a target to a row of the table. Knows matching, the Allow header and which query
 * parameters a row takes; refuses to know what rows do. Surprising: a wrong method is told only after the
 * path is known, so an unknown path is 404 whatever the method. Any thread. */
#ifndef SERVER_HTTP_ROUTER_H
#define SERVER_HTTP_ROUTER_H

#include "server/base/err.h"
#include "server/http/routes.h"
#include "server/http/uri.h"

#define ROUTER_ALLOW_MAX 64

enum http_method method_parse(const char *text);
const char *method_name(enum http_method method);

/* The row, or NULL; *ret_allow then holds the methods that the path takes ("" where nothing is there).
 * HEAD finds the row of GET. */
const struct route *router_find(enum http_method method, const struct uri *uri,
                                char ret_allow[ROUTER_ALLOW_MAX]);

/* Each query parameter must be one of the row's, and come once unless the row says otherwise. Returns 0,
 * or -1 with ERR_INVALID whose place is the parameter. */
__attribute__((warn_unused_result)) int router_check_params(const struct route *route,
                                                            const struct uri *uri, struct err *err);

/* The segment that stands for {name}, or NULL where the row has none. */
const char *router_part(const struct route *route, const struct uri *uri, const char *name);

#endif
