/* untrained FILE [NETWORKS]: weights that nobody trained, for tests of what is done with weights.
 * Knows core's codec. Surprising: they are not quite those that training begins with, which repeat
 * the consensus whatever they are told; noise in the read-out makes every step and network count. */
#include "core/base.h"
#include "core/example.h"
#include "core/rng.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS 3
#define NOISE 1.

static void stir(const struct trm_base *base, size_t i)
{
    const struct trm_thinker_shape *shape = &base->shape;
    float *out = base->weights[i] + trm_thinker_block_at(shape, TRM_THINK_OUT);
    struct trm_rng rng;

    trm_thinker_init(shape, i + 1, base->weights[i]);
    trm_rng_seed(&rng, 100 + i);
    for (size_t k = 0; k < trm_thinker_block_n(shape, TRM_THINK_OUT); k++)
        out[k] = (float)(NOISE * (trm_rng_uniform(&rng) - .5));
}

static int write_base(const char *path, const struct trm_base *base)
{
    size_t n = trm_base_bytes(base);
    unsigned char *bytes = malloc(n);
    FILE *file = bytes && trm_base_encode(base, bytes, n) == TRM_OK ? fopen(path, "wb") : NULL;
    int rc = file && fwrite(bytes, 1, n, file) == n ? 0 : 1;

    if (file && fclose(file) != 0)
        rc = 1;
    free(bytes);
    return rc;
}

int main(int argc, char **argv)
{
    struct trm_thinker_shape shape = trm_example_shape(16, 16, STEPS, 2);
    size_t networks = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 1;
    struct trm_base *base;

    if (argc < 2 || trm_base_new(&shape, networks, "untrained", &base) != TRM_OK)
        return 2;
    for (size_t i = 0; i < networks; i++)
        stir(base, i);
    int rc = write_base(argv[1], base);
    trm_base_free(base);
    return rc;
}
