/* The thinker against its specification in plain loops, and what must hold whatever the weights are. */
#include "thinker_plain.h"

#include "core/kernel.h"
#include "core/quantile.h"

struct batch {
    struct trm_thinker_shape shape;
    struct trm_thinker_rows rows;
    float *all, *weights, *grad;
    uint32_t *window;
    size_t parameters, all_n;
    struct trm_thinker_work *work;
};

static const struct trm_thinker_shape small = {5, 7, 6, 9, 16, 16, 3, 2, .fans = 2};
static const struct trm_thinker_shape usual = {36, 150, 80, 64, 256, 64, 3, 2, .fans = 2};

static float *part(struct batch *b, float **at, size_t n, double scale, struct trm_rng *rng)
{
    float *from = *at;

    (void)b;
    for (size_t i = 0; i < n; i++)
        from[i] = (float)(scale * trm_rng_normal(rng));
    *at += n;
    return from;
}

/* Points of window v that are real: the last window has none. */
static void fill_omega(struct batch *b, struct trm_rng *rng)
{
    size_t T = b->shape.points;
    float *omega = (float *)(uintptr_t)b->rows.omega, *log_lead = calloc(T, sizeof *log_lead);

    for (size_t j = 0; j < T; j++)
        log_lead[j] = (float)(3 * trm_rng_uniform(rng));
    for (size_t i = 0; i < b->rows.row_n; i++) {
        size_t real = b->rows.window_n > 1 && b->window[i] + 1 == b->rows.window_n ? 0 : T - T / 4;
        trm_thinker_omega(T, real, (float)(3 * trm_rng_uniform(rng)), log_lead, omega + i * T);
    }
    free(log_lead);
}

/* Windows of `each` rows; the last of them has one row more. */
static void batch_init(struct batch *b, struct trm_thinker_shape shape, size_t windows, size_t each,
                       double scale, uint64_t seed)
{
    size_t K = shape.drafts, G = shape.globals, P = shape.steps, T = shape.points, n = windows * each + 1;
    struct trm_rng rng;

    trm_rng_seed(&rng, seed);
    *b = (struct batch){.shape = shape, .parameters = trm_thinker_parameters(&shape)};
    b->all_n = windows * (G + T * K) + n * (P + 2 * K + T + 3 + shape.fans * TRM_KNOTS);
    b->all = calloc(b->all_n, sizeof *b->all);
    b->weights = calloc(b->parameters, sizeof *b->weights);
    b->grad = calloc(b->parameters, sizeof *b->grad);
    b->window = calloc(n, sizeof *b->window);
    for (size_t i = 0; i < n; i++)
        b->window[i] = (uint32_t)(i / each < windows ? i / each : windows - 1);
    float *at = b->all;
    b->rows = (struct trm_thinker_rows){.window_n = windows, .row_n = n, .window = b->window};
    b->rows.global = part(b, &at, windows * G, scale, &rng);
    b->rows.error = part(b, &at, windows * T * K, scale, &rng);
    b->rows.step = part(b, &at, n * P, scale, &rng);
    b->rows.draft = part(b, &at, n * K, scale, &rng);
    b->rows.logit = part(b, &at, n * K, 1, &rng);
    b->rows.omega = part(b, &at, n * T, 1, &rng);
    float *fan = part(b, &at, n * shape.fans * TRM_KNOTS, .3, &rng);
    b->rows.fan = fan;
    for (size_t i = 0; i < n * shape.fans * TRM_KNOTS; i++)
        fan[i] = i % TRM_KNOTS == TRM_KNOT_MEDIAN ? 0 : fabsf(fan[i]);
    float *spread = part(b, &at, n, 1, &rng), *weight;
    b->rows.spread = spread;
    b->rows.target = part(b, &at, n, scale, &rng);
    b->rows.weight = weight = part(b, &at, n, 1, &rng);
    for (size_t i = 0; i < n; i++) {
        spread[i] = .2f + fabsf(spread[i]);
        weight[i] = .2f + fabsf(weight[i]);
    }
    fill_omega(b, &rng);
    trm_thinker_init(&shape, seed, b->weights);
    assert_int_equal(trm_thinker_work_new(&shape, n, windows, true, &b->work), TRM_OK);
}

static void shake(struct batch *b, double size, uint64_t seed)
{
    struct trm_rng rng;

    trm_rng_seed(&rng, seed);
    for (size_t i = 0; i < b->parameters; i++)
        b->weights[i] += (float)(size * trm_rng_normal(&rng));
}

