/* Queries on series made by hand: arithmetic, look-back, ranges into the future, the limits. */
#include "server/wire/promql_eval.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#define MINUTE INT64_C(60000)
#define HOUR INT64_C(3600000)

static const struct promql_label labels_a[] = {{"__name__", "a"}, {"site", "n"}};
static const struct promql_label labels_b[] = {{"__name__", "b"}, {"site", "n"}};

/* Hours 0 to 9, values 10 to 19. */
static const struct promql_sample hourly[] = {
    {0, 10},        {HOUR, 11},     {2 * HOUR, 12}, {3 * HOUR, 13}, {4 * HOUR, 14},
    {5 * HOUR, 15}, {6 * HOUR, 16}, {7 * HOUR, 17}, {8 * HOUR, 18}, {9 * HOUR, 19}};
static const struct promql_series one = {labels_a, 2, hourly, 10, HOUR};

static int evaluate(const char *text, const struct promql_series *series, size_t n,
                    const struct promql_span *span, struct promql_answer *ret, struct err *err)
{
    struct promql *promql;
    if (promql_parse(text, strlen(text), &promql, err) != 0)
        fail_msg("%s: %s", text, err->msg);
    int status = promql_evaluate(promql, series, n, span, ret, err);
    promql_free(promql);
    return status;
}

static double number(const char *text)
{
    struct promql_span span = {0, 0, 1, PROMQL_LOOKBACK_MS};
    struct promql_answer answer;
    struct err err;
    assert_int_equal(evaluate(text, NULL, 0, &span, &answer, &err), 0);
    assert_int_equal(answer.type, PROMQL_SCALAR);
    double v = answer.number;
    promql_answer_done(&answer);
    return v;
}

/* The only row's only value at a time; promql_absent() where there is no row. */
static double at(const char *text, int64_t t, bool *ret_without_name)
{
    struct promql_span span = {t, t, 1, PROMQL_LOOKBACK_MS};
    struct promql_answer answer;
    struct err err;
    assert_int_equal(evaluate(text, &one, 1, &span, &answer, &err), 0);
    assert_int_equal(answer.type, PROMQL_VECTOR);
    double v = answer.row_n == 1 ? answer.rows[0].values[0] : promql_absent();
    if (ret_without_name != NULL)
        *ret_without_name = answer.row_n == 1 && answer.rows[0].without_name;
    promql_answer_done(&answer);
    return v;
}

static void arithmetic_has_the_precedence_of_promql(void **state)
{
    (void)state;
    assert_true(number("1+1") == 2);
    assert_true(number("1 + 2 * 3 ^ 2") == 19);
    assert_true(number("2 ^ 3 ^ 2") == 512);
    assert_true(number("-2 ^ 2") == -4);
    assert_true(number("2 ^ -1 * 4") == 2);
    assert_true(number("(1 - 2) - 3") == -4);
    assert_true(number("1 - 2 - 3") == -4);
    assert_true(number("7 % 4 + -1") == 2);
    assert_true(number("-7 % 4") == -3);
    assert_true(number("1 + 2 == bool 3") == 1);
    assert_true(number("1 >= bool 3") == 0);
    assert_true(number("0x1F + .5 + 1e1") == 41.5);
    assert_true(isinf(number("1 / 0")) && isnan(number("0 / 0")) && isnan(number("NaN")));
    assert_true(number("-Inf") < 0 && isinf(number("+inf")));
}

static void an_hourly_sample_holds_for_its_hour(void **state)
{
    struct promql_span span = {HOUR, 3 * HOUR, MINUTE, PROMQL_LOOKBACK_MS};
    struct promql_answer answer;
    struct err err;
    (void)state;
    assert_int_equal(evaluate("a", &one, 1, &span, &answer, &err), 0);
    assert_int_equal(answer.row_n, 1);
    for (size_t i = 0; i < promql_span_n(&span); i++)
        assert_true(answer.rows[0].values[i] == 11 + (double)(i / 60));
    promql_answer_done(&answer);
    assert_true(at("a", 10 * HOUR - 1, NULL) == 19);
    assert_true(promql_is_absent(at("a", 10 * HOUR, NULL)));
    assert_true(promql_is_absent(at("a", -1, NULL)));
}

static void a_fast_series_holds_for_the_look_back(void **state)
{
    static const struct promql_sample samples[] = {{0, 1}};
    static const struct promql_series fast = {labels_a, 2, samples, 1, 15000};
    struct promql_span span = {4 * MINUTE, 6 * MINUTE, MINUTE, PROMQL_LOOKBACK_MS};
    struct promql_answer answer;
    struct err err;
    (void)state;
    assert_int_equal(evaluate("a", &fast, 1, &span, &answer, &err), 0);
    assert_true(answer.rows[0].values[0] == 1);
    assert_true(promql_is_absent(answer.rows[0].values[1]) &&
                promql_is_absent(answer.rows[0].values[2]));
    promql_answer_done(&answer);
}

static void offsets_have_both_signs(void **state)
{
    (void)state;
    assert_true(at("a offset 2h", 5 * HOUR, NULL) == 13);
    assert_true(at("a offset -2h", 5 * HOUR, NULL) == 17);
}

