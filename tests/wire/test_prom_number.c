/* Numbers and times in Prometheus' forms. */
#include "server/wire/prom_number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

static void values_are_written_as_prometheus_writes_them(void **state)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {{2, "2"},
                 {-0.5, "-0.5"},
                 {0, "0"},
                 {-0.0, "-0"},
                 {0.1, "0.1"},
                 {0.012, "0.012"},
                 {1e-6, "0.000001"},
                 {1.25e-7, "1.25e-7"},
                 {5e-324, "5e-324"},
                 {120000, "120000"},
                 {1e20, "100000000000000000000"},
                 {123456789012345680000.0, "123456789012345680000"},
                 {1e21, "1e+21"},
                 {-1.5e300, "-1.5e+300"},
                 {1.0 / 3, "0.3333333333333333"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {1795470523, "1795470523"},
                 {INFINITY, "+Inf"},
                 {-INFINITY, "-Inf"},
                 {NAN, "NaN"}};
    char buf[PROM_NUMBER_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(prom_number_format(cases[i].v, buf), strlen(cases[i].text));
        assert_string_equal(buf, cases[i].text);
    }
}

static void scalars_are_written_without_an_exponent(void **state)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {{2, "2"},
                 {1e21, "1000000000000000000000"},
                 {-1.25e-7, "-0.000000125"},
                 {NAN, "NaN"},
                 {-0.0, "-0"}};
    static const double extremes[] = {5e-324, -5e-324, 1.7976931348623157e308,
                                      -2.2250738585072014e-308};
    char buf[PROM_SCALAR_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        prom_scalar_format(cases[i].v, buf);
        assert_string_equal(buf, cases[i].text);
    }
    for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
        size_t n = prom_scalar_format(extremes[i], buf);
        assert_true(n < PROM_SCALAR_MAX && strlen(buf) == n && strchr(buf, 'e') == NULL);
        assert_true(strtod(buf, NULL) == extremes[i]);
    }
}

static void every_value_reads_back_as_itself(void **state)
{
    uint64_t random = 7;
    char buf[PROM_NUMBER_MAX];
    (void)state;
    for (int i = 0; i < 20000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t bits = random ^ random >> 29;
        double v;
        memcpy(&v, &bits, sizeof v);
        size_t n = prom_number_format(v, buf);
        assert_true(n < PROM_NUMBER_MAX && buf[n] == '\0');
        if (isfinite(v))
            assert_true(strtod(buf, NULL) == v);
    }
}

static void times_are_seconds_with_up_to_three_decimals(void **state)
{
    char buf[PROM_NUMBER_MAX];
    (void)state;
    prom_time_format(4000, buf);
    assert_string_equal(buf, "4");
    prom_time_format(1435781451781, buf);
    assert_string_equal(buf, "1435781451.781");
    prom_time_format(1500, buf);
    assert_string_equal(buf, "1.500");
    prom_time_format(-1, buf);
    assert_string_equal(buf, "-0.001");
}

static void times_are_read_in_both_forms(void **state)
{
    int64_t ms = 77;
    (void)state;
    assert_true(prom_time_parse("4", &ms));
    assert_int_equal(ms, 4000);
    assert_true(prom_time_parse("1435781451.781", &ms));
    assert_int_equal(ms, 1435781451781);
    assert_true(prom_time_parse("1.4357e9", &ms));
    assert_int_equal(ms, 1435700000000);
    assert_true(prom_time_parse("2015-07-01T20:10:51.781Z", &ms));
    assert_int_equal(ms, 1435781451781);
    static const char *const wrong[] = {
        "", "x", "1e99", "nan", "inf", "0x10", " 4", "2015-13-01T00:00:00Z", "1-2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ms = 77;
        assert_false(prom_time_parse(wrong[i], &ms));
        assert_int_equal(ms, 77);
    }
}

static void durations_are_read_in_both_forms(void **state)
{
    int64_t ms = 77;
    (void)state;
    assert_true(prom_duration_parse("15", &ms));
    assert_int_equal(ms, 15000);
    assert_true(prom_duration_parse("0.25", &ms));
    assert_int_equal(ms, 250);
    assert_true(prom_duration_parse("1h30m", &ms));
    assert_int_equal(ms, 5400000);
    assert_true(prom_duration_parse("1y2w3d4h5m6s7ms", &ms));
    assert_int_equal(ms, 31536000000 + 2 * 604800000LL + 3 * 86400000LL + 4 * 3600000 + 5 * 60000 +
                             6007);
    assert_true(prom_duration_parse("-3", &ms));
    assert_int_equal(ms, -3000);
    static const char *const wrong[] = {
        "", "m", "5x", "5m1h", "5m5m", "1h 5m", "101y", "99999999999999999999s", "1e99"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(prom_duration_parse(wrong[i], &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_written_as_prometheus_writes_them),
        cmocka_unit_test(scalars_are_written_without_an_exponent),
        cmocka_unit_test(every_value_reads_back_as_itself),
        cmocka_unit_test(times_are_seconds_with_up_to_three_decimals),
        cmocka_unit_test(times_are_read_in_both_forms),
        cmocka_unit_test(durations_are_read_in_both_forms),
    };
    return cmocka_run_group_tests_name("prom_number", tests, NULL, NULL);
}
