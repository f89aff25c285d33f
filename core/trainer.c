/* Batches through the folded network. */
#include "core/trainer.h"

#include "core/quantile.h"

#include <stdlib.h>
#include <string.h>

static const struct trm_adamw_options adamw_options = {
    .beta1 = .9f, .beta2 = .98f, .epsilon = 1e-8f, .weight_decay = 1e-2f, .clip = 1, .ema_decay = .99f};

/* A running loss so many times that of the first tenth of a run has left for good: one odd batch counts for a
 * twentieth of it. */
#define LOSS_WILD 1e4

static enum trm_status draw_weights(struct trm_trainer *t, uint64_t seed)
{
    struct trm_literal *literal = NULL;

    if (trm_literal_new(&t->shape, &literal) != TRM_OK)
        return TRM_ENOMEM;
    struct trm_rng rng;
    trm_rng_seed(&rng, seed);
    trm_literal_init(literal, &rng);
    enum trm_status status = trm_fold(literal, &t->net);
    trm_literal_free(literal);
    return status;
}

static enum trm_status allocate(struct trm_trainer *t, size_t window_max)
{
    const struct trm_shape *s = &t->shape;
    size_t n = trm_folded_parameters(s), y = TRM_BATCH * trm_state_n(s);

    t->order = calloc(window_max, sizeof *t->order);
    t->all = calloc(2 * n + TRM_BATCH * s->lookback + y * (1 + 2 * s->supervision), sizeof *t->all);
    if (!t->order || !t->all)
        return TRM_ENOMEM;
    t->weights = t->all;
    t->gradient = t->weights + n;
    t->x = t->gradient + n;
    t->y0 = t->x + TRM_BATCH * s->lookback;
    t->y = t->y0 + y;
    t->dy = t->y + y * s->supervision;
    trm_folded_view(s, t->weights, &t->net);
    trm_folded_view(s, t->gradient, &t->grad);
    enum trm_status status = trm_adamw_init(&t->opt, &adamw_options, t->weights, n);
    return status != TRM_OK ? status : trm_folded_work_new(s, TRM_BATCH, &t->work);
}

enum trm_status trm_trainer_init(struct trm_trainer *ret, const struct trm_shape *shape,
                                 size_t window_max, uint64_t seed, const float *start)
{
    struct trm_trainer t = {.shape = *shape, .loss = TRM_NAN, .loss_first = TRM_NAN, .loss_last = TRM_NAN};
    enum trm_status status = allocate(&t, window_max);

    if (status == TRM_OK && start)
        memcpy(t.weights, start, trm_folded_parameters(shape) * sizeof *start);
    else if (status == TRM_OK)
        status = draw_weights(&t, seed);
    if (status != TRM_OK) {
        trm_trainer_done(&t);
        return status;
    }
    trm_rng_seed(&t.rng, seed ^ UINT64_C(0x7472616e));
    *ret = t;
    return TRM_OK;
}

void trm_trainer_done(struct trm_trainer *trainer)
{
    trm_folded_work_free(trainer->work);
    trm_adamw_done(&trainer->opt);
    free(trainer->order);
    free(trainer->all);
    *trainer = (struct trm_trainer){0};
}

void trm_trainer_begin(struct trm_trainer *t, size_t count, uint64_t steps, float rate)
{
    size_t n = trm_folded_parameters(&t->shape);

    for (size_t i = 0; i < count; i++)
        t->order[i] = (uint32_t)i;
    t->order_n = count;
    t->at = count;
    t->step = 0;
    t->step_total = steps;
    t->rate = rate;
    t->loss = t->loss_first = t->loss_last = TRM_NAN;
    t->loss_sum = 0;
    t->loss_n = 0;
    t->opt.t = 0;
    memset(t->opt.m, 0, n * sizeof *t->opt.m);
    memset(t->opt.v, 0, n * sizeof *t->opt.v);
    memcpy(t->opt.ema, t->weights, n * sizeof *t->weights);
}

