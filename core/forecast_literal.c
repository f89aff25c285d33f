/* Kind literal: drafts, mix, the series' own network, quantiles: the path of an answer, block by block of
 * leads. */
#include "core/forecast_parts.h"

#include "core/calibrate.h"
#include "core/folded.h"
#include "core/model_parts.h"
#include "core/ridge.h"

#include <stdlib.h>
#include <string.h>

#define HALT_BELOW .005 /* of the 80% interval's width: a smaller move of the median is no thought */

/* Everything one forecast needs while it is made. */
struct pass {
    const struct trm_model *model;   /* or NULL */
    const struct trm_forecast_request *request;
    struct trm_history history;
    struct trm_mix mix;
    double knot_gap[TRM_KNOTS];
    double gate;                     /* 0 without a network */
    size_t block;                    /* leads answered at once */
    struct trm_ridge ridge;          /* lookback 0: none */
    double *path;                    /* [n + horizon + block] filled history, then medians */
    double *mixed;                   /* [block] */
    double *draft[TRM_DRAFTS];       /* [horizon + block], scaled units */
    float *x, *y;                    /* [L], [Y] */
    struct trm_folded net;
    struct trm_folded_work *work;
    double *median;                  /* [horizon + block] scaled units */
    double *spread;                  /* [2][horizon + block] */
    double *all;
    float *all_f;
};

static void pass_done(struct pass *p)
{
    trm_history_done(&p->history);
    trm_ridge_done(&p->ridge);
    trm_folded_work_free(p->work);
    free(p->all);
    free(p->all_f);
}

/* ---- gathering ---- */

/* Without a model: weights, spread and knots from a backtest on the spot. */
static enum trm_status backtest_now(struct pass *p)
{
    struct trm_backtest b = {0};
    struct trm_calibration c;
    enum trm_status status = trm_backtest_init(&b, &p->history, p->block, false);

    if (status == TRM_OK)
        status = trm_calibrate(&p->history, &b, NULL, NULL, NULL, &c);
    if (status == TRM_OK) {
        p->mix = b.mix;
        memcpy(p->knot_gap, c.knot_gap, sizeof p->knot_gap);
    }
    trm_backtest_done(&b);
    return status;
}

static bool has_network(const struct pass *p)
{
    return p->model && p->model->weights && p->model->info.gate > 0 &&
           p->history.n >= p->model->shape.lookback && p->history.error > 0;
}

static enum trm_status take_model(struct pass *p)
{
    p->mix = p->model->mix;
    memcpy(p->knot_gap, p->model->knot_gap, sizeof p->knot_gap);
    if (!has_network(p))
        return TRM_OK;
    const struct trm_shape *shape = &p->model->shape;
    p->gate = p->model->info.gate;
    p->block = shape->leads;
    /* the view is only read through here; forward has no other way to name it */
    trm_folded_view(shape, p->model->weights, &p->net);
    p->all_f = calloc(shape->lookback + trm_state_n(shape), sizeof *p->all_f);
    if (!p->all_f)
        return TRM_ENOMEM;
    p->x = p->all_f;
    p->y = p->x + shape->lookback;
    return trm_folded_work_new(shape, 1, &p->work);
}

static enum trm_status prepare_ridge(struct pass *p)
{
    size_t n = p->history.n, L = trm_ridge_lookback(n, p->history.season, p->block);

    if (!L || !(p->mix.weight[TRM_DRAFT_RIDGE] > 0))
        return TRM_OK;
    if (trm_ridge_init(&p->ridge, L, p->block, p->history.season) != TRM_OK)
        return TRM_ENOMEM;
    trm_ridge_add(&p->ridge, p->history.filled, L, n - p->block + 1, 1);
    if (trm_ridge_solve(&p->ridge, TRM_RIDGE_LAMBDA) != TRM_OK)
        trm_ridge_done(&p->ridge); /* constant: the others know what to say */
    return TRM_OK;
}

static enum trm_status prepare_paths(struct pass *p)
{
    size_t n = p->history.n, room = p->request->horizon + p->block;

