/* FIPS 180-4, sections 5 and 6.2. Surprising: the message schedule is a ring of sixteen words, which is all
 * that a round looks back on. */
#include "server/base/sha256.h"

#include <stdio.h>
#include <string.h>

/* Section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_words[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The schedule's word of round i (6.2.2, step 1), in place of the one of round i - 16. */
static uint32_t next_word(uint32_t *ring, unsigned i)
{
    uint32_t a = ring[(i + 1) & 15], b = ring[(i + 14) & 15];

    ring[i & 15] += (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + ring[(i + 9) & 15] +
                    (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    return ring[i & 15];
}

static void mix(uint32_t *state, const uint8_t *block)
{
    uint32_t ring[16], s[8];

    memcpy(s, state, sizeof(s));
    for (unsigned i = 0; i < 16; i++)
        ring[i] = word_at(block + 4 * i);
    for (unsigned i = 0; i < 64; i++) {
        uint32_t word = i < 16 ? ring[i] : next_word(ring, i);
        uint32_t one = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
                       ((s[4] & s[5]) ^ (~s[4] & s[6])) + round_words[i] + word;
        uint32_t two = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                       ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof(*s));
        s[4] += one;
        s[0] = one + two;
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += s[i];
}

void sha256_init(struct sha256 *sha)
{
    /* Section 5.3.3: the same of the square roots of the first eight primes. */
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    *sha = (struct sha256){.bytes = 0};
    memcpy(sha->state, start, sizeof(start));
}

void sha256_add(struct sha256 *sha, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    size_t held = sha->bytes % sizeof(sha->block);

    sha->bytes += n;
    while (held + n >= sizeof(sha->block)) {
        size_t take = sizeof(sha->block) - held;
        if (held == 0) {
            mix(sha->state, at);
        } else {
            memcpy(sha->block + held, at, take);
            mix(sha->state, sha->block);
        }
        at += take;
        n -= take;
        held = 0;
    }
    if (n)
        memcpy(sha->block + held, at, n);
}

/* Section 5.1.1: a one bit, zeros, and the length in bits. */
void sha256_end(struct sha256 *sha, char ret[SHA256_HEX_MAX])
{
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = sha->bytes * 8;
    size_t held = sha->bytes % sizeof(sha->block);
    uint8_t length[8];

    for (unsigned i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(sha, padding, (held < 56 ? 56 : 120) - held);
    sha256_add(sha, length, sizeof(length));
    for (unsigned i = 0; i < 8; i++)
        snprintf(ret + 8 * i, 9, "%08x", sha->state[i]);
}
