/* Query parameters, and what a forecast is asked for. */
#include "server/http/query.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void names(const struct err *err, const char *place)
{
    assert_int_equal(err->code, ERR_INVALID);
    assert_string_equal(err->place, place);
    assert_non_null(strstr(err->msg, "expected"));
}

static void whole_numbers_keep_to_their_range(void **state)
{
    static const char *const wrong[] = {NULL, "", "0", "101", "1.5", "x", "1 ", "1e9", "01", "NaN"};
    int64_t v = 7;
    struct err err;
    (void)state;
    assert_int_equal(query_int("limit", "100", 1, 100, &v, &err), 0);
    assert_int_equal(v, 100);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(query_int("limit", wrong[i], 1, 100, &v, &err), -1);
        names(&err, "limit");
        assert_non_null(strstr(err.msg, "1 to 100"));
    }
    assert_int_equal(v, 100);
}

static void truth_has_four_spellings(void **state)
{
    bool v = false;
    struct err err;
    (void)state;
    assert_int_equal(query_bool("trace", "1", &v, &err), 0);
    assert_true(v);
    assert_int_equal(query_bool("trace", "false", &v, &err), 0);
    assert_false(v);
    assert_int_equal(query_bool("trace", "true", &v, &err), 0);
    assert_true(v);
    assert_int_equal(query_bool("trace", "0", &v, &err), 0);
    assert_false(v);
    assert_int_equal(query_bool("trace", "yes", &v, &err), -1);
    names(&err, "trace");
    assert_int_equal(query_bool("trace", NULL, &v, &err), -1);
    assert_false(v);
}

static void times_come_in_both_forms(void **state)
{
    static const char *const wrong[] = {NULL,        "", "soon", "1.5", "1e18", "253402300800000",
                                        "0000-01-01"};
    int64_t t = 0;
    struct err err;
    (void)state;
    assert_int_equal(query_time("start", "1795428000000", &t, &err), 0);
    assert_int_equal(t, INT64_C(1795428000000));
    assert_int_equal(query_time("start", "1970-01-01T00:00:01Z", &t, &err), 0);
    assert_int_equal(t, 1000);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(query_time("start", wrong[i], &t, &err), -1);
        names(&err, "start");
    }
    assert_int_equal(t, 1000);
}

static void lists_hold_numbers_between_commas(void **state)
{
    static const char *const wrong[] = {",", "1,", ",1", "1,,2", "1;2", "a", "1,nan", "1, 2"};
    double v[4];
    size_t n = 9;
    struct err err;
    (void)state;
    assert_int_equal(query_numbers("levels", "80,9.5e1", 4, v, &n, &err), 0);
    assert_int_equal(n, 2);
    assert_true(v[0] == 80.0 && v[1] == 95.0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(query_numbers("levels", wrong[i], 4, v, &n, &err), -1);
        names(&err, "levels");
    }
    assert_int_equal(query_numbers("levels", "1,2,3,4,5", 4, v, &n, &err), -1);
    assert_non_null(strstr(err.msg, "more than 4"));
    assert_int_equal(n, 2);
    assert_int_equal(query_numbers("levels", "", 4, v, &n, &err), 0);
    assert_int_equal(n, 0);
}

static void labels_are_split_at_the_first_equals_sign(void **state)
{
    struct series_label label;
    struct err err;
    (void)state;
    assert_int_equal(query_label("label", "site=a=b", &label, &err), 0);
    assert_string_equal(label.name, "site");
    assert_string_equal(label.value, "a=b");
    assert_int_equal(query_label("label", "site=", &label, &err), 0);
    assert_string_equal(label.value, "");
    assert_int_equal(query_label("label", "site", &label, &err), -1);
    names(&err, "label");
    assert_int_equal(query_label("label", "=a", &label, &err), -1);
}

static int set(struct forecast_params *params, const char *name, const char *value, struct err *err)
{
    bool known = false;
    int failed = forecast_params_set(params, name, value, &known, err);
    assert_true(known);
    return failed;
}

static void forecast_defaults_share_the_bounds_of_the_80_interval(void **state)
{
    static const double expect[] = {0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975};
    struct forecast_params params;
    struct forecast_ask ask;
    struct err err;
    (void)state;
    forecast_params_init(&params);
    assert_int_equal(forecast_params_ask(&params, "quantiles", &ask, &err), 0);
    assert_int_equal(ask.horizon, 0);
    assert_false(ask.trace);
    assert_int_equal(ask.level_n, 11);
    for (size_t i = 0; i < 11; i++) {
        assert_true(ask.levels[i] == expect[i]);
    }
}