    p->all = calloc(n + room * (1 + TRM_DRAFTS + 3) + p->block, sizeof *p->all);
    if (!p->all)
        return TRM_ENOMEM;
    double *at = p->all;
    p->path = at, at += n + room;
    p->mixed = at, at += p->block;
    for (int k = 0; k < TRM_DRAFTS; k++)
        p->draft[k] = at, at += room;
    p->median = at, at += room;
    p->spread = at;
    memcpy(p->path, p->history.filled, n * sizeof *p->path);
    trm_draft_seasonal_naive(p->path, n, p->history.season, room, p->draft[TRM_DRAFT_SEASONAL_NAIVE]);
    trm_draft_drift(p->path, n, room, p->draft[TRM_DRAFT_DRIFT]);
    if (!p->ridge.lookback)
        p->draft[TRM_DRAFT_RIDGE] = NULL;
    return TRM_OK;
}

static enum trm_status gather(struct pass *p, const struct trm_config *config, const double *values,
                              size_t n)
{
    enum trm_status status = trm_history_init(&p->history, values, n, config->season);

    if (status != TRM_OK)
        return status;
    p->block = trm_min_size(p->request->horizon, TRM_LEADS_MAX);
    p->block = trm_min_size(p->block, trm_max_size(p->history.n / 2, 1));
    status = p->model ? take_model(p) : backtest_now(p);
    if (status == TRM_OK)
        status = prepare_ridge(p);
    return status == TRM_OK ? prepare_paths(p) : status;
}

/* ---- answering ---- */

/* Median and spreads of one block of leads from the mix and, with a network, its y. */
static void settle(struct pass *p, struct trm_window_unit unit, size_t from, bool refined)
{
    size_t room = p->request->horizon + p->block;

    for (size_t j = 0; j < p->block; j++) {
        double spread[2], width = trm_mix_spread(&p->mix, from + j) * p->history.error;
        trm_refine(p->model ? &p->model->shape : NULL, unit, refined ? p->y : NULL, p->gate, j,
                   p->mixed[j], width, &p->median[from + j], spread);
        p->spread[from + j] = spread[0];
        p->spread[room + from + j] = spread[1];
    }
}

/* Mean width of the 80% interval over a block. */
static double mean_width(const struct pass *p, size_t from)
{
    size_t room = p->request->horizon + p->block;
    double sum = 0;

    for (size_t j = from; j < from + p->block; j++)
        sum += p->knot_gap[TRM_KNOTS - 2] * p->spread[room + j] - p->knot_gap[1] * p->spread[j];
    return sum / (double)p->block;
}

/* Notes a step of the first block in the trace. */
static void note(struct pass *p, struct trm_forecast *out, double update_y, double update_z,
                 uint64_t started)
{
    if (!out->trace)
        return;
    struct trm_trace_step *t = &out->trace[out->trace_n++];
    double width = mean_width(p, 0), unit = ldexp(1, p->history.exponent);
    size_t room = p->request->horizon + p->block;
    for (size_t j = 0; j < out->trace_leads; j++) {
        t->median[j] = p->median[j] * unit;
        t->low[j] = (p->median[j] + p->knot_gap[1] * p->spread[j]) * unit;
        t->high[j] = (p->median[j] + p->knot_gap[TRM_KNOTS - 2] * p->spread[room + j]) * unit;
    }
    t->update_y = update_y * unit;
    t->update_z = update_z;
    t->moved = width > 0 ? update_y / width : 0;
    t->us = trm_forecast_now(p->request) - started;
}

/* The recursion on one block: the initial guess is the mix, each step refines it until one no longer
 * matters. */
