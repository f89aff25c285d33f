/* The body and the answer of POST /v1/forecast. */
#include "server/http/stateless_json.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct zones *zones; /* of the fuzzer's corpus: "Berlin" */

static struct stateless_batch *parsed(const char *body, struct forecast_params *params)
{
    struct stateless_batch *batch = NULL;
    struct err err;
    if (stateless_json_parse(body, strlen(body), zones, &batch, params, &err) != 0) {
        fail_msg("%s: refused at %s: %s", body, err.place, err.msg);
    }
    return batch;
}

static void request_is_read_field_by_field(void **state)
{
    struct forecast_params params;
    struct stateless_batch *batch = parsed(
        "{\"horizon\":48,\"levels\":[80],\"quantiles\":[0.9,0.1],\"trace\":true,\"series\":["
        "{\"id\":\"a\",\"frequency\":\"1h\",\"season\":[24],\"values\":[1,null,2.5],"
        "\"start\":\"1970-01-01T01:00:00Z\",\"min\":0,\"max\":9,\"integer\":true,\"fit\":true,"
        "\"model\":\"literal\"},"
        "{\"values\":[7]}]}",
        &params);
    const struct stateless_item *a = &batch->items[0], *b = &batch->items[1];
    (void)state;
    assert_int_equal(batch->n, 2);
    assert_int_equal(batch->ask.horizon, 48);
    assert_true(batch->ask.trace);
    assert_int_equal(batch->ask.level_n, 2);
    assert_int_equal(params.interval_n, 1);
    assert_int_equal(params.quantile_n, 2);
    assert_string_equal(a->id, "a");
    assert_int_equal(a->n, 3);
    assert_true(a->values[0] == 1.0 && isnan(a->values[1]) && a->values[2] == 2.5);
    assert_int_equal(a->settings.freq.ms, 3600000);
    assert_int_equal(a->settings.season[0], 24);
    assert_true(a->settings.min == 0.0 && a->settings.max == 9.0 && a->settings.integer);
    assert_true(a->has_start && a->fit);
    assert_int_equal(a->settings.model, TRM_KIND_LITERAL);
    assert_int_equal(b->settings.model, TRM_KIND_TRM);
    assert_int_equal(a->start, 3600000);
    assert_null(b->id);
    assert_false(b->has_start);
    assert_int_equal(b->settings.freq.ms, 0);
    assert_int_equal(b->err.code, ERR_NONE);
    stateless_batch_free(batch);
}

static void levels_have_defaults_and_may_be_empty(void **state)
{
    struct forecast_params params;
    struct stateless_batch *batch = parsed("{\"series\":[{\"values\":[7]}]}", &params);
    (void)state;
    assert_int_equal(batch->ask.level_n, 11);
    assert_int_equal(batch->ask.horizon, 0);
    stateless_batch_free(batch);
    batch = parsed("{\"levels\":[],\"quantiles\":[],\"series\":[{\"values\":[7]}]}", &params);
    assert_int_equal(batch->ask.level_n, 0);
    stateless_batch_free(batch);
}

static void points_become_values_on_their_grid(void **state)
{
    struct forecast_params params;
    struct stateless_batch *batch =
        parsed("{\"series\":[{\"points\":[[0,1],[3600000,null],[7200000,3],[18000000,5]]},"
               "{\"frequency\":\"1mo\",\"points\":[[\"2026-01-31\",1],[\"2026-03-31\",2]]}]}",
               &params);
    const struct stateless_item *a = &batch->items[0], *b = &batch->items[1];
    (void)state;
    assert_int_equal(a->settings.freq.ms, 3600000);
    assert_int_equal(a->n, 6);
    assert_true(a->values[0] == 1.0 && isnan(a->values[1]) && a->values[2] == 3.0);
    assert_true(isnan(a->values[3]) && isnan(a->values[4]) && a->values[5] == 5.0);
    assert_true(a->has_start);
    assert_int_equal(a->start, 0);
    assert_int_equal(b->n, 3);
    assert_true(isnan(b->values[1]) && b->values[2] == 2.0);
    stateless_batch_free(batch);
}

