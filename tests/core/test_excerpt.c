/* Excerpts: always inside the series, of the asked-for lengths, and the three changes are what they
 * say. */
#include "check.h"

#include "core/excerpt.h"

#define N 400
#define LIST 3

static double values[LIST][N];
static struct trm_excerpt cut;

/* The value of a series says which one it is and when, and no mixture of two is a third. */
static double told(size_t i, size_t t)
{
    double turn = (double)t * .6180339887498949;

    return 1000 * (double)(i + 1) + (double)t + .5 * (turn - floor(turn));
}

static struct trm_source *sources(size_t n, uint32_t season, uint32_t horizon)
{
    static struct trm_source list[LIST];

    for (size_t i = 0; i < LIST; i++) {
        for (size_t t = 0; t < N; t++)
            values[i][t] = told(i, t);
        list[i] = (struct trm_source){.values = values[i],
                                      .n = n,
                                      .season = season,
                                      .season2 = 7 * season,
                                      .horizon = horizon,
                                      .kind = i < 2 ? 1 : 2};
    }
    return list;
}

static void an_excerpt_at_an_origin_is_the_series_around_it(void **state)
{
    struct trm_source *list = sources(N, 12, 24);

    (void)state;
    trm_excerpt_at(&list[1], 100, 24, &cut);
    assert_int_equal(cut.n, 100);
    assert_int_equal(cut.horizon, 24);
    assert_int_equal(cut.season, 12);
    assert_int_equal(cut.season2, 84);
    for (size_t t = 0; t < 124; t++)
        assert_true(cut.values[t] == told(1, t));
}

static void a_series_must_hold_its_horizon_and_some_past(void **state)
{
    struct trm_source source = *sources(N, 12, 24);

    (void)state;
    source.n = 24 + TRM_EXCERPT_PAST_MIN;
    assert_true(trm_excerpt_fits(&source));
    source.n--;
    assert_false(trm_excerpt_fits(&source));
    source.horizon = 0;
    assert_int_equal(trm_excerpt_horizon(&source), 1);
    source.horizon = 100000;
    assert_int_equal(trm_excerpt_horizon(&source), TRM_PRIOR_HORIZON_MAX);
}

/* Counts the draws of which every value is one of the series' own in its order. */
static size_t unchanged_of(size_t draws, const struct trm_source *list, struct trm_rng *rng)
{
    size_t unchanged = 0;

    for (size_t i = 0; i < draws; i++) {
        trm_excerpt_draw(list, LIST, 1, rng, &cut);
        bool same = cut.values[0] >= 2000 && cut.values[0] < 2000 + N;
        size_t from = same ? (size_t)(cut.values[0] - 2000) : 0;
        for (size_t t = 0; t < cut.n + cut.horizon; t++) {
            assert_true(isfinite(cut.values[t]));
            same &= cut.values[t] == told(1, from + t);
        }
        unchanged += same;
        assert_true(cut.n >= TRM_EXCERPT_PAST_MIN && cut.n <= TRM_CONTEXT_MAX);
        assert_true(cut.horizon >= 12 && cut.horizon <= 24);
        assert_true((cut.season == 12 && cut.season2 == 84) ||
                    (cut.season == 6 && cut.season2 == 42));
    }
    return unchanged;
}

static void about_half_of_the_draws_are_changed(void **state)
{
    struct trm_source *list = sources(N, 12, 24);
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 4);
    size_t unchanged = unchanged_of(2000, list, &rng);
    assert_true(unchanged > 850 && unchanged < 1250);
}

static void the_shortest_series_gives_its_one_excerpt(void **state)
{
    struct trm_source *list = sources(TRM_EXCERPT_PAST_MIN + 1, 1, 1);
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 4);
    for (size_t i = 0; i < 200; i++) {
        trm_excerpt_draw(list, LIST, 2, &rng, &cut);
        assert_int_equal(cut.n, TRM_EXCERPT_PAST_MIN);
        assert_int_equal(cut.horizon, 1);
    }
}

static void only_the_like_are_mixed(void **state)
{
    struct trm_source *list = sources(N, 12, 24);
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 5);
    for (size_t t = 0; t < N; t++)
        values[2][t] = (double)NAN; /* of another kind: a mixture with it would show */
    assert_true(unchanged_of(1000, list, &rng) > 0);
}

static void missing_values_stay_missing(void **state)
{
    struct trm_source *list = sources(N, 12, 24);
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 6);
    for (size_t i = 0; i < 2; i++)
        for (size_t t = 0; t < N; t++)
            values[i][t] = (double)NAN;
    for (size_t i = 0; i < 300; i++) {
        trm_excerpt_draw(list, LIST, 0, &rng, &cut);
        for (size_t t = 0; t < cut.n + cut.horizon; t++)
            assert_true(isnan(cut.values[t]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_excerpt_at_an_origin_is_the_series_around_it),
        cmocka_unit_test(a_series_must_hold_its_horizon_and_some_past),
        cmocka_unit_test(about_half_of_the_draws_are_changed),
        cmocka_unit_test(the_shortest_series_gives_its_one_excerpt),
        cmocka_unit_test(only_the_like_are_mixed),
        cmocka_unit_test(missing_values_stay_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
