/* Numbers as text. The oracle is libc. */
#include "server/http/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 16;
}

/* Any finite double, all exponents alike. */
static double random_double(uint64_t *state)
{
    double v;
    do {
        uint64_t bits = next_random(state) << 32 ^ next_random(state);
        memcpy(&v, &bits, sizeof v);
    } while (!isfinite(v));
    return v;
}

static void numbers_are_read_as_libc_reads_them(void **state)
{
    static const char *const texts[] = {"0",
                                        "-0",
                                        "1",
                                        "-1",
                                        "0.1",
                                        "123456789012345",
                                        "1234567890123456789",
                                        "1e22",
                                        "1e23",
                                        "1E+5",
                                        "1e-5",
                                        "4.9e-324",
                                        "1.7976931348623157e308",
                                        "1e-999",
                                        "9007199254740993",
                                        "0.3e1",
                                        "0e5",
                                        "0.000001",
                                        "2.2250738585072011e-308",
                                        "1e0005",
                                        "5e-23",
                                        "123456789012345e22",
                                        "123456789012345e-22"};
    uint64_t seed = 1;
    char text[NUMBER_TEXT_MAX];
    double v;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(number_parse(texts[i], strlen(texts[i]), &v), NUMBER_OK);
        double want = strtod(texts[i], NULL);
        assert_memory_equal(&v, &want, sizeof v);
    }
    for (int i = 0; i < 100000; i++) {
        int digits = (int)(next_random(&seed) % 19);
        snprintf(text, sizeof text, "%.*e", digits, random_double(&seed));
        double want = strtod(text, NULL);
        if (isfinite(want)) {
            assert_int_equal(number_parse(text, strlen(text), &v), NUMBER_OK);
            assert_memory_equal(&v, &want, sizeof v);
        }
    }
}

static void text_that_is_no_number_is_refused(void **state)
{
    static const char *const texts[] = {"",    "-",    "+1",   "01",    "-01", "1.",  ".5",   "1e",
                                        "1e+", "1.e5", "1 ",   " 1",    "1x",  "0x1", "NaN",  "inf",
                                        "1,5", "--1",  "1e5.", "1e5e5", "1_0", "e5",  "1.5.5"};
    double v = 5.0;
    int64_t i64 = 5;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(number_parse(texts[i], strlen(texts[i]), &v), NUMBER_SYNTAX);
        assert_int_equal(number_parse_int(texts[i], strlen(texts[i]), &i64), NUMBER_SYNTAX);
    }
    assert_int_equal(number_parse("1\0", 2, &v), NUMBER_SYNTAX);
    assert_int_equal(number_parse("1e400", 5, &v), NUMBER_RANGE);
    assert_int_equal(number_parse("-1e309", 6, &v), NUMBER_RANGE);
    assert_int_equal(number_parse("1e99999999999999999999", 22, &v), NUMBER_RANGE);
    assert_true(v == 5.0);
    assert_int_equal(i64, 5);
}

static void numbers_that_are_too_long_are_refused(void **state)
{
    char text[NUMBER_TEXT_MAX + 1];
    double v;
    int64_t i64;
    (void)state;
    memset(text, '1', sizeof text);
    assert_int_equal(number_parse(text, NUMBER_TEXT_MAX - 1, &v), NUMBER_OK);
    assert_int_equal(number_parse(text, NUMBER_TEXT_MAX, &v), NUMBER_LONG);
    assert_int_equal(number_parse_int(text, NUMBER_TEXT_MAX, &i64), NUMBER_LONG);
}