static void think(struct pass *p, struct trm_forecast *out, size_t from)
{
    const struct trm_shape *shape = &p->model->shape;
    struct trm_window_unit unit = trm_window_input(
        &p->history, p->path + p->history.n + from - shape->lookback, shape->lookback, p->x);
    double before[TRM_LEADS_MAX];

    trm_window_guess(shape, unit, p->mixed, p->y);
    trm_folded_begin(&p->net, p->work, p->x);
    for (size_t s = 0; s < shape->supervision; s++) {
        uint64_t started = trm_forecast_now(p->request);
        double moved = 0;
        memcpy(before, p->median + from, p->block * sizeof *before);
        double update_z = trm_folded_step(&p->net, p->work, p->y);
        settle(p, unit, from, true);
        for (size_t j = 0; j < p->block; j++)
            moved += fabs(p->median[from + j] - before[j]);
        moved /= (double)p->block;
        if (from == 0) {
            note(p, out, moved, update_z, started);
            out->halted_at = (uint32_t)s + 1;
            out->halted = TRM_HALTED_STEPS;
        }
        if (moved < HALT_BELOW * mean_width(p, from)) {
            if (from == 0 && s + 1 < shape->supervision)
                out->halted = TRM_HALTED_SETTLED;
            break;
        }
    }
}

static void answer_block(struct pass *p, struct trm_forecast *out, size_t from)
{
    const double *draft[TRM_DRAFTS];
    double weight[TRM_DRAFTS];
    uint64_t started = trm_forecast_now(p->request);
    size_t n = p->history.n;

    if (p->ridge.lookback)
        trm_ridge_predict(&p->ridge, p->path + n + from - p->ridge.lookback,
                          p->draft[TRM_DRAFT_RIDGE] + from);
    for (int k = 0; k < TRM_DRAFTS; k++)
        draft[k] = p->draft[k] ? p->draft[k] + from : NULL;
    trm_mix_apply(&p->mix, draft, p->block, weight, p->mixed);
    out->draft_n = trm_mix_tell(weight, out->draft);
    settle(p, (struct trm_window_unit){0}, from, false);
    if (from == 0)
        note(p, out, 0, 0, started);
    if (p->gate > 0)
        think(p, out, from);
    memcpy(p->path + n + from, p->median + from, p->block * sizeof *p->path);
}

/* ---- the answer in the series' own unit ---- */

static void express(const struct pass *p, struct trm_forecast *out)
{
    const struct trm_forecast_request *r = p->request;
    size_t H = r->horizon, room = H + p->block;
    int e = p->history.exponent;

    for (size_t j = 0; j < H; j++)
        out->median[j] = trm_forecast_bounded(r, false, ldexp(p->median[j], e));
    for (size_t q = 0; q < r->level_n; q++) {
        double gap = trm_forecast_gap(p->knot_gap, r->levels[q]);
        const double *spread = p->spread + (gap > 0 ? room : 0);
        for (size_t j = 0; j < H; j++)
            out->quantiles[q * H + j] =
                trm_forecast_bounded(r, false, ldexp(p->median[j] + gap * spread[j], e));
    }
    for (size_t i = 0; i < H * TRM_SAID_LEVELS; i++) {
        size_t j = i / TRM_SAID_LEVELS;
        double gap = p->knot_gap[trm_said_knots[i % TRM_SAID_LEVELS]];
        double spread = p->spread[(gap > 0 ? room : 0) + j];
        out->said[i] = trm_forecast_bounded(r, false, ldexp(p->median[j] + gap * spread, e));
    }
    out->gate = p->gate;
    out->answered_by = p->gate > 0 ? TRM_BY_LITERAL : TRM_BY_CONSENSUS;
    out->halted_below = HALT_BELOW;
}

enum trm_status trm_forecast_literal(const struct trm_model *model, const struct trm_config *config,
                                     const double *values, size_t n,
                                     const struct trm_forecast_request *request, struct trm_forecast **ret)
{
    struct pass p = {.model = model, .request = request};
    struct trm_forecast *out = NULL;
    enum trm_status status = gather(&p, config, values, n);

    if (status == TRM_OK) {
        struct trm_widening widening = {{{1, 1}, {1, 1}}};
        trm_forecast_widen(request, &widening);
        trm_answer_widen(&widening, p.knot_gap, 1);
        size_t steps = 1 + (p.gate > 0 ? model->shape.supervision : 0);
        status = trm_forecast_new(request, steps, trm_min_size(p.block, request->horizon), &out);
    }
    if (status == TRM_OK) {
        for (size_t from = 0; from < request->horizon; from += p.block)
            answer_block(&p, out, from);
        express(&p, out);
        *ret = out;
    }
    pass_done(&p);
    return status;
}
