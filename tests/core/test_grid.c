/* Grids in time zones: days and months of local clocks, both ways, over every change of them. */
#include "core/calendar.h"
#include "core/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "tests/core/zone_file.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static const char *const zone_names[] = {"Berlin", "New_York", "Lord_Howe", "Kathmandu", "Sao_Paulo",
                                         "Apia",   "Kwajalein", "Dublin",   "Nuuk"};
#define ZONE_N (sizeof zone_names / sizeof zone_names[0])

static int64_t time_of(const char *text)
{
    int64_t ms = 0;
    assert_int_equal(trm_time_parse(text, strlen(text), &ms), TRM_OK);
    return ms;
}

static struct trm_freq freq_of(const char *text)
{
    struct trm_freq freq = {0, 0};
    assert_int_equal(trm_freq_parse(text, strlen(text), &freq), TRM_OK);
    return freq;
}

/* A grid's steps, as text, from step 0 on. */
static void stands_on(const struct trm_grid *grid, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[TRM_TIME_TEXT_MAX];
        int64_t step = -99;
        trm_time_format(trm_grid_time(grid, (int64_t)i), text);
        assert_string_equal(text, texts[i]);
        assert_int_equal(trm_grid_step(grid, time_of(texts[i]), &step), TRM_OK);
        assert_int_equal(step, (int64_t)i);
    }
}

#define STANDS_ON(grid, ...)                                                                       \
    do {                                                                                           \
        static const char *const texts[] = {__VA_ARGS__};                                          \
        stands_on(grid, texts, sizeof texts / sizeof texts[0]);                                    \
    } while (0)

static void days_are_23_to_25_hours_long_and_never_drift(void **state)
{
    struct trm_zone *berlin = zone_named("Berlin");
    struct trm_grid spring = {freq_of("1d"), time_of("2026-03-27T23:00:00Z"), berlin};
    struct trm_grid autumn = {freq_of("1d"), time_of("2026-10-23T22:00:00Z"), berlin};
    struct trm_grid weeks = {freq_of("1w"), time_of("2026-10-18T22:00:00Z"), berlin};
    int64_t step;
    (void)state;
    STANDS_ON(&spring, "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z",
              "2026-03-30T22:00:00Z");
    STANDS_ON(&autumn, "2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z",
              "2026-10-26T23:00:00Z");
    STANDS_ON(&weeks, "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", "2026-11-01T23:00:00Z");
    assert_int_equal(trm_grid_step(&autumn, time_of("2026-10-25T22:00:00Z"), &step), TRM_EOFFGRID);
    assert_int_equal(step, 1);
    trm_zone_free(berlin);
}

static void months_begin_at_local_midnight(void **state)
{
    struct trm_zone *new_york = zone_named("New_York");
    struct trm_grid months = {freq_of("1mo"), time_of("2026-02-01T05:00:00Z"), new_york};
    struct trm_grid last_days = {freq_of("1q"), time_of("2026-01-01T04:59:00Z"), new_york};
    (void)state;
    STANDS_ON(&months, "2026-02-01T05:00:00Z", "2026-03-01T05:00:00Z", "2026-04-01T04:00:00Z");
    STANDS_ON(&last_days, "2026-01-01T04:59:00Z", "2026-04-01T03:59:00Z", "2026-07-01T03:59:00Z",
              "2026-10-01T03:59:00Z", "2027-01-01T04:59:00Z");
    trm_zone_free(new_york);
}

