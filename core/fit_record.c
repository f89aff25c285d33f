/* A fit of kind TRM: forecasts from the series' own past, one a step, become its record. An
 * incremental fit makes those of the new stretch only. Surprising: where the new ones change who
 * answers it starts again with all of them, since a record keeps the intervals of the one who
 * answers. */
#include "core/fit_parts.h"

#include "core/num.h"
#include "core/trial.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MIN                                                                                   \
    8 /* past forecasts below which a record is made anew: its drafts were chosen on too few */

struct trm_fit_record {
    struct trm_config config;
    const struct trm_base *base;
    double *values; /* [n] mended: what came before a change of unit is in the newest one */
    size_t n, observed_n;
    struct trm_trial_plan plan;
    size_t made_n;           /* past forecasts to make: plan.count, or those of the new stretch */
    size_t tried_n;          /* … behind us; refused ones too */
    struct trm_think *think; /* NULL where the plan is empty */
    double *knots;           /* [leads][TRM_KNOTS] */
    struct trm_trial *trial; /* [TRM_RECORD_ORIGINS] */
    size_t trial_n;
    size_t origin[TRM_RECORD_ORIGINS]; /* where each of them starts */
    struct trm_record old, record;
    struct trm_record champion; /* origin_n 0: none */
    size_t unseen;              /* newest values that the champion has not seen */
    uint64_t old_steps, steps;
    size_t fresh;
    bool incremental, done;
    double fraction;
    struct trm_fit_report report;
};

/* ---- begin ---- */

static enum trm_status take_values(struct trm_fit_record *fit, const double *values, size_t n)
{
    struct trm_history history;

    if (n > TRM_CONTEXT_MAX)
        values += n - TRM_CONTEXT_MAX, n = TRM_CONTEXT_MAX;
    enum trm_status status = trm_history_init_short(&history, values, n, fit->config.season);
    if (status != TRM_OK)
        return status;
    fit->n = history.n + history.gap;
    fit->observed_n = history.observed_n;
    fit->values = malloc(fit->n * sizeof *fit->values);
    for (size_t i = 0; fit->values && i < fit->n; i++)
        fit->values[i] = i < history.n ? ldexp(history.raw[i], history.exponent) : TRM_NAN;
    trm_history_done(&history);
    return fit->values ? TRM_OK : TRM_ENOMEM;
}

static double relative(const struct trm_model_info *info, const struct trm_record *r)
{
    double network = 0, consensus = 0;

    for (size_t i = 0; i < r->origin_n; i++) {
        network += (double)r->origin[i].leads * (double)r->origin[i].mae[0];
        consensus += (double)r->origin[i].leads * (double)r->origin[i].mae[1];
    }
    return info->backtest_n && consensus > 0 ? network / consensus : TRM_NAN;
}

/* The fresh values' part of the plan: what starts in them, at least one. */
static size_t fresh_origins(const struct trm_fit_record *fit)
{
    size_t n = 1;

    while (n < fit->plan.count && fit->plan.leads + n * fit->plan.stride <= fit->fresh)
        n++;
    return n;
}

static void take_old(struct trm_fit_record *fit, const struct trm_fit_options *options)
{
    const struct trm_model *old = options->base;

    fit->made_n = fit->plan.count;
    if (!old || !old->record || memcmp(&old->info.config, &fit->config, sizeof fit->config) != 0 ||
        old->info.base_identity != fit->base->identity)
        return;
    fit->old = *old->record;
    fit->old_steps = old->info.steps;
    fit->report.gate_before = old->info.verdict;
    fit->report.widening_before = old->info.widening;
    fit->report.mae_base = relative(&old->info, old->record);
    if (!options->fresh || options->fresh >= fit->n || fit->old.origin_n < KEPT_MIN ||
        !fit->plan.count)
        return;
    fit->fresh = options->fresh;
    fit->made_n = fresh_origins(fit);
    fit->incremental = fit->made_n < TRM_RECORD_ORIGINS;
}

static void take_champion(struct trm_fit_record *fit, const struct trm_fit_options *options)
{
    const struct trm_model *model = options->champion;

    if (!model || !model->record || memcmp(&model->info.config, &fit->config, sizeof fit->config) != 0 ||
        model->info.base_identity != fit->base->identity)
        return;
    fit->champion = *model->record;
    fit->unseen = options->unseen;
}

static enum trm_status make_room(struct trm_fit_record *fit)
{
    size_t leads = fit->plan.leads;

    if (!fit->plan.count)
        return TRM_OK;
    fit->knots = calloc(leads * TRM_KNOTS, sizeof *fit->knots);
    fit->trial = calloc(TRM_RECORD_ORIGINS, sizeof *fit->trial);
    if (!fit->knots || !fit->trial)
        return TRM_ENOMEM;
    return trm_think_new(fit->base, leads, &fit->think);
}

enum trm_status trm_fit_record_begin(const double *values, size_t n,
                                     const struct trm_fit_options *options,
                                     struct trm_fit_record **ret)
{
    struct trm_fit_record *fit = calloc(1, sizeof *fit);

