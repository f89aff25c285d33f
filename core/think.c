/* Networks side by side over one sense. */
#include "core/think.h"

#include <stdlib.h>
#include <string.h>

struct trm_think_parts {
    size_t horizon_max;
    struct trm_thinker_work *work[TRM_BASE_NETWORKS_MAX];
    struct trm_thinker_rows rows;
    uint32_t *window; /* [horizon_max] all 0: one window */
    float *omega;     /* [horizon_max][TRM_SENSE_POINTS] */
    double *before;   /* [horizon_max] medians before a step */
};

static enum trm_status make_room(struct trm_think *t, size_t H)
{
    struct trm_think_parts *p = t->parts;

    t->quantile = calloc(H * TRM_KNOTS, sizeof *t->quantile);
    t->mix = calloc(H * TRM_BANK_DRAFTS, sizeof *t->mix);
    t->verify = calloc(H * TRM_VERIFY_SCALARS, sizeof *t->verify);
    p->window = calloc(H, sizeof *p->window);
    p->omega = calloc(H * TRM_SENSE_POINTS, sizeof *p->omega);
    p->before = calloc(H, sizeof *p->before);
    if (!t->quantile || !t->mix || !t->verify || !p->window || !p->omega || !p->before)
        return TRM_ENOMEM;
    for (size_t i = 0; i < t->base->network_n; i++)
        if (trm_thinker_work_new(&t->base->shape, H, 1, false, &p->work[i]) != TRM_OK)
            return TRM_ENOMEM;
    return trm_sense_new(H, &t->sense);
}

enum trm_status trm_think_new(const struct trm_base *base, size_t horizon_max, struct trm_think **ret)
{
    struct trm_think *t = calloc(1, sizeof *t);

    if (!t)
        return TRM_ENOMEM;
    t->base = base;
    t->parts = calloc(1, sizeof *t->parts);
    if (t->parts)
        t->parts->horizon_max = horizon_max;
    if (!t->parts || make_room(t, horizon_max) != TRM_OK) {
        trm_think_free(t);
        return TRM_ENOMEM;
    }
    *ret = t;
    return TRM_OK;
}

void trm_think_free(struct trm_think *t)
{
    if (!t)
        return;
    trm_sense_free(t->sense);
    if (t->parts) {
        for (size_t i = 0; i < TRM_BASE_NETWORKS_MAX; i++)
            trm_thinker_work_free(t->parts->work[i]);
        free(t->parts->window);
        free(t->parts->omega);
        free(t->parts->before);
    }
    free(t->parts);
    free(t->quantile);
    free(t->mix);
    free(t->verify);
    free(t);
}

static struct trm_thinker_rows rows_of(const struct trm_think *t)
{
    const struct trm_sense *s = t->sense;

    return (struct trm_thinker_rows){.window_n = 1,
                                     .row_n = t->horizon,
                                     .global = s->global,
                                     .error = s->error,
                                     .window = t->parts->window,
                                     .step = s->step,
                                     .draft = s->draft,
                                     .logit = s->logit,
                                     .omega = t->parts->omega,
                                     .spread = s->spread,
                                     .fan = s->fan};
}

static void clear(struct trm_think *t)
{
    t->halt = t->update_z = 0;
    memset(t->quantile, 0, t->horizon * TRM_KNOTS * sizeof *t->quantile);
    memset(t->mix, 0, t->horizon * TRM_BANK_DRAFTS * sizeof *t->mix);
    memset(t->verify, 0, t->horizon * TRM_VERIFY_SCALARS * sizeof *t->verify);
}

/* Adds one network's share of the answer. */
static void add(struct trm_think *t, const struct trm_thinker_view *view)
{
    size_t F = trm_thinker_feedback_n(&t->base->shape), H = t->horizon;
    double part = 1.0 / (double)t->base->network_n;

    for (size_t i = 0; i < H * TRM_KNOTS; i++)
        t->quantile[i] += part * (double)view->quantile[i];
    for (size_t i = 0; i < H * TRM_BANK_DRAFTS; i++)
        t->mix[i] += (float)part * view->mix[i];
    for (size_t h = 0; h < H; h++) {
        const float *scalar = view->verify + (h + 1) * F - TRM_VERIFY_SCALARS;
        for (size_t i = 0; i < TRM_VERIFY_SCALARS; i++)
            t->verify[h * TRM_VERIFY_SCALARS + i] += (float)part * scalar[i];
        t->halt += part / (double)H / (1 + exp(-(double)view->halt[h]));
    }
    t->update_z += part * (double)view->update_z;
}

/* From sigmas around the consensus to the history's unit. */
static void express(struct trm_think *t)
{
    const struct trm_sense *s = t->sense;
    size_t H = t->horizon;

    t->width = t->moved = 0;
    for (size_t h = 0; h < H; h++) {
        double *q = t->quantile + h * TRM_KNOTS;
        for (int i = 0; i < TRM_KNOTS; i++)
            q[i] = s->centre[h] + s->sigma * q[i];
        t->width += (q[TRM_KNOTS - 2] - q[1]) / (double)H;
        t->moved += t->steps ? fabs(q[TRM_KNOT_MEDIAN] - t->parts->before[h]) / (double)H : 0;
    }
}

void trm_think_begin(struct trm_think *t, const struct trm_history *history, size_t season2,
                     size_t horizon)
{
    struct trm_think_parts *p = t->parts;
    struct trm_thinker_view view;

    t->horizon = horizon;
    t->steps = 0;
    trm_sense_make(t->sense, history, season2, horizon, NULL, horizon);
    for (size_t h = 0; h < horizon; h++)
        trm_thinker_omega(TRM_SENSE_POINTS, t->sense->point_n, (float)log((double)(h + 1)),
                          t->sense->log_lead, p->omega + h * TRM_SENSE_POINTS);
    p->rows = rows_of(t);
    clear(t);
    for (size_t i = 0; i < t->base->network_n; i++) {
        trm_thinker_begin(&t->base->shape, t->base->weights[i], &p->rows, p->work[i], &view);
        add(t, &view);
    }
    express(t);
}

void trm_think_step(struct trm_think *t)
{
    struct trm_think_parts *p = t->parts;
    struct trm_thinker_view view;

    for (size_t h = 0; h < t->horizon; h++)
        p->before[h] = t->quantile[h * TRM_KNOTS + TRM_KNOT_MEDIAN];
    clear(t);
    t->steps++;
    for (size_t i = 0; i < t->base->network_n; i++) {
        trm_thinker_step(&t->base->shape, t->base->weights[i], &p->rows, p->work[i], &view);
        add(t, &view);
    }
    express(t);
}

bool trm_think_still(const struct trm_think *t)
{
    return t->steps && t->moved < TRM_THINK_SETTLED * t->width;
}

bool trm_think_settled(const struct trm_think *t)
{
    return t->steps >= t->base->shape.supervision || trm_think_still(t) ||
           (t->steps && t->halt < TRM_THINK_WORTH);
}
