/* What the files of line_protocol share: where the reading is, and the parts of a line. Private to
 * line_*.c. */
#ifndef SERVER_WIRE_LINE_PARTS_H
#define SERVER_WIRE_LINE_PARTS_H

#include "server/wire/line_protocol.h"

struct line_cursor {
    const char *at;
    const char *line_first; /* the line's first byte … */
    size_t line;            /* … and its number, from 1 */
};

struct line_reader {
    struct line_cursor cursor;
    const char *end;
    const struct line_options *options;
    char *scratch, *scratch_at; /* names without their escapes, of the current line */
    struct line_tag *tags;
    struct line_field *fields;
    size_t tag_n, field_n, text_n; /* of the current line */
};

/* Which characters end a name besides spaces, commas and line ends. */
enum line_name { LINE_MEASUREMENT, LINE_TAG_KEY, LINE_TAG_VALUE, LINE_FIELD_KEY };

/* *err at a byte of the current line; returns -1. */
__attribute__((format(printf, 4, 5))) int line_wrong(const struct line_reader *reader,
                                                     const char *at, struct err *err,
                                                     const char *format, ...);

/* The same for what is well-formed but wrong (code other than ERR_SYNTAX). */
int line_at(const struct line_reader *reader, const char *at, struct err *err);

/* Whether the line ends here: LF, CRLF, or the body's end. */
bool line_ends(const struct line_reader *reader, const char *at);

/* Reads the name that begins at the cursor. 0, or -1 with *err: an empty or too long one, control
 * characters, what is not UTF-8. */
WIRE_MUST int line_take_name(struct line_reader *reader, enum line_name kind,
                             struct wire_slice *ret, struct err *err);

/* Reads the field's value at the cursor: a number into *ret and *ret_number true, or a text, which
 * it passes. 0, or -1 with *err. Where the text is not closed, or something follows it, the cursor
 * is set back to its first quote, so that no other line is lost. */
WIRE_MUST int line_take_value(struct line_reader *reader, double *ret, bool *ret_number,
                              struct err *err);

/* Reads the timestamp at the cursor, in ms. 0, or -1 with *err. */
WIRE_MUST int line_take_time(struct line_reader *reader, int64_t *ret, struct err *err);

#endif
