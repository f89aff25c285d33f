/* See http_script.h. */
#include "tests/fuzz/http_script.h"

#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#ifdef TSTRM_ZSTD
#include <zstd.h>
#endif

enum { LENGTH = 1, END, GZIP, SNAPPY, CHUNKS, ZSTD };
#define CHUNK_MAX 61

void http_gzip(const uint8_t *from, size_t n, struct bytes *ret)
{
    z_stream z = {0};
    uint8_t buf[4096];
    int status;
    FUZZ_REQUIRE(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    z.next_in = (Bytef *)(uintptr_t)from;
    z.avail_in = (uInt)n;
    do {
        z.next_out = buf;
        z.avail_out = sizeof buf;
        status = deflate(&z, Z_FINISH);
        bytes_add(ret, buf, sizeof buf - z.avail_out);
    } while (status == Z_OK);
    deflateEnd(&z);
}

static void zstd(const uint8_t *from, size_t n, struct bytes *ret)
{
#ifdef TSTRM_ZSTD
    uint8_t buf[256 << 10];
    size_t made = ZSTD_compress(buf, sizeof buf, from, n, 1);
    if (!ZSTD_isError(made))
        bytes_add(ret, buf, made);
#else
    bytes_add(ret, from, n);
#endif
}

static void chunks(const uint8_t *from, size_t n, struct bytes *ret)
{
    char size[24];
    for (size_t at = 0, piece = 1; at < n; at += piece) {
        piece = 1 + (at * 7 + n) % CHUNK_MAX;
        piece = piece < n - at ? piece : n - at;
        bytes_add(ret, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", piece));
        bytes_add(ret, from + at, piece);
        bytes_add(ret, "\r\n", 2);
    }
    bytes_add(ret, "0\r\n\r\n", 5);
}

static void encode(const uint8_t *body, size_t n, struct bytes *ret)
{
    switch (n == 0 ? 0 : body[0]) {
    case GZIP:
        http_gzip(body + 1, n - 1, ret);
        break;
    case SNAPPY:
        snappy_compress(body + 1, n - 1, ret);
        break;
    case CHUNKS:
        chunks(body + 1, n - 1, ret);
        break;
    case ZSTD:
        zstd(body + 1, n - 1, ret);
        break;
    default:
        bytes_add(ret, body, n);
    }
}

/* The length of the head that the script begins with, its empty line included; the rest where there
 * is none. */
static size_t head_n(const uint8_t *script, size_t n)
{
    const uint8_t *end = memmem(script, n, "\r\n\r\n", 4);
    return end == NULL ? n : (size_t)(end - script) + 4;
}

static void add_head(const uint8_t *head, size_t n, size_t body_n, struct bytes *ret)
{
    char digits[24];
    for (size_t i = 0; i < n; i++) {
        if (head[i] == LENGTH)
            bytes_add(ret, digits, (size_t)snprintf(digits, sizeof digits, "%zu", body_n));
        else
            bytes_add(ret, head + i, 1);
    }
}

void http_script(const uint8_t *script, size_t n, struct bytes *ret)
{
    while (script != NULL && n > 0) {
        size_t head = head_n(script, n);
        const uint8_t *body = script + head;
        struct bytes encoded = {0};
        bool framed = memchr(script, LENGTH, head) != NULL || (head < n && *body == CHUNKS);
        const uint8_t *end = framed ? memchr(body, END, n - head) : NULL;
        size_t body_n = !framed ? 0 : end != NULL ? (size_t)(end - body) : n - head;
        encode(body, body_n, &encoded);
        add_head(script, head, encoded.n, ret);
        if (encoded.n > 0)
            bytes_add(ret, encoded.at, encoded.n);
        bytes_done(&encoded);
        size_t used = head + body_n + (end != NULL);
        script += used;
        n -= used;
    }
}
