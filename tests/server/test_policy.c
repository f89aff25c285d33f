/* When a series is fitted. */
#include "server/train/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Of a series with a network of its own. */
static enum policy_verdict automatic(uint32_t season, bool has_model, size_t observed_n,
                                     uint64_t new_points)
{
    struct policy_input input = {.fit = FIT_AUTO,
                                 .kind = TRM_KIND_LITERAL,
                                 .season = season,
                                 .has_model = has_model,
                                 .observed_n = observed_n,
                                 .new_points = new_points};

    return policy_decide(&input);
}

static void the_first_fit_comes_with_two_seasons_and_a_little(void **state)
{
    (void)state;
    assert_int_equal(automatic(24, false, 55, 55), POLICY_WAIT);
    assert_int_equal(automatic(24, false, 56, 56), POLICY_FIRST_FIT);
    assert_int_equal(automatic(1, false, 9, 9), POLICY_WAIT);
    assert_int_equal(automatic(1, false, 10, 10), POLICY_FIRST_FIT);
}

static void a_record_comes_with_twelve_points_whatever_the_season(void **state)
{
    struct policy_input input = {.fit = FIT_AUTO, .kind = TRM_KIND_TRM, .season = 288};

    (void)state;
    input.observed_n = input.new_points = POLICY_FIRST_RECORD - 1;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
    input.observed_n = input.new_points = POLICY_FIRST_RECORD;
    assert_int_equal(policy_decide(&input), POLICY_FIRST_FIT);
    assert_int_equal(policy_first_fit_n(TRM_KIND_TRM, 1), policy_first_fit_n(TRM_KIND_LITERAL, 1));
}

static void a_series_back_without_its_model_is_fitted_without_new_points(void **state)
{
    (void)state;
    assert_int_equal(automatic(24, false, 500, 0), POLICY_FIRST_FIT);
}

static void a_season_too_long_for_the_memory_is_fitted_all_the_same(void **state)
{
    (void)state;
    assert_int_equal(automatic(TRM_SEASON_MAX, false, POLICY_FIRST_FIT_MOST - 1, 1), POLICY_WAIT);
    assert_int_equal(automatic(TRM_SEASON_MAX, false, POLICY_FIRST_FIT_MOST, 1), POLICY_FIRST_FIT);
    assert_true(policy_first_fit_n(TRM_KIND_LITERAL, UINT32_MAX) <= TRM_CONTEXT_MAX);
}

static void a_refit_waits_for_a_season_or_a_tenth_of_the_history(void **state)
{
    (void)state;
    assert_int_equal(automatic(24, true, 100, 23), POLICY_WAIT);
    assert_int_equal(automatic(24, true, 100, 24), POLICY_REFIT);
    assert_int_equal(automatic(24, true, 2000, 199), POLICY_WAIT);
    assert_int_equal(automatic(24, true, 2000, 200), POLICY_REFIT);
    assert_int_equal(automatic(1, true, 5, 0), POLICY_WAIT);
    assert_int_equal(automatic(1, true, 5, 1), POLICY_REFIT);
}

static void a_fit_that_failed_is_tried_again_after_a_rest_whatever_has_come(void **state)
{
    struct policy_input input = {
        .fit = FIT_AUTO, .season = 24, .observed_n = 1000, .new_points = 100000, .failed = true};

    (void)state;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
    input.has_model = true;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
    input.fit = FIT_EVERY;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
    input.rested = true;
    input.new_points = 0;
    assert_int_equal(policy_decide(&input), POLICY_REFIT);
    input.has_model = false;
    assert_int_equal(policy_decide(&input), POLICY_FIRST_FIT);
    input.fit = FIT_AUTO;
    assert_int_equal(policy_decide(&input), POLICY_FIRST_FIT);
    input.observed_n = 3;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
    input.fit = FIT_OFF;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
}

static void the_rest_doubles_with_every_failure_up_to_a_day(void **state)
{
    (void)state;
    assert_true(policy_rest_ns(1) == POLICY_REST_FIRST_NS);
    assert_true(policy_rest_ns(2) == 2 * POLICY_REST_FIRST_NS);
    assert_true(policy_rest_ns(5) == 16 * POLICY_REST_FIRST_NS);
    assert_true(policy_rest_ns(12) == POLICY_REST_MOST_NS);
    assert_true(policy_rest_ns(UINT32_MAX) == POLICY_REST_MOST_NS);
}

static void a_fixed_number_of_points_is_kept_to(void **state)
{
    struct policy_input input = {
        .fit = FIT_EVERY, .fit_every = 10, .season = 24, .observed_n = 1000, .has_model = true};

    (void)state;
    input.new_points = 9;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
    input.new_points = 10;
    assert_int_equal(policy_decide(&input), POLICY_REFIT);
    input.has_model = false;
    assert_int_equal(policy_decide(&input), POLICY_FIRST_FIT);
    input.observed_n = TRM_OBSERVED_MIN - 1;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
}

static void every_zero_points_means_every_point(void **state)
{
    struct policy_input input = {.fit = FIT_EVERY, .season = 1, .observed_n = 9, .has_model = true};

    (void)state;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
    input.new_points = 1;
    assert_int_equal(policy_decide(&input), POLICY_REFIT);
}

static void off_is_off(void **state)
{
    struct policy_input input = {
        .fit = FIT_OFF, .season = 1, .observed_n = 2000, .new_points = 2000};

    (void)state;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
    input.has_model = true;
    assert_int_equal(policy_decide(&input), POLICY_WAIT);
}

static void a_training_waits_for_a_tenth_more_points_and_some_at_least(void **state)
{
    struct policy_fleet_input input = {.points = POLICY_FLEET_POINTS - 1, .models_n = 100};

    (void)state;
    assert_false(policy_fleet_due(&input));
    input.points++;
    assert_true(policy_fleet_due(&input));
    input.points_trained = 1000000;
    input.points = 1099999;
    assert_false(policy_fleet_due(&input));
    input.points = 1100000;
    assert_true(policy_fleet_due(&input));
}

static void a_training_waits_for_its_rest_and_for_the_fits(void **state)
{
    struct policy_fleet_input input = {
        .points = 10000, .models_n = 100, .now_ns = 99, .rest_until_ns = 100};

    (void)state;
    assert_false(policy_fleet_due(&input));
    input.now_ns = 100;
    assert_true(policy_fleet_due(&input));
    input.fits_n = 5;
    assert_true(policy_fleet_due(&input));
    input.fits_n = 6;
    assert_false(policy_fleet_due(&input));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_fit_comes_with_two_seasons_and_a_little),
        cmocka_unit_test(a_record_comes_with_twelve_points_whatever_the_season),
        cmocka_unit_test(a_series_back_without_its_model_is_fitted_without_new_points),
        cmocka_unit_test(a_season_too_long_for_the_memory_is_fitted_all_the_same),
        cmocka_unit_test(a_refit_waits_for_a_season_or_a_tenth_of_the_history),
        cmocka_unit_test(a_fit_that_failed_is_tried_again_after_a_rest_whatever_has_come),
        cmocka_unit_test(the_rest_doubles_with_every_failure_up_to_a_day),
        cmocka_unit_test(a_fixed_number_of_points_is_kept_to),
        cmocka_unit_test(every_zero_points_means_every_point),
        cmocka_unit_test(off_is_off),
        cmocka_unit_test(a_training_waits_for_a_tenth_more_points_and_some_at_least),
        cmocka_unit_test(a_training_waits_for_its_rest_and_for_the_fits),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
