/* Outlooks and the questions to them: values ahead, times to a threshold, what is kept and for how
 * long. */
#include "server/service/ahead.h"
#include "server/service/reads.h"
#include "tests/server/service_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

/* Hourly; the last known value 10 at hour 0, then 12, 16, 14. */
static const double median[] = {12, 16, 14}, lower[] = {11, 12, 13}, upper[] = {13, 20, 18};
static struct outlook made(double last)
{
    return (struct outlook){.grid = {.freq = {.ms = HOUR}},
                            .first_step = 1,
                            .horizon = 3,
                            .issued_at = 0,
                            .last = last,
                            .median = median,
                            .lower = lower,
                            .upper = upper};
}

static void a_value_holds_for_its_step(void **state)
{
    struct outlook outlook = made(10);
    struct ahead_value value = {.median = 77};
    (void)state;
    assert_false(ahead_at(&outlook, -1, &value));
    assert_false(ahead_at(&outlook, 4 * HOUR, &value));
    assert_true(value.median == 77);
    assert_true(ahead_at(&outlook, HOUR - 1, &value));
    assert_true(value.median == 10 && value.lower == 10 && value.upper == 10);
    assert_true(ahead_at(&outlook, HOUR, &value));
    assert_true(value.median == 12 && value.lower == 11 && value.upper == 13);
    assert_true(ahead_at(&outlook, 4 * HOUR - 1, &value));
    assert_true(value.median == 14);
    outlook = made((double)NAN);
    assert_false(ahead_at(&outlook, HOUR - 1, &value));
}

static void a_threshold_is_crossed_between_two_steps(void **state)
{
    struct outlook outlook = made(10);
    (void)state;
    assert_true(ahead_crossing_ms(&outlook, median, 14, true, 0) == 1.5 * HOUR);
    assert_true(ahead_crossing_ms(&outlook, median, 11, true, 0) == 0.5 * HOUR);
    assert_true(ahead_crossing_ms(&outlook, median, 14, true, HOUR) == 0.5 * HOUR);
    assert_true(ahead_crossing_ms(&outlook, median, 14, true, 2 * HOUR) == 0);
    assert_true(ahead_crossing_ms(&outlook, median, 10, true, 0) == 0);
    assert_true(isnan(ahead_crossing_ms(&outlook, median, 16.5, true, 0)));
    assert_true(ahead_crossing_ms(&outlook, upper, 16.5, true, 0) == 1.5 * HOUR);
    assert_true(ahead_crossing_ms(&outlook, median, 10, false, 0) == 0);
    assert_true(isnan(ahead_crossing_ms(&outlook, median, 9, false, 0)));
    outlook = made((double)NAN);
    assert_true(ahead_crossing_ms(&outlook, median, 11, true, 0) == HOUR);
}

static void an_outlook_is_the_forecast(void **state)
{
    struct fixture *f = *state;
    struct forecast_ask ask = {
        .horizon = 5, .levels = {OUTLOOK_LOWER, OUTLOOK_UPPER}, .level_n = 2};
    struct forecast_answer answer;
    struct outlook outlook;
    struct err err;
    make_daily(f, "a", 60, FIT_OFF);
    assert_int_equal(service_outlook(f->service, "a", 0, &outlook, &err), 0);
    ask.horizon = outlook.horizon;
    assert_int_equal(service_forecast(f->service, "a", &ask, &answer, &err), 0);
    assert_int_equal(outlook.issued_at, START + 59 * DAY);
    assert_int_equal(trm_grid_time(&outlook.grid, outlook.first_step), START + 60 * DAY);
    struct point *points = daily(59, 1);
    assert_true(outlook.last == points[0].v);
    free(points);
    size_t bytes = outlook.horizon * sizeof(double);
    assert_memory_equal(outlook.median, answer.forecast->median, bytes);
    assert_memory_equal(outlook.lower, answer.forecast->quantiles, bytes);
    assert_memory_equal(outlook.upper, answer.forecast->quantiles + outlook.horizon, bytes);
    forecast_answer_done(&answer);
}

static uint64_t computed(struct fixture *f)
{
    return counters_get(&f->counters, COUNTER_FORECASTS);
}

