/* xoshiro256** and what is drawn from it. */
#include "core/rng.h"

#include <math.h>

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void trm_rng_seed(struct trm_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        rng->s[i] = splitmix(&seed);
}

uint64_t trm_rng_next(struct trm_rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t out = rotl(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

double trm_rng_uniform(struct trm_rng *rng)
{
    return (double)(trm_rng_next(rng) >> 11) * 0x1p-53;
}

double trm_rng_normal(struct trm_rng *rng)
{
    double u = 1.0 - trm_rng_uniform(rng); /* (0, 1]: the logarithm exists */
    double v = trm_rng_uniform(rng);
    return sqrt(-2.0 * log(u)) * cos(2.0 * 3.14159265358979323846 * v);
}

size_t trm_rng_below(struct trm_rng *rng, size_t n)
{
    uint64_t bound = (uint64_t)n;
    uint64_t reject = -bound % bound;
    __uint128_t wide;

    do
        wide = (__uint128_t)trm_rng_next(rng) * bound;
    while ((uint64_t)wide < reject);
    return (size_t)(wide >> 64);
}

void trm_rng_shuffle(struct trm_rng *rng, uint32_t *at, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = trm_rng_below(rng, i);
        uint32_t t = at[i - 1];
        at[i - 1] = at[j];
        at[j] = t;
    }
}
