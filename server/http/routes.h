/* The table of routes: every endpoint is one row of it. Knows method, path, what a request may carry and
 * who answers; refuses to know how requests are matched (router.h). Surprising: it is plain data, so that
 * a test compares it with schemas/openapi.yaml and the Allow header, the 415 and the list of known query
 * parameters all come from the row. */
#ifndef SERVER_HTTP_ROUTES_H
#define SERVER_HTTP_ROUTES_H

#include "server/base/counters.h"
#include "server/http/problem.h"
#include "server/keys/key.h"

#include <stdbool.h>
#include <stddef.h>

struct request;

/* X(symbol). HEAD is answered wherever GET is, OPTIONS everywhere. */
#define HTTP_METHOD_LIST(X) X(GET) X(HEAD) X(PUT) X(POST) X(DELETE) X(OPTIONS)

enum http_method {
#define HTTP_METHOD_ENUM(symbol) METHOD_##symbol,
    HTTP_METHOD_LIST(HTTP_METHOD_ENUM)
#undef HTTP_METHOD_ENUM
    METHOD_OTHER, /* no route takes it */
};

/* What becomes of a request's body. */
enum body_mode {
    BODY_NONE,   /* must be empty */
    BODY_BUFFER, /* collected, up to body_max */
    BODY_POINTS, /* read as points while it arrives, up to the configured size */
    BODY_BATCH,  /* the same for points of many series */
};

/* Content types of bodies, as a set. */
enum {
    MEDIA_JSON = 1, MEDIA_CSV = 2, MEDIA_NDJSON = 4, MEDIA_FORM = 8,
    MEDIA_REMOTE_WRITE = 16,/* remote_write_negotiate (handlers_remote_write.c) */
    MEDIA_ANY = 32,         /* nobody looks at it */
};

struct route {
    enum http_method method;
    const char *path; /* "/v1/series/{id}/points": a part in braces matches one segment */
    enum route_class class;
    unsigned scope;   /* that a key must have, one of KEY_SCOPE_…; 0, which is a bug, lets nobody in */
    enum body_mode body;
    unsigned media;   /* content types that the body may have */
    bool body_optional;
    size_t body_max;  /* bytes; 0: as configured */
    bool any_params;    /* takes any query parameter: those named are the ones that count */
    const char *params; /* query parameters between spaces; a star behind one that may be repeated */
    /* Writes a problem in the form that clients of the row expect, as JSON; NULL: problem+json. */
    void (*write_problem)(struct writer *writer, const struct problem *problem, const char *instance);
    const char *problem_type; /* content type of that; NULL: JSON */
    unsigned (*problem_status)(enum problem_kind kind); /* NULL: the problem's own */
    void (*handle)(struct request *request); /* answers, refuses, or begins to wait; see request.h */
};

extern const struct route routes[];
extern const size_t routes_n;

#endif
