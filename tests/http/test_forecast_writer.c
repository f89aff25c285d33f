/* A forecast's answer. jansson reads the JSON back. */
#include "server/http/forecast_writer.h"

#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HORIZON 3
#define T0 INT64_C(1795428000000) /* 2026-11-23T10:00:00Z */

/* An answer whose numbers tell where they came from: quantile i of lead h is 10 i + h + 1/3. */
struct sample {
    struct forecast_params params;
    struct trm_forecast forecast;
    struct trm_trace_step trace[2];
    double median[HORIZON], quantiles[TRM_QUANTILES_MAX * HORIZON];
    struct forecast_answer answer;
};

static void make_sample(struct sample *s)
{
    struct forecast_ask ask;
    struct err err;
    memset(s, 0, sizeof *s);
    forecast_params_init(&s->params);
    assert_int_equal(forecast_params_ask(&s->params, "quantiles", &ask, &err), 0);
    for (size_t i = 0; i < ask.level_n * HORIZON; i++) {
        s->quantiles[i] = 10.0 * (double)(i / HORIZON) + (double)(i % HORIZON) + 1.0 / 3.0;
    }
    for (size_t h = 0; h < HORIZON; h++) {
        s->median[h] = 1000.0 + (double)h;
    }
    for (size_t i = 0; i < 2; i++) {
        s->trace[i] = (struct trm_trace_step){.median = s->median,
                                            .low = s->quantiles,
                                            .high = s->median,
                                            .update_y = 0.5,
                                            .update_z = 0.25,
                                            .moved = 0.125,
                                            .halt = (double)NAN,
                                            .verify = {.size = (double)NAN},
                                            .us = 17};
    }
    s->forecast = (struct trm_forecast){.horizon = HORIZON,
                                        .level_n = ask.level_n,
                                        .median = s->median,
                                        .quantiles = s->quantiles,
                                        .draft_n = 3,
                                        .draft = {{"seasonal_naive", 0.5},
                                                  {"drift", 0.25},
                                                  {"ridge", 0.25}},
                                        .gate = 0.75,
                                        .answered_by = TRM_BY_LITERAL,
                                        .halted_at = 2,
                                        .trace_n = 2,
                                        .trace_leads = HORIZON,
                                        .trace = s->trace};
    s->answer = (struct forecast_answer){.id = "a \"b\"/\xc3\xa9",
                                         .freq = {3600000, 0},
                                         .grid = {{3600000, 0}, T0 - 3600000},
                                         .first_step = 2,
                                         .has_time = true,
                                         .issued_at = T0,
                                         .forecast = &s->forecast,
                                         .has_model = true,
                                         .model_version = 3,
                                         .why = "the network beat the drafts",
                                         .level_n = ask.level_n};
    s->answer.model = (struct trm_model_info){.config = {24, 48, 64, 3, 6},
                                              .parameters = 1234,
                                              .mase = 0.8,
                                              .vs_seasonal_naive = (double)NAN,
                                              .coverage80 = 0.81,
                                              .coverage95 = 0.94,
                                              .backtest_n = 96};
    memcpy(s->answer.levels, ask.levels, sizeof ask.levels);
}

static json_t *written(const struct sample *s)
{
    char *text;
    size_t n;
    struct err err;
    json_error_t why;
    assert_int_equal(forecast_write_json(&s->answer, &s->params, &text, &n, &err), 0);
    json_t *json = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (json == NULL) {
        fail_msg("%s: %s", why.text, text);
    }
    free(text);
    return json;
}

static double number_in(const json_t *list, size_t i)
{
    assert_int_equal(json_array_size(list), HORIZON);
    assert_true(json_is_number(json_array_get(list, i)));
    return json_number_value(json_array_get(list, i));
}

static void is_near(double got, double want)
{
    assert_true(fabs(got - want) <= fabs(want) * 1e-8);
}

static void answer_names_series_and_times(void **state)
{
    struct sample s;
    (void)state;
    make_sample(&s);
    json_t *json = written(&s);
    assert_string_equal(json_string_value(json_object_get(json, "series")), s.answer.id);
    assert_string_equal(json_string_value(json_object_get(json, "frequency")), "1h");
    assert_int_equal(json_integer_value(json_object_get(json, "horizon")), HORIZON);
    assert_int_equal(json_integer_value(json_object_get(json, "issued_at")), T0);
    assert_string_equal(json_string_value(json_object_get(json, "time_unit")), "ms");
    for (size_t h = 0; h < HORIZON; h++) {
        assert_true(number_in(json_object_get(json, "timestamps"), h) ==
                    (double)(T0 + 3600000 * (int64_t)(h + 1)));
    }
    json_decref(json);
    s.params.time = TIME_RFC3339;
    json = written(&s);
    assert_string_equal(json_string_value(json_object_get(json, "issued_at")),
                        "2026-11-23T10:00:00Z");
    assert_string_equal(json_string_value(json_array_get(json_object_get(json, "timestamps"), 0)),
                        "2026-11-23T11:00:00Z");
    assert_null(json_object_get(json, "time_unit"));
    json_decref(json);
}