static void batch_done(struct batch *b)
{
    trm_thinker_work_free(b->work);
    free(b->all);
    free(b->weights);
    free(b->grad);
    free(b->window);
}

static struct plain *plain_of(const struct batch *b)
{
    struct plain *p = calloc(1, sizeof *p);

    p->shape = &b->shape;
    p->rows = &b->rows;
    p->w = calloc(b->parameters, sizeof *p->w);
    for (size_t i = 0; i < b->parameters; i++)
        p->w[i] = (double)b->weights[i];
    return p;
}

static void plain_free(struct plain *p)
{
    free(p->w);
    free(p);
}

static void check_row(const struct batch *b, const struct trm_thinker_view *view, size_t i,
                      const struct plain_step *at)
{
    size_t K = b->shape.drafts, F = trm_thinker_feedback_n(&b->shape);

    for (int k = 0; k < TRM_KNOTS; k++)
        assert_near((double)view->quantile[i * TRM_KNOTS + (size_t)k], at->q[k], 1e-4 * (1 + fabs(at->q[k])));
    for (size_t k = 0; k < K; k++)
        assert_near((double)view->mix[i * K + k], at->mix[k], 2e-5);
    for (size_t j = 0; j < F; j++)
        assert_near((double)view->verify[i * F + j], at->feed[j], 1e-4 * (1 + fabs(at->feed[j])));
    assert_near((double)view->halt[i], at->halt, 1e-4 * (1 + fabs(at->halt)));
}

static void check_forward(struct trm_thinker_shape shape, double size)
{
    struct batch b;
    struct trm_thinker_view view;

    batch_init(&b, shape, 3, 4, 1, 5);
    shake(&b, size, 6);
    struct plain *p = plain_of(&b);
    for (size_t s = 0; s <= shape.supervision; s++) {
        trm_thinker_begin(&b.shape, b.weights, &b.rows, b.work, &view);
        for (size_t k = 0; k < s; k++)
            trm_thinker_step(&b.shape, b.weights, &b.rows, b.work, &view);
        assert_true(s ? view.update_z > 0 : view.update_z == 0);
        for (size_t i = 0; i < b.rows.row_n; i++) {
            plain_row(p, i, true);
            p->at[0].halt = p->w[trm_thinker_block_at(&shape, TRM_THINK_Z0) - 1]; /* bh */
            check_row(&b, &view, i, &p->at[s]);
        }
    }
    plain_free(p);
    batch_done(&b);
}

static void every_step_answers_as_the_specification_in_doubles(void **state)
{
    (void)state;
    check_forward(small, .1);
    check_forward(usual, .01);
    check_forward((struct trm_thinker_shape){16, 1, 1, 16, 32, 16, 4, 1, 1}, .2);
    check_forward((struct trm_thinker_shape){1, 3, 2, 1, 16, 32, 1, 3, 0}, .2);
}

static void losses_equal_the_specification(void **state)
{
    struct batch b;
    double loss[PLAIN_STEPS], expected[PLAIN_STEPS] = {0}, again[PLAIN_STEPS];

    (void)state;
    batch_init(&b, small, 3, 4, 1, 7);
    shake(&b, .1, 8);
    struct plain *p = plain_of(&b);
    for (size_t i = 0; i < b.rows.row_n; i++) {
        plain_row(p, i, true);
        for (size_t s = 0; s < small.supervision; s++)
            expected[s] += (double)b.rows.weight[i] * p->at[s + 1].loss / (double)b.rows.row_n;
    }
    assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, NULL, loss), TRM_OK);
    assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, b.grad, again), TRM_OK);
    for (size_t s = 0; s < small.supervision; s++)
        assert_near(loss[s], expected[s], 1e-5);
    assert_memory_equal(loss, again, small.supervision * sizeof *loss);
    plain_free(p);
    batch_done(&b);
}

/* d(mean loss)/d(parameter at) by central differences of the reference. */
static double difference(struct plain *p, size_t at)
{
    double keep = p->w[at], sum = 0;

    for (size_t i = 0; i < p->rows->row_n; i++) {
        p->w[at] = keep;
        plain_row(p, i, true);
        p->w[at] = keep + 1e-6;
        double up = plain_row(p, i, false);
        p->w[at] = keep - 1e-6;
        sum += (up - plain_row(p, i, false)) / 2e-6;
    }
    p->w[at] = keep;
    return sum / (double)p->rows->row_n;
}