static void a_range_may_lie_in_the_future(void **state)
{
    bool without_name;
    (void)state;
    assert_true(at("max_over_time(a[6h] offset -6h)", 2 * HOUR, &without_name) == 18);
    assert_true(without_name);
    assert_true(at("min_over_time(a[6h] offset -6h)", 2 * HOUR, NULL) == 13);
    assert_true(at("avg_over_time(a[2h])", 5 * HOUR, NULL) == 14.5);
    assert_true(at("sum_over_time(a[3h])", 5 * HOUR, NULL) == 42);
    assert_true(at("count_over_time(a[3h])", 5 * HOUR, NULL) == 3);
    assert_true(at("last_over_time(a[3h])", 5 * HOUR, &without_name) == 15);
    assert_false(without_name);
    assert_true(promql_is_absent(at("max_over_time(a[6h] offset -6h)", 9 * HOUR, NULL)));
}

static void comparisons_filter_or_tell(void **state)
{
    bool without_name;
    (void)state;
    assert_true(at("a > 14", 5 * HOUR, &without_name) == 15);
    assert_false(without_name);
    assert_true(promql_is_absent(at("a > 15", 5 * HOUR, NULL)));
    assert_true(at("14 < a", 5 * HOUR, NULL) == 15);
    assert_true(at("a > bool 15", 5 * HOUR, &without_name) == 0);
    assert_true(without_name);
    assert_true(at("max_over_time(a[6h] offset -6h) > 10", 2 * HOUR, NULL) == 18);
}

static void a_vector_and_a_number_combine_on_both_sides(void **state)
{
    (void)state;
    assert_true(at("100 - a * 2", 5 * HOUR, NULL) == 70);
    assert_true(at("-a + 1", 5 * HOUR, NULL) == -14);
    assert_true(at("a / (1 + 2)", 5 * HOUR, NULL) == 5);
}

static void rows_are_sorted_and_lost_names_must_not_make_them_equal(void **state)
{
    const struct promql_series two[] = {{labels_b, 2, hourly, 10, HOUR},
                                        {labels_a, 2, hourly, 10, HOUR}};
    struct promql_span span = {HOUR, HOUR, 1, PROMQL_LOOKBACK_MS};
    struct promql_answer answer = {.row_n = 77};
    struct err err;
    (void)state;
    assert_int_equal(evaluate("{site=\"n\"} * 2", two, 2, &span, &answer, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_int_equal(answer.row_n, 77);
    assert_int_equal(evaluate("{site=\"n\"}", two, 2, &span, &answer, &err), 0);
    assert_int_equal(answer.row_n, 2);
    assert_ptr_equal(answer.rows[0].labels, labels_a);
    promql_answer_done(&answer);
}

static void spans_have_prometheus_limits(void **state)
{
    struct err err;
    (void)state;
    assert_int_equal(promql_span_check(&(struct promql_span){0, 11000 * MINUTE, MINUTE, 1}, &err),
                     0);
    assert_int_equal(promql_span_check(&(struct promql_span){0, 11001 * MINUTE, MINUTE, 1}, &err),
                     -1);
    assert_non_null(strstr(err.msg, "exceeded maximum resolution of 11,000 points per timeseries"));
    assert_int_equal(promql_span_check(&(struct promql_span){5, 4, MINUTE, 1}, &err), -1);
    assert_int_equal(promql_span_check(&(struct promql_span){0, 4, 0, 1}, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    struct promql_span span = {0, 10000 * MINUTE, MINUTE, 1};
    struct promql_answer answer;
    assert_int_equal(evaluate("a", &one, 101, &span, &answer, &err), -1);
    assert_non_null(strstr(err.msg, "too many samples"));
}

static void the_reach_covers_what_the_query_looks_at(void **state)
{
    struct promql_span span = {10 * HOUR, 20 * HOUR, HOUR, PROMQL_LOOKBACK_MS};
    struct promql_selector instant = {.offset_ms = -2 * HOUR},
                           range = {.range_ms = 3 * HOUR, .offset_ms = HOUR};
    int64_t first, last;
    (void)state;
    promql_reach(&instant, &span, 24 * HOUR, &first, &last);
    assert_int_equal(first, -12 * HOUR);
    assert_int_equal(last, 22 * HOUR);
    promql_reach(&range, &span, 24 * HOUR, &first, &last);
    assert_int_equal(first, 6 * HOUR);
    assert_int_equal(last, 19 * HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic_has_the_precedence_of_promql),
        cmocka_unit_test(an_hourly_sample_holds_for_its_hour),
        cmocka_unit_test(a_fast_series_holds_for_the_look_back),
        cmocka_unit_test(offsets_have_both_signs),
        cmocka_unit_test(a_range_may_lie_in_the_future),
        cmocka_unit_test(comparisons_filter_or_tell),
        cmocka_unit_test(a_vector_and_a_number_combine_on_both_sides),
        cmocka_unit_test(rows_are_sorted_and_lost_names_must_not_make_them_equal),
        cmocka_unit_test(spans_have_prometheus_limits),
        cmocka_unit_test(the_reach_covers_what_the_query_looks_at),
    };
    return cmocka_run_group_tests_name("promql_eval", tests, NULL, NULL);
}
