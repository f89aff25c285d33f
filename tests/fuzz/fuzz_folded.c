/* The folded network against the literal one it was folded from: the same answer at every
 * supervision step, for any shape, weights and windows, within the rounding of floats. The literal
 * one computes in double. Also: a batch answers what its windows answer alone, and a step at a time
 * answers what all at once does. */
#include "core/folded.h"
#include "tests/fuzz/bite.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH_MAX 9
#define LOOKBACK_MAX 40
#define LEADS_MAX 12
#define STATE_MAX (LEADS_MAX + 2 * TRM_SPREAD_BLOCKS)
#define STEPS_MAX 3
/* Rounding of a float, times the terms of a sum, times the recursions it passes through, each of
 * which may double it; measured worst: a thirtieth of it. */
#define TOLERANCE 3e-3

struct pair {
    struct trm_shape shape;
    size_t batch, y_n;
    struct trm_literal *literal;
    struct trm_literal_work *literal_work;
    struct trm_folded net;
    struct trm_folded_work *work;
    float *weights;
    float x[BATCH_MAX * LOOKBACK_MAX], y0[BATCH_MAX * STATE_MAX],
        y[STEPS_MAX * BATCH_MAX * STATE_MAX];
};

/* Moderate numbers: what training keeps to; sometimes large ones. */
static void fill(float *at, size_t n, double size, struct trm_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (float)(size * trm_rng_normal(rng));
}

static void make(struct pair *p, struct bites *from)
{
    static const double sizes[] = {1, 0, 1e-3, 5, 30};
    struct trm_rng rng;
    *p = (struct pair){.batch = 1 + bite_below(from, BATCH_MAX)};
    p->shape = (struct trm_shape){.lookback = 1 + bite_below(from, LOOKBACK_MAX),
                                  .leads = 1 + bite_below(from, LEADS_MAX),
                                  .hidden = 1 + bite_below(from, 40),
                                  .supervision = 1 + bite_below(from, STEPS_MAX),
                                  .recursions = 1 + bite_below(from, 4)};
    double x_size = sizes[bite_below(from, 5)], y_size = sizes[bite_below(from, 5)],
           noise = .1 * bite_byte(from) / 255;
    trm_rng_seed(&rng, bite_u32(from));
    p->y_n = trm_state_n(&p->shape);
    p->weights = calloc(trm_folded_parameters(&p->shape), sizeof *p->weights);
    FUZZ_REQUIRE(p->weights != NULL && trm_literal_new(&p->shape, &p->literal) == TRM_OK);
    trm_literal_init(p->literal, &rng);
    for (size_t i = 0; i < p->literal->parameters; i++)
        p->literal->all[i] += noise * trm_rng_normal(&rng);
    trm_folded_view(&p->shape, p->weights, &p->net);
    FUZZ_REQUIRE(trm_fold(p->literal, &p->net) == TRM_OK);
    FUZZ_REQUIRE(trm_folded_work_new(&p->shape, p->batch, &p->work) == TRM_OK);
    FUZZ_REQUIRE(trm_literal_work_new(&p->shape, &p->literal_work) == TRM_OK);
    fill(p->x, p->batch * p->shape.lookback, x_size, &rng);
    fill(p->y0, p->batch * p->y_n, y_size, &rng);
}

static void check_against_literal(const struct pair *p, size_t window)
{
    double x[LOOKBACK_MAX], y0[STATE_MAX], y[STEPS_MAX * STATE_MAX], largest = 1;
    for (size_t i = 0; i < p->shape.lookback; i++)
        x[i] = (double)p->x[window * p->shape.lookback + i];
    for (size_t i = 0; i < p->y_n; i++)
        y0[i] = (double)p->y0[window * p->y_n + i];
    trm_literal_forward(p->literal, p->literal_work, x, y0, NULL, NULL, y);
    for (size_t i = 0; i < p->shape.supervision * p->y_n; i++)
        largest = fmax(largest, fabs(y[i]));
    for (size_t s = 0; s < p->shape.supervision; s++)
        for (size_t i = 0; i < p->y_n; i++) {
            double folded = (double)p->y[(s * p->batch + window) * p->y_n + i],
                   off = fabs(folded - y[s * p->y_n + i]);
            if (!(off <= TOLERANCE * largest))
                fprintf(stderr, "step %zu: %g for %g\n", s, folded, y[s * p->y_n + i]);
            FUZZ_REQUIRE(off <= TOLERANCE * largest);
        }
}

/* The same numbers as a batch of one gives. */
static void check_steps(struct pair *p)
{
    float alone[STEPS_MAX * STATE_MAX], y[STATE_MAX];
    trm_folded_forward(&p->net, p->work, 1, p->x, p->y0, alone);
    memcpy(y, p->y0, p->y_n * sizeof *y);
    trm_folded_begin(&p->net, p->work, p->x);
    for (size_t s = 0; s < p->shape.supervision; s++) {
        double moved = trm_folded_step(&p->net, p->work, y);
        FUZZ_REQUIRE(moved >= 0 && isfinite(moved));
        FUZZ_REQUIRE(memcmp(y, alone + s * p->y_n, p->y_n * sizeof *y) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct pair p;
    struct bites from = {bytes, n};
    make(&p, &from);
    trm_folded_forward(&p.net, p.work, p.batch, p.x, p.y0, p.y);
    for (size_t window = 0; window < p.batch; window++)
        check_against_literal(&p, window);
    check_steps(&p);
    trm_literal_free(p.literal);
    trm_literal_work_free(p.literal_work);
    trm_folded_work_free(p.work);
    free(p.weights);
    return 0;
}
