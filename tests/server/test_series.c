/* Settings, ids and the UTF-8 under them. */
#include "server/base/series.h"

#include "server/base/err.h"
#include "server/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void defaults_infer_everything_and_bound_nothing(void **state)
{
    struct series_settings settings;

    (void)state;
    memset(&settings, 'x', sizeof settings);
    series_settings_init(&settings);
    assert_int_equal(settings.freq.ms, 0);
    assert_int_equal(settings.freq.months, 0);
    assert_int_equal(settings.season_n, 0);
    assert_int_equal(settings.horizon, 0);
    assert_true(isnan(settings.min) && isnan(settings.max));
    assert_false(settings.integer);
    assert_int_equal(settings.fit, FIT_AUTO);
    assert_int_equal(settings.label_n, 0);
    assert_null(settings.labels);
}

static void a_copy_shares_nothing_with_its_original(void **state)
{
    struct series_settings from, copy;

    (void)state;
    series_settings_init(&from);
    from.season[0] = 24, from.season_n = 1, from.min = 0;
    from.labels = calloc(2, sizeof *from.labels);
    from.label_n = 2;
    strcpy(from.labels[0].name, "site");
    strcpy(from.labels[1].value, "b");
    assert_true(series_settings_copy(&from, &copy));
    assert_ptr_not_equal(copy.labels, from.labels);
    assert_memory_equal(copy.labels, from.labels, 2 * sizeof *from.labels);
    series_settings_done(&from);
    assert_int_equal(copy.season[0], 24);
    assert_string_equal(copy.labels[0].name, "site");
    series_settings_done(&copy);
    series_settings_done(&copy);
    assert_null(copy.labels);
}

static void every_job_state_has_its_word(void **state)
{
    (void)state;
    assert_string_equal(job_state_name(JOB_PENDING), "pending");
    assert_string_equal(job_state_name(JOB_RUNNING), "running");
    assert_string_equal(job_state_name(JOB_SUCCEEDED), "succeeded");
    assert_string_equal(job_state_name(JOB_FAILED), "failed");
    assert_string_equal(job_state_name(JOB_CANCELLED), "cancelled");
}

static int check(const char *id, struct err *err)
{
    return series_id_check(id, strlen(id), err);
}

