/* Snappy blocks: two decoders agree. The other one goes byte by byte and trusts nothing, so that
 * the wide moves of the first are seen where they are wrong. */
#include "server/wire/snappy.h"
#include "tests/fuzz/fuzz.h"
#include "tests/wire/encode.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX ((size_t)1 << 20)

/* A number of that many bytes, lowest first; whether the input has them. */
static bool number(const uint8_t **at, const uint8_t *end, size_t bytes, size_t *ret)
{
    *ret = 0;
    if ((size_t)(end - *at) < bytes) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        *ret |= (size_t) * (*at)++ << (8 * i);
    }
    return true;
}

/* One element; whether it is right. */
static bool plain_element(const uint8_t **at, const uint8_t *end, uint8_t *to, size_t to_n,
                          size_t *done)
{
    size_t tag = *(*at)++, n = (tag >> 2) + 1, offset = 0, low;
    if ((tag & 3) == 0) {
        if (n > 60 && !number(at, end, n - 60, &n)) {
            return false;
        }
        n += (tag >> 2) >= 60;
        if (n > (size_t)(end - *at)) {
            return false;
        }
    } else {
        if (!number(at, end, (tag & 3) == 3 ? 4 : tag & 3, &low)) {
            return false;
        }
        offset = (tag & 3) == 1 ? low | (tag >> 5) << 8 : low;
        n = (tag & 3) == 1 ? (tag >> 2 & 7) + 4 : n;
        if (offset == 0 || offset > *done) {
            return false;
        }
    }
    if (n > to_n - *done) {
        return false;
    }
    for (; n > 0; n--, (*done)++) {
        to[*done] = offset > 0 ? to[*done - offset] : *(*at)++;
    }
    return true;
}

static bool plain_decode(const uint8_t *bytes, size_t n, uint8_t *to, size_t to_n)
{
    const uint8_t *at = bytes, *end = bytes + n;
    size_t done = 0;
    while (at < end && *at++ >= 0x80) {
    }
    while (at < end) {
        if (!plain_element(&at, end, to, to_n, &done)) {
            return false;
        }
    }
    return done == to_n;
}

/* Bytes that two encoders have packed come back. */
static void check_round(const uint8_t *bytes, size_t n)
{
    for (int i = 0; i < 2; i++) {
        struct bytes packed = {0};
        struct err err = {.code = ERR_NONE};
        uint64_t seed = n;
        size_t out_n;
        char *out;
        if (i == 0)
            snappy_encode(bytes, n, &seed, &packed);
        else
            snappy_compress(bytes, n, &packed);
        FUZZ_REQUIRE(snappy_decode_new(packed.at, packed.n, MAX, &out, &out_n, &err) == 0);
        FUZZ_REQUIRE(out_n == n && (n == 0 || memcmp(out, bytes, n) == 0));
        free(out);
        bytes_done(&packed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    check_round(bytes, n);
    struct err err = {.code = ERR_NONE};
    size_t size = 77, out_n = 77;
    char *out = NULL;
    if (snappy_size(bytes, n, MAX, &size, &err) != 0) {
        FUZZ_REQUIRE(size == 77 && err.code != ERR_NONE && err.msg[0] != '\0');
        FUZZ_REQUIRE(snappy_decode_new(bytes, n, MAX, &out, &out_n, &err) != 0);
        FUZZ_REQUIRE(out == NULL && out_n == 77);
        return 0;
    }
    FUZZ_REQUIRE(size <= MAX);
    uint8_t *plain = malloc(size == 0 ? 1 : size);
    FUZZ_REQUIRE(plain != NULL);
    bool good = plain_decode(bytes, n, plain, size);
    if (snappy_decode_new(bytes, n, MAX, &out, &out_n, &err) != 0) {
        FUZZ_REQUIRE(!good && err.code == ERR_SYNTAX && err.place[0] != '\0');
    } else {
        FUZZ_REQUIRE(good && out_n == size);
        FUZZ_REQUIRE(memcmp(out, plain, size) == 0);
    }
    free(out);
    free(plain);
    return 0;
}