static void points_of_a_time_zone_stand_on_its_days(void **state)
{
    struct forecast_params params;
    struct stateless_batch *batch =
        parsed("{\"series\":["
               "{\"timezone\":\"Berlin\",\"points\":[[\"2026-10-24T22:00:00Z\",1],"
               "[\"2026-10-25T23:00:00Z\",2],[\"2026-10-27T23:00:00Z\",4]]},"
               "{\"timezone\":\"UTC\",\"values\":[1]},{\"timezone\":null,\"values\":[1]},"
               /* Half past two, first on the day that has none. */
               "{\"timezone\":\"Berlin\",\"frequency\":\"1d\",\"points\":[[\"2026-03-29T01:00:00Z\",1],"
               "[\"2026-03-30T00:30:00Z\",2],[\"2026-03-31T00:30:00Z\",3]]}]}",
               &params);
    const struct stateless_item *days = &batch->items[0], *half_past = &batch->items[3];
    (void)state;
    assert_int_equal(days->settings.freq.ms, 24 * 3600000);
    assert_int_equal(days->n, 4);
    assert_true(days->values[1] == 2.0 && isnan(days->values[2]) && days->values[3] == 4.0);
    assert_non_null(days->zone);
    assert_null(batch->items[1].zone);
    assert_null(batch->items[2].zone);
    assert_int_equal(half_past->n, 3);
    assert_true(half_past->values[0] == 1.0 && half_past->values[2] == 3.0);
    struct trm_grid grid = {half_past->settings.freq, half_past->start, half_past->zone};
    int64_t first;
    assert_int_equal(trm_grid_step(&grid, INT64_C(1774746000000), &first), TRM_OK); /* 2026-03-29T01:00:00Z */
    assert_int_equal(half_past->first, first);
    stateless_batch_free(batch);
}

