/* Lifetime and bookkeeping of models. */
#include "core/model_parts.h"

#include "core/folded.h"

#include <stdlib.h>

#define HIDDEN_DEFAULT 32
#define SUPERVISION_DEFAULT 3
#define RECURSIONS_DEFAULT 6

struct trm_config trm_config_default(size_t season, size_t horizon)
{
    return (struct trm_config){
        .season = (uint32_t)trm_max_size(trm_min_size(season, TRM_SEASON_MAX), 1),
        .horizon = (uint32_t)trm_max_size(trm_min_size(horizon, TRM_HORIZON_MAX), 1),
        .hidden = HIDDEN_DEFAULT,
        .supervision = SUPERVISION_DEFAULT,
        .recursions = RECURSIONS_DEFAULT,
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
                within(c->recursions, 16);

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

void trm_model_seal(struct trm_model *model)
{
    model->info.lookback = (uint32_t)model->shape.lookback;
    model->info.leads = (uint32_t)model->shape.leads;
    model->info.parameters = model->weight_n;
    for (int k = 0; k < TRM_DRAFTS; k++)
        model->info.draft_weight[k] = model->mix.weight[k];
}

const struct trm_model_info *trm_model_info(const struct trm_model *model)
{
    return &model->info;
}

size_t trm_model_bytes(const struct trm_model *model)
{
    return sizeof *model + model->weight_n * sizeof *model->weights;
}

void trm_model_free(struct trm_model *model)
{
    if (!model)
        return;
    free(model->weights);
    free(model);
}
