/* The body of PUT /v1/series/{id}, and that of POST /v1/forecast: what is accepted keeps to its
 * ranges, what is refused says so in words. */
#include "server/http/settings_json.h"
#include "server/http/stateless_json.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

static void check_settings(const struct series_settings *s)
{
    FUZZ_REQUIRE(s->season_n <= SERIES_SEASONS_MAX);
    for (uint32_t i = 0; i < s->season_n; i++) {
        FUZZ_REQUIRE(s->season[i] >= 1 && s->season[i] <= TRM_SEASON_MAX);
    }
    FUZZ_REQUIRE(s->horizon <= TRM_HORIZON_MAX);
    FUZZ_REQUIRE(!(s->min > s->max) && !isinf(s->min) && !isinf(s->max));
    FUZZ_REQUIRE((s->freq.ms == 0 || s->freq.months == 0) && s->freq.ms >= 0 &&
                 s->freq.months >= 0);
    FUZZ_REQUIRE((s->fit == FIT_EVERY) == (s->fit_every > 0));
    FUZZ_REQUIRE(memchr(s->zone, '\0', sizeof s->zone) != NULL);
    FUZZ_REQUIRE(s->label_n <= SERIES_LABELS_MAX);
    for (uint32_t i = 1; i < s->label_n; i++) {
        FUZZ_REQUIRE(strcmp(s->labels[i - 1].name, s->labels[i].name) < 0);
    }
}

static void check_batch(const struct stateless_batch *batch)
{
    size_t values_n = 0;
    FUZZ_REQUIRE(batch->n >= 1 && batch->n <= STATELESS_SERIES_MAX);
    FUZZ_REQUIRE(batch->ask.level_n <= TRM_QUANTILES_MAX && batch->ask.horizon <= TRM_HORIZON_MAX);
    for (size_t i = 1; i < batch->ask.level_n; i++) {
        FUZZ_REQUIRE(batch->ask.levels[i - 1] < batch->ask.levels[i]);
    }
    for (size_t i = 0; i < batch->n; i++) {
        FUZZ_REQUIRE(batch->items[i].n >= 1);
        values_n += batch->items[i].n;
        check_settings(&batch->items[i].settings);
    }
    FUZZ_REQUIRE(values_n <= STATELESS_VALUES_MAX);
}

/* Made once: a zone that was found stays. */
static struct zones *machines_zones(void)
{
    static struct zones *zones;
    if (zones == NULL) {
        zones = zones_new(NULL);
        FUZZ_REQUIRE(zones != NULL);
    }
    return zones;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *body = (const char *)bytes;
    struct series_patch patch;
    struct stateless_batch *batch;
    struct forecast_params params;
    struct err err = {.code = ERR_NONE};
    if (settings_json_parse(body, n, &patch, &err) == 0) {
        check_settings(&patch.settings);
        series_settings_done(&patch.settings);
    } else {
        FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
    }
    if (stateless_json_parse(body, n, machines_zones(), &batch, &params, &err) == 0) {
        check_batch(batch);
        stateless_batch_free(batch);
    } else {
        FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
    }
    return 0;
}
