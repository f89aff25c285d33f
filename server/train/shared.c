/* Counting references. */
#include "server/train/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

struct shared {
    atomic_size_t count;
    void *what;
    void (*free_what)(void *what);
};

struct shared *shared_new(void *what, void (*free_what)(void *what))
{
    struct shared *shared = malloc(sizeof *shared);

    if (!shared)
        return NULL;
    atomic_init(&shared->count, 1);
    shared->what = what;
    shared->free_what = free_what;
    return shared;
}

struct shared *shared_ref(struct shared *shared)
{
    atomic_fetch_add_explicit(&shared->count, 1, memory_order_relaxed);
    return shared;
}

void shared_unref(struct shared *shared)
{
    if (!shared || atomic_fetch_sub_explicit(&shared->count, 1, memory_order_acq_rel) > 1)
        return;
    if (shared->free_what)
        shared->free_what(shared->what);
    free(shared);
}

const void *shared_get(const struct shared *shared)
{
    return shared->what;
}
