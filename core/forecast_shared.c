/* Kind TRM: the shared networks answer, or whoever the series' record prefers. Surprising: the
 * networks think only where they are to answer, so a series whose consensus is better also pays
 * less. */
#include "core/forecast_parts.h"

#include <stdlib.h>
#include <string.h>

struct pass {
    const struct trm_forecast_request *request;
    struct trm_history history;
    struct trm_widening widening;
    struct trm_who who;
    struct trm_think *think;
    size_t gap, leads; /* missing values at the end that are forecast too; with them the horizon */
    double *all;       /* [leads][TRM_KNOTS] the answer from the last observation on, scaled units */
    double *knots;     /* [horizon][TRM_KNOTS] those asked for: the end of all */
    double *before;    /* [horizon] medians of the trace's step before */
    bool positive;
};

static void pass_done(struct pass *p)
{
    trm_think_free(p->think);
    free(p->all);
    trm_history_done(&p->history);
}

/* The knots of who answers, widened. */
static void settle(struct pass *p, struct trm_who who)
{
    trm_answer_knots(p->think, who, p->all);
    trm_answer_unstick(&p->history, 1, p->all, p->leads);
    trm_answer_widen(&p->widening, p->all, p->leads);
}

/* ---- trace ---- */

static double grow_back(double v)
{
    return copysign(expm1(fabs(v)), v);
}

/* The verification's scalars (thinker.h) as a reader wants them. */
static struct trm_trace_verify told(const struct trm_think *t)
{
    double mean[TRM_VERIFY_SCALARS] = {0};

    for (size_t h = 0; h < t->horizon; h++)
        for (size_t i = 0; i < TRM_VERIFY_SCALARS; i++)
            mean[i] += (double)t->verify[h * TRM_VERIFY_SCALARS + i] / (double)t->horizon;
    return (struct trm_trace_verify){.size = fmax(exp(mean[0]) - .05, 0),
                                     .bias = grow_back(mean[1]),
                                     .above = trm_clamp(mean[2] + .5, 0, 1),
                                     .worst = fmax(exp(mean[3]) - .05, 0),
                                     .coverage = trm_clamp(mean[4] + .8, 0, 1)};
}

static void note_trust(const struct pass *p, struct trm_who who,
                       const size_t place[TRM_TRACE_PLACES], struct trm_trace_step *t)
{
    float mix[TRM_BANK_DRAFTS];

    for (int i = 0; i < TRM_TRACE_PLACES; i++) {
        trm_answer_mix(p->think, who, p->gap + place[i] - 1, mix);
        t->trust_n = trm_answer_top(mix, TRM_TRACE_TRUST, -1, t->trust[i]);
    }
}

/* Adds what stands in knots to the trace. */
static void note(struct pass *p, struct trm_forecast *out, struct trm_who who, uint64_t started)
{
    double moved = 0, width = 0, unit = ldexp(1, p->history.exponent);

    if (!out->trace)
        return;
    struct trm_trace_step *t = &out->trace[out->trace_n];
    for (size_t h = 0; h < out->horizon; h++) {
        const double *q = p->knots + h * TRM_KNOTS;
        moved += out->trace_n ? fabs(q[TRM_KNOT_MEDIAN] - p->before[h]) : 0;
        width += q[TRM_KNOTS - 2] - q[1];
        p->before[h] = q[TRM_KNOT_MEDIAN];
        t->low[h] = q[1] * unit;
        t->median[h] = q[TRM_KNOT_MEDIAN] * unit;
        t->high[h] = q[TRM_KNOTS - 2] * unit;
    }
    t->update_y = moved / (double)out->horizon * unit;
    t->moved = width > 0 ? moved / width : 0;
    if (p->think) {
        t->update_z = p->think->update_z;
        note_trust(p, who, out->trace_place, t);
    }
    if (out->trace_n++) {
        t->halt = p->think->halt;
        if (p->think->sense->point_n)
            t->verify = told(p->think);
    }
    t->us = trm_forecast_now(p->request) - started;
}

/* ---- answer ---- */

static enum trm_status gather(struct pass *p, const struct trm_base *base,
                              const struct trm_model *model, const struct trm_config *config,
                              const double *values, size_t n)
{
    size_t H = p->request->horizon;
    enum trm_status status = trm_history_init_short(&p->history, values, n, config->season);

    if (status != TRM_OK)
        return status;
    p->positive = p->history.positive;
    p->who = (struct trm_who){.by = TRM_BY_NETWORK};
    p->widening = (struct trm_widening){{{1, 1}, {1, 1}}};
    if (model) {
        p->who = trm_record_who(model->record);
        p->widening = model->info.widening;
    }
    trm_forecast_widen(p->request, &p->widening);
    p->gap = trm_min_size(p->history.gap, TRM_HORIZON_MAX - H);
    p->leads = H + p->gap;
    p->all = calloc(p->leads * TRM_KNOTS + H, sizeof *p->all);
    if (!p->all)
        return TRM_ENOMEM;
    p->knots = p->all + p->gap * TRM_KNOTS;
    p->before = p->knots + H * TRM_KNOTS;
    return trm_answer_is_flat(&p->history) ? TRM_OK : trm_think_new(base, p->leads, &p->think);
}

