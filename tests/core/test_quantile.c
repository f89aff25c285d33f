/* The pinball loss's gradient, the normal quantile, and the scores against numbers worked out by hand. */
#include "check.h"

#include "core/metrics.h"
#include "core/quantile.h"

static const struct trm_shape shape = {
    .lookback = 1, .leads = 8, .hidden = 8, .supervision = 1, .recursions = 1};

static void gradient_of_the_loss_equals_finite_differences(void **state)
{
    float y[16], spread[8], target[8], dy[16], spare[16];
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 4);
    for (int i = 0; i < 16; i++)
        y[i] = (float)(.4 * trm_rng_normal(&rng));
    for (int i = 0; i < 8; i++) {
        spread[i] = (float)(.5 + trm_rng_uniform(&rng));
        target[i] = i == 3 ? NAN : (float)trm_rng_normal(&rng);
    }
    trm_quantile_loss(&shape, y, spread, target, .7f, .25f, dy);
    for (int i = 0; i < 16; i++) {
        float keep = y[i], step = 1.0f / 512;
        y[i] = keep + step;
        double up = trm_quantile_loss(&shape, y, spread, target, .7f, .25f, spare);
        y[i] = keep - step;
        double down = trm_quantile_loss(&shape, y, spread, target, .7f, .25f, spare);
        y[i] = keep;
        assert_near((double)dy[i], .25 * (up - down) / (2 * (double)step), 3e-4);
    }
    assert_true(dy[3] == 0); /* a missing target teaches nothing */
}

static void all_missing_targets_give_no_loss_and_no_gradient(void **state)
{
    float y[16] = {0}, spread[8], target[8], dy[16];

    (void)state;
    for (int i = 0; i < 8; i++) {
        spread[i] = 1;
        target[i] = NAN;
    }
    assert_true(trm_quantile_loss(&shape, y, spread, target, 1, 1, dy) == 0);
    for (int i = 0; i < 16; i++)
        assert_true(dy[i] == 0);
}

static void normal_quantile_inverts_the_distribution(void **state)
{
    (void)state;
    for (double p = 1e-6; p < 1; p += 1.37e-3)
        assert_near(.5 * erfc(-trm_normal_quantile(p) / sqrt(2)), p, 1e-13);
    for (int k = 0; k < TRM_KNOTS; k++)
        assert_near(trm_normal_quantile(trm_knot_levels[k]), trm_normal_knots[k], 1e-12);
}

static void scores_equal_hand_worked_numbers(void **state)
{
    const double actual[] = {1, 2, NAN, 4}, forecast[] = {2, 2, 5, 1};
    const double history[] = {1, 3, 2, 5, NAN, 4};
    const double q[] = {0, 1, 2, 3, /* level .1 */ 2, 3, 4, 5 /* level .9 */};
    const double levels[] = {.1, .9};

    (void)state;
    assert_near(trm_mae(actual, forecast, 4), 4.0 / 3, 1e-15);
    assert_near(trm_seasonal_error(history, 6, 2), (1.0 + 2 + 1) / 3, 1e-15);
    assert_near(trm_mase(actual, forecast, 4, 2), 2.0 / 3, 1e-15);
    assert_near(trm_smape(actual, forecast, 4), 200.0 * (1.0 / 3 + 0 + 3.0 / 5) / 3, 1e-12);
    assert_near(trm_pinball2(3, 1, .9), 3.6, 1e-15);
    assert_near(trm_pinball2(1, 3, .9), .4, 1e-15);
    /* per pair .1 * 1 * 2 below and .1 * 1 * 2 above, three pairs, sum |y| = 7, two levels */
    assert_near(trm_weighted_quantile_loss(actual, q, 4, levels, 2), 3 * .4 / 7 / 2, 1e-15);
    assert_near(trm_coverage(actual, q, q + 4, 4), 1, 0);
    assert_near(trm_coverage(actual, forecast, q + 4, 4), 2.0 / 3, 1e-15);
}

static void undefined_scores_are_nan(void **state)
{
    const double none[] = {NAN, NAN}, zero[] = {0, 0};

    (void)state;
    assert_true(isnan(trm_mae(none, zero, 2)));
    assert_true(isnan(trm_seasonal_error(zero, 2, 2)));
    assert_true(isnan(trm_mase(zero, zero, 2, 0)));
    assert_true(isnan(trm_weighted_quantile_loss(zero, zero, 2, trm_knot_levels, 1)));
    assert_true(trm_smape(zero, zero, 2) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradient_of_the_loss_equals_finite_differences),
        cmocka_unit_test(all_missing_targets_give_no_loss_and_no_gradient),
        cmocka_unit_test(normal_quantile_inverts_the_distribution),
        cmocka_unit_test(scores_equal_hand_worked_numbers),
        cmocka_unit_test(undefined_scores_are_nan),
    };
    return cmocka_run_group_tests_name("quantile", tests, NULL, NULL);
}
