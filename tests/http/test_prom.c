/* The pure parts of Prometheus' API: parameters, names and labels, answers, errors. */
#include "server/http/prom_answer.h"
#include "server/http/prom_params.h"
#include "server/wire/promql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

static void parameters_come_from_the_form_first_and_plus_is_a_space(void **state)
{
    struct prom_params params;
    struct err err;
    (void)state;
    assert_int_equal(prom_params_parse("query=a+%2b+1&x",
                                       "query=b&match[]=%7Ba%3D%22b%22%7D&match[]=c&&y=%zz#",
                                       &params, &err),
                     -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    assert_int_equal(prom_params_parse("query=a+%2b+1&x",
                                       "query=b&match[]=%7Ba%3D%22b%22%7D&&match[]=c#z=1", &params,
                                       &err),
                     0);
    assert_int_equal(params.n, 5);
    assert_string_equal(prom_param(&params, "query"), "a + 1");
    assert_string_equal(prom_param(&params, "x"), "");
    assert_string_equal(prom_param(&params, "match[]"), "{a=\"b\"}");
    assert_null(prom_param(&params, "z"));
    prom_params_done(&params);
    assert_int_equal(prom_params_parse(NULL, "a=%00", &params, &err), -1);
    assert_int_equal(prom_params_parse(NULL, NULL, &params, &err), 0);
    assert_int_equal(params.n, 0);
    prom_params_done(&params);
}

static void parameters_are_bounded(void **state)
{
    char text[PROM_PARAMS_MAX * 2 + 4] = "";
    struct prom_params params;
    struct err err;
    (void)state;
    for (int i = 0; i <= PROM_PARAMS_MAX; i++)
        strcat(text, "a&");
    assert_int_equal(prom_params_parse(text, NULL, &params, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
}

static void typed_parameters_keep_their_default_and_say_what_is_wrong(void **state)
{
    struct prom_params params;
    struct err err;
    int64_t ms = 77;
    size_t limit;
    (void)state;
    assert_int_equal(prom_params_parse(NULL, "time=x&step=5q&limit=-1&end=4.5", &params, &err), 0);
    assert_int_equal(prom_param_time(&params, "start", &ms, &err), 0);
    assert_int_equal(ms, 77);
    assert_int_equal(prom_param_time(&params, "end", &ms, &err), 0);
    assert_int_equal(ms, 4500);
    assert_int_equal(prom_param_time(&params, "time", &ms, &err), -1);
    assert_string_equal(err.msg,
                        "invalid parameter \"time\": cannot parse \"x\" to a valid timestamp");
    assert_int_equal(prom_param_duration(&params, "step", &ms, &err), -1);
    assert_int_equal(prom_param_limit(&params, &limit, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    prom_params_done(&params);
}

/* "name=value," of each label. */
static void show(const struct prom_labels *labels, char *ret)
{
    *ret = '\0';
    for (size_t i = 0; i < labels->n; i++)
        ret += sprintf(ret, "%s=%s,", labels->label[i].name, labels->label[i].value);
}

static struct prom_given given_of(const char *text)
{
    struct promql *promql;
    struct prom_given given;
    struct err err;
    assert_int_equal(promql_parse(text, strlen(text), &promql, &err), 0);
    assert_int_equal(prom_given_read(promql->selector, false, &given, &err), 0);
    promql_free(promql);
    return given;
}

static void a_series_without_a_metric_name_is_named_by_its_id(void **state)
{
    struct series_label own[] = {
        {"site", "a"}, {"x-y", "b"}, {"9", "c"}, {"ahead", "mine"}, {"empty", ""}};
    struct series_settings settings = {.labels = own, .label_n = 5};
    struct prom_given given;
    struct prom_labels labels;
    struct err err;
    char text[512];
    (void)state;
    assert_int_equal(prom_given_read(NULL, true, &given, &err), 0);
    prom_labels_make("7 caf\xc3\xa9.a", &settings, &given, PROM_AHEAD, PROM_LOWER, &labels);
    show(&labels, text);
    assert_string_equal(text, "_9=c,__name__=_7_caf___a:ahead,ahead=1h,ml_forecast=yhat_lower,"
                              "series=7 caf\xc3\xa9.a,site=a,x_y=b,");
    prom_labels_make("a", &settings, &given, PROM_ACTUAL, PROM_YHAT, &labels);
    show(&labels, text);
    assert_string_equal(text, "_9=c,__name__=a:actual,ahead=mine,series=a,site=a,x_y=b,");
}

static void a_series_with_a_metric_name_keeps_it(void **state)
{
    struct series_label own[] = {{"__name__", "cpu"}, {"series", "own"}};
    struct series_settings settings = {.labels = own, .label_n = 2};
    struct prom_given given;
    struct prom_labels labels;
    struct err err;
    char text[512];
    (void)state;
    assert_int_equal(prom_given_read(NULL, true, &given, &err), 0);
    prom_labels_make("id", &settings, &given, PROM_PREDICTED, PROM_YHAT, &labels);
    show(&labels, text);
    assert_string_equal(text, "__name__=cpu:predicted,ml_forecast=yhat,series=own,");
}

static void parameters_of_a_metric_are_given_by_equality(void **state)
{
    struct prom_given given;
    struct err err;
    (void)state;
    assert_int_equal(prom_given_read(NULL, false, &given, &err), 0);
    assert_int_equal(given.ahead_ms, 3600000);
    assert_true(given.above && given.threshold == NULL && !given.asks_field);
    static const struct {
        const char *text, *words;
    } wrong[] = {
        {"a:ahead{ahead=\"x\"}", "ahead is \"x\""},
        {"a:time_to_threshold_seconds{threshold=\"x\"}", "threshold is \"x\""},
        {"a:time_to_threshold_seconds", "needs the threshold"},
        {"a:time_to_threshold_seconds{threshold=\"1\",direction=\"up\"}", "direction is \"up\""}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct promql *promql;
        assert_int_equal(promql_parse(wrong[i].text, strlen(wrong[i].text), &promql, &err), 0);
        assert_int_equal(prom_given_read(promql->selector, false, &given, &err), -1);
        assert_int_equal(err.code, ERR_INVALID);
        assert_non_null(strstr(err.msg, wrong[i].words));
        promql_free(promql);
    }
    given = given_of(
        "a:time_to_threshold_seconds{threshold=\"-1.5\",direction=\"below\",ml_forecast=~\".+\"}");
    assert_true(given.threshold_number == -1.5 && !given.above && given.asks_field);
    assert_int_equal(prom_kind_fields(PROM_THRESHOLD, &given), 3);
    given = given_of("a:ahead{ahead=\"1d12h\"}");
    assert_int_equal(given.ahead_ms, 36 * 3600000);
    assert_int_equal(prom_kind_fields(PROM_THRESHOLD, &given), 1);
}

static void check(struct writer *writer, const char *text)
{
    char *bytes;
    size_t n;
    struct err err;
    assert_int_equal(writer_finish(writer, &bytes, &n, &err), 0);
    assert_string_equal(bytes, text);
    free(bytes);
}

static void answers_have_prometheus_shapes(void **state)
{
    const struct promql_label labels[] = {{"__name__", "m"}, {"a", "\"b\""}};
    double values[] = {1.5, promql_absent(), 1.5, NAN};
    struct promql_row row = {labels, 2, false, values};
    struct promql_answer answer = {.type = PROMQL_VECTOR, .rows = &row, .row_n = 1};
    struct promql_span span = {4000, 5500, 500, 1};
    struct writer writer;
    (void)state;
    writer_init(&writer, 1000);
    prom_answer_begin(&writer);
    assert_false(prom_write_answer(&writer, &answer, &span, false, SIZE_MAX));
    prom_answer_end(&writer, NULL);
    check(&writer,
          "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":"
          "{\"__name__\":\"m\",\"a\":\"\\\"b\\\"\"},\"values\":[[4,\"1.5\"],[5,\"1.5\"],[5.500,"
          "\"NaN\"]]}]}}");
    row.without_name = true;
    span.end = 4000;
    writer_init(&writer, 1000);
    assert_false(prom_write_answer(&writer, &answer, &span, true, 1));
    check(&writer, "{\"resultType\":\"vector\",\"result\":[{\"metric\":{\"a\":\"\\\"b\\\"\"},"
                   "\"value\":[4,\"1.5\"]}]}");
    writer_init(&writer, 1000);
    prom_answer_begin(&writer);
    assert_true(prom_write_answer(&writer, &answer, &span, true, 0));
    prom_answer_end(&writer, "cut");
    check(&writer, "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]},"
                   "\"warnings\":[\"cut\"]}");
}

static void scalars_are_one_row_of_a_range(void **state)
{
    struct promql_answer answer = {.type = PROMQL_SCALAR, .number = 2};
    struct promql_span span = {4000, 5000, 1000, 1};
    struct writer writer;
    (void)state;
    writer_init(&writer, 1000);
    (void)prom_write_answer(&writer, &answer, &span, false, 1);
    check(&writer, "{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":[[4,\"2\"],[5,"
                   "\"2\"]]}]}");
}

static void errors_have_their_types(void **state)
{
    static const struct {
        enum problem_kind kind;
        unsigned status;
        const char *text;
    } cases[] = {
        {PROBLEM_SYNTAX, 400,
         "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"why\"}"},
        {PROBLEM_INVALID, 422,
         "{\"status\":\"error\",\"errorType\":\"execution\",\"error\":\"why\"}"},
        {PROBLEM_BUSY, 503,
         "{\"status\":\"error\",\"errorType\":\"unavailable\",\"error\":\"why\"}"},
        {PROBLEM_TIMEOUT, 503,
         "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"why\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct problem problem = {.kind = cases[i].kind};
        struct writer writer;
        strcpy(problem.err.msg, "why");
        writer_init(&writer, 1000);
        prom_write_problem(&writer, &problem, "/");
        assert_int_equal(prom_problem_status(cases[i].kind), cases[i].status);
        check(&writer, cases[i].text);
    }
    for (int kind = 0; kind < PROBLEMS; kind++) {
        assert_true(prom_problem_status((enum problem_kind)kind) >= 400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_come_from_the_form_first_and_plus_is_a_space),
        cmocka_unit_test(parameters_are_bounded),
        cmocka_unit_test(typed_parameters_keep_their_default_and_say_what_is_wrong),
        cmocka_unit_test(a_series_without_a_metric_name_is_named_by_its_id),
        cmocka_unit_test(a_series_with_a_metric_name_keeps_it),
        cmocka_unit_test(parameters_of_a_metric_are_given_by_equality),
        cmocka_unit_test(answers_have_prometheus_shapes),
        cmocka_unit_test(scalars_are_one_row_of_a_range),
        cmocka_unit_test(errors_have_their_types),
    };
    return cmocka_run_group_tests_name("prom", tests, NULL, NULL);
}
