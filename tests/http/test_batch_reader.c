/* Points of many series in JSON and NDJSON: what is handed on however the body is cut, and what is refused
 * where. */
#include "server/http/batch_reader.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What was handed on, as text: a@0 1=1.5 2=nan; */
struct heard {
    char text[1024];
    size_t n;
};

static int hear(void *ctx, const char *id, size_t id_n, size_t at, const struct point *points, size_t n,
                struct err *err)
{
    struct heard *heard = ctx;
    if (id_n == 6 && memcmp(id, "refuse", 6) == 0)
        return err_set(err, ERR_TOO_LARGE, "no more");
    heard->n += (size_t)sprintf(heard->text + heard->n, "%.*s@%zu", (int)id_n, id, at);
    for (size_t i = 0; i < n; i++)
        heard->n += (size_t)sprintf(heard->text + heard->n, " %lld=%g", (long long)points[i].t, points[i].v);
    heard->n += (size_t)sprintf(heard->text + heard->n, ";");
    return 0;
}

static int read_cut(enum batch_format format, const char *body, size_t piece, struct heard *ret,
                    struct err *err)
{
    struct batch_reader *reader;
    size_t n = strlen(body);
    int failed = 0;
    *ret = (struct heard){.n = 0};
    assert_int_equal(batch_reader_new(format, 5, hear, ret, &reader, err), 0);
    for (size_t at = 0; at < n && failed == 0; at += piece)
        failed = batch_reader_feed(reader, body + at, n - at < piece ? n - at : piece, err);
    if (failed == 0)
        failed = batch_reader_finish(reader, err);
    else
        assert_int_equal(batch_reader_finish(reader, err), -1);
    batch_reader_free(reader);
    return failed;
}

static void takes(enum batch_format format, const char *body, const char *wanted)
{
    for (size_t piece = 1; piece <= strlen(body); piece++) {
        struct heard heard;
        struct err err;
        if (read_cut(format, body, piece, &heard, &err) != 0)
            fail_msg("%s (pieces of %zu): %s: %s", body, piece, err.place, err.msg);
        assert_string_equal(heard.text, wanted);
    }
}

static void refuses(enum batch_format format, const char *body, enum err_code code, const char *place,
                    const char *words)
{
    for (size_t piece = 1; piece <= strlen(body) + 1; piece++) {
        struct heard heard;
        struct err err;
        if (read_cut(format, body, piece, &heard, &err) == 0)
            fail_msg("%s was taken", body);
        if (err.code != code || strcmp(err.place, place) != 0 || !strstr(err.msg, words))
            fail_msg("%s: %d at \"%s\": %s", body, err.code, err.place, err.msg);
    }
}

static void json_takes_both_forms_and_the_id_anywhere(void **state)
{
    (void)state;
    takes(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"points\":[[1,1.5],[2,null]]}]}", "a@0 1=1.5 2=nan;");
    takes(BATCH_JSON,
          " { \"series\" : [ {\"timestamps\":[1,2],\"values\":[3,4],\"id\":\"b\"} ,\n"
          "{\"values\":[5],\"id\":\"\\u0061\",\"timestamps\":[\"1970-01-01T00:00:00Z\"]}]}",
          "b@0 1=3 2=4;a@1 0=5;");
    takes(BATCH_JSON, "{\"series\":[{\"points\":[[2,1]],\"id\":\"a\"},{\"id\":\"a\",\"points\":[[1,2]]}]}",
          "a@0 2=1;a@1 1=2;");
}

