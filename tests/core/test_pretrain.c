/* Training runs: the same result however it is cut up, and a better network at the end. */
#include "check.h"

#include "core/pretrain.h"

#define L TRM_EXAMPLE_ROWS

static const struct trm_thinker_shape small = {6, 5, 4, 8, 16, 16, 2, 2, .fans = 2};

struct examples {
    struct trm_example_set set;
    float *all;
    uint32_t *point_n;
};

static float *part(float **at, size_t n, double scale, struct trm_rng *rng)
{
    float *from = *at;

    for (size_t i = 0; i < n; i++)
        from[i] = (float)(scale * trm_rng_normal(rng));
    *at += n;
    return from;
}

/* A world in which one draft, named by the sign of the first global input, is right; the backtest shows it
 * too, where there is one. */
static void tell(struct examples *e, size_t i, struct trm_rng *rng)
{
    const struct trm_example_set *s = &e->set;
    float *error = (float *)(uintptr_t)s->error, *target = (float *)(uintptr_t)s->target;
    float *spread = (float *)(uintptr_t)s->spread, *weight = (float *)(uintptr_t)s->weight;
    size_t K = small.drafts, T = small.points, right = s->global[i * small.globals] > 0 ? 1 : 4;

    e->point_n[i] = (uint32_t)trm_rng_below(rng, T + 1);
    for (size_t j = 0; j < T; j++)
        for (size_t k = 0; k < K; k++)
            error[(i * T + j) * K + k] *= j >= e->point_n[i] ? 0 : k == right ? .05f : 1;
    for (size_t r = i * L; r < (i + 1) * L; r++) {
        target[r] = s->draft[r * K + right] + .05f * target[r];
        spread[r] = 1;
        weight[r] = 1;
    }
}

static void examples_init(struct examples *e, size_t n, uint64_t seed)
{
    size_t K = small.drafts, G = small.globals, P = small.steps, T = small.points;
    struct trm_rng rng;

    trm_rng_seed(&rng, seed);
    e->all = calloc(n * (G + T * K + T + L * (P + 2 * K + 4 + small.fans * TRM_KNOTS)), sizeof *e->all);
    e->point_n = calloc(n, sizeof *e->point_n);
    float *at = e->all;
    e->set = (struct trm_example_set){.n = n, .point_n = e->point_n};
    e->set.global = part(&at, n * G, 1, &rng);
    e->set.error = part(&at, n * T * K, 1, &rng);
    e->set.log_lead = part(&at, n * T, 1, &rng);
    e->set.step = part(&at, n * L * P, 1, &rng);
    e->set.draft = part(&at, n * L * K, 1, &rng);
    e->set.logit = part(&at, n * L * K, .1, &rng);
    e->set.spread = part(&at, n * L, 1, &rng);
    e->set.fan = part(&at, n * L * small.fans * TRM_KNOTS, 0, &rng);
    e->set.target = part(&at, n * L, 1, &rng);
    e->set.weight = part(&at, n * L, 1, &rng);
    e->set.lead_log = part(&at, n * L, 1, &rng);
    for (size_t i = 0; i < n; i++)
        tell(e, i, &rng);
}

static void examples_done(struct examples *e)
{
    free(e->all);
    free(e->point_n);
}

static struct trm_pretrain_options options_of(uint64_t steps)
{
    struct trm_pretrain_options o = trm_pretrain_options_default(steps, 77);

    o.batch = 3 * TRM_SHARD_WINDOWS;
    o.warmup = 5;
    o.dropout = .5f;
    return o;
}

/* One step with the shards first, first + by, ... (mod shard_n). */
static enum trm_status step(struct trm_pretrain *p, size_t first, size_t by, struct trm_pretrain_work **work,
                            double *ret_loss)
{
    for (size_t i = 0; i < p->shard_n; i++)
        assert_int_equal(trm_pretrain_shard(p, (first + i * by) % p->shard_n, work[i % 2]), TRM_OK);
    return trm_pretrain_finish_step(p, ret_loss);
}

static void works_new(struct trm_pretrain_work **work)
{
    for (int i = 0; i < 2; i++)
        assert_int_equal(trm_pretrain_work_new(&small, &work[i]), TRM_OK);
}

static void works_free(struct trm_pretrain_work **work)
{
    for (int i = 0; i < 2; i++)
        trm_pretrain_work_free(work[i]);
}

static void assert_same(const struct trm_pretrain *a, const struct trm_pretrain *b)
{
    size_t n = a->parameters * sizeof(float);

    assert_int_equal(a->opt.t, b->opt.t);
    assert_memory_equal(a->weights, b->weights, n);
    assert_memory_equal(a->opt.ema, b->opt.ema, n);
    assert_memory_equal(a->opt.m, b->opt.m, n);
    assert_memory_equal(a->opt.v, b->opt.v, n);
    assert_memory_equal(a->loss, b->loss, a->shape.supervision * sizeof *a->loss);
}

