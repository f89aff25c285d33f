/* Making libmicrohttpd's responses. A response that cannot be made becomes the one that was made at the
 * start for this case. See response.h. */
#include "server/http/response.h"

#include "server/http/coding.h"
#include "server/http/deflater.h"
#include "server/http/prom_answer.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest problem: every byte of its texts escaped. */
#define PROBLEM_BYTES_MAX ((size_t)64 << 10)

/* Without a response, the exchange answers with http->no_memory. */
void answer_made(struct request *request, unsigned status, struct MHD_Response *response)
{
    assert(request->response == NULL);
    request->status = response != NULL ? status : problem_infos[PROBLEM_NO_MEMORY].status;
    request->response = response;
}

void answer_shared(struct request *request, unsigned status, struct MHD_Response *response)
{
    answer_made(request, status, response);
    request->response_shared = true;
}

static void set_response(struct request *request, unsigned status, const char *type,
                         struct MHD_Response *response)
{
    answer_made(request, status, response);
    if (type == NULL)
        return;
    answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    answer_header(request, NO_SNIFF_NAME, NO_SNIFF);
}

void answer_header(struct request *request, const char *name, const char *value)
{
    if (request->response != NULL)
        (void)MHD_add_response_header(request->response, name, value);
}

static void keep_static(void *bytes)
{
    (void)bytes;
}

/* The bytes packed; release(bytes) is called when they are no longer needed, at once or later. NULL: they
 * are to go as they are. */
