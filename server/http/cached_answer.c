/* Responses around counted bytes: two for each variant. See cached_answer.h. */
#include "server/http/cached_answer.h"

#include "server/http/deflater.h"
#include "server/http/request.h"
#include "server/http/response.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a second variant costs besides its bytes: its responses and their headers. */
#define VARIANT_BYTES 1024

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

/* Takes bytes (malloc), or returns NULL when out of memory (nothing taken). */
static struct shared_bytes *share(char *bytes)
{
    struct shared_bytes *shared = malloc(sizeof *shared);
    if (shared != NULL)
        *shared = (struct shared_bytes){.refs = 1, .bytes = bytes};
    return shared;
}

int cached_answer_init(struct cached_answer *answer, const struct forecast_made *made)
{
    struct shared_bytes *shared = share(made->bytes);
    if (shared == NULL)
        return -1;
    *answer = (struct cached_answer){.plain = {.bytes = shared, .n = made->n}, .type = made->type,
                                     .next_point_ms = made->tag.next_point_ms, .max_age_s = -1};
    memcpy(answer->etag, made->etag, sizeof answer->etag);
    return 0;
}

static void drop_responses(struct cached_variant *variant)
{
    if (variant->full != NULL)
        MHD_destroy_response(variant->full);
    if (variant->not_modified != NULL)
        MHD_destroy_response(variant->not_modified);
    variant->full = variant->not_modified = NULL;
}

static void variant_done(struct cached_variant *variant)
{
    drop_responses(variant);
    if (variant->bytes != NULL)
        unref(variant->bytes);
}

void cached_answer_done(struct cached_answer *answer)
{
    variant_done(&answer->plain);
    variant_done(&answer->gzip);
}

size_t cached_answer_bytes(const struct cached_answer *answer)
{
    return answer->plain.n + (answer->gzip.bytes == NULL ? 0 : answer->gzip.n + VARIANT_BYTES);
}

int64_t max_age_until(int64_t next_point_ms, int64_t now_ms)
{
    return next_point_ms > now_ms ? (next_point_ms - now_ms) / 1000 : 0;
}

/* ---- headers ---- */

/* "…" becomes "…-gzip". */
static void tag_of(const char *etag, enum coding coding, char ret[ETAG_MAX + 8])
{
    size_t n = strlen(etag);
    snprintf(ret, ETAG_MAX + 8, "%.*s%s", (int)(coding == CODING_GZIP ? n - 1 : n), etag,
             coding == CODING_GZIP ? "-gzip\"" : "");
}

static bool add_headers(struct MHD_Response *response, const char *etag, enum coding coding,
                        int64_t max_age_s)
{
    char cache_control[48], tag[ETAG_MAX + 8];
    snprintf(cache_control, sizeof cache_control, "max-age=%lld", (long long)max_age_s);
    tag_of(etag, coding, tag);
    return MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag) == MHD_YES &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache_control) == MHD_YES &&
           MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding") == MHD_YES;
}

bool cached_answer_named(const struct request *request, const char *etag, enum coding *ret)
{
    const char *named = request->headers.if_none_match;
    char tag[ETAG_MAX + 8];
    enum coding wanted = coding_wants_gzip(request->headers.accept_encoding) ? CODING_GZIP
                                                                             : CODING_IDENTITY;
    enum coding order[] = {wanted, wanted == CODING_GZIP ? CODING_IDENTITY : CODING_GZIP};
    if (named == NULL)
        return false;
    for (size_t i = 0; i < 2; i++) {
        tag_of(etag, order[i], tag);
        if (etag_matches(named, tag)) {
            *ret = order[i];
            return true;
        }
    }
    return false;
}

/* ---- responses ---- */

static struct MHD_Response *checked(struct MHD_Response *response, bool fine)
{
    if (response == NULL || fine)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static struct MHD_Response *finish(const struct cached_answer *answer, struct MHD_Response *response,
                                   enum coding coding, int64_t max_age_s)
{
    return checked(response, response != NULL &&
                                 (coding != CODING_GZIP || deflate_mark(response)) &&
                                 add_headers(response, answer->etag, coding, max_age_s) &&
                                 MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                                         answer->type) == MHD_YES &&
                                 MHD_add_response_header(response, NO_SNIFF_NAME, NO_SNIFF) == MHD_YES);
}

