/* Decoding of one snappy block. Knows the four kinds of element; refuses to trust any of their
 * numbers. Surprising: short literals and most copies move 16 bytes whatever their length, where
 * there is room for that on both sides; what was written too much is written over by the next
 * element. */
#include "server/wire/snappy.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_BYTES_MAX 5
#define WIDE 16 /* bytes moved at once */

enum kind { KIND_LITERAL, KIND_COPY1, KIND_COPY2, KIND_COPY4 };

struct decoder {
    const uint8_t *in_first, *in, *in_end;
    uint8_t *out_first, *out, *out_end;
};

static int wrong_at(const uint8_t *first, const uint8_t *at, struct err *err)
{
    return err_at(err, "byte %zu", (size_t)(at - first));
}

/* ---- the declared size ---- */

/* Bytes of the varint, or 0 where there is none of at most 32 bits. */
static size_t read_size(const uint8_t *bytes, size_t n, uint64_t *ret)
{
    uint64_t value = 0;

    for (size_t i = 0; i < n && i < SIZE_BYTES_MAX; i++) {
        value |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
        if (bytes[i] < 0x80) {
            *ret = value;
            return value > UINT32_MAX ? 0 : i + 1;
        }
    }
    return 0;
}

static bool is_framed(const uint8_t *bytes, size_t n)
{
    static const char mark[] = "\xff\x06\0\0sNaPpY";

    return n >= sizeof mark - 1 && memcmp(bytes, mark, sizeof mark - 1) == 0;
}

static int check_size(const uint8_t *bytes, size_t n, size_t *ret_used, size_t *ret,
                      struct err *err)
{
    uint64_t size;

    if (is_framed(bytes, n)) {
        err_set(err, ERR_SYNTAX, "framed snappy, expected snappy's block format");
        return wrong_at(bytes, bytes, err);
    }
    size_t used = n == 0 ? 0 : read_size(bytes, n, &size);
    if (used == 0) {
        err_set(err, ERR_SYNTAX,
                "not a snappy block: expected its uncompressed size as a varint of 1 to 5 bytes");
        return wrong_at(bytes, bytes, err);
    }
    if (size > (n - used) / 3 * 64 + 64) {
        err_set(err, ERR_SYNTAX,
                "not a snappy block: it declares %llu bytes, but %zu compressed ones cannot hold "
                "as many",
                (unsigned long long)size, n - used);
        return wrong_at(bytes, bytes, err);
    }
    *ret_used = used;
    *ret = (size_t)size;
    return 0;
}

int snappy_size(const void *bytes, size_t n, size_t max, size_t *ret, struct err *err)
{
    size_t used, size;

    if (check_size(bytes, n, &used, &size, err) != 0) {
        return -1;
    }
    if (size > max) {
        return err_set(err, ERR_TOO_LARGE,
                       "the snappy block declares %zu uncompressed bytes, at most %zu are taken",
                       size, max);
    }
    *ret = size;
    return 0;
}

/* ---- elements ---- */

/* A number of 1 to 4 bytes, lowest first. */
static uint32_t little_endian(const uint8_t *at, size_t n)
{
    uint32_t value = 0;

    for (size_t i = 0; i < n; i++) {
        value |= (uint32_t)at[i] << (8 * i);
    }
    return value;
}

static int cut_short(const struct decoder *d, const uint8_t *element, struct err *err)
{
    err_set(err, ERR_SYNTAX, "the snappy block ends inside an element");
    return wrong_at(d->in_first, element, err);
}

static int too_long(const struct decoder *d, const uint8_t *element, size_t n, struct err *err)
{
    err_set(err, ERR_SYNTAX,
            "an element of %zu bytes, but %zu are left of the size that the block declares", n,
            (size_t)(d->out_end - d->out));
    return wrong_at(d->in_first, element, err);
}