static void quantiles_and_intervals_are_keyed_by_their_levels(void **state)
{
    static const char *const keys[] = {"0.1", "0.2", "0.3", "0.4", "0.5",
                                       "0.6", "0.7", "0.8", "0.9"};
    struct sample s;
    (void)state;
    make_sample(&s);
    json_t *json = written(&s);
    const json_t *quantiles = json_object_get(json, "quantiles");
    const json_t *intervals = json_object_get(json, "intervals");
    assert_int_equal(json_object_size(quantiles), 9);
    for (size_t i = 0; i < 9; i++) {
        for (size_t h = 0; h < HORIZON; h++) {
            /* Level 0.025 of the 95% interval comes first. */
            is_near(number_in(json_object_get(quantiles, keys[i]), h),
                    10.0 * (double)(i + 1) + (double)h + 1.0 / 3.0);
        }
    }
    assert_int_equal(json_object_size(intervals), 2);
    const json_t *i80 = json_object_get(intervals, "80"), *i95 = json_object_get(intervals, "95");
    is_near(number_in(json_object_get(i80, "lower"), 1), 11.0 + 1.0 / 3.0);
    is_near(number_in(json_object_get(i80, "upper"), 1), 91.0 + 1.0 / 3.0);
    is_near(number_in(json_object_get(i95, "lower"), 2), 2.0 + 1.0 / 3.0);
    is_near(number_in(json_object_get(i95, "upper"), 2), 102.0 + 1.0 / 3.0);
    is_near(number_in(json_object_get(json, "median"), 2), 1002.0);
    json_decref(json);
}

static void model_method_and_scores_are_told(void **state)
{
    struct sample s;
    (void)state;
    make_sample(&s);
    json_t *json = written(&s), *model = json_object_get(json, "model");
    const json_t *skill = json_object_get(json, "skill");
    assert_int_equal(json_integer_value(json_object_get(model, "version")), 3);
    assert_int_equal(json_integer_value(json_object_get(model, "parameters")), 1234);
    assert_int_equal(json_integer_value(json_object_get(model, "supervision_steps")), 3);
    assert_int_equal(json_integer_value(json_object_get(model, "recursions")), 6);
    assert_int_equal(json_integer_value(json_object_get(model, "halted_at")), 2);
    const json_t *method = json_object_get(json, "method");
    assert_string_equal(json_string_value(json_object_get(method, "answered_by")), "literal");
    assert_string_equal(json_string_value(json_object_get(method, "why")), s.answer.why);
    is_near(json_number_value(json_object_get(json_object_get(json, "drafts"), "drift")), 0.25);
    is_near(json_number_value(json_object_get(skill, "mase")), 0.8);
    assert_true(json_is_null(json_object_get(skill, "vs_seasonal_naive")));
    assert_string_equal(json_string_value(json_object_get(skill, "measured_on")), "backtest");
    assert_int_equal(json_integer_value(json_object_get(skill, "n")), 96);
    is_near(json_number_value(json_object_get(json_object_get(json, "coverage"), "80")), 0.81);
    assert_null(json_object_get(json, "trace"));
    json_decref(json);
}

static void answer_without_a_model_has_no_scores(void **state)
{
    struct sample s;
    (void)state;
    make_sample(&s);
    s.answer.has_model = false;
    s.answer.model_version = 0;
    s.forecast.answered_by = TRM_BY_CONSENSUS;
    json_t *json = written(&s);
    assert_true(json_is_null(json_object_get(json, "skill")));
    assert_true(json_is_null(json_object_get(json, "coverage")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(json, "model"), "parameters")), 0);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(json, "method"), "answered_by")),
        "consensus");
    json_decref(json);
}

