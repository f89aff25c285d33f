/* One answer of the shared networks: begins with the consensus, thinks as far as it was trained,
 * does not depend on what was thought before, and answers for the mean of its networks. */
#include "a_base.h"

#include "core/answer.h"

#define N 300

static struct trm_base *base;
static struct trm_history history;
static struct trm_think *think;

static int prepare(void **state)
{
    double v[N];

    (void)state;
    seasonal_series(v, N, 12, 3);
    base = made_base(.05f);
    assert_int_equal(trm_history_init(&history, v, N, 12), TRM_OK);
    assert_int_equal(trm_think_new(base, TRM_HORIZON_MAX, &think), TRM_OK);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    trm_think_free(think);
    trm_history_done(&history);
    trm_base_free(base);
    return 0;
}

static void think_all(size_t horizon)
{
    trm_think_begin(think, &history, 0, horizon);
    while (!trm_think_settled(think))
        trm_think_step(think);
}

static void thinking_begins_with_the_consensus(void **state)
{
    struct trm_base *plain = made_base(0);
    struct trm_think *t;
    double knots[24 * TRM_KNOTS];

    (void)state;
    assert_int_equal(trm_think_new(plain, 24, &t), TRM_OK);
    trm_think_begin(t, &history, 0, 24);
    trm_answer_knots(t, (struct trm_who){.by = TRM_BY_CONSENSUS}, knots);
    for (int step = 0; step < 2; step++) {
        for (size_t h = 0; h < 24; h++)
            assert_near(t->quantile[h * TRM_KNOTS + TRM_KNOT_MEDIAN],
                        knots[h * TRM_KNOTS + TRM_KNOT_MEDIAN], 1e-4 * t->sense->sigma);
        assert_false(t->steps && !trm_think_settled(t)); /* it never moves, so one step is enough */
        trm_think_step(t);
    }
    trm_think_free(t);
    trm_base_free(plain);
}

/* The halting logit of a lead is bh alone where its column of the read-out is zero. */
static uint32_t steps_with_halt(float logit)
{
    struct trm_base *told = made_base(.5f);
    size_t out_n = trm_thinker_block_n(&told->shape, TRM_THINK_OUT0);

    for (size_t i = 0; i < told->network_n; i++) {
        float *out = told->weights[i] + trm_thinker_block_at(&told->shape, TRM_THINK_OUT);
        for (size_t row = 0; row < told->shape.latent; row++)
            out[(row + 1) * out_n - 1] = 0;
        told->weights[i][trm_thinker_block_at(&told->shape, TRM_THINK_OUT0) + out_n - 1] = logit;
    }
    struct trm_think *t;
    assert_int_equal(trm_think_new(told, 24, &t), TRM_OK);
    trm_think_begin(t, &history, 0, 24);
    while (!trm_think_settled(t))
        trm_think_step(t);
    assert_near(t->halt, 1 / (1 + exp(-(double)logit)), 1e-6);
    uint32_t steps = t->steps;
    assert_true(steps == told->shape.supervision || trm_think_still(t) ||
                t->halt < TRM_THINK_WORTH);
    trm_think_free(t);
    trm_base_free(told);
    return steps;
}

static void thinking_ends_where_another_step_is_not_worth_it(void **state)
{
    (void)state;
    assert_int_equal(steps_with_halt(-1), 1);
    assert_int_equal(steps_with_halt(.1f), 1); /* .525 */
    assert_true(steps_with_halt(1) > 1);
}

static void a_step_moves_the_answer_and_says_how_far(void **state)
{
    double moved = 0, before[24];

    (void)state;
    trm_think_begin(think, &history, 0, 24);
    assert_true(think->steps == 0 && think->moved == 0 && think->update_z == 0);
    for (size_t h = 0; h < 24; h++)
        before[h] = think->quantile[h * TRM_KNOTS + TRM_KNOT_MEDIAN];
    trm_think_step(think);
    for (size_t h = 0; h < 24; h++)
        moved += fabs(think->quantile[h * TRM_KNOTS + TRM_KNOT_MEDIAN] - before[h]) / 24;
    assert_near(think->moved, moved, 1e-12);
    assert_true(moved > 0 && think->update_z > 0 && think->halt > 0 && think->halt < 1 &&
                think->width > 0);
}