static void forecast_parameters_are_joined_and_sorted(void **state)
{
    static const double expect[] = {0.0005, 0.005, 0.05, 0.1, 0.25, 0.5, 0.9, 0.95, 0.995, 0.9995};
    struct forecast_params params;
    struct forecast_ask ask;
    struct err err;
    (void)state;
    forecast_params_init(&params);
    assert_int_equal(set(&params, "levels", "99.9,80,90,99,80", &err), 0);
    assert_int_equal(set(&params, "quantiles", "0.5,0.25,0.5", &err), 0);
    assert_int_equal(set(&params, "horizon", "1024", &err), 0);
    assert_int_equal(set(&params, "trace", "1", &err), 0);
    assert_int_equal(set(&params, "time", "rfc3339", &err), 0);
    assert_int_equal(params.time, TIME_RFC3339);
    assert_int_equal(params.interval_n, 4);
    assert_int_equal(params.quantile_n, 2);
    assert_int_equal(forecast_params_ask(&params, "quantiles", &ask, &err), 0);
    assert_int_equal(ask.horizon, 1024);
    assert_true(ask.trace);
    assert_int_equal(ask.level_n, 10);
    for (size_t i = 0; i < 10; i++) {
        assert_true(ask.levels[i] == expect[i]);
    }
}

static void forecast_parameters_that_are_wrong_are_named(void **state)
{
    static const char *const wrong[][2] = {{"horizon", "0"},         {"horizon", "1025"},
                                           {"horizon", "-1"},        {"horizon", "a"},
                                           {"levels", "0"},          {"levels", "100"},
                                           {"levels", "-5"},         {"levels", "80,x"},
                                           {"quantiles", "0"},       {"quantiles", "1"},
                                           {"quantiles", "0.99999"}, {"levels", "99.9999"},
                                           {"quantiles", "1e-300"},  {"quantiles", "0.1,,"},
                                           {"trace", "2"},           {"time", "s"}};
    struct forecast_params params, before;
    struct err err;
    (void)state;
    forecast_params_init(&params);
    before = params;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(set(&params, wrong[i][0], wrong[i][1], &err), -1);
        names(&err, wrong[i][0]);
        assert_memory_equal(&params, &before, sizeof params);
    }
}

static void too_many_different_quantiles_are_refused(void **state)
{
    struct forecast_params params;
    struct forecast_ask ask = {.level_n = 77};
    struct err err;
    double quantiles[32];
    (void)state;
    forecast_params_init(&params);
    for (int i = 0; i < 32; i++) {
        quantiles[i] = (i + 1) / 40.0;
    }
    assert_int_equal(forecast_params_quantiles(&params, quantiles, 32, "quantiles", &err), 0);
    assert_int_equal(forecast_params_ask(&params, "quantiles", &ask, &err), -1);
    assert_string_equal(err.place, "quantiles");
    assert_int_equal(ask.level_n, 77);
    assert_int_equal(set(&params, "levels", "", &err), 0);
    assert_int_equal(forecast_params_ask(&params, "quantiles", &ask, &err), 0);
    assert_int_equal(ask.level_n, 32);
}

static void other_parameters_are_not_the_forecasts(void **state)
{
    struct forecast_params params;
    struct err err;
    bool known = true;
    (void)state;
    forecast_params_init(&params);
    assert_int_equal(forecast_params_set(&params, "horizons", "5", &known, &err), 0);
    assert_false(known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_keep_to_their_range),
        cmocka_unit_test(truth_has_four_spellings),
        cmocka_unit_test(times_come_in_both_forms),
        cmocka_unit_test(lists_hold_numbers_between_commas),
        cmocka_unit_test(labels_are_split_at_the_first_equals_sign),
        cmocka_unit_test(forecast_defaults_share_the_bounds_of_the_80_interval),
        cmocka_unit_test(forecast_parameters_are_joined_and_sorted),
        cmocka_unit_test(forecast_parameters_that_are_wrong_are_named),
        cmocka_unit_test(too_many_different_quantiles_are_refused),
        cmocka_unit_test(other_parameters_are_not_the_forecasts),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
