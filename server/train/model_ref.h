/* A sealed model that the loop and the workers share: the one thing that crosses threads by
 * reference. Immutable and counted; relaxed increment, acquire-release decrement (the last one must
 * see every other thread's reads done before it frees). */
#ifndef SERVER_TRAIN_MODEL_REF_H
#define SERVER_TRAIN_MODEL_REF_H

#include "core/model.h"

struct model_ref;

/* Takes the model; count 1. NULL when out of memory (model not taken). */
struct model_ref *model_ref_new(struct trm_model *model);
struct model_ref *model_ref_ref(struct model_ref *ref);
/* Accepts NULL. */
void model_ref_unref(struct model_ref *ref);
const struct trm_model *model_ref_get(const struct model_ref *ref);

#endif
