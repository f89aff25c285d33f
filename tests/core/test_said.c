/* Forecasts as bytes, and what came of them. */
#include "core/said.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t dice = 1;
static double uniform(void)
{
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(dice >> 11) / 9007199254740992.0;
}

static double normal(void)
{
    return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
}

static struct trm_forecast made(double *said, size_t horizon, double centre, double width)
{
    for (size_t h = 0; h < horizon; h++)
        for (int i = 0; i < TRM_SAID_LEVELS; i++)
            said[h * TRM_SAID_LEVELS + (size_t)i] =
                centre + (double)h * width / 10 + (i - 2) * width;
    return (struct trm_forecast){.horizon = horizon, .said = said};
}

static void what_was_said_is_read_back_to_seven_digits(void **state)
{
    static double said[300 * TRM_SAID_LEVELS];
    static uint8_t bytes[TRM_SAID_BYTES_MAX];
    const struct {
        double centre, width;
    } cases[] = {{0, 1}, {1e6, .01}, {-3, 1e-300}, {1e300, 1e299}, {5, 0}, {-1.7e308, 1e306}};
    (void)state;

    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (size_t horizon = 1; horizon < 300; horizon += 59) {
            struct trm_forecast f = made(said, horizon, cases[c].centre, cases[c].width);
            struct trm_said_head head = {.season = 24, .model_version = 7, .scale = 2.5}, back;
            uint32_t leads;
            size_t n = trm_said_encode(&f, &head, bytes);
            assert_true(n <= TRM_SAID_BYTES_MAX - TRM_SAID_TALLY_BYTES);
            assert_int_equal(trm_said_decode(bytes, n, &back, &leads), TRM_OK);
            assert_int_equal(leads, horizon < TRM_SAID_LEADS_MAX ? horizon : TRM_SAID_LEADS_MAX);
            assert_int_equal(back.leads, leads);
            assert_int_equal(back.season, 24);
            assert_int_equal(back.model_version, 7);
            assert_true(back.scale == 2.5);
            double range =
                cases[c].width * (2 + (double)leads / 10) + fabs(cases[c].centre) * 1.2e-7;
            for (uint32_t lead = 1; lead <= leads; lead++) {
                struct trm_said_lead one;
                trm_said_lead(bytes, lead, &one);
                for (int i = 0; i < TRM_SAID_LEVELS; i++)
                    assert_true(
                        fabs(one.quantile[i] - said[(lead - 1) * TRM_SAID_LEVELS + (size_t)i]) <=
                        range * 1.3e-7 + fabs(cases[c].centre) * 4e-16);
            }
        }
}

static void bounds_and_whole_numbers_are_read_back_exactly(void **state)
{
    double said[] = {0, 0, 3.27, 5, 9, 0, 1, 7, 12, 4000000};
    uint8_t bytes[TRM_SAID_HEAD_BYTES + 2 * TRM_SAID_LEAD_BYTES];
    struct trm_forecast f = {.horizon = 2, .said = said};
    struct trm_said_head head = {.season = 1};
    struct trm_said_lead one;
    (void)state;

    trm_said_encode(&f, &head, bytes);
    trm_said_lead(bytes, 1, &one);
    assert_true(one.quantile[0] == 0 && one.quantile[1] == 0);
    said[2] = 3;
    trm_said_encode(&f, &head, bytes);
    for (uint32_t lead = 1; lead <= 2; lead++) {
        trm_said_lead(bytes, lead, &one);
        for (uint32_t i = 0; i < TRM_SAID_LEVELS; i++)
            assert_true(one.quantile[i] == said[(lead - 1) * TRM_SAID_LEVELS + i]);
    }
}

static void intervals_of_any_level_lie_between_what_was_said(void **state)
{
    const struct trm_said_lead said = {{-4, -1, 0, 2, 3}};
    double lower, upper, lower_before = 0, upper_before = 0;
    (void)state;

    trm_said_interval(&said, .8, &lower, &upper);
    assert_true(fabs(lower + 1) < 1e-9 && fabs(upper - 2) < 1e-9);
    trm_said_interval(&said, .95, &lower, &upper);
    assert_true(fabs(lower + 4) < 1e-9 && fabs(upper - 3) < 1e-9);
    for (double level = .01; level < .999; level += .01) {
        trm_said_interval(&said, level, &lower, &upper);
        assert_true(lower <= lower_before && upper >= upper_before);
        lower_before = lower;
        upper_before = upper;
    }
}

