/* Errors as values. */
#include "server/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static void setting_an_error_fills_it_and_empties_the_place(void **state)
{
    struct err err;

    (void)state;
    memset(&err, 'x', sizeof err);
    assert_int_equal(err_set(&err, ERR_INVALID, "horizon %d, expected 1..%d", 0, 1024), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.msg, "horizon 0, expected 1..1024");
    assert_string_equal(err.place, "");
    assert_int_equal(err.item, -1);
}

static void place_and_item_leave_code_and_message_alone(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_SYNTAX, "not JSON");
    assert_int_equal(err_at(&err, "/points/%d", 3), -1);
    assert_int_equal(err_item(&err, 3), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    assert_string_equal(err.msg, "not JSON");
    assert_string_equal(err.place, "/points/3");
    assert_int_equal(err.item, 3);
}

static void a_message_too_long_is_cut_between_characters(void **state)
{
    char text[ERR_MSG_MAX * 2 + 1] = "x";
    struct err err;

    (void)state;
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xa4", 3);
    err_set(&err, ERR_INVALID, "%s", text); /* 1 + 2k bytes: 319 of them fit whole characters */
    assert_int_equal(strlen(err.msg), 319);
    err_set(&err, ERR_INVALID, "%s", text + 1);
    assert_int_equal(strlen(err.msg), 318);
    assert_memory_equal(err.msg, text + 1, 318);
}

static void wrapping_puts_the_prefix_first_and_keeps_the_rest(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_STORAGE, "no such table");
    err_at(&err, "line 7");
    assert_int_equal(err_wrap(&err, "store %s", "a.db"), -1);
    assert_string_equal(err.msg, "store a.db: no such table");
    assert_int_equal(err.code, ERR_STORAGE);
    assert_string_equal(err.place, "line 7");
}

static void an_error_may_be_made_of_its_own_text(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_INVALID, "inner");
    err_set(&err, ERR_INVALID, "<%s>", err.msg);
    assert_string_equal(err.msg, "<inner>");
    err_wrap(&err, "%s", err.msg);
    assert_string_equal(err.msg, "<inner>: <inner>");
}

static void wrapping_never_overflows(void **state)
{
    struct err err;

    (void)state;
    err_set(&err, ERR_INVALID, "%0300d", 0);
    for (int i = 0; i < 50; i++)
        err_wrap(&err, "wrapped %d times", i);
    assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
    assert_int_equal(strncmp(err.msg, "wrapped 49 times: wrapped 48 times", 34), 0);
}

static void every_failing_status_becomes_an_error_with_its_words(void **state)
{
    static const struct {
        enum trm_status status;
        enum err_code code;
    } cases[] = {
        {TRM_ENOMEM, ERR_NO_MEMORY},   {TRM_EINVAL, ERR_INVALID},   {TRM_ESHORT, ERR_TOO_SHORT},
        {TRM_EMISSING, ERR_TOO_SHORT}, {TRM_EOFFGRID, ERR_INVALID}, {TRM_ERANGE, ERR_INVALID},
        {TRM_ECORRUPT, ERR_STORAGE},   {TRM_EVERSION, ERR_STORAGE}, {TRM_EDIVERGED, ERR_INTERNAL},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(err_from_status(&err, cases[i].status), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_string_equal(err.msg, trm_status_text(cases[i].status));
    }
}

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = ERR_NONE; a <= ERR_INTERNAL; a++) {
        assert_true(strlen(err_code_name((enum err_code)a)) > 0);
        for (int b = ERR_NONE; b < a; b++)
            assert_string_not_equal(err_code_name((enum err_code)a),
                                    err_code_name((enum err_code)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_fills_it_and_empties_the_place),
        cmocka_unit_test(place_and_item_leave_code_and_message_alone),
        cmocka_unit_test(a_message_too_long_is_cut_between_characters),
        cmocka_unit_test(wrapping_puts_the_prefix_first_and_keeps_the_rest),
        cmocka_unit_test(an_error_may_be_made_of_its_own_text),
        cmocka_unit_test(wrapping_never_overflows),
        cmocka_unit_test(every_failing_status_becomes_an_error_with_its_words),
        cmocka_unit_test(every_code_has_a_name_of_its_own),
    };

    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