static struct MHD_Response *pack(struct request *request, char *bytes, size_t n,
                                 void (*release)(void *bytes))
{
    struct MHD_Response *response;
    struct err err;
    char *packed;
    size_t packed_n;
    if (n > DEFLATE_WHOLE_MAX)
        return request_charge(request, DEFLATE_STATE_BYTES, &err) != 0
                   ? NULL
                   : deflate_stream(bytes, n, release, bytes);
    if (deflate_whole(bytes, n, &packed, &packed_n) != 0)
        return NULL;
    response = MHD_create_response_from_buffer(packed_n, packed, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(packed);
    else
        release(bytes);
    return response;
}

/* Answers with bytes, packed where the client wants it and it is worth it. */
static void give_bytes(struct request *request, unsigned status, const char *type, char *bytes, size_t n,
                       void (*release)(void *bytes))
{
    struct MHD_Response *response = NULL;
    bool fits = deflate_fits(type, n);
    if (fits && coding_wants_gzip(request->headers.accept_encoding))
        response = pack(request, bytes, n, release);
    bool packed = response != NULL;
    if (!packed)
        response = MHD_create_response_from_buffer_with_free_callback_cls(n, bytes, release, bytes);
    if (response == NULL)
        release(bytes);
    set_response(request, status, type, response);
    if (packed)
        answer_header(request, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (fits || request->by_accept)
        answer_header(request, MHD_HTTP_HEADER_VARY, !request->by_accept ? "Accept-Encoding"
                                                     : fits              ? "Accept, Accept-Encoding"
                                                                         : "Accept");
}

void answer_bytes(struct request *request, unsigned status, const char *type, char *bytes, size_t n)
{
    struct err err;
    if (request_charge(request, n, &err) != 0) {
        free(bytes);
        request_refuse(request, &err);
        return;
    }
    give_bytes(request, status, type, bytes, n, free);
}

void answer_writer(struct request *request, unsigned status, const char *type, struct writer *writer)
{
    char *bytes;
    size_t n;
    struct err err;
    if (writer_finish(writer, &bytes, &n, &err) != 0)
        request_refuse(request, &err);
    else
        answer_bytes(request, status, type, bytes, n);
}

void answer_static(struct request *request, unsigned status, const char *type, const void *bytes,
                   size_t n)
{
    give_bytes(request, status, type, (char *)(uintptr_t)bytes, n, keep_static);
}

void answer_empty(struct request *request, unsigned status)
{
    set_response(request, status, NULL,
                 MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

typedef void (*problem_writer)(struct writer *writer, const struct problem *problem, const char *instance);

/* The form that the route's clients expect; beside the routes of Prometheus' API, its form. */
static problem_writer problem_writer_of(const struct request *request)
{
    static const char prefix[] = "/api/v1/";
    if (request->route == NULL && strncmp(request->target, prefix, sizeof prefix - 1) == 0)
        return prom_write_problem;
    bool own = request->route != NULL && request->route->write_problem != NULL;
    return own ? request->route->write_problem : problem_write;
}

static const char *problem_type(const struct request *request)
{
    bool own = request->route != NULL && request->route->problem_type != NULL;
    return own                                            ? request->route->problem_type
           : problem_writer_of(request) == problem_write ? TYPE_PROBLEM
                                                          : TYPE_JSON;
}

/* The problem's JSON; NULL when out of memory. */
static char *problem_bytes(const struct request *request, size_t *ret_n)
{
    struct writer writer;
    struct err ignored;
    char *bytes = NULL;
    char path[257]; /* long ones are cut: instance only reminds */
    const char *target;
    size_t path_n = request_path(request, &target);
    snprintf(path, sizeof path, "%.*s", (int)path_n, target);
    key_redact(path);
    writer_init(&writer, PROBLEM_BYTES_MAX);
    problem_writer_of(request)(&writer, request->problem, path);
    return writer_finish(&writer, &bytes, ret_n, &ignored) == 0 ? bytes : NULL;
}

static unsigned retry_after_s(const struct request *request)
{
    return request->retry_after_s > 0 ? request->retry_after_s
                                      : problem_infos[request->problem->kind].retry_after_s;
}

void answer_problem(struct request *request)
{
    size_t n;
    char *bytes = request->problem == NULL ? NULL : problem_bytes(request, &n);
    char seconds[16];
    if (bytes == NULL)
        return;
    unsigned status = request_problem_status(request, request->problem->kind);
    give_bytes(request, status, problem_type(request), bytes, n, free);
    if (retry_after_s(request) > 0) {
        snprintf(seconds, sizeof seconds, "%u", retry_after_s(request));
        answer_header(request, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    if (request->challenge != NULL)
        answer_header(request, MHD_HTTP_HEADER_WWW_AUTHENTICATE, request->challenge);
    if (request->problem->kind == PROBLEM_METHOD && request->allow[0] != '\0')
        answer_header(request, MHD_HTTP_HEADER_ALLOW, request->allow);
    if (request->problem->kind == PROBLEM_CODING)
        answer_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING, coding_understood());
}

char *answer_problem_raw(const struct request *request, size_t *ret_n)
{
    size_t n = 0;
    char *bytes = request->problem == NULL ? NULL : problem_bytes(request, &n);
    char *message = NULL, more[ROUTER_ALLOW_MAX + 128] = "";
    if (bytes == NULL)
        return NULL;
    unsigned status = request_problem_status(request, request->problem->kind);
    if (request->challenge != NULL)
        snprintf(more, sizeof more, "WWW-Authenticate: %s\r\n", request->challenge);
    else if (retry_after_s(request) > 0)
        snprintf(more, sizeof more, "Retry-After: %u\r\n", retry_after_s(request));
    else if (request->problem->kind == PROBLEM_CODING)
        snprintf(more, sizeof more, "Accept-Encoding: %s\r\n", coding_understood());
    else if (request->problem->kind == PROBLEM_METHOD)
        snprintf(more, sizeof more, "Allow: %s\r\n", request->allow);
    int length = asprintf(&message,
                          "HTTP/1.1 %u %s\r\nContent-Type: %s\r\n"
                          "Content-Length: %zu\r\n%sConnection: close\r\n\r\n%s",
                          status, MHD_get_reason_phrase_for(status),
                          problem_type(request), n, more, request->method == METHOD_HEAD ? "" : bytes);
    free(bytes);
    *ret_n = length < 0 ? 0 : (size_t)length;
    return length < 0 ? NULL : message;
}
