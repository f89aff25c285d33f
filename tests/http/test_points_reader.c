/* The reader of points in its three forms: what is accepted, what is refused with which words at
 * which place, and that neither depends on how the body is cut. */
#include "server/http/points_reader.h"
#include "tests/fuzz/points_oracle.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define T0 INT64_C(1795428000000) /* 2026-11-23T10:00:00Z */

static void check_points(enum points_format format, const char *body, const struct point *expect,
                         size_t expect_n)
{
    struct point *points = NULL;
    size_t n = 0;
    struct err err = {.code = ERR_NONE};
    if (oracle_read_all_ways(format, body, strlen(body), &points, &n, &err) != 0) {
        fail_msg("%s: refused at %s: %s", body, err.place, err.msg);
    }
    assert_int_equal(n, expect_n);
    for (size_t i = 0; i < n; i++) {
        assert_true(points_same(&points[i], &expect[i]));
    }
    free(points);
}

#define ACCEPTS(format, body, ...)                                                                 \
    do {                                                                                           \
        const struct point expect[] = {__VA_ARGS__};                                               \
        check_points(format, body, expect, sizeof expect / sizeof expect[0]);                      \
    } while (0)

struct refusal {
    const char *body;
    enum err_code code;
    const char *place;
    const char *word; /* is in the message */
};

static void check_refusals(enum points_format format, const struct refusal *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct point *points = NULL;
        size_t points_n = 77;
        struct err err = {.code = ERR_NONE};
        if (oracle_read_all_ways(format, cases[i].body, strlen(cases[i].body), &points, &points_n,
                                 &err) == 0) {
            fail_msg("%s: accepted", cases[i].body);
        }
        assert_null(points);
        assert_int_equal(points_n, 77);
        if (err.code != cases[i].code || strcmp(err.place, cases[i].place) != 0 ||
            strstr(err.msg, cases[i].word) == NULL) {
            fail_msg("%s: %s at \"%s\": %s", cases[i].body, err_code_name(err.code), err.place,
                     err.msg);
        }
    }
}

#define REFUSES(format, cases) check_refusals(format, cases, sizeof cases / sizeof cases[0])

/* ---- JSON ---- */

static void json_pairs_are_read(void **state)
{
    (void)state;
    ACCEPTS(POINTS_JSON, "{\"points\":[[1795428000000,1.5],[\"2026-11-23T11:00:00Z\",null]]}",
            {T0, 1.5}, {T0 + 3600000, (double)NAN});
    ACCEPTS(POINTS_JSON,
            " \r\n{ \"points\"\t: [ [ 1.795428e12 , -0.0 ] , [ 1795428000001.0 , 1E2 ] ] } \n",
            {T0, -0.0}, {T0 + 1, 100.0});
    ACCEPTS(POINTS_JSON, "{\"p\\u006fints\":[[-1,3]]}", {-1, 3.0});
    ACCEPTS(POINTS_JSON, "{\"points\":[[\"1970-01-01T00:00:0\\u0030Z\",3]]}", {0, 3.0});
}

static void json_columns_are_read_in_either_order(void **state)
{
    (void)state;
    ACCEPTS(POINTS_JSON, "{\"timestamps\":[1,\"1970-01-01\",3],\"values\":[1,null,-2.5e-3]}",
            {1, 1.0}, {0, (double)NAN}, {3, -2.5e-3});
    ACCEPTS(POINTS_JSON, "{\"values\":[1,2],\"timestamps\":[10,20]}", {10, 1.0}, {20, 2.0});
}

