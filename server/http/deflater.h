/* Answers packed as gzip. Knows which bytes are worth packing, and two ways to do it: whole at once, which
 * has a Content-Length and can be kept, and piece by piece while the answer is sent. Refuses to know who
 * asked for it (coding.h). Surprising: packing happens on the loop, so the fastest level is used and the
 * large are done in pieces: what a slow level saves in bytes would be paid for by everyone who waits. */
#ifndef SERVER_HTTP_DEFLATER_H
#define SERVER_HTTP_DEFLATER_H

#include <stdbool.h>
#include <stddef.h>

struct MHD_Response;

/* Below, an answer is about one packet either way. */
#define DEFLATE_BYTES_MIN ((size_t)1024)
/* Above, it is packed in pieces (some 3 ms of the loop's time at once otherwise). */
#define DEFLATE_WHOLE_MAX ((size_t)256 << 10)

/* What zlib holds while an answer is packed in pieces (zconf.h: 2^(windowBits + 2) + 2^(memLevel + 9), and
 * its own state). */
#define DEFLATE_STATE_BYTES ((size_t)272 << 10)

/* Whether an answer of this Content-Type (NULL: none) and length may be packed: text and JSON, but not a
 * text/event-stream, whose events must not wait in a packer. */
bool deflate_fits(const char *type, size_t n);

/* Packs n bytes. Returns 0 and the packed bytes (malloc, the caller's), or -1 where there is no memory for
 * it or the result would not be shorter; the bytes go as they are then. */
__attribute__((warn_unused_result)) int deflate_whole(const char *bytes, size_t n, char **ret,
                                                      size_t *ret_n);

/* A response of unknown length that packs the bytes while they are sent, and calls release(ctx) when it
 * has gone. NULL when out of memory; release is not called then. */
struct MHD_Response *deflate_stream(const char *bytes, size_t n, void (*release)(void *ctx), void *ctx);

/* Says so in the response's headers. False where there was no memory for it. */
bool deflate_mark(struct MHD_Response *response);

#endif
