/* SipHash-1-3, a keyed hash. Knows bytes and a key; refuses to know where the key comes from.
 * Surprising: a plain hash would do until somebody chooses a thousand ids that collide; with a key
 * that nobody outside knows, nobody can. Source: Aumasson and Bernstein, "SipHash: a fast
 * short-input PRF" (2012), with the 1 and 3 rounds that hash tables use. Any thread. */
#ifndef SERVER_SIPHASH_H
#define SERVER_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t k0, k1;
};

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t n);

#endif
