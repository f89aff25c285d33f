/* Points of many series from a request's body, piece by piece as it arrives. Knows the two forms and names
 * the place of what is wrong; refuses to know what becomes of the series. Surprising: points of one series
 * are handed on as soon as it ends, so that only the longest one is held here.
 *
 * JSON: {"series":[{"id":"a","points":[[t,v],…]},{"id":"b","timestamps":[…],"values":[…]}]}, each with
 * exactly one of the two forms, the id before or after it.
 *
 * NDJSON: {"series":"a","t":…,"v":…} a line (also "id", "timestamp" and "value"), blank lines are nothing.
 *
 * Times and values are those of points_reader.h. One thread at a time. */
#ifndef SERVER_HTTP_BATCH_READER_H
#define SERVER_HTTP_BATCH_READER_H

#include "server/base/err.h"
#include "server/base/series.h"

#include <stddef.h>

enum batch_format { BATCH_JSON, BATCH_NDJSON };

/* Some points of a series, n >= 1, in the body's order; at: the series' number in the list, or the line's,
 * both from 0. Returns 0, or -1 with *err. */
typedef int (*batch_sink)(void *ctx, const char *id, size_t id_n, size_t at, const struct point *points,
                          size_t n, struct err *err);

struct batch_reader;

#define BATCH_MUST __attribute__((warn_unused_result))

/* points_max: most points of one series. Returns 0, or -1 with ERR_NO_MEMORY. */
BATCH_MUST int batch_reader_new(enum batch_format format, size_t points_max, batch_sink sink, void *ctx,
                                struct batch_reader **ret, struct err *err);

/* As points_reader_feed; also what the sink says. */
BATCH_MUST int batch_reader_feed(struct batch_reader *reader, const char *bytes, size_t n, struct err *err);
/* The end of the body. ERR_INVALID where there was no series. */
BATCH_MUST int batch_reader_finish(struct batch_reader *reader, struct err *err);

/* "/series/3" or "line 4". */
void batch_reader_place(enum batch_format format, size_t at, char *buf, size_t buf_n);

/* Accepts NULL. */
void batch_reader_free(struct batch_reader *reader);

#endif