static void check_gradient(struct trm_thinker_shape shape)
{
    struct batch b;
    double loss[PLAIN_STEPS];

    batch_init(&b, shape, 3, 3, 1, 21);
    shake(&b, .1, 22);
    struct plain *p = plain_of(&b);
    assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, b.grad, loss), TRM_OK);
    for (int block = 0; block < TRM_THINK_BLOCKS; block++) {
        size_t first = trm_thinker_block_at(&shape, block), n = trm_thinker_block_n(&shape, block);
        double size = 0;
        size_t stride = n / 150 + 1, seen = 0; /* every parameter of small blocks, 75 to 150 of the others */
        for (size_t i = first; i < first + n; i += stride, seen++) {
            double expected = difference(p, i);
            assert_near((double)b.grad[i], expected, 2e-5 + 5e-4 * fabs(expected));
            size += fabs(expected);
        }
        assert_true(size / (double)seen > 1e-4);
    }
    plain_free(p);
    batch_done(&b);
}

static void gradient_of_every_block_equals_finite_differences(void **state)
{
    (void)state;
    check_gradient(small);
    check_gradient((struct trm_thinker_shape){17, 2, 3, 18, 16, 32, 2, 3, 4});
    check_gradient((struct trm_thinker_shape){3, 2, 3, 4, 32, 16, 2, 1, 0});
}

static void gradients_add_up_over_calls(void **state)
{
    struct batch b;
    double loss[PLAIN_STEPS];

    (void)state;
    batch_init(&b, small, 2, 3, 1, 23);
    shake(&b, .1, 24);
    float *once = calloc(b.parameters, sizeof *once);
    assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, once, loss), TRM_OK);
    assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, b.grad, loss), TRM_OK);
    assert_memory_equal(once, b.grad, b.parameters * sizeof *once);
    assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, b.grad, loss), TRM_OK);
    for (size_t i = 0; i < b.parameters; i++)
        assert_near((double)b.grad[i], 2 * (double)once[i], 1e-6 + 1e-5 * fabs((double)once[i]));
    free(once);
    batch_done(&b);
}

static void untrained_network_answers_the_consensus(void **state)
{
    struct batch b;
    struct trm_thinker_view view;

    (void)state;
    struct trm_thinker_shape fanless = usual; /* a fan's gate starts ajar */
    fanless.fans = 0;
    batch_init(&b, fanless, 2, 5, 1, 31);
    struct plain *p = plain_of(&b);
    trm_thinker_begin(&b.shape, b.weights, &b.rows, b.work, &view);
    for (size_t s = 0; s < 4; s++, trm_thinker_step(&b.shape, b.weights, &b.rows, b.work, &view))
        for (size_t i = 0; i < b.rows.row_n; i++) {
            double logit[PLAIN_MAX], w[PLAIN_MAX], centre = 0, spread = (double)b.rows.spread[i];
            for (size_t k = 0; k < usual.drafts; k++)
                logit[k] = (double)b.rows.logit[i * usual.drafts + k];
            plain_softmax(usual.drafts, logit, w);
            for (size_t k = 0; k < usual.drafts; k++)
                centre += w[k] * (double)b.rows.draft[i * usual.drafts + k];
            for (int k = 0; k < TRM_KNOTS; k++)
                assert_near((double)view.quantile[i * TRM_KNOTS + (size_t)k],
                            centre + 1.25 * spread * trm_normal_knots[k], 1e-5 * (1 + spread));
        }
    plain_free(p);
    batch_done(&b);
}

static void quantiles_do_not_cross_for_wild_weights(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 12; seed++) {
        struct batch b;
        struct trm_thinker_view view;
        batch_init(&b, small, 3, 9, 1, seed);
        shake(&b, pow(4, (double)seed - 3), seed);
        trm_thinker_begin(&b.shape, b.weights, &b.rows, b.work, &view);
        for (size_t s = 0; s < 5; s++, trm_thinker_step(&b.shape, b.weights, &b.rows, b.work, &view))
            for (size_t i = 0; i < b.rows.row_n; i++)
                for (size_t k = 1; k < TRM_KNOTS; k++)
                    assert_true(view.quantile[i * TRM_KNOTS + k] >= view.quantile[i * TRM_KNOTS + k - 1]);
        batch_done(&b);
    }
}

/* Rows first .. first + n of a batch as a batch of their own, in windows first_window ... */
static struct trm_thinker_rows cut(const struct batch *b, size_t first, size_t n, uint32_t *window)
{
    const struct trm_thinker_shape *s = &b->shape;
    struct trm_thinker_rows rows = b->rows;
    size_t v = b->window[first], K = s->drafts, T = s->points;

