/* The thinker's shape, first weights and memory. Knows how long everything is; refuses to know what is
 * done with it. Surprising: memory comes from one list that is walked twice, once to count it and once to
 * hand it out. */
#include "core/thinker_parts.h"

#include "core/num.h"
#include "core/quantile.h"
#include "core/rng.h"

#include <stdlib.h>
#include <string.h>

#define WIDTH_MAX 4096
#define DEPTH_MAX TRM_THINKER_DEPTH_MAX

size_t trm_thinker_feedback_n(const struct trm_thinker_shape *shape)
{
    return 2 * (size_t)shape->drafts + TRM_KNOTS + TRM_VERIFY_SCALARS;
}

static size_t read_n(const struct trm_thinker_shape *shape)
{
    return (size_t)shape->drafts + TRM_KNOTS + shape->fans + 1;
}

enum trm_status trm_thinker_shape_check(const struct trm_thinker_shape *s)
{
    const uint32_t width[] = {s->drafts, s->globals, s->steps, s->points, s->inner, s->latent};

    for (size_t i = 0; i < sizeof width / sizeof *width; i++)
        if (width[i] < 1 || width[i] > WIDTH_MAX)
            return TRM_EINVAL;
    if (s->inner % 16 || s->latent % 16 || s->fans > TRM_FANS_MAX)
        return TRM_EINVAL;
    if (s->supervision < 1 || s->supervision > DEPTH_MAX || s->recursions < 1 || s->recursions > DEPTH_MAX)
        return TRM_EINVAL;
    return TRM_OK;
}

size_t trm_thinker_block_n(const struct trm_thinker_shape *shape, enum trm_thinker_block block)
{
    size_t N = shape->inner, L = shape->latent;
    const size_t n[TRM_THINK_BLOCKS] = {
        [TRM_THINK_WG] = shape->globals * N, [TRM_THINK_WP] = shape->steps * N, [TRM_THINK_B] = N,
        [TRM_THINK_WF] = trm_thinker_feedback_n(shape) * N, [TRM_THINK_WZ] = L * N, [TRM_THINK_M] = N * L,
        [TRM_THINK_OUT] = L * read_n(shape), [TRM_THINK_OUT0] = read_n(shape), [TRM_THINK_Z0] = L};

    return n[block];
}

size_t trm_thinker_block_at(const struct trm_thinker_shape *shape, enum trm_thinker_block block)
{
    size_t at = 0;

    for (int b = 0; b < (int)block; b++)
        at += trm_thinker_block_n(shape, (enum trm_thinker_block)b);
    return at;
}

size_t trm_thinker_parameters(const struct trm_thinker_shape *shape)
{
    return trm_thinker_block_at(shape, TRM_THINK_BLOCKS);
}

/* r0: softplus of it is 1.25 times the gap between neighbouring normal knots. */
static void start_knots(float *r0)
{
    for (int i = 0; i < TRM_KNOTS; i++) {
        int inner = i < TRM_KNOT_MEDIAN ? i + 1 : i - 1;
        double gap = 1.25 * fabs(trm_normal_knots[i] - trm_normal_knots[i == TRM_KNOT_MEDIAN ? i : inner]);
        r0[i] = i == TRM_KNOT_MEDIAN ? 0 : (float)log(expm1(gap));
    }
}

void trm_thinker_init(const struct trm_thinker_shape *shape, uint64_t seed, float *weights)
{
    const struct { enum trm_thinker_block block; size_t in; } drawn[] = {
        {TRM_THINK_WG, shape->globals}, {TRM_THINK_WP, shape->steps},
        {TRM_THINK_WF, trm_thinker_feedback_n(shape)}, {TRM_THINK_WZ, shape->latent},
        {TRM_THINK_M, shape->inner}};
    struct trm_rng rng;

    trm_rng_seed(&rng, seed);
    memset(weights, 0, trm_thinker_parameters(shape) * sizeof *weights);
    for (size_t b = 0; b < sizeof drawn / sizeof *drawn; b++) {
        float *at = weights + trm_thinker_block_at(shape, drawn[b].block);
        /* four products add up in X + Wf f + Wz z: each may bring a quarter of the variance 2 */
        double scale = sqrt((drawn[b].block == TRM_THINK_M ? 2. : .5) / (double)drawn[b].in);
        for (size_t i = 0; i < trm_thinker_block_n(shape, drawn[b].block); i++)
            at[i] = (float)(scale * trm_rng_normal(&rng));
    }
    float *out0 = weights + trm_thinker_block_at(shape, TRM_THINK_OUT0) + shape->drafts;
    start_knots(out0);
    for (size_t b = 0; b < shape->fans; b++)
        out0[TRM_KNOTS + b] = -4.6f;
}

static size_t in_sixteens(size_t n)
{
    return (n + 15) / 16 * 16;
}

