/* A fit of kind literal: hold out a tail, train before it, judge on it, then train on everything. */
#include "core/fit_parts.h"

#include "core/calibrate.h"
#include "core/trainer.h"

#include <stdlib.h>
#include <string.h>

#define WINDOWS_MIN 64       /* training windows below which a network is not worth its noise */
#define JUDGED_STEPS 220     /* before the tail is looked at … */
#define FINAL_STEPS 100      /* … and on everything after it */
#define UPDATE_STEPS 60      /* of an incremental fit, each of the two */
#define RATE 3e-3f
#define FINAL_RATE 1e-3f
#define UPDATE_RATE 5e-4f
#define SLICE_STEPS 4        /* batches per call of trm_fit_step: a few ms */
#define BASE_MARGIN 1.05     /* the base has seen the tail: an update may look this much worse */

enum phase { PHASE_JUDGED, PHASE_FINAL, PHASE_DONE };

struct trm_fit_literal {
    struct trm_config config;
    struct trm_history history;
    struct trm_backtest backtest;
    struct trm_shape shape;          /* all 0: no network */
    struct trm_windows windows;
    struct trm_trainer trainer;
    struct trm_calibration calibration;
    struct trm_fit_report report;
    float *answers;                  /* [tail][Y] */
    float *base_weights;             /* incremental: what it started from */
    uint64_t base_steps;             /* … and had behind it */
    size_t judged_windows;           /* windows whose targets end before the tail */
    enum phase phase;
    uint64_t steps_before;           /* of finished phases */
    uint64_t steps_planned;
};

static bool networked(const struct trm_fit_literal *fit)
{
    return fit->shape.hidden > 0;
}

/* Whether the history has room for a network, and which windows may train it before the tail. */
static void plan_network(struct trm_fit_literal *fit)
{
    const struct trm_backtest *b = &fit->backtest;
    struct trm_shape shape = trm_model_shape(&fit->config, b->lookback);
    size_t before = b->count - b->tail;

    if (!b->lookback || b->leads != shape.leads || before < shape.leads + WINDOWS_MIN ||
        !(fit->history.error > 0))
        return;
    fit->shape = shape;
    fit->judged_windows = before - shape.leads + 1;
}

static bool same_shape(const struct trm_shape *a, const struct trm_shape *b)
{
    return a->lookback == b->lookback && a->leads == b->leads && a->hidden == b->hidden &&
           a->supervision == b->supervision && a->recursions == b->recursions;
}

static enum trm_status take_base(struct trm_fit_literal *fit, const struct trm_model *base)
{
    if (!base || !base->weights || !same_shape(&base->shape, &fit->shape))
        return TRM_OK;
    fit->base_weights = malloc(base->weight_n * sizeof *base->weights);
    if (!fit->base_weights)
        return TRM_ENOMEM;
    memcpy(fit->base_weights, base->weights, base->weight_n * sizeof *base->weights);
    fit->base_steps = base->info.steps;
    fit->report.incremental = true;
    return TRM_OK;
}

/* Answers for the tail with the trainer's weights, and what they are worth. */
static enum trm_status judge(struct trm_fit_literal *fit, struct trm_calibration *ret)
{
    const struct trm_backtest *b = &fit->backtest;

    trm_trainer_answer(&fit->trainer, &fit->windows, b->count - b->tail, b->tail, fit->answers);
    return trm_calibrate(&fit->history, b, &fit->shape, &fit->windows, fit->answers, ret);
}

static double relative(double mae, double mae_drafts)
{
    return mae_drafts > 0 ? mae / mae_drafts : TRM_NAN;
}

/* What the champion's network makes of the tail, where it has seen nothing of it. */
static enum trm_status judge_champion(struct trm_fit_literal *fit, const struct trm_fit_options *options)
{
    const struct trm_model *champion = options->champion;
    size_t n = trm_folded_parameters(&fit->shape);
    struct trm_calibration calibration;

