/* A request's body as it arrives. Knows the limits, the codings, and what is done with each piece; refuses to
 * know what the body means. Surprising: the limit holds for the bytes after decompression, so a small
 * body that unfolds without end is cut where any other would be. */
#ifndef SERVER_HTTP_BODY_H
#define SERVER_HTTP_BODY_H

#include "server/base/err.h"
#include "server/http/batch_reader.h"
#include "server/http/coding.h"
#include "server/http/json_weight.h"
#include "server/http/points_reader.h"
#include "server/http/routes.h"

#include <stdbool.h>
#include <stdint.h>

struct inflater;
struct ingest; /* server/service/ingest.h */

struct body {
    enum body_mode mode;
    size_t max;                   /* bytes, decompressed */
    uint64_t received;            /* bytes as they came over the wire */
    uint64_t taken;               /* bytes, decompressed */
    char *bytes;                  /* BODY_BUFFER: malloc, a NUL behind n bytes; NULL while empty */
    size_t n, size;
    bool weighed;                 /* … JSON: what it will weigh as a tree is told as it comes */
    struct json_weight weight;
    struct points_reader *points; /* BODY_POINTS */
    struct batch_reader *batch;   /* BODY_BATCH */
    enum batch_format format;
    struct ingest *ingest;        /* BODY_BATCH: set before body_begin, the body's then; where series go */
    bool create;                  /* … and whether missing ones are created */
    struct inflater *inflater;    /* NULL: not compressed */
};

/* Fills zeroed memory. points_max: most points. */
__attribute__((warn_unused_result)) int body_begin(struct body *body, enum body_mode mode,
                                                   unsigned media, enum coding coding,
                                                   size_t max, size_t points_max, struct err *err);

/* Takes a piece of the body. Returns 0, or -1 with ERR_TOO_LARGE, ERR_SYNTAX (also: not what its coding
 * says, or a number without end), ERR_INVALID or ERR_NO_MEMORY. */
__attribute__((warn_unused_result)) int body_feed(struct body *body, const char *bytes, size_t n,
                                                  struct err *err);

/* The body has ended. Returns 0, or -1 with ERR_SYNTAX where a compressed one is cut short. */
__attribute__((warn_unused_result)) int body_end(struct body *body, struct err *err);

/* body may be zeroed memory. */
void body_done(struct body *body);

#endif