static void json_of_another_form_is_refused_at_its_place(void **state)
{
    static const struct refusal cases[] = {
        {"", ERR_SYNTAX, "byte 0", "ends too early"},
        {"  ", ERR_SYNTAX, "byte 2", "ends too early"},
        {"{}", ERR_INVALID, "", "no points"},
        {"[]", ERR_INVALID, "", "expected an object"},
        {"null", ERR_INVALID, "", "expected an object"},
        {"{\"points\":[]}", ERR_INVALID, "/points", "at least one"},
        {"{\"timestamps\":[],\"values\":[]}", ERR_INVALID, "/timestamps", "at least one"},
        {"{\"points\":5}", ERR_INVALID, "/points", "expected a list"},
        {"{\"points\":{\"a\":1}}", ERR_INVALID, "/points", "expected a list"},
        {"{\"points\":[5]}", ERR_INVALID, "/points/0", "pair"},
        {"{\"points\":[[1,2],5]}", ERR_INVALID, "/points/1", "pair"},
        {"{\"points\":[[]]}", ERR_SYNTAX, "/points/0/0", "expected a time"},
        {"{\"points\":[[1]]}", ERR_INVALID, "/points/0", "pair"},
        {"{\"points\":[[1,2,3]]}", ERR_INVALID, "/points/0", "pair"},
        {"{\"points\":[[1,2],]}", ERR_SYNTAX, "/points/1", "pair"},
        {"{\"points\":[[1,2]],}", ERR_SYNTAX, "byte 18", "expected"},
        {"{\"points\":[[1,2]]", ERR_SYNTAX, "byte 17", "ends too early"},
        {"{\"points\":[[1,2]", ERR_SYNTAX, "/points", "ends too early"},
        {"{\"points\":[[1,2", ERR_SYNTAX, "/points/0", "ends too early"},
        {"{\"points\":[[1,", ERR_SYNTAX, "/points/0/1", "ends too early"},
        {"{\"points\":[[1,\"x", ERR_SYNTAX, "/points/0/1", "closing quote"},
        {"{\"points\":[[1,2]]} x", ERR_SYNTAX, "byte 19", "not JSON"},
        {"{\"points\":[[1,2]]}{}", ERR_SYNTAX, "byte 18", "nothing after"},
        {"{\"points\":[[1,2]],\"points\":[[1,2]]}", ERR_INVALID, "/points", "twice"},
        {"{\"points\":[[1,2]],\"values\":[2]}", ERR_INVALID, "/values", "not both"},
        {"{\"values\":[2],\"points\":[[1,2]]}", ERR_INVALID, "/points", "not both"},
        {"{\"values\":[2]}", ERR_INVALID, "/timestamps", "missing"},
        {"{\"timestamps\":[2]}", ERR_INVALID, "/values", "missing"},
        {"{\"timestamps\":[1,2],\"values\":[1]}", ERR_INVALID, "/values",
         "2 timestamps and 1 values"},
        {"{\"timestamps\":[1,],\"values\":[1]}", ERR_SYNTAX, "/timestamps/1", "entry"},
        {"{\"poinst\":[[1,2]]}", ERR_INVALID, "/poinst", "unknown field"},
        {"{\"a/b~c\":1}", ERR_INVALID, "/a~1b~0c", "unknown field"},
        {"{points:[[1,2]]}", ERR_SYNTAX, "byte 1", "not JSON"},
        {"{'points':[[1,2]]}", ERR_SYNTAX, "byte 1", "unexpected"},
        {"{\"points\" [[1,2]]}", ERR_SYNTAX, "/points", "colon"},
        {"{\"points\":[[1 2]]}", ERR_SYNTAX, "/points/0", "comma"},
        {"{\"points\":[[1,2] [3,4]]}", ERR_SYNTAX, "/points", "comma"},
        {"{\"points\":[[1,2]]}\x80", ERR_SYNTAX, "byte 18", "0x80"},
    };
    (void)state;
    REFUSES(POINTS_JSON, cases);
}