    if (!champion || !champion->weights || !same_shape(&champion->shape, &fit->shape) ||
        options->unseen < fit->backtest.tail + fit->shape.leads)
        return TRM_OK;
    float *own = malloc(n * sizeof *own);
    if (!own)
        return TRM_ENOMEM;
    memcpy(own, fit->trainer.weights, n * sizeof *own);
    memcpy(fit->trainer.weights, champion->weights, n * sizeof *own);
    enum trm_status status = judge(fit, &calibration);
    memcpy(fit->trainer.weights, own, n * sizeof *own);
    free(own);
    if (status == TRM_OK)
        fit->report.duel = (struct trm_duel){.origins = fit->backtest.tail,
                                             .values = calibration.n,
                                             .champion = relative(calibration.mae, calibration.mae_drafts),
                                             .certainty = TRM_NAN};
    return status;
}

/* The challenger, having seen nothing of the tail either, beside what was noted of the champion. */
static void conclude_duel(struct trm_fit_literal *fit)
{
    struct trm_duel *duel = &fit->report.duel;

    if (!duel->values)
        return;
    duel->challenger = fit->report.mae_new;
    duel->judged = true;
    duel->worse = duel->challenger > BASE_MARGIN * duel->champion;
}

static enum trm_status prepare_network(struct trm_fit_literal *fit, const struct trm_fit_options *options)
{
    size_t tail_floats = fit->backtest.tail * trm_state_n(&fit->shape);
    enum trm_status status = take_base(fit, options->base);

    if (status == TRM_OK)
        status = trm_windows_init(&fit->windows, &fit->shape, &fit->history, &fit->backtest);
    if (status == TRM_OK)
        status = trm_trainer_init(&fit->trainer, &fit->shape, fit->windows.count, options->seed,
                                  fit->base_weights);
    fit->answers = calloc(tail_floats, sizeof *fit->answers);
    if (status != TRM_OK || !fit->answers)
        return TRM_ENOMEM;
    bool update = fit->report.incremental;
    if (update) {
        struct trm_calibration base;
        if (judge(fit, &base) != TRM_OK)
            return TRM_ENOMEM;
        fit->report.mae_base = relative(base.mae, base.mae_drafts);
    } else if (judge_champion(fit, options) != TRM_OK) {
        return TRM_ENOMEM;
    }
    fit->report.windows = fit->windows.count;
    fit->steps_planned = update ? 2 * UPDATE_STEPS : JUDGED_STEPS + FINAL_STEPS;
    trm_trainer_begin(&fit->trainer, fit->judged_windows, update ? UPDATE_STEPS : JUDGED_STEPS,
                      update ? UPDATE_RATE : RATE);
    return TRM_OK;
}

static enum trm_status prepare(struct trm_fit_literal *fit, const double *values, size_t n,
                               const struct trm_fit_options *options)
{
    size_t leads = trm_min_size(options->config.horizon, TRM_LEADS_MAX);
    enum trm_status status = trm_history_init(&fit->history, values, n, options->config.season);

    if (status == TRM_OK)
        status = trm_backtest_init(&fit->backtest, &fit->history, leads, true);
    if (status != TRM_OK)
        return status;
    plan_network(fit);
    if (networked(fit))
        return prepare_network(fit, options);
    fit->phase = PHASE_DONE;
    return trm_calibrate(&fit->history, &fit->backtest, NULL, NULL, NULL, &fit->calibration);
}

enum trm_status trm_fit_literal_begin(const double *values, size_t n,
                                      const struct trm_fit_options *options, struct trm_fit_literal **ret)
{
    struct trm_fit_literal *fit = calloc(1, sizeof *fit);

    if (!fit)
        return TRM_ENOMEM;
    fit->config = options->config;
    fit->report = (struct trm_fit_report){
        .loss_first = TRM_NAN, .loss_last = TRM_NAN, .mae_base = TRM_NAN, .mae_new = TRM_NAN};
    enum trm_status status = prepare(fit, values, n, options);
    if (status == TRM_OK)
        *ret = fit;
    else
        trm_fit_literal_free(fit);
    return status;
}

/* The run before the tail is over: look at the tail, decide, and go on with everything. */
static enum trm_status conclude_judged(struct trm_fit_literal *fit)
{
    enum trm_status status = judge(fit, &fit->calibration);

