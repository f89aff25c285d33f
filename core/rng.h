/* Seeded random numbers: xoshiro256** seeded by splitmix64 (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", 2018). The state is the caller's; equal seeds give equal streams on
 * every machine. Not for secrets. */
#ifndef TRM_RNG_H
#define TRM_RNG_H

#include <stddef.h>
#include <stdint.h>

struct trm_rng {
    uint64_t s[4];
};

void trm_rng_seed(struct trm_rng *rng, uint64_t seed);
uint64_t trm_rng_next(struct trm_rng *rng);
/* Uniform in [0, 1), 53 bits. */
double trm_rng_uniform(struct trm_rng *rng);
/* Standard normal (Box-Muller, one value a call so that the stream has no hidden state). */
double trm_rng_normal(struct trm_rng *rng);
/* Uniform in 0..n-1, n >= 1, without modulo bias (Lemire's multiply and reject). */
size_t trm_rng_below(struct trm_rng *rng, size_t n);
/* Fisher-Yates over n indices. */
void trm_rng_shuffle(struct trm_rng *rng, uint32_t *at, size_t n);

#endif
