/* The fast form against the reference: same answers, same meaning of every gradient. */
#include "check.h"

#include "core/folded.h"

#define BATCH 7

struct pair {
    struct trm_shape shape;
    struct trm_literal *literal;
    struct trm_folded net, grad;
    float *weights, *gradient;
    struct trm_folded_work *work;
    float *x, *y0, *y, *dy;
    size_t y_n, parameters;
};

static void pair_init(struct pair *p, struct trm_shape shape, uint64_t seed)
{
    struct trm_rng rng;

    trm_rng_seed(&rng, seed);
    *p = (struct pair){.shape = shape, .y_n = trm_state_n(&shape)};
    p->parameters = trm_folded_parameters(&shape);
    assert_int_equal(trm_literal_new(&shape, &p->literal), TRM_OK);
    trm_literal_init(p->literal, &rng);
    for (size_t i = 0; i < p->literal->parameters; i++)
        p->literal->all[i] += .05 * trm_rng_normal(&rng);
    p->weights = calloc(p->parameters, sizeof(float));
    p->gradient = calloc(p->parameters, sizeof(float));
    trm_folded_view(&shape, p->weights, &p->net);
    trm_folded_view(&shape, p->gradient, &p->grad);
    assert_int_equal(trm_fold(p->literal, &p->net), TRM_OK);
    assert_int_equal(trm_folded_work_new(&shape, BATCH, &p->work), TRM_OK);
    p->x = calloc(BATCH * shape.lookback, sizeof(float));
    p->y0 = calloc(BATCH * p->y_n, sizeof(float));
    p->y = calloc(BATCH * p->y_n * shape.supervision, sizeof(float));
    p->dy = calloc(BATCH * p->y_n * shape.supervision, sizeof(float));
    for (size_t i = 0; i < BATCH * shape.lookback; i++)
        p->x[i] = (float)trm_rng_normal(&rng);
    for (size_t i = 0; i < BATCH * p->y_n; i++)
        p->y0[i] = (float)trm_rng_normal(&rng);
    for (size_t i = 0; i < BATCH * p->y_n * shape.supervision; i++)
        p->dy[i] = (float)trm_rng_normal(&rng);
}

static void pair_done(struct pair *p)
{
    trm_literal_free(p->literal);
    trm_folded_work_free(p->work);
    free(p->weights);
    free(p->gradient);
    free(p->x);
    free(p->y0);
    free(p->y);
    free(p->dy);
}

/* The literal's answer for row i of the batch → ret[S][Y]. */
static void literal_answer(const struct pair *p, size_t i, double *ret)
{
    struct trm_literal_work *work;
    double x[512], y0[512];

    assert_int_equal(trm_literal_work_new(&p->shape, &work), TRM_OK);
    for (size_t j = 0; j < p->shape.lookback; j++)
        x[j] = (double)p->x[i * p->shape.lookback + j];
    for (size_t j = 0; j < p->y_n; j++)
        y0[j] = (double)p->y0[i * p->y_n + j];
    trm_literal_forward(p->literal, work, x, y0, NULL, NULL, ret);
    trm_literal_work_free(work);
}

static void folded_equals_literal_at_every_supervision_step(void **state)
{
    const struct trm_shape shapes[] = {{168, 48, 32, 3, 6}, {5, 1, 8, 1, 1}, {24, 12, 64, 4, 2}};

    (void)state;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        struct pair p;
        pair_init(&p, shapes[k], 11 + k);
        double *expected = calloc(p.shape.supervision * p.y_n, sizeof *expected);
        trm_folded_forward(&p.net, p.work, BATCH, p.x, p.y0, p.y);
        for (size_t i = 0; i < BATCH; i++) {
            literal_answer(&p, i, expected);
            for (size_t s = 0; s < p.shape.supervision; s++)
                for (size_t j = 0; j < p.y_n; j++)
                    assert_near((double)p.y[(s * BATCH + i) * p.y_n + j], expected[s * p.y_n + j],
                                1e-5 * (1 + fabs(expected[s * p.y_n + j])));
        }
        free(expected);
        pair_done(&p);
    }
}

static void stepping_gives_the_same_answers_as_a_batch(void **state)
{
    struct pair p;

    (void)state;
    pair_init(&p, (struct trm_shape){24, 12, 16, 3, 4}, 5);
    trm_folded_forward(&p.net, p.work, 1, p.x, p.y0, p.y);
    float *y = p.y0;
    trm_folded_begin(&p.net, p.work, p.x);
    for (size_t s = 0; s < p.shape.supervision; s++) {
        assert_true(trm_folded_step(&p.net, p.work, y) > 0);
        assert_memory_equal(y, p.y + s * p.y_n, p.y_n * sizeof *y);
    }
    pair_done(&p);
}