static struct cached_variant *variant_of(struct cached_answer *answer, enum coding coding)
{
    return coding == CODING_GZIP ? &answer->gzip : &answer->plain;
}

static struct MHD_Response *make_full(struct cached_answer *answer, enum coding coding, int64_t max_age_s)
{
    struct cached_variant *variant = variant_of(answer, coding);
    struct MHD_Response *response;
    if (variant->bytes == NULL) { /* too long to be packed at once */
        variant = &answer->plain;
        response = deflate_stream(variant->bytes->bytes, variant->n, unref, variant->bytes);
    } else {
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            variant->n, variant->bytes->bytes, unref, variant->bytes);
    }
    if (response != NULL)
        variant->bytes->refs++;
    return finish(answer, response, coding, max_age_s);
}

static struct MHD_Response *make_not_modified(const char *etag, enum coding coding, int64_t max_age_s)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    return checked(response, response != NULL && add_headers(response, etag, coding, max_age_s));
}

static struct MHD_Response *make(struct cached_answer *answer, enum coding coding, unsigned status,
                                 int64_t max_age_s)
{
    return status == MHD_HTTP_OK ? make_full(answer, coding, max_age_s)
                                 : make_not_modified(answer->etag, coding, max_age_s);
}

/* ---- giving ---- */

static void try_gzip(struct cached_answer *answer)
{
    struct cached_variant *gzip = &answer->gzip;
    char *packed;
    size_t n;
    answer->gzip_tried = true;
    if (deflate_whole(answer->plain.bytes->bytes, answer->plain.n, &packed, &n) != 0)
        return;
    gzip->bytes = share(packed);
    if (gzip->bytes != NULL)
        gzip->n = n;
    else
        free(packed);
}

/* What the request gets, having made it where it is worth it. */
static enum coding coding_for(struct cached_answer *answer, struct request *request)
{
    size_t n = answer->plain.n;
    struct err err;
    if (request->headers.accept_encoding == NULL || !deflate_fits(answer->type, n) ||
        !coding_wants_gzip(request->headers.accept_encoding))
        return CODING_IDENTITY;
    if (n > DEFLATE_WHOLE_MAX)
        return request_charge(request, DEFLATE_STATE_BYTES, &err) == 0 ? CODING_GZIP : CODING_IDENTITY;
    if (!answer->gzip_tried)
        try_gzip(answer);
    return answer->gzip.bytes != NULL ? CODING_GZIP : CODING_IDENTITY;
}

/* A request may not share its answer where the answer carries something of its own, or is packed for it. */
static bool wants_own(const struct cached_answer *answer, const struct request *request,
                      enum coding coding)
{
    return request->http->closing || traceparent_valid(request->headers.traceparent) ||
           (coding == CODING_GZIP && answer->gzip.bytes == NULL);
}

void cached_answer_give(struct cached_answer *answer, struct request *request, bool kept,
                        int64_t now_ms)
{
    enum coding coding;
    unsigned status = MHD_HTTP_NOT_MODIFIED;
    int64_t max_age_s = max_age_until(answer->next_point_ms, now_ms);
    if (!cached_answer_named(request, answer->etag, &coding)) {
        status = MHD_HTTP_OK;
        coding = coding_for(answer, request);
    }
    if (!kept || wants_own(answer, request, coding)) {
        answer_made(request, status, make(answer, coding, status, max_age_s));
        return;
    }
    if (max_age_s != answer->max_age_s) {
        drop_responses(&answer->plain);
        drop_responses(&answer->gzip);
    }
    answer->max_age_s = max_age_s;
    struct cached_variant *variant = variant_of(answer, coding);
    struct MHD_Response **slot = status == MHD_HTTP_OK ? &variant->full : &variant->not_modified;
    if (*slot == NULL)
        *slot = make(answer, coding, status, max_age_s);
    answer_shared(request, status, *slot);
}

void cached_answer_not_modified(struct request *request, const char *etag, enum coding coding,
                                int64_t max_age_s)
{
    answer_made(request, MHD_HTTP_NOT_MODIFIED, make_not_modified(etag, coding, max_age_s));
}