static void half_an_hour_of_summer_time_counts_too(void **state)
{
    struct trm_zone *howe = zone_named("Lord_Howe");
    struct trm_grid grid = {freq_of("1d"), time_of("2026-10-02T13:30:00Z"), howe};
    (void)state;
    STANDS_ON(&grid, "2026-10-02T13:30:00Z", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z");
    trm_zone_free(howe);
}

/* In Brazil the clocks went from midnight to one. */
static void a_missing_midnight_is_the_first_moment_of_the_day(void **state)
{
    struct trm_zone *sao_paulo = zone_named("Sao_Paulo");
    struct trm_grid grid = {freq_of("1d"), time_of("2018-11-03T03:00:00Z"), sao_paulo};
    struct trm_grid there = {freq_of("1d"), time_of("2018-11-04T03:00:00Z"), sao_paulo};
    (void)state;
    STANDS_ON(&grid, "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
    STANDS_ON(&there, "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
    trm_zone_free(sao_paulo);
}

static void a_missing_time_of_day_is_the_first_moment_after_the_gap(void **state)
{
    struct trm_zone *berlin = zone_named("Berlin");
    struct trm_grid grid = {freq_of("1d"), time_of("2026-03-28T01:30:00Z"), berlin};
    struct trm_grid twice = {freq_of("1d"), time_of("2026-10-24T00:30:00Z"), berlin};
    (void)state;
    STANDS_ON(&grid, "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z");
    STANDS_ON(&twice, "2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    trm_zone_free(berlin);
}

/* Samoa went from the end of 29 December 2011 to 31 December. */
static void a_day_left_out_has_a_step_where_no_point_stands(void **state)
{
    struct trm_zone *apia = zone_named("Apia");
    struct trm_grid days = {freq_of("1d"), time_of("2011-12-28T10:00:00Z"), apia};
    struct trm_grid noons = {freq_of("1d"), time_of("2011-12-28T22:00:00Z"), apia};
    struct trm_grid weeks = {freq_of("1w"), time_of("2011-12-23T10:00:00Z"), apia};
    (void)state;
    STANDS_ON(&days, "2011-12-28T10:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T09:59:59.999Z",
              "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z");
    STANDS_ON(&noons, "2011-12-28T22:00:00Z", "2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z",
              "2011-12-30T22:00:00Z");
    STANDS_ON(&weeks, "2011-12-23T10:00:00Z", "2011-12-30T10:00:00Z", "2012-01-05T10:00:00Z");
    trm_zone_free(apia);
}

static void steps_that_are_not_whole_days_ignore_the_zone(void **state)
{
    static const char *const freqs[] = {"1ms", "5m", "1h", "12h", "36h"};
    struct trm_zone *berlin = zone_named("Berlin");
    (void)state;
    for (size_t f = 0; f < sizeof freqs / sizeof freqs[0]; f++) {
        struct trm_grid grid = {freq_of(freqs[f]), time_of("2026-03-28T23:00:00Z"), berlin};
        struct trm_grid utc = {grid.freq, grid.anchor_ms, NULL};
        assert_false(trm_freq_follows_zone(grid.freq));
        for (int64_t step = -1000; step < 1000; step++) {
            assert_int_equal(trm_grid_time(&grid, step), trm_grid_time(&utc, step));
        }
    }
    assert_true(trm_freq_follows_zone(freq_of("24h")));
    assert_true(trm_freq_follows_zone(freq_of("1q")));
    assert_false(trm_freq_follows_zone((struct trm_freq){0, 0}));
    trm_zone_free(berlin);
}

/* ---- inverse functions ---- */

#define STEPS 100000

/* A step whose time lies in the accepted years. */
static int64_t any_step(const struct trm_grid *grid, struct trm_rng *rng)
{
    int64_t low = trm_grid_floor(grid, TRM_TIME_MIN) + 1, high = trm_grid_floor(grid, TRM_TIME_MAX);
    return low + (int64_t)(trm_rng_next(rng) % (uint64_t)(high - low + 1));
}

static void check_step(const struct trm_grid *grid, int64_t step)
{
    int64_t back = INT64_MIN, time = trm_grid_time(grid, step);
    assert_int_equal(trm_grid_step(grid, time, &back), TRM_OK);
    assert_int_equal(back, step);
    assert_int_equal(trm_grid_floor(grid, time - 1), step - 1);
}

static void step_inverts_time_in_every_zone(void **state)
{
    static const char *const freqs[] = {"1d", "2d", "1w", "1mo", "1q", "1y", "1h"};
    static const char *const anchors[] = {"2011-12-29T10:00:00Z", "2026-03-29T01:00:00Z",
                                          "2026-10-25T01:30:00Z", "2024-02-29T23:59:59Z",
                                          "2018-11-04T03:00:00Z"};
    struct trm_rng rng;
    (void)state;
    trm_rng_seed(&rng, 1);
    for (size_t z = 0; z < ZONE_N; z++) {
        struct trm_zone *zone = zone_named(zone_names[z]);
        for (size_t f = 0; f < sizeof freqs / sizeof freqs[0]; f++) {
            struct trm_grid grid = {freq_of(freqs[f]), 0, zone};
            for (int i = 0; i < STEPS; i++) {
                grid.anchor_ms = time_of(anchors[(size_t)i * 5 / STEPS]);
                check_step(&grid, any_step(&grid, &rng));
            }
        }
        trm_zone_free(zone);
    }
}

/* Around every change of the last century, where a random step hardly falls. */
static void step_inverts_time_on_every_day_of_a_century(void **state)
{
    (void)state;
    for (size_t z = 0; z < ZONE_N; z++) {
        struct trm_zone *zone = zone_named(zone_names[z]);
        for (int64_t minutes = 0; minutes < 24 * 60; minutes += 330) {
            int64_t anchor = trm_zone_instant(zone, time_of("1999-12-31") + minutes * 60000);
            struct trm_grid grid = {freq_of("1d"), anchor, zone};
            int64_t before = trm_grid_time(&grid, -36501);
            for (int64_t step = -36500; step <= 36500; step++) {
                int64_t back, time = trm_grid_time(&grid, step);
                assert_true(time > before);
                assert_int_equal(trm_grid_step(&grid, time, &back), TRM_OK);
                assert_int_equal(back, step);
                before = time;
            }
        }
        trm_zone_free(zone);
    }
}

static void the_step_of_any_time_is_the_last_that_has_begun(void **state)
{
    static const char *const freqs[] = {"1d", "1w", "1mo", "1h"};
    (void)state;
    for (size_t z = 0; z < ZONE_N; z++) {
        struct trm_zone *zone = zone_named(zone_names[z]);
        for (size_t f = 0; f < sizeof freqs / sizeof freqs[0]; f++) {
            struct trm_grid grid = {freq_of(freqs[f]), 0, zone};
            grid.anchor_ms = trm_grid_origin(grid.freq, zone);
            for (int64_t t = time_of("2008-01-01"); t < time_of("2030-01-01"); t += 13 * HOUR + 7) {
                int64_t step = trm_grid_floor(&grid, t);
                assert_true(trm_grid_time(&grid, step) <= t);
                assert_true(trm_grid_time(&grid, step + 1) > t);
            }
        }
        trm_zone_free(zone);
    }
}

static void the_step_of_a_time_outside_the_years_is_an_end(void **state)
{
    struct trm_grid grid = {freq_of("1h"), 0, NULL};
    (void)state;
    assert_int_equal(trm_grid_floor(&grid, INT64_MIN), TRM_TIME_MIN / HOUR);
    assert_int_equal(trm_grid_floor(&grid, INT64_MAX), TRM_TIME_MAX / HOUR);
    assert_int_equal(trm_grid_floor(&grid, -1), -1);
}

static void times_saturate_in_every_zone(void **state)
{
    static const char *const freqs[] = {"1d", "1w", "1mo", "1y"};
    (void)state;
    for (size_t z = 0; z < ZONE_N; z++) {
        struct trm_zone *zone = zone_named(zone_names[z]);
        for (size_t f = 0; f < sizeof freqs / sizeof freqs[0]; f++) {
            struct trm_grid grid = {freq_of(freqs[f]), 0, zone};
            int64_t step;
            assert_int_equal(trm_grid_time(&grid, INT64_MAX), TRM_TIME_MAX);
            assert_int_equal(trm_grid_time(&grid, INT64_MIN), TRM_TIME_MIN);
            assert_int_equal(trm_grid_time(&grid, 4000000), TRM_TIME_MAX);
            assert_int_equal(trm_grid_time(&grid, -4000000), TRM_TIME_MIN);
            assert_int_equal(trm_grid_step(&grid, TRM_TIME_MAX + 1, &step), TRM_ERANGE);
            assert_int_not_equal(trm_grid_step(&grid, TRM_TIME_MIN, &step), TRM_ERANGE);
            assert_int_not_equal(trm_grid_step(&grid, TRM_TIME_MAX, &step), TRM_ERANGE);
        }
        trm_zone_free(zone);
    }
}

/* ---- anchors ---- */

static void an_aligned_grid_begins_at_local_midnights_and_on_mondays(void **state)
{
    struct trm_zone *berlin = zone_named("Berlin");
    (void)state;
    assert_int_equal(trm_grid_origin(freq_of("1h"), berlin), 0);
    assert_int_equal(trm_grid_origin(freq_of("1d"), NULL), 0);
    assert_int_equal(trm_grid_origin(freq_of("1w"), NULL), time_of("1970-01-05"));
    assert_int_equal(trm_grid_origin(freq_of("1d"), berlin), time_of("1969-12-31T23:00:00Z"));
    assert_int_equal(trm_grid_origin(freq_of("2w"), berlin), time_of("1970-01-04T23:00:00Z"));
    assert_int_equal(trm_grid_origin(freq_of("1q"), berlin), time_of("1969-12-31T23:00:00Z"));
    struct trm_grid weeks = {freq_of("1w"), trm_grid_origin(freq_of("1w"), berlin), berlin};
    int64_t step = trm_grid_floor(&weeks, time_of("2026-11-25T12:00:00Z"));
    assert_int_equal(trm_grid_time(&weeks, step), time_of("2026-11-22T23:00:00Z"));
    trm_zone_free(berlin);
}

static void an_anchor_is_rather_a_time_that_says_what_is_meant(void **state)
{
    struct trm_zone *berlin = zone_named("Berlin");
    /* Half past two, on a day that had none, and on the next; then one that is there twice. */
    int64_t gap[] = {time_of("2026-03-29T01:00:00Z"), time_of("2026-03-30T00:30:00Z")};
    int64_t second[] = {time_of("2026-10-25T01:30:00Z"), time_of("2026-10-26T01:30:00Z")};
    int64_t ends[] = {time_of("2026-02-27T23:00:00Z"), time_of("2026-03-30T22:00:00Z")};
    (void)state;
    assert_int_equal(trm_grid_anchor(freq_of("1d"), berlin, gap, 2), gap[1]);
    assert_int_equal(trm_grid_anchor(freq_of("1d"), berlin, second, 2), second[1]);
    assert_int_equal(trm_grid_anchor(freq_of("1d"), berlin, gap, 1), gap[0]);
    assert_int_equal(trm_grid_anchor(freq_of("1h"), berlin, gap, 2), gap[0]);
    /* Local days count: 28 February and 31 March. */
    assert_int_equal(trm_grid_anchor(freq_of("1mo"), berlin, ends, 2), ends[1]);
    trm_zone_free(berlin);
}

/* ---- inference ---- */

static void is_inferred(const char *zone_name, const char *expect, const char *const *texts, size_t n)
{
    struct trm_zone *zone = zone_named(zone_name);
    struct trm_freq freq = {0, 0};
    int64_t times[16];
    char buf[TRM_FREQ_TEXT_MAX] = "none";
    for (size_t i = 0; i < n; i++) {
        times[i] = time_of(texts[i]);
    }
    if (trm_freq_infer(times, n, zone, &freq) == TRM_OK) {
        trm_freq_format(freq, buf);
    }
    assert_string_equal(buf, expect);
    trm_zone_free(zone);
}

#define INFERS(zone, expect, ...)                                                                  \
    do {                                                                                           \
        static const char *const texts[] = {__VA_ARGS__};                                          \
        is_inferred(zone, expect, texts, sizeof texts / sizeof texts[0]);                          \
    } while (0)

static void local_days_are_inferred_over_a_change_of_clocks(void **state)
{
    (void)state;
    INFERS("Berlin", "1d", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    INFERS("Berlin", "1d", "2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    INFERS("Sao_Paulo", "1d", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
    INFERS("Berlin", "1w", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z", "2026-11-01T23:00:00Z");
    INFERS("New_York", "1mo", "2026-02-14T05:00:00Z", "2026-03-14T04:00:00Z");
    INFERS("New_York", "1q", "2025-12-31T05:00:00Z", "2026-03-31T04:00:00Z", "2026-06-30T04:00:00Z");
    INFERS("Berlin", "1y", "2022-12-31T23:00:00Z", "2023-12-31T23:00:00Z", "2024-12-31T23:00:00Z");
    INFERS("Apia", "1d", "2011-12-28T10:00:00Z", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z");
}

static void hours_are_inferred_as_hours_in_a_zone(void **state)
{
    (void)state;
    INFERS("Berlin", "1h", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z");
    INFERS("Berlin", "12h", "2026-03-28T12:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z");
    INFERS("Berlin", "36h", "2026-03-28T00:00:00Z", "2026-03-29T12:00:00Z", "2026-03-31T00:00:00Z");
}

static void days_of_utc_are_not_days_of_a_zone_that_changes_its_clocks(void **state)
{
    (void)state;
    INFERS("Berlin", "none", "2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z",
           "2026-03-31T00:00:00Z");
    INFERS("Kathmandu", "1d", "2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_are_23_to_25_hours_long_and_never_drift),
        cmocka_unit_test(months_begin_at_local_midnight),
        cmocka_unit_test(half_an_hour_of_summer_time_counts_too),
        cmocka_unit_test(a_missing_midnight_is_the_first_moment_of_the_day),
        cmocka_unit_test(a_missing_time_of_day_is_the_first_moment_after_the_gap),
        cmocka_unit_test(a_day_left_out_has_a_step_where_no_point_stands),
        cmocka_unit_test(steps_that_are_not_whole_days_ignore_the_zone),
        cmocka_unit_test(step_inverts_time_in_every_zone),
        cmocka_unit_test(step_inverts_time_on_every_day_of_a_century),
        cmocka_unit_test(the_step_of_any_time_is_the_last_that_has_begun),
        cmocka_unit_test(the_step_of_a_time_outside_the_years_is_an_end),
        cmocka_unit_test(times_saturate_in_every_zone),
        cmocka_unit_test(an_aligned_grid_begins_at_local_midnights_and_on_mondays),
        cmocka_unit_test(an_anchor_is_rather_a_time_that_says_what_is_meant),
        cmocka_unit_test(local_days_are_inferred_over_a_change_of_clocks),
        cmocka_unit_test(hours_are_inferred_as_hours_in_a_zone),
        cmocka_unit_test(days_of_utc_are_not_days_of_a_zone_that_changes_its_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