static int take_literal(struct decoder *d, struct err *err)
{
    const uint8_t *element = d->in++;
    size_t n = (size_t)(*element >> 2) + 1;

    if (n > 60) {
        size_t number_n = n - 60;
        if ((size_t)(d->in_end - d->in) < number_n) {
            return cut_short(d, element, err);
        }
        n = (size_t)little_endian(d->in, number_n) + 1;
        d->in += number_n;
    }
    size_t in_left = (size_t)(d->in_end - d->in), room = (size_t)(d->out_end - d->out);
    if (n > in_left) {
        return cut_short(d, element, err);
    }
    if (n > room) {
        return too_long(d, element, n, err);
    }
    memcpy(d->out, d->in, n <= WIDE && in_left >= WIDE && room >= WIDE ? WIDE : n);
    d->in += n;
    d->out += n;
    return 0;
}

/* n bytes from `offset` before `to`, where they may be what this very copy writes. */
static void copy_back(uint8_t *to, size_t offset, size_t n, size_t room)
{
    const uint8_t *from = to - offset;

    if (offset >= WIDE && room >= n + WIDE - 1) {
        for (size_t i = 0; i < n; i += WIDE) {
            memcpy(to + i, from + i, WIDE);
        }
        return;
    }
    while (n > offset) { /* what repeats has doubled after each round */
        memcpy(to, from, offset);
        to += offset;
        n -= offset;
        offset *= 2;
    }
    memcpy(to, from, n);
}

static int take_copy(struct decoder *d, enum kind kind, struct err *err)
{
    static const uint8_t number_n[] = {[KIND_COPY1] = 1, [KIND_COPY2] = 2, [KIND_COPY4] = 4};
    const uint8_t *element = d->in++;
    size_t n = (size_t)(*element >> 2) + 1;

    if ((size_t)(d->in_end - d->in) < number_n[kind]) {
        return cut_short(d, element, err);
    }
    size_t offset = little_endian(d->in, number_n[kind]);
    d->in += number_n[kind];
    if (kind == KIND_COPY1) {
        n = (size_t)(*element >> 2 & 7) + 4;
        offset |= (size_t)(*element >> 5) << 8;
    }
    if (offset == 0 || offset > (size_t)(d->out - d->out_first)) {
        err_set(err, ERR_SYNTAX, "a copy from %zu bytes back, expected 1 to the %zu written before",
                offset, (size_t)(d->out - d->out_first));
        return wrong_at(d->in_first, element, err);
    }
    size_t room = (size_t)(d->out_end - d->out);
    if (n > room) {
        return too_long(d, element, n, err);
    }
    copy_back(d->out, offset, n, room);
    d->out += n;
    return 0;
}

int snappy_decode(const void *bytes, size_t n, void *to, size_t to_n, struct err *err)
{
    struct decoder d = {bytes, bytes, NULL, to, to, NULL};
    size_t used, size;

    if (check_size(bytes, n, &used, &size, err) != 0) {
        return -1;
    }
    if (size != to_n) {
        return err_set(err, ERR_SYNTAX, "the snappy block declares %zu bytes, expected %zu", size,
                       to_n);
    }
    d.in_end = d.in + n;
    d.in += used;
    d.out_end = d.out + to_n;
    while (d.in < d.in_end) {
        enum kind kind = (enum kind)(*d.in & 3);
        int failed = kind == KIND_LITERAL ? take_literal(&d, err) : take_copy(&d, kind, err);
        if (failed != 0) {
            return -1;
        }
    }
    if (d.out != d.out_end) {
        err_set(err, ERR_SYNTAX, "the snappy block ends after %zu of the %zu bytes it declares",
                (size_t)(d.out - d.out_first), to_n);
        return wrong_at(d.in_first, d.in_end, err);
    }
    return 0;
}

int snappy_decode_new(const void *bytes, size_t n, size_t max, char **ret, size_t *ret_n,
                      struct err *err)
{
    size_t size;

    if (snappy_size(bytes, n, max, &size, err) != 0) {
        return -1;
    }
    char *to = malloc(size == 0 ? 1 : size);
    if (to == NULL) {
        return err_set(err, ERR_NO_MEMORY, "no memory for %zu uncompressed bytes", size);
    }
    if (snappy_decode(bytes, n, to, size, err) != 0) {
        free(to);
        return -1;
    }
    *ret = to;
    *ret_n = size;
    return 0;
}
