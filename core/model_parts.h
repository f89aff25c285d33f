/* What is inside a model, for the files of core that make, run and encode one. Nobody else includes
 * this. */
#ifndef TRM_MODEL_PARTS_H
#define TRM_MODEL_PARTS_H

#include "core/drafts.h"
#include "core/model.h"
#include "core/record.h"
#include "core/shape.h"

struct trm_model {
    struct trm_model_info info;
    struct trm_record *record;     /* kind TRM; else NULL, and all below is kind literal's: */
    struct trm_mix mix;            /* how the drafts are mixed, how far the truth scatters */
    double knot_gap[TRM_KNOTS];    /* calibrated quantiles of (truth - median) / spread, increasing, 0 at
                                    * the median */
    struct trm_shape shape;        /* of the network; all 0 without one */
    size_t weight_n;
    float *weights;                /* folded, in checkpoint order; NULL without a network */
};

/* A model with room for the network of shape (NULL: none), all else zero. TRM_OK or TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_model_new(const struct trm_shape *shape, struct trm_model **ret);

/* A model of kind TRM with a copy of record, all else zero. TRM_OK or TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_model_new_record(const struct trm_record *record, struct trm_model **ret);

/* Makes info agree with what the model holds: shape and mix, or record. */
void trm_model_seal(struct trm_model *model);

/* The shape of a network for a config and a lookback. */
struct trm_shape trm_model_shape(const struct trm_config *config, size_t lookback);

#endif
