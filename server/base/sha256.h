/* SHA-256 (FIPS 180-4), piece by piece: the checksum that people can check with `sha256sum`. Knows bytes;
 * refuses to know secrets (it is not constant in time for anything but its input's length). Any thread.
 * Cost: some 4 ns a byte. */
#ifndef SERVER_SHA256_H
#define SERVER_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX_MAX 65

struct sha256 {
    uint32_t state[8];
    uint64_t bytes;    /* so far */
    uint8_t block[64]; /* its last bytes % 64, not mixed in yet */
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t n);
/* 64 lower-case hex digits and a NUL. The struct must be initialised before it is used again. */
void sha256_end(struct sha256 *sha, char ret[SHA256_HEX_MAX]);

#endif