static void json_names_the_deepest_place(void **state)
{
    (void)state;
    refuses(BATCH_JSON, "", ERR_SYNTAX, "byte 0", "ends too early");
    refuses(BATCH_JSON, "[]", ERR_INVALID, "", "an object");
    refuses(BATCH_JSON, "{}", ERR_INVALID, "", "\"series\"");
    refuses(BATCH_JSON, "{\"points\":1}", ERR_INVALID, "", "unknown field");
    refuses(BATCH_JSON, "{\"series\":{}}", ERR_INVALID, "/series", "a list of series");
    refuses(BATCH_JSON, "{\"series\":[]}", ERR_INVALID, "/series", "at least one");
    refuses(BATCH_JSON, "{\"series\":[1]}", ERR_INVALID, "/series/0", "a series");
    refuses(BATCH_JSON, "{\"series\":[{}]}", ERR_SYNTAX, "/series/0", "\"id\"");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":1}]}", ERR_INVALID, "/series/0/id", "a text");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"\"}]}", ERR_INVALID, "/series/0/id", "empty");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\"}]}", ERR_INVALID, "/series/0", "no points");
    refuses(BATCH_JSON, "{\"series\":[{\"points\":[[1,2]]}]}", ERR_INVALID, "/series/0", "\"id\" is missing");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"points\":[]}]}", ERR_INVALID, "/series/0", "no points");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"points\":[[1,2],[3,\"x\"]]}]}", ERR_INVALID,
            "/series/0/points/1/1", "a number");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"points\":[[1,2,3]]}]}", ERR_INVALID,
            "/series/0/points/0", "end of the pair");
    refuses(BATCH_JSON,
            "{\"series\":[{\"id\":\"a\",\"points\":[[1,2]]},{\"id\":\"b\",\"points\":[[\"x\",2]]}]}",
            ERR_INVALID, "/series/1/points/0/0", "not a time");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"timestamps\":[1],\"values\":[1,2]}]}", ERR_INVALID,
            "/series/0/values", "as many of each");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"timestamps\":[1]}]}", ERR_INVALID, "/series/0",
            "go together");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"points\":[[1,2]],\"values\":[1]}]}", ERR_INVALID,
            "/series/0", "not both");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"id\":\"b\"}]}", ERR_INVALID, "/series/0", "twice");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"points\":[[1,2]]}]}x", ERR_SYNTAX, "byte 40",
            "not JSON");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"refuse\",\"points\":[[1,2]]}]}", ERR_TOO_LARGE, "/series/0",
            "no more");
    refuses(BATCH_JSON, "{\"series\":[{\"id\":\"a\",\"points\":[[1,2],[2,2],[3,2],[4,2],[5,2],[6,2]]}]}",
            ERR_TOO_LARGE, "/series/0/points/5/0", "more than 5");
}

static void ndjson_takes_a_point_a_line(void **state)
{
    (void)state;
    takes(BATCH_NDJSON,
          "{\"series\":\"a\",\"t\":1,\"v\":2}\n\n{\"value\":null,\"timestamp\":3,\"id\":\"b\"}\r\n",
          "a@0 1=2;b@2 3=nan;");
    takes(BATCH_NDJSON, "{\"v\":1,\"t\":2,\"series\":\"a\"}", "a@0 2=1;");
}

static void ndjson_names_the_line(void **state)
{
    (void)state;
    refuses(BATCH_NDJSON, "", ERR_INVALID, "", "no series");
    refuses(BATCH_NDJSON, "[1,2]\n", ERR_INVALID, "line 1", "{\"series\"");
    refuses(BATCH_NDJSON, "{\"series\":\"a\",\"t\":1,\"v\":2}\n{\"series\":\"a\",\"t\":1}\n", ERR_INVALID,
            "line 2", "the value is missing");
    refuses(BATCH_NDJSON, "{\"t\":1,\"v\":2}\n", ERR_INVALID, "line 1", "the series is missing");
    refuses(BATCH_NDJSON, "{\"series\":\"a\",\"t\":1,\n", ERR_SYNTAX, "line 1", "ends too early");
    refuses(BATCH_NDJSON, "{\"series\":\"a\",\"x\":1}\n", ERR_INVALID, "line 1", "unknown field");
    refuses(BATCH_NDJSON, "{\"series\":\"a\",\"id\":\"b\"}\n", ERR_INVALID, "line 1", "twice");
    refuses(BATCH_NDJSON, "{\"series\":\"a\",\"t\":1,\"v\":2} {}\n", ERR_SYNTAX, "line 1", "end of the line");
    refuses(BATCH_NDJSON, "{\"series\":\"refuse\",\"t\":1,\"v\":2}\n", ERR_TOO_LARGE, "line 1", "no more");
}

static void places_are_those_of_the_form(void **state)
{
    char place[ERR_PLACE_MAX];
    (void)state;
    batch_reader_place(BATCH_JSON, 3, place, sizeof place);
    assert_string_equal(place, "/series/3");
    batch_reader_place(BATCH_NDJSON, 3, place, sizeof place);
    assert_string_equal(place, "line 4");
    batch_reader_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_takes_both_forms_and_the_id_anywhere),
        cmocka_unit_test(json_names_the_deepest_place),
        cmocka_unit_test(ndjson_takes_a_point_a_line),
        cmocka_unit_test(ndjson_names_the_line),
        cmocka_unit_test(places_are_those_of_the_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