static void ordinary_and_unusual_ids_are_legal(void **state)
{
    static const char *const ids[] = {"a",
                                      "office.temperature",
                                      "...",
                                      ".a",
                                      " ",
                                      "a/b",
                                      "\"",
                                      "%2F",
                                      "\xc2\xa0",
                                      "\xe2\x82\xac",
                                      "\xf4\x8f\xbf\xbf",
                                      "\xee\x80\x80"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        assert_int_equal(check(ids[i], &err), 0);
}

static void an_id_is_200_bytes_at_most_and_one_at_least(void **state)
{
    char id[SERIES_ID_MAX + 1];
    struct err err;

    (void)state;
    memset(id, 'a', sizeof id);
    assert_int_equal(series_id_check(id, SERIES_ID_MAX, &err), 0);
    assert_int_equal(series_id_check(id, SERIES_ID_MAX + 1, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_non_null(strstr(err.msg, "201 bytes"));
    assert_int_equal(series_id_check(id, 0, &err), -1);
}

static void ids_that_are_folders_are_refused(void **state)
{
    struct err err;

    (void)state;
    assert_int_equal(check(".", &err), -1);
    assert_int_equal(check("..", &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
}

static void every_control_character_is_refused_and_named(void **state)
{
    struct err err;
    char expected[64], id[] = "ab\xc2\x80";

    (void)state;
    for (unsigned code = 0; code < 0xa0; code++) {
        if (code >= 0x20 && code < 0x7f)
            continue;
        size_t n = code < 0x80 ? 3 : 4;
        id[2] = (char)(code < 0x80 ? code : 0xc2);
        id[3] = (char)code;
        assert_int_equal(series_id_check(id, n, &err), -1);
        snprintf(expected, sizeof expected, "byte 2 is the control character U+%04X", code);
        assert_non_null(strstr(err.msg, expected));
    }
}

static void bytes_that_are_not_utf8_are_refused_and_named(void **state)
{
    static const char *const ids[] = {
        "ab\x80",     /* a continuation without a beginning */
        "ab\xc3",     /* a beginning without its continuation */
        "ab\xc0\xaf", /* overlong in two, three and four bytes */
        "ab\xe0\x80\xaf",
        "ab\xf0\x80\x80\xaf",
        "ab\xed\xa0\x80",     /* a surrogate */
        "ab\xf4\x90\x80\x80", /* above U+10FFFF */
        "ab\xff",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        assert_int_equal(check(ids[i], &err), -1);
        assert_non_null(strstr(err.msg, "byte 2 (0x"));
        assert_non_null(strstr(err.msg, "not valid UTF-8"));
    }
}

/* RFC 3629, written the other way round. */
static size_t encode(uint32_t code, unsigned char *to)
{
    if (code < 0x80) {
        to[0] = (unsigned char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (unsigned char)(0xc0 | code >> 6);
        to[1] = (unsigned char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (unsigned char)(0xe0 | code >> 12);
        to[1] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (unsigned char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (unsigned char)(0xf0 | code >> 18);
    to[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (unsigned char)(0x80 | (code & 0x3f));
    return 4;
}

static void every_character_is_decoded_to_itself(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        unsigned char bytes[4];
        uint32_t got = 0;
        size_t n = encode(code, bytes);
        size_t wanted = code >= 0xd800 && code <= 0xdfff ? 0 : n;
        if (utf8_decode((const char *)bytes, n, &got) != wanted || (wanted && got != code))
            fail_msg("U+%04X", code);
        if (n > 1 && utf8_decode((const char *)bytes, n - 1, &got) != 0)
            fail_msg("U+%04X cut short", code);
    }
}

/* Together with the test above: exactly as many sequences are accepted as there are characters. */
static void no_other_sequence_of_three_bytes_is_a_character(void **state)
{
    size_t found[5] = {0};
    uint32_t code;

    (void)state;
    for (uint32_t i = 0; i < 1u << 24; i++) {
        const char bytes[3] = {(char)(i >> 16), (char)(i >> 8), (char)i};
        found[utf8_decode(bytes, 3, &code)]++;
    }
    assert_int_equal(found[1], 128u << 16);
    assert_int_equal(found[2], (0x800 - 0x80) << 8);
    assert_int_equal(found[3], 0x10000 - 0x800 - 0x800);
    assert_int_equal(found[4], 0);
}

static void a_cut_never_falls_inside_a_character(void **state)
{
    const char *text = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t wanted[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};

    (void)state;
    for (size_t n = 0; n < sizeof wanted / sizeof *wanted; n++)
        assert_int_equal(utf8_cut(text, n), wanted[n]);
    assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80", 5), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_infer_everything_and_bound_nothing),
        cmocka_unit_test(a_copy_shares_nothing_with_its_original),
        cmocka_unit_test(every_job_state_has_its_word),
        cmocka_unit_test(ordinary_and_unusual_ids_are_legal),
        cmocka_unit_test(an_id_is_200_bytes_at_most_and_one_at_least),
        cmocka_unit_test(ids_that_are_folders_are_refused),
        cmocka_unit_test(every_control_character_is_refused_and_named),
        cmocka_unit_test(bytes_that_are_not_utf8_are_refused_and_named),
        cmocka_unit_test(every_character_is_decoded_to_itself),
        cmocka_unit_test(no_other_sequence_of_three_bytes_is_a_character),
        cmocka_unit_test(a_cut_never_falls_inside_a_character),
    };

    return cmocka_run_group_tests_name("series", tests, NULL, NULL);
}
