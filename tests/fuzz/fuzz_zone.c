/* The decoder of time zones: nothing is read outside the bytes; and what is accepted, however odd its clocks
 * are, has local times that can be found again and grids whose steps and times agree. */
#include "core/calendar.h"
#include "core/zone.h"
#include "tests/fuzz/fuzz.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)
#define YEAR (365 * DAY)

static void check_instant(const struct trm_zone *zone, int64_t local)
{
    int64_t time = trm_zone_instant(zone, local);
    FUZZ_REQUIRE(trm_zone_local(zone, time) >= local);
    FUZZ_REQUIRE(trm_zone_local(zone, time - 1) < local);
    FUZZ_REQUIRE(trm_zone_instant(zone, local + 1) >= time);
}

static void check_time(const struct trm_zone *zone, int64_t time)
{
    int64_t local = trm_zone_local(zone, time);
    FUZZ_REQUIRE(local - time > -26 * HOUR && local - time < 26 * HOUR + 1);
    FUZZ_REQUIRE(trm_zone_instant(zone, local) <= time);
    check_instant(zone, local);
    check_instant(zone, local + 37 * HOUR / 3);
}

static void check_grid(const struct trm_zone *zone, struct trm_freq freq, int64_t anchor)
{
    struct trm_grid grid = {freq, anchor, zone};
    int64_t before = trm_grid_time(&grid, -41);
    for (int64_t step = -40; step <= 40; step++) {
        int64_t back = INT64_MIN, time = trm_grid_time(&grid, step);
        FUZZ_REQUIRE(time > before);
        FUZZ_REQUIRE(trm_grid_step(&grid, time, &back) == TRM_OK && back == step);
        FUZZ_REQUIRE(trm_grid_floor(&grid, time - 1) == step - 1);
        before = time;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const int64_t times[] = {TRM_TIME_MIN, -100 * YEAR, 0, 40 * YEAR, 56 * YEAR, 700 * YEAR,
                                    TRM_TIME_MAX};
    static const struct trm_freq freqs[] = {{DAY, 0}, {7 * DAY, 0}, {0, 1}};
    struct trm_zone *zone = NULL;
    enum trm_status status = trm_zone_decode(bytes, n, &zone);
    if (status != TRM_OK) {
        FUZZ_REQUIRE((status == TRM_ECORRUPT || status == TRM_EVERSION) && zone == NULL);
        return 0;
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        check_time(zone, times[i]);
    }
    for (size_t i = 1; i + 1 < sizeof times / sizeof times[0]; i++) {
        for (size_t f = 0; f < sizeof freqs / sizeof freqs[0]; f++) {
            check_grid(zone, freqs[f], times[i] + (int64_t)f * 5 * HOUR);
        }
    }
    trm_zone_free(zone);
    return 0;
}
