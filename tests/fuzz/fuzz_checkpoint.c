/* The checkpoint decoder: nothing is read outside the bytes, and what is accepted encodes to bytes
 * that are accepted as the same, of the same length unless they are of an older version. Every
 * input is tried as it is and with checksum and layout of the drafts put right, so that the fields
 * behind them are reached. */
#include "core/base.h"
#include "core/checkpoint.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define LAYOUT_AT 24 /* of kind trm */

static void put_u32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(v >> 8 * i);
    }
}

static uint8_t *encoded(const struct trm_model *model, size_t *ret_n)
{
    *ret_n = trm_checkpoint_bytes(model);
    uint8_t *bytes = malloc(*ret_n);
    FUZZ_REQUIRE(bytes != NULL);
    FUZZ_REQUIRE(trm_checkpoint_encode(model, bytes, *ret_n) == TRM_OK);
    return bytes;
}

static void try_bytes(const uint8_t *bytes, size_t n)
{
    struct trm_model *model = NULL, *again = NULL;
    size_t first_n, second_n;
    if (trm_checkpoint_decode(bytes, n, &model) != TRM_OK) {
        FUZZ_REQUIRE(model == NULL);
        return;
    }
    uint8_t *first = encoded(model, &first_n);
    FUZZ_REQUIRE(first_n == n || bytes[8] < TRM_CHECKPOINT_VERSION);
    FUZZ_REQUIRE(trm_checkpoint_decode(first, first_n, &again) == TRM_OK);
    uint8_t *second = encoded(again, &second_n);
    FUZZ_REQUIRE(second_n == first_n && memcmp(first, second, first_n) == 0);
    free(first);
    free(second);
    trm_model_free(model);
    trm_model_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    try_bytes(bytes, n);
    if (n < 4) {
        return 0;
    }
    uint8_t *mended = malloc(n);
    FUZZ_REQUIRE(mended != NULL);
    memcpy(mended, bytes, n);
    if (n >= LAYOUT_AT + 8 && mended[8] == TRM_CHECKPOINT_VERSION && mended[12] == TRM_KIND_TRM) {
        put_u32(mended + LAYOUT_AT, trm_base_layout());
    }
    put_u32(mended + n - 4, trm_crc32c(0, mended, n - 4));
    try_bytes(mended, n);
    free(mended);
    return 0;
}
