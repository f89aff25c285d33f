/* Errors as problems, and the request headers that decide what is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "server/http/headers.h"
#include "server/http/problem.h"

static unsigned status_of(enum err_code code, const char *place)
{
    struct err err;

    err_set(&err, code, "words");
    err_at(&err, "%s", place);
    return problem_infos[problem_kind_of(&err)].status;
}

static void every_error_has_the_status_that_the_contract_names(void **state)
{
    (void)state;
    assert_int_equal(status_of(ERR_SYNTAX, ""), 400);
    assert_int_equal(status_of(ERR_INVALID, "/points/3/0"), 422);
    assert_int_equal(status_of(ERR_INVALID, "line 7"), 422);
    assert_int_equal(status_of(ERR_INVALID, "horizon"), 400);
    assert_int_equal(status_of(ERR_NOT_FOUND, ""), 404);
    assert_int_equal(status_of(ERR_CONFLICT, ""), 409);
    assert_int_equal(status_of(ERR_TOO_SHORT, ""), 422);
    assert_int_equal(status_of(ERR_TOO_LARGE, ""), 413);
    assert_int_equal(status_of(ERR_BUSY, ""), 429);
    assert_int_equal(status_of(ERR_UNAVAILABLE, ""), 503);
    assert_int_equal(status_of(ERR_NO_SPACE, ""), 507);
    assert_int_equal(status_of(ERR_NO_MEMORY, ""), 503);
    assert_int_equal(status_of(ERR_STORAGE, ""), 500);
    assert_int_equal(status_of(ERR_INTERNAL, ""), 500);
}

static void refusals_for_want_of_room_say_when_to_come_again(void **state)
{
    (void)state;
    for (int k = 0; k < PROBLEMS; k++) {
        unsigned status = problem_infos[k].status;
        assert_int_equal(problem_infos[k].retry_after_s > 0, status == 429 || status == 503 || status == 507);
    }
}

static void problem_is_json_that_names_the_place(void **state)
{
    struct problem problem = {.kind = PROBLEM_INVALID};
    struct writer writer;
    struct err err;
    char *text;
    size_t n;

    (void)state;
    err_set(&problem.err, ERR_INVALID, "\"x\"\n<b> is wrong");
    err_at(&problem.err, "/points/3/0");
    writer_init(&writer, 1 << 16);
    problem_write(&writer, &problem, "/v1/series/a\"b/points");
    assert_int_equal(writer_finish(&writer, &text, &n, &err), 0);
    json_t *json = json_loadb(text, n, 0, NULL);
    json_t *place = json_array_get(json_object_get(json, "errors"), 0);
    assert_string_equal(json_string_value(json_object_get(json, "type")), "/problems/invalid");
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 422);
    assert_string_equal(json_string_value(json_object_get(json, "detail")), "\"x\"\n<b> is wrong");
    assert_string_equal(json_string_value(json_object_get(json, "instance")), "/v1/series/a\"b/points");
    assert_string_equal(json_string_value(json_object_get(place, "pointer")), "/points/3/0");
    json_decref(json);
    free(text);
}

static void content_types_are_told_apart_by_the_type_alone(void **state)
{
    (void)state;
    assert_int_equal(media_of_content_type("application/json; charset=utf-8"), MEDIA_JSON);
    assert_int_equal(media_of_content_type("Text/CSV"), MEDIA_CSV);
    assert_int_equal(media_of_content_type("application/x-ndjson"), MEDIA_NDJSON);
    assert_int_equal(media_of_content_type("application/jsonp"), 0);
    assert_int_equal(media_of_content_type("text/html"), 0);
}

static void accept_chooses_by_quality(void **state)
{
    const unsigned offered[] = {MEDIA_JSON, MEDIA_CSV};

    (void)state;
    assert_int_equal(media_by_accept(NULL, offered, 2), MEDIA_JSON);
    assert_int_equal(media_by_accept("*/*", offered, 2), MEDIA_JSON);
    assert_int_equal(media_by_accept("text/csv", offered, 2), MEDIA_CSV);
    assert_int_equal(media_by_accept("application/json;q=0.2, text/csv;q=0.7", offered, 2), MEDIA_CSV);
    assert_int_equal(media_by_accept("text/html", offered, 2), MEDIA_JSON);
}

static void entity_tags_match_by_the_rules_of_if_none_match(void **state)
{
    (void)state;
    assert_true(etag_matches("\"a-1\"", "\"a-1\""));
    assert_true(etag_matches("\"x\", W/\"a-1\"", "\"a-1\""));
    assert_true(etag_matches("*", "\"a-1\""));
    assert_false(etag_matches("\"a-10\"", "\"a-1\""));
    assert_false(etag_matches("a-1", "\"a-1\""));
}

static void waits_and_trace_contexts_are_read_strictly(void **state)
{
    (void)state;
    assert_int_equal(prefer_wait_s("respond-async, wait=7"), 7);
    assert_int_equal(prefer_wait_s("waiting=7"), 0);
    assert_int_equal(prefer_wait_s("wait=x"), 0);
    assert_true(traceparent_valid("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
    assert_false(traceparent_valid("00-00000000000000000000000000000000-b7ad6b7169203331-01"));
    assert_false(traceparent_valid("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"));
    assert_false(traceparent_valid("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_the_status_that_the_contract_names),
        cmocka_unit_test(refusals_for_want_of_room_say_when_to_come_again),
        cmocka_unit_test(problem_is_json_that_names_the_place),
        cmocka_unit_test(content_types_are_told_apart_by_the_type_alone),
        cmocka_unit_test(accept_chooses_by_quality),
        cmocka_unit_test(entity_tags_match_by_the_rules_of_if_none_match),
        cmocka_unit_test(waits_and_trace_contexts_are_read_strictly),
    };
    return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
