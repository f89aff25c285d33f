/* One shard: examples gathered into rows, dropout, the thinker's loss and gradient. Knows which examples of
 * the epoch a shard takes; refuses to know what is done with its gradient. Surprising: leads' weights at the
 * points of the backtest are computed here from logarithms, as for an answer, and not stored in the set. */
#include "core/pretrain_parts.h"

#include "core/num.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROWS (TRM_SHARD_WINDOWS * TRM_EXAMPLE_ROWS)
#define DROP_SHARE .3
#define DROP_LOGIT 12.0f

struct trm_pretrain_work {
    struct trm_thinker_shape shape;
    struct trm_thinker_work *thinker;
    float *global, *error, *step, *draft, *logit, *omega, *spread, *fan, *target, *weight;
    uint32_t window[ROWS];
    float *all;
};

static void lay_out(struct trm_pretrain_work *w, float *at)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t K = s->drafts, T = s->points;

    w->global = at, at += TRM_SHARD_WINDOWS * s->globals;
    w->error = at, at += TRM_SHARD_WINDOWS * T * K;
    w->step = at, at += ROWS * s->steps;
    w->draft = at, at += ROWS * K;
    w->logit = at, at += ROWS * K;
    w->omega = at, at += ROWS * T;
    w->spread = at, at += ROWS;
    w->fan = at, at += ROWS * s->fans * TRM_KNOTS;
    w->target = at, at += ROWS;
    w->weight = at;
}

static size_t floats_of(const struct trm_thinker_shape *s)
{
    size_t K = s->drafts, T = s->points;

    return TRM_SHARD_WINDOWS * (s->globals + T * K) + ROWS * (s->steps + 2 * K + T + 3 + s->fans * TRM_KNOTS);
}

enum trm_status trm_pretrain_work_new(const struct trm_thinker_shape *shape, struct trm_pretrain_work **ret)
{
    if (trm_thinker_shape_check(shape) != TRM_OK)
        return TRM_EINVAL;
    struct trm_pretrain_work *w = calloc(1, sizeof *w);
    if (!w)
        return TRM_ENOMEM;
    w->shape = *shape;
    w->all = calloc(floats_of(shape), sizeof *w->all);
    if (!w->all ||
        trm_thinker_work_new(shape, ROWS, TRM_SHARD_WINDOWS, true, &w->thinker) != TRM_OK) {
        trm_pretrain_work_free(w);
        return TRM_ENOMEM;
    }
    lay_out(w, w->all);
    for (size_t i = 0; i < ROWS; i++)
        w->window[i] = (uint32_t)(i / TRM_EXAMPLE_ROWS);
    *ret = w;
    return TRM_OK;
}

void trm_pretrain_work_free(struct trm_pretrain_work *work)
{
    if (!work)
        return;
    trm_thinker_work_free(work->thinker);
    free(work->all);
    free(work);
}

static void copy(float *to, size_t slot, const float *from, size_t example, size_t n)
{
    memcpy(to + slot * n, from + example * n, n * sizeof *to);
}

/* Example -> window `slot` of the shard. */
static void gather(const struct trm_example_set *set, size_t example, size_t slot,
                   struct trm_pretrain_work *w)
{
    size_t K = w->shape.drafts, T = w->shape.points, L = TRM_EXAMPLE_ROWS;
    size_t real = trm_min_size(set->point_n[example], T);

    copy(w->global, slot, set->global, example, w->shape.globals);
    copy(w->error, slot, set->error, example, T * K);
    copy(w->step, slot, set->step, example, L * w->shape.steps);
    copy(w->draft, slot, set->draft, example, L * K);
    copy(w->logit, slot, set->logit, example, L * K);
    copy(w->spread, slot, set->spread, example, L);
    copy(w->fan, slot, set->fan, example, L * w->shape.fans * TRM_KNOTS);
    copy(w->target, slot, set->target, example, L);
    copy(w->weight, slot, set->weight, example, L);
    for (size_t i = 0; i < L; i++)
        trm_thinker_omega(T, real, set->lead_log[example * L + i], set->log_lead + example * T,
                          w->omega + (slot * L + i) * T);
}

