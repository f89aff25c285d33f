/* Backtests: from the question to the result, and everything that can come between. */
#include "server/service/backtest.h"
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINTS 200
#define ALL ((1u << TRM_ROLLING_METHODS) - 1)

/* Quick: no exponential smoothing. */
static const struct backtest_ask quick = {.horizon = 7, .windows = 3, .step = 5,
                                          .methods = ALL & ~(1u << (TRM_ROLLING_CLASSIC + TRM_CLASSIC_ETS)),
                                          .level = {80, 95}, .level_n = 2};
/* Takes seconds. */
static const struct backtest_ask slow = {.horizon = 7, .windows = 100, .step = 1, .methods = ALL,
                                         .level = {80, 95}, .level_n = 2};

static void ask(struct fixture *f, const char *id, const struct backtest_ask *what, char *ret_job)
{
    struct outcome outcome = {0};
    struct err err;

    if (service_backtest(f->service, id, what, on_fit, &outcome, &err))
        fail_msg("%s", err.msg);
    run_until(f, &outcome.called);
    assert_int_equal(outcome.err.code, ERR_NONE);
    strcpy(ret_job, outcome.job);
}

static struct job_view job_of(struct fixture *f, const char *job)
{
    struct job_view view;
    struct err err;

    assert_int_equal(service_get_job(f->service, job, &view, &err), 0);
    return view;
}

static void a_backtest_compares_every_method_that_was_asked_for(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    make_daily(f, "a", POINTS, FIT_OFF);
    ask(f, "a", &quick, job);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    struct job_view view = job_of(f, job);
    assert_int_equal(view.row->kind, JOB_BACKTEST);
    assert_true(view.progress == 1);
    assert_int_equal(view.step, 3);
    assert_non_null(strstr(view.row->result,
                           "{\"horizon\":7,\"windows\":3,\"step\":5,\"scored_windows\":3,"));
    assert_non_null(strstr(view.row->result, "\"trm\":{\"model\":"));
    assert_non_null(strstr(view.row->result, "\"theta\":{\"model\":\"Theta"));
    assert_null(strstr(view.row->result, "\"ets\":"));
    assert_int_equal(counters_get(&f->counters, COUNTER_BACKTESTS_SUCCEEDED), 1);
    assert_int_equal(counters_get(&f->counters, COUNTER_FITS_SUCCEEDED), 0);
    assert_int_equal(view_of(f, "a").model_version, 0); /* it leaves the series as it was */
}

static void the_same_backtest_has_the_same_result(void **state)
{
    struct fixture *f = *state;
    char a[JOB_ID_MAX + 1], b[JOB_ID_MAX + 1];

    make_daily(f, "a", POINTS, FIT_OFF);
    ask(f, "a", &quick, a);
    ask(f, "a", &quick, b);
    assert_int_equal(job_wait(f, a), JOB_SUCCEEDED);
    assert_int_equal(job_wait(f, b), JOB_SUCCEEDED);
    const char *of_a = job_of(f, a).row->result, *of_b = job_of(f, b).row->result;
    size_t n = (size_t)(strstr(of_a, "\"seconds\"") - of_a);
    assert_memory_equal(of_a, of_b, n);
}

static void a_fit_goes_on_beside_a_backtest(void **state)
{
    struct fixture *f = *state;
    char test[JOB_ID_MAX + 1], fit[JOB_ID_MAX + 1];

    make_daily(f, "a", POINTS, FIT_OFF);
    ask(f, "a", &slow, test);
    assert_int_equal(fit_wait(f, "a", true, fit), JOB_SUCCEEDED); /* the only worker, between two slices */
    assert_int_equal(view_of(f, "a").model_version, 1);
    enum job_state meanwhile = job_state_of(f, test);
    assert_true(meanwhile == JOB_RUNNING || meanwhile == JOB_PENDING);
}

static void a_running_backtest_is_cancelled_between_two_windows(void **state)
{
    struct fixture *f = *state;
    struct outcome cancelled = {0};
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    ask(f, "a", &slow, job);
    while (job_of(f, job).step == 0)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    assert_int_equal(job_of(f, job).row->state, JOB_RUNNING);
    assert_int_equal(service_cancel_job(f->service, job, on_plain, &cancelled, &err), 0);
    run_until(f, &cancelled.called);
    struct job_view view = job_of(f, job);
    assert_int_equal(view.row->state, JOB_CANCELLED);
    assert_true(view.step < 100);
    assert_null(view.row->result);
    assert_int_equal(counters_get(&f->counters, COUNTER_BACKTESTS_CANCELLED), 1);
}

