/* The decoder of shared weights: nothing is read outside the bytes, and what is accepted encodes to the
 * very same bytes. Every input is tried as it is, with checksum and layout put right, and as damage to a
 * whole file: its bytes are what is flipped there, from the head on. So a seed of a few bytes reaches
 * every field, and stays of use when the inputs change and with them the length of a file. */
#include "core/base.h"
#include "core/checkpoint.h"
#include "core/example.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define LAYOUT_AT 12

static void put_u32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(v >> 8 * i);
    }
}

static uint8_t *encoded(const struct trm_base *base, size_t *ret_n)
{
    *ret_n = trm_base_bytes(base);
    uint8_t *bytes = malloc(*ret_n);
    FUZZ_REQUIRE(bytes != NULL);
    FUZZ_REQUIRE(trm_base_encode(base, bytes, *ret_n) == TRM_OK);
    return bytes;
}

static enum trm_status try_bytes(const uint8_t *bytes, size_t n)
{
    struct trm_base *base = NULL;
    size_t again_n;
    enum trm_status status = trm_base_decode(bytes, n, &base);
    if (status != TRM_OK) {
        FUZZ_REQUIRE(status == TRM_ECORRUPT || status == TRM_EVERSION);
        FUZZ_REQUIRE(base == NULL);
        return status;
    }
    uint8_t *again = encoded(base, &again_n);
    FUZZ_REQUIRE(again_n == n && memcmp(again, bytes, n) == 0);
    free(again);
    trm_base_free(base);
    return status;
}

static void seal(uint8_t *bytes, size_t n)
{
    put_u32(bytes + n - 4, trm_crc32c(0, bytes, n - 4));
}

/* The smallest network that there can be, made once. */
static const uint8_t *whole(size_t *ret_n)
{
    static uint8_t *bytes;
    static size_t bytes_n;
    if (bytes == NULL) {
        struct trm_thinker_shape shape = trm_example_shape(16, 16, 1, 1);
        struct trm_base *base;
        FUZZ_REQUIRE(trm_base_new(&shape, 1, "whole", &base) == TRM_OK);
        trm_thinker_init(&shape, 1, base->weights[0]);
        bytes = encoded(base, &bytes_n);
        trm_base_free(base);
        FUZZ_REQUIRE(try_bytes(bytes, bytes_n) == TRM_OK);
    }
    *ret_n = bytes_n;
    return bytes;
}

static void try_mended(const uint8_t *bytes, size_t n)
{
    uint8_t *mended = malloc(n);
    FUZZ_REQUIRE(mended != NULL);
    memcpy(mended, bytes, n);
    if (n >= LAYOUT_AT + 8) {
        put_u32(mended + LAYOUT_AT, trm_base_layout());
    }
    seal(mended, n);
    try_bytes(mended, n);
    free(mended);
}

static void try_damage(const uint8_t *flips, size_t n)
{
    size_t whole_n;
    const uint8_t *good = whole(&whole_n);
    uint8_t *damaged = malloc(whole_n);
    FUZZ_REQUIRE(damaged != NULL);
    memcpy(damaged, good, whole_n);
    for (size_t i = 0; i < n && i < whole_n; i++) {
        damaged[i] ^= flips[i];
    }
    seal(damaged, whole_n);
    try_bytes(damaged, whole_n);
    free(damaged);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    try_bytes(bytes, n);
    if (n >= 4) {
        try_mended(bytes, n);
    }
    try_damage(bytes, n);
    return 0;
}
