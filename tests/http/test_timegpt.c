/* What clients of TimeGPT send and get: the lifted list, the frequencies, the windows, the answer. */
#include "server/http/alias.h"
#include "server/http/json_lift.h"
#include "server/http/timegpt.h"

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

/* ---- the lifted list ---- */

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    return copy;
}

static void a_list_is_lifted_and_leaves_an_empty_one(void **state)
{
    static const struct {
        const char *body, *left;
        size_t n;
        bool found;
    } cases[] = {
        {"{\"series\":{\"y\":[1,2.5,null]},\"h\":2}", "{\"series\":{\"y\":[]},\"h\":2}", 3, true},
        {"{\"h\":1,\"series\":{\"sizes\":[3],\"y\": [ 1 , -2e3\n,null ] }}",
         "{\"h\":1,\"series\":{\"sizes\":[3],\"y\": [] }}", 3, true},
        {"{\"series\":{\"y\":[]}}", "{\"series\":{\"y\":[]}}", 0, true},
        {"{\"series\":{\"y\":[ ]}}", "{\"series\":{\"y\":[]}}", 0, true},
        {"{\"a\\\"\":\"series\",\"b\":{\"y\":[1]}}", NULL, 0, false},
        {"{\"x\":{\"series\":{\"y\":[1]}}}", NULL, 0, false},
        {"{\"series\":[{\"y\":[1]}]}", NULL, 0, false},
        {"{\"series\":{\"x\":{\"y\":[1]}}}", NULL, 0, false},
        {"{\"series\":{\"x\":[\"y\",[1]]}}", NULL, 0, false},
        {"{\"series\":{\"y\":{\"y\":[1]}}}", NULL, 0, false},
        {"{\"series\":{\"x\":\"y\",\"z\":[1]}}", NULL, 0, false},
        {"{\"series\":{},\"y\":[1]}", NULL, 0, false},
        {"{\"series\":{\"y\":7}}", NULL, 0, false},
        {"[\"series\",{\"y\":[1]}]", NULL, 0, false},
        {"}{\"series\":{\"y\":[1]}}", NULL, 0, false},
        {"{\"series", NULL, 0, false},
        {"{\"series\\", NULL, 0, false},
        {"", NULL, 0, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *body = copy_of(cases[i].body);
        const char *left = cases[i].left == NULL ? cases[i].body : cases[i].left;
        size_t n = strlen(body);
        struct json_lifted lifted;
        struct err err;
        if (json_lift(body, &n, "series", "y", 100, &lifted, &err) != 0)
            fail_msg("%s: %s", cases[i].body, err.msg);
        if (lifted.found != cases[i].found || lifted.n != cases[i].n || n != strlen(left) ||
            memcmp(body, left, n) != 0)
            fail_msg("%s: %zu values, left %.*s", cases[i].body, lifted.n, (int)n, body);
        if (lifted.n == 3)
            assert_true(lifted.values[0] == 1 && isnan(lifted.values[2]));
        free(lifted.values);
        free(body);
    }
}

static void a_list_that_is_wrong_is_refused_at_its_place(void **state)
{
    static const struct {
        const char *list, *place;
        enum err_code code;
    } cases[] = {
        {"[1,\"2\"]", "/series/y/1", ERR_INVALID},  {"[1,NaN]", "/series/y/1", ERR_INVALID},
        {"[1e301]", "/series/y/0", ERR_INVALID},    {"[1,[2]]", "/series/y/1", ERR_INVALID},
        {"[1,]", "/series/y/1", ERR_INVALID},       {"[,1]", "/series/y/0", ERR_INVALID},
        {"[1 2]", "/series/y/1", ERR_INVALID},      {"[01]", "/series/y/0", ERR_INVALID},
        {"[true]", "/series/y/0", ERR_INVALID},     {"[1,2,3,4,5]", "/series/y", ERR_TOO_LARGE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[100];
        struct json_lifted lifted = {.n = 77};
        struct err err;
        snprintf(body, sizeof body, "{\"series\":{\"y\":%s}}", cases[i].list);
        size_t n = strlen(body);
        assert_int_equal(json_lift(body, &n, "series", "y", 4, &lifted, &err), -1);
        if (err.code != cases[i].code || strcmp(err.place, cases[i].place) != 0)
            fail_msg("%s: %s at %s", cases[i].list, err.msg, err.place);
        assert_int_equal(lifted.n, 77);
        assert_int_equal(n, strlen(body));
    }
    for (size_t n = 16; n < strlen("{\"series\":{\"y\":[1,2"); n++) {
        char body[] = "{\"series\":{\"y\":[1,2]}}";
        struct json_lifted lifted;
        struct err err;
        size_t left = n;
        assert_int_equal(json_lift(body, &left, "series", "y", 4, &lifted, &err), -1);
        assert_int_equal(err.code, ERR_SYNTAX);
    }
}

/* ---- frequencies ---- */

static void offset_aliases_are_steps(void **state)
{
    static const struct {
        const char *text, *freq; /* NULL: none */
        uint32_t season;
    } cases[] = {
        {"D", "1d", 0},       {"d", "1d", 0},        {"1d", "1d", 0},       {"2D", "2d", 0},
        {"h", "1h", 0},       {"H", "1h", 0},        {"6h", "6h", 0},       {"W", "1w", 0},
        {"W-MON", "1w", 0},   {"W-SUN", "1w", 0},    {"MS", "1mo", 0},      {"ME", "1mo", 0},
        {"M", "1mo", 0},      {"1MS", "1mo", 0},     {"QS", "1q", 0},       {"Q", "1q", 0},
        {"QE-DEC", "1q", 0},  {"QS-OCT", "1q", 0},   {"Y", "1y", 0},        {"YS", "1y", 0},
        {"YE-JUN", "1y", 0},  {"A-DEC", "1y", 0},    {"AS", "1y", 0},       {"B", "1d", 5},
        {"min", "1m", 0},     {"15min", "15m", 0},   {"T", "1m", 0},        {"30T", "30m", 0},
        {"1m", "1m", 0},      {"s", "1s", 0},        {"10S", "10s", 0},     {"ms", "1ms", 0},
        {"2B", "2d", 0},      {"3M", "1q", 0},
        {"", NULL, 0},        {"0D", NULL, 0},       {"-1D", NULL, 0},      {"W-", NULL, 0},
        {"W-MONDAY", NULL, 0}, {"WOM-2TUE", NULL, 0}, {"us", NULL, 0},       {"x", NULL, 0},
        {"1", NULL, 0},       {"Dx", NULL, 0},       {"9999999D", NULL, 0}, {"999999YS", NULL, 0},
        {"999999W", NULL, 0}, {"1.5h", NULL, 0},     {"W-mon", NULL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct alias alias = {.season = 77};
        char text[TRM_FREQ_TEXT_MAX] = "";
        bool taken = alias_of_pandas(cases[i].text, &alias);
        if (taken)
            trm_freq_format(alias.freq, text);
        if (taken != (cases[i].freq != NULL) || (taken && strcmp(text, cases[i].freq) != 0) ||
            alias.season != (taken ? cases[i].season : 77))
            fail_msg("\"%s\": %s, season %u", cases[i].text, text, alias.season);
    }
}

/* ---- requests ---- */

struct parsed {
    struct timegpt_request *request;
    struct stateless_batch *batch;
};

static int parse(enum timegpt_task task, const char *text, struct parsed *ret, struct err *err)
{
    char *body = copy_of(text);
    int status = timegpt_parse(task, body, strlen(body), &ret->request, &ret->batch, err);
    free(body);
    return status;
}

static struct parsed parsed(enum timegpt_task task, const char *text)
{
    struct parsed parsed;
    struct err err;
    if (parse(task, text, &parsed, &err) != 0)
        fail_msg("%s: refused at %s: %s", text, err.place, err.msg);
    return parsed;
}

static void done(struct parsed parsed)
{
    timegpt_request_free(parsed.request);
    stateless_batch_free(parsed.batch);
}

/* A body with one series of n values 0, 1, 2, … and more fields. */
static char *one_series(size_t n, const char *fields)
{
    size_t size = n * 8 + strlen(fields) + 100;
    char *text = malloc(size), *at = text;
    assert_non_null(text);
    at += snprintf(at, size, "{\"series\":{\"y\":[");
    for (size_t i = 0; i < n; i++)
        at += snprintf(at, 9, "%s%zu", i == 0 ? "" : ",", i);
    snprintf(at, size - (size_t)(at - text), "],\"sizes\":[%zu]},%s}", n, fields);
    return text;
}

static struct parsed parsed_one(enum timegpt_task task, size_t n, const char *fields)
{
    char *text = one_series(n, fields);
    struct parsed result = parsed(task, text);
    free(text);
    return result;
}

static void a_forecast_is_one_window_for_each_series(void **state)
{
    struct parsed p = parsed(TIMEGPT_FORECAST,
                             "{\"series\":{\"y\":[1,2,3,10,null,30,40],\"sizes\":[3,4],\"X\":null,"
                             "\"X_future\":"
                             "null,\"start_datetime\":[\"2026-01-01\",\"2026-01-02\"]},\"freq\":\"MS\",\"h"
                             "\":5,"
                             "\"level\":[80,80,0],\"finetune_steps\":10,\"finetune_loss\":\"mae\","
                             "\"model\":\"timegpt-1\",\"clean_ex_first\":true,\"multivariate\":false,"
                             "\"finetuned_model_id\":null,\"something_new\":{\"a\":1}}");
    (void)state;
    assert_int_equal(p.batch->n, 2);
    assert_int_equal(p.batch->ask.horizon, 5);
    assert_int_equal(p.batch->ask.level_n, 2);
    assert_true(p.batch->heavy);
    assert_int_equal(p.request->level_n, 2);
    assert_true(p.request->level[0] == 0 && p.request->level[1] == 80);
    assert_int_equal(p.batch->items[0].n, 3);
    assert_int_equal(p.batch->items[1].n, 4);
    assert_true(p.batch->items[1].values[0] == 10 && isnan(p.batch->items[1].values[1]));
    assert_int_equal(p.batch->items[1].settings.freq.months, 1);
    assert_true(p.batch->items[0].fit && p.batch->items[1].fit);
    assert_int_equal(p.request->window[1].used, 5);
    done(p);
}

static void business_days_are_steps_of_a_week_of_five(void **state)
{
    struct parsed p = parsed_one(TIMEGPT_FORECAST, 30, "\"freq\":\"B\",\"h\":5");
    (void)state;
    assert_int_equal(p.batch->items[0].settings.freq.ms, 0);
    assert_int_equal(p.batch->items[0].settings.season_n, 1);
    assert_int_equal(p.batch->items[0].settings.season[0], 5);
    assert_false(p.request->has_level);
    assert_int_equal(p.batch->ask.level_n, 0);
    done(p);
}

static void the_values_looked_at_are_the_newest(void **state)
{
    struct parsed p = parsed_one(TIMEGPT_FORECAST, 5000, "\"freq\":\"h\",\"h\":5");
    (void)state;
    assert_int_equal(p.batch->items[0].n, TRM_CONTEXT_MAX);
    assert_true(p.batch->items[0].values[TRM_CONTEXT_MAX - 1] == 4999);
    done(p);
}

static void windows_of_cross_validation_end_with_the_series(void **state)
{
    struct parsed p =
        parsed_one(TIMEGPT_CROSS_VALIDATION, 50, "\"freq\":\"D\",\"h\":4,\"n_windows\":3,\"step_size\":2");
    (void)state;
    assert_int_equal(p.request->window_n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(p.request->window[i].origin, 42 + 2 * i);
        assert_int_equal(p.request->window[i].used, 4);
        assert_int_equal(p.batch->items[i].n, 42 + 2 * i);
    }
    done(p);
    p = parsed_one(TIMEGPT_CROSS_VALIDATION, 50, "\"freq\":\"D\",\"h\":4,\"n_windows\":2,\"step_size\":null");
    assert_int_equal(p.request->window[0].origin, 42);
    assert_int_equal(p.request->window[1].origin, 46);
    done(p);
}

/* Every position from the first origin on is forecast once, by windows in order. */
static void assert_covers(struct parsed p, size_t n, size_t first)
{
    size_t at = first;
    for (size_t i = 0; i < p.request->window_n; i++) {
        assert_int_equal(p.request->window[i].origin, at);
        assert_true(p.request->window[i].used >= 1 && p.request->window[i].used <= p.request->horizon);
        at += p.request->window[i].used;
    }
    assert_int_equal(at, n);
    done(p);
}

static void a_full_history_is_covered_without_gaps(void **state)
{
    (void)state;
    assert_covers(parsed_one(TIMEGPT_ANOMALY, 500, "\"freq\":\"h\",\"level\":99"), 500, 48);
    assert_covers(parsed_one(TIMEGPT_ANOMALY, 60, "\"freq\":\"D\",\"level\":[99]"), 60, 14);
    assert_covers(parsed_one(TIMEGPT_ANOMALY, 40, "\"freq\":\"D\",\"level\":99.5"), 40, 12);
    assert_covers(parsed_one(TIMEGPT_ANOMALY, 10, "\"freq\":\"D\",\"level\":99"), 10, 3);
    assert_covers(parsed_one(TIMEGPT_ANOMALY, 4, "\"freq\":\"YS\",\"level\":99"), 4, 3);
    assert_covers(parsed_one(TIMEGPT_CROSS_VALIDATION, 100,
                             "\"freq\":\"MS\",\"h\":7,\"full_history\":true"), 100, 24);
}

static void the_newest_points_are_held_against_the_newest_forecasts(void **state)
{
    struct parsed p = parsed_one(TIMEGPT_ONLINE_ANOMALY, 100,
                                 "\"freq\":\"h\",\"h\":6,\"step_size\":4,\"detection_size\":10,\"level\":95,"
                                 "\"threshold_method\":\"univariate\"");
    (void)state;
    assert_int_equal(p.request->window_n, 3);
    assert_int_equal(p.request->window[0].used, 4);
    assert_int_equal(p.request->window[2].used, 2);
    assert_covers(p, 100, 90);
}

#define SERIES "\"series\":{\"y\":[1,2,3,4,5],\"sizes\":[5]}"
static const struct {
    enum timegpt_task task;
    const char *body, *place, *word;
    enum err_code code;
} refused[] = {
    {TIMEGPT_FORECAST, "{" SERIES ",\"h\":2}", "/freq", "missing", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"h\":2,\"freq\":\"fortnight\"}", "/freq", "15min", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"h\":2,\"freq\":7}", "/freq", "alias", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\"}", "/h", "missing", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":0}", "/h", "1 to 1024", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"level\":[100]}", "/level/0", "below 100",
     ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"level\":\"80\"}", "/level", "list", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"level\":[\"80\"]}", "/level/0", "percentage",
     ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"level\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,"
                       "16,17]}",
     "/level", "16", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"hist_exog\":[0]}", "/hist_exog", "exogenous",
     ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"multivariate\":true}", "/multivariate", "joint",
     ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"feature_contributions\":true}",
     "/feature_contributions", "not supported", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"finetuned_model_id\":\"x\"}",
     "/finetuned_model_id", "finetune_steps", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"model_parameters\":{\"a\":1}}",
     "/model_parameters", "not supported", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",\"freq\":\"D\",\"h\":2,\"finetune_steps\":-1}", "/finetune_steps",
     "whole number", ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2}", "/series", "missing", ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2,\"series\":7}", "/series", "object", ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2,\"series\":{}}", "/series/y", "values", ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2,\"series\":{\"y\":[1,2,3]}}", "/series/sizes", "lengths",
     ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2,\"series\":{\"y\":[1,2,3],\"sizes\":[2]}}", "/series/sizes",
     "add up to 2 and there are 3", ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2,\"series\":{\"y\":[1,2,3],\"sizes\":[3,0]}}",
     "/series/sizes/1", "whole number", ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2,\"series\":{\"y\":[1,2,3],\"sizes\":[3],\"X\":[[1,2,3]]}}",
     "/series/X", "exogenous", ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2,\"series\":{\"y\":[1,2,3],\"sizes\":[3],\"X_future\":[[1,"
                       "2]]}}",
     "/series/X_future", "exogenous", ERR_INVALID},
    {TIMEGPT_FORECAST, "{\"freq\":\"D\",\"h\":2,\"series\":{\"\\u0079\":[1,\"2\"],\"sizes\":[2]}}",
     "/series/y/1", "number", ERR_INVALID},
    {TIMEGPT_FORECAST, "[1]", "", "object", ERR_INVALID},
    {TIMEGPT_FORECAST, "{" SERIES ",}", "line 1", "JSON", ERR_SYNTAX},
    {TIMEGPT_CROSS_VALIDATION, "{" SERIES ",\"freq\":\"D\",\"h\":3}", "/series/sizes/0", "at least 6",
     ERR_TOO_SHORT},
    {TIMEGPT_CROSS_VALIDATION, "{" SERIES ",\"freq\":\"D\",\"h\":1,\"n_windows\":0}", "/n_windows", "1 to",
     ERR_INVALID},
    {TIMEGPT_CROSS_VALIDATION, "{" SERIES ",\"freq\":\"D\",\"h\":1,\"step_size\":0}", "/step_size", "1 to",
     ERR_INVALID},
    {TIMEGPT_ANOMALY, "{" SERIES ",\"freq\":\"D\"}", "/level", "one level", ERR_INVALID},
    {TIMEGPT_ANOMALY, "{" SERIES ",\"freq\":\"D\",\"level\":0}", "/level", "one level", ERR_INVALID},
    {TIMEGPT_ANOMALY, "{" SERIES ",\"freq\":\"D\",\"level\":[80,90]}", "/level", "one level", ERR_INVALID},
    {TIMEGPT_ANOMALY, "{\"series\":{\"y\":[1,2,3],\"sizes\":[3]},\"freq\":\"D\",\"level\":9}",
     "/series/sizes/0", "at least 4", ERR_TOO_SHORT},
    {TIMEGPT_ONLINE_ANOMALY, "{" SERIES ",\"freq\":\"D\",\"h\":1,\"level\":9}", "/detection_size", "missing",
     ERR_INVALID},
    {TIMEGPT_ONLINE_ANOMALY, "{" SERIES ",\"freq\":\"D\",\"h\":1,\"level\":9,\"detection_size\":3}",
     "/series/sizes/0", "at least 6", ERR_TOO_SHORT},
    {TIMEGPT_ONLINE_ANOMALY,
     "{" SERIES ",\"freq\":\"D\",\"h\":1,\"level\":9,\"detection_size\":2,\"threshold_method\":"
     "\"multivariate\"}",
     "/threshold_method", "univariate", ERR_INVALID},
};

static void what_cannot_be_done_is_refused_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct parsed p = {NULL, NULL};
        struct err err;
        if (parse(refused[i].task, refused[i].body, &p, &err) == 0)
            fail_msg("%s: taken", refused[i].body);
        bool column = refused[i].code == ERR_SYNTAX;
        if (err.code != refused[i].code || strstr(err.msg, refused[i].word) == NULL ||
            strncmp(err.place, refused[i].place, column ? strlen(refused[i].place) : sizeof err.place) != 0)
            fail_msg("%s: %s at \"%s\": %s", refused[i].body, err_code_name(err.code), err.place, err.msg);
        assert_null(p.request);
        assert_null(p.batch);
    }
}

