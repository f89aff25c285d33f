/* A packed body unfolded piece by piece. Knows the codings of coding.h; refuses to know where the bytes go.
 * Surprising: bytes behind the end of the gzip member or zstd frame are an error, not a second one: no
 * client sends those on purpose. One thread at a time. */
#ifndef SERVER_HTTP_INFLATER_H
#define SERVER_HTTP_INFLATER_H

#include "server/base/err.h"
#include "server/http/coding.h"

#include <stdbool.h>
#include <stddef.h>

struct inflater;

typedef int (*inflater_take)(void *ctx, const char *bytes, size_t n, struct err *err);

/* For any coding but identity that coding_of_content has found. NULL when out of memory. */
struct inflater *inflater_new(enum coding coding);

/* Unfolds n bytes and passes what comes out to take, in pieces. Returns 0, or -1 with ERR_SYNTAX,
 * ERR_TOO_LARGE (a zstd frame that wants a larger window than RFC 9659 allows), ERR_NO_MEMORY or take's
 * error. */
__attribute__((warn_unused_result)) int inflater_feed(struct inflater *inflater, const char *bytes,
                                                      size_t n, inflater_take take, void *ctx,
                                                      struct err *err);

/* Whether the stream has come to its end. */
bool inflater_ended(const struct inflater *inflater);

enum coding inflater_coding(const struct inflater *inflater);

/* Accepts NULL. */
void inflater_free(struct inflater *inflater);

#endif
