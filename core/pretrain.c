/* A training run from step to step: rate, order of examples, update, state. Knows what a step leaves
 * behind; refuses to know how a shard is computed (pretrain_shard.c). Surprising: the shards' gradients are
 * kept apart until the step is finished, because a sum in order of arrival would depend on the threads. */
#include "core/pretrain_parts.h"

#include "core/num.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct trm_pretrain_options trm_pretrain_options_default(uint64_t steps, uint64_t seed)
{
    return (struct trm_pretrain_options){
        .batch = 256, .steps = steps, .warmup = (uint64_t)trm_clamp((double)steps / 20, 100, 500),
        .rate = 2e-3f, .weight_decay = 1e-2f, .beta1 = .9f, .beta2 = .98f, .clip = 1, .ema_decay = .999f,
        .seed = seed};
}

static uint64_t epoch_of(const struct trm_pretrain *p)
{
    return p->opt.t / trm_max_size(1, p->set->n / p->options.batch);
}

/* The examples in the order of the epoch of the step that is due. */
static void put_in_order(struct trm_pretrain *p)
{
    struct trm_rng rng;

    p->epoch = epoch_of(p);
    trm_pretrain_seed(&rng, p->options.seed, UINT64_C(0x65706f6368), p->epoch);
    for (size_t i = 0; i < p->set->n; i++)
        p->order[i] = (uint32_t)i;
    trm_rng_shuffle(&rng, p->order, p->set->n);
}

static enum trm_status allocate(struct trm_pretrain *p)
{
    size_t S = p->shape.supervision;

    p->weights = calloc(p->parameters, sizeof *p->weights);
    p->loss = calloc(S, sizeof *p->loss);
    p->shard_grad = calloc(p->shard_n * p->parameters, sizeof *p->shard_grad);
    p->shard_loss = calloc(p->shard_n * S, sizeof *p->shard_loss);
    p->shard_status = calloc(p->shard_n, sizeof *p->shard_status);
    p->order = calloc(p->set->n, sizeof *p->order);
    if (!p->weights || !p->loss || !p->shard_grad || !p->shard_loss || !p->shard_status || !p->order)
        return TRM_ENOMEM;
    return TRM_OK;
}

static bool sane(const struct trm_thinker_shape *shape, const struct trm_pretrain_options *o,
                 const struct trm_example_set *set)
{
    return trm_thinker_shape_check(shape) == TRM_OK && o->batch && o->batch % TRM_SHARD_WINDOWS == 0 &&
           o->batch <= 1u << 20 && o->steps && set->n && set->n <= UINT32_MAX;
}

/* No shard of the step that is due has run. */
static void expect_shards(struct trm_pretrain *p)
{
    for (size_t i = 0; i < p->shard_n; i++)
        p->shard_status[i] = TRM_MORE;
}

enum trm_status trm_pretrain_init(struct trm_pretrain *ret, const struct trm_thinker_shape *shape,
                                  const struct trm_pretrain_options *options,
                                  const struct trm_example_set *set, const float *weights)
{
    if (!sane(shape, options, set))
        return TRM_EINVAL;
    struct trm_pretrain p = {.shape = *shape, .options = *options, .set = set,
                             .parameters = trm_thinker_parameters(shape),
                             .shard_n = options->batch / TRM_SHARD_WINDOWS};
    const struct trm_adamw_options adamw = {
        .beta1 = options->beta1, .beta2 = options->beta2, .epsilon = 1e-8f, .clip = options->clip,
        .weight_decay = options->weight_decay, .ema_decay = options->ema_decay};
    enum trm_status status = allocate(&p);

    if (status == TRM_OK && weights)
        memcpy(p.weights, weights, p.parameters * sizeof *weights);
    else if (status == TRM_OK)
        trm_thinker_init(shape, options->seed, p.weights);
    if (status == TRM_OK)
        status = trm_adamw_init(&p.opt, &adamw, p.weights, p.parameters);
    if (status != TRM_OK) {
        trm_pretrain_done(&p);
        return status;
    }
    for (size_t s = 0; s < shape->supervision; s++)
        p.loss[s] = TRM_NAN;
    expect_shards(&p);
    put_in_order(&p);
    *ret = p;
    return TRM_OK;
}

void trm_pretrain_done(struct trm_pretrain *p)
{
    trm_adamw_done(&p->opt);
    free(p->weights);
    free(p->loss);
    free(p->shard_grad);
    free(p->shard_loss);
    free(p->shard_status);
    free(p->order);
    *p = (struct trm_pretrain){0};
}