static void cut_bytes_still_say_their_first_leads(void **state)
{
    static double said[48 * TRM_SAID_LEVELS];
    static uint8_t bytes[TRM_SAID_BYTES_MAX];
    struct trm_forecast f = made(said, 48, 10, 1);
    struct trm_said_head head = {.season = 1, .scale = (double)NAN}, back;
    struct trm_said_lead one;
    uint32_t leads;
    (void)state;

    size_t n = trm_said_encode(&f, &head, bytes);
    assert_int_equal(
        trm_said_decode(bytes, TRM_SAID_HEAD_BYTES + 3 * TRM_SAID_LEAD_BYTES, &back, &leads),
        TRM_OK);
    assert_int_equal(leads, 3);
    assert_int_equal(back.leads, 48);
    trm_said_lead(bytes, 3, &one);
    assert_true(fabs(one.quantile[2] - 10.2) < 1e-6);
    assert_int_equal(trm_said_decode(bytes, TRM_SAID_HEAD_BYTES, &back, &leads), TRM_OK);
    assert_int_equal(leads, 0);
    assert_int_equal(trm_said_decode(bytes, TRM_SAID_HEAD_BYTES - 1, &back, &leads), TRM_ECORRUPT);
    assert_true(n > 0);
}

static void a_tally_goes_with_an_uncut_forecast(void **state)
{
    static double said[48 * TRM_SAID_LEVELS];
    static uint8_t bytes[TRM_SAID_BYTES_MAX];
    struct trm_forecast f = made(said, 48, 10, 1);
    struct trm_said_head head = {.season = 24, .scale = 1};
    struct trm_tally tally = {.weight = 12.5,
                              .error = 3,
                              .error_naive = 4,
                              .scaled = 5,
                              .scaled_weight = 6,
                              .inside = {7, 8},
                              .log_factor = {{.1, -.2}, {.3, -.4}},
                              .steps = 9,
                              .pairs = 10,
                              .scored_until = -11},
                     back;
    (void)state;

    size_t n = trm_said_encode(&f, &head, bytes);
    assert_int_equal(trm_said_decode_tally(bytes, n, &back), TRM_ECORRUPT);
    n = trm_said_encode_tally(&tally, bytes, n);
    assert_int_equal(trm_said_decode_tally(bytes, n, &back), TRM_OK);
    assert_memory_equal(&tally, &back, sizeof tally);
    assert_int_equal(trm_said_decode_tally(bytes, n - 1, &back), TRM_ECORRUPT);
}

static void a_tally_that_cannot_be_is_refused(void **state)
{
    static double said[TRM_SAID_LEVELS];
    static uint8_t bytes[TRM_SAID_BYTES_MAX];
    struct trm_forecast f = made(said, 1, 10, 1);
    struct trm_said_head head = {.season = 24, .scale = 1};
    const struct trm_tally wrong[] = {{.weight = 1e300}, {.weight = 2, .inside = {3, 1}},
                                      {.weight = 2, .inside = {1, 3}}, {.weight = 2, .scaled_weight = 3},
                                      {.weight = (double)NAN}};
    struct trm_tally back;
    (void)state;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        size_t n = trm_said_encode_tally(&wrong[i], bytes, trm_said_encode(&f, &head, bytes));
        assert_int_equal(trm_said_decode_tally(bytes, n, &back), TRM_ECORRUPT);
    }
}

static void damaged_bytes_are_refused_or_harmless(void **state)
{
    static double said[20 * TRM_SAID_LEVELS];
    static uint8_t bytes[TRM_SAID_BYTES_MAX];
    struct trm_forecast f = made(said, 20, 10, 1);
    struct trm_said_head head = {.season = 24, .scale = 1}, back;
    struct trm_tally tally = {0};
    size_t refused = 0;
    (void)state;

    for (int round = 0; round < 20000; round++) {
        struct trm_said_lead one;
        uint32_t leads;
        size_t n = trm_said_encode(&f, &head, bytes);
        n = trm_said_encode_tally(&tally, bytes, n);
        bytes[(size_t)(uniform() * 48)] = (uint8_t)(uniform() * 256);
        n = (size_t)(uniform() * (double)n);
        if (trm_said_decode(bytes, n, &back, &leads) != TRM_OK) {
            refused++;
            continue;
        }
        for (uint32_t lead = 1; lead <= leads; lead++)
            trm_said_lead(bytes, lead, &one);
    }
    assert_in_range(refused, 1000, 19000);
}

/* Scores normal values of standard deviation `spread` against forecasts that promise 1. */
static struct trm_tally play(size_t steps, double spread, size_t forecasts)
{
    struct trm_tally tally = {0};

