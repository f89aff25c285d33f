/* Drafts, mix, network, quantiles: the path of an answer, block by block of leads. */
#include "core/forecast.h"

#include "core/calibrate.h"
#include "core/folded.h"
#include "core/model_parts.h"
#include "core/quantile.h"
#include "core/ridge.h"

#include <float.h>
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

static enum trm_status check_request(const struct trm_forecast_request *r)
{
    if (!r->horizon || r->horizon > TRM_HORIZON_MAX || r->level_n > TRM_QUANTILES_MAX ||
        r->min > r->max)
        return TRM_EINVAL;
    for (size_t i = 0; i < r->level_n; i++)
        if (!(r->levels[i] > 0 && r->levels[i] < 1) || (i && !(r->levels[i] > r->levels[i - 1])))
            return TRM_EINVAL;
    return TRM_OK;
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

static uint64_t now(const struct pass *p)
{
    return p->request->now_us ? p->request->now_us(p->request->now_arg) : 0;
}

/* Notes a step of the first block in the trace. */
static void note(struct pass *p, struct trm_forecast *out, double update_y, double update_z,
                 uint64_t started)
{
    if (!out->trace)
        return;
    struct trm_trace_step *t = &out->trace[out->trace_n++];
    double width = mean_width(p, 0), unit = ldexp(1, p->history.exponent);
    for (size_t j = 0; j < out->trace_leads; j++)
        t->median[j] = p->median[j] * unit;
    t->update_y = update_y * unit;
    t->update_z = update_z;
    t->halt = width > 0 ? update_y / width : 0;
    t->us = now(p) - started;
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
        uint64_t started = now(p);
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
        }
        if (moved < HALT_BELOW * mean_width(p, from))
            break;
    }
}

static void answer_block(struct pass *p, struct trm_forecast *out, size_t from)
{
    const double *draft[TRM_DRAFTS];
    uint64_t started = now(p);
    size_t n = p->history.n;

    if (p->ridge.lookback)
        trm_ridge_predict(&p->ridge, p->path + n + from - p->ridge.lookback,
                          p->draft[TRM_DRAFT_RIDGE] + from);
    for (int k = 0; k < TRM_DRAFTS; k++)
        draft[k] = p->draft[k] ? p->draft[k] + from : NULL;
    trm_mix_apply(&p->mix, draft, p->block, out->draft_weight, p->mixed);
    settle(p, (struct trm_window_unit){0}, from, false);
    if (from == 0)
        note(p, out, 0, 0, started);
    if (p->gate > 0)
        think(p, out, from);
    memcpy(p->path + n + from, p->median + from, p->block * sizeof *p->path);
}

/* ---- the answer in the series' own unit ---- */

/* Gap of a level in units of spread: between knots along the normal quantile, beyond them in
 * proportion to it. */
static double gap_at(const double gap[TRM_KNOTS], double level)
{
    const double *z = trm_normal_knots;
    double at = trm_normal_quantile(level);
    int k = 1;

    for (int i = 0; i < TRM_KNOTS; i++)
        if (level == trm_knot_levels[i])
            return gap[i];
    if (at <= z[0])
        return gap[0] * at / z[0];
    if (at >= z[TRM_KNOTS - 1])
        return gap[TRM_KNOTS - 1] * at / z[TRM_KNOTS - 1];
    while (at > z[k])
        k++;
    return gap[k - 1] + (gap[k] - gap[k - 1]) * (at - z[k - 1]) / (z[k] - z[k - 1]);
}

/* Bounds and the integer rule; monotone in v. */
static double bounded(const struct trm_forecast_request *r, double v)
{
    v = trm_clamp(v, -DBL_MAX, DBL_MAX);
    if (r->integer)
        v = nearbyint(v);
    if (v < r->min)
        v = r->min;
    if (v > r->max)
        v = r->max;
    return v;
}

static void express(const struct pass *p, struct trm_forecast *out)
{
    const struct trm_forecast_request *r = p->request;
    size_t H = r->horizon, room = H + p->block;
    int e = p->history.exponent;

    for (size_t j = 0; j < H; j++)
        out->median[j] = bounded(r, ldexp(p->median[j], e));
    for (size_t q = 0; q < r->level_n; q++) {
        double gap = gap_at(p->knot_gap, r->levels[q]);
        const double *spread = p->spread + (gap > 0 ? room : 0);
        for (size_t j = 0; j < H; j++)
            out->quantiles[q * H + j] = bounded(r, ldexp(p->median[j] + gap * spread[j], e));
    }
    for (int k = 0; k < TRM_DRAFTS; k++)
        for (size_t j = 0; p->draft[k] && j < H; j++)
            out->draft[k][j] = trm_clamp(ldexp(p->draft[k][j], e), -DBL_MAX, DBL_MAX);
    out->gate = p->gate;
    out->answered_by = p->gate > 0 ? TRM_BY_NETWORK : TRM_BY_DRAFTS;
}

/* One allocation for the answer and all its arrays. */
static struct trm_forecast *new_forecast(const struct pass *p)
{
    size_t H = p->request->horizon, levels = p->request->level_n;
    size_t steps = !p->request->trace ? 0 : 1 + (p->gate > 0 ? p->model->shape.supervision : 0);
    size_t leads = trm_min_size(p->block, H);
    size_t doubles = H * (1 + levels + TRM_DRAFTS) + steps * leads;
    struct trm_forecast *f = calloc(1, sizeof *f + steps * sizeof *f->trace + doubles * sizeof(double));

    if (!f)
        return NULL;
    *f = (struct trm_forecast){.horizon = H, .level_n = levels};
    f->trace = steps ? (struct trm_trace_step *)(f + 1) : NULL;
    f->trace_leads = steps ? leads : 0;
    double *at = (double *)((struct trm_trace_step *)(f + 1) + steps);
    f->median = at, at += H;
    f->quantiles = at, at += H * levels;
    for (int k = 0; k < TRM_DRAFTS; k++, at += H)
        f->draft[k] = p->draft[k] ? at : NULL;
    for (size_t s = 0; s < steps; s++, at += leads)
        f->trace[s].median = at;
    return f;
}

enum trm_status trm_forecast(const struct trm_model *model, const struct trm_config *config,
                             const double *values, size_t n, const struct trm_forecast_request *request,
                             struct trm_forecast **ret)
{
    struct pass p = {.model = model, .request = request};
    struct trm_forecast *out = NULL;

    if (model)
        config = &model->info.config;
    if (check_request(request) != TRM_OK || trm_config_check(config) != TRM_OK)
        return TRM_EINVAL;
    enum trm_status status = gather(&p, config, values, n);
    if (status == TRM_OK && !(out = new_forecast(&p)))
        status = TRM_ENOMEM;
    if (status == TRM_OK) {
        for (size_t from = 0; from < request->horizon; from += p.block)
            answer_block(&p, out, from);
        express(&p, out);
        *ret = out;
    }
    pass_done(&p);
    return status;
}

void trm_forecast_free(struct trm_forecast *forecast)
{
    free(forecast);
}
