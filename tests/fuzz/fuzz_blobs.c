/* Bytes that come back from the store: chunks of points, and forecasts that were said. Read as they
 * are, and with a right checksum put behind them, since no fuzzer finds one. What is accepted keeps
 * the header's promises and survives being written and read again; a said forecast may be cut
 * behind any lead. */
#include "core/checkpoint.h"
#include "core/said.h"
#include "server/store/chunk.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SERIES INT64_C(7)

static void check_chunk(const uint8_t *bytes, size_t n)
{
    static struct point points[CHUNK_POINTS], again[CHUNK_POINTS];
    static uint8_t buf[CHUNK_BYTES_MAX];
    size_t count = 77, again_n = 0;
    if (chunk_decode(SERIES, bytes, n, points, &count) != TRM_OK) {
        FUZZ_REQUIRE(count == 77);
        return;
    }
    FUZZ_REQUIRE(count >= 1 && count <= CHUNK_POINTS);
    for (size_t i = 1; i < count; i++)
        FUZZ_REQUIRE(points[i - 1].t < points[i].t);
    size_t made = chunk_encode(SERIES, points, count, buf);
    FUZZ_REQUIRE(made <= CHUNK_BYTES_MAX &&
                 chunk_decode(SERIES, buf, made, again, &again_n) == TRM_OK && again_n == count);
    for (size_t i = 0; i < count; i++)
        FUZZ_REQUIRE(points[i].t == again[i].t &&
                     (isnan(points[i].v) ? isnan(again[i].v) : points[i].v == again[i].v));
}

static void check_sealed_chunk(const uint8_t *bytes, size_t n)
{
    static const uint8_t key[8] = {SERIES};
    uint8_t *sealed = malloc(n + 4);
    FUZZ_REQUIRE(sealed != NULL);
    memcpy(sealed, bytes, n);
    uint32_t crc = trm_crc32c(0, bytes, n);
    if (n > 0 && bytes[0] != 1) /* since version 2 the series is part of it */
        crc = trm_crc32c(crc, key, sizeof key);
    for (size_t i = 0; i < 4; i++)
        sealed[n + i] = (uint8_t)(crc >> (8 * i));
    check_chunk(sealed, n + 4);
    free(sealed);
}

static void check_tally(const struct trm_tally *tally)
{
    struct trm_tally_scores scores;
    struct trm_widening widening;
    trm_tally_widening(tally, &widening);
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 2; i++)
            FUZZ_REQUIRE(widening.factor[side][i] > 0 &&
                         widening.factor[side][i] <= 4097); /* said.h: log_factor */
    if (trm_tally_scores(tally, &scores))
        FUZZ_REQUIRE(isnan(scores.coverage[0]) ||
                     (scores.coverage[0] >= 0 && scores.coverage[0] <= 1.001));
}

static void check_said(const uint8_t *bytes, size_t n)
{
    struct trm_said_head head = {.leads = 77}, cut_head;
    uint32_t leads, cut_leads;
    struct trm_tally tally;
    if (trm_said_decode(bytes, n, &head, &leads) != TRM_OK) {
        FUZZ_REQUIRE(head.leads == 77);
        return;
    }
    FUZZ_REQUIRE(leads <= head.leads && head.leads <= TRM_SAID_LEADS_MAX);
    FUZZ_REQUIRE(head.season >= 1 && head.season <= TRM_CONTEXT_MAX);
    for (uint32_t lead = 1; lead <= leads; lead++) {
        struct trm_said_lead said;
        double lower, upper;
        trm_said_lead(bytes, lead, &said);
        trm_said_interval(&said, .8, &lower, &upper);
        trm_said_interval(&said, .999, &lower, &upper);
    }
    if (leads > 0) /* cut in the middle of its last lead */
        FUZZ_REQUIRE(trm_said_decode(bytes, TRM_SAID_HEAD_BYTES + leads * TRM_SAID_LEAD_BYTES - 1,
                                     &cut_head, &cut_leads) != TRM_OK ||
                     cut_leads < leads);
    if (trm_said_decode_tally(bytes, n, &tally) == TRM_OK)
        check_tally(&tally);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n > 2 * CHUNK_BYTES_MAX)
        return 0;
    check_chunk(bytes, n);
    check_sealed_chunk(bytes, n);
    check_said(bytes, n);
    return 0;
}