static void json_values_that_are_wrong_are_refused_at_their_place(void **state)
{
    static const struct refusal cases[] = {
        {"{\"points\":[[1,\"2\"]]}", ERR_INVALID, "/points/0/1", "a text where a value"},
        {"{\"points\":[[1,true]]}", ERR_INVALID, "/points/0/1", "true where a value"},
        {"{\"points\":[[1,[]]]}", ERR_INVALID, "/points/0/1", "a list where a value"},
        {"{\"points\":[[1,{}]]}", ERR_INVALID, "/points/0/1", "an object where a value"},
        {"{\"points\":[[1,NaN]]}", ERR_SYNTAX, "/points/0/1", "send null"},
        {"{\"points\":[[1,-Infinity]]}", ERR_SYNTAX, "/points/0/1", "send null"},
        {"{\"points\":[[1,Infinity]]}", ERR_SYNTAX, "/points/0/1", "send null"},
        {"{\"points\":[[1,nul]]}", ERR_SYNTAX, "/points/0/1", "not JSON"},
        {"{\"points\":[[1,1e999]]}", ERR_INVALID, "/points/0/1", "out of range"},
        {"{\"points\":[[1,-2e300]]}", ERR_INVALID, "/points/0/1", "out of range"},
        {"{\"points\":[[1,01]]}", ERR_SYNTAX, "/points/0/1", "\"01\" is not JSON"},
        {"{\"points\":[[1,1.]]}", ERR_SYNTAX, "/points/0/1", "not JSON"},
        {"{\"points\":[[1,.5]]}", ERR_SYNTAX, "/points/0/1", "not JSON"},
        {"{\"points\":[[1,+5]]}", ERR_SYNTAX, "/points/0/1", "not JSON"},
        {"{\"points\":[[1,0x10]]}", ERR_SYNTAX, "/points/0/1", "not JSON"},
        {"{\"points\":[[1,-]]}", ERR_SYNTAX, "/points/0/1", "not JSON"},
        {"{\"points\":[[1,1],[2,1e]]}", ERR_SYNTAX, "/points/1/1", "not JSON"},
        {"{\"points\":[[null,1]]}", ERR_INVALID, "/points/0/0", "null where a time"},
        {"{\"points\":[[\"yesterday\",1]]}", ERR_INVALID, "/points/0/0", "RFC 3339"},
        {"{\"points\":[[\"\",1]]}", ERR_INVALID, "/points/0/0", "RFC 3339"},
        {"{\"points\":[[\"0000-01-01\",1]]}", ERR_INVALID, "/points/0/0", "years 1 to 9999"},
        {"{\"points\":[[1.5,1]]}", ERR_INVALID, "/points/0/0", "whole epoch milliseconds"},
        {"{\"points\":[[1e18,1]]}", ERR_INVALID, "/points/0/0", "years 1 to 9999"},
        {"{\"points\":[[253402300800000,1]]}", ERR_INVALID, "/points/0/0", "years 1 to 9999"},
        {"{\"points\":[[99999999999999999999,1]]}", ERR_INVALID, "/points/0/0", "years 1 to 9999"},
        {"{\"timestamps\":[1,{}]}", ERR_INVALID, "/timestamps/1", "where a time"},
        {"{\"timestamps\":[1],\"values\":[\"a\"]}", ERR_INVALID, "/values/0", "where a value"},
        {"{\"points\":[[\"\\x\",1]]}", ERR_SYNTAX, "/points/0/0", "escape"},
        {"{\"points\":[[\"\\u12\",1]]}", ERR_SYNTAX, "/points/0/0", "escape"},
        {"{\"points\":[[\"\\u0000\",1]]}", ERR_SYNTAX, "/points/0/0", "escape"},
        {"{\"points\":[[\"\\ud800\",1]]}", ERR_SYNTAX, "/points/0/0", "escape"},
        {"{\"points\":[[\"\\udc00\",1]]}", ERR_SYNTAX, "/points/0/0", "escape"},
        {"{\"points\":[[\"\xc0\xaf\",1]]}", ERR_SYNTAX, "/points/0/0", "UTF-8"},
        {"{\"points\":[[\"\xed\xa0\x80\",1]]}", ERR_SYNTAX, "/points/0/0", "UTF-8"},
        {"{\"points\":[[\"a\nb\",1]]}", ERR_SYNTAX, "/points/0/0", "control character"},
        {"{\"points\":[[\"\\ud83d\\ude00\",1]]}", ERR_INVALID, "/points/0/0", "RFC 3339"},
    };
    (void)state;
    REFUSES(POINTS_JSON, cases);
}

static void json_tokens_have_a_longest_length(void **state)
{
    char body[600];
    struct point *points = NULL;
    size_t n;
    struct err err;
    (void)state;
    snprintf(body, sizeof body, "{\"points\":[[\"%0300d\",1]]}", 0);
    assert_int_equal(oracle_read_all_ways(POINTS_JSON, body, strlen(body), &points, &n, &err), -1);
    assert_string_equal(err.place, "/points/0/0");
    assert_non_null(strstr(err.msg, "longer than"));
    snprintf(body, sizeof body, "{\"points\":[[1,1.%0100d]]}", 1);
    assert_int_equal(oracle_read_all_ways(POINTS_JSON, body, strlen(body), &points, &n, &err), -1);
    assert_string_equal(err.place, "/points/0/1");
    assert_non_null(strstr(err.msg, "too many digits"));
}

/* ---- differential ---- */

