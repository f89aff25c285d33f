/* Fleet training: what is learned helps on what was held out, what was held out is not learned
 * from, and a fleet with nothing to teach leaves the champion standing. */
#include "a_base.h"

#include "core/fleet.h"

#define SERIES 40
#define POINTS 70
#define NETWORKS 2 /* of a_base.h */

static double values[SERIES][POINTS];

static void sources_of(struct trm_source *ret, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ret[i] = (struct trm_source){
            .values = values[i], .n = POINTS, .season = 7, .horizon = 7, .kind = 1};
}

/* A week with a burst on a quarter of its days, which no normal interval fits. */
static void draw_seasonal(void)
{
    struct trm_rng rng;

    trm_rng_seed(&rng, 2);
    for (size_t i = 0; i < SERIES; i++) {
        seasonal_series(values[i], POINTS, 7, i + 1);
        for (size_t t = 0; t < POINTS; t++)
            values[i][t] += trm_rng_uniform(&rng) < .25 ? 40 : 0;
    }
}

static void draw_noise(void)
{
    struct trm_rng rng;

    trm_rng_seed(&rng, 3);
    for (size_t i = 0; i < SERIES; i++)
        for (size_t t = 0; t < POINTS; t++)
            values[i][t] = trm_rng_normal(&rng);
}

static enum trm_status train(const struct trm_base *champion, size_t n, struct trm_base **ret,
                             struct trm_fleet_report *ret_report)
{
    struct trm_source source[SERIES];
    struct trm_fleet_options options = {
        .champion = champion, .source = source, .source_n = n, .name = "fleet", .seed = 9};
    struct trm_fleet *fleet = NULL;
    double fraction = 0, before = 0;

    sources_of(source, n);
    enum trm_status status = trm_fleet_begin(&options, &fleet);
    if (status != TRM_OK) {
        assert_null(fleet);
        return status;
    }
    while ((status = trm_fleet_step(fleet, &fraction)) == TRM_MORE) {
        assert_true(fraction >= before && fraction < 1);
        before = fraction;
    }
    if (status == TRM_OK) {
        assert_true(fraction == 1);
        status = trm_fleet_end(fleet, ret, ret_report);
    }
    trm_fleet_free(fleet);
    return status;
}

static struct trm_base *trained(const struct trm_base *champion, struct trm_fleet_report *ret)
{
    struct trm_base *challenger = NULL;

    assert_int_equal(train(champion, SERIES, &challenger, ret), TRM_OK);
    return challenger;
}

static struct trm_base *embedded(void)
{
    struct trm_base *base = NULL;

    assert_int_equal(trm_base_decode(trm_base_embedded, trm_base_embedded_n, &base), TRM_OK);
    return base;
}

static void networks_that_know_nothing_learn_from_the_fleet(void **state)
{
    struct trm_base *champion = made_base(.02f);
    struct trm_fleet_report r;

    (void)state;
    draw_seasonal();
    struct trm_base *challenger = trained(champion, &r);
    assert_true(r.better && r.gain > 0 && r.certainty >= TRM_FLEET_CERTAINTY);
    assert_true(r.loss_after < r.loss_before);
    assert_near(r.gain, 1 - r.loss_after / r.loss_before, 1e-12);
    assert_int_equal(r.learned_n, SERIES);
    assert_int_equal(r.judged_n, SERIES);
    assert_true(r.own_n > SERIES && r.made_up_n * 2 >= r.own_n && r.steps > 0);
    assert_string_equal(challenger->name, "fleet");
    assert_int_equal(challenger->network_n, champion->network_n);
    trm_base_free(challenger);
    trm_base_free(champion);
}

static void noise_teaches_the_embedded_networks_nothing(void **state)
{
    struct trm_base *champion = embedded();
    struct trm_fleet_report r;

    (void)state;
    draw_noise();
    trm_base_free(trained(champion, &r));
    assert_false(r.better);
    assert_true(fabs(r.gain) < .1);
    trm_base_free(champion);
}

/* Two trainings, between which value t of every series becomes change times itself: how many of the
 * networks were taught the same. */
static size_t taught_alike(size_t t, double change, struct trm_fleet_report r[2])
{
    struct trm_base *champion = made_base(.02f);
    size_t alike = 0;

    draw_seasonal();
    struct trm_base *a = trained(champion, &r[0]);
    for (size_t i = 0; i < SERIES; i++)
        values[i][t] *= change;
    struct trm_base *b = trained(champion, &r[1]);
    for (size_t i = 0; i < NETWORKS; i++)
        alike += memcmp(a->weights[i], b->weights[i], a->parameters * sizeof(float)) == 0;
    assert_int_equal(champion->network_n, NETWORKS);
    trm_base_free(a);
    trm_base_free(b);
    trm_base_free(champion);
    return alike;
}