static void trace_tells_every_step(void **state)
{
    struct sample s;
    (void)state;
    make_sample(&s);
    s.params.trace = true;
    json_t *json = written(&s);
    const json_t *trace = json_object_get(json, "trace");
    assert_int_equal(json_array_size(trace), 2);
    const json_t *step = json_array_get(trace, 1);
    assert_int_equal(json_integer_value(json_object_get(step, "step")), 1);
    is_near(number_in(json_object_get(step, "median"), 0), 1000.0);
    is_near(json_number_value(json_object_get(step, "update_y")), 0.5);
    is_near(json_number_value(json_object_get(step, "update_z")), 0.25);
    is_near(json_number_value(json_object_get(step, "moved")), 0.125);
    is_near(json_number_value(json_object_get(step, "halt")), 0.125);
    is_near(number_in(json_object_get(step, "lower"), 0), 1.0 / 3.0);
    is_near(number_in(json_object_get(step, "upper"), 0), 1000.0);
    assert_true(json_is_null(json_object_get(step, "halt_probability")));
    assert_true(json_is_null(json_object_get(step, "verification")));
    assert_int_equal(json_array_size(json_object_get(step, "trusted")), 0);
    assert_int_equal(json_integer_value(json_object_get(step, "us")), 17);
    json_decref(json);
}

/* As make_sample, but answered by shared networks whose record is known. */
static void make_shared(struct sample *s, const struct trm_base *base)
{
    make_sample(s);
    s->answer.base = base;
    s->answer.config.kind = TRM_KIND_TRM;
    s->answer.model.widening = (struct trm_widening){{{1.5, 1.25}, {0.75, 1}}};
    s->forecast.answered_by = TRM_BY_NETWORK;
    s->forecast.halted = TRM_HALTED_SETTLED;
    s->forecast.halted_at = 1;
    s->forecast.halted_below = 0.02;
    s->params.trace = true;
    for (size_t i = 0; i < 2; i++) {
        s->trace[i].trust_n = 2;
        for (size_t place = 0; place < TRM_TRACE_PLACES; place++) {
            s->forecast.trace_place[place] = place + 1;
            s->trace[i].trust[place][i] = (struct trm_draft_weight){"theta", 0.41};
            s->trace[i].trust[place][1 - i] = (struct trm_draft_weight){"pooled_regression", 0.52};
        }
    }
    s->trace[1].moved = 0.013;
    s->trace[1].halt = 0.3;
    s->trace[1].verify = (struct trm_trace_verify){0.8, 0.04, 0.6, 2.5, 0.75};
}

static const struct trm_base two_networks = {
    .network_n = 2, .parameters = 1000, .shape = {.supervision = 3, .recursions = 2}, .name = "b-1"};

static void shared_networks_and_widening_are_told(void **state)
{
    struct sample s;
    (void)state;
    make_shared(&s, &two_networks);
    json_t *json = written(&s), *model = json_object_get(json, "model");
    assert_string_equal(json_string_value(json_object_get(model, "kind")), "trm");
    assert_string_equal(json_string_value(json_object_get(model, "weights")), "b-1");
    assert_int_equal(json_integer_value(json_object_get(model, "networks")), 2);
    assert_int_equal(json_integer_value(json_object_get(model, "parameters")), 2000);
    const json_t *widening = json_object_get(json, "widening");
    const json_t *of80 = json_object_get(widening, "80"), *of95 = json_object_get(widening, "95");
    is_near(json_number_value(json_array_get(of80, 0)), 1.5); /* below */
    is_near(json_number_value(json_array_get(of80, 1)), 0.75); /* above */
    is_near(json_number_value(json_array_get(of95, 0)), 1.25);
    json_decref(json);
    s.answer.has_model = false;
    json = written(&s);
    assert_true(json_is_null(json_object_get(json, "widening")));
    json_decref(json);
    s.forecast.answered_by = TRM_BY_DRAFT;
    s.forecast.answered_draft = "theta";
    json = written(&s);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "method"), "answered_by")),
                        "theta");
    json_decref(json);
}

static void words_of(const json_t *trace, size_t i, const char *wanted)
{
    const char *words = json_string_value(json_object_get(json_array_get(trace, i), "words"));
    assert_string_equal(words, wanted);
}