static uint64_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* A good body token by token, in which every token may turn into another, vanish or come twice. */
static void random_body(uint64_t *seed, char *body, size_t body_n)
{
    static const char *const good[2][32] = {
        {"{", "\"points\"", ":", "[", "[", "1", ",", "2.5", "]", ",", "[", "\"1970-01-02\"", ",",
         "null", "]", "]", "}"},
        {"{", "\"timestamps\"", ":", "[", "1e3", ",", "-2", "]", ",", "\"values\"", ":", "[", "0.1",
         ",", "-3E-2", "]", "}"},
    };
    static const char *const other[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "1",
                                        "\"points\"",
                                        "\"values\"",
                                        "null",
                                        "1e400",
                                        "true",
                                        "00",
                                        "-0",
                                        "1.0",
                                        "0.5e1",
                                        "\"\\u0041\"",
                                        "\"\"",
                                        " ",
                                        "nan",
                                        "\"",
                                        "1e-400",
                                        "\xc3",
                                        "\"\xc3\xa9\"",
                                        "9007199254740993"};
    const char *const *tokens = good[next_random(seed) % 2];
    uint64_t odds = 8 + next_random(seed) % 40;
    size_t at = 0;
    for (; *tokens != NULL && at + 64 < body_n; tokens++) {
        const char *token = *tokens;
        if (next_random(seed) % odds == 0) {
            token = other[next_random(seed) % (sizeof other / sizeof other[0])];
        }
        if (next_random(seed) % odds == 0) {
            token = "";
        }
        at += (size_t)snprintf(body + at, body_n - at, "%s%s", token,
                               next_random(seed) % odds == 0 ? token : "");
    }
}

static void json_agrees_with_jansson_on_random_bodies(void **state)
{
    uint64_t seed = 42;
    size_t accepted = 0;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char body[512];
        struct point *mine = NULL, *other = NULL;
        size_t mine_n = 0, other_n = 0;
        struct err err;
        random_body(&seed, body, sizeof body);
        bool good = oracle_read(POINTS_JSON, body, strlen(body), 0, &mine, &mine_n, &err) == 0;
        bool wanted = points_oracle_json(body, strlen(body), &other, &other_n);
        if (good != wanted) {
            fail_msg("%s: %s, jansson says otherwise", body, good ? "accepted" : err.msg);
        }
        assert_int_equal(mine_n, other_n);
        for (size_t i = 0; i < mine_n; i++) {
            assert_true(points_same(&mine[i], &other[i]));
        }
        accepted += good;
        free(mine);
        free(other);
    }
    assert_in_range(accepted, 1000, 19000);
}

/* ---- CSV ---- */

static void csv_is_read_with_and_without_a_header(void **state)
{
    (void)state;
    ACCEPTS(POINTS_CSV, "timestamp,value\n2026-11-23T10:00:00Z,1.5\n2026-11-23T11:00:00Z,\n",
            {T0, 1.5}, {T0 + 3600000, (double)NAN});
    ACCEPTS(POINTS_CSV, "1795428000000,1.5\n1795428000001,2", {T0, 1.5}, {T0 + 1, 2.0});
    ACCEPTS(POINTS_CSV, "DS,Y\r\n1,2\r\n3,null\r\n\r\n", {1, 2.0}, {3, (double)NAN});
    ACCEPTS(POINTS_CSV, "\"time\",\"v\"\n\"1970-01-01\",\"1e3\"\n", {0, 1000.0});
    ACCEPTS(POINTS_CSV, "\xef\xbb\xbft,value\n 1 , 2 \n", {1, 2.0});
    ACCEPTS(POINTS_CSV, "1.5e3,-0.25\r", {1500, -0.25});
}

static void csv_that_is_wrong_is_refused_at_its_line(void **state)
{
    static const struct refusal cases[] = {
        {"", ERR_INVALID, "", "no points"},
        {"timestamp,value\n", ERR_INVALID, "", "no points"},
        {"\n", ERR_INVALID, "", "no points"},
        {"value,timestamp\n1,2\n", ERR_INVALID, "line 1", "header"},
        {"date,value\n1,2\n", ERR_INVALID, "line 1", "header"},
        {"1,2\ntimestamp,value\n", ERR_INVALID, "line 2", "not a time"},
        {"1,2\n3\n", ERR_INVALID, "line 2", "one column"},
        {"1,2,3\n", ERR_INVALID, "line 1", "more than two columns"},
        {"1,2\n3,4,\n", ERR_INVALID, "line 2", "more than two columns"},
        {"1;2\n", ERR_INVALID, "line 1", "comma"},
        {"1,nan\n", ERR_INVALID, "line 1", "leave it empty"},
        {"1,-Inf\n", ERR_INVALID, "line 1", "leave it empty"},
        {"1,NA\n", ERR_INVALID, "line 1", "leave it empty"},
        {"1,x\n", ERR_INVALID, "line 1", "not a number"},
        {"1,1e999\n", ERR_INVALID, "line 1", "out of range"},
        {"1.5,1\n", ERR_INVALID, "line 1", "whole epoch"},
        {",1\n", ERR_INVALID, "line 1", "header"},
        {"1,2\n\n3,4\n", ERR_SYNTAX, "line 3", "blank line"},
        {"t,v\n\n3,4\n", ERR_SYNTAX, "line 3", "blank line"},
        {"1,2\r3,4\n", ERR_SYNTAX, "line 1", "carriage return"},
        {"1,\"2\n", ERR_SYNTAX, "line 1", "closing quote"},
        {"1,\"2\"x\n", ERR_SYNTAX, "line 1", "after a closing quote"},
        {"1,2\"3\"\n", ERR_SYNTAX, "line 1", "quote inside"},
        {"1,\"2\"\"3\"\n", ERR_INVALID, "line 1", "not a number"},
        {"\xef\xbbt,v\n1,2\n", ERR_SYNTAX, "line 1", "UTF-8"},
        {"1,2\n0000-01-01,4\n", ERR_INVALID, "line 2", "years 1 to 9999"},
    };
    (void)state;
    REFUSES(POINTS_CSV, cases);
}