static void requests_that_are_wrong_are_refused_at_their_place(void **state)
{
    static const struct {
        const char *body;
        enum err_code code;
        const char *place, *word;
    } cases[] = {
        {"{\"series\":[{\"values\":[1,]}]}", ERR_SYNTAX, "line 1", "not valid JSON"},
        {"[]", ERR_INVALID, "", "an object"},
        {"{}", ERR_INVALID, "/series", "at least one"},
        {"{\"series\":[]}", ERR_INVALID, "/series", "at least one"},
        {"{\"series\":5}", ERR_INVALID, "/series", "at least one"},
        {"{\"serie\":[]}", ERR_INVALID, "/serie", "unknown field"},
        {"{\"horizon\":0,\"series\":[{\"values\":[1]}]}", ERR_INVALID, "/horizon", "1 to 1024"},
        {"{\"levels\":80,\"series\":[]}", ERR_INVALID, "/levels", "list"},
        {"{\"levels\":[80,\"95\"],\"series\":[]}", ERR_INVALID, "/levels/1", "a number"},
        {"{\"levels\":[100],\"series\":[]}", ERR_INVALID, "/levels", "percent"},
        {"{\"quantiles\":[1],\"series\":[]}", ERR_INVALID, "/quantiles", "level 1"},
        {"{\"trace\":1,\"series\":[]}", ERR_INVALID, "/trace", "true or false"},
        {"{\"series\":[5]}", ERR_INVALID, "/series/0", "an object"},
        {"{\"series\":[{}]}", ERR_INVALID, "/series/0", "values"},
        {"{\"series\":[{\"values\":[1],\"points\":[[1,1]]}]}", ERR_INVALID, "/series/0", "either"},
        {"{\"series\":[{\"start\":1,\"points\":[[1,1]]}]}", ERR_INVALID, "/series/0", "either"},
        {"{\"series\":[{\"values\":[1],\"x\":1}]}", ERR_INVALID, "/series/0/x", "unknown field"},
        {"{\"series\":[{\"values\":[]}]}", ERR_INVALID, "/series/0/values", "at least one"},
        {"{\"series\":[{\"values\":7}]}", ERR_INVALID, "/series/0/values", "list"},
        {"{\"series\":[{\"values\":[1]},{\"values\":[1,\"2\"]}]}", ERR_INVALID,
         "/series/1/values/1", "null"},
        {"{\"series\":[{\"values\":[1e301]}]}", ERR_INVALID, "/series/0/values/0", "1e300"},
        {"{\"series\":[{\"id\":7,\"values\":[1]}]}", ERR_INVALID, "/series/0/id", "a text"},
        {"{\"series\":[{\"id\":\"\",\"values\":[1]}]}", ERR_INVALID, "/series/0/id", "1 to 200"},
        {"{\"series\":[{\"values\":[1],\"fit\":\"auto\"}]}", ERR_INVALID, "/series/0/fit", "true"},
        {"{\"series\":[{\"values\":[1],\"frequency\":\"x\"}]}", ERR_INVALID, "/series/0/frequency",
         "1h"},
        {"{\"series\":[{\"values\":[1],\"season\":[0]}]}", ERR_INVALID, "/series/0/season/0",
         "1 to"},
        {"{\"series\":[{\"values\":[1],\"min\":2,\"max\":1}]}", ERR_INVALID, "/series/0/max",
         "min"},
        {"{\"series\":[{\"values\":[1]},{\"values\":[1],\"timezone\":\"Atlantis\"}]}", ERR_INVALID,
         "/series/1/timezone", "Atlantis"},
        {"{\"series\":[{\"values\":[1],\"timezone\":5}]}", ERR_INVALID, "/series/0/timezone", "IANA"},
        {"{\"series\":[{\"timezone\":\"Berlin\",\"points\":[[\"2026-10-24T22:00:00Z\",1],"
         "[\"2026-10-25T22:00:00Z\",2]],\"frequency\":\"1d\"}]}",
         ERR_INVALID, "/series/0/points/1/0", "time zone"},
        {"{\"series\":[{\"values\":[1],\"start\":1}]}", ERR_INVALID, "/series/0/frequency", "1h"},
        {"{\"series\":[{\"values\":[1],\"frequency\":\"1h\",\"start\":\"x\"}]}", ERR_INVALID,
         "/series/0/start", "RFC 3339"},
        {"{\"series\":[{\"points\":[[1]]}]}", ERR_INVALID, "/series/0/points/0", "pair"},
        {"{\"series\":[{\"points\":[[1.5,1]]}]}", ERR_INVALID, "/series/0/points/0/0", "whole"},
        {"{\"series\":[{\"points\":[[1,\"a\"]]}]}", ERR_INVALID, "/series/0/points/0/1", "number"},
        {"{\"series\":[{\"points\":[[2,1],[2,1]]}]}", ERR_INVALID, "/series/0/points/1/0",
         "increasing"},
        {"{\"series\":[{\"points\":[[2,1]]}]}", ERR_INVALID, "/series/0/points", "frequency"},
        {"{\"series\":[{\"points\":[[0,1],[3,1],[5,1]]}]}", ERR_INVALID, "/series/0/points",
         "frequency"},
        {"{\"series\":[{\"frequency\":\"1h\",\"points\":[[0,1],[5,1],[3600000,1]]}]}", ERR_INVALID,
         "/series/0/points/1/0", "whole number of steps"},
        {"{\"series\":[{\"frequency\":\"1ms\",\"points\":[[0,1],[1000000,1]]}]}", ERR_TOO_LARGE,
         "/series/0/points", "1000000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct stateless_batch *batch = NULL;
        struct forecast_params params = {.horizon = 77};
        struct err err = {.code = ERR_NONE};
        assert_int_equal(
            stateless_json_parse(cases[i].body, strlen(cases[i].body), zones, &batch, &params, &err),
            -1);
        bool column = cases[i].code == ERR_SYNTAX;
        if (err.code != cases[i].code ||
            strncmp(err.place, cases[i].place,
                    column ? strlen(cases[i].place) : sizeof err.place) != 0 ||
            strstr(err.msg, cases[i].word) == NULL) {
            fail_msg("%s: %s at \"%s\": %s", cases[i].body, err_code_name(err.code), err.place,
                     err.msg);
        }
        assert_null(batch);
        assert_int_equal(params.horizon, 77);
    }
}

/* {"series":[unit, unit, …]} */
static char *repeated(const char *before, const char *unit, size_t n, const char *after)
{
    char *body = malloc(strlen(before) + (strlen(unit) + 1) * n + strlen(after) + 1);
    assert_non_null(body);
    char *at = stpcpy(body, before);
    for (size_t i = 0; i < n; i++) {
        at = stpcpy(stpcpy(at, i > 0 ? "," : ""), unit);
    }
    strcpy(at, after);
    return body;
}

static void requests_over_the_limits_are_too_large(void **state)
{
    struct forecast_params params;
    struct stateless_batch *batch = NULL;
    struct err err;
    (void)state;
    char *body = repeated("{\"series\":[", "{\"values\":[1]}", STATELESS_SERIES_MAX + 1, "]}");
    assert_int_equal(stateless_json_parse(body, strlen(body), zones, &batch, &params, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_string_equal(err.place, "/series");
    free(body);
    body =
        repeated("{\"series\":[{\"values\":[5]},{\"values\":[", "1", STATELESS_VALUES_MAX, "]}]}");
    assert_int_equal(stateless_json_parse(body, strlen(body), zones, &batch, &params, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_string_equal(err.place, "/series/1/values");
    free(body);
}

static void put_problem(struct writer *writer, const struct err *err)
{
    writer_open(writer, '{');
    writer_key(writer, "detail");
    writer_string(writer, err->msg);
    writer_key(writer, "place");
    writer_string(writer, err->place);
    writer_close(writer, '}');
}

static void answer_keeps_the_order_and_names_what_failed(void **state)
{
    double median[2] = {1.0, 2.0};
    struct trm_forecast forecast = {.horizon = 2, .median = median, .answered_by = TRM_BY_CONSENSUS};
    struct stateless_item items[3] = {{.id = (char *)(uintptr_t) "a"}, {.id = NULL}, {.id = NULL}};
    struct stateless_batch batch = {.items = items, .n = 3};
    struct forecast_params params;
    char *text;
    size_t n;
    struct err err;
    (void)state;
    forecast_params_init(&params);
    err_set(&items[0].err, ERR_TOO_SHORT, "2 points are missing");
    items[1].answer = (struct forecast_answer){.id = "b", .forecast = &forecast};
    err_set(&items[2].err, ERR_INVALID, "too large");
    err_item(&items[2].err, 5);
    assert_int_equal(stateless_json_write(&batch, &params, put_problem, &text, &n, &err), 0);
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    const json_t *list = json_object_get(json, "forecasts");
    assert_int_equal(json_array_size(list), 3);
    const json_t *first = json_array_get(list, 0), *wrong = json_object_get(first, "error");
    assert_string_equal(json_string_value(json_object_get(first, "series")), "a");
    assert_string_equal(json_string_value(json_object_get(wrong, "detail")),
                        "2 points are missing");
    assert_string_equal(json_string_value(json_object_get(wrong, "place")), "/series/0");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 1), "series")), "b");
    assert_int_equal(json_array_size(json_object_get(json_array_get(list, 1), "median")), 2);
    wrong = json_object_get(json_array_get(list, 2), "error");
    assert_string_equal(json_string_value(json_object_get(wrong, "place")), "/series/2/values/5");
    json_decref(json);
    free(text);
}

static int find_zones(void **state)
{
    (void)state;
    zones = zones_new(ZONE_FOLDER);
    return zones == NULL;
}

static int forget_zones(void **state)
{
    (void)state;
    zones_free(zones);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_is_read_field_by_field),
        cmocka_unit_test(levels_have_defaults_and_may_be_empty),
        cmocka_unit_test(points_become_values_on_their_grid),
        cmocka_unit_test(points_of_a_time_zone_stand_on_its_days),
        cmocka_unit_test(requests_that_are_wrong_are_refused_at_their_place),
        cmocka_unit_test(requests_over_the_limits_are_too_large),
        cmocka_unit_test(answer_keeps_the_order_and_names_what_failed),
    };
    return cmocka_run_group_tests_name("stateless_json", tests, find_zones, forget_zones);
}
