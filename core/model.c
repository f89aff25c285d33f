/* Lifetime and bookkeeping of models. */
#include "core/model_parts.h"

#include "core/folded.h"

#include <stdlib.h>
#include <string.h>

#define HIDDEN_DEFAULT 32
#define SUPERVISION_DEFAULT 3
#define RECURSIONS_DEFAULT 6

const char *trm_kind_name(enum trm_kind kind)
{
    return kind == TRM_KIND_LITERAL ? "literal" : "trm";
}

bool trm_kind_parse(const char *text, enum trm_kind *ret)
{
    for (enum trm_kind k = TRM_KIND_TRM; k <= TRM_KIND_LITERAL; k++)
        if (strcmp(text, trm_kind_name(k)) == 0) {
            *ret = k;
            return true;
        }
    return false;
}

const char *trm_answered_by_name(enum trm_answered_by by)
{
    switch (by) {
    case TRM_BY_NETWORK:
        return "trm";
    case TRM_BY_CONSENSUS:
        return "consensus";
    case TRM_BY_DRAFT:
        return "draft";
    case TRM_BY_LITERAL:
        return "literal";
    }
    return "unknown";
}

struct trm_config trm_config_default(size_t season, size_t horizon)
{
    return (struct trm_config){
        .season = (uint32_t)trm_max_size(trm_min_size(season, TRM_SEASON_MAX), 1),
        .horizon = (uint32_t)trm_max_size(trm_min_size(horizon, TRM_HORIZON_MAX), 1),
        .hidden = HIDDEN_DEFAULT,
        .supervision = SUPERVISION_DEFAULT,
        .recursions = RECURSIONS_DEFAULT,
        .kind = TRM_KIND_TRM,
    };
}

static bool within(uint32_t v, uint32_t max)
{
    return v >= 1 && v <= max;
}

enum trm_status trm_config_check(const struct trm_config *c)
{
    bool good = within(c->season, TRM_SEASON_MAX) && within(c->horizon, TRM_HORIZON_MAX) &&
                within(c->hidden, 256) && c->hidden % 8 == 0 && within(c->supervision, 16) &&
                within(c->recursions, 16) &&
                (c->kind == TRM_KIND_TRM || c->kind == TRM_KIND_LITERAL) &&
                (!c->season2 || (c->season2 > c->season && c->season2 <= TRM_CONTEXT_MAX));

    return good ? TRM_OK : TRM_EINVAL;
}

struct trm_shape trm_model_shape(const struct trm_config *config, size_t lookback)
{
    return (struct trm_shape){
        .lookback = lookback,
        .leads = trm_min_size(config->horizon, TRM_LEADS_MAX),
        .hidden = config->hidden,
        .supervision = config->supervision,
        .recursions = config->recursions,
    };
}

enum trm_status trm_model_new(const struct trm_shape *shape, struct trm_model **ret)
{
    struct trm_model *model = calloc(1, sizeof *model);

    if (!model)
        return TRM_ENOMEM;
    if (shape) {
        model->shape = *shape;
        model->weight_n = trm_folded_parameters(shape);
        model->weights = calloc(model->weight_n, sizeof *model->weights);
        if (!model->weights) {
            free(model);
            return TRM_ENOMEM;
        }
    }
    *ret = model;
    return TRM_OK;
}

enum trm_status trm_model_new_record(const struct trm_record *record, struct trm_model **ret)
{
    struct trm_model *model;

    if (trm_model_new(NULL, &model) != TRM_OK)
        return TRM_ENOMEM;
    model->record = malloc(sizeof *model->record);
    if (!model->record) {
        free(model);
        return TRM_ENOMEM;
    }
    *model->record = *record;
    *ret = model;
    return TRM_OK;
}

void trm_model_seal(struct trm_model *model)
{
    if (model->record) {
        trm_record_describe(model->record, &model->info);
        return;
    }
    model->info.lookback = (uint32_t)model->shape.lookback;
    model->info.leads = (uint32_t)model->shape.leads;
    model->info.parameters = model->weight_n;
    model->info.draft_n = trm_mix_tell(model->mix.weight, model->info.draft);
}

const struct trm_model_info *trm_model_info(const struct trm_model *model)
{
    return &model->info;
}

size_t trm_model_bytes(const struct trm_model *model)
{
    return sizeof *model + model->weight_n * sizeof *model->weights +
           (model->record ? sizeof *model->record : 0);
}

void trm_model_free(struct trm_model *model)
{
    if (!model)
        return;
    free(model->weights);
    free(model->record);
    free(model);
}