static void a_waiting_backtest_is_cancelled_at_once(void **state)
{
    struct fixture *f = *state;
    struct outcome cancelled = {0};
    char job[JOB_ID_MAX + 1];
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    block_worker(f);
    ask(f, "a", &slow, job);
    assert_int_equal(service_cancel_job(f->service, job, on_plain, &cancelled, &err), 0);
    run_until(f, &cancelled.called);
    assert_int_equal(job_state_of(f, job), JOB_CANCELLED);
}

static void a_backtest_that_was_interrupted_runs_again_after_the_restart(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct backtest_ask long_enough = quick;

    make_daily(f, "a", POINTS, FIT_OFF);
    block_worker(f);
    ask(f, "a", &long_enough, job);
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    assert_non_null(strstr(job_of(f, job).row->result, "{\"horizon\":7,\"windows\":3,\"step\":5,"));
}

static void a_series_deleted_meanwhile_takes_its_backtest_along(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct job_view view;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    ask(f, "a", &slow, job);
    while (job_of(f, job).step == 0)
        uv_run(&f->loop, UV_RUN_NOWAIT);
    delete_series(f, "a");
    assert_int_equal(service_get_job(f->service, job, &view, &err), -1);
    run_idle(f);
}

static void only_so_many_backtests_of_a_series_wait(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct outcome outcome = {0};
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    make_daily(f, "b", POINTS, FIT_OFF);
    block_worker(f);
    for (int i = 0; i < BACKTESTS_SERIES_MAX; i++)
        ask(f, "a", &quick, job);
    assert_int_equal(service_backtest(f->service, "a", &quick, on_fit, &outcome, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    ask(f, "b", &quick, job);
    unblock_worker(f);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    ask(f, "a", &quick, job);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
}

static void an_own_network_is_trained_for_every_origin(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];
    struct series_patch patch = {.set = PATCH_MODEL};
    struct backtest_ask what = quick;
    struct err err;

    make_daily(f, "a", POINTS, FIT_OFF);
    series_settings_init(&patch.settings);
    patch.settings.model = TRM_KIND_LITERAL;
    put_series(f, "a", &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    what.windows = 1;
    ask(f, "a", &what, job);
    assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
    const char *result = job_of(f, job).row->result;
    assert_true(strstr(result, "\"trm\":{\"model\":\"literal\"") ||
                strstr(result, "\"trm\":{\"model\":\"consensus\""));
}

static void a_backtest_over_its_budget_fails_and_says_so(void **state)
{
    struct fixture *f = *state;
    char job[JOB_ID_MAX + 1];

    fixture_close(f);
    f->config.fit_budget_ms = 1;
    fixture_open(f);
    make_daily(f, "a", POINTS, FIT_OFF);
    ask(f, "a", &slow, job);
    assert_int_equal(job_wait(f, job), JOB_FAILED);
    assert_non_null(strstr(job_of(f, job).row->error, "budget"));
}

/* A result of this size fits a few hundred times: the oldest go long before there are a thousand jobs. */
static void results_together_stay_within_their_bytes(void **state)
{
    struct fixture *f = *state;
    char first[JOB_ID_MAX + 1], job[JOB_ID_MAX + 1];
    struct backtest_ask large = {.horizon = TRM_ROLLING_HORIZON_MAX, .windows = 3, .step = 1,
                                 .methods = ALL & ~(1u << TRM_ROLLING_TRM | 1u << (TRM_ROLLING_CLASSIC +
                                                                                   TRM_CLASSIC_ETS)),
                                 .level = {50, 80, 90, 95}, .level_n = 4};
    struct job_view view;
    struct err err;
    size_t n = 1, bytes;

    make_daily(f, "a", 2 * POINTS, FIT_OFF);
    ask(f, "a", &large, first);
    assert_int_equal(job_wait(f, first), JOB_SUCCEEDED);
    bytes = strlen(job_of(f, first).row->result) + 1;
    while (service_get_job(f->service, first, &view, &err) == 0 && n < JOBS_FINISHED_MAX) {
        ask(f, "a", &large, job);
        assert_int_equal(job_wait(f, job), JOB_SUCCEEDED);
        n++;
    }
    assert_int_equal(n, JOBS_RESULT_BYTES_MAX / bytes + 1);
    assert_int_equal(job_state_of(f, job), JOB_SUCCEEDED);
}

/* ---- what is asked ---- */

static void defaults_leave_half_of_the_history_before_the_first_origin(void **state)
{
    struct backtest_ask nothing = {0}, settled;
    struct err err;

    (void)state;
    assert_int_equal(backtest_settle(&nothing, 400, 48, &settled, &err), 0);
    assert_int_equal(settled.horizon, 48);
    assert_int_equal(settled.step, 48);
    assert_int_equal(settled.windows, 4); /* 400 / 2 + 4 * 48 = 392 */
    assert_int_equal(settled.methods, ALL);
    assert_int_equal(backtest_settle(&nothing, 2048, 48, &settled, &err), 0);
    assert_int_equal(settled.windows, BACKTEST_WINDOWS_DEFAULT);
    assert_int_equal(backtest_settle(&nothing, 40, 48, &settled, &err), 0);
    assert_int_equal(settled.horizon, 10); /* a quarter */
    assert_int_equal(backtest_settle(&nothing, 5000, 1000, &settled, &err), 0);
    assert_int_equal(settled.horizon, TRM_ROLLING_HORIZON_MAX);
}

static void what_is_out_of_range_is_named(void **state)
{
    struct backtest_ask wrong = {.windows = TRM_ROLLING_WINDOWS_MAX + 1}, settled = {.horizon = 99};
    struct err err;

    (void)state;
    assert_int_equal(backtest_settle(&wrong, 400, 48, &settled, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.place, "/windows");
    wrong = (struct backtest_ask){.level = {95, 80}, .level_n = 2};
    assert_int_equal(backtest_settle(&wrong, 400, 48, &settled, &err), -1);
    assert_string_equal(err.place, "/levels/1");
    wrong = (struct backtest_ask){.horizon = 10, .windows = 5};
    assert_int_equal(backtest_settle(&wrong, 59, 48, &settled, &err), -1);
    assert_int_equal(err.code, ERR_TOO_SHORT);
    assert_non_null(strstr(err.msg, "1 more are missing"));
    assert_int_equal(backtest_settle(&wrong, 60, 48, &settled, &err), 0);
}

static void what_was_asked_comes_back_from_its_text(void **state)
{
    static const char *const damaged[] = {"", "{}", "{\"horizon\":1}",
        "{\"horizon\":999,\"windows\":1,\"step\":1,\"methods\":1,\"levels\":[0,0,0,0]}"};
    struct backtest_ask asked = {.horizon = 12, .windows = 100, .step = 3, .methods = 21,
                                 .level = {50, 97.5}, .level_n = 2}, back;

    (void)state;
    char *text = backtest_encode(&asked);
    assert_true(backtest_decode(text, &back));
    assert_memory_equal(&back, &asked, sizeof back);
    free(text);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        assert_false(backtest_decode(damaged[i], &back));
}

static void the_largest_report_fits_and_numbers_without_meaning_are_null(void **state)
{
    static struct trm_rolling_lead lead[TRM_ROLLING_HORIZON_MAX];
    struct backtest_ask asked = {.horizon = TRM_ROLLING_HORIZON_MAX, .level = {50.123456, 80, 90, 99},
                                 .level_n = 4};
    struct trm_rolling_report report = {.horizon = TRM_ROLLING_HORIZON_MAX, .windows = 100, .level_n = 4,
                                        .best = TRM_ROLLING_METHODS};

    (void)state;
    for (size_t h = 0; h < TRM_ROLLING_HORIZON_MAX; h++)
        lead[h] = (struct trm_rolling_lead){
            1.2345e-300, 1.2345e300, 1.2345e100, {.3333, .3333, .3333, .3333}};
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++)
        report.score[k] = (struct trm_rolling_score){.asked = true, .mase = (double)NAN, .lead = lead};
    char *text = backtest_result(&report, &asked, NULL, 1.5);
    assert_non_null(strstr(text, "\"best\":null,\"weights\":null,"));
    assert_non_null(strstr(text, "\"mase\":null"));
    assert_true(strlen(text) <= JOB_BACKTEST_RESULT_MAX);
    free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_backtest_compares_every_method_that_was_asked_for),
        TEST(the_same_backtest_has_the_same_result),
        TEST(a_fit_goes_on_beside_a_backtest),
        TEST(a_running_backtest_is_cancelled_between_two_windows),
        TEST(a_waiting_backtest_is_cancelled_at_once),
        TEST(a_backtest_that_was_interrupted_runs_again_after_the_restart),
        TEST(a_series_deleted_meanwhile_takes_its_backtest_along),
        TEST(only_so_many_backtests_of_a_series_wait),
        TEST(an_own_network_is_trained_for_every_origin),
        TEST(a_backtest_over_its_budget_fails_and_says_so),
        TEST(results_together_stay_within_their_bytes),
        cmocka_unit_test(defaults_leave_half_of_the_history_before_the_first_origin),
        cmocka_unit_test(what_is_out_of_range_is_named),
        cmocka_unit_test(what_was_asked_comes_back_from_its_text),
        cmocka_unit_test(the_largest_report_fits_and_numbers_without_meaning_are_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