    for (size_t t = 0; t < steps; t++) {
        struct trm_score score;
        struct trm_widening w;
        double value = spread * normal();
        trm_tally_widening(&tally, &w);
        struct trm_said_lead said = {{-1.959964 * w.factor[0][1], -1.281552 * w.factor[0][0], 0,
                                      1.281552 * w.factor[1][0], 1.959964 * w.factor[1][1]}};
        trm_score_begin(&tally, &score);
        for (size_t i = 0; i < forecasts; i++)
            trm_score_add(&tally, &score, value, &said, 2 * value, .5);
        trm_score_end(&tally, &score);
    }
    return tally;
}

static void intervals_come_to_hold_what_they_promise(void **state)
{
    (void)state;
    for (double spread = .4; spread < 3; spread *= 1.5) {
        struct trm_tally tally = play(16000, spread, 3);
        struct trm_widening w;
        trm_tally_widening(&tally, &w);
        for (int side = 0; side < 2; side++)
            for (int i = 0; i < 2; i++)
                assert_true(fabs(log(w.factor[side][i] / spread)) < .35);
        assert_true(fabs(tally.inside[0] / tally.weight - .8) < .08);
        assert_true(fabs(tally.inside[1] / tally.weight - .95) < .05);
    }
}

static void a_correction_has_a_limit_on_both_sides(void **state)
{
    struct trm_widening w;
    (void)state;

    struct trm_tally wide = play(20000, 1e6, 1), narrow = play(20000, 1e-9, 1);
    trm_tally_widening(&wide, &w);
    assert_true(fabs(w.factor[0][0] - 8) < .1 && fabs(w.factor[1][0] - 8) < .1);
    trm_tally_widening(&narrow, &w);
    assert_true(w.factor[0][0] >= .125 && w.factor[1][1] >= .125 && w.factor[0][0] < .13);
}

static void a_value_that_happens_all_the_time_says_nothing_about_the_width(void **state)
{
    struct trm_tally tally = {0};
    struct trm_said_lead said = {{0, 0, 0, 0, 0}};
    (void)state;

    for (int t = 0; t < 1000; t++) {
        struct trm_score score;
        trm_score_begin(&tally, &score);
        trm_score_add(&tally, &score, 0, &said, 0, (double)NAN);
        trm_score_end(&tally, &score);
    }
    for (int side = 0; side < 2; side++)
        assert_true(fabs(tally.log_factor[side][0]) < 1e-12 &&
                    fabs(tally.log_factor[side][1]) < 1e-12);
    assert_true(tally.inside[0] == tally.weight);
    assert_true(tally.scaled_weight == 0);
}

static void errors_are_counted_beside_seasonal_naives(void **state)
{
    struct trm_tally tally = play(500, 1, 2); /* naive errs as much as the median: by |value| */
    (void)state;

    assert_true(fabs(tally.error / tally.error_naive - 1) < 1e-12);
    assert_true(fabs(tally.scaled / tally.scaled_weight * .5 - tally.error / tally.weight) < 1e-9);
    assert_int_equal(tally.steps, 500);
    assert_int_equal(tally.pairs, 1000);
    assert_true(tally.weight < 2 * TRM_SAID_MEMORY_STEPS);
}

static void a_step_without_a_forecast_only_fades(void **state)
{
    struct trm_tally tally = {.log_factor = {{.5, .5}, {.5, .5}}, .weight = 10};
    struct trm_score score;
    (void)state;

    trm_score_begin(&tally, &score);
    trm_score_end(&tally, &score);
    assert_true(tally.log_factor[0][0] == .5);
    assert_int_equal(tally.steps, 0);
    assert_true(tally.weight < 10 && tally.weight > 9.9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_is_read_back_to_seven_digits),
        cmocka_unit_test(bounds_and_whole_numbers_are_read_back_exactly),
        cmocka_unit_test(intervals_of_any_level_lie_between_what_was_said),
        cmocka_unit_test(cut_bytes_still_say_their_first_leads),
        cmocka_unit_test(a_tally_goes_with_an_uncut_forecast),
        cmocka_unit_test(a_tally_that_cannot_be_is_refused),
        cmocka_unit_test(damaged_bytes_are_refused_or_harmless),
        cmocka_unit_test(intervals_come_to_hold_what_they_promise),
        cmocka_unit_test(a_correction_has_a_limit_on_both_sides),
        cmocka_unit_test(a_value_that_happens_all_the_time_says_nothing_about_the_width),
        cmocka_unit_test(errors_are_counted_beside_seasonal_naives),
        cmocka_unit_test(a_step_without_a_forecast_only_fades),
    };

    return cmocka_run_group_tests_name("said", tests, NULL, NULL);
}
