/* Errors as the client sees them (RFC 9457). Knows every kind of problem with its status, title and type,
 * and the one switch from an error's code to its kind; refuses to know who raised it. Surprising: a wrong
 * value is 422 in a body and 400 in the path or query: which one is told by the form of its place.
 *
 * `type` is "/problems/<name>", stable and relative: it identifies, it need not resolve. */
#ifndef SERVER_HTTP_PROBLEM_H
#define SERVER_HTTP_PROBLEM_H

#include "server/base/err.h"
#include "server/http/json_writer.h"

#include <stdbool.h>

/* X(symbol, status, name, title, seconds of Retry-After or 0) */
#define PROBLEM_LIST(X)                                                                            \
    X(SYNTAX, 400, "syntax", "The request cannot be read", 0)                                      \
    X(PARAMETER, 400, "parameter", "A parameter is wrong", 0)                                      \
    X(INVALID, 422, "invalid", "A value is wrong", 0)                                              \
    X(UNAUTHORIZED, 401, "unauthorized", "A key is needed", 0)                                     \
    X(FORBIDDEN, 403, "forbidden", "The key may not do this", 0)                                   \
    X(NOT_FOUND, 404, "not-found", "There is no such thing", 0)                                    \
    X(METHOD, 405, "method", "The method is not allowed here", 0)                                  \
    X(FOREIGN_PAGE, 403, "foreign-page", "Pages of other sites may change nothing here", 0)        \
    X(TIMEOUT, 408, "timeout", "The request took too long to arrive", 0)                           \
    X(CONFLICT, 409, "conflict", "The present state forbids it", 0)                                \
    X(CANCELLED, 409, "cancelled", "It was cancelled", 0)                                          \
    X(TOO_LARGE, 413, "too-large", "The request is too large", 0)                                  \
    X(TARGET, 414, "target", "The request target is too long", 0)                                  \
    X(MEDIA, 415, "media-type", "The content type is not accepted here", 0)                        \
    X(CODING, 415, "content-encoding", "The content encoding is not understood here", 0)           \
    X(FOREIGN_NAME, 421, "foreign-name", "This daemon is not known by that name", 0)               \
    X(TOO_SHORT, 422, "too-short", "The history is too short", 0)                                  \
    X(BUSY, 429, "busy", "Too much is waiting already", 1)                                         \
    X(INTERNAL, 500, "internal", "Something went wrong here", 0)                                   \
    X(STORAGE, 500, "storage", "The store failed", 0)                                              \
    X(UNAVAILABLE, 503, "unavailable", "Not available at the moment", 2)                           \
    X(NO_MEMORY, 503, "no-memory", "Out of memory at the moment", 2)                               \
    X(NO_SPACE, 507, "no-space", "The disk is full", 5)

enum problem_kind {
#define PROBLEM_ENUM(symbol, status, name, title, retry) PROBLEM_##symbol,
    PROBLEM_LIST(PROBLEM_ENUM)
#undef PROBLEM_ENUM
    PROBLEMS
};

struct problem_info {
    unsigned status;
    const char *name, *title;
    unsigned retry_after_s;
};
extern const struct problem_info problem_infos[PROBLEMS];

/* A problem about to be told. */
struct problem {
    enum problem_kind kind;
    struct err err; /* message and place; its code is not looked at again */
};

enum problem_kind problem_kind_of(const struct err *err);

/* The JSON object. instance: the request's path. */
void problem_write(struct writer *writer, const struct problem *problem, const char *instance);

/* The same for one entry of POST /v1/forecast (as stateless_json.h wants it). */
void problem_write_entry(struct writer *writer, const struct err *err);

#endif