    if (status != TRM_OK)
        return status;
    fit->report.loss_first = fit->trainer.loss_first;
    fit->report.loss_last = fit->trainer.loss_last;
    fit->report.mae_new = relative(fit->calibration.mae, fit->calibration.mae_drafts);
    conclude_duel(fit);
    bool update = fit->report.incremental;
    fit->steps_before = fit->trainer.step;
    if (update && fit->report.mae_new > BASE_MARGIN * fit->report.mae_base) {
        fit->report.kept_base = true;
        memcpy(fit->trainer.weights, fit->base_weights,
               trm_folded_parameters(&fit->shape) * sizeof *fit->base_weights);
        fit->phase = PHASE_DONE;
        return judge(fit, &fit->calibration);
    }
    fit->phase = PHASE_FINAL;
    trm_trainer_begin(&fit->trainer, fit->windows.count, update ? UPDATE_STEPS : FINAL_STEPS,
                      update ? UPDATE_RATE : FINAL_RATE);
    return TRM_OK;
}

static enum trm_status advance(struct trm_fit_literal *fit)
{
    for (int i = 0; i < SLICE_STEPS; i++) {
        enum trm_status status = trm_trainer_step(&fit->trainer, &fit->windows);
        if (status == TRM_MORE)
            continue;
        if (status != TRM_OK)
            return status;
        if (fit->phase == PHASE_JUDGED)
            return conclude_judged(fit);
        fit->steps_before += fit->trainer.step;
        fit->phase = PHASE_DONE;
        return TRM_OK;
    }
    return TRM_OK;
}

enum trm_status trm_fit_literal_step(struct trm_fit_literal *fit, struct trm_fit_progress *ret)
{
    enum trm_status status = fit->phase == PHASE_DONE ? TRM_OK : advance(fit);

    if (status != TRM_OK)
        return status;
    bool done = fit->phase == PHASE_DONE;
    uint64_t steps = fit->steps_before + (done ? 0 : fit->trainer.step);
    *ret = (struct trm_fit_progress){
        .fraction = done ? 1 : (double)steps / (double)fit->steps_planned,
        .step = steps,
        .loss = networked(fit) ? fit->trainer.loss : TRM_NAN,
    };
    fit->report.steps = steps;
    return done ? TRM_OK : TRM_MORE;
}

static struct trm_model_info describe(const struct trm_fit_literal *fit)
{
    const struct trm_calibration *c = &fit->calibration;
    double error = fit->history.error, snaive = fit->backtest.mae[TRM_DRAFT_SEASONAL_NAIVE];

    return (struct trm_model_info){
        .config = fit->config,
        .gate = c->gate,
        .mase = error > 0 ? c->mae / error : TRM_NAN,
        .vs_seasonal_naive = snaive > 0 ? c->mae / snaive : TRM_NAN,
        .coverage80 = c->coverage80,
        .coverage95 = c->coverage95,
        .backtest_n = c->n,
        .trained_n = fit->history.observed_n,
        .steps = fit->base_steps + (fit->report.kept_base ? 0 : fit->report.steps),
    };
}

static bool finite_weights(const struct trm_fit_literal *fit)
{
    size_t n = networked(fit) ? trm_folded_parameters(&fit->shape) : 0, i = 0;

    while (i < n && isfinite(fit->trainer.weights[i]))
        i++;
    return i == n;
}

enum trm_status trm_fit_literal_end(struct trm_fit_literal *fit, struct trm_model **ret_model,
                                    struct trm_fit_report *ret_report)
{
    struct trm_model *model = NULL;

    if (fit->phase != PHASE_DONE)
        return TRM_EINVAL;
    if (!finite_weights(fit))
        return TRM_EDIVERGED;
    if (trm_model_new(networked(fit) ? &fit->shape : NULL, &model) != TRM_OK)
        return TRM_ENOMEM;
    model->info = describe(fit);
    model->mix = fit->backtest.mix;
    memcpy(model->knot_gap, fit->calibration.knot_gap, sizeof model->knot_gap);
    if (networked(fit))
        memcpy(model->weights, fit->trainer.weights, model->weight_n * sizeof *model->weights);
    trm_model_seal(model);
    *ret_model = model;
    *ret_report = fit->report;
    return TRM_OK;
}

void trm_fit_literal_free(struct trm_fit_literal *fit)
{
    if (!fit)
        return;
    free(fit->answers);
    free(fit->base_weights);
    trm_trainer_done(&fit->trainer);
    trm_windows_done(&fit->windows);
    trm_backtest_done(&fit->backtest);
    trm_history_done(&fit->history);
    free(fit);
}
