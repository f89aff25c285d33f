/* What this program's examples come out as. Knows a few fixed seeds and hashes; refuses to know why
 * numbers change. Surprising: it costs a fifth of a second at every start, so that nobody has to
 * remember to raise a version when the prior, the sensing or the cutting of real windows is
 * changed. */
#include "server/tool/pretrain.h"

#include <stddef.h>
#include <stdlib.h>

/* Series whose values are hashed, enough for every family; and examples of the prior and of real
 * windows. */
#define SERIES 1024
#define EXAMPLES 128
#define WINDOWS 64

uint64_t pretrain_mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15) + (hash >> 31);
}

static uint64_t of_prior(uint64_t hash, struct trm_prior_series *series)
{
    for (uint64_t seed = 0; seed < SERIES; seed++) {
        trm_prior_draw(seed, series);
        size_t bytes = offsetof(struct trm_prior_series, values) +
                       (series->n + series->horizon) * sizeof *series->values;
        hash = pretrain_mix(hash, trm_base_identity(series, bytes));
    }
    return hash;
}

/* Of one example that was written, or of why it was not. */
static uint64_t of_example(uint64_t hash, const struct trm_examples *one, enum trm_status status)
{
    hash = pretrain_mix(hash, (uint64_t)status);
    return pretrain_mix(hash, trm_base_identity(one->memory, TRM_EXAMPLE_FLOATS * sizeof(float)));
}

static uint64_t of_examples(uint64_t hash, struct trm_examples *one, struct pretrain_room *room)
{
    for (uint64_t seed = 0; seed < EXAMPLES; seed++)
        hash = of_example(hash, one, trm_example_draw(one, 0, room->sense, room->series, seed));
    return hash;
}

static uint64_t of_windows(uint64_t hash, const struct pretrain_pool *pool,
                           struct trm_examples *one, struct pretrain_room *room)
{
    size_t n = pool ? WINDOWS : 0;

    for (size_t i = 0; i < n; i++)
        hash = of_example(hash, one,
                          pretrain_real_write(pool, i, i, one, 0, room->sense, room->excerpt));
    return hash;
}

int pretrain_fingerprint(const struct pretrain_pool *pool, uint64_t *ret, struct tool_err *err)
{
    float *memory = calloc(TRM_EXAMPLE_FLOATS, sizeof *memory);
    struct pretrain_room room;
    struct trm_examples one;
    bool ok = pretrain_room_new(&room) && memory;

    if (ok) {
        trm_examples_place(&one, memory, 1);
        *ret = of_windows(of_examples(of_prior(0, room.series), &one, &room), pool, &one, &room);
    }
    pretrain_room_free(&room);
    free(memory);
    return ok ? 0 : tool_fail(err, "out of memory");
}