/* Hands out n floats of `all`, or only counts them while that is NULL. */
static float *take(struct trm_thinker_work *w, size_t *at, size_t n)
{
    float *floats = w->all ? (float *)w->all + *at : NULL;

    *at += in_sixteens(n);
    return floats;
}

static void share_weights(struct trm_thinker_work *w, size_t *at)
{
    const struct trm_thinker_shape *s = &w->shape;

    w->wp = take(w, at, s->steps * w->n_row);
    w->wf = take(w, at, w->feed_n * w->n_row);
    w->wz = take(w, at, s->latent * w->n_row);
    w->m = take(w, at, s->inner * w->l_row);
    w->out = take(w, at, s->latent * w->o_row);
    w->mt = take(w, at, w->training ? s->latent * w->n_row : 0);
    w->wzt = take(w, at, w->training ? s->inner * w->l_row : 0);
    w->outt = take(w, at, w->training ? w->o_row * w->l_row : 0);
}

static void share_forward(struct trm_thinker_work *w, size_t *at)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t rows = w->row_max, R = s->recursions, kept = w->training ? R : 1;

    w->base = take(w, at, w->window_max * s->inner);
    w->error = take(w, at, w->window_max * s->points * w->k_pad);
    w->errort = take(w, at, w->window_max * s->drafts * w->t_pad);
    w->omega = take(w, at, rows * w->t_pad);
    w->prior = take(w, at, rows * s->drafts);
    w->x = take(w, at, rows * w->n_row);
    w->xf = take(w, at, rows * w->n_row);
    w->pre = take(w, at, rows * w->n_row);
    w->act = take(w, at, kept * rows * w->n_row);
    w->slope = take(w, at, kept * rows * w->n_row);
    w->z = take(w, at, (R + 1) * rows * w->l_row);
    w->inverse = take(w, at, R * rows);
    w->read = take(w, at, rows * w->o_row);
    w->logit = take(w, at, rows * s->drafts);
    w->mix = take(w, at, rows * s->drafts);
    w->knot = take(w, at, rows * TRM_KNOT_ROW);
    w->gap = take(w, at, rows * TRM_KNOT_ROW);
    w->gap_slope = take(w, at, rows * TRM_KNOT_ROW);
    w->shift = take(w, at, rows);
    w->open = take(w, at, rows * TRM_KNOTS);
    w->quantile = take(w, at, rows * TRM_KNOTS);
    w->feed = take(w, at, rows * w->feed_n);
    w->halt = take(w, at, rows);
    w->point = take(w, at, rows * w->t_pad);
    w->signal = take(w, at, rows * w->t_pad);
    w->blame = take(w, at, rows * w->k_pad);
}

static void share_backward(struct trm_thinker_work *w, size_t *at)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t rows = w->row_max, R = s->recursions;

    w->loss = (double *)(void *)take(w, at, 2 * rows);
    w->loss_before = (double *)(void *)take(w, at, 2 * rows);
    w->halt_before = take(w, at, rows);
    w->d_read = take(w, at, rows * w->o_row);
    w->d_z = take(w, at, rows * w->l_row);
    w->d_v = take(w, at, R * rows * w->l_row);
    w->d_pre = take(w, at, R * rows * w->n_row);
    w->d_x = take(w, at, rows * w->n_row);
    w->d_base = take(w, at, w->window_max * s->inner);
    w->d_out = take(w, at, s->latent * w->o_row);
}

static size_t share(struct trm_thinker_work *w)
{
    size_t n = 0;

    share_weights(w, &n);
    share_forward(w, &n);
    if (w->training)
        share_backward(w, &n);
    return n;
}

enum trm_status trm_thinker_work_new(const struct trm_thinker_shape *shape, size_t row_max,
                                     size_t window_max, bool training, struct trm_thinker_work **ret)
{
    if (trm_thinker_shape_check(shape) != TRM_OK || !row_max || !window_max)
        return TRM_EINVAL;
    struct trm_thinker_work *w = calloc(1, sizeof *w);
    if (!w)
        return TRM_ENOMEM;
    w->shape = *shape;
    w->row_max = row_max;
    w->window_max = window_max;
    w->training = training;
    w->k = trm_kernels();
    w->n_row = shape->inner + 16;
    w->l_row = shape->latent + 16;
    w->feed_n = trm_thinker_feedback_n(shape);
    w->out_n = read_n(shape);
    w->o_row = in_sixteens(w->out_n);
    w->k_pad = in_sixteens(shape->drafts);
    w->t_pad = in_sixteens(shape->points);
    w->all = calloc(share(w), sizeof(float));
    if (!w->all) {
        free(w);
        return TRM_ENOMEM;
    }
    share(w);
    *ret = w;
    return TRM_OK;
}

void trm_thinker_work_free(struct trm_thinker_work *work)
{
    if (!work)
        return;
    free(work->all);
    free(work);
}
