/* The walk over origins and methods. See rolling.h. */
#include "core/rolling_parts.h"

#include "core/fit.h"
#include "core/forecast.h"
#include "core/metrics.h"
#include "core/num.h"

#include <stdlib.h>
#include <string.h>

struct trm_rolling {
    struct trm_rolling_options options;
    struct rolling_levels levels;
    size_t n;
    double *values;             /* [n] */
    double *point, *quantiles;  /* [horizon], [levels.n][horizon] */
    size_t window, method;      /* at hand */
    bool opened;                /* the window's config and scale are known */
    struct trm_config config;
    double scale;
    struct trm_fit *fit;        /* of method TRM, half-way */
    struct rolling_sums sums[TRM_ROLLING_METHODS];
    struct trm_rolling_report report;
};

const char *trm_rolling_name(size_t method)
{
    return method == TRM_ROLLING_TRM
               ? trm_answered_by_name(TRM_BY_NETWORK)
               : trm_classic_name((enum trm_classic)(method - TRM_ROLLING_CLASSIC));
}

size_t trm_rolling_need(const struct trm_rolling_options *options)
{
    return options->horizon + (options->windows - 1) * options->step + TRM_ROLLING_PAST_MIN;
}

static bool options_are_sound(const struct trm_rolling_options *o)
{
    for (size_t i = 0; i < o->level_n; i++)
        if (!(o->level[i] > (i ? o->level[i - 1] : 0) && o->level[i] < 1))
            return false;
    return o->horizon >= 1 && o->horizon <= TRM_ROLLING_HORIZON_MAX && o->windows >= 1 &&
           o->windows <= TRM_ROLLING_WINDOWS_MAX && o->step >= 1 &&
           o->step <= TRM_CONTEXT_MAX && o->level_n <= TRM_ROLLING_LEVELS_MAX && o->methods &&
           !(o->methods >> TRM_ROLLING_METHODS);
}

static bool runs(const struct trm_rolling *r, size_t method)
{
    return r->options.methods >> method & 1 || method == TRM_ROLLING_SNAIVE;
}

static bool allocate(struct trm_rolling *r)
{
    size_t h = r->options.horizon;

    r->values = malloc(r->n * sizeof *r->values);
    r->point = malloc((1 + r->levels.n) * h * sizeof *r->point);
    if (!r->values || !r->point)
        return false;
    r->quantiles = r->point + h;
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++) {
        r->sums[k].cell = calloc(h, sizeof *r->sums[k].cell);
        r->report.score[k].lead = calloc(h, sizeof *r->report.score[k].lead);
        if (!r->sums[k].cell || !r->report.score[k].lead)
            return false;
    }
    return true;
}

/* Values before the origin of the window at hand. */
static size_t known(const struct trm_rolling *r, size_t window)
{
    return r->n - r->options.horizon - (r->options.windows - 1 - window) * r->options.step;
}

enum trm_status trm_rolling_begin(const double *values, size_t n,
                                  const struct trm_rolling_options *options,
                                  struct trm_rolling **ret)
{
    if (!options_are_sound(options))
        return TRM_EINVAL;
    if (n < trm_rolling_need(options))
        return TRM_ESHORT;
    struct trm_rolling *r = calloc(1, sizeof *r);
    if (!r)
        return TRM_ENOMEM;
    r->options = *options;
    r->n = n;
    trm_rolling_levels(options->level, options->level_n, &r->levels);
    if (!allocate(r)) {
        trm_rolling_free(r);
        return TRM_ENOMEM;
    }
    memcpy(r->values, values, n * sizeof *values);
    r->report.horizon = options->horizon;
    r->report.windows = options->windows;
    r->report.step = options->step;
    r->report.level_n = options->level_n;
    r->report.first_known = known(r, 0);
    r->report.last_known = known(r, options->windows - 1);
    *ret = r;
    return TRM_OK;
}

static size_t observed(const double *v, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += !isnan(v[i]);
    return count;
}

static void next_window(struct trm_rolling *r)
{
    r->window++;
    r->method = 0;
    r->opened = false;
}

/* Works out what the window needs. False where nothing can be learned from it. */
static bool open_window(struct trm_rolling *r)
{
    size_t origin = known(r, r->window), truths = observed(r->values + origin, r->options.horizon);

    if (!truths || observed(r->values, origin) < TRM_OBSERVED_MIN)
        return false;
    r->config = r->options.config_at(r->options.ctx, r->values, origin);
    r->scale = trm_seasonal_error(r->values, origin, r->config.season);
    r->report.season = r->config.season;
    r->report.scored++;
    r->report.values += truths;
    r->opened = true;
    return true;
}

/* ---- the forecasts ---- */

/* The record, or the network, of what lay before the origin: its next slice. */
static enum trm_status fit_slice(struct trm_rolling *r)
{
    struct trm_fit_options options = {
        .config = r->config, .base_weights = r->options.base, .seed = r->options.seed};
    struct trm_fit_progress progress;

    if (r->fit)
        return trm_fit_step(r->fit, &progress);
    enum trm_status status = trm_fit_begin(r->values, known(r, r->window), &options, &r->fit);
    return status == TRM_OK ? TRM_MORE : status;
}

static void say(struct trm_rolling_score *score, const char *text)
{
    size_t n = trm_min_size(strlen(text), sizeof score->label - 1);

    memcpy(score->label, text, n);
    score->label[n] = '\0';
}

