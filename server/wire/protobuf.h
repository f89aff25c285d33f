/* Protocol Buffers' wire format, reading only, field by field. Knows tags, varints, fixed numbers
 * and lengths (protobuf.dev, "Encoding"); refuses to know schemas, and groups (deprecated, and the
 * only part that nests without saying its length). Surprising: unknown fields need no call: a field
 * that the caller does not look at is skipped, since pb_next has already passed it.
 *
 *     struct pb_reader r = pb_open(bytes, n);
 *     struct pb_field field;
 *     int more;
 *     while ((more = pb_next(&r, &field, err)) == 1) {
 *         if (field.number == 4) { … field.bytes, or field.value … }
 *     }
 *     if (more < 0) …
 *
 * Zero-copy: slices point into the bytes. No allocation, no recursion: a nested message is a slice,
 * read by a reader of its own (pb_inside), whose errors count from the outermost byte.
 *
 * Errors: ERR_SYNTAX with err->place "byte N" of the outermost message, counted from 0. */
#ifndef SERVER_WIRE_PROTOBUF_H
#define SERVER_WIRE_PROTOBUF_H

#include "server/wire/wire.h"

#include <stdint.h>
#include <string.h>

enum pb_type { PB_VARINT = 0, PB_FIXED64 = 1, PB_BYTES = 2, PB_FIXED32 = 5 };

struct pb_reader {
    const uint8_t *first; /* of the outermost message */
    const uint8_t *at, *end;
};

struct pb_field {
    uint32_t number; /* 1 to 2^29 - 1 */
    enum pb_type type;
    uint64_t value;          /* varint and fixed numbers; 0 for bytes */
    struct wire_slice bytes; /* PB_BYTES: texts, messages, packed numbers; else empty */
};

struct pb_reader pb_open(const void *bytes, size_t n);

/* A reader of field->bytes. */
struct pb_reader pb_inside(const struct pb_reader *outer, const struct pb_field *field);

/* The next field: 1, 0 at the end (*ret untouched), or -1 with *err: a number cut short or over its
 * width, a field number 0, a group, a length beyond the message. */
WIRE_MUST int pb_next(struct pb_reader *reader, struct pb_field *ret, struct err *err);

/* The next number of packed varints: 1, 0 at the end, or -1 with *err. */
WIRE_MUST int pb_varint(struct pb_reader *reader, uint64_t *ret, struct err *err);

/* Whether a field whose number is known has its schema's type: 0, or -1 with *err, which calls the
 * field `what`. */
WIRE_MUST int pb_expect(const struct pb_reader *reader, const struct pb_field *field,
                        enum pb_type type, const char *what, struct err *err);

/* A PB_FIXED64 field as the double that it holds. */
static inline double pb_double(const struct pb_field *field)
{
    double v;

    memcpy(&v, &field->value, sizeof v);
    return v;
}

#endif
