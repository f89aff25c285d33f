/* Protobuf's wire format: what was read, written again in the shortest form, reads the same; nested
 * as far as bytes happen to be messages. */
#include "server/wire/protobuf.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#define DEPTH 4

static size_t put_varint(uint8_t *to, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7) {
        to[n++] = (uint8_t)(value | 0x80);
    }
    to[n++] = (uint8_t)value;
    return n;
}

/* At most as long as what the field was read from. */
static size_t put_field(uint8_t *to, const struct pb_field *field)
{
    size_t n = put_varint(to, (uint64_t)field->number << 3 | (uint64_t)field->type);
    size_t fixed = field->type == PB_FIXED64 ? 8 : 4;
    switch (field->type) {
    case PB_VARINT:
        return n + put_varint(to + n, field->value);
    case PB_BYTES:
        n += put_varint(to + n, field->bytes.n);
        if (field->bytes.n > 0) {
            memcpy(to + n, field->bytes.at, field->bytes.n);
        }
        return n + field->bytes.n;
    case PB_FIXED64:
    case PB_FIXED32:
        break;
    }
    for (size_t i = 0; i < fixed; i++) {
        to[n++] = (uint8_t)(field->value >> (8 * i));
    }
    return n;
}

static void require_slice_inside(const struct pb_field *field, const uint8_t *bytes, size_t n)
{
    const uint8_t *at = (const uint8_t *)field->bytes.at;
    FUZZ_REQUIRE(field->type == PB_BYTES || field->bytes.n == 0);
    FUZZ_REQUIRE(field->type != PB_BYTES ||
                 (at >= bytes && at <= bytes + n && field->bytes.n <= (size_t)(bytes + n - at)));
}

/* Reads all fields; whether that went well. */
static bool walk(struct pb_reader reader, const uint8_t *bytes, size_t n, int depth, uint8_t *to,
                 size_t *ret_n)
{
    struct err err = {.code = ERR_NONE};
    struct pb_field field;
    int more;
    while ((more = pb_next(&reader, &field, &err)) == 1) {
        FUZZ_REQUIRE(field.number >= 1 && field.number <= 536870911);
        require_slice_inside(&field, bytes, n);
        if (field.type == PB_BYTES && depth > 0) {
            size_t unused = 0;
            walk(pb_inside(&reader, &field), bytes, n, depth - 1, NULL, &unused);
        }
        if (to != NULL) {
            *ret_n += put_field(to + *ret_n, &field);
        }
    }
    FUZZ_REQUIRE(more == 0 || (err.code == ERR_SYNTAX && strncmp(err.place, "byte ", 5) == 0));
    FUZZ_REQUIRE(more != 0 || reader.at == reader.end);
    return more == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint8_t *once = malloc(n + 1), *twice = malloc(n + 1);
    size_t once_n = 0, twice_n = 0;
    FUZZ_REQUIRE(once != NULL && twice != NULL);
    if (walk(pb_open(bytes, n), bytes, n, DEPTH, once, &once_n)) {
        FUZZ_REQUIRE(once_n <= n);
        FUZZ_REQUIRE(walk(pb_open(once, once_n), once, once_n, DEPTH, twice, &twice_n));
        FUZZ_REQUIRE(twice_n == once_n && memcmp(once, twice, once_n) == 0);
    }
    free(once);
    free(twice);
    return 0;
}
