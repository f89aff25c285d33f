/* SHA-256 against the standard written down line by line, and however the bytes are cut. The first
 * byte chooses the pieces. Also UTF-8, strictly, against the table of RFC 3629. */
#include "server/base/sha256.h"
#include "server/base/utf8.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- FIPS 180-4, sections 5 and 6.2: the constants are the first 32 bits of the fractional parts
 * of roots ---- */

static uint32_t fraction(long double root)
{
    return (uint32_t)((root - floorl(root)) * 4294967296.0L);
}

static void constants(uint32_t k[64], uint32_t h[8])
{
    size_t n = 0;
    for (unsigned p = 2; n < 64; p++) {
        bool prime = true;
        for (unsigned d = 2; d * d <= p; d++)
            prime = prime && p % d != 0;
        if (!prime)
            continue;
        if (n < 8)
            h[n] = fraction(sqrtl(p));
        k[n++] = fraction(cbrtl(p));
    }
}

static uint32_t turn(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static void block(const uint8_t *m, const uint32_t k[64], uint32_t h[8])
{
    uint32_t w[64], v[8];
    for (size_t t = 0; t < 64; t++)
        w[t] = t < 16 ? (uint32_t)m[4 * t] << 24 | (uint32_t)m[4 * t + 1] << 16 |
                            (uint32_t)m[4 * t + 2] << 8 | m[4 * t + 3]
                      : (turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
                            (turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
    memcpy(v, h, sizeof v);
    for (size_t t = 0; t < 64; t++) {
        uint32_t e = v[4], a = v[0];
        uint32_t t1 = v[7] + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & v[5]) ^ (~e & v[6])) +
                      k[t] + w[t];
        uint32_t t2 =
            (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (size_t i = 0; i < 8; i++)
        h[i] += v[i];
}

static void plain_sha256(const uint8_t *bytes, size_t n, char ret[SHA256_HEX_MAX])
{
    uint32_t k[64], h[8];
    size_t padded = (n + 9 + 63) / 64 * 64;
    uint8_t *all = calloc(1, padded);
    FUZZ_REQUIRE(all != NULL);
    memcpy(all, bytes, n);
    all[n] = 0x80;
    for (size_t i = 0; i < 8; i++)
        all[padded - 1 - i] = (uint8_t)((uint64_t)n * 8 >> (8 * i));
    constants(k, h);
    for (size_t at = 0; at < padded; at += 64)
        block(all + at, k, h);
    free(all);
    for (size_t i = 0; i < 8; i++)
        snprintf(ret + 8 * i, 9, "%08x", h[i]);
}

/* ---- RFC 3629, section 4 ---- */

static bool tails(const uint8_t *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((at[i] & 0xc0) != 0x80)
            return false;
    return true;
}

static size_t plain_utf8(const uint8_t *at, size_t n)
{
    uint8_t a = at[0], b = n > 1 ? at[1] : 0;
    if (a < 0x80)
        return 1;
    if (a >= 0xc2 && a <= 0xdf)
        return n >= 2 && tails(at + 1, 1) ? 2 : 0;
    if (a >= 0xe0 && a <= 0xef)
        return n >= 3 && tails(at + 1, 2) && (a != 0xe0 || b >= 0xa0) && (a != 0xed || b <= 0x9f)
                   ? 3
                   : 0;
    if (a >= 0xf0 && a <= 0xf4)
        return n >= 4 && tails(at + 1, 3) && (a != 0xf0 || b >= 0x90) && (a != 0xf4 || b <= 0x8f)
                   ? 4
                   : 0;
    return 0;
}

static void check_utf8(const uint8_t *bytes, size_t n)
{
    for (size_t at = 0; at < n; at++) {
        uint32_t c = 0xffffffff;
        size_t length = utf8_decode((const char *)bytes + at, n - at, &c);
        FUZZ_REQUIRE(length == plain_utf8(bytes + at, n - at) && (length > 0) == (c <= 0x10ffff));
        size_t cut = utf8_cut((const char *)bytes, at);
        FUZZ_REQUIRE(cut <= at && at - cut < 4);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct sha256 sha;
    char ours[SHA256_HEX_MAX], plain[SHA256_HEX_MAX];
    if (n == 0)
        return 0;
    size_t piece = 1 + bytes[0];
    sha256_init(&sha);
    for (size_t at = 1; at < n; at += piece)
        sha256_add(&sha, bytes + at, n - at < piece ? n - at : piece);
    sha256_end(&sha, ours);
    plain_sha256(bytes + 1, n - 1, plain);
    FUZZ_REQUIRE(strcmp(ours, plain) == 0);
    check_utf8(bytes, n);
    return 0;
}