static void the_order_of_shards_does_not_change_a_bit(void **state)
{
    struct examples e;
    struct trm_pretrain a, b;
    struct trm_pretrain_work *work[2];
    struct trm_pretrain_options o = options_of(9);

    (void)state;
    examples_init(&e, 250, 1);
    works_new(work);
    assert_int_equal(trm_pretrain_init(&a, &small, &o, &e.set, NULL), TRM_OK);
    assert_int_equal(trm_pretrain_init(&b, &small, &o, &e.set, NULL), TRM_OK);
    for (size_t i = 0; i < 9; i++) {
        enum trm_status expected = i == 8 ? TRM_OK : TRM_MORE;
        assert_int_equal(step(&a, 0, 1, work, NULL), expected);
        assert_int_equal(step(&b, 2 + i, 2, work, NULL), expected);
    }
    assert_same(&a, &b);
    trm_pretrain_done(&a);
    trm_pretrain_done(&b);
    works_free(work);
    examples_done(&e);
}

static void a_resumed_run_equals_an_uninterrupted_one_to_the_bit(void **state)
{
    struct examples e;
    struct trm_pretrain whole, resumed;
    struct trm_pretrain_work *work[2];
    struct trm_pretrain_options o = options_of(12);

    (void)state;
    examples_init(&e, 250, 2);
    works_new(work);
    assert_int_equal(trm_pretrain_init(&whole, &small, &o, &e.set, NULL), TRM_OK);
    size_t bytes = trm_pretrain_state_bytes(&whole);
    char *saved = malloc(bytes + 1);
    for (size_t i = 0; i < 12; i++) {
        if (i == 7)
            trm_pretrain_export(&whole, saved + 1); /* nor does it need to be aligned */
        assert_true(step(&whole, 0, 1, work, NULL) != TRM_EDIVERGED);
    }
    assert_int_equal(trm_pretrain_init(&resumed, &small, &o, &e.set, NULL), TRM_OK);
    assert_int_equal(step(&resumed, 0, 1, work, NULL), TRM_MORE); /* what is imported replaces all */
    assert_int_equal(trm_pretrain_import(&resumed, saved + 1, bytes), TRM_OK);
    for (size_t i = 7; i < 12; i++)
        assert_true(step(&resumed, 1, 1, work, NULL) != TRM_EDIVERGED);
    assert_same(&whole, &resumed);
    free(saved);
    trm_pretrain_done(&whole);
    trm_pretrain_done(&resumed);
    works_free(work);
    examples_done(&e);
}

static void a_foreign_state_is_refused(void **state)
{
    struct examples e;
    struct trm_pretrain p;
    struct trm_pretrain_options o = options_of(12);

    (void)state;
    examples_init(&e, 10, 3);
    assert_int_equal(trm_pretrain_init(&p, &small, &o, &e.set, NULL), TRM_OK);
    size_t bytes = trm_pretrain_state_bytes(&p);
    uint64_t *saved = malloc(bytes);
    trm_pretrain_export(&p, saved);
    assert_int_equal(trm_pretrain_import(&p, saved, bytes), TRM_OK);
    assert_int_equal(trm_pretrain_import(&p, saved, bytes - 1), TRM_ECORRUPT);
    assert_int_equal(trm_pretrain_import(&p, saved, 3), TRM_ECORRUPT);
    saved[3] = 13;
    assert_int_equal(trm_pretrain_import(&p, saved, bytes), TRM_EINVAL);
    saved[3] = 0;
    saved[1]++;
    assert_int_equal(trm_pretrain_import(&p, saved, bytes), TRM_EINVAL);
    saved[0]++;
    assert_int_equal(trm_pretrain_import(&p, saved, bytes), TRM_EVERSION);
    free(saved);
    trm_pretrain_done(&p);
    examples_done(&e);
}

static void the_loss_goes_down_and_later_steps_are_better(void **state)
{
    struct examples e;
    struct trm_pretrain p;
    struct trm_pretrain_work *work[2];
    struct trm_pretrain_options o = options_of(250);
    double before[2], after[2];

    (void)state;
    o.dropout = .1f;
    o.rate = 5e-3f;
    o.ema_decay = .98f;
    examples_init(&e, 3000, 4);
    works_new(work);
    struct trm_example_set seen = e.set;
    seen.n = 2700; /* the rest is held out */
    assert_int_equal(trm_pretrain_init(&p, &small, &o, &seen, NULL), TRM_OK);
    assert_int_equal(trm_pretrain_validate(&small, p.opt.ema, &e.set, 2700, 3000, work[0], before), TRM_OK);
    for (size_t i = 0; i < 250; i++)
        assert_true(step(&p, 0, 1, work, NULL) != TRM_EDIVERGED);
    assert_int_equal(trm_pretrain_validate(&small, p.opt.ema, &e.set, 2700, 3000, work[0], after), TRM_OK);
    assert_near(before[0], before[1], 1e-6);
    assert_true(after[0] < .5 * before[0]);
    assert_true(after[1] <= after[0] + .01);
    assert_near(p.loss[1], after[1], .2);
    trm_pretrain_done(&p);
    works_free(work);
    examples_done(&e);
}

