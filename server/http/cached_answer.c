/* Two responses around counted bytes. See cached_answer.h. */
#include "server/http/cached_answer.h"

#include "server/http/request.h"
#include "server/http/response.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shared_bytes {
    size_t refs; /* the loop's thread only */
    char *bytes;
};

static void unref(void *ctx)
{
    struct shared_bytes *shared = ctx;
    if (--shared->refs > 0)
        return;
    free(shared->bytes);
    free(shared);
}

int cached_answer_init(struct cached_answer *answer, const struct forecast_made *made)
{
    struct shared_bytes *shared = malloc(sizeof *shared);
    if (shared == NULL)
        return -1;
    *shared = (struct shared_bytes){.refs = 1, .bytes = made->bytes};
    *answer = (struct cached_answer){.bytes = shared, .n = made->n, .type = made->type,
                                     .next_point_ms = made->tag.next_point_ms, .max_age_s = -1};
    memcpy(answer->etag, made->etag, sizeof answer->etag);
    return 0;
}

static void drop_responses(struct cached_answer *answer)
{
    if (answer->full != NULL)
        MHD_destroy_response(answer->full);
    if (answer->not_modified != NULL)
        MHD_destroy_response(answer->not_modified);
    answer->full = answer->not_modified = NULL;
}

void cached_answer_done(struct cached_answer *answer)
{
    drop_responses(answer);
    if (answer->bytes != NULL)
        unref(answer->bytes);
}

int64_t max_age_until(int64_t next_point_ms, int64_t now_ms)
{
    return next_point_ms > now_ms ? (next_point_ms - now_ms) / 1000 : 0;
}

static bool add_headers(struct MHD_Response *response, const char *etag, int64_t max_age_s)
{
    char cache_control[48];
    snprintf(cache_control, sizeof cache_control, "max-age=%lld", (long long)max_age_s);
    return MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, etag) == MHD_YES &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache_control) == MHD_YES &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept") == MHD_YES;
}

static struct MHD_Response *checked(struct MHD_Response *response, bool fine)
{
    if (response == NULL || fine)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static struct MHD_Response *make_full(struct cached_answer *answer, int64_t max_age_s)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        answer->n, answer->bytes->bytes, unref, answer->bytes);
    if (response == NULL)
        return NULL;
    answer->bytes->refs++;
    return checked(response, add_headers(response, answer->etag, max_age_s) &&
                                 MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                                         answer->type) == MHD_YES);
}

static struct MHD_Response *make_not_modified(const char *etag, int64_t max_age_s)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    return checked(response, response != NULL && add_headers(response, etag, max_age_s));
}

static struct MHD_Response *make(struct cached_answer *answer, unsigned status, int64_t max_age_s)
{
    return status == MHD_HTTP_OK ? make_full(answer, max_age_s)
                                 : make_not_modified(answer->etag, max_age_s);
}

/* A request may not share its answer where the answer carries something of its own. */
static bool wants_own(const struct request *request)
{
    return request->http->closing || traceparent_valid(request->headers.traceparent);
}

void cached_answer_give(struct cached_answer *answer, struct request *request, bool kept,
                        int64_t now_ms)
{
    unsigned status = etag_matches(request->headers.if_none_match, answer->etag)
                          ? MHD_HTTP_NOT_MODIFIED
                          : MHD_HTTP_OK;
    int64_t max_age_s = max_age_until(answer->next_point_ms, now_ms);
    if (!kept || wants_own(request)) {
        answer_made(request, status, make(answer, status, max_age_s));
        return;
    }
    if (max_age_s != answer->max_age_s)
        drop_responses(answer);
    answer->max_age_s = max_age_s;
    struct MHD_Response **slot = status == MHD_HTTP_OK ? &answer->full : &answer->not_modified;
    if (*slot == NULL)
        *slot = make(answer, status, max_age_s);
    answer_shared(request, status, *slot);
}

void cached_answer_not_modified(struct request *request, const char *etag, int64_t max_age_s)
{
    answer_made(request, MHD_HTTP_NOT_MODIFIED, make_not_modified(etag, max_age_s));
}
