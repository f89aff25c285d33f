/* Frequencies, grids, inference and RFC 3339 text. The oracle for dates is libc's timegm and
 * gmtime. */
#include "core/calendar.h"
#include "core/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define DAY INT64_C(86400000)
#define HOUR INT64_C(3600000)

static struct trm_freq freq_of(const char *text)
{
    struct trm_freq freq = {0, 0};
    assert_int_equal(trm_freq_parse(text, strlen(text), &freq), TRM_OK);
    return freq;
}

static int64_t time_of(const char *text)
{
    int64_t ms = -1;
    assert_int_equal(trm_time_parse(text, strlen(text), &ms), TRM_OK);
    return ms;
}

static void frequency_text_round_trips_in_canonical_form(void **state)
{
    static const char *const pairs[][2] = {
        {"5m", "5m"},         {"h", "1h"},
        {"1h", "1h"},         {"24h", "1d"},
        {"d", "1d"},          {"7d", "1w"},
        {"14d", "2w"},        {"10d", "10d"},
        {"mo", "1mo"},        {"3mo", "1q"},
        {"6mo", "2q"},        {"12mo", "1y"},
        {"4q", "1y"},         {"100y", "100y"},
        {"90s", "90s"},       {"60s", "1m"},
        {"1500ms", "1500ms"}, {"1000ms", "1s"},
        {"ms", "1ms"},        {"1200mo", "100y"},
        {"36525d", "36525d"}, {"3155760000000ms", "36525d"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char buf[TRM_FREQ_TEXT_MAX];
        trm_freq_format(freq_of(pairs[i][0]), buf);
        assert_string_equal(buf, pairs[i][1]);
        assert_true(trm_freq_equal(freq_of(buf), freq_of(pairs[i][0])));
    }
    assert_false(trm_freq_equal(freq_of("1mo"), freq_of("30d")));
}

static void frequency_text_that_is_wrong_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "0h",
        "01h",
        "-1h",
        "1.5h",
        "1 h",
        "h1",
        "1H",
        "1min",
        "1month",
        "1M",
        "infer",
        "1hh",
        "101y",
        "1201mo",
        "36526d",
        "3155760000001ms",
        "99999999999999999999999999ms",
        "5",
        "+1h",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct trm_freq freq = {42, 43};
        assert_int_equal(trm_freq_parse(wrong[i], strlen(wrong[i]), &freq), TRM_EINVAL);
        assert_int_equal(freq.ms, 42);
        assert_int_equal(freq.months, 43);
    }
    struct trm_freq freq;
    assert_int_equal(trm_freq_parse("1h\0", 3, &freq), TRM_EINVAL);
}

static void frequency_text_is_read_to_its_length_only(void **state)
{
    struct trm_freq freq;
    (void)state;
    assert_int_equal(trm_freq_parse("15mo", 3, &freq), TRM_OK);
    assert_int_equal(freq.ms, 15 * 60000);
}

static void mean_length_of_a_year_is_365_and_a_quarter_days(void **state)
{
    (void)state;
    assert_true(trm_freq_mean_ms(freq_of("1y")) == 365.2425 * 86400000.0);
    assert_true(trm_freq_mean_ms(freq_of("1h")) == 3600000.0);
}

