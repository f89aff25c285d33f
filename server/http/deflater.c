/* zlib's deflate, once or as libmicrohttpd asks for more. See deflater.h. */
#include "server/http/deflater.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define GZIP_FORMAT (15 + 16) /* deflateInit2: largest window, gzip's header and checksum */
#define MEMORY_LEVEL 8        /* zlib's default: 256 KiB for each stream */
#define PIECE_BYTES ((size_t)32 << 10)

bool deflate_fits(const char *type, size_t n)
{
    if (type == NULL || n < DEFLATE_BYTES_MIN || strncmp(type, "text/event-stream", 17) == 0)
        return false;
    return strncmp(type, "text/", 5) == 0 || strncmp(type, "application/json", 16) == 0 ||
           strncmp(type, "application/problem+json", 24) == 0 ||
           strncmp(type, "application/x-ndjson", 20) == 0;
}

static bool begin(z_stream *stream, const char *bytes, size_t n)
{
    stream->next_in = (unsigned char *)(uintptr_t)bytes;
    stream->avail_in = (unsigned)n;
    return deflateInit2(stream, Z_BEST_SPEED, Z_DEFLATED, GZIP_FORMAT, MEMORY_LEVEL,
                        Z_DEFAULT_STRATEGY) == Z_OK;
}

int deflate_whole(const char *bytes, size_t n, char **ret, size_t *ret_n)
{
    z_stream stream = {.next_in = NULL};
    char *packed = malloc(n);
    if (packed == NULL || !begin(&stream, bytes, n)) {
        free(packed);
        return -1;
    }
    stream.next_out = (unsigned char *)packed;
    stream.avail_out = (unsigned)n;
    int status = deflate(&stream, Z_FINISH); /* fails where the result is longer than the bytes */
    size_t packed_n = n - stream.avail_out;
    deflateEnd(&stream);
    char *fitting = status == Z_STREAM_END && packed_n < n ? realloc(packed, packed_n) : NULL;
    if (fitting == NULL) {
        free(packed);
        return -1;
    }
    *ret = fitting;
    *ret_n = packed_n;
    return 0;
}

struct deflating {
    z_stream stream;
    bool ended;
    void (*release)(void *ctx);
    void *ctx;
};

static ssize_t read_piece(void *cls, uint64_t position, char *buf, size_t max)
{
    struct deflating *deflating = cls;
    z_stream *stream = &deflating->stream;
    (void)position; /* libmicrohttpd reads straight on */
    if (deflating->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    stream->next_out = (unsigned char *)buf;
    stream->avail_out = max < PIECE_BYTES ? (unsigned)max : (unsigned)PIECE_BYTES;
    size_t room = stream->avail_out;
    int status = deflate(stream, Z_FINISH);
    deflating->ended = status == Z_STREAM_END;
    if (status != Z_OK && status != Z_STREAM_END)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return (ssize_t)(room - stream->avail_out);
}

static void release(void *cls)
{
    struct deflating *deflating = cls;
    deflateEnd(&deflating->stream);
    deflating->release(deflating->ctx);
    free(deflating);
}

struct MHD_Response *deflate_stream(const char *bytes, size_t n, void (*release_bytes)(void *ctx),
                                    void *ctx)
{
    struct deflating *deflating = calloc(1, sizeof *deflating);
    if (deflating == NULL || !begin(&deflating->stream, bytes, n)) {
        free(deflating);
        return NULL;
    }
    deflating->release = release_bytes;
    deflating->ctx = ctx;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, read_piece, deflating, release);
    if (response == NULL) {
        deflateEnd(&deflating->stream);
        free(deflating);
    }
    return response;
}

bool deflate_mark(struct MHD_Response *response)
{
    return MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip") == MHD_YES;
}
