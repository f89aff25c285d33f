/* One answer that many requests get: its bytes and the responses around them. Knows the headers of a
 * cacheable answer and how max-age counts down; refuses to know keys and eviction (forecast_cache.h).
 * An answer has two variants, plain and gzip, each with an ETag of its own: the second is made when it is
 * first asked for, once. If-None-Match may name either, and the 304 names the same one, so that a client
 * (or a cache in front) that changes its mind about Accept-Encoding keeps what it has.
 * Surprising: a 304 says Content-Length: 0. libmicrohttpd either says that, or the length of the 200, which
 * RFC 9110 would like better; but parsers in use then wait for that many bytes. Bytes under way are kept
 * alive by a count after the cache has dropped them. */
#ifndef SERVER_HTTP_CACHED_ANSWER_H
#define SERVER_HTTP_CACHED_ANSWER_H

#include "server/http/coding.h"
#include "server/http/forecast_cache.h"

struct shared_bytes;

struct cached_variant {
    struct shared_bytes *bytes; /* NULL: not made */
    size_t n;
    struct MHD_Response *full, *not_modified; /* NULL: not made yet */
};

struct cached_answer {
    struct cached_variant plain, gzip;
    bool gzip_tried; /* whether there is a gzip one, is known */
    const char *type;
    char etag[ETAG_MAX];
    int64_t next_point_ms;
    int64_t max_age_s; /* what the responses say */
};

/* Fills zeroed memory, taking made->bytes. -1 when out of memory (nothing taken). */
__attribute__((warn_unused_result)) int cached_answer_init(struct cached_answer *answer,
                                                           const struct forecast_made *made);
void cached_answer_done(struct cached_answer *answer);

/* Bytes that the answer holds: both variants, and what the second costs besides. */
size_t cached_answer_bytes(const struct cached_answer *answer);

/* kept: the answer outlives the call, so that its responses may be shared. May make the gzip variant, which
 * is shorter than the plain one: cached_answer_bytes then grows. */
void cached_answer_give(struct cached_answer *answer, struct request *request, bool kept,
                        int64_t now_ms);

/* Which variant of the answer with this (plain) etag an If-None-Match header names; with "*", the one that
 * the request would get. False: none. */
bool cached_answer_named(const struct request *request, const char *etag, enum coding *ret);

/* A 304 without any bytes at hand. */
void cached_answer_not_modified(struct request *request, const char *etag, enum coding coding,
                                int64_t max_age_s);

/* Whole seconds until the next point is expected, at least 0. */
int64_t max_age_until(int64_t next_point_ms, int64_t now_ms);

#endif
