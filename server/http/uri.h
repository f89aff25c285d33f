/* A request target in its parts. Knows percent-encoding, strictly; refuses to know which paths exist.
 * Surprising: the path is split before it is decoded, so that a series' id may hold an encoded slash
 * ("a%2Fb"), and "+" in a query is a plus, as RFC 3986 has it, not a space. */
#ifndef SERVER_HTTP_URI_H
#define SERVER_HTTP_URI_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define URI_BYTES_MAX 8000
#define URI_SEGMENTS_MAX 8
#define URI_PARAMS_MAX 48

struct uri_param {
    const char *name, *value; /* decoded; value is "" without "=" */
};

struct uri {
    bool asterisk;                          /* the target "*" of OPTIONS */
    const char *segment[URI_SEGMENTS_MAX];  /* decoded */
    size_t segment_n;                       /* URI_SEGMENTS_MAX + 1: more than any route has */
    struct uri_param param[URI_PARAMS_MAX];
    size_t param_n;
};

/* Whether a space or a control character stands in a target: libmicrohttpd takes "GET /a b HTTP/1.1" for the
 * target "/a b", which others read as "/a" and something else. */
bool uri_has_blank(const char *text);

/* Cuts and decodes the path of text in place (origin form, absolute form of http and https, or "*"); *ret
 * points into it, and has no parameters yet: *ret_query is where they begin, NULL where there are none. In
 * two steps, so that what is wrong with a query can be told in the form of the path's own clients. Returns 0,
 * or -1 with *err: ERR_SYNTAX (not a target, a bad percent-encoding, an encoded NUL). */
__attribute__((warn_unused_result)) int uri_parse_path(char *text, struct uri *ret, char **ret_query,
                                                       struct err *err);

/* Cuts and decodes a query (or NULL) in place into uri's parameters. Returns 0, or -1 with *err: ERR_SYNTAX,
 * or ERR_TOO_LARGE (too many parameters); uri then has those before. */
__attribute__((warn_unused_result)) int uri_parse_query(char *query, struct uri *uri, struct err *err);

#endif