    for (size_t i = 0; i < n; i++)
        window[i] = b->window[first + i] - (uint32_t)v;
    rows.window = window;
    rows.row_n = n;
    rows.window_n = b->window[first + n - 1] - v + 1;
    rows.global += v * s->globals;
    rows.error += v * T * K;
    rows.step += first * s->steps;
    rows.draft += first * K;
    rows.logit += first * K;
    rows.omega += first * T;
    rows.spread += first;
    rows.fan += first * s->fans * TRM_KNOTS;
    return rows;
}

/* One supervision step more than the training has, of rows first .. first + n, against the whole batch. */
static void check_cut(const struct batch *b, const struct trm_thinker_view *whole, size_t first, size_t n)
{
    size_t K = b->shape.drafts, F = trm_thinker_feedback_n(&b->shape);
    uint32_t window[64];
    struct trm_thinker_rows rows = cut(b, first, n, window);
    struct trm_thinker_work *work;
    struct trm_thinker_view view;

    assert_int_equal(trm_thinker_work_new(&b->shape, n + 3, rows.window_n, false, &work), TRM_OK);
    trm_thinker_begin(&b->shape, b->weights, &rows, work, &view);
    for (size_t s = 0; s <= b->shape.supervision; s++)
        trm_thinker_step(&b->shape, b->weights, &rows, work, &view);
    assert_memory_equal(view.quantile, whole->quantile + first * TRM_KNOTS, n * TRM_KNOTS * sizeof(float));
    assert_memory_equal(view.mix, whole->mix + first * K, n * K * sizeof(float));
    assert_memory_equal(view.verify, whole->verify + first * F, n * F * sizeof(float));
    assert_memory_equal(view.halt, whole->halt + first, n * sizeof(float));
    trm_thinker_work_free(work);
}

static void a_row_does_not_depend_on_the_other_rows(void **state)
{
    const struct trm_thinker_shape shapes[] = {{5, 7, 6, 9, 16, 16, 3, 2, 0},
                                               {37, 11, 13, 33, 48, 16, 2, 2, 3}};

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct batch b;
        struct trm_thinker_view whole;
        batch_init(&b, shapes[k], 4, 9, 1, 41);
        shake(&b, .1, 42);
        trm_thinker_begin(&b.shape, b.weights, &b.rows, b.work, &whole);
        for (size_t s = 0; s <= b.shape.supervision; s++)
            trm_thinker_step(&b.shape, b.weights, &b.rows, b.work, &whole);
        for (size_t first = 0; first < b.rows.row_n; first += 5)
            for (size_t n = 1; n <= 14 && first + n <= b.rows.row_n; n++)
                check_cut(&b, &whole, first, n);
        batch_done(&b);
    }
}

static void products_of_a_row_do_not_depend_on_the_other_rows(void **state)
{
    enum { M = 23, N = 53, K = 37 };
    static float a[M * K], b[K * N], whole[M * N], one[M * N];
    const struct trm_kernels *sets[] = {trm_kernels(), trm_kernels_baseline()};
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 9);
    for (int i = 0; i < M * K; i++)
        a[i] = (float)trm_rng_normal(&rng);
    for (int i = 0; i < K * N; i++)
        b[i] = (float)trm_rng_normal(&rng);
    for (int set = 0; set < 2; set++)
        for (size_t m = 1; m <= M; m++) {
            memset(whole, 0, sizeof whole);
            memset(one, 0, sizeof one);
            sets[set]->sgemm(m, N, K, a, K, 1, b, N, whole, N);
            for (size_t i = 0; i < m; i++)
                sets[set]->sgemm(1, N, K, a + i * K, K, 1, b, N, one + i * N, N);
            assert_memory_equal(whole, one, sizeof whole);
        }
}

static void extreme_inputs_give_finite_answers_and_gradients(void **state)
{
    const double scales[] = {1e-30, 1e-4, 1e2, 1e4};

    (void)state;
    for (size_t k = 0; k < 4; k++) {
        struct batch b;
        double loss[PLAIN_STEPS];
        struct trm_thinker_view view;
        batch_init(&b, small, 3, 8, scales[k], 51);
        float *logit = (float *)(uintptr_t)b.rows.logit, *spread = (float *)(uintptr_t)b.rows.spread;
        for (size_t i = 0; i < b.rows.row_n; i++) {
            logit[i * small.drafts] *= (float)scales[k];
            spread[i] *= i % 3 == 0 ? 1e-4f : 1;
        }
        shake(&b, .1, 52);
        trm_thinker_begin(&b.shape, b.weights, &b.rows, b.work, &view);
        trm_thinker_step(&b.shape, b.weights, &b.rows, b.work, &view);
        for (size_t i = 0; i < b.rows.row_n * TRM_KNOTS; i++)
            assert_true(isfinite(view.quantile[i]));
        for (size_t i = 0; i < b.rows.row_n * trm_thinker_feedback_n(&small); i++)
            assert_true(isfinite(view.verify[i]));
        assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, b.grad, loss), TRM_OK);
        for (size_t i = 0; i < b.parameters; i++)
            assert_true(isfinite(b.grad[i]));
        batch_done(&b);
    }
}

