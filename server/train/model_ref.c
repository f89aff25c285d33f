/* Counting references to a sealed model. */
#include "server/train/model_ref.h"

#include <stdatomic.h>
#include <stdlib.h>

struct model_ref {
    atomic_size_t count;
    struct trm_model *model;
};

struct model_ref *model_ref_new(struct trm_model *model)
{
    struct model_ref *ref = malloc(sizeof *ref);

    if (!ref)
        return NULL;
    atomic_init(&ref->count, 1);
    ref->model = model;
    return ref;
}

struct model_ref *model_ref_ref(struct model_ref *ref)
{
    atomic_fetch_add_explicit(&ref->count, 1, memory_order_relaxed);
    return ref;
}

void model_ref_unref(struct model_ref *ref)
{
    if (!ref || atomic_fetch_sub_explicit(&ref->count, 1, memory_order_acq_rel) > 1)
        return;
    trm_model_free(ref->model);
    free(ref);
}

const struct trm_model *model_ref_get(const struct model_ref *ref)
{
    return ref->model;
}
