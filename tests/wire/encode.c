/* Encoders and guarded memory for tests. */
#include "tests/wire/encode.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 16;
}

void bytes_add(struct bytes *to, const void *from, size_t n)
{
    if (to->n + n > to->size) {
        to->size = 2 * (to->n + n) + 64;
        to->at = realloc(to->at, to->size);
        if (to->at == NULL) {
            abort();
        }
    }
    if (n > 0) {
        memcpy(to->at + to->n, from, n);
    }
    to->n += n;
}

void bytes_done(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){0};
}

/* ---- protobuf ---- */

void put_varint(struct bytes *to, uint64_t value)
{
    while (value >= 0x80) {
        bytes_add(to, &(uint8_t){(uint8_t)(value | 0x80)}, 1);
        value >>= 7;
    }
    bytes_add(to, &(uint8_t){(uint8_t)value}, 1);
}

void put_number(struct bytes *to, uint32_t field, uint64_t value)
{
    put_varint(to, (uint64_t)field << 3);
    put_varint(to, value);
}

void put_double(struct bytes *to, uint32_t field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_varint(to, (uint64_t)field << 3 | 1);
    for (int i = 0; i < 8; i++) {
        bytes_add(to, &(uint8_t){(uint8_t)(bits >> (8 * i))}, 1);
    }
}

void put_bytes(struct bytes *to, uint32_t field, const void *from, size_t n)
{
    put_varint(to, (uint64_t)field << 3 | 2);
    put_varint(to, n);
    bytes_add(to, from, n);
}

void put_text(struct bytes *to, uint32_t field, const char *text)
{
    put_bytes(to, field, text, strlen(text));
}

void put_message(struct bytes *to, uint32_t field, struct bytes *message)
{
    put_bytes(to, field, message->at, message->n);
    message->n = 0;
}

/* ---- snappy ---- */

static void put_little(struct bytes *to, size_t value, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bytes_add(to, &(uint8_t){(uint8_t)(value >> (8 * i))}, 1);
    }
}

static void put_literal(struct bytes *to, const uint8_t *from, size_t n, uint64_t *seed)
{
    size_t number_n = n <= 60 ? 0 : n <= 256 ? 1 : n <= 65536 ? 2 : 3;
    /* Longer numbers than needed are allowed. */
    number_n += number_n > 0 && number_n < 4 && next_random(seed) % 4 == 0;
    put_little(to, (number_n > 0 ? 59 + number_n : n - 1) << 2, 1);
    put_little(to, n - 1, number_n);
    bytes_add(to, from, n);
}

static void put_copy(struct bytes *to, size_t offset, size_t n, uint64_t *seed)
{
    uint64_t choice = next_random(seed) % 4;
    if (choice > 0 && n >= 4 && n <= 11 && offset < 2048) {
        put_little(to, 1 | (n - 4) << 2 | offset >> 8 << 5, 1);
        put_little(to, offset & 0xff, 1);
    } else if (choice < 3 && offset < 65536) {
        put_little(to, 2 | (n - 1) << 2, 1);
        put_little(to, offset, 2);
    } else {
        put_little(to, 3 | (n - 1) << 2, 1);
        put_little(to, offset, 4);
    }
}

/* How many bytes at `at` repeat those `offset` before, up to 64. */
static size_t match(const uint8_t *from, size_t at, size_t n, size_t offset)
{
    size_t length = 0;
    while (length < 64 && at + length < n && from[at + length] == from[at + length - offset]) {
        length++;
    }
    return length;
}

static size_t find_copy(const uint8_t *from, size_t at, size_t n, uint64_t *seed, size_t *ret_n)
{
    *ret_n = 0;
    for (size_t tries = 0; tries < 8 && at > 0; tries++) {
        size_t near = at < 40 ? at : 40, reach = tries % 2 == 0 ? near : at;
        size_t offset = 1 + (size_t)(next_random(seed) % reach);
        *ret_n = match(from, at, n, offset);
        if (*ret_n > 0) {
            return offset;
        }
    }
    return 0;
}

void snappy_encode(const uint8_t *from, size_t n, uint64_t *seed, struct bytes *to)
{
    size_t literal = 0, at = 0;
    put_varint(to, n);
    while (at < n) {
        size_t copy_n, offset = find_copy(from, at, n, seed, &copy_n);
        bool cut = at > literal && next_random(seed) % 64 == 0;
        if ((copy_n > 0 || cut) && at > literal) {
            put_literal(to, from + literal, at - literal, seed);
            literal = at;
        }
        if (copy_n > 0) {
            copy_n = 1 + (size_t)(next_random(seed) % copy_n);
            put_copy(to, offset, copy_n, seed);
            literal = at += copy_n;
        } else {
            at++;
        }
    }
    if (at > literal) {
        put_literal(to, from + literal, at - literal, seed);
    }
}

void snappy_compress(const uint8_t *from, size_t n, struct bytes *to)
{
    static size_t seen[1 << 14]; /* where four bytes with that hash were last, plus one */
    uint64_t seed = 1;
    size_t literal = 0, at = 0;
    memset(seen, 0, sizeof seen);
    put_varint(to, n);
    while (at + 4 <= n) {
        uint32_t four;
        memcpy(&four, from + at, sizeof four);
        size_t *slot = &seen[four * UINT32_C(0x9e3779b1) >> 18], before = *slot;
        *slot = at + 1;
        size_t offset = before > 0 ? at + 1 - before : 0;
        size_t length = offset > 0 && offset < 65536 ? match(from, at, n, offset) : 0;
        if (length < 4) {
            at++;
            continue;
        }
        if (at > literal) {
            put_literal(to, from + literal, at - literal, &seed);
        }
        put_copy(to, offset, length, &seed);
        literal = at += length;
    }
    if (n > literal) {
        put_literal(to, from + literal, n - literal, &seed);
    }
}

/* ---- memory ---- */

static size_t pages_bytes(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (n + page - 1) / page * page;
}

uint8_t *guarded(const void *from, size_t n)
{
    size_t used = pages_bytes(n), page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *first =
        mmap(NULL, used + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (first == MAP_FAILED || mprotect(first + used, page, PROT_NONE) != 0) {
        abort();
    }
    if (from != NULL && n > 0) {
        memcpy(first + used - n, from, n);
    }
    return first + used - n;
}

void guarded_free(uint8_t *at, size_t n)
{
    size_t used = pages_bytes(n);
    munmap(at + n - used, used + (size_t)sysconf(_SC_PAGESIZE));
}
