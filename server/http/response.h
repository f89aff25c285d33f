/* Answers. Knows how bytes become libmicrohttpd's responses and which headers all answers carry; refuses
 * to know what the bytes say. Surprising: an answer is given at any time after the handler was called,
 * from a callback too; the bridge hands it to libmicrohttpd when the connection's turn comes. */
#ifndef SERVER_HTTP_RESPONSE_H
#define SERVER_HTTP_RESPONSE_H

#include "server/http/json_writer.h"
#include "server/http/request.h"

#define TYPE_JSON "application/json"
#define TYPE_CSV "text/csv; charset=utf-8; header=present"
#define TYPE_NDJSON "application/x-ndjson"
#define TYPE_PROBLEM "application/problem+json"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_HTML "text/html; charset=utf-8"
/* Carried by every answer with a body: a browser shall not guess that it is a page. */
#define NO_SNIFF_NAME "X-Content-Type-Options"
#define NO_SNIFF "nosniff"
#define TYPE_METRICS "text/plain; version=0.0.4; charset=utf-8"

/* Answers with bytes (malloc), which it takes. These, answer_writer's and answer_static's are packed as
 * gzip where the client wants it (coding.h) and it is worth it (deflater.h). */
void answer_bytes(struct request *request, unsigned status, const char *type, char *bytes, size_t n);

/* Answers with what the writer holds, or with the problem that it ran into. */
void answer_writer(struct request *request, unsigned status, const char *type, struct writer *writer);

/* Answers with bytes that live for ever. */
void answer_static(struct request *request, unsigned status, const char *type, const void *bytes,
                   size_t n);

/* Answers without a body. */
void answer_empty(struct request *request, unsigned status);

/* Answers with a response (NULL: there was no memory for it), which it takes. */
void answer_made(struct request *request, unsigned status, struct MHD_Response *response);

/* Answers with a response that stays its owner's, who keeps it at least until the handler has returned,
 * and in which nothing more may be written. NULL: there was no memory for it. */
void answer_shared(struct request *request, unsigned status, struct MHD_Response *response);

/* Adds a header to the answer just given (not to a shared one); lost where there is no memory for it. */
void answer_header(struct request *request, const char *name, const char *value);

/* Turns the request's problem into its answer. */
void answer_problem(struct request *request);

/* A problem as a whole HTTP/1.1 message that closes the connection, for when libmicrohttpd no longer takes
 * a response. Malloc, the caller's; NULL when out of memory. */
char *answer_problem_raw(const struct request *request, size_t *ret_n);

#endif
