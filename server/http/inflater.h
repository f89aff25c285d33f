/* A gzip stream unfolded piece by piece. Knows zlib; refuses to know where the bytes go. Surprising:
 * bytes behind the end of the stream are an error, not a second member: no client sends those on
 * purpose. One thread at a time. */
#ifndef SERVER_HTTP_INFLATER_H
#define SERVER_HTTP_INFLATER_H

#include "server/base/err.h"

#include <stdbool.h>

struct inflater;

/* NULL when out of memory. */
struct inflater *inflater_new(void);

/* Unfolds n bytes and passes what comes out to take, in pieces. Returns 0, or -1 with ERR_SYNTAX,
 * ERR_NO_MEMORY or take's error. */
__attribute__((warn_unused_result)) int
inflater_feed(struct inflater *inflater, const char *bytes, size_t n,
              int (*take)(void *ctx, const char *bytes, size_t n, struct err *err), void *ctx,
              struct err *err);

/* Whether the stream has come to its end. */
bool inflater_ended(const struct inflater *inflater);

/* Accepts NULL. */
void inflater_free(struct inflater *inflater);

#endif
