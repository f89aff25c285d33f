/* KServe's time series requests and answers. */
#include "server/http/kserve.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAILY "\"type\":\"univariate_time_series\",\"name\":\"a\",\"frequency\":\"D\""
#define OPTIONS "\"model\":\"m\",\"options\":{\"horizon\":2}"

static struct stateless_batch *parsed(const char *body, struct kserve_request **request)
{
    struct stateless_batch *batch = NULL;
    struct err err;
    if (kserve_parse(body, strlen(body), request, &batch, &err) != 0)
        fail_msg("%s: refused at %s: %s", body, err.place, err.msg);
    return batch;
}

static void inputs_become_series_and_variables_too(void **state)
{
    struct kserve_request *request;
    struct stateless_batch *batch = parsed(
        "{\"model\":\"m\",\"options\":{\"horizon\":3,\"quantiles\":[0.9,0.1],\"more\":1},\"metadata\":{\"x"
        "\":1},"
        "\"inputs\":[{" DAILY ",\"series\":[1,2.5,null],\"start_timestamp\":\"2026-01-01T00:00:00Z\","
        "\"more\":1},"
        "{\"type\":\"multivariate_time_series\",\"name\":\"b\",\"frequency\":\"month\",\"series\":"
        "[[1,10],[2,null],[3,30]]}]}",
        &request);
    (void)state;
    assert_int_equal(batch->n, 3);
    assert_int_equal(batch->ask.horizon, 3);
    assert_int_equal(batch->ask.level_n, 2);
    assert_true(batch->heavy && batch->items[0].has_start && !batch->items[1].has_start);
    assert_true(batch->items[0].values[1] == 2.5 && isnan(batch->items[0].values[2]));
    assert_int_equal(batch->items[0].settings.freq.ms, 86400000);
    assert_int_equal(batch->items[2].settings.freq.months, 1);
    assert_true(batch->items[1].values[2] == 3 && batch->items[2].values[2] == 30);
    assert_true(isnan(batch->items[2].values[1]));
    kserve_request_free(request);
    stateless_batch_free(batch);
}

