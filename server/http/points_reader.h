/* Points from a request's body, piece by piece as it arrives. Knows the three forms and names the
 * exact place of what is wrong; refuses to know series (order, grid and limits of values are the
 * service's). Surprising: nothing of the body is kept: the bytes are pushed through a state machine
 * that holds one unfinished number or string, so a body costs 16 bytes a point however it was cut
 * into pieces.
 *
 * JSON: {"points":[[t,v],…]} or {"timestamps":[…],"values":[…]}, exactly one of the two; t is RFC
 * 3339 text or whole epoch milliseconds, v a finite number or null (missing).
 *
 * CSV: RFC 4180, two columns, time and value; an optional first line names them (timestamp, time,
 * ds, t and value, y, v; any case); an empty value or null is missing.
 *
 * NDJSON: one [t,v], or {"t":…,"v":…} (also "timestamp" and "value"), a line.
 *
 * One thread at a time. Cost: about 4 ns a byte, 0.1 us a point. */
#ifndef SERVER_HTTP_POINTS_READER_H
#define SERVER_HTTP_POINTS_READER_H

#include "server/base/err.h"
#include "server/base/series.h"

#include <stddef.h>

enum points_format { POINTS_JSON, POINTS_CSV, POINTS_NDJSON };

struct points_reader;

#define POINTS_MUST __attribute__((warn_unused_result))

/* points_max: most points that are taken. Returns 0, or -1 with ERR_NO_MEMORY. */
POINTS_MUST int points_reader_new(enum points_format format, size_t points_max,
                                  struct points_reader **ret, struct err *err);

/* Takes the next n bytes. However a body is cut, the outcome is the same. Returns 0, or -1 with
 * *err: ERR_SYNTAX (not the format), ERR_INVALID (a wrong key, type or value), ERR_TOO_LARGE (more
 * than points_max), ERR_NO_MEMORY; err->place is a JSON pointer, "line N", or "byte N". After a
 * failure every further call fails with the same error. */
POINTS_MUST int points_reader_feed(struct points_reader *reader, const char *bytes, size_t n,
                                   struct err *err);

/* The end of the body. Hands out the points (malloc, the caller's, *ret_n >= 1, in the body's
 * order); points_reader_place keeps working. Returns 0, or -1 with *err as above (a body cut short:
 * ERR_SYNTAX; no points: ERR_INVALID), outputs untouched. */
POINTS_MUST int points_reader_finish(struct points_reader *reader, struct point **ret,
                                     size_t *ret_n, struct err *err);

/* The place of point `item` in the body: "/points/3/0" (its time), "/timestamps/3" or "line 7". For
 * errors that the service raises by item (ERR_PLACE_MAX bytes are always enough). */
void points_reader_place(const struct points_reader *reader, size_t item, char *buf, size_t buf_n);

/* Accepts NULL. */
void points_reader_free(struct points_reader *reader);

#endif