/* The reference for the folded backward: the same network in double with the latent state held. The
 * loss is linear in y, the latent state at the start of each step is a constant. */
struct plain {
    const struct pair *p;
    double *w;              /* [parameters] in the folded layout */
    double held[8][64];     /* latent state at the start of each step of one window */
};

static double *plain_block(struct plain *d, int block)
{
    return d->w + (d->p->net.block[block] - d->p->weights);
}

/* Loss of window i. note: also records the latent states instead of using them. */
static double plain_loss(struct plain *d, size_t i, bool note)
{
    const struct pair *p = d->p;
    size_t h = p->shape.hidden, L = p->shape.lookback, Y = p->y_n;
    double a[64], w[64] = {0}, g[64] = {0}, y[128], sum = 0;

    for (size_t k = 0; k < h; k++) {
        a[k] = plain_block(d, TRM_FOLD_A0)[k];
        for (size_t j = 0; j < L; j++)
            a[k] += plain_block(d, TRM_FOLD_A)[j * h + k] * (double)p->x[i * L + j];
    }
    for (size_t j = 0; j < Y; j++)
        y[j] = (double)p->y0[i * Y + j];
    for (size_t s = 0; s < p->shape.supervision; s++) {
        double v[64];
        memcpy(note ? d->held[s] : w, note ? w : d->held[s], h * sizeof *w);
        for (size_t k = 0; k < h; k++) {
            v[k] = a[k];
            for (size_t j = 0; j < Y; j++)
                v[k] += plain_block(d, TRM_FOLD_P)[j * h + k] * y[j];
        }
        for (size_t r = 0; r < p->shape.recursions; r++) {
            for (size_t k = 0; k < h; k++)
                g[k] = (v[k] + w[k]) / (1 + exp(-(v[k] + w[k])));
            for (size_t k = 0; k < h; k++) {
                w[k] += plain_block(d, TRM_FOLD_C)[k];
                for (size_t j = 0; j < h; j++)
                    w[k] += plain_block(d, TRM_FOLD_M)[j * h + k] * g[j];
            }
        }
        for (size_t j = 0; j < Y; j++) {
            y[j] += plain_block(d, TRM_FOLD_FB)[j];
            for (size_t k = 0; k < h; k++)
                y[j] += plain_block(d, TRM_FOLD_F)[k * Y + j] * g[k];
            sum += y[j] * (double)p->dy[(s * BATCH + i) * Y + j];
        }
    }
    return sum;
}

/* d(loss of the batch)/d(parameter at) by central differences, each window's latent state held. */
static double difference(struct plain *d, size_t at)
{
    double keep = d->w[at], sum = 0;

    for (size_t i = 0; i < BATCH; i++) {
        d->w[at] = keep;
        plain_loss(d, i, true);
        d->w[at] = keep + 1e-5;
        double up = plain_loss(d, i, false);
        d->w[at] = keep - 1e-5;
        sum += (up - plain_loss(d, i, false)) / 2e-5;
    }
    d->w[at] = keep;
    return sum;
}

static void gradient_of_every_folded_block_equals_finite_differences(void **state)
{
    struct pair p;
    struct plain d = {.p = &p};

    (void)state;
    pair_init(&p, (struct trm_shape){6, 5, 8, 3, 3}, 21);
    d.w = calloc(p.parameters, sizeof *d.w);
    for (size_t i = 0; i < p.parameters; i++)
        d.w[i] = (double)p.weights[i];
    float *dy = calloc(BATCH * p.y_n * p.shape.supervision, sizeof *dy);
    memcpy(dy, p.dy, BATCH * p.y_n * p.shape.supervision * sizeof *dy);
    trm_folded_forward(&p.net, p.work, BATCH, p.x, p.y0, p.y);
    trm_folded_backward(&p.net, p.work, BATCH, p.x, p.y0, p.y, dy, &p.grad);
    for (int b = 0; b < TRM_FOLD_BLOCKS; b++) {
        size_t first = (size_t)(p.net.block[b] - p.weights), n = trm_folded_block_n(&p.shape, b);
        double size = 0;
        for (size_t i = first; i < first + n; i++) {
            double expected = difference(&d, i);
            assert_near((double)p.gradient[i], expected, 2e-4 * (1 + fabs(expected)));
            size += fabs(expected);
        }
        assert_true(size > 0);
    }
    free(dy);
    free(d.w);
    pair_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folded_equals_literal_at_every_supervision_step),
        cmocka_unit_test(stepping_gives_the_same_answers_as_a_batch),
        cmocka_unit_test(gradient_of_every_folded_block_equals_finite_differences),
    };
    return cmocka_run_group_tests_name("folded", tests, NULL, NULL);
}
