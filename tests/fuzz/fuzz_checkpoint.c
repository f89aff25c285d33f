/* The checkpoint decoder: nothing is read outside the bytes, and what is accepted encodes to the
 * same bytes. Every input is tried as it is and with its checksum put right, so that the fields
 * behind the checksum are reached. */
#include "core/checkpoint.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

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
    FUZZ_REQUIRE(first_n == n);
    FUZZ_REQUIRE(trm_checkpoint_decode(first, first_n, &again) == TRM_OK);
    uint8_t *second = encoded(again, &second_n);
    FUZZ_REQUIRE(second_n == n && memcmp(first, second, n) == 0);
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
    uint32_t crc = trm_crc32c(0, mended, n - 4);
    for (int i = 0; i < 4; i++) {
        mended[n - 4 + (size_t)i] = (uint8_t)(crc >> 8 * i);
    }
    try_bytes(mended, n);
    free(mended);
    return 0;
}