    if (!fit)
        return TRM_ENOMEM;
    fit->config = options->config;
    fit->base = options->base_weights;
    fit->report = (struct trm_fit_report){
        .loss_first = TRM_NAN, .loss_last = TRM_NAN, .mae_base = TRM_NAN, .mae_new = TRM_NAN};
    enum trm_status status = take_values(fit, values, n);
    if (status == TRM_OK) {
        fit->plan = trm_trial_plan(fit->n, fit->config.season, fit->config.horizon);
        take_old(fit, options);
        take_champion(fit, options);
        fit->done = !fit->plan.count;
        status = make_room(fit);
    }
    if (status == TRM_OK)
        *ret = fit;
    else
        trm_fit_record_free(fit);
    return status;
}

/* ---- step ---- */

/* Steps from the past forecast before. */
static size_t step_before(const struct trm_fit_record *fit, size_t back)
{
    if (fit->trial_n || !fit->incremental)
        return fit->trial_n ? fit->plan.stride : fit->plan.leads;
    size_t fresh = fit->fresh,
           last = back * fit->plan.stride; /* the old newest started at n - fresh - leads */
    return fresh > last ? fresh - last : 1;
}

static enum trm_status try_next(struct trm_fit_record *fit)
{
    size_t back = fit->made_n - 1 - fit->tried_n; /* oldest first */
    size_t origin = fit->n - fit->plan.leads - back * fit->plan.stride;
    enum trm_status status =
        trm_trial_make(fit->think, fit->values, origin, fit->plan.leads, &fit->config,
                       step_before(fit, back), fit->knots, &fit->trial[fit->trial_n]);

    if (status == TRM_ENOMEM)
        return status;
    fit->origin[fit->trial_n] = origin;
    fit->trial_n += status == TRM_OK;
    fit->tried_n++;
    fit->steps++;
    return TRM_OK;
}

/* The old rules against the new ones, on the past forecasts that start where the old ones' knowledge ends. */
static void fight(struct trm_fit_record *fit)
{
    size_t n = 0;

    while (n < fit->trial_n && fit->origin[fit->trial_n - 1 - n] + fit->unseen >= fit->n)
        n++;
    if (fit->champion.origin_n)
        trm_record_duel(&fit->champion, &fit->record, fit->trial + fit->trial_n - n, n,
                        &fit->report.duel);
}

/* All forecasts are made: the record, or the beginning again with the whole past. */
static void conclude(struct trm_fit_record *fit)
{
    trm_record_make(fit->incremental ? &fit->old : NULL, fit->trial, fit->trial_n, &fit->record);
    fit->done = !fit->incremental || fit->record.who == fit->old.who;
    if (fit->done) {
        fight(fit);
        return;
    }
    fit->incremental = false;
    fit->made_n = fit->plan.count;
    fit->trial_n = fit->tried_n = 0;
}

enum trm_status trm_fit_record_step(struct trm_fit_record *fit, struct trm_fit_progress *ret)
{
    if (!fit->done) {
        enum trm_status status = try_next(fit);
        if (status != TRM_OK)
            return status;
        fit->fraction = fmax(fit->fraction, (double)fit->tried_n / (double)(fit->made_n + 1));
        if (fit->tried_n == fit->made_n)
            conclude(fit);
    }
    *ret = (struct trm_fit_progress){fit->done ? 1 : fit->fraction, fit->steps, TRM_NAN};
    return fit->done ? TRM_OK : TRM_MORE;
}

/* ---- end ---- */

static void report(const struct trm_fit_record *fit, const struct trm_model *model,
                   struct trm_fit_report *ret)
{
    *ret = fit->report;
    ret->steps = fit->steps;
    ret->windows = fit->record.origin_n;
    ret->incremental = fit->incremental;
    ret->origins_new = fit->trial_n;
    ret->origins_old = fit->record.origin_n - fit->trial_n;
    ret->mae_new = relative(&model->info, model->record);
    ret->gate_after = model->info.verdict;
    ret->widening_after = model->info.widening;
}

static bool finite_losses(const struct trm_record *record)
{
    double sum = 0;

    for (size_t i = 0; i < record->origin_n; i++)
        for (size_t c = 0; c < TRM_RECORD_WHO; c++)
            sum += fabs((double)record->origin[i].loss[c]) + fabs((double)record->origin[i].mae[c]);
    return isfinite(sum);
}

enum trm_status trm_fit_record_end(struct trm_fit_record *fit, struct trm_model **ret_model,
                                   struct trm_fit_report *ret_report)
{
    struct trm_model *model;

    if (!fit->done)
        return TRM_EINVAL;
    if (!finite_losses(&fit->record))
        return TRM_EDIVERGED;
    if (trm_model_new_record(&fit->record, &model) != TRM_OK)
        return TRM_ENOMEM;
    model->info.config = fit->config;
    model->info.parameters = fit->base->network_n * fit->base->parameters;
    model->info.base_identity = fit->base->identity;
    model->info.trained_n = fit->observed_n;
    model->info.steps = fit->old_steps + fit->steps;
    trm_model_seal(model);
    report(fit, model, ret_report);
    *ret_model = model;
    return TRM_OK;
}

void trm_fit_record_free(struct trm_fit_record *fit)
{
    if (!fit)
        return;
    trm_think_free(fit->think);
    free(fit->trial);
    free(fit->knots);
    free(fit->values);
    free(fit);
}
