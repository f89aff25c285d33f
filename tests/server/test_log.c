/* Log lines: two forms, and nothing that a field could break. */
#include "server/base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIELDS(...)                                                                                \
    (const struct log_field[])                                                                     \
    {                                                                                              \
        {.key = NULL}, ##__VA_ARGS__                                                               \
    }
#define FIELDS_N(...) (sizeof FIELDS(__VA_ARGS__) / sizeof(struct log_field))
#define RENDER(format, ...) render(format, FIELDS(__VA_ARGS__), FIELDS_N(__VA_ARGS__))

static char line[LOG_LINE_MAX + 1];

static const char *render(enum log_format format, const struct log_field *fields, size_t n)
{
    line[log_render(format, 1795514400123, LOG_LEVEL_INFO, "it happened", fields, n, line)] = '\0';
    return line;
}

static void a_logfmt_line_is_time_level_message_and_fields(void **state)
{
    (void)state;
    assert_string_equal(RENDER(LOG_FORMAT_LOGFMT, log_text("address", "127.0.0.1:8080"),
                               log_int("delta", -3), log_uint("bytes", UINT64_MAX),
                               log_real("seconds", 0.25), log_bool("ready", true)),
                        "ts=2026-11-24T10:00:00.123Z level=info msg=\"it happened\" "
                        "address=127.0.0.1:8080 delta=-3 "
                        "bytes=18446744073709551615 seconds=0.25 ready=true\n");
}

static void a_json_line_is_one_object(void **state)
{
    (void)state;
    assert_string_equal(
        RENDER(LOG_FORMAT_JSON, log_text("address", "127.0.0.1:8080"), log_int("delta", -3),
               log_real("seconds", (double)NAN), log_bool("ready", false)),
        "{\"ts\":\"2026-11-24T10:00:00.123Z\",\"level\":\"info\",\"msg\":\"it happened\","
        "\"address\":\"127.0.0.1:8080\",\"delta\":-3,\"seconds\":null,\"ready\":false}\n");
}

static void a_line_may_have_no_fields(void **state)
{
    (void)state;
    assert_string_equal(RENDER(LOG_FORMAT_LOGFMT),
                        "ts=2026-11-24T10:00:00.123Z level=info msg=\"it happened\"\n");
}

static void no_text_can_end_a_line_or_forge_a_field(void **state)
{
    const char *attack = "x\nlevel=error msg=\"forged\" a=\\\r\t\x1b[2J";
    const char *escaped = "\"x\\nlevel=error msg=\\\"forged\\\" a=\\\\\\r\\t\\u001b[2J\"";

    (void)state;
    for (int format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++) {
        const char *text = RENDER((enum log_format)format, log_text("id", attack));
        assert_non_null(strstr(text, escaped));
        assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
        assert_null(strchr(text, '\x1b'));
    }
}

static void c1_controls_and_line_separators_are_escaped_and_other_characters_kept(void **state)
{
    (void)state;
    assert_non_null(strstr(RENDER(LOG_FORMAT_JSON, log_text("id", "\xc2\x9b"
                                                                  "31m\xe2\x80\xa8\xc3\xa4")),
                           "\"\\u009b31m\\u2028\xc3\xa4\""));
}

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    assert_non_null(strstr(RENDER(LOG_FORMAT_JSON, log_text_n("id", "a\xff\xc3", 3)),
                           "\"a\xef\xbf\xbd\xef\xbf\xbd\""));
}

static void text_with_a_nul_inside_is_written_whole(void **state)
{
    (void)state;
    assert_non_null(
        strstr(RENDER(LOG_FORMAT_LOGFMT, log_text_n("id", "a\0b", 3)), "id=\"a\\u0000b\""));
}

static void empty_and_absent_text_is_quoted(void **state)
{
    (void)state;
    assert_non_null(strstr(RENDER(LOG_FORMAT_LOGFMT, log_text("a", ""), log_text("b", NULL)),
                           "a=\"\" b=\"\"\n"));
}

static void text_that_a_reader_could_split_is_quoted(void **state)
{
    static const char *const texts[] = {"a b", "a=b", "a,b", "a\"b", "{}", "\xc3\xa4"};
    char wanted[16];

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (i == 3)
            snprintf(wanted, sizeof wanted, "k=\"a\\\"b\"\n");
        else
            snprintf(wanted, sizeof wanted, "k=\"%s\"\n", texts[i]);
        assert_non_null(strstr(RENDER(LOG_FORMAT_LOGFMT, log_text("k", texts[i])), wanted));
    }
}

static void a_line_too_long_keeps_what_fits_and_says_so(void **state)
{
    static char text[2 * LOG_LINE_MAX];

    (void)state;
    memset(text, '"', sizeof text - 1);
    for (size_t n = LOG_LINE_MAX / 2 - 100; n < LOG_LINE_MAX / 2 + 10; n++) {
        for (int format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++) {
            const char *got = RENDER((enum log_format)format, log_int("first", 1),
                                     log_text_n("long", text, n), log_int("last", 2));
            size_t got_n = strlen(got);
            assert_true(got_n <= LOG_LINE_MAX && got[got_n - 1] == '\n');
            assert_non_null(strstr(got, "first"));
            bool whole = strstr(got, "last") != NULL;
            assert_int_equal(whole, strstr(got, "cut") == NULL);
            if (format == LOG_FORMAT_JSON)
                assert_int_equal(got[got_n - 2], '}');
        }
    }
    assert_non_null(strstr(RENDER(LOG_FORMAT_JSON, log_text("long", text)), ",\"cut\":true}\n"));
    assert_non_null(strstr(RENDER(LOG_FORMAT_LOGFMT, log_text("long", text)), " cut=true\n"));
}

/* What reaches standard error while it is a pipe. */
static size_t capture(enum log_level least, char *buf, size_t buf_n)
{
    int ends[2], kept = dup(STDERR_FILENO);

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    log_init(LOG_FORMAT_LOGFMT, least);
    LOG_DEBUG("one");
    LOG_INFO("two", log_int("n", 2));
    LOG_WARN("three");
    LOG_ERROR("four");
    dup2(kept, STDERR_FILENO);
    close(kept);
    ssize_t n = read(ends[0], buf, buf_n - 1);
    close(ends[0]);
    buf[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static void events_below_the_level_are_not_written(void **state)
{
    static const char *const words[] = {"msg=one", "msg=two n=2\n", "msg=three", "msg=four"};
    char text[1024];

    (void)state;
    for (int least = LOG_LEVEL_DEBUG; least <= LOG_LEVEL_ERROR; least++) {
        capture((enum log_level)least, text, sizeof text);
        for (int i = 0; i < 4; i++)
            assert_int_equal(strstr(text, words[i]) != NULL, i >= least);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_logfmt_line_is_time_level_message_and_fields),
        cmocka_unit_test(a_json_line_is_one_object),
        cmocka_unit_test(a_line_may_have_no_fields),
        cmocka_unit_test(no_text_can_end_a_line_or_forge_a_field),
        cmocka_unit_test(c1_controls_and_line_separators_are_escaped_and_other_characters_kept),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(text_with_a_nul_inside_is_written_whole),
        cmocka_unit_test(empty_and_absent_text_is_quoted),
        cmocka_unit_test(text_that_a_reader_could_split_is_quoted),
        cmocka_unit_test(a_line_too_long_keeps_what_fits_and_says_so),
        cmocka_unit_test(events_below_the_level_are_not_written),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
