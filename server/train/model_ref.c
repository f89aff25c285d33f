/* A model as something shared: the same pointer under a name of its own. */
#include "server/train/model_ref.h"

#include "server/train/shared.h"

static void free_model(void *model)
{
    trm_model_free(model);
}

struct model_ref *model_ref_new(struct trm_model *model)
{
    return (struct model_ref *)shared_new(model, free_model);
}

struct model_ref *model_ref_ref(struct model_ref *ref)
{
    return (struct model_ref *)shared_ref((struct shared *)ref);
}

void model_ref_unref(struct model_ref *ref)
{
    shared_unref((struct shared *)ref);
}

const struct trm_model *model_ref_get(const struct model_ref *ref)
{
    return shared_get((const struct shared *)ref);
}
