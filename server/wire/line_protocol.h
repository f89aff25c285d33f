/* InfluxDB's line protocol. Knows the published grammar; refuses HTTP, compression, and to know
 * what a series is called here. Surprising: every error costs one line and no more. Reading goes on
 * with the next line (InfluxDB stores the valid lines and answers 400 about the others), also where
 * a text was not closed.
 *
 * Sources: influxdata/line-protocol, line-protocol.ebnf; docs.influxdata.com, "Line protocol
 * reference" and the write endpoints of v1 and v2 (precisions).
 *
 *     measurement[,tag=value…] field=value[,field=value…] [timestamp]
 *
 * Names (measurement, tag keys and values, field keys) are UTF-8 without control characters, and
 * not empty. A backslash before a comma or a space (and, but for the measurement, an equals sign)
 * makes it an ordinary character; any other backslash is itself. Quotes in names are ordinary
 * characters.
 *
 * Values: floats (1, 1., .5, -1.5e3; no NaN, no infinity), integers (3i, within int64), unsigned
 * ones (3u, within uint64), booleans (t, T, true, True, TRUE and the same of false), which count 1
 * and 0, and "texts" with \" and \\ in them, which are skipped and counted. Integers beyond 2^53
 * are rounded to the next double. A text may go on over line ends.
 *
 * Timestamps are whole numbers in the caller's unit since 1970, of years 1 to 9999; without one a
 * line has the caller's time. They come out in ms; what is finer is cut towards the past.
 *
 * Lines end in LF or CRLF, spaces before and after a line are skipped, blank lines and lines whose
 * first character is # are nothing. Other control characters are refused outside of texts and
 * comments. */
#ifndef SERVER_WIRE_LINE_PROTOCOL_H
#define SERVER_WIRE_LINE_PROTOCOL_H

#include "server/wire/wire.h"

#include <stdint.h>

enum line_precision { LINE_NS, LINE_US, LINE_MS, LINE_S, LINE_M, LINE_H };

/* "ns" or "n", "us" or "u", "ms", "s", and v1's "m" (minutes) and "h" (hours). Returns whether it
 * is one; *ret untouched otherwise. */
WIRE_MUST bool line_precision_parse(const char *text, size_t n, enum line_precision *ret);

/* Each at least 1. Over one of them: the line is refused. Memory while reading: 32 bytes for each
 * of tags_max, 24 for each of fields_max, and as many bytes as the body has where it has a
 * backslash. */
struct line_limits {
    size_t tags_max;       /* of a line */
    size_t fields_max;     /* of a line, the skipped texts among them */
    size_t name_bytes_max; /* of a measurement, tag key, tag value, field key, as written */
};

struct line_options {
    enum line_precision precision; /* of the timestamps in the body */
    int64_t now_ms;                /* time of the lines without one */
    struct line_limits limits;
};

struct line_tag {
    struct wire_slice key, value;
};

struct line_field {
    struct wire_slice key;
    double value; /* finite */
};

/* One line with at least one number. Valid during the visitor's call; names without their escapes.
 */
struct line_point {
    size_t line; /* where it begins, from 1 */
    struct wire_slice measurement;
    const struct line_tag *tags; /* sorted by the keys' bytes, no key twice */
    size_t tag_n;
    const struct line_field *fields; /* in the line's order; of a key that is there twice the later
                                      * counts (both are here) */
    size_t field_n;
    int64_t t; /* UTC ms */
};

struct line_visitor {
    /* wire.h says what the verdicts do; *err is for WIRE_REFUSED and WIRE_STOP. */
    enum wire_verdict (*point)(void *context, const struct line_point *point, struct err *err);
    void *context;
};

/* Lines that are neither blank nor a comment = taken + refused + textual. */
struct line_totals {
    size_t lines_taken;   /* shown to the visitor, who took them */
    size_t lines_refused; /* one error each */
    size_t lines_textual; /* right, but without a number: not shown */
    size_t fields_taken;  /* numbers in the lines taken */
    size_t texts_skipped; /* in the lines that were not refused */
};

/* Reads body[n] and shows its lines in order.
 *
 * Returns 0 with *ret, also where lines were refused: their errors are in *errors, with err->place
 * "line 7, column 12" (both from 1, columns in bytes; "line 7" where the visitor refused a line)
 * and err->item the line's number less 1; ERR_SYNTAX (not the grammar), ERR_INVALID (a value out of
 * range, a tag twice), ERR_TOO_LARGE (a limit), or the visitor's.
 *
 * Returns -1 with *err and *ret untouched: ERR_NO_MEMORY before the visitor was called, or what the
 * visitor said with WIRE_STOP.
 *
 * Cost: linear in n whatever the body (no byte is read more than a few times); bench `wire` has
 * figures. */
WIRE_MUST int line_read(const char *body, size_t n, const struct line_options *options,
                        const struct line_visitor *visitor, struct wire_errors *errors,
                        struct line_totals *ret, struct err *err);

#endif
