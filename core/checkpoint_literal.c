/* The body of kind literal: scores, mix, knots, weights. */
#include "core/checkpoint_parts.h"

#include "core/folded.h"
#include "core/quantile.h"

#define U32_FIELDS 11  /* knots, drafts, blocks, the config's five, lookback, leads, flags */
#define U64_FIELDS 4   /* weights, backtest_n, trained_n, steps */
#define F64_FIELDS (5 + TRM_DRAFTS + 2 + TRM_KNOTS) /* scores, mix, knots */
#define FLAG_NETWORK 1u

static const size_t fixed_bytes = 4 * U32_FIELDS + 8 * U64_FIELDS + 8 * F64_FIELDS;

size_t trm_checkpoint_literal_bytes(const struct trm_model *model)
{
    return fixed_bytes + 4 * model->weight_n;
}

static unsigned char *put_head(unsigned char *p, const struct trm_model *m)
{
    const struct trm_model_info *i = &m->info;
    const uint32_t u32[U32_FIELDS] = {
        TRM_KNOTS, TRM_DRAFTS, TRM_SPREAD_BLOCKS, i->config.season,
        i->config.horizon, i->config.hidden, i->config.supervision, i->config.recursions, i->lookback,
        i->leads, m->weights ? FLAG_NETWORK : 0};
    const uint64_t u64[U64_FIELDS] = {m->weight_n, i->backtest_n, i->trained_n, i->steps};
    const double scores[5] = {i->gate, i->mase, i->vs_seasonal_naive, i->coverage80, i->coverage95};

    for (int k = 0; k < U32_FIELDS; k++)
        p = put_u32(p, u32[k]);
    for (int k = 0; k < U64_FIELDS; k++)
        p = put_u64(p, u64[k]);
    for (int k = 0; k < 5; k++)
        p = put_f64(p, scores[k]);
    for (int k = 0; k < TRM_DRAFTS; k++)
        p = put_f64(p, m->mix.weight[k]);
    p = put_f64(put_f64(p, m->mix.spread_level), m->mix.spread_growth);
    for (int k = 0; k < TRM_KNOTS; k++)
        p = put_f64(p, m->knot_gap[k]);
    return p;
}

unsigned char *trm_checkpoint_literal_put(unsigned char *p, const struct trm_model *model)
{
    p = put_head(p, model);
    for (size_t i = 0; i < model->weight_n; i++)
        p = put_f32(p, model->weights[i]);
    return p;
}

/* ---- decode ---- */

/* What the head says, before anything of it is believed. */
struct head {
    struct trm_model_info info;
    struct trm_mix mix;
    double knot_gap[TRM_KNOTS];
    uint32_t knots, drafts, blocks, flags;
    uint64_t weight_n;
};

static void get_head(const unsigned char *p, struct head *ret)
{
    struct trm_model_info *i = &ret->info;

    ret->knots = get_u32(&p);
    ret->drafts = get_u32(&p);
    ret->blocks = get_u32(&p);
    i->config.season = get_u32(&p);
    i->config.horizon = get_u32(&p);
    i->config.hidden = get_u32(&p);
    i->config.supervision = get_u32(&p);
    i->config.recursions = get_u32(&p);
    i->lookback = get_u32(&p);
    i->leads = get_u32(&p);
    ret->flags = get_u32(&p);
    ret->weight_n = get_u64(&p);
    i->backtest_n = get_u64(&p);
    i->trained_n = get_u64(&p);
    i->steps = get_u64(&p);
    i->gate = get_f64(&p);
    i->mase = get_f64(&p);
    i->vs_seasonal_naive = get_f64(&p);
    i->coverage80 = get_f64(&p);
    i->coverage95 = get_f64(&p);
    for (int k = 0; k < TRM_DRAFTS; k++)
        ret->mix.weight[k] = get_f64(&p);
    ret->mix.spread_level = get_f64(&p);
    ret->mix.spread_growth = get_f64(&p);
    for (int k = 0; k < TRM_KNOTS; k++)
        ret->knot_gap[k] = get_f64(&p);
}

/* NaN (a score that does not exist) or within lo..hi. */
static bool score_ok(double v, double lo, double hi)
{
    return isnan(v) || (v >= lo && v <= hi);
}

static bool mix_ok(const struct trm_mix *mix)
{
    double sum = 0;

    for (int k = 0; k < TRM_DRAFTS; k++) {
        if (!(mix->weight[k] >= 0 && mix->weight[k] <= 1))
            return false;
        sum += mix->weight[k];
    }
    return fabs(sum - 1) < 1e-9 && mix->spread_level >= 0 && mix->spread_level <= 1e9 &&
           mix->spread_growth >= 0 && mix->spread_growth <= 1;
}

static bool gaps_ok(const double gap[TRM_KNOTS])
{
    for (int k = 0; k < TRM_KNOTS; k++)
        if (!(fabs(gap[k]) <= 1e9) || (k && !(gap[k] >= gap[k - 1])))
            return false;
    return gap[TRM_KNOT_MEDIAN] == 0;
}

/* Every field in range, and the sizes agree with each other and with the length. */
static bool head_ok(const struct head *h, size_t n, struct trm_shape *ret_shape)
{
    const struct trm_model_info *i = &h->info;
    bool network = h->flags & FLAG_NETWORK;

    if (h->knots != TRM_KNOTS || h->drafts != TRM_DRAFTS || h->blocks != TRM_SPREAD_BLOCKS ||
        (h->flags & ~FLAG_NETWORK) || trm_config_check(&i->config) != TRM_OK)
        return false;
    if (!(i->gate >= 0 && i->gate <= 1) || !score_ok(i->mase, 0, (double)INFINITY) ||
        !score_ok(i->vs_seasonal_naive, 0, (double)INFINITY) || !score_ok(i->coverage80, 0, 1) ||
        !score_ok(i->coverage95, 0, 1) || !mix_ok(&h->mix) || !gaps_ok(h->knot_gap))
        return false;
    *ret_shape = trm_model_shape(&i->config, i->lookback);
    if (network && (i->lookback < 1 || i->lookback > TRM_CONTEXT_MAX || i->leads != ret_shape->leads))
        return false;
    if (!network && (i->lookback || i->leads || i->gate > 0))
        return false;
    size_t weights = network ? trm_folded_parameters(ret_shape) : 0;
    return h->weight_n == weights && n == fixed_bytes + 4 * weights;
}

static enum trm_status get_weights(const unsigned char *p, struct trm_model *model)
{
    for (size_t i = 0; i < model->weight_n; i++) {
        model->weights[i] = get_f32(&p);
        if (!isfinite(model->weights[i]))
            return TRM_ECORRUPT;
    }
    return TRM_OK;
}

enum trm_status trm_checkpoint_literal_get(const unsigned char *p, size_t n,
                                           const struct trm_config *config, struct trm_model **ret)
{
    struct head head = {.info.config = *config};
    struct trm_shape shape;
    struct trm_model *model;

    if (n < fixed_bytes)
        return TRM_ECORRUPT;
    get_head(p, &head);
    if (!head_ok(&head, n, &shape))
        return TRM_ECORRUPT;
    if (trm_model_new(head.weight_n ? &shape : NULL, &model) != TRM_OK)
        return TRM_ENOMEM;
    if (get_weights(p + fixed_bytes, model) != TRM_OK) {
        trm_model_free(model);
        return TRM_ECORRUPT;
    }
    model->info = head.info;
    model->mix = head.mix;
    memcpy(model->knot_gap, head.knot_gap, sizeof model->knot_gap);
    trm_model_seal(model);
    *ret = model;
    return TRM_OK;
}