static void whole_numbers_are_exact_up_to_64_bits(void **state)
{
    static const struct {
        const char *text;
        enum number_status status;
        int64_t value;
    } cases[] = {
        {"0", NUMBER_OK, 0},
        {"-0", NUMBER_OK, 0},
        {"9223372036854775807", NUMBER_OK, INT64_MAX},
        {"-9223372036854775808", NUMBER_OK, INT64_MIN},
        {"9223372036854775808", NUMBER_RANGE, 0},
        {"-9223372036854775809", NUMBER_RANGE, 0},
        {"123456789012345678", NUMBER_OK, INT64_C(123456789012345678)},
        {"1.5e3", NUMBER_OK, 1500},
        {"-15e2", NUMBER_OK, -1500},
        {"1.0", NUMBER_OK, 1},
        {"1.5", NUMBER_FRACTION, 0},
        {"1e-1", NUMBER_FRACTION, 0},
        {"9007199254740992e0", NUMBER_OK, INT64_C(9007199254740992)},
        {"1e16", NUMBER_RANGE, 0},
        {"1e400", NUMBER_RANGE, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 0;
        assert_int_equal(number_parse_int(cases[i].text, strlen(cases[i].text), &value),
                         cases[i].status);
        assert_int_equal(value, cases[i].value);
    }
}

static void exact_text_reads_back_as_the_same_number(void **state)
{
    uint64_t seed = 2;
    char text[NUMBER_TEXT_MAX];
    double back;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        double v = random_double(&seed);
        v = i % 4 == 1 ? (double)(int64_t)next_random(&seed) / 1000.0 : v;
        v = i % 4 == 2 ? round(ldexp(v, -(int)(next_random(&seed) % 1000)) * 100) / 100 : v;
        v = isfinite(v) ? v : -0.0;
        size_t n = number_format_exact(v, text);
        assert_int_equal(n, strlen(text));
        assert_int_equal(number_parse(text, n, &back), NUMBER_OK);
        assert_memory_equal(&v, &back, sizeof v);
    }
}

static void exact_text_of_common_numbers_is_the_shortest(void **state)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {{0.0, "0"},           {-0.0, "-0"},
                 {0.1, "0.1"},         {1.5, "1.5"},
                 {-273.15, "-273.15"}, {1e15, "1e+15"},
                 {100.0, "100"},       {0.1 + 0.2, "0.30000000000000004"},
                 {1e300, "1e+300"},    {123456789.25, "123456789.25"},
                 {5e-7, "0.0000005"}};
    char text[NUMBER_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        number_format_exact(cases[i].v, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void forecast_text_has_nine_digits(void **state)
{
    static const struct {
        double v;
        const char *text;
    } cases[] = {
        {0.0, "0"},
        {-0.0, "0"},
        {1.0, "1"},
        {0.1, "0.1"},
        {-2.5, "-2.5"},
        {1.0 / 3.0, "0.333333333"},
        {2e6 / 3.0, "666666.667"},
        {123456789012.0, "123456789000"},
        {99999.99999, "100000"},
        {0.00012345678912, "0.000123456789"},
        {1e-5, "0.00001"},
        {1e15, "1e+15"},
        {9.999999999e14, "1000000000000000"},
        {1e-7, "1e-07"},
        {100.0, "100"},
    };
    char text[NUMBER_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(number_format(cases[i].v, text), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void forecast_text_is_a_json_number_near_the_value(void **state)
{
    uint64_t seed = 3;
    char text[NUMBER_TEXT_MAX];
    double back;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        double v = i % 2 == 0 ? random_double(&seed)
                              : ldexp((double)next_random(&seed), -(int)(next_random(&seed) % 80));
        assert_int_equal(number_parse(text, number_format(v, text), &back), NUMBER_OK);
        assert_true(fabs(back - v) <= fabs(v) * 5.001e-9);
    }
}

static void numbers_that_json_lacks_are_null(void **state)
{
    static const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    char text[NUMBER_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(number_format(values[i], text), 4);
        assert_string_equal(text, "null");
        assert_int_equal(number_format_exact(values[i], text), 4);
        assert_string_equal(text, "null");
    }
}

static void whole_numbers_are_written_to_the_ends(void **state)
{
    char text[NUMBER_TEXT_MAX];
    (void)state;
    assert_int_equal(number_format_int(INT64_MIN, text), 20);
    assert_string_equal(text, "-9223372036854775808");
    number_format_int(INT64_MAX, text);
    assert_string_equal(text, "9223372036854775807");
    number_format_int(0, text);
    assert_string_equal(text, "0");
    number_format_int(-1200, text);
    assert_string_equal(text, "-1200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_as_libc_reads_them),
        cmocka_unit_test(text_that_is_no_number_is_refused),
        cmocka_unit_test(numbers_that_are_too_long_are_refused),
        cmocka_unit_test(whole_numbers_are_exact_up_to_64_bits),
        cmocka_unit_test(exact_text_reads_back_as_the_same_number),
        cmocka_unit_test(exact_text_of_common_numbers_is_the_shortest),
        cmocka_unit_test(forecast_text_has_nine_digits),
        cmocka_unit_test(forecast_text_is_a_json_number_near_the_value),
        cmocka_unit_test(numbers_that_json_lacks_are_null),
        cmocka_unit_test(whole_numbers_are_written_to_the_ends),
    };
    return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
