/* Shared weights as something shared: the same pointer under a name of its own. */
#include "server/train/base_ref.h"

#include "server/train/shared.h"

#include <stdint.h>

static void free_base(void *base)
{
    trm_base_free(base);
}

struct base_ref *base_ref_new(struct trm_base *base)
{
    return (struct base_ref *)shared_new(base, free_base);
}

struct base_ref *base_ref_borrow(const struct trm_base *base)
{
    return (struct base_ref *)shared_new((void *)(uintptr_t)base, NULL);
}

struct base_ref *base_ref_ref(struct base_ref *ref)
{
    return (struct base_ref *)shared_ref((struct shared *)ref);
}

void base_ref_unref(struct base_ref *ref)
{
    shared_unref((struct shared *)ref);
}

const struct trm_base *base_ref_get(const struct base_ref *ref)
{
    return shared_get((const struct shared *)ref);
}