/* Copies window `from` to row `to` of the batch. */
static void take(struct trm_trainer *t, const struct trm_windows *w, size_t from, size_t to)
{
    size_t L = t->shape.lookback, y_n = trm_state_n(&t->shape);

    memcpy(t->x + to * L, w->x + from * L, L * sizeof *t->x);
    memcpy(t->y0 + to * y_n, w->y0 + from * y_n, y_n * sizeof *t->y0);
}

/* Loss of the batch and its gradient at every y. */
static double supervise(struct trm_trainer *t, const struct trm_windows *w, const uint32_t *rows,
                        size_t batch)
{
    size_t y_n = trm_state_n(&t->shape), H = t->shape.leads, S = t->shape.supervision;
    float share = 1 / (float)(batch * S);
    double sum = 0;

    for (size_t s = 0; s < S; s++)
        for (size_t i = 0; i < batch; i++) {
            size_t at = (s * batch + i) * y_n, row = rows[i];
            sum += trm_quantile_loss(&t->shape, t->y + at, w->spread + row * H, w->target + row * H,
                                     w->inverse_d[row], share, t->dy + at);
        }
    return sum * (double)share;
}

static float rate_now(const struct trm_trainer *t)
{
    double warm = trm_clamp((double)t->step_total / 20, 1, 50), at = (double)t->step;
    double ramp = fmin(1, (at + 1) / warm);
    double turn = at / (double)t->step_total;

    return t->rate * (float)(ramp * (.02 + .98 * .5 * (1 + cos(3.14159265358979323846 * turn))));
}

static void note_loss(struct trm_trainer *t, double loss)
{
    uint64_t tenth = t->step_total / 10 + 1;

    t->loss = isnan(t->loss) ? loss : .95 * t->loss + .05 * loss;
    t->loss_sum += loss;
    t->loss_n++;
    if (t->step + 1 == tenth)
        t->loss_first = t->loss_sum / (double)t->loss_n;
    if (t->step + 1 == t->step_total - tenth + 1) {
        t->loss_sum = 0;
        t->loss_n = 0;
    }
    if (t->step + 1 == t->step_total)
        t->loss_last = t->loss_n ? t->loss_sum / (double)t->loss_n : t->loss;
}

enum trm_status trm_trainer_step(struct trm_trainer *t, const struct trm_windows *w)
{
    if (t->step == t->step_total)
        return TRM_OK;
    if (t->at >= t->order_n) {
        trm_rng_shuffle(&t->rng, t->order, t->order_n);
        t->at = 0;
    }
    size_t batch = trm_min_size(TRM_BATCH, t->order_n - t->at);
    const uint32_t *rows = t->order + t->at;
    t->at += batch;
    for (size_t i = 0; i < batch; i++)
        take(t, w, rows[i], i);
    trm_folded_forward(&t->net, t->work, batch, t->x, t->y0, t->y);
    double loss = supervise(t, w, rows, batch);
    if (!isfinite(loss) || t->loss > LOSS_WILD * t->loss_first)
        return TRM_EDIVERGED;
    memset(t->gradient, 0, trm_folded_parameters(&t->shape) * sizeof *t->gradient);
    trm_folded_backward(&t->net, t->work, batch, t->x, t->y0, t->y, t->dy, &t->grad);
    if (trm_adamw_step(&t->opt, rate_now(t), t->weights, t->gradient) != TRM_OK)
        return TRM_EDIVERGED;
    note_loss(t, loss);
    if (++t->step < t->step_total)
        return TRM_MORE;
    memcpy(t->weights, t->opt.ema, trm_folded_parameters(&t->shape) * sizeof *t->weights);
    return TRM_OK;
}

void trm_trainer_answer(struct trm_trainer *t, const struct trm_windows *w, size_t first, size_t count,
                        float *ret_y)
{
    size_t y_n = trm_state_n(&t->shape), S = t->shape.supervision;

    for (size_t at = 0; at < count; at += TRM_BATCH) {
        size_t batch = trm_min_size(TRM_BATCH, count - at);
        for (size_t i = 0; i < batch; i++)
            take(t, w, first + at + i, i);
        trm_folded_forward(&t->net, t->work, batch, t->x, t->y0, t->y);
        memcpy(ret_y + at * y_n, t->y + (S - 1) * batch * y_n, batch * y_n * sizeof *ret_y);
    }
}
