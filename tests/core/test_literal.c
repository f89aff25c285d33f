/* The reference network: its gradient against finite differences, every parameter block, every step. */
#include "check.h"

#include "core/literal.h"

static const struct trm_shape shape = {
    .lookback = 5, .leads = 4, .hidden = 3, .supervision = 3, .recursions = 3};
#define Y 12
#define S 3
#define H 3

struct setup {
    struct trm_literal *net, *grad;
    struct trm_literal_work *work;
    double x[5], y0[Y], y[S * Y], dy[S * Y], z[S * H];
};

/* A loss that is linear in every y, so that its direct gradient is the constant dy. */
static double loss(const struct setup *s)
{
    double sum = 0;

    for (int i = 0; i < S * Y; i++)
        sum += s->dy[i] * s->y[i];
    return sum;
}

static int prepare(void **state)
{
    struct setup *s = calloc(1, sizeof *s);
    struct trm_rng rng;

    trm_rng_seed(&rng, 7);
    assert_int_equal(trm_literal_new(&shape, &s->net), TRM_OK);
    assert_int_equal(trm_literal_new(&shape, &s->grad), TRM_OK);
    assert_int_equal(trm_literal_work_new(&shape, &s->work), TRM_OK);
    trm_literal_init(s->net, &rng);
    for (size_t i = 0; i < s->net->parameters; i++) /* biases and F are 0 at first: move them */
        s->net->all[i] += .3 * trm_rng_normal(&rng);
    for (int i = 0; i < 5; i++)
        s->x[i] = trm_rng_normal(&rng);
    for (int i = 0; i < Y; i++)
        s->y0[i] = trm_rng_normal(&rng);
    for (int i = 0; i < S * Y; i++)
        s->dy[i] = trm_rng_normal(&rng);
    *state = s;
    return 0;
}

static int clean(void **state)
{
    struct setup *s = *state;

    trm_literal_free(s->net);
    trm_literal_free(s->grad);
    trm_literal_work_free(s->work);
    free(s);
    return 0;
}

static void gradient_of_every_block_equals_finite_differences(void **state)
{
    struct setup *s = *state;
    double frozen[S * H];

    trm_literal_forward(s->net, s->work, s->x, s->y0, NULL, s->z, s->y);
    trm_literal_backward(s->net, s->work, s->x, s->y0, s->y, s->z, s->dy, s->grad);
    memcpy(frozen, s->z, sizeof frozen);
    for (int b = 0; b < TRM_LIT_BLOCKS; b++) {
        size_t n = trm_literal_block_n(&shape, b);
        double size = 0;
        for (size_t i = 0; i < n; i++) {
            double *p = &s->net->block[b][i], keep = *p, step = 1e-5;
            *p = keep + step;
            trm_literal_forward(s->net, s->work, s->x, s->y0, frozen, NULL, s->y);
            double up = loss(s);
            *p = keep - step;
            trm_literal_forward(s->net, s->work, s->x, s->y0, frozen, NULL, s->y);
            double down = loss(s);
            *p = keep;
            double expected = (up - down) / (2 * step), got = s->grad->block[b][i];
            assert_near(got, expected, 1e-6 * (1 + fabs(expected)));
            size += fabs(got);
        }
        assert_true(size > 0); /* a block without gradient would prove nothing */
    }
}

static void frozen_latent_state_gives_the_same_answer(void **state)
{
    struct setup *s = *state;
    double again[S * Y];

    trm_literal_forward(s->net, s->work, s->x, s->y0, NULL, s->z, s->y);
    trm_literal_forward(s->net, s->work, s->x, s->y0, s->z, NULL, again);
    assert_memory_equal(again, s->y, sizeof again);
}

static void untrained_network_answers_with_the_initial_guess(void **state)
{
    struct setup *s = *state;
    struct trm_rng rng;

    trm_rng_seed(&rng, 3);
    trm_literal_init(s->net, &rng);
    trm_literal_forward(s->net, s->work, s->x, s->y0, NULL, NULL, s->y);
    for (int step = 0; step < S; step++)
        assert_memory_equal(s->y + step * Y, s->y0, sizeof s->y0);
}

static void zero_dimension_is_refused(void **state)
{
    struct trm_literal *net = NULL;
    struct trm_shape bad = shape;

    (void)state;
    bad.recursions = 0;
    assert_int_equal(trm_literal_new(&bad, &net), TRM_EINVAL);
    assert_null(net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gradient_of_every_block_equals_finite_differences, prepare,
                                        clean),
        cmocka_unit_test_setup_teardown(frozen_latent_state_gives_the_same_answer, prepare, clean),
        cmocka_unit_test_setup_teardown(untrained_network_answers_with_the_initial_guess, prepare,
                                        clean),
        cmocka_unit_test(zero_dimension_is_refused),
    };
    return cmocka_run_group_tests_name("literal", tests, NULL, NULL);
}
