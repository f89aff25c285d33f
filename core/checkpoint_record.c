/* The body of kind TRM: the record. What can be said of it (scores, verdict, widening) is not
 * stored but computed again. */
#include "core/checkpoint_parts.h"

#define U32_FIELDS                                                                                 \
    (10 + TRM_RECORD_DRAFTS) /* knots, layout, the config's five, origins, who, mix, drafts */
#define U64_FIELDS 4         /* base, parameters, trained_n, steps */
#define ORIGIN_BYTES (4 * (2 + 2 * TRM_RECORD_WHO + 1) + 4 * TRM_RECORD_GRID)

static const size_t fixed_bytes = 4 * U32_FIELDS + 8 * U64_FIELDS + 8 * TRM_DRAFT_WEIGHTS_MAX;

size_t trm_checkpoint_record_bytes(const struct trm_model *model)
{
    return fixed_bytes + ORIGIN_BYTES * model->record->origin_n;
}

/* ---- encode ---- */

static unsigned char *put_origin(unsigned char *p, const struct trm_origin *o)
{
    p = put_u32(put_u32(p, o->leads), o->step);
    for (int i = 0; i < TRM_RECORD_WHO; i++)
        p = put_f32(p, o->loss[i]);
    for (int i = 0; i < TRM_RECORD_WHO + 1; i++)
        p = put_f32(p, o->mae[i]);
    memcpy(p, o->beyond, sizeof o->beyond);
    return p + sizeof o->beyond;
}

unsigned char *trm_checkpoint_record_put(unsigned char *p, const struct trm_model *m)
{
    const struct trm_model_info *i = &m->info;
    const struct trm_record *r = m->record;
    const uint32_t u32[] = {TRM_KNOTS,
                            trm_base_layout(),
                            i->config.season,
                            i->config.horizon,
                            i->config.hidden,
                            i->config.supervision,
                            i->config.recursions,
                            r->origin_n,
                            r->who,
                            r->mix_n};
    const uint64_t u64[U64_FIELDS] = {i->base_identity, i->parameters, i->trained_n, i->steps};

    for (size_t k = 0; k < sizeof u32 / sizeof *u32; k++)
        p = put_u32(p, u32[k]);
    for (int k = 0; k < TRM_RECORD_DRAFTS; k++)
        p = put_u32(p, r->draft[k]);
    for (int k = 0; k < U64_FIELDS; k++)
        p = put_u64(p, u64[k]);
    for (int k = 0; k < TRM_DRAFT_WEIGHTS_MAX; k++)
        p = put_f32(put_u32(p, r->mix_draft[k]), r->mix_weight[k]);
    for (size_t k = 0; k < r->origin_n; k++)
        p = put_origin(p, &r->origin[k]);
    return p;
}

/* ---- decode ---- */

/* A draft's number, or one that no draft has. */
static uint8_t get_draft(const unsigned char **p)
{
    return (uint8_t)trm_min_size(get_u32(p), UINT8_MAX);
}

static const unsigned char *get_origin(const unsigned char *p, struct trm_origin *ret)
{
    ret->leads = get_u32(&p);
    ret->step = get_u32(&p);
    for (int i = 0; i < TRM_RECORD_WHO; i++)
        ret->loss[i] = get_f32(&p);
    for (int i = 0; i < TRM_RECORD_WHO + 1; i++)
        ret->mae[i] = get_f32(&p);
    memcpy(ret->beyond, p, sizeof ret->beyond);
    return p + sizeof ret->beyond;
}

static bool losses_ok(const float *loss, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(loss[i] >= 0 && loss[i] <= TRM_RECORD_LOSS_MAX) || (loss[i] == 0 && signbit(loss[i])))
            return false;
    return true;
}

static bool origin_ok(const struct trm_origin *o)
{
    if (o->leads < 1 || o->leads > TRM_RECORD_LEADS_MAX || o->step < 1 ||
        o->step > TRM_CONTEXT_MAX || !losses_ok(o->loss, TRM_RECORD_WHO) ||
        !losses_ok(o->mae, TRM_RECORD_WHO + 1))
        return false;
    for (int i = 0; i < 4; i++) {
        const uint8_t *count = o->beyond[i / 2][i % 2];
        for (int g = 0; g < TRM_RECORD_GRID; g++)
            if (count[g] > (g ? count[g - 1] : o->leads))
                return false;
    }
    for (int outer = 0; outer < 2; outer++)
        if (o->beyond[0][outer][0] + o->beyond[1][outer][0] > o->leads)
            return false;
    return true;
}

static bool drafts_ok(const struct trm_record *r)
{
    double sum = 0;

    for (int k = 0; k < TRM_RECORD_DRAFTS; k++)
        if (r->draft[k] >= TRM_BANK_DRAFTS)
            return false;
    for (uint32_t k = 0; k < TRM_DRAFT_WEIGHTS_MAX; k++) {
        float w = r->mix_weight[k];
        bool used = k < r->mix_n;
        if (used && (r->mix_draft[k] >= TRM_BANK_DRAFTS || !(w > 0 && w <= 1) ||
                     (k && w > r->mix_weight[k - 1])))
            return false;
        if (!used && (r->mix_draft[k] || w != 0 || signbit(w)))
            return false;
        sum += (double)w;
    }
    return sum < 1.001;
}

enum trm_status trm_checkpoint_record_get(const unsigned char *p, size_t n,
                                          const struct trm_config *config, struct trm_model **ret)
{
    struct trm_model_info i = {.config = *config};
    struct trm_record r = {0};

    if (n < fixed_bytes)
        return TRM_ECORRUPT;
    if (get_u32(&p) != TRM_KNOTS)
        return TRM_ECORRUPT;
    if (get_u32(&p) != trm_base_layout())
        return TRM_EVERSION;
    i.config.season = get_u32(&p);
    i.config.horizon = get_u32(&p);
    i.config.hidden = get_u32(&p);
    i.config.supervision = get_u32(&p);
    i.config.recursions = get_u32(&p);
    r.origin_n = get_u32(&p);
    r.who = get_u32(&p);
    r.mix_n = get_u32(&p);
    for (int k = 0; k < TRM_RECORD_DRAFTS; k++)
        r.draft[k] = get_draft(&p);
    i.base_identity = get_u64(&p);
    i.parameters = get_u64(&p);
    i.trained_n = get_u64(&p);
    i.steps = get_u64(&p);
    for (int k = 0; k < TRM_DRAFT_WEIGHTS_MAX; k++) {
        r.mix_draft[k] = get_draft(&p);
        r.mix_weight[k] = get_f32(&p);
    }
    if (trm_config_check(&i.config) != TRM_OK || r.origin_n > TRM_RECORD_ORIGINS ||
        r.who >= TRM_RECORD_WHO || r.mix_n > TRM_DRAFT_WEIGHTS_MAX ||
        n != fixed_bytes + ORIGIN_BYTES * r.origin_n || !drafts_ok(&r))
        return TRM_ECORRUPT;
    for (size_t k = 0; k < r.origin_n; k++) {
        p = get_origin(p, &r.origin[k]);
        if (!origin_ok(&r.origin[k]))
            return TRM_ECORRUPT;
    }
    struct trm_model *model;
    if (trm_model_new_record(&r, &model) != TRM_OK)
        return TRM_ENOMEM;
    model->info = i;
    trm_model_seal(model);
    *ret = model;
    return TRM_OK;
}