static void the_same_fleet_teaches_the_same_to_the_bit(void **state)
{
    struct trm_fleet_report r[2];

    (void)state;
    assert_int_equal(taught_alike(0, 1, r), NETWORKS);
    assert_memory_equal(&r[0], &r[1], sizeof r[0]);
}

static void the_newest_horizon_judges_and_is_not_learned_from(void **state)
{
    struct trm_fleet_report r[2];

    (void)state;
    assert_int_equal(taught_alike(POINTS - 1, 5, r), NETWORKS);
    assert_true(r[1].loss_before > r[0].loss_before);
}

static void the_value_before_the_newest_horizon_is_learned_from(void **state)
{
    struct trm_fleet_report r[2];

    (void)state;
    assert_int_equal(taught_alike(POINTS - 8, 1.03, r), 0);
}

static void a_series_whose_newest_horizon_is_missing_judges_nothing(void **state)
{
    struct trm_base *champion = made_base(.02f);
    struct trm_fleet_report r;

    (void)state;
    draw_seasonal();
    for (size_t t = POINTS - 7; t < POINTS; t++)
        values[3][t] = (double)NAN;
    trm_base_free(trained(champion, &r));
    assert_int_equal(r.judged_n, SERIES - 1);
    assert_int_equal(r.learned_n, SERIES);
    trm_base_free(champion);
}

static void missing_values_and_constant_series_are_passed_over(void **state)
{
    struct trm_base *champion = made_base(.02f);
    struct trm_fleet_report r;

    (void)state;
    draw_seasonal();
    for (size_t t = 0; t < POINTS; t++) {
        values[0][t] = 4;           /* nothing to forecast */
        values[1][t] = (double)NAN; /* nothing there */
        if (t % 3 == 0)
            values[2][t] = (double)NAN;
    }
    struct trm_base *challenger = trained(champion, &r);
    assert_int_equal(r.judged_n, SERIES - 2);
    assert_in_range(r.learned_n, SERIES - 2,
                    SERIES - 1); /* mixed with another, a constant teaches too */
    for (size_t k = 0; k < challenger->parameters; k++)
        assert_true(isfinite(challenger->weights[0][k]));
    trm_base_free(challenger);
    trm_base_free(champion);
}

static void a_fleet_too_small_to_judge_is_refused(void **state)
{
    struct trm_base *champion = made_base(.02f), *challenger = NULL;
    struct trm_fleet_report r;

    (void)state;
    draw_seasonal();
    assert_int_equal(train(champion, TRM_FLEET_JUDGE_MIN - 1, &challenger, &r), TRM_ESHORT);
    assert_int_equal(train(champion, 0, &challenger, &r), TRM_ESHORT);
    for (size_t i = 7; i < SERIES; i++) /* enough by length, but seven that can be forecast */
        for (size_t t = 0; t < POINTS; t++)
            values[i][t] = 1;
    assert_int_equal(train(champion, SERIES, &challenger, &r), TRM_ESHORT);
    assert_null(challenger);
    trm_base_free(champion);
}

static void there_is_no_challenger_before_the_end(void **state)
{
    struct trm_base *champion = made_base(.02f), *challenger = NULL;
    struct trm_source source[SERIES];
    struct trm_fleet_options options = {
        .champion = champion, .source = source, .source_n = SERIES, .name = "fleet"};
    struct trm_fleet_report r;
    struct trm_fleet *fleet = NULL;
    double fraction;

    (void)state;
    draw_seasonal();
    sources_of(source, SERIES);
    assert_int_equal(trm_fleet_begin(&options, &fleet), TRM_OK);
    assert_int_equal(trm_fleet_step(fleet, &fraction), TRM_MORE);
    assert_int_equal(trm_fleet_end(fleet, &challenger, &r), TRM_EINVAL);
    assert_null(challenger);
    trm_fleet_free(fleet);
    trm_fleet_free(NULL);
    fleet = NULL;
    options.name = "";
    assert_int_equal(trm_fleet_begin(&options, &fleet), TRM_EINVAL);
    assert_null(fleet);
    trm_base_free(champion);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_that_know_nothing_learn_from_the_fleet),
        cmocka_unit_test(noise_teaches_the_embedded_networks_nothing),
        cmocka_unit_test(the_same_fleet_teaches_the_same_to_the_bit),
        cmocka_unit_test(the_newest_horizon_judges_and_is_not_learned_from),
        cmocka_unit_test(the_value_before_the_newest_horizon_is_learned_from),
        cmocka_unit_test(a_series_whose_newest_horizon_is_missing_judges_nothing),
        cmocka_unit_test(missing_values_and_constant_series_are_passed_over),
        cmocka_unit_test(a_fleet_too_small_to_judge_is_refused),
        cmocka_unit_test(there_is_no_challenger_before_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
