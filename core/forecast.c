/* The way in, and what both kinds need on the way out. */
#include "core/forecast_parts.h"

#include "core/quantile.h"

#include <float.h>
#include <stdlib.h>

const double trm_said_levels[TRM_SAID_LEVELS] = {.025, .1, .5, .9, .975};
const int trm_said_knots[TRM_SAID_LEVELS] = {0, 1, TRM_KNOT_MEDIAN, TRM_KNOTS - 2, TRM_KNOTS - 1};

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

enum trm_status trm_forecast(const struct trm_base *base, const struct trm_model *model,
                             const struct trm_config *config, const double *values, size_t n,
                             const struct trm_forecast_request *request, struct trm_forecast **ret)
{
    if (model)
        config = &model->info.config;
    if (check_request(request) != TRM_OK || trm_config_check(config) != TRM_OK)
        return TRM_EINVAL;
    if (config->kind == TRM_KIND_LITERAL)
        return trm_forecast_literal(model, config, values, n, request, ret);
    return base ? trm_forecast_shared(base, model, config, values, n, request, ret) : TRM_EINVAL;
}

void trm_forecast_free(struct trm_forecast *forecast)
{
    free(forecast);
}

/* ---- shared ---- */

enum trm_status trm_forecast_new(const struct trm_forecast_request *request, size_t steps,
                                 size_t leads, struct trm_forecast **ret)
{
    size_t H = request->horizon, levels = request->level_n;

    if (!request->trace)
        steps = leads = 0;
    size_t doubles = H * (1 + levels + TRM_SAID_LEVELS) + 3 * steps * leads;
    struct trm_forecast *f =
        calloc(1, sizeof *f + steps * sizeof *f->trace + doubles * sizeof(double));
    if (!f)
        return TRM_ENOMEM;
    f->horizon = H;
    f->level_n = levels;
    f->trace_leads = leads;
    f->trace = steps ? (struct trm_trace_step *)(f + 1) : NULL;
    double *at = (double *)((struct trm_trace_step *)(f + 1) + steps);
    f->median = at, at += H;
    f->quantiles = at, at += H * levels;
    f->said = at, at += H * TRM_SAID_LEVELS;
    for (size_t s = 0; s < steps; s++) {
        struct trm_trace_step *t = &f->trace[s];
        t->median = at, at += leads;
        t->low = at, at += leads;
        t->high = at, at += leads;
        t->halt = TRM_NAN;
        t->verify = (struct trm_trace_verify){TRM_NAN, TRM_NAN, TRM_NAN, TRM_NAN, TRM_NAN};
    }
    *ret = f;
    return TRM_OK;
}

void trm_forecast_widen(const struct trm_forecast_request *request, struct trm_widening *widening)
{
    if (!request->widening)
        return;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < 2; i++)
            widening->factor[side][i] *= request->widening->factor[side][i];
}

double trm_forecast_gap(const double gap[TRM_KNOTS], double level)
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
    double between = gap[k - 1] + (gap[k] - gap[k - 1]) * (at - z[k - 1]) / (z[k] - z[k - 1]);
    return trm_clamp(between, gap[k - 1], gap[k]); /* rounding must not cross a knot */
}

double trm_forecast_bounded(const struct trm_forecast_request *r, bool positive, double v)
{
    v = trm_clamp(v, -DBL_MAX, DBL_MAX);
    if (r->integer)
        v = nearbyint(v);
    if (v < (positive && isnan(r->min) ? 0 : r->min))
        v = positive && isnan(r->min) ? 0 : r->min;
    if (v > r->max)
        v = r->max;
    return v;
}

uint64_t trm_forecast_now(const struct trm_forecast_request *request)
{
    return request->now_us ? request->now_us(request->now_arg) : 0;
}
