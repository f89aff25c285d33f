/* The growing text and JSON on top of it. jansson reads what was written. */
#include "server/http/json_writer.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void finishes_as(struct writer *w, const char *expect)
{
    char *text = NULL;
    size_t n = 0;
    struct err err;
    assert_int_equal(writer_finish(w, &text, &n, &err), 0);
    assert_string_equal(text, expect);
    assert_int_equal(n, strlen(expect));
    free(text);
}

static void commas_are_where_json_wants_them(void **state)
{
    struct writer w;
    (void)state;
    writer_init(&w, 1000);
    writer_open(&w, '{');
    writer_key(&w, "a");
    writer_open(&w, '[');
    writer_close(&w, ']');
    writer_key(&w, "b");
    writer_open(&w, '[');
    writer_int(&w, -1);
    writer_bool(&w, true);
    writer_bool(&w, false);
    writer_null(&w);
    writer_number(&w, 1.0 / 3.0);
    writer_number_exact(&w, 0.1);
    writer_string(&w, ",");
    writer_raw(&w, "{\"x\":1}");
    writer_open(&w, '{');
    writer_close(&w, '}');
    writer_close(&w, ']');
    writer_key_string(&w, "c\"");
    writer_string(&w, NULL);
    writer_key(&w, "d");
    writer_time(&w, 1500, TIME_MS);
    writer_key(&w, "e");
    writer_time(&w, 1500, TIME_RFC3339);
    writer_close(&w, '}');
    finishes_as(&w, "{\"a\":[],\"b\":[-1,true,false,null,0.333333333,0.1,\",\",{\"x\":1},{}],"
                    "\"c\\\"\":null,\"d\":1500,\"e\":\"1970-01-01T00:00:01.500Z\"}");
}

static void lines_of_ndjson_start_without_a_comma(void **state)
{
    struct writer w;
    (void)state;
    writer_init(&w, 1000);
    for (int i = 0; i < 2; i++) {
        writer_open(&w, '[');
        writer_int(&w, i);
        writer_number(&w, (double)NAN);
        writer_close(&w, ']');
        writer_text(&w, "\n");
    }
    finishes_as(&w, "[0,null]\n[1,null]\n");
}

static void every_character_survives_a_round_trip(void **state)
{
    (void)state;
    for (uint32_t code = 1; code < 0x110000; code += code < 0x3000 ? 1 : 257) {
        char text[16] = "a";
        char *written;
        size_t n;
        struct err err;
        struct writer w;
        json_t *json;
        if (code >= 0xd800 && code <= 0xdfff) {
            continue;
        }
        size_t at = 1;
        if (code < 0x80) {
            text[at++] = (char)code;
        } else if (code < 0x800) {
            text[at++] = (char)(0xc0 | code >> 6);
            text[at++] = (char)(0x80 | (code & 0x3f));
        } else if (code < 0x10000) {
            text[at++] = (char)(0xe0 | code >> 12);
            text[at++] = (char)(0x80 | (code >> 6 & 0x3f));
            text[at++] = (char)(0x80 | (code & 0x3f));
        } else {
            text[at++] = (char)(0xf0 | code >> 18);
            text[at++] = (char)(0x80 | (code >> 12 & 0x3f));
            text[at++] = (char)(0x80 | (code >> 6 & 0x3f));
            text[at++] = (char)(0x80 | (code & 0x3f));
        }
        text[at] = 'z';
        writer_init(&w, 1000);
        writer_string(&w, text);
        assert_int_equal(writer_finish(&w, &written, &n, &err), 0);
        json = json_loadb(written, n, JSON_DECODE_ANY, NULL);
        assert_non_null(json);
        assert_string_equal(json_string_value(json), text);
        json_decref(json);
        free(written);
    }
}

static void bytes_that_are_not_utf8_become_replacement_characters(void **state)
{
    struct writer w;
    (void)state;
    writer_init(&w, 1000);
    writer_string(&w, "a\xff"
                      "b\xc3");
    finishes_as(&w, "\"a\xef\xbf\xbd"
                    "b\xef\xbf\xbd\"");
}

static void csv_text_is_quoted_where_it_must_be(void **state)
{
    struct writer w;
    (void)state;
    writer_init(&w, 1000);
    writer_csv_text(&w, "plain");
    writer_text(&w, ",");
    writer_csv_text(&w, "a,b");
    writer_text(&w, ",");
    writer_csv_text(&w, "say \"x\"\n");
    writer_text(&w, ",");
    writer_csv_text(&w, "");
    finishes_as(&w, "plain,\"a,b\",\"say \"\"x\"\"\n\",");
}

static void text_over_the_maximum_fails_once_at_the_end(void **state)
{
    struct writer w;
    char *text = NULL;
    size_t n = 7;
    struct err err;
    (void)state;
    writer_init(&w, 10);
    writer_text(&w, "0123456789");
    finishes_as(&w, "0123456789");
    writer_init(&w, 10);
    writer_text(&w, "0123456789");
    writer_text(&w, "x");
    writer_text(&w, "");
    assert_int_equal(writer_finish(&w, &text, &n, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_null(text);
    assert_int_equal(n, 7);
    writer_done(&w);
}

static void text_grows_to_any_size_below_the_maximum(void **state)
{
    enum { N = 100000 };
    struct writer w;
    char *text;
    size_t n;
    struct err err;
    (void)state;
    writer_init(&w, N);
    for (int i = 0; i < N; i++) {
        writer_bytes(&w, &(char){(char)('a' + i % 26)}, 1);
    }
    assert_int_equal(writer_finish(&w, &text, &n, &err), 0);
    assert_int_equal(n, N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(text[i], 'a' + i % 26);
    }
    free(text);
}

static void empty_text_is_a_text(void **state)
{
    struct writer w;
    (void)state;
    writer_init(&w, 10);
    finishes_as(&w, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_are_where_json_wants_them),
        cmocka_unit_test(lines_of_ndjson_start_without_a_comma),
        cmocka_unit_test(every_character_survives_a_round_trip),
        cmocka_unit_test(bytes_that_are_not_utf8_become_replacement_characters),
        cmocka_unit_test(csv_text_is_quoted_where_it_must_be),
        cmocka_unit_test(text_over_the_maximum_fails_once_at_the_end),
        cmocka_unit_test(text_grows_to_any_size_below_the_maximum),
        cmocka_unit_test(empty_text_is_a_text),
    };
    return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
