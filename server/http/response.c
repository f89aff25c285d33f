/* Making libmicrohttpd's responses. A response that cannot be made becomes the one that was made at the
 * start for this case. See response.h. */
#include "server/http/response.h"

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
    if (type != NULL)
        answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, type);
}

void answer_header(struct request *request, const char *name, const char *value)
{
    if (request->response != NULL)
        (void)MHD_add_response_header(request->response, name, value);
}

static void give_bytes(struct request *request, unsigned status, const char *type, char *bytes,
                       size_t n)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(n, bytes, MHD_RESPMEM_MUST_FREE);
    if (response == NULL)
        free(bytes);
    set_response(request, status, type, response);
}

void answer_bytes(struct request *request, unsigned status, const char *type, char *bytes, size_t n)
{
    struct err err;
    if (request_charge(request, n, &err) != 0) {
        free(bytes);
        request_refuse(request, &err);
        return;
    }
    give_bytes(request, status, type, bytes, n);
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
    set_response(request, status, type,
                 MHD_create_response_from_buffer(n, (void *)(uintptr_t)bytes, MHD_RESPMEM_PERSISTENT));
}

void answer_empty(struct request *request, unsigned status)
{
    set_response(request, status, NULL,
                 MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
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
    writer_init(&writer, PROBLEM_BYTES_MAX);
    problem_write(&writer, request->problem, path);
    return writer_finish(&writer, &bytes, ret_n, &ignored) == 0 ? bytes : NULL;
}

void answer_problem(struct request *request)
{
    const struct problem_info *info =
        &problem_infos[request->problem != NULL ? request->problem->kind : PROBLEM_NO_MEMORY];
    size_t n;
    char *bytes = request->problem == NULL ? NULL : problem_bytes(request, &n);
    char seconds[16];
    if (bytes == NULL)
        return;
    give_bytes(request, info->status, TYPE_PROBLEM, bytes, n);
    if (info->retry_after_s > 0) {
        snprintf(seconds, sizeof seconds, "%u", info->retry_after_s);
        answer_header(request, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    if (request->problem->kind == PROBLEM_METHOD && request->allow[0] != '\0')
        answer_header(request, MHD_HTTP_HEADER_ALLOW, request->allow);
}

char *answer_problem_raw(const struct request *request, size_t *ret_n)
{
    size_t n = 0;
    char *bytes = request->problem == NULL ? NULL : problem_bytes(request, &n);
    char *message = NULL, retry_after[32] = "";
    if (bytes == NULL)
        return NULL;
    const struct problem_info *info = &problem_infos[request->problem->kind];
    if (info->retry_after_s > 0)
        snprintf(retry_after, sizeof retry_after, "Retry-After: %u\r\n", info->retry_after_s);
    int length = asprintf(&message,
                          "HTTP/1.1 %u %s\r\nContent-Type: " TYPE_PROBLEM
                          "\r\nContent-Length: %zu\r\n%sConnection: close\r\n\r\n%s",
                          info->status, MHD_get_reason_phrase_for(info->status), n, retry_after,
                          bytes);
    free(bytes);
    *ret_n = length < 0 ? 0 : (size_t)length;
    return length < 0 ? NULL : message;
}