/* Takes drafts away from the whole window, so that the network learns to do without any of them. */
static void drop(const struct trm_pretrain_options *options, uint64_t step, size_t at, size_t slot,
                 struct trm_pretrain_work *w)
{
    size_t K = w->shape.drafts;
    float *logit = w->logit + slot * TRM_EXAMPLE_ROWS * K;
    struct trm_rng rng;

    trm_pretrain_seed(&rng, options->seed, UINT64_C(0x64726f70), step * options->batch + at);
    if (trm_rng_uniform(&rng) >= (double)options->dropout)
        return;
    for (size_t k = 0; k < K; k++) {
        float less = trm_rng_uniform(&rng) < DROP_SHARE ? DROP_LOGIT : 0;
        for (size_t i = 0; i < TRM_EXAMPLE_ROWS; i++)
            logit[i * K + k] -= less;
    }
}

static struct trm_thinker_rows rows_of(const struct trm_pretrain_work *w, size_t windows)
{
    return (struct trm_thinker_rows){
        .window_n = windows, .row_n = windows * TRM_EXAMPLE_ROWS, .global = w->global, .error = w->error,
        .window = w->window, .step = w->step, .draft = w->draft, .logit = w->logit, .omega = w->omega,
        .spread = w->spread, .fan = w->fan, .target = w->target, .weight = w->weight};
}

enum trm_status trm_pretrain_shard(struct trm_pretrain *p, size_t shard, struct trm_pretrain_work *w)
{
    size_t n = p->set->n, epoch_steps = trm_max_size(1, n / p->options.batch);
    size_t first = (size_t)(p->opt.t % epoch_steps) * p->options.batch;
    float *grad = p->shard_grad + shard * p->parameters;

    assert(shard < p->shard_n && !memcmp(&p->shape, &w->shape, sizeof w->shape));
    for (size_t slot = 0; slot < TRM_SHARD_WINDOWS; slot++) {
        size_t at = shard * TRM_SHARD_WINDOWS + slot; /* a set smaller than a batch is gone round */
        gather(p->set, p->order[(first + at) % n], slot, w);
        if (p->options.dropout > 0)
            drop(&p->options, p->opt.t, at, slot, w);
    }
    struct trm_thinker_rows rows = rows_of(w, TRM_SHARD_WINDOWS);
    memset(grad, 0, p->parameters * sizeof *grad);
    p->shard_status[shard] = trm_thinker_train(&p->shape, p->weights, &rows, w->thinker, grad,
                                               p->shard_loss + shard * p->shape.supervision);
    return p->shard_status[shard];
}

enum trm_status trm_pretrain_validate(const struct trm_thinker_shape *shape, const float *weights,
                                      const struct trm_example_set *set, size_t from, size_t to,
                                      struct trm_pretrain_work *w, double *ret_loss)
{
    size_t S = shape->supervision, windows;
    double sum[TRM_THINKER_DEPTH_MAX] = {0}, loss[TRM_THINKER_DEPTH_MAX];

    assert(from < to && to <= set->n && !memcmp(shape, &w->shape, sizeof *shape));
    for (size_t at = from; at < to; at += windows) {
        windows = trm_min_size(TRM_SHARD_WINDOWS, to - at);
        for (size_t slot = 0; slot < windows; slot++)
            gather(set, at + slot, slot, w);
        struct trm_thinker_rows rows = rows_of(w, windows);
        enum trm_status status = trm_thinker_train(shape, weights, &rows, w->thinker, NULL, loss);
        if (status != TRM_OK)
            return status;
        for (size_t s = 0; s < S; s++)
            sum[s] += (double)windows * loss[s];
    }
    for (size_t s = 0; s < S; s++)
        ret_loss[s] = sum[s] / (double)(to - from);
    return TRM_OK;
}
