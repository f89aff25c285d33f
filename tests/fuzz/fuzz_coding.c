/* Bodies that come packed and answers that go packed. The first byte chooses the coding, the second
 * the pieces. As bytes that say they are packed: the outcome does not depend on the pieces, zlib
 * reads gzip the same way when it has all of it, and no more than the limit is kept. As plain
 * bytes: packed and taken as a body they come back, and so does what an answer's packer makes of
 * them. */
#include "server/http/body.h"
#include "server/http/deflater.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/http_script.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BODY_MAX ((size_t)64 << 10)

static int take(enum coding coding, const uint8_t *bytes, size_t n, size_t piece, struct body *ret,
                struct err *err)
{
    int failed;
    *ret = (struct body){0};
    FUZZ_REQUIRE(body_begin(ret, BODY_BUFFER, MEDIA_JSON, coding, BODY_MAX, 100, err) == 0);
    failed = 0;
    for (size_t at = 0; at < n && failed == 0; at += piece) {
        size_t length = n - at < piece ? n - at : piece;
        char *copy = malloc(length);
        FUZZ_REQUIRE(copy != NULL);
        memcpy(copy, bytes + at, length);
        failed = body_feed(ret, copy, length, err);
        free(copy);
    }
    failed = failed ? failed : body_end(ret, err);
    FUZZ_REQUIRE(ret->n <= BODY_MAX);
    FUZZ_REQUIRE(failed == 0 || (err->code != ERR_NONE && err->msg[0] != '\0'));
    return failed;
}

/* Whether zlib takes it for one gzip member of at most BODY_MAX bytes, and what is in it. */
static bool plain_gunzip(const uint8_t *bytes, size_t n, uint8_t *to, size_t *ret_n)
{
    z_stream z = {0};
    FUZZ_REQUIRE(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_in = (Bytef *)(uintptr_t)bytes;
    z.avail_in = (uInt)n;
    z.next_out = to;
    z.avail_out = BODY_MAX + 1;
    int status = inflate(&z, Z_FINISH);
    *ret_n = BODY_MAX + 1 - z.avail_out;
    bool all = z.avail_in == 0;
    inflateEnd(&z);
    return status == Z_STREAM_END && all && *ret_n <= BODY_MAX;
}

static void check_packed(enum coding coding, const uint8_t *bytes, size_t n, size_t piece)
{
    static uint8_t plain[BODY_MAX + 1];
    size_t plain_n;
    struct body whole, cut;
    struct err err = {.code = ERR_NONE}, other = {.code = ERR_NONE};
    int failed = take(coding, bytes, n, n + 1, &whole, &err);
    int cut_failed = take(coding, bytes, n, piece, &cut, &other);
    /* libzstd (1.5.4) holds a frame's announced length against it only when it has all of it at once. */
    FUZZ_REQUIRE(cut_failed == failed || (coding == CODING_ZSTD && failed != 0));
    FUZZ_REQUIRE(failed != 0 ||
                 (cut.n == whole.n && (cut.n == 0 || memcmp(cut.bytes, whole.bytes, cut.n) == 0)));
    if (coding == CODING_GZIP) {
        FUZZ_REQUIRE(plain_gunzip(bytes, n, plain, &plain_n) == (failed == 0));
        FUZZ_REQUIRE(failed != 0 || (plain_n == whole.n &&
                                     (plain_n == 0 || memcmp(plain, whole.bytes, plain_n) == 0)));
    }
    body_done(&whole);
    body_done(&cut);
}

static void check_plain(const uint8_t *bytes, size_t n, size_t piece)
{
    struct bytes packed = {0};
    struct body body;
    struct err err = {.code = ERR_NONE};
    http_gzip(bytes, n, &packed);
    FUZZ_REQUIRE(take(CODING_GZIP, packed.at, packed.n, piece, &body, &err) == 0);
    FUZZ_REQUIRE(body.n == n && (n == 0 || memcmp(body.bytes, bytes, n) == 0));
    body_done(&body);
    bytes_done(&packed);
}

static void check_answer(const uint8_t *bytes, size_t n)
{
    static uint8_t back[BODY_MAX + 1];
    char *packed;
    size_t packed_n, back_n;
    if (deflate_whole((const char *)bytes, n, &packed, &packed_n) != 0)
        return;
    FUZZ_REQUIRE(packed_n < n && plain_gunzip((const uint8_t *)packed, packed_n, back, &back_n));
    FUZZ_REQUIRE(back_n == n && memcmp(back, bytes, n) == 0);
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < 2 || n > BODY_MAX)
        return 0;
    enum coding coding = bytes[0] % 3 == 0 ? CODING_IDENTITY : CODING_GZIP;
#ifdef TSTRM_ZSTD
    coding = bytes[0] % 3 == 2 ? CODING_ZSTD : coding;
#endif
    size_t piece = 1 + bytes[1] % 61;
    check_packed(coding, bytes + 2, n - 2, piece);
    check_plain(bytes + 2, n - 2, piece);
    check_answer(bytes + 2, n - 2);
    return 0;
}