static void refuses_as_too_large(enum timegpt_task task, size_t n, const char *fields)
{
    char *text = one_series(n, fields);
    struct parsed p;
    struct err err;
    assert_int_equal(parse(task, text, &p, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_non_null(strstr(err.msg, "num_partitions"));
    free(text);
}

static void a_request_for_too_much_says_how_to_ask_for_less(void **state)
{
    (void)state;
    refuses_as_too_large(TIMEGPT_ONLINE_ANOMALY, 20000,
                         "\"freq\":\"h\",\"h\":1,\"level\":99,\"detection_size\":15000");
    refuses_as_too_large(TIMEGPT_CROSS_VALIDATION, 9000,
                         "\"freq\":\"h\",\"h\":1000,\"n_windows\":5000,\"step_size\":1");
}

/* ---- answers ---- */

/* A forecast of h leads: median 10, 11, …, intervals of one level 2 below and 4 above it. */
static void give_forecast(struct stateless_item *item, size_t h, bool interval)
{
    struct trm_forecast *forecast = calloc(1, sizeof *forecast + 3 * h * sizeof(double)); /* freed as one */
    assert_non_null(forecast);
    forecast->horizon = h;
    forecast->level_n = interval ? 2 : 0;
    forecast->median = (double *)(forecast + 1);
    forecast->quantiles = forecast->median + h;
    for (size_t k = 0; k < h; k++) {
        forecast->median[k] = 10 + (double)k;
        forecast->quantiles[k] = 8 + (double)k;
        forecast->quantiles[h + k] = 14 + (double)k;
    }
    item->answer.forecast = forecast;
    item->answer.level_n = forecast->level_n;
    item->answer.levels[0] = .1;
    item->answer.levels[1] = .9;
}

static json_t *written(struct parsed p)
{
    char *text = NULL;
    size_t n;
    struct err err;
    if (timegpt_write(p.request, p.batch, &text, &n, &err) != 0)
        fail_msg("%s", err.msg);
    json_t *root = json_loadb(text, n, 0, NULL);
    assert_non_null(root);
    free(text);
    return root;
}

static void assert_list(const json_t *root, const char *key, const char *expected)
{
    char text[1000] = "";
    size_t n = json_dumpb(json_object_get(root, key), text, sizeof text - 1,
                          JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
    assert_in_range(n, 1, sizeof text - 1);
    assert_string_equal(text, expected);
}

static void a_forecast_is_answered_in_flat_lists(void **state)
{
    struct parsed p = parsed(TIMEGPT_FORECAST, "{\"series\":{\"y\":[1,2,3,1,2,3],\"sizes\":[3,3]},\"freq"
                                        "\":\"D\","
                                               "\"h\":2,\"level\":[80,0]}");
    (void)state;
    give_forecast(&p.batch->items[0], 2, true);
    give_forecast(&p.batch->items[1], 2, true);
    json_t *root = written(p);
    assert_list(root, "mean", "[10,11,10,11]");
    assert_list(root, "intervals", "{\"lo-0\":[10,11,10,11],\"hi-0\":[10,11,10,11],\"lo-80\":[8,9,8,9],"
                                   "\"hi-80\":[14,15,14,15]}");
    assert_list(root, "weights_x", "null");
    assert_list(root, "input_tokens", "0");
    assert_null(json_object_get(root, "idxs"));
    json_decref(root);
    done(p);
}

static void without_levels_there_are_no_intervals(void **state)
{
    struct parsed p = parsed_one(TIMEGPT_FORECAST, 3, "\"freq\":\"D\",\"h\":1,\"level\":null");
    (void)state;
    give_forecast(&p.batch->items[0], 1, false);
    json_t *root = written(p);
    assert_list(root, "intervals", "null");
    json_decref(root);
    done(p);
}

static void cross_validation_says_where_its_points_are(void **state)
{
    struct parsed p = parsed(TIMEGPT_CROSS_VALIDATION,
                             "{\"series\":{\"y\":[1,2,3,4,5,6,1,2,3,4,5,6],\"sizes\":[6,6]},\"freq\":\"D"
                             "\",\"h\":2,"
                             "\"n_windows\":2,\"step_size\":1}");
    (void)state;
    for (size_t i = 0; i < p.batch->n; i++)
        give_forecast(&p.batch->items[i], 2, false);
    json_t *root = written(p);
    assert_list(root, "sizes", "[4,4]");
    assert_list(root, "idxs", "[3,4,4,5,9,10,10,11]");
    assert_list(root, "mean", "[10,11,10,11,10,11,10,11]");
    json_decref(root);
    done(p);
}

static void points_outside_the_interval_are_anomalies_and_scores_say_how_far(void **state)
{
    struct parsed p = parsed(TIMEGPT_ONLINE_ANOMALY,
                             "{\"series\":{\"y\":[1,2,3,10,15,null,9,4],\"sizes\":[8]},\"freq\":\"D\",\"h"
                             "\":5,"
                             "\"detection_size\":5,\"level\":80}");
    (void)state;
    give_forecast(&p.batch->items[0], 5, true);
    json_t *root = written(p);
    assert_list(root, "anomaly", "[false,false,false,true,true]");
    assert_list(root, "anomaly_score", "[0,1,null,-2,-5]");
    assert_list(root, "idxs", "[3,4,5,6,7]");
    json_decref(root);
    done(p);
}

static void one_series_that_fails_fails_the_request(void **state)
{
    struct parsed p = parsed(TIMEGPT_FORECAST, "{\"series\":{\"y\":[1,2,3,1],\"sizes\":[3,1]},\"freq\":\"D"
                                        "\",\"h\":2}");
    char *text = NULL;
    size_t n = 7;
    struct err err;
    (void)state;
    give_forecast(&p.batch->items[0], 2, false);
    err_set(&p.batch->items[1].err, ERR_TOO_SHORT, "three are needed");
    assert_int_equal(timegpt_write(p.request, p.batch, &text, &n, &err), -1);
    assert_int_equal(err.code, ERR_TOO_SHORT);
    assert_string_equal(err.place, "/series/sizes/1");
    assert_non_null(strstr(err.msg, "series 1"));
    assert_null(text);
    done(p);
}

static void a_problem_is_told_as_a_detail(void **state)
{
    static const struct {
        const char *place, *loc, *msg;
    } cases[] = {
        {"/series/y/17", "[\"body\",\"series\",\"y\",17]", "\"words\""},
        {"freq", "[\"query\",\"freq\"]", "\"words\""},
        {"", "[\"body\"]", "\"words\""},
        {"line 3, column 4", "[\"body\"]", "\"words, line 3, column 4\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problem problem = {.kind = PROBLEM_INVALID};
        struct writer writer;
        struct err err;
        char *text;
        size_t n;
        err_set(&problem.err, ERR_INVALID, "words");
        err_at(&problem.err, "%s", cases[i].place);
        writer_init(&writer, 1000);
        timegpt_write_problem(&writer, &problem, "/v2/forecast");
        assert_int_equal(writer_finish(&writer, &text, &n, &err), 0);
        json_t *root = json_loadb(text, n, 0, NULL);
        const json_t *detail = json_array_get(json_object_get(root, "detail"), 0);
        assert_list(detail, "loc", cases[i].loc);
        assert_list(detail, "msg", cases[i].msg);
        assert_list(detail, "type", "\"invalid\"");
        json_decref(root);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_lifted_and_leaves_an_empty_one),
        cmocka_unit_test(a_list_that_is_wrong_is_refused_at_its_place),
        cmocka_unit_test(offset_aliases_are_steps),
        cmocka_unit_test(a_forecast_is_one_window_for_each_series),
        cmocka_unit_test(business_days_are_steps_of_a_week_of_five),
        cmocka_unit_test(the_values_looked_at_are_the_newest),
        cmocka_unit_test(windows_of_cross_validation_end_with_the_series),
        cmocka_unit_test(a_full_history_is_covered_without_gaps),
        cmocka_unit_test(the_newest_points_are_held_against_the_newest_forecasts),
        cmocka_unit_test(what_cannot_be_done_is_refused_at_its_place),
        cmocka_unit_test(a_request_for_too_much_says_how_to_ask_for_less),
        cmocka_unit_test(a_forecast_is_answered_in_flat_lists),
        cmocka_unit_test(without_levels_there_are_no_intervals),
        cmocka_unit_test(cross_validation_says_where_its_points_are),
        cmocka_unit_test(points_outside_the_interval_are_anomalies_and_scores_say_how_far),
        cmocka_unit_test(one_series_that_fails_fails_the_request),
        cmocka_unit_test(a_problem_is_told_as_a_detail),
    };
    return cmocka_run_group_tests_name("timegpt", tests, NULL, NULL);
}
