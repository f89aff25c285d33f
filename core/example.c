/* From windows to examples. */
#include "core/example.h"

#include "core/rng.h"

#include <string.h>

#define TARGET_MAX 100.0 /* sigmas */
#define TRIES 8          /* to find an example that is not refused */

void trm_examples_place(struct trm_examples *ret, float *memory, size_t n)
{
    const size_t L = TRM_EXAMPLE_ROWS, T = TRM_SENSE_POINTS, K = TRM_BANK_DRAFTS;
    struct trm_example_set *s = &ret->set;
    float *at = memory;

    ret->memory = memory;
    s->n = n;
    s->global = at, at += n * TRM_SENSE_GLOBALS;
    s->error = at, at += n * T * K;
    s->log_lead = at, at += n * T;
    s->point_n = (uint32_t *)at, at += n;
    s->step = at, at += n * L * TRM_SENSE_STEPS;
    s->draft = at, at += n * L * K;
    s->logit = at, at += n * L * K;
    s->spread = at, at += n * L;
    s->fan = at, at += n * L * TRM_SENSE_FANS * TRM_KNOTS;
    s->target = at, at += n * L;
    s->weight = at, at += n * L;
    s->lead_log = at;
}

struct trm_thinker_shape trm_example_shape(uint32_t inner, uint32_t latent, uint32_t supervision,
                                           uint32_t recursions)
{
    return (struct trm_thinker_shape){.drafts = TRM_BANK_DRAFTS,
                                      .globals = TRM_SENSE_GLOBALS,
                                      .steps = TRM_SENSE_STEPS,
                                      .points = TRM_SENSE_POINTS,
                                      .inner = inner,
                                      .latent = latent,
                                      .supervision = supervision,
                                      .recursions = recursions,
                                      .fans = TRM_SENSE_FANS};
}

/* One lead from each of TRM_EXAMPLE_ROWS stretches of 1..horizon, ascending. */
static void draw_leads(struct trm_rng *rng, size_t horizon, size_t *lead)
{
    for (size_t i = 0; i < TRM_EXAMPLE_ROWS; i++) {
        double part = ((double)i + trm_rng_uniform(rng)) / TRM_EXAMPLE_ROWS;
        lead[i] = trm_min_size(1 + (size_t)(part * (double)horizon), horizon);
    }
}

/* The writable array behind one of the set's views. */
static float *of(const float *view)
{
    return (float *)(uintptr_t)view;
}

static void keep(struct trm_examples *ex, size_t i, const struct trm_sense *s, const double *future,
                 double unit, const size_t *lead)
{
    const size_t L = TRM_EXAMPLE_ROWS, T = TRM_SENSE_POINTS, K = TRM_BANK_DRAFTS;
    struct trm_example_set *to = &ex->set;

    memcpy(of(to->global) + i * TRM_SENSE_GLOBALS, s->global, TRM_SENSE_GLOBALS * sizeof(float));
    memcpy(of(to->error) + i * T * K, s->error, T * K * sizeof(float));
    memcpy(of(to->log_lead) + i * T, s->log_lead, T * sizeof(float));
    ((uint32_t *)(uintptr_t)to->point_n)[i] = (uint32_t)s->point_n;
    memcpy(of(to->step) + i * L * TRM_SENSE_STEPS, s->step, L * TRM_SENSE_STEPS * sizeof(float));
    memcpy(of(to->draft) + i * L * K, s->draft, L * K * sizeof(float));
    memcpy(of(to->logit) + i * L * K, s->logit, L * K * sizeof(float));
    memcpy(of(to->spread) + i * L, s->spread, L * sizeof(float));
    memcpy(of(to->fan) + i * L * TRM_SENSE_FANS * TRM_KNOTS, s->fan,
           L * TRM_SENSE_FANS * TRM_KNOTS * sizeof(float));
    for (size_t r = 0; r < L; r++) {
        double y = future[lead[r] - 1] * unit, e = (y - s->centre[r]) / s->sigma;
        bool seen = !isnan(e);
        of(to->target)[i * L + r] = seen ? (float)trm_clamp(e, -TARGET_MAX, TARGET_MAX) : 0;
        of(to->weight)[i * L + r] = seen ? (float)sqrt(s->u) : 0;
        of(to->lead_log)[i * L + r] = (float)log((double)lead[r]);
    }
}

enum trm_status trm_example_write(struct trm_examples *examples, size_t i, struct trm_sense *sense,
                                  const double *values, size_t n, size_t season, size_t season2,
                                  size_t horizon, uint64_t seed)
{
    struct trm_history history;
    struct trm_rng rng;
    size_t lead[TRM_EXAMPLE_ROWS];
    enum trm_status status = trm_history_init_short_raw(&history, values, n, season);

    if (status != TRM_OK)
        return status;
    if (history.sd > 0) {
        trm_rng_seed(&rng, seed);
        draw_leads(&rng, horizon, lead);
        trm_sense_make(sense, &history, season2, horizon, lead, TRM_EXAMPLE_ROWS);
        keep(examples, i, sense, values + n, ldexp(1, -history.exponent), lead);
    } else {
        status = TRM_ESHORT;
    }
    trm_history_done(&history);
    return status;
}

enum trm_status trm_example_cut(struct trm_examples *examples, size_t i, struct trm_sense *sense,
                                const struct trm_source *list, size_t n, size_t at, uint64_t seed,
                                struct trm_excerpt *room)
{
    enum trm_status status = TRM_ESHORT;
    struct trm_rng rng;

    trm_rng_seed(&rng, seed);
    for (int tries = 0; tries < TRIES && status != TRM_OK && status != TRM_ENOMEM; tries++) {
        trm_excerpt_draw(list, n, at, &rng, room);
        status = trm_example_write(examples, i, sense, room->values, room->n, room->season,
                                   room->season2, room->horizon, trm_rng_next(&rng));
    }
    return status;
}

enum trm_status trm_example_draw(struct trm_examples *examples, size_t i, struct trm_sense *sense,
                                 struct trm_prior_series *series, uint64_t seed)
{
    enum trm_status status = TRM_ESHORT;

    for (int tries = 0; tries < TRIES && status != TRM_OK && status != TRM_ENOMEM; tries++) {
        trm_prior_draw(seed, series);
        status = trm_example_write(examples, i, sense, series->values, series->n, series->season,
                                   series->season2, series->horizon, seed);
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    }
    return status;
}
