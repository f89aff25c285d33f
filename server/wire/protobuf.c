/* Field by field through a message. Knows widths and lengths; refuses to step over the end.
 * Surprising: numbers are put together byte by byte, so that the machine's byte order and alignment
 * never matter; compilers make single loads of it. */
#include "server/wire/protobuf.h"

#define VARINT_BYTES_MAX 10

static int wrong_at(const struct pb_reader *reader, const uint8_t *at, struct err *err)
{
    return err_at(err, "byte %zu", (size_t)(at - reader->first));
}

struct pb_reader pb_open(const void *bytes, size_t n)
{
    const uint8_t *first = bytes;

    return (struct pb_reader){first, first, n == 0 ? first : first + n};
}

struct pb_reader pb_inside(const struct pb_reader *outer, const struct pb_field *field)
{
    const uint8_t *at = (const uint8_t *)field->bytes.at;

    return (struct pb_reader){outer->first, at, field->bytes.n == 0 ? at : at + field->bytes.n};
}

/* A varint of more than one byte, or one that is cut short. 0 or -1. */
static int long_varint(struct pb_reader *reader, uint64_t *ret, struct err *err)
{
    size_t left = (size_t)(reader->end - reader->at);
    uint64_t value = 0;

    for (size_t i = 0; i < left && i < VARINT_BYTES_MAX; i++) {
        uint8_t byte = reader->at[i];
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80 && (i < VARINT_BYTES_MAX - 1 || byte <= 1)) {
            reader->at += i + 1;
            *ret = value;
            return 0;
        }
    }
    if (left < VARINT_BYTES_MAX) {
        err_set(err, ERR_SYNTAX, "the message ends inside a varint");
    } else {
        err_set(err, ERR_SYNTAX, "a varint of more than 64 bits");
    }
    return wrong_at(reader, reader->at, err);
}

static inline int read_varint(struct pb_reader *reader, uint64_t *ret, struct err *err)
{
    if (reader->at < reader->end && *reader->at < 0x80) {
        *ret = *reader->at++;
        return 0;
    }
    return long_varint(reader, ret, err);
}

static int read_fixed(struct pb_reader *reader, size_t n, uint64_t *ret, struct err *err)
{
    uint64_t value = 0;

    if ((size_t)(reader->end - reader->at) < n) {
        err_set(err, ERR_SYNTAX, "the message ends inside a number of %zu bytes", n);
        return wrong_at(reader, reader->at, err);
    }
    for (size_t i = 0; i < n; i++) {
        value |= (uint64_t)reader->at[i] << (8 * i);
    }
    reader->at += n;
    *ret = value;
    return 0;
}

static int read_bytes(struct pb_reader *reader, struct wire_slice *ret, struct err *err)
{
    const uint8_t *at = reader->at;
    uint64_t n;

    if (read_varint(reader, &n, err) != 0) {
        return -1;
    }
    if (n > (uint64_t)(reader->end - reader->at)) {
        err_set(err, ERR_SYNTAX, "a field of %llu bytes, but the message has %zu left",
                (unsigned long long)n, (size_t)(reader->end - reader->at));
        return wrong_at(reader, at, err);
    }
    *ret = (struct wire_slice){(const char *)reader->at, (size_t)n};
    reader->at += n;
    return 0;
}

static int wrong_tag(const struct pb_reader *reader, const uint8_t *at, uint64_t tag,
                     struct err *err)
{
    unsigned type = (unsigned)(tag & 7);

    if (tag > UINT32_MAX || tag >> 3 == 0) {
        err_set(err, ERR_SYNTAX, "a field's number is %llu, expected 1 to 536870911",
                (unsigned long long)(tag >> 3));
    } else if (type == 3 || type == 4) {
        err_set(err, ERR_SYNTAX, "field %u is a group, which is not supported",
                (unsigned)(tag >> 3));
    } else {
        err_set(err, ERR_SYNTAX, "field %u has the wire type %u, expected 0, 1, 2 or 5",
                (unsigned)(tag >> 3), type);
    }
    return wrong_at(reader, at, err);
}

int pb_next(struct pb_reader *reader, struct pb_field *ret, struct err *err)
{
    const uint8_t *at = reader->at;
    struct pb_field field = {0};
    uint64_t tag;
    int failed;

    if (at == reader->end) {
        return 0;
    }
    if (read_varint(reader, &tag, err) != 0) {
        return -1;
    }
    if (tag > UINT32_MAX || tag >> 3 == 0) {
        return wrong_tag(reader, at, tag, err);
    }
    field.number = (uint32_t)(tag >> 3);
    field.type = (enum pb_type)(tag & 7);
    switch (tag & 7) {
    case PB_VARINT:
        failed = read_varint(reader, &field.value, err);
        break;
    case PB_FIXED64:
        failed = read_fixed(reader, 8, &field.value, err);
        break;
    case PB_BYTES:
        failed = read_bytes(reader, &field.bytes, err);
        break;
    case PB_FIXED32:
        failed = read_fixed(reader, 4, &field.value, err);
        break;
    default:
        return wrong_tag(reader, at, tag, err);
    }
    if (failed != 0) {
        return -1;
    }
    *ret = field;
    return 1;
}

int pb_varint(struct pb_reader *reader, uint64_t *ret, struct err *err)
{
    if (reader->at == reader->end) {
        return 0;
    }
    return read_varint(reader, ret, err) != 0 ? -1 : 1;
}

static const char *type_name(enum pb_type type)
{
    switch (type) {
    case PB_VARINT:
        return "a varint";
    case PB_FIXED64:
        return "8 bytes";
    case PB_BYTES:
        return "bytes with their length";
    case PB_FIXED32:
        break;
    }
    return "4 bytes";
}

int pb_expect(const struct pb_reader *reader, const struct pb_field *field, enum pb_type type,
              const char *what, struct err *err)
{
    if (field->type == type) {
        return 0;
    }
    err_set(err, ERR_SYNTAX, "%s (field %u) is encoded as %s, expected %s", what, field->number,
            type_name(field->type), type_name(type));
    return wrong_at(reader, reader->at, err);
}