static void an_outlook_is_kept_until_the_series_changes(void **state)
{
    struct fixture *f = *state;
    struct outlook outlook;
    struct err err;
    make_daily(f, "a", 60, FIT_OFF);
    make_daily(f, "b", 60, FIT_OFF);
    size_t own = view_of(f, "a").horizon;
    assert_int_equal(service_outlook(f->service, "a", 40, &outlook, &err), 0);
    assert_int_equal(outlook.horizon, 64);
    uint64_t before = computed(f);
    assert_int_equal(service_outlook(f->service, "a", 3, &outlook, &err), 0);
    assert_int_equal(outlook.horizon, own);
    assert_int_equal(computed(f), before + 1);
    assert_int_equal(service_outlook(f->service, "a", 63, &outlook, &err), 0);
    assert_int_equal(service_outlook(f->service, "a", 0, &outlook, &err), 0);
    assert_int_equal(computed(f), before + 1);
    assert_int_equal(service_outlook(f->service, "b", 3, &outlook, &err), 0);
    assert_int_equal(computed(f), before + 2);
    assert_int_equal(service_outlook(f->service, "a", 65, &outlook, &err), 0);
    assert_int_equal(outlook.horizon, 128);
    assert_int_equal(computed(f), before + 3);
    struct point *points = daily(60, 1);
    put_ok(f, "a", points, 1);
    free(points);
    assert_int_equal(service_outlook(f->service, "a", 3, &outlook, &err), 0);
    assert_int_equal(computed(f), before + 4);
    assert_int_equal(outlook.issued_at, START + 60 * DAY);
    assert_int_equal(service_outlook(f->service, "a", 5000, &outlook, &err), 0);
    assert_int_equal(outlook.horizon, TRM_HORIZON_MAX);
}

static void a_series_that_cannot_be_forecast_has_no_outlook(void **state)
{
    struct fixture *f = *state;
    struct outlook outlook = {.horizon = 77};
    struct err err;
    make_daily(f, "a", 2, FIT_OFF);
    assert_int_equal(service_outlook(f->service, "a", 3, &outlook, &err), -1);
    assert_int_equal(err.code, ERR_TOO_SHORT);
    assert_int_equal(service_outlook(f->service, "b", 3, &outlook, &err), -1);
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_int_equal(outlook.horizon, 77);
}

static void leads_are_counted_to_the_step_of_a_time(void **state)
{
    struct fixture *f = *state;
    make_daily(f, "a", 10, FIT_OFF);
    assert_int_equal(service_leads_until(f->service, "a", START + 10 * DAY - 1), 0);
    assert_int_equal(service_leads_until(f->service, "a", START + 10 * DAY), 1);
    assert_int_equal(service_leads_until(f->service, "a", START + 12 * DAY - 1), 2);
    assert_int_equal(service_leads_until(f->service, "b", START + 10 * DAY), 0);
}

static void recent_values_are_all_there_are_in_a_short_series(void **state)
{
    struct fixture *f = *state;
    struct recent_view recent;
    struct err err;
    make_daily(f, "a", 10, FIT_OFF);
    assert_int_equal(service_recent(f->service, "a", &recent, &err), 0);
    assert_true(recent.grid_known && recent.complete);
    assert_int_equal(recent.n, 10);
    make_daily(f, "b", TRM_CONTEXT_MAX + 10, FIT_OFF);
    assert_int_equal(service_recent(f->service, "b", &recent, &err), 0);
    assert_false(recent.complete);
    assert_int_equal(service_recent(f->service, "c", &recent, &err), -1);
}

static void note(void *ctx)
{
    *(bool *)ctx = true;
}

static void later_comes_after_the_call_and_before_the_service_is_idle(void **state)
{
    struct fixture *f = *state;
    bool called = false;
    struct err err;
    assert_int_equal(service_later(f->service, note, &called, &err), 0);
    assert_false(called || service_idle(f->service));
    run_until(f, &called);
    assert_true(service_idle(f->service));
    service_drain(f->service);
    assert_int_equal(service_later(f->service, note, &called, &err), -1);
    assert_int_equal(err.code, ERR_UNAVAILABLE);
}

static void months_have_at_most_31_days_and_days_25_hours(void **state)
{
    (void)state;
    static const char zone[1];
    struct trm_grid month = {.freq = {.months = 1}}, year = {.freq = {.months = 12}};
    struct trm_grid hour = {.freq = {.ms = HOUR}}, day = {.freq = {.ms = DAY}};
    assert_int_equal(grid_longest_ms(&month), 31 * DAY);
    assert_int_equal(grid_longest_ms(&year), 366 * DAY);
    assert_int_equal(grid_longest_ms(&day), DAY);
    hour.zone = day.zone = (const struct trm_zone *)(const void *)zone; /* looked at by none */
    assert_int_equal(grid_longest_ms(&hour), HOUR);
    assert_int_equal(grid_longest_ms(&day), DAY + HOUR);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_holds_for_its_step),
        cmocka_unit_test(a_threshold_is_crossed_between_two_steps),
        WITH_FIXTURE(an_outlook_is_the_forecast),
        WITH_FIXTURE(an_outlook_is_kept_until_the_series_changes),
        WITH_FIXTURE(a_series_that_cannot_be_forecast_has_no_outlook),
        WITH_FIXTURE(leads_are_counted_to_the_step_of_a_time),
        WITH_FIXTURE(recent_values_are_all_there_are_in_a_short_series),
        WITH_FIXTURE(later_comes_after_the_call_and_before_the_service_is_idle),
        cmocka_unit_test(months_have_at_most_31_days_and_days_25_hours),
    };
    return cmocka_run_group_tests_name("service_outlook", tests, NULL, NULL);
}