static void validation_is_the_mean_over_examples_however_cut(void **state)
{
    struct examples e;
    struct trm_pretrain_work *work[2];
    double whole[2], a[2], b[2];
    float *weights = calloc(trm_thinker_parameters(&small), sizeof *weights);

    (void)state;
    examples_init(&e, 75, 5);
    works_new(work);
    trm_thinker_init(&small, 6, weights);
    assert_int_equal(trm_pretrain_validate(&small, weights, &e.set, 0, 75, work[0], whole), TRM_OK);
    assert_int_equal(trm_pretrain_validate(&small, weights, &e.set, 0, 41, work[0], a), TRM_OK);
    assert_int_equal(trm_pretrain_validate(&small, weights, &e.set, 41, 75, work[1], b), TRM_OK);
    for (int s = 0; s < 2; s++)
        assert_near(whole[s], (41 * a[s] + 34 * b[s]) / 75, 1e-12);
    free(weights);
    works_free(work);
    examples_done(&e);
}

/* Two steps of 96 are an epoch of 192. */
static void an_epoch_takes_every_example_once(void **state)
{
    struct examples e;
    struct trm_pretrain p;
    struct trm_pretrain_options o = options_of(50);
    uint32_t first[192];
    bool seen[192] = {false};

    (void)state;
    examples_init(&e, 192, 7);
    assert_int_equal(trm_pretrain_init(&p, &small, &o, &e.set, NULL), TRM_OK);
    memcpy(first, p.order, sizeof first);
    for (size_t i = 0; i < 192; i++) {
        assert_false(seen[first[i]]);
        seen[first[i]] = true;
    }
    struct trm_pretrain_work *work[2];
    works_new(work);
    assert_int_equal(step(&p, 0, 1, work, NULL), TRM_MORE);
    assert_memory_equal(p.order, first, sizeof first);
    assert_int_equal(step(&p, 0, 1, work, NULL), TRM_MORE);
    assert_memory_not_equal(p.order, first, sizeof first);
    works_free(work);
    trm_pretrain_done(&p);
    examples_done(&e);
}

static void bad_options_are_refused(void **state)
{
    struct examples e;
    struct trm_pretrain p;
    struct trm_pretrain_options o = options_of(5);
    struct trm_thinker_shape shape = small;

    (void)state;
    examples_init(&e, 10, 8);
    o.batch = TRM_SHARD_WINDOWS + 1;
    assert_int_equal(trm_pretrain_init(&p, &small, &o, &e.set, NULL), TRM_EINVAL);
    o = options_of(0);
    assert_int_equal(trm_pretrain_init(&p, &small, &o, &e.set, NULL), TRM_EINVAL);
    o = options_of(5);
    shape.latent = 17;
    assert_int_equal(trm_pretrain_init(&p, &shape, &o, &e.set, NULL), TRM_EINVAL);
    e.set.n = 0;
    assert_int_equal(trm_pretrain_init(&p, &small, &o, &e.set, NULL), TRM_EINVAL);
    examples_done(&e);
}

static void a_set_that_is_no_numbers_diverges_and_leaves_the_weights(void **state)
{
    struct examples e;
    struct trm_pretrain p;
    struct trm_pretrain_work *work[2];
    struct trm_pretrain_options o = options_of(5);

    (void)state;
    examples_init(&e, 96, 9);
    works_new(work);
    *(float *)(uintptr_t)e.set.target = NAN;
    assert_int_equal(trm_pretrain_init(&p, &small, &o, &e.set, NULL), TRM_OK);
    float before = p.weights[3];
    enum trm_status worst = TRM_OK;
    for (size_t i = 0; i < p.shard_n; i++) {
        enum trm_status status = trm_pretrain_shard(&p, i, work[0]);
        worst = status != TRM_OK ? status : worst;
    }
    assert_int_equal(worst, TRM_EDIVERGED);
    assert_int_equal(trm_pretrain_finish_step(&p, NULL), TRM_EDIVERGED);
    assert_true(p.weights[3] == before && p.opt.t == 0);
    trm_pretrain_done(&p);
    works_free(work);
    examples_done(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_of_shards_does_not_change_a_bit),
        cmocka_unit_test(a_resumed_run_equals_an_uninterrupted_one_to_the_bit),
        cmocka_unit_test(a_foreign_state_is_refused),
        cmocka_unit_test(the_loss_goes_down_and_later_steps_are_better),
        cmocka_unit_test(validation_is_the_mean_over_examples_however_cut),
        cmocka_unit_test(an_epoch_takes_every_example_once),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(a_set_that_is_no_numbers_diverges_and_leaves_the_weights),
    };
    return cmocka_run_group_tests_name("pretrain", tests, NULL, NULL);
}
