/* Little-endian fields in a fixed order, a CRC at the end. schemas/checkpoint.md is the byte table. */
#include "core/checkpoint.h"

#include "core/folded.h"
#include "core/model_parts.h"
#include "core/quantile.h"

#include <string.h>

static const unsigned char magic[8] = {'T', 'S', 'T', 'R', 'M', 'C', 'K', '\n'};

#define U32_FIELDS 12  /* version, knots, drafts, blocks, the config's five, lookback, leads, flags */
#define U64_FIELDS 4   /* weights, backtest_n, trained_n, steps */
#define F64_FIELDS (5 + TRM_DRAFTS + 2 + TRM_KNOTS) /* scores, mix, knots */
#define FLAG_NETWORK 1u

static const size_t head_bytes = 8 + 4 * U32_FIELDS + 8 * U64_FIELDS + 8 * F64_FIELDS;

uint32_t trm_crc32c(uint32_t crc, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78u & -(crc & 1));
    }
    return ~crc;
}

/* ---- fields ---- */

static unsigned char *put_u32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        *p++ = (unsigned char)(v >> 8 * i);
    return p;
}

static unsigned char *put_u64(unsigned char *p, uint64_t v)
{
    return put_u32(put_u32(p, (uint32_t)v), (uint32_t)(v >> 32));
}

static unsigned char *put_f64(unsigned char *p, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    return put_u64(p, isnan(v) ? UINT64_C(0x7ff8000000000000) : bits);
}

static uint32_t get_u32(const unsigned char **p)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++)
        v |= (uint32_t)*(*p)++ << 8 * i;
    return v;
}

static uint64_t get_u64(const unsigned char **p)
{
    uint64_t low = get_u32(p);

    return low | (uint64_t)get_u32(p) << 32;
}

static double get_f64(const unsigned char **p)
{
    uint64_t bits = get_u64(p);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

/* ---- encode ---- */

size_t trm_checkpoint_bytes(const struct trm_model *model)
{
    return head_bytes + 4 * model->weight_n + 4;
}

static unsigned char *put_head(unsigned char *p, const struct trm_model *m)
{
    const struct trm_model_info *i = &m->info;
    const uint32_t u32[U32_FIELDS] = {
        TRM_CHECKPOINT_VERSION, TRM_KNOTS, TRM_DRAFTS, TRM_SPREAD_BLOCKS, i->config.season,
        i->config.horizon, i->config.hidden, i->config.supervision, i->config.recursions, i->lookback,
        i->leads, m->weights ? FLAG_NETWORK : 0};
    const uint64_t u64[U64_FIELDS] = {m->weight_n, i->backtest_n, i->trained_n, i->steps};
    const double scores[5] = {i->gate, i->mase, i->vs_seasonal_naive, i->coverage80, i->coverage95};

    memcpy(p, magic, sizeof magic);
    p += sizeof magic;
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

enum trm_status trm_checkpoint_encode(const struct trm_model *model, void *buf, size_t buf_n)
{
    size_t n = trm_checkpoint_bytes(model);
    unsigned char *p = buf;

    if (buf_n < n)
        return TRM_ERANGE;
    p = put_head(p, model);
    for (size_t i = 0; i < model->weight_n; i++) {
        uint32_t bits;
        memcpy(&bits, &model->weights[i], sizeof bits);
        p = put_u32(p, bits);
    }
    put_u32(p, trm_crc32c(0, buf, n - 4));
    return TRM_OK;
}

/* ---- decode ---- */

/* What the head says, before anything of it is believed. */
struct head {
    struct trm_model_info info;
    struct trm_mix mix;
    double knot_gap[TRM_KNOTS];
    uint32_t version, knots, drafts, blocks, flags;
    uint64_t weight_n;
};

static void get_head(const unsigned char *p, struct head *ret)
{
    struct trm_model_info *i = &ret->info;

    p += sizeof magic;
    ret->version = get_u32(&p);
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
static bool head_ok(const struct head *h, size_t buf_n, struct trm_shape *ret_shape)
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
    return h->weight_n == weights && buf_n == head_bytes + 4 * weights + 4;
}

static enum trm_status get_weights(const unsigned char *p, struct trm_model *model)
{
    for (size_t i = 0; i < model->weight_n; i++) {
        uint32_t bits = get_u32(&p);
        memcpy(&model->weights[i], &bits, sizeof bits);
        if (!isfinite(model->weights[i]))
            return TRM_ECORRUPT;
    }
    return TRM_OK;
}

enum trm_status trm_checkpoint_decode(const void *buf, size_t buf_n, struct trm_model **ret)
{
    const unsigned char *p = buf, *version_at = p + sizeof magic;
    struct trm_shape shape;
    struct trm_model *model;
    struct head head;

    if (buf_n < head_bytes + 4 || buf_n > TRM_CHECKPOINT_MAX || memcmp(p, magic, sizeof magic) != 0)
        return TRM_ECORRUPT;
    if (get_u32(&version_at) != TRM_CHECKPOINT_VERSION)
        return TRM_EVERSION;
    const unsigned char *crc_at = p + buf_n - 4;
    if (get_u32(&crc_at) != trm_crc32c(0, buf, buf_n - 4))
        return TRM_ECORRUPT;
    get_head(p, &head);
    if (!head_ok(&head, buf_n, &shape))
        return TRM_ECORRUPT;
    if (trm_model_new(head.weight_n ? &shape : NULL, &model) != TRM_OK)
        return TRM_ENOMEM;
    if (get_weights(p + head_bytes, model) != TRM_OK) {
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