/* ---- NDJSON ---- */

static void ndjson_is_read_as_pairs_and_as_objects(void **state)
{
    (void)state;
    ACCEPTS(POINTS_NDJSON,
            "[1795428000000,1.5]\n{\"t\":\"2026-11-23T11:00:00Z\",\"v\":null}\r\n"
            "{\"value\":3,\"timestamp\":9}\n\n  \n",
            {T0, 1.5}, {T0 + 3600000, (double)NAN}, {9, 3.0});
    ACCEPTS(POINTS_NDJSON, "[1,2]", {1, 2.0});
}

static void ndjson_that_is_wrong_is_refused_at_its_line(void **state)
{
    static const struct refusal cases[] = {
        {"", ERR_INVALID, "", "no points"},
        {"\n\n", ERR_INVALID, "", "no points"},
        {"[1,2]\n\n[3,4]\n", ERR_SYNTAX, "line 3", "blank line"},
        {"[1,2]\n[3,4] [5,6]\n", ERR_SYNTAX, "line 2", "one point a line"},
        {"[1,\n2]\n", ERR_SYNTAX, "line 1", "ends too early"},
        {"[1,2", ERR_SYNTAX, "line 1", "ends too early"},
        {"[1,2,3]\n", ERR_INVALID, "line 1", "pair"},
        {"[1]\n", ERR_INVALID, "line 1", "pair"},
        {"5\n", ERR_INVALID, "line 1", "expected [t,v]"},
        {"{\"t\":1}\n", ERR_INVALID, "line 1", "\"v\" is missing"},
        {"{\"v\":1}\n", ERR_INVALID, "line 1", "\"t\" is missing"},
        {"{}\n", ERR_SYNTAX, "line 1", "\"t\" or \"v\""},
        {"{\"t\":1,\"t\":2,\"v\":1}\n", ERR_INVALID, "line 1", "twice"},
        {"{\"t\":1,\"timestamp\":2,\"v\":1}\n", ERR_INVALID, "line 1", "twice"},
        {"[1,2]\n{\"t\":1,\"x\":2}\n", ERR_INVALID, "line 2", "unknown field"},
        {"[1,NaN]\n", ERR_SYNTAX, "line 1", "send null"},
        {"[\"a\nb\",1]\n", ERR_SYNTAX, "line 1", "closing quote"},
        {"{\"t\":1,\"v\":2,}\n", ERR_SYNTAX, "line 1", "\"t\" or \"v\""},
    };
    (void)state;
    REFUSES(POINTS_NDJSON, cases);
}

/* ---- all ---- */

static void more_points_than_allowed_are_refused(void **state)
{
    static const char *const bodies[] = {"{\"points\":[[1,1],[2,2],[3,3]]}", "1,1\n2,2\n3,3\n",
                                         "[1,1]\n[2,2]\n[3,3]\n"};
    static const enum points_format formats[] = {POINTS_JSON, POINTS_CSV, POINTS_NDJSON};
    static const char *const places[] = {"/points/2/0", "line 3", "line 3"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct points_reader *reader;
        struct point *points;
        size_t n;
        struct err err;
        assert_int_equal(points_reader_new(formats[i], 3, &reader, &err), 0);
        assert_int_equal(points_reader_feed(reader, bodies[i], strlen(bodies[i]), &err), 0);
        assert_int_equal(points_reader_finish(reader, &points, &n, &err), 0);
        assert_int_equal(n, 3);
        free(points);
        points_reader_free(reader);
        assert_int_equal(points_reader_new(formats[i], 2, &reader, &err), 0);
        assert_int_equal(points_reader_feed(reader, bodies[i], strlen(bodies[i]), &err), -1);
        assert_int_equal(err.code, ERR_TOO_LARGE);
        assert_string_equal(err.place, places[i]);
        points_reader_free(reader);
    }
}

