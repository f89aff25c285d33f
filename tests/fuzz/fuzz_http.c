/* The whole server on one connection: the real listener, libmicrohttpd, bridge, exchange,
 * admission, handlers, service, store and workers. Two bytes choose how what follows is cut into
 * pieces; the rest is a script (http_script.h) of any number of requests.
 *
 * Promised: every byte that comes back belongs to a well-formed answer; no more answers than
 * requests that a strict parser sees (http_strict.h), and none behind one that says it is the last;
 * of the statuses above 499 only 503, 507, and 501 and 505 where the request itself is beyond
 * HTTP/1.1; JSON is JSON; the connection ends, and nothing of it stays. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/house.h"
#include "tests/fuzz/http_script.h"
#include "tests/fuzz/http_strict.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define JSON_MAX ((size_t)1 << 20)

static struct house_pace pace_of(uint8_t mode, uint8_t seed)
{
    static const size_t pieces[] = {0, 0, 1, 3, 17, 64, 256, 1000};
    return (struct house_pace){
        .piece = pieces[mode & 7], .seed = mode & 8 ? seed : 0, .half_close = (mode & 16) != 0};
}

static size_t inflate_all(const char *bytes, size_t n, char *to, size_t max)
{
    z_stream z = {0};
    FUZZ_REQUIRE(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)n;
    z.next_out = (Bytef *)to;
    z.avail_out = (uInt)max;
    int status = inflate(&z, Z_FINISH);
    size_t made = max - z.avail_out;
    inflateEnd(&z);
    FUZZ_REQUIRE(status == Z_STREAM_END || z.avail_out == 0);
    return made;
}

/* A body that says it is JSON. */
static void require_json(char *bytes, const struct strict_answer *answer)
{
    static char plain[JSON_MAX];
    char *body = bytes + answer->body;
    size_t n = answer->body_n;
    json_error_t why;
    if (answer->chunked)
        n = strict_unchunk(body, n);
    FUZZ_REQUIRE(n != SIZE_MAX);
    if (answer->gzip) {
        n = inflate_all(body, n, plain, sizeof plain);
        body = plain;
    }
    if (n >= JSON_MAX)
        return;
    json_t *root =
        json_loadb(body, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
    if (root == NULL)
        fprintf(stderr, "%s at %d: %.*s\n", why.text, why.position, (int)n, body);
    FUZZ_REQUIRE(root != NULL);
    json_decref(root);
}

static void require_status(const struct strict_answer *answer, const struct strict_request *request)
{
    unsigned status = answer->status;
    bool beyond = request->end == STRICT_DOUBT && (status == 501 || status == 505);
    if (status >= 500 && status != 503 && status != 507 && !beyond)
        fprintf(stderr, "status %u\n", status);
    FUZZ_REQUIRE(status < 500 || status == 503 || status == 507 || beyond);
}

/* libmicrohttpd's own answer to a Content-Length that is no number, or too large a one, has its
 * headers twice (0.9.75), and ends the connection. How long the first ones are; 0: they are not
 * there twice. */
static size_t doubled(const char *heard, size_t n, const struct strict_answer *answer)
{
    size_t head = answer->body;
    return answer->closes && (answer->status == 400 || answer->status == 413) && n >= 2 * head &&
                   memcmp(heard, heard + head, head) == 0
               ? head
               : 0;
}

/* The next answer of heard[n] with the interim ones before it; its length. */
static size_t next_answer(char *heard, size_t n, const struct strict_request *request,
                          struct strict_answer *ret)
{
    size_t at = 0;
    do {
        strict_answer(heard + at, n - at, request->head, ret);
        if (ret->n == 0)
            fprintf(stderr, "no answer: %.*s\n", (int)(n - at < 400 ? n - at : 400), heard + at);
        FUZZ_REQUIRE(ret->n > 0);
        at += ret->n + doubled(heard + at, n - at, ret);
    } while (ret->status < 200 && at < n);
    if (ret->json && ret->body_n > 0)
        require_json(heard + at - ret->n, ret); /* no answer of libmicrohttpd's own is JSON */
    return at;
}

/* Returns whether a request that may write was answered with success. */
static bool compare(const struct bytes *said, const struct house_heard *heard)
{
    const char *bytes = (const char *)said->at;
    size_t at = 0, heard_at = 0;
    bool last = false, wrote = false;
    while (heard_at < heard->n) {
        struct strict_request request;
        struct strict_answer answer;
        strict_request(bytes + at, said->n - at, &request);
        if (last || request.end == STRICT_NOTHING)
            fprintf(stderr, "an answer too many: %.*s\n", (int)(heard->n - heard_at),
                    heard->bytes + heard_at);
        FUZZ_REQUIRE(!last && request.end != STRICT_NOTHING);
        heard_at += next_answer(heard->bytes + heard_at, heard->n - heard_at, &request, &answer);
        require_status(&answer, &request);
        wrote = wrote || (!request.safe && answer.status < 300);
        last = request.end != STRICT_WHOLE || request.last || answer.closes;
        if (last && getenv("FUZZ_SHOW") != NULL && request.why != NULL)
            fprintf(stderr, "doubt: %s\n", request.why);
        at += request.n;
    }
    return wrote;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct bytes said = {0};
    if (n < 2)
        return 0;
    struct house_pace pace = pace_of(bytes[0], bytes[1]);
    http_script(bytes + 2, n - 2, &said);
    if (said.n == 0)
        return 0;
    struct house_heard heard = house_talk(said.at, said.n, &pace);
    if (getenv("FUZZ_SHOW") != NULL)
        fprintf(stderr, "%.*s\n----\n%.*s\n----\n", (int)said.n, (const char *)said.at,
                (int)heard.n, heard.bytes);
    house_tidy(compare(&said, &heard));
    bytes_done(&said);
    return 0;
}