static void mixtures_are_shares_and_quantiles_do_not_cross(void **state)
{
    (void)state;
    think_all(TRM_HORIZON_MAX);
    assert_true(think->steps >= 1 && think->steps <= base->shape.supervision);
    for (size_t h = 0; h < TRM_HORIZON_MAX; h++) {
        double sum = 0;
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
            sum += (double)think->mix[h * TRM_BANK_DRAFTS + k];
        assert_near(sum, 1, 1e-5);
        for (int k = 1; k < TRM_KNOTS; k++)
            assert_true(think->quantile[h * TRM_KNOTS + (size_t)k] >=
                        think->quantile[h * TRM_KNOTS + (size_t)k - 1]);
    }
}

static void a_think_forgets_what_it_thought_before(void **state)
{
    double first[24 * TRM_KNOTS];

    (void)state;
    think_all(24);
    memcpy(first, think->quantile, sizeof first);
    think_all(7);
    think_all(24);
    assert_memory_equal(first, think->quantile, sizeof first);
}

static void networks_answer_as_their_mean(void **state)
{
    double mean[24 * TRM_KNOTS] = {0};
    struct trm_base one = *base;

    (void)state;
    one.network_n = 1;
    for (size_t i = 0; i < base->network_n; i++) {
        struct trm_think *t;
        one.weights[0] = base->weights[i];
        assert_int_equal(trm_think_new(&one, 24, &t), TRM_OK);
        trm_think_begin(t, &history, 0, 24);
        trm_think_step(t);
        for (size_t k = 0; k < 24 * TRM_KNOTS; k++)
            mean[k] += t->quantile[k] / (double)base->network_n;
        trm_think_free(t);
    }
    trm_think_begin(think, &history, 0, 24);
    trm_think_step(think);
    for (size_t k = 0; k < 24 * TRM_KNOTS; k++)
        assert_near(think->quantile[k], mean[k], 1e-9);
}

static void widened_knots_keep_the_median_and_their_order(void **state)
{
    const struct trm_widening w = {{{2, .6}, {.6, 2.5}}};
    double plain[24 * TRM_KNOTS], wide[24 * TRM_KNOTS];

    (void)state;
    think_all(24);
    trm_answer_knots(think, (struct trm_who){.by = TRM_BY_NETWORK}, plain);
    memcpy(wide, plain, sizeof wide);
    trm_answer_widen(&w, wide, 24);
    for (size_t h = 0; h < 24; h++) {
        const double *p = plain + h * TRM_KNOTS, *q = wide + h * TRM_KNOTS;
        assert_true(q[TRM_KNOT_MEDIAN] == p[TRM_KNOT_MEDIAN]);
        for (int k = 1; k < TRM_KNOTS; k++)
            assert_true(q[k] >= q[k - 1]);
        assert_near(q[9] - q[5], .6 * (p[9] - p[5]), 1e-12);
        assert_near(q[5] - q[1], 2 * (p[5] - p[1]), 1e-12);
    }
}

static void top_drafts_come_largest_first(void **state)
{
    float mix[TRM_BANK_DRAFTS] = {0};
    struct trm_draft_weight top[TRM_DRAFT_WEIGHTS_MAX];

    (void)state;
    mix[TRM_BANK_SES] = .25f;
    mix[TRM_BANK_MEAN] = .745f;
    mix[TRM_BANK_NAIVE] = .005f;
    assert_int_equal(trm_answer_top(mix, TRM_DRAFT_WEIGHTS_MAX, .01, top), 2);
    assert_string_equal(top[0].name, "mean");
    assert_string_equal(top[1].name, "ses");
    assert_int_equal(trm_answer_top(mix, 1, .01, top), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thinking_begins_with_the_consensus),
        cmocka_unit_test(thinking_ends_where_another_step_is_not_worth_it),
        cmocka_unit_test(a_step_moves_the_answer_and_says_how_far),
        cmocka_unit_test(mixtures_are_shares_and_quantiles_do_not_cross),
        cmocka_unit_test(a_think_forgets_what_it_thought_before),
        cmocka_unit_test(networks_answer_as_their_mean),
        cmocka_unit_test(widened_knots_keep_the_median_and_their_order),
        cmocka_unit_test(top_drafts_come_largest_first),
    };
    return cmocka_run_group_tests_name("think", tests, prepare, clean);
}