static float rate_now(const struct trm_pretrain *p)
{
    const struct trm_pretrain_options *o = &p->options;
    double at = (double)p->opt.t, ramp = o->warmup ? fmin(1, (at + 1) / (double)o->warmup) : 1;
    double turn = fmin(1, at / (double)o->steps);

    return o->rate * (float)(ramp * (.02 + .98 * .5 * (1 + cos(3.14159265358979323846 * turn))));
}

/* The first shard's gradient becomes the mean of all; always in the same order. */
static float *mean_gradient(struct trm_pretrain *p)
{
    float *sum = p->shard_grad, share = 1 / (float)p->shard_n;

    for (size_t k = 1; k < p->shard_n; k++) {
        const float *from = p->shard_grad + k * p->parameters;
        for (size_t i = 0; i < p->parameters; i++)
            sum[i] += from[i];
    }
    for (size_t i = 0; i < p->parameters; i++)
        sum[i] *= share;
    return sum;
}

static void note_losses(struct trm_pretrain *p, double *ret_loss)
{
    size_t S = p->shape.supervision;

    for (size_t s = 0; s < S; s++) {
        double sum = 0;
        for (size_t k = 0; k < p->shard_n; k++)
            sum += p->shard_loss[k * S + s];
        sum /= (double)p->shard_n;
        p->loss[s] = isnan(p->loss[s]) ? sum : .99 * p->loss[s] + .01 * sum;
        if (ret_loss)
            ret_loss[s] = sum;
    }
}

enum trm_status trm_pretrain_finish_step(struct trm_pretrain *p, double *ret_loss)
{
    for (size_t k = 0; k < p->shard_n; k++) {
        assert(p->shard_status[k] != TRM_MORE);
        if (p->shard_status[k] != TRM_OK)
            return p->shard_status[k];
    }
    if (trm_adamw_step(&p->opt, rate_now(p), p->weights, mean_gradient(p)) != TRM_OK)
        return TRM_EDIVERGED;
    note_losses(p, ret_loss);
    expect_shards(p);
    if (epoch_of(p) != p->epoch)
        put_in_order(p);
    return p->opt.t < p->options.steps ? TRM_MORE : TRM_OK;
}

#define HEAD 8

static void head_of(const struct trm_pretrain *p, uint64_t *ret)
{
    const uint64_t head[HEAD] = {TRM_PRETRAIN_STATE, p->parameters, p->shape.supervision, p->opt.t,
                                 p->options.steps, p->options.batch, p->options.seed, p->set->n};

    memcpy(ret, head, sizeof head);
}

size_t trm_pretrain_state_bytes(const struct trm_pretrain *p)
{
    return HEAD * sizeof(uint64_t) + p->shape.supervision * sizeof(double) +
           4 * p->parameters * sizeof(float);
}

void trm_pretrain_export(const struct trm_pretrain *p, void *ret)
{
    const float *const part[4] = {p->weights, p->opt.m, p->opt.v, p->opt.ema};
    uint64_t head[HEAD];
    char *at = ret;

    head_of(p, head);
    memcpy(at, head, sizeof head);
    at += sizeof head;
    memcpy(at, p->loss, p->shape.supervision * sizeof *p->loss);
    at += p->shape.supervision * sizeof *p->loss;
    for (int i = 0; i < 4; i++, at += p->parameters * sizeof(float))
        memcpy(at, part[i], p->parameters * sizeof(float));
}

enum trm_status trm_pretrain_import(struct trm_pretrain *p, const void *state, size_t bytes)
{
    float *const part[4] = {p->weights, p->opt.m, p->opt.v, p->opt.ema};
    uint64_t head[HEAD], own[HEAD];
    const char *at = state;

    if (bytes < sizeof head)
        return TRM_ECORRUPT;
    memcpy(head, at, sizeof head);
    if (head[0] != TRM_PRETRAIN_STATE)
        return TRM_EVERSION;
    head_of(p, own);
    own[3] = head[3]; /* the steps done may differ, within the run */
    if (memcmp(head, own, sizeof head) || head[3] > p->options.steps)
        return TRM_EINVAL;
    if (bytes != trm_pretrain_state_bytes(p))
        return TRM_ECORRUPT;
    at += sizeof head;
    memcpy(p->loss, at, p->shape.supervision * sizeof *p->loss);
    at += p->shape.supervision * sizeof *p->loss;
    for (int i = 0; i < 4; i++, at += p->parameters * sizeof(float))
        memcpy(part[i], at, p->parameters * sizeof(float));
    p->opt.t = head[3];
    expect_shards(p);
    put_in_order(p);
    return TRM_OK;
}