static void weights_that_are_no_numbers_diverge(void **state)
{
    struct batch b;
    double loss[PLAIN_STEPS];

    (void)state;
    batch_init(&b, small, 2, 3, 1, 61);
    b.weights[trm_thinker_block_at(&small, TRM_THINK_M) + 3] = NAN;
    assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, b.grad, loss), TRM_EDIVERGED);
    batch_done(&b);
}

static void a_wild_target_is_capped_and_pulls_at_nothing(void **state)
{
    struct batch b;
    double loss[PLAIN_STEPS];

    (void)state;
    batch_init(&b, small, 2, 3, 1, 62);
    float *target = (float *)(uintptr_t)b.rows.target, *weight = (float *)(uintptr_t)b.rows.weight;
    for (size_t i = 0; i < b.rows.row_n; i++) {
        target[i] = i % 2 ? 1e6f : -1e6f;
        weight[i] = 1;
    }
    assert_int_equal(trm_thinker_train(&b.shape, b.weights, &b.rows, b.work, b.grad, loss), TRM_OK);
    for (size_t s = 0; s < small.supervision; s++)
        assert_true(loss[s] == (double)TRM_LOSS_CAP);
    for (size_t i = 0; i < trm_thinker_block_at(&small, TRM_THINK_OUT); i++)
        assert_true(b.grad[i] == 0);
    batch_done(&b);
}

static void omega_prefers_points_near_the_lead(void **state)
{
    const float log_lead[] = {0, .5f, 1, 4, 2};
    float omega[5], sum = 0;

    (void)state;
    trm_thinker_omega(5, 4, .9f, log_lead, omega);
    for (int j = 0; j < 4; j++) {
        sum += omega[j];
        assert_near((double)(omega[j] / omega[2]), exp(.1 - fabs(.9 - (double)log_lead[j])), 1e-6);
    }
    assert_near((double)sum, 1, 1e-6);
    assert_true(omega[4] == 0);
    trm_thinker_omega(5, 0, .9f, log_lead, omega);
    for (int j = 0; j < 5; j++)
        assert_true(omega[j] == 0);
}

static void shapes_out_of_range_are_refused(void **state)
{
    struct trm_thinker_shape s = small;
    struct trm_thinker_work *work = NULL;

    (void)state;
    assert_int_equal(trm_thinker_shape_check(&usual), TRM_OK);
    s.inner = 20;
    assert_int_equal(trm_thinker_work_new(&s, 1, 1, false, &work), TRM_EINVAL);
    s.inner = 1u << 31;
    assert_int_equal(trm_thinker_shape_check(&s), TRM_EINVAL);
    s = small;
    s.recursions = 0;
    assert_int_equal(trm_thinker_shape_check(&s), TRM_EINVAL);
    assert_null(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_answers_as_the_specification_in_doubles),
        cmocka_unit_test(losses_equal_the_specification),
        cmocka_unit_test(gradient_of_every_block_equals_finite_differences),
        cmocka_unit_test(gradients_add_up_over_calls),
        cmocka_unit_test(untrained_network_answers_the_consensus),
        cmocka_unit_test(quantiles_do_not_cross_for_wild_weights),
        cmocka_unit_test(a_row_does_not_depend_on_the_other_rows),
        cmocka_unit_test(products_of_a_row_do_not_depend_on_the_other_rows),
        cmocka_unit_test(extreme_inputs_give_finite_answers_and_gradients),
        cmocka_unit_test(weights_that_are_no_numbers_diverge),
        cmocka_unit_test(a_wild_target_is_capped_and_pulls_at_nothing),
        cmocka_unit_test(omega_prefers_points_near_the_lead),
        cmocka_unit_test(shapes_out_of_range_are_refused),
    };
    return cmocka_run_group_tests_name("thinker", tests, NULL, NULL);
}