static void what_is_wrong_is_refused_at_its_place(void **state)
{
    static const struct {
        const char *body, *place;
    } cases[] = {
        {"{}", "/model"},
        {"{\"model\":7}", "/model"},
        {"{\"model\":\"m\"}", "/options"},
        {"{\"model\":\"m\",\"options\":{}}", "/options/horizon"},
        {"{\"model\":\"m\",\"options\":{\"horizon\":0}}", "/options/horizon"},
        {"{\"model\":\"m\",\"options\":{\"horizon\":2,\"quantiles\":7}}", "/options/quantiles"},
        {"{\"model\":\"m\",\"options\":{\"horizon\":2,\"quantiles\":[\"x\"]}}", "/options/quantiles/0"},
        {"{\"model\":\"m\",\"options\":{\"horizon\":2,\"quantiles\":[1]}}", "/options/quantiles"},
        {"{" OPTIONS "}", "/inputs"},
        {"{" OPTIONS ",\"inputs\":[]}", "/inputs"},
        {"{" OPTIONS ",\"inputs\":[7]}", "/inputs/0"},
        {"{" OPTIONS ",\"inputs\":[{}]}", "/inputs/0/type"},
        {"{" OPTIONS ",\"inputs\":[{\"type\":\"x\"}]}", "/inputs/0/type"},
        {"{" OPTIONS ",\"inputs\":[{\"type\":\"univariate_time_series\"}]}", "/inputs/0/name"},
        {"{" OPTIONS ",\"inputs\":[{" DAILY "}]}", "/inputs/0/series"},
        {"{" OPTIONS ",\"inputs\":[{" DAILY ",\"series\":[]}]}", "/inputs/0/series"},
        {"{" OPTIONS ",\"inputs\":[{" DAILY ",\"series\":[1,\"2\"]}]}", "/inputs/0/series/1"},
        {"{" OPTIONS ",\"inputs\":[{" DAILY ",\"series\":[[1],[2]]}]}", "/inputs/0/series/0"},
        {"{" OPTIONS ",\"inputs\":[{" DAILY ",\"series\":[1],\"start_timestamp\":\"x\"}]}",
         "/inputs/0/start_timestamp"},
        {"{" OPTIONS ",\"inputs\":[{\"type\":\"univariate_time_series\",\"name\":\"a\",\"frequency\":\"B"
         "\"}]}",
         "/inputs/0/frequency"},
        {"{" OPTIONS ",\"inputs\":[{\"type\":\"multivariate_time_series\",\"name\":\"a\",\"frequency\":\"D\","
         "\"series\":[1,2]}]}", "/inputs/0/series"},
        {"{" OPTIONS ",\"inputs\":[{\"type\":\"multivariate_time_series\",\"name\":\"a\",\"frequency\":\"D\","
         "\"series\":[[1,2],[1]]}]}", "/inputs/0/series/1"},
        {"{" OPTIONS ",\"inputs\":[{\"type\":\"multivariate_time_series\",\"name\":\"a\",\"frequency\":\"D\","
         "\"series\":[[1,2],[1,true]]}]}", "/inputs/0/series/1/1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kserve_request *request = NULL;
        struct stateless_batch *batch = NULL;
        struct err err;
        if (kserve_parse(cases[i].body, strlen(cases[i].body), &request, &batch, &err) == 0)
            fail_msg("%s: taken", cases[i].body);
        if (err.code != ERR_INVALID || strcmp(err.place, cases[i].place) != 0)
            fail_msg("%s: %s at %s", cases[i].body, err.msg, err.place);
        assert_null(request);
        assert_null(batch);
    }
}

/* Medians 1, 2, … and one quantile below them by 1. */
static void give_forecast(struct stateless_item *item, size_t h)
{
    struct trm_forecast *forecast = calloc(1, sizeof *forecast + 2 * h * sizeof(double)); /* freed as one */
    assert_non_null(forecast);
    forecast->horizon = h;
    forecast->level_n = item->answer.level_n = 1;
    forecast->median = (double *)(forecast + 1);
    forecast->quantiles = forecast->median + h;
    for (size_t k = 0; k < h; k++) {
        forecast->median[k] = 1 + (double)k;
        forecast->quantiles[k] = (double)k;
    }
    item->answer.forecast = forecast;
    item->answer.levels[0] = .1;
}

static void the_answer_has_one_output_for_each_input(void **state)
{
    struct kserve_request *request;
    struct stateless_batch *batch = parsed(
        "{\"model\":\"m\",\"options\":{\"horizon\":2,\"quantiles\":[0.1]},\"inputs\":[{" DAILY ",\"series"
        "\":[1]},"
        "{\"type\":\"multivariate_time_series\",\"name\":\"b\",\"frequency\":\"month\",\"series\":[[1,10]]},"
        "{" DAILY ",\"series\":[1]}]}",
        &request);
    char *text;
    size_t n;
    struct err err;
    (void)state;
    for (size_t i = 0; i < 3; i++)
        give_forecast(&batch->items[i], 2);
    batch->items[0].answer.has_time = true;
    batch->items[0].answer.grid = (struct trm_grid){.freq = {.ms = 86400000}, .anchor_ms = 0};
    batch->items[0].answer.first_step = 1;
    err_set(&batch->items[3].err, ERR_TOO_SHORT, "too few");
    assert_int_equal(kserve_write(request, batch, 255, 5000, &text, &n, &err), 0);
    json_t *expected = json_loads(
        "{\"id\":\"resp_00000000000000ff\",\"created_at\":5,\"status\":\"partial\",\"error\":null,\"model"
        "\":\"m\","
        "\"outputs\":[{\"type\":\"time_series_forecast\",\"id\":\"ts_00000000000000ff_0\",\"status\":"
        "\"completed\","
        "\"content\":[{\"type\":\"univariate_time_series\",\"name\":\"a\",\"mean_forecast\":[1,2],"
        "\"frequency\":"
        "\"D\",\"start_timestamp\":\"1970-01-02T00:00:00Z\",\"quantiles\":{\"0.1\":[0,1]}}],\"error\":null},"
        "{\"type\":\"time_series_forecast\",\"id\":\"ts_00000000000000ff_1\",\"status\":\"completed\","
        "\"content\":"
        "[{\"type\":\"multivariate_time_series\",\"name\":\"b\",\"mean_forecast\":[[1,1],[2,2]],"
        "\"frequency\":"
        "\"month\",\"start_timestamp\":\"\",\"quantiles\":{\"0.1\":[[0,0],[1,1]]}}],\"error\":null},"
        "{\"type\":\"time_series_forecast\",\"id\":\"ts_00000000000000ff_2\",\"status\":\"error\","
        "\"content\":[],"
        "\"error\":{\"code\":\"422\",\"message\":\"too few\",\"param\":\"/inputs/2/series\",\"type\":"
        "\"BadRequestError\"}}],\"usage\":null}",
        0, NULL);
    json_t *seen = json_loadb(text, n, 0, NULL);
    assert_non_null(expected);
    if (!json_equal(seen, expected))
        fail_msg("%s", text);
    json_decref(seen);
    json_decref(expected);
    free(text);
    kserve_request_free(request);
    stateless_batch_free(batch);
}

static void a_problem_is_told_as_an_error(void **state)
{
    struct problem problem = {.kind = PROBLEM_INVALID};
    struct writer writer;
    struct err err;
    char *text;
    size_t n;
    (void)state;
    err_set(&problem.err, ERR_INVALID, "words");
    err_at(&problem.err, "/options");
    writer_init(&writer, 1000);
    kserve_write_problem(&writer, &problem, "/v1/timeseries/forecast");
    assert_int_equal(writer_finish(&writer, &text, &n, &err), 0);
    assert_string_equal(text, "{\"error\":{\"code\":\"422\",\"message\":\"words\",\"param\":\"/options\","
                              "\"type\":\"BadRequestError\"}}");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_become_series_and_variables_too),
        cmocka_unit_test(what_is_wrong_is_refused_at_its_place),
        cmocka_unit_test(the_answer_has_one_output_for_each_input),
        cmocka_unit_test(a_problem_is_told_as_an_error),
    };
    return cmocka_run_group_tests_name("kserve", tests, NULL, NULL);
}
