/* The request headers that somebody here looks at. Knows their names and how often each came; refuses to
 * know most of their grammar. Surprising: framing is checked again here: libmicrohttpd lets a doubled
 * Content-Length, or one beside Transfer-Encoding, pass, and names with spaces, and bare CRs and NULs in
 * values, and worse (head_check.h), and a proxy in front that reads such a request differently would be
 * smuggled past. */
#ifndef SERVER_HTTP_HEADERS_H
#define SERVER_HTTP_HEADERS_H

#include "server/base/err.h"
#include "server/http/head_check.h"
#include "server/http/routes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;

/* Pointers into the connection's memory, valid until the request ends; NULL: absent. */
struct headers {
    const char *accept, *accept_encoding, *content_type, *content_encoding;
    const char *if_none_match, *prefer, *traceparent;
    const char *content_length, *transfer_encoding;
    const char *host, *origin, *fetch_site; /* browser.h */
    const char *authorization; /* holds a secret: not for logs and answers */
    bool expect_continue;
    bool malformed;        /* a name or value that no header may have */
    unsigned content_length_n, transfer_encoding_n, host_n, authorization_n;
    struct head_check check;
    bool has_body;         /* a body follows, of announced or unknown length */
    bool chunked;
    uint64_t body_bytes;   /* announced length; 0 when chunked */
};

/* Reads all of them. Returns 0, or -1 with ERR_SYNTAX: framing that
 * could be read in two ways, or no Host in HTTP/1.1; *ret is filled then too. */
__attribute__((warn_unused_result)) int headers_read(struct MHD_Connection *connection,
                                                     const struct request_line *line, struct headers *ret,
                                                     struct err *err);

/* One of MEDIA_…, by the type alone (parameters are ignored); 0 for any other. */
unsigned media_of_content_type(const char *content_type);

/* What to answer with, among `offered`, by an Accept header: the best by quality, the first offered where
 * equal, and the first offered too where nothing fits or accept is NULL. */
unsigned media_by_accept(const char *accept, const unsigned *offered, size_t offered_n);

/* "application/json", … */
const char *media_name(unsigned media);

/* Whether an If-None-Match header names etag (with its quotes): lists, weak marks and * are understood. */
bool etag_matches(const char *if_none_match, const char *etag);

/* Seconds of "wait=N" in a Prefer header, 0 where there is none. */
unsigned prefer_wait_s(const char *prefer);

/* Whether the text is a trace context of version 00 with ids that are not all zero. */
bool traceparent_valid(const char *text);

#endif
