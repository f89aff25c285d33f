/* What the tests of server/wire write their inputs with: a small encoder of protobuf's wire format,
 * one of snappy's block format, and memory whose end is the end of a page. */
#ifndef TESTS_WIRE_ENCODE_H
#define TESTS_WIRE_ENCODE_H

#include <stddef.h>
#include <stdint.h>

uint64_t next_random(uint64_t *state);

/* Grows as needed (aborts without memory); zeroed memory is an empty one. */
struct bytes {
    uint8_t *at;
    size_t n, size;
};
void bytes_add(struct bytes *to, const void *from, size_t n);
void bytes_done(struct bytes *bytes);

/* ---- protobuf ---- */

void put_varint(struct bytes *to, uint64_t value);
void put_number(struct bytes *to, uint32_t field, uint64_t value);
void put_double(struct bytes *to, uint32_t field, double value);
void put_bytes(struct bytes *to, uint32_t field, const void *from, size_t n);
void put_text(struct bytes *to, uint32_t field, const char *text);
/* Appends `message` as a field, and empties it. */
void put_message(struct bytes *to, uint32_t field, struct bytes *message);

/* ---- snappy ---- */

/* A block of from[n]: literals and copies of all kinds where there is something to copy, chosen
 * with the help of *seed. */
void snappy_encode(const uint8_t *from, size_t n, uint64_t *seed, struct bytes *to);

/* The same as encoders in use do it: the longest repeat of at least four bytes that a small table
 * finds, at most 64 KiB back. */
void snappy_compress(const uint8_t *from, size_t n, struct bytes *to);

/* ---- memory ---- */

/* n bytes that end where a page ends behind which nothing may be read or written. from may be NULL.
 * Freed by guarded_free with the same n. */
uint8_t *guarded(const void *from, size_t n);
void guarded_free(uint8_t *at, size_t n);

#endif
