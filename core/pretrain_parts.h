/* What the files of pretrain share: how a step's randomness is seeded. Knows three numbers that name a
 * draw; refuses to be included from outside pretrain*.c. Surprising: no stream runs on from step to step,
 * so that a checkpoint needs no generator. */
#ifndef TRM_PRETRAIN_PARTS_H
#define TRM_PRETRAIN_PARTS_H

#include "core/pretrain.h"
#include "core/rng.h"

/* A stream of its own for every (seed, purpose, index). */
static inline void trm_pretrain_seed(struct trm_rng *rng, uint64_t seed, uint64_t purpose, uint64_t index)
{
    trm_rng_seed(rng, seed ^ purpose);
    trm_rng_seed(rng, trm_rng_next(rng) ^ index);
}

#endif
