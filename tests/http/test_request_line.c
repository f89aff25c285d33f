/* From the text of a request line to a row of the routes table: percent-encoding, matching, Allow, and
 * which query parameters a row takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "server/http/router.h"

static char text[256]; /* parsing cuts it in place */
static struct uri uri;
static struct err err;

static int parse(const char *target)
{
    char *query;
    memset(&err, 0, sizeof err);
    strncpy(text, target, sizeof text - 1);
    return uri_parse_path(text, &uri, &query, &err) != 0 ? -1 : uri_parse_query(query, &uri, &err);
}

static void path_is_split_before_it_is_decoded(void **state)
{
    (void)state;
    assert_int_equal(parse("/v1/series/a%2Fb%20%C3%A9+c/forecast?horizon=3&levels=80%2C95&trace"), 0);
    assert_int_equal(uri.segment_n, 4);
    assert_string_equal(uri.segment[2], "a/b \xc3\xa9+c");
    assert_int_equal(uri.param_n, 3);
    assert_string_equal(uri.param[1].name, "levels");
    assert_string_equal(uri.param[1].value, "80,95");
    assert_string_equal(uri.param[2].value, "");
}

static void absolute_form_and_asterisk_are_understood(void **state)
{
    (void)state;
    assert_int_equal(parse("http://localhost:8080/livez"), 0);
    assert_int_equal(uri.segment_n, 1);
    assert_string_equal(uri.segment[0], "livez");
    assert_int_equal(parse("*"), 0);
    assert_true(uri.asterisk);
}

static void bad_encodings_are_refused(void **state)
{
    const char *const bad[] = {"/a%", "/a%2", "/a%zz", "/a%00b", "/x?a=%f", "livez", ""};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(parse(bad[i]), -1);
        assert_int_equal(err.code, ERR_SYNTAX);
        assert_true(err.msg[0] != '\0');
    }
}

static const struct route *find(enum http_method method, const char *target, char *allow)
{
    assert_int_equal(parse(target), 0);
    return router_find(method, &uri, allow);
}

static void rows_are_found_by_method_and_path(void **state)
{
    char allow[ROUTER_ALLOW_MAX];

    (void)state;
    const struct route *get = find(METHOD_GET, "/v1/series/x/points", allow);
    assert_string_equal(get->path, "/v1/series/{id}/points");
    assert_string_equal(router_part(get, &uri, "id"), "x");
    assert_ptr_equal(find(METHOD_HEAD, "/v1/series/x/points", allow), get);
    assert_int_equal(find(METHOD_POST, "/v1/series/x/points", allow)->body, BODY_POINTS);
    assert_string_equal(find(METHOD_GET, "/", allow)->path, "/");
    assert_null(router_part(find(METHOD_GET, "/livez", allow), &uri, "id"));
}

static void each_part_of_a_path_is_found_by_its_name(void **state)
{
    char allow[ROUTER_ALLOW_MAX];

    (void)state;
    const struct route *row = find(METHOD_POST, "/v1/series/x%2Fy/checkpoints/17/restore", allow);
    assert_string_equal(row->path, "/v1/series/{id}/checkpoints/{version}/restore");
    assert_string_equal(router_part(row, &uri, "id"), "x/y");
    assert_string_equal(router_part(row, &uri, "version"), "17");
    assert_null(router_part(row, &uri, "vers"));
    assert_null(router_part(row, &uri, "i"));
    assert_null(router_part(row, &uri, "series"));
    assert_null(find(METHOD_POST, "/v1/series/x/checkpoints//restore", allow));
}

static void wrong_method_names_the_right_ones_and_unknown_path_none(void **state)
{
    char allow[ROUTER_ALLOW_MAX];

    (void)state;
    assert_null(find(METHOD_PUT, "/v1/series/x/points", allow));
    assert_non_null(strstr(allow, "GET"));
    assert_non_null(strstr(allow, "HEAD"));
    assert_non_null(strstr(allow, "POST"));
    assert_null(strstr(allow, "PUT"));
    const char *const unknown[] = {"/v1", "/v1/series/x/y", "/v1/series/", "/livez/", "//livez",
                                   "/v1/series/x/points/y/z/1/2/3/4"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_null(find(METHOD_GET, unknown[i], allow));
        assert_string_equal(allow, "");
    }
}

static void parameters_must_be_the_rows_own_and_come_once(void **state)
{
    char allow[ROUTER_ALLOW_MAX];
    const struct route *route = find(METHOD_GET, "/v1/series/x/forecast?horizon=3", allow);

    (void)state;
    assert_int_equal(router_check_params(route, &uri, &err), 0);
    route = find(METHOD_GET, "/v1/series/x/forecast?horizn=3", allow);
    assert_int_equal(router_check_params(route, &uri, &err), -1);
    assert_string_equal(err.place, "horizn");
    route = find(METHOD_GET, "/v1/series/x/forecast?horizon=3&horizon=4", allow);
    assert_int_equal(router_check_params(route, &uri, &err), -1);
    route = find(METHOD_GET, "/v1/series?label=a:b&label=c:d", allow); /* repeatable */
    assert_int_equal(router_check_params(route, &uri, &err), 0);
}

static void every_row_is_found_by_its_own_path(void **state)
{
    char allow[ROUTER_ALLOW_MAX];

    (void)state;
    for (size_t i = 0; i < routes_n; i++) {
        assert_non_null(routes[i].params);
        assert_ptr_equal(find(routes[i].method, routes[i].path, allow), &routes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_is_split_before_it_is_decoded),
        cmocka_unit_test(absolute_form_and_asterisk_are_understood),
        cmocka_unit_test(bad_encodings_are_refused),
        cmocka_unit_test(rows_are_found_by_method_and_path),
        cmocka_unit_test(each_part_of_a_path_is_found_by_its_name),
        cmocka_unit_test(wrong_method_names_the_right_ones_and_unknown_path_none),
        cmocka_unit_test(parameters_must_be_the_rows_own_and_come_once),
        cmocka_unit_test(every_row_is_found_by_its_own_path),
    };
    return cmocka_run_group_tests_name("request_line", tests, NULL, NULL);
}