static enum trm_status forecast_trm(struct trm_rolling *r, const struct trm_model *model)
{
    const struct trm_rolling_options *o = &r->options;
    struct trm_forecast_request request = {.horizon = o->horizon, .levels = r->levels.at,
                                           .level_n = r->levels.n, .min = o->min, .max = o->max,
                                           .integer = o->integer};
    struct trm_forecast *forecast;
    enum trm_status status = trm_forecast(o->base, model, &r->config, r->values,
                                          known(r, r->window), &request, &forecast);

    if (status != TRM_OK)
        return status;
    memcpy(r->point, forecast->median, o->horizon * sizeof *r->point);
    memcpy(r->quantiles, forecast->quantiles, r->levels.n * o->horizon * sizeof *r->quantiles);
    say(&r->report.score[TRM_ROLLING_TRM], forecast->answered_by == TRM_BY_DRAFT
                                               ? forecast->answered_draft
                                               : trm_answered_by_name(forecast->answered_by));
    trm_forecast_free(forecast);
    return TRM_OK;
}

static enum trm_status run_trm(struct trm_rolling *r)
{
    struct trm_fit_report report;
    struct trm_model *model;
    enum trm_status status = fit_slice(r);

    if (status != TRM_OK)
        return status;
    status = trm_fit_end(r->fit, &model, &report);
    trm_fit_free(r->fit);
    r->fit = NULL;
    if (status != TRM_OK)
        return status;
    status = forecast_trm(r, model);
    trm_model_free(model);
    return status;
}

/* The series' rules hold for every method; trm_forecast keeps them itself. */
static void keep_rules(const struct trm_rolling_options *o, double *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        at[i] = o->integer ? nearbyint(at[i]) : at[i];
        at[i] = at[i] < o->min ? o->min : at[i] > o->max ? o->max : at[i]; /* false for NaN */
    }
}

static enum trm_status run_classic(struct trm_rolling *r, enum trm_classic method)
{
    struct trm_classic_ask ask = {r->config.season, r->options.horizon, r->levels.at, r->levels.n};
    enum trm_status status = trm_classic(method, r->values, known(r, r->window), &ask, r->point,
                                         r->quantiles,
                                         r->report.score[TRM_ROLLING_CLASSIC + method].label);

    if (status == TRM_OK)
        keep_rules(&r->options, r->point, (1 + r->levels.n) * r->options.horizon);
    return status;
}

static void count(struct trm_rolling *r)
{
    struct rolling_said said = {.truth = r->values + known(r, r->window), .point = r->point,
                                .quantiles = r->quantiles, .horizon = r->options.horizon,
                                .level_n = r->options.level_n, .levels = &r->levels,
                                .scale = r->scale};

    trm_rolling_count(&said, &r->sums[r->method]);
}

static void close_window(struct trm_rolling *r)
{
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++)
        if (runs(r, k))
            trm_rolling_compare(&r->sums[TRM_ROLLING_SNAIVE], &r->sums[k]);
    next_window(r);
}

/* The method at hand, then the next; TRM_MORE: it is not done yet. */
static enum trm_status run_method(struct trm_rolling *r)
{
    enum trm_status status =
        r->method == TRM_ROLLING_TRM
            ? run_trm(r)
            : run_classic(r, (enum trm_classic)(r->method - TRM_ROLLING_CLASSIC));

    if (status != TRM_OK)
        return status;
    count(r);
    do
        r->method++;
    while (r->method < TRM_ROLLING_METHODS && !runs(r, r->method));
    if (r->method == TRM_ROLLING_METHODS)
        close_window(r);
    return TRM_MORE;
}

enum trm_status trm_rolling_step(struct trm_rolling *r, double *ret_fraction, size_t *ret_windows)
{
    enum trm_status status = TRM_MORE;

    if (r->window < r->options.windows && !r->opened) {
        if (!open_window(r))
            next_window(r);
        else if (!runs(r, r->method))
            r->method = TRM_ROLLING_SNAIVE;
    } else if (r->window < r->options.windows) {
        status = run_method(r);
    }
    *ret_fraction = ((double)r->window + (double)r->method / TRM_ROLLING_METHODS) /
                    (double)r->options.windows;
    *ret_windows = r->window;
    return status == TRM_MORE && r->window == r->options.windows ? TRM_OK : status;
}

/* ---- the end ---- */

static bool is_better(const struct trm_rolling_score *a, const struct trm_rolling_score *b)
{
    return isnan(a->mase) || isnan(b->mase) ? a->wql < b->wql : a->mase < b->mase;
}

const struct trm_rolling_report *trm_rolling_end(struct trm_rolling *r)
{
    struct trm_rolling_report *report = &r->report;

    report->best = TRM_ROLLING_METHODS;
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++)
        if (runs(r, k))
            trm_rolling_score(&r->sums[k], r->options.horizon, r->options.level_n,
                              &report->score[k]);
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++) {
        struct trm_rolling_score *score = &report->score[k];
        double naive = report->score[TRM_ROLLING_SNAIVE].mase;
        score->asked = r->options.methods >> k & 1;
        score->vs_seasonal_naive = naive > 0 ? score->mase / naive : TRM_NAN;
        if (score->asked && report->scored &&
            (report->best == TRM_ROLLING_METHODS || is_better(score, &report->score[report->best])))
            report->best = k;
    }
    return report;
}

void trm_rolling_free(struct trm_rolling *r)
{
    if (!r)
        return;
    trm_fit_free(r->fit);
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++) {
        free(r->sums[k].cell);
        free(r->report.score[k].lead);
    }
    free(r->values);
    free(r->point);
    free(r);
}