static void usual_seasons_are_those_of_people(void **state)
{
    static const struct {
        const char *freq;
        size_t n;
        size_t periods[3];
    } cases[] = {
        {"1h", 2, {168, 24}}, {"1d", 1, {7}},          {"1w", 1, {52}},       {"1mo", 1, {12}},
        {"1q", 1, {4}},       {"1y", 0, {0}},          {"30m", 2, {336, 48}}, {"15m", 2, {672, 96}},
        {"5m", 2, {288, 12}}, {"10m", 2, {1008, 144}}, {"1s", 1, {60}},       {"12h", 2, {14, 2}},
        {"5mo", 0, {0}},      {"2mo", 1, {6}},         {"1ms", 0, {0}},       {"5h", 0, {0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t got[4] = {0};
        assert_int_equal(trm_freq_seasons(freq_of(cases[i].freq), 4, got), cases[i].n);
        for (size_t k = 0; k < cases[i].n; k++) {
            assert_int_equal(got[k], cases[i].periods[k]);
        }
    }
    size_t one[1];
    assert_int_equal(trm_freq_seasons(freq_of("1h"), 1, one), 1);
    assert_int_equal(one[0], 168);
}

static void dates_agree_with_libc_over_all_accepted_years(void **state)
{
    (void)state;
    for (int64_t day = TRM_TIME_MIN / DAY; day <= TRM_TIME_MAX / DAY; day += 13) {
        time_t seconds = (time_t)(day * 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        struct trm_civil date = trm_civil_from_days(day);
        assert_int_equal(date.month, trm_civil_month(tm.tm_year + 1900, tm.tm_mon + 1));
        assert_int_equal(date.day, tm.tm_mday);
        assert_int_equal(trm_civil_to_days(date), day);
    }
}

static void month_lengths_follow_leap_years(void **state)
{
    (void)state;
    assert_int_equal(trm_civil_month_days(trm_civil_month(2024, 2)), 29);
    assert_int_equal(trm_civil_month_days(trm_civil_month(2023, 2)), 28);
    assert_int_equal(trm_civil_month_days(trm_civil_month(1900, 2)), 28);
    assert_int_equal(trm_civil_month_days(trm_civil_month(2000, 2)), 29);
    assert_int_equal(trm_civil_month_days(trm_civil_month(2026, 12)), 31);
    assert_int_equal(trm_civil_month_days(trm_civil_month(2026, 9)), 30);
}

static void times_are_read_in_every_accepted_form(void **state)
{
    int64_t at = INT64_C(1795428000000);
    (void)state;
    assert_int_equal(time_of("2026-11-23T10:00:00Z"), at);
    assert_int_equal(time_of("2026-11-23t10:00:00z"), at);
    assert_int_equal(time_of("2026-11-23 10:00:00"), at);
    assert_int_equal(time_of("2026-11-23T10:00:00"), at);
    assert_int_equal(time_of("2026-11-23T12:30:00+02:30"), at);
    assert_int_equal(time_of("2026-11-22T23:00:00-11:00"), at);
    assert_int_equal(time_of("2026-11-23T10:00:00.5Z"), at + 500);
    assert_int_equal(time_of("2026-11-23T10:00:00.123456789Z"), at + 123);
    assert_int_equal(time_of("2026-11-23"), at - 10 * HOUR);
    assert_int_equal(time_of("1969-12-31T23:59:59.999Z"), -1);
    assert_int_equal(time_of("0001-01-01"), TRM_TIME_MIN);
    assert_int_equal(time_of("9999-12-31T23:59:59.999Z"), TRM_TIME_MAX);
}

static void times_that_are_wrong_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-2",
        "2026-13-01",
        "2026-00-01",
        "2026-02-29",
        "2026-11-31",
        "2026-11-00",
        "26-11-23",
        "2026/11/23",
        "2026-11-23T",
        "2026-11-23T10",
        "2026-11-23T10:00",
        "2026-11-23T10:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T10:60:00Z",
        "2026-11-23T10:00:60Z",
        "2026-11-23T10:00:00.Z",
        "2026-11-23T10:00:00,5Z",
        "2026-11-23T10:00:00+2:00",
        "2026-11-23T10:00:00+0200",
        "2026-11-23T10:00:00+24:00",
        "2026-11-23T10:00:00ZZ",
        "2026-11-23T10:00:00Z ",
        " 2026-11-23",
        "2026-11-23Z",
        "2026-11-23x10:00:00Z",
        "now",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int64_t ms = 7;
        assert_int_equal(trm_time_parse(wrong[i], strlen(wrong[i]), &ms), TRM_EINVAL);
        assert_int_equal(ms, 7);
    }
    int64_t ms = 7;
    assert_int_equal(trm_time_parse("2026-11-23T10:00:00Z\0", 21, &ms), TRM_EINVAL);
    assert_int_equal(trm_time_parse("2026-11-23\0", 11, &ms), TRM_EINVAL);
    assert_int_equal(ms, 7);
}

static void times_outside_years_1_to_9999_are_out_of_range(void **state)
{
    int64_t ms = 7;
    (void)state;
    assert_int_equal(trm_time_parse("0000-12-31", 10, &ms), TRM_ERANGE);
    assert_int_equal(trm_time_parse("0001-01-01T00:00:00+01:00", 25, &ms), TRM_ERANGE);
    assert_int_equal(trm_time_parse("9999-12-31T23:59:59-00:01", 25, &ms), TRM_ERANGE);
    assert_int_equal(ms, 7);
}

static void time_text_round_trips_with_and_without_milliseconds(void **state)
{
    char buf[TRM_TIME_TEXT_MAX];
    (void)state;
    trm_time_format(INT64_C(1795428000000), buf);
    assert_string_equal(buf, "2026-11-23T10:00:00Z");
    trm_time_format(INT64_C(1795428000007), buf);
    assert_string_equal(buf, "2026-11-23T10:00:00.007Z");
    trm_time_format(-1, buf);
    assert_string_equal(buf, "1969-12-31T23:59:59.999Z");
    for (int64_t t = TRM_TIME_MIN; t <= TRM_TIME_MAX - INT64_C(86399999987);
         t += INT64_C(86399999987)) {
        trm_time_format(t, buf);
        assert_int_equal(time_of(buf), t);
    }
    trm_time_format(TRM_TIME_MAX, buf);
    assert_string_equal(buf, "9999-12-31T23:59:59.999Z");
    trm_time_format(INT64_MAX, buf);
    assert_string_equal(buf, "9999-12-31T23:59:59.999Z");
    trm_time_format(INT64_MIN, buf);
    assert_string_equal(buf, "0001-01-01T00:00:00Z");
}

static void fixed_grid_counts_steps_both_ways(void **state)
{
    struct trm_grid grid = {freq_of("1h"), time_of("2026-11-23T10:30:00Z")};
    int64_t step = 99;
    (void)state;
    assert_int_equal(trm_grid_step(&grid, grid.anchor_ms + 5 * HOUR, &step), TRM_OK);
    assert_int_equal(step, 5);
    assert_int_equal(trm_grid_step(&grid, grid.anchor_ms - 3 * HOUR, &step), TRM_OK);
    assert_int_equal(step, -3);
    assert_int_equal(trm_grid_step(&grid, grid.anchor_ms - 1, &step), TRM_EOFFGRID);
    assert_int_equal(step, -1);
    assert_int_equal(trm_grid_step(&grid, grid.anchor_ms + 1, &step), TRM_EOFFGRID);
    assert_int_equal(step, 0);
    assert_int_equal(trm_grid_step(&grid, TRM_TIME_MAX + 1, &step), TRM_ERANGE);
    assert_int_equal(trm_grid_step(&grid, TRM_TIME_MIN - 1, &step), TRM_ERANGE);
    assert_int_equal(step, 0);
}

static void calendar_grid_keeps_the_day_and_clamps_it(void **state)
{
    struct trm_grid grid = {freq_of("1mo"), time_of("2026-01-30T06:00:00Z")};
    (void)state;
    assert_int_equal(trm_grid_time(&grid, 1), time_of("2026-02-28T06:00:00Z"));
    assert_int_equal(trm_grid_time(&grid, 2), time_of("2026-03-30T06:00:00Z"));
    assert_int_equal(trm_grid_time(&grid, -1), time_of("2025-12-30T06:00:00Z"));
    assert_int_equal(trm_grid_time(&grid, 25), time_of("2028-02-29T06:00:00Z"));
}

static void calendar_grid_anchored_on_a_last_day_stays_on_last_days(void **state)
{
    struct trm_grid grid = {freq_of("1q"), time_of("2026-06-30")};
    int64_t step = 99;
    (void)state;
    assert_int_equal(trm_grid_time(&grid, 1), time_of("2026-09-30"));
    assert_int_equal(trm_grid_time(&grid, 2), time_of("2026-12-31"));
    assert_int_equal(trm_grid_step(&grid, time_of("2026-12-30"), &step), TRM_EOFFGRID);
    assert_int_equal(step, 1);
    assert_int_equal(trm_grid_step(&grid, time_of("2026-07-31"), &step), TRM_EOFFGRID);
    assert_int_equal(step, 0);
}

static void step_inverts_time_on_every_grid(void **state)
{
    static const char *const freqs[] = {"1ms", "7s", "5m",  "1h", "1d",  "1w",
                                        "1mo", "1q", "5mo", "1y", "100y"};
    static const char *const anchors[] = {
        "0001-01-01", "1970-01-01",           "2024-02-29T23:59:59.999Z",
        "2026-01-31", "2026-04-30T12:00:00Z", "9999-12-31"};
    (void)state;
    for (size_t f = 0; f < sizeof freqs / sizeof freqs[0]; f++) {
        for (size_t a = 0; a < sizeof anchors / sizeof anchors[0]; a++) {
            struct trm_grid grid = {freq_of(freqs[f]), time_of(anchors[a])};
            for (int64_t step = -40; step <= 40; step++) {
                int64_t back = 1000, time = trm_grid_time(&grid, step);
                if (time == TRM_TIME_MIN || time == TRM_TIME_MAX) {
                    continue;
                }
                assert_int_equal(trm_grid_step(&grid, time, &back), TRM_OK);
                assert_int_equal(back, step);
                if (grid.freq.ms != 1) {
                    assert_int_equal(trm_grid_step(&grid, time + 1, &back), TRM_EOFFGRID);
                    assert_int_equal(back, step);
                }
            }
        }
    }
}

static void time_of_a_far_step_saturates(void **state)
{
    struct trm_grid hour = {freq_of("1h"), 0}, year = {freq_of("1y"), 0};
    (void)state;
    assert_int_equal(trm_grid_time(&hour, INT64_MAX), TRM_TIME_MAX);
    assert_int_equal(trm_grid_time(&hour, INT64_MIN), TRM_TIME_MIN);
    assert_int_equal(trm_grid_time(&hour, INT64_C(10000000000)), TRM_TIME_MAX);
    assert_int_equal(trm_grid_time(&year, INT64_MAX), TRM_TIME_MAX);
    assert_int_equal(trm_grid_time(&year, INT64_MIN), TRM_TIME_MIN);
    assert_int_equal(trm_grid_time(&year, 9000), TRM_TIME_MAX);
    assert_int_equal(trm_grid_time(&year, -5000), TRM_TIME_MIN);
}

static void frequency_is_inferred_from(const char *expect, const char *const *texts, size_t n)
{
    int64_t times[16];
    char buf[TRM_FREQ_TEXT_MAX];
    struct trm_freq freq = {0, 0};
    for (size_t i = 0; i < n; i++) {
        times[i] = time_of(texts[i]);
    }
    assert_int_equal(trm_freq_infer(times, n, NULL, &freq), TRM_OK);
    trm_freq_format(freq, buf);
    assert_string_equal(buf, expect);
}

#define INFERS(expect, ...)                                                                        \
    do {                                                                                           \
        static const char *const texts[] = {__VA_ARGS__};                                          \
        frequency_is_inferred_from(expect, texts, sizeof texts / sizeof texts[0]);                 \
    } while (0)

static void frequency_is_the_most_common_difference(void **state)
{
    (void)state;
    INFERS("1h", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z",
           "2026-01-01T05:00:00Z");
    INFERS("1d", "2026-01-01", "2026-01-02", "2026-01-05", "2026-01-06", "2026-01-07");
    INFERS("1w", "2026-01-01", "2026-01-08", "2026-01-22");
    INFERS("4w", "2026-01-01", "2026-01-29", "2026-02-26");
}

static void frequency_with_agreeing_days_is_a_calendar_one(void **state)
{
    (void)state;
    INFERS("1mo", "2026-01-01", "2026-02-01", "2026-03-01", "2026-05-01");
    INFERS("1mo", "2026-02-28", "2026-03-31", "2026-04-30");
    INFERS("1mo", "2026-02-28", "2026-03-28", "2026-04-28");
    INFERS("1mo", "2026-01-30", "2026-02-28", "2026-03-30");
    INFERS("1mo", "2026-01-15T12:00:00Z", "2026-02-15T12:00:00Z");
    INFERS("1q", "2025-12-31", "2026-03-31", "2026-06-30", "2026-09-30");
    INFERS("1y", "2023-07-01", "2024-07-01", "2025-07-01");
    INFERS("1y", "2024-02-29", "2025-02-28", "2026-02-28");
}

static void frequency_is_not_inferred_where_times_do_not_agree(void **state)
{
    struct trm_freq freq = {7, 0};
    int64_t off[] = {0, HOUR, 2 * HOUR, 2 * HOUR + 1};
    int64_t finer[] = {0, 2 * HOUR, 4 * HOUR, 5 * HOUR};
    int64_t same[] = {0, HOUR, HOUR};
    int64_t back[] = {0, HOUR, 0};
    int64_t far[] = {TRM_TIME_MIN, TRM_TIME_MAX};
    int64_t outside[] = {0, TRM_TIME_MAX + 1};
    int64_t all_different[40];
    (void)state;
    for (int64_t i = 0; i < 40; i++) {
        all_different[i] = i * i * HOUR + (i & 1);
    }
    assert_int_equal(trm_freq_infer(off, 1, NULL, &freq), TRM_ESHORT);
    assert_int_equal(trm_freq_infer(off, 0, NULL, &freq), TRM_ESHORT);
    assert_int_equal(trm_freq_infer(off, 4, NULL, &freq), TRM_EINVAL);
    assert_int_equal(trm_freq_infer(finer, 4, NULL, &freq), TRM_EINVAL);
    assert_int_equal(trm_freq_infer(same, 3, NULL, &freq), TRM_EINVAL);
    assert_int_equal(trm_freq_infer(back, 3, NULL, &freq), TRM_EINVAL);
    assert_int_equal(trm_freq_infer(far, 2, NULL, &freq), TRM_EINVAL);
    assert_int_equal(trm_freq_infer(outside, 2, NULL, &freq), TRM_EINVAL);
    assert_int_equal(trm_freq_infer(all_different, 40, NULL, &freq), TRM_EINVAL);
    assert_int_equal(freq.ms, 7);
}

static void anchor_is_the_time_with_the_largest_day(void **state)
{
    int64_t times[] = {time_of("2026-02-28"), time_of("2026-03-31"), time_of("2026-04-30")};
    (void)state;
    assert_int_equal(trm_grid_anchor(freq_of("1mo"), NULL, times, 3), times[1]);
    assert_int_equal(trm_grid_anchor(freq_of("1mo"), NULL, times, 1), times[0]);
    assert_int_equal(trm_grid_anchor(freq_of("1d"), NULL, times, 3), times[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frequency_text_round_trips_in_canonical_form),
        cmocka_unit_test(frequency_text_that_is_wrong_is_refused),
        cmocka_unit_test(frequency_text_is_read_to_its_length_only),
        cmocka_unit_test(mean_length_of_a_year_is_365_and_a_quarter_days),
        cmocka_unit_test(usual_seasons_are_those_of_people),
        cmocka_unit_test(dates_agree_with_libc_over_all_accepted_years),
        cmocka_unit_test(month_lengths_follow_leap_years),
        cmocka_unit_test(times_are_read_in_every_accepted_form),
        cmocka_unit_test(times_that_are_wrong_are_refused),
        cmocka_unit_test(times_outside_years_1_to_9999_are_out_of_range),
        cmocka_unit_test(time_text_round_trips_with_and_without_milliseconds),
        cmocka_unit_test(fixed_grid_counts_steps_both_ways),
        cmocka_unit_test(calendar_grid_keeps_the_day_and_clamps_it),
        cmocka_unit_test(calendar_grid_anchored_on_a_last_day_stays_on_last_days),
        cmocka_unit_test(step_inverts_time_on_every_grid),
        cmocka_unit_test(time_of_a_far_step_saturates),
        cmocka_unit_test(frequency_is_the_most_common_difference),
        cmocka_unit_test(frequency_with_agreeing_days_is_a_calendar_one),
        cmocka_unit_test(frequency_is_not_inferred_where_times_do_not_agree),
        cmocka_unit_test(anchor_is_the_time_with_the_largest_day),
    };
    return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