/* One value for ever. */
static void answer_flat(struct pass *p, struct trm_forecast *out)
{
    uint64_t started = trm_forecast_now(p->request);

    for (size_t i = 0; i < p->leads * TRM_KNOTS; i++)
        p->all[i] = p->history.filled[0];
    p->who.by = TRM_BY_CONSENSUS;
    out->draft_n = 1;
    out->draft[0] = (struct trm_draft_weight){trm_bank_name(TRM_BANK_NAIVE), 1};
    note(p, out, p->who, started);
}

/* All steps; a network that answers nonsense is answered for by the consensus. */
static void think(struct pass *p, struct trm_forecast *out)
{
    do {
        uint64_t started = trm_forecast_now(p->request);
        trm_think_step(p->think);
        settle(p, p->who);
        if (!trm_answer_is_finite(p->all, p->leads)) {
            p->who.by = TRM_BY_CONSENSUS;
            settle(p, p->who);
            return;
        }
        note(p, out, p->who, started);
    } while (!trm_think_settled(p->think));
    out->halted_at = p->think->steps;
    out->halted = p->think->steps >= p->think->base->shape.supervision ? TRM_HALTED_STEPS
                  : trm_think_still(p->think)                           ? TRM_HALTED_SETTLED
                                                                         : TRM_HALTED_CONTENT;
}

static void answer(struct pass *p, size_t season2, struct trm_forecast *out)
{
    const struct trm_who consensus = {.by = TRM_BY_CONSENSUS};
    uint64_t started = trm_forecast_now(p->request);
    float mix[TRM_BANK_DRAFTS];

    trm_think_begin(p->think, &p->history, season2, p->leads);
    settle(p, consensus);
    note(p, out, consensus, started);
    if (p->who.by == TRM_BY_NETWORK)
        think(p, out);
    else
        settle(p, p->who);
    trm_answer_mean_mix(p->think, p->who, mix);
    out->draft_n = trm_answer_top(mix, TRM_DRAFT_WEIGHTS_MAX, TRM_ANSWER_WEIGHT_MIN, out->draft);
}

/* From knots in scaled units to the request's levels in the series' own. */
static void express(const struct pass *p, struct trm_forecast *out)
{
    const struct trm_forecast_request *r = p->request;
    int e = p->history.exponent;

    for (size_t h = 0; h < r->horizon; h++) {
        const double *q = p->knots + h * TRM_KNOTS;
        double gap[TRM_KNOTS], median = q[TRM_KNOT_MEDIAN];
        for (int k = 0; k < TRM_KNOTS; k++)
            gap[k] = q[k] - median;
        out->median[h] = trm_forecast_bounded(r, p->positive, ldexp(median, e));
        for (size_t i = 0; i < r->level_n; i++) {
            double v = ldexp(median + trm_forecast_gap(gap, r->levels[i]), e);
            out->quantiles[i * r->horizon + h] = trm_forecast_bounded(r, p->positive, v);
        }
        for (int i = 0; i < TRM_SAID_LEVELS; i++)
            out->said[h * TRM_SAID_LEVELS + i] =
                trm_forecast_bounded(r, p->positive, ldexp(q[trm_said_knots[i]], e));
    }
    out->answered_by = p->who.by;
    out->answered_draft = p->who.by == TRM_BY_DRAFT ? trm_bank_name(p->who.draft) : NULL;
    out->gate = p->who.by == TRM_BY_NETWORK;
    out->clipped_at_zero = p->positive && isnan(r->min);
    out->halted_below = TRM_THINK_SETTLED;
}

enum trm_status trm_forecast_shared(const struct trm_base *base, const struct trm_model *model,
                                    const struct trm_config *config, const double *values, size_t n,
                                    const struct trm_forecast_request *request,
                                    struct trm_forecast **ret)
{
    struct pass p = {.request = request};
    struct trm_forecast *out = NULL;
    enum trm_status status = gather(&p, base, model, config, values, n);

    if (status == TRM_OK) {
        size_t steps = 1 + (p.who.by == TRM_BY_NETWORK ? base->shape.supervision : 0);
        status = trm_forecast_new(request, steps, request->horizon, &out);
    }
    if (status == TRM_OK) {
        out->trace_place[0] = 1;
        out->trace_place[1] = (request->horizon + 1) / 2;
        out->trace_place[2] = request->horizon;
        if (p.think)
            answer(&p, config->season2, out);
        else
            answer_flat(&p, out);
        express(&p, out);
        *ret = out;
    }
    pass_done(&p);
    return status;
}