static void place_of_a_point_is_where_its_time_stands(void **state)
{
    static const struct {
        enum points_format format;
        const char *body, *place;
    } cases[] = {
        {POINTS_JSON, "{\"points\":[[1,1],[2,2]]}", "/points/1/0"},
        {POINTS_JSON, "{\"values\":[1,2],\"timestamps\":[1,2]}", "/timestamps/1"},
        {POINTS_CSV, "1,1\n2,2\n", "line 2"},
        {POINTS_CSV, "t,v\n1,1\n2,2\n", "line 3"},
        {POINTS_NDJSON, "[1,1]\n[2,2]\n", "line 2"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct points_reader *reader;
        struct point *points;
        size_t n;
        struct err err;
        char place[ERR_PLACE_MAX];
        assert_int_equal(points_reader_new(cases[i].format, 100, &reader, &err), 0);
        assert_int_equal(points_reader_feed(reader, cases[i].body, strlen(cases[i].body), &err), 0);
        assert_int_equal(points_reader_finish(reader, &points, &n, &err), 0);
        points_reader_place(reader, 1, place, sizeof place);
        assert_string_equal(place, cases[i].place);
        free(points);
        points_reader_free(reader);
    }
}

static void failure_sticks(void **state)
{
    struct points_reader *reader;
    struct point *points = NULL;
    size_t n;
    struct err first, again;
    (void)state;
    assert_int_equal(points_reader_new(POINTS_JSON, 10, &reader, &first), 0);
    assert_int_equal(points_reader_feed(reader, "{\"points\":[[1,x", 15, &first), 0);
    assert_int_equal(points_reader_feed(reader, "]", 1, &first), -1);
    assert_int_equal(points_reader_feed(reader, "{\"points\":[[1,2]]}", 18, &again), -1);
    assert_string_equal(again.msg, first.msg);
    assert_int_equal(points_reader_finish(reader, &points, &n, &again), -1);
    assert_string_equal(again.place, "/points/0/1");
    assert_null(points);
    points_reader_free(reader);
    points_reader_free(NULL);
}

static void large_body_comes_back_point_for_point(void **state)
{
    enum { N = 4000 };
    char *body = malloc(N * 40);
    size_t at = 0, n;
    struct point *points;
    struct err err;
    (void)state;
    assert_non_null(body);
    at += (size_t)sprintf(body, "{\"points\":[");
    for (int i = 0; i < N; i++) {
        at += (size_t)sprintf(body + at, "%s[%d,%.17g]", i > 0 ? "," : "", i * 60000, i / 7.0);
    }
    at += (size_t)sprintf(body + at, "]}");
    assert_int_equal(oracle_read_all_ways(POINTS_JSON, body, at, &points, &n, &err), 0);
    assert_int_equal(n, N);
    for (int i = 0; i < N; i++) {
        assert_true(points[i].v == i / 7.0);
    }
    free(points);
    free(body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_pairs_are_read),
        cmocka_unit_test(json_columns_are_read_in_either_order),
        cmocka_unit_test(json_of_another_form_is_refused_at_its_place),
        cmocka_unit_test(json_values_that_are_wrong_are_refused_at_their_place),
        cmocka_unit_test(json_tokens_have_a_longest_length),
        cmocka_unit_test(json_agrees_with_jansson_on_random_bodies),
        cmocka_unit_test(csv_is_read_with_and_without_a_header),
        cmocka_unit_test(csv_that_is_wrong_is_refused_at_its_line),
        cmocka_unit_test(ndjson_is_read_as_pairs_and_as_objects),
        cmocka_unit_test(ndjson_that_is_wrong_is_refused_at_its_line),
        cmocka_unit_test(more_points_than_allowed_are_refused),
        cmocka_unit_test(place_of_a_point_is_where_its_time_stands),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(large_body_comes_back_point_for_point),
    };
    return cmocka_run_group_tests_name("points_reader", tests, NULL, NULL);
}