static void a_shared_trace_tells_whom_it_trusted_and_why_it_stopped(void **state)
{
    struct sample s;
    (void)state;
    make_shared(&s, &two_networks);
    json_t *json = written(&s);
    const json_t *trace = json_object_get(json, "trace"), *step = json_array_get(trace, 1);
    const json_t *verification = json_object_get(step, "verification");
    is_near(json_number_value(json_object_get(step, "halt_probability")), 0.3);
    is_near(json_number_value(json_object_get(verification, "size")), 0.8);
    is_near(json_number_value(json_object_get(verification, "share_above")), 0.6);
    const json_t *place = json_array_get(json_object_get(step, "trusted"), 2);
    assert_int_equal(json_integer_value(json_object_get(place, "lead")), 3);
    const json_t *first = json_array_get(json_object_get(place, "drafts"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "pooled_regression");
    is_near(json_number_value(json_object_get(first, "weight")), 0.52);
    words_of(trace, 0, "The drafts' consensus: at the first lead most of it is theta (41%).");
    words_of(trace, 1,
             "On the record the answer would have erred by 0.8 sigma, on average 0.04 sigma too high, with "
             "75% of the truth inside its 80% interval; trust moved from theta (41%) to pooled_regression "
             "(52%) at the first lead. Halted: the median moved by 1.3% of the 80% interval, less than 2%.");
    json_decref(json);
}

static void a_shared_trace_without_a_record_has_words_too(void **state)
{
    struct sample s;
    (void)state;
    make_shared(&s, &two_networks);
    s.trace[1].verify = (struct trm_trace_verify){.size = (double)NAN, .coverage = (double)NAN};
    s.trace[1].trust[0][0].name = "theta";
    s.forecast.halted = TRM_HALTED_STEPS;
    json_t *json = written(&s);
    words_of(json_object_get(json, "trace"), 1,
             "There is no past to hold the answer against yet; most trusted at the first lead is still "
             "theta (52%, was 41%). Halted: all 1 steps are taken; the last one moved the median by 1.3% of "
             "the 80% interval.");
    json_decref(json);
    s.forecast.halted = TRM_HALTED_CONTENT;
    json = written(&s);
    words_of(json_object_get(json, "trace"), 1,
             "There is no past to hold the answer against yet; most trusted at the first lead is still "
             "theta (52%, was 41%). Halted: another step is expected to help with a probability of 30% "
             "only.");
    json_decref(json);
}

static void answer_without_times_has_none(void **state)
{
    struct sample s;
    (void)state;
    make_sample(&s);
    s.answer.has_time = false;
    s.answer.freq = (struct trm_freq){0, 0};
    s.answer.id = NULL;
    json_t *json = written(&s);
    assert_null(json_object_get(json, "timestamps"));
    assert_null(json_object_get(json, "issued_at"));
    assert_null(json_object_get(json, "frequency"));
    assert_true(json_is_null(json_object_get(json, "series")));
    json_decref(json);
}

static void csv_has_a_column_per_quantile_and_bound(void **state)
{
    struct sample s;
    char *text;
    size_t n;
    struct err err;
    double tenth = 0.1, half = 80.0;
    (void)state;
    make_sample(&s);
    assert_int_equal(forecast_params_quantiles(&s.params, &tenth, 1, "", &err), 0);
    assert_int_equal(forecast_params_intervals(&s.params, &half, 1, "", &err), 0);
    s.median[1] = (double)NAN;
    assert_int_equal(forecast_write_csv(&s.answer, &s.params, &text, &n, &err), 0);
    assert_string_equal(text, "timestamp,median,q0.1,lo-80,hi-80\n"
                              "1795431600000,1000,10.3333333,10.3333333,90.3333333\n"
                              "1795435200000,,11.3333333,11.3333333,91.3333333\n"
                              "1795438800000,1002,12.3333333,12.3333333,92.3333333\n");
    free(text);
    s.params.time = TIME_RFC3339;
    assert_int_equal(forecast_write_csv(&s.answer, &s.params, &text, &n, &err), 0);
    assert_non_null(strstr(text, "\n2026-11-23T11:00:00Z,1000,"));
    free(text);
    s.answer.has_time = false;
    assert_int_equal(forecast_write_csv(&s.answer, &s.params, &text, &n, &err), 0);
    assert_int_equal(strncmp(text, "step,median", 11), 0);
    assert_non_null(strstr(text, "\n3,1002,"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_names_series_and_times),
        cmocka_unit_test(quantiles_and_intervals_are_keyed_by_their_levels),
        cmocka_unit_test(model_method_and_scores_are_told),
        cmocka_unit_test(answer_without_a_model_has_no_scores),
        cmocka_unit_test(trace_tells_every_step),
        cmocka_unit_test(shared_networks_and_widening_are_told),
        cmocka_unit_test(a_shared_trace_tells_whom_it_trusted_and_why_it_stopped),
        cmocka_unit_test(a_shared_trace_without_a_record_has_words_too),
        cmocka_unit_test(answer_without_times_has_none),
        cmocka_unit_test(csv_has_a_column_per_quantile_and_bound),
    };
    return cmocka_run_group_tests_name("forecast_writer", tests, NULL, NULL);
}
