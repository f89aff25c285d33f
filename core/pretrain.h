/* Training the thinker over examples in memory. Knows batches, the schedule, shards of a batch and what a
 * checkpoint must hold; refuses to know threads, clocks and files: the caller runs shards wherever it
 * likes and keeps the state. Surprising: the result does not depend on the number of threads, nor on
 * having been interrupted, to the last bit. A batch is always cut into the same shards, whose gradients
 * are summed in their order, and all that is random in a step is drawn anew from (seed, step). */
#ifndef TRM_PRETRAIN_H
#define TRM_PRETRAIN_H

#include "core/adamw.h"
#include "core/thinker.h"

/* Rows (leads) of an example; examples (windows) of a shard. */
#define TRM_EXAMPLE_ROWS 8
#define TRM_SHARD_WINDOWS 32

/* n examples, L = TRM_EXAMPLE_ROWS. Read only and plain, so that it may be a mapped file. Every float is
 * finite; what the thinker's rows say of their fields holds here. */
struct trm_example_set {
    size_t n;
    const float *global;     /* [n][G] */
    const float *error;      /* [n][T][K], 0 from point_n on */
    const float *log_lead;   /* [n][T] ln of the points' leads */
    const uint32_t *point_n; /* [n] how many of the T points are real */
    const float *step;       /* [n][L][P] */
    const float *draft;      /* [n][L][K] */
    const float *logit;      /* [n][L][K] */
    const float *spread;     /* [n][L] */
    const float *fan;        /* [n][L][B][TRM_KNOTS] */
    const float *target;     /* [n][L] */
    const float *weight;     /* [n][L] */
    const float *lead_log;   /* [n][L] ln of the row's lead */
};

struct trm_pretrain_options {
    uint32_t batch;      /* windows of a step, a multiple of TRM_SHARD_WINDOWS */
    uint64_t steps;      /* of the whole run: the cosine ends there, at 2% of the rate */
    uint64_t warmup;     /* steps in which the rate rises from 0 */
    float rate;
    float weight_decay, beta1, beta2, clip, ema_decay;
    float dropout;       /* share of windows that lose drafts: a random 30% of them get a logit 12 lower */
    uint64_t seed;
};

/* batch 256, rate 2e-3, warm-up a twentieth of the steps within 100..500, decay .01, betas .9 .98, clip 1,
 * average .999, no dropout. */
struct trm_pretrain_options trm_pretrain_options_default(uint64_t steps, uint64_t seed);

struct trm_pretrain {
    struct trm_thinker_shape shape;
    struct trm_pretrain_options options;
    const struct trm_example_set *set; /* borrowed */
    size_t parameters, shard_n;
    struct trm_adamw opt;  /* opt.t: steps done; opt.ema: the weights to keep */
    float *weights;        /* [parameters] */
    double *loss;          /* [S] running means over about 100 steps, NaN before the first */
    float *shard_grad;     /* [shard_n][parameters] */
    double *shard_loss;    /* [shard_n][S] */
    enum trm_status *shard_status; /* [shard_n] TRM_MORE: not done in this step */
    uint32_t *order;       /* [set->n] examples in this epoch's order */
    uint64_t epoch;
};

/* weights NULL: trm_thinker_init from the seed. The set stays the caller's. TRM_EINVAL for an empty set, a
 * bad shape or batch. */
TRM_MUST_CHECK enum trm_status trm_pretrain_init(struct trm_pretrain *ret,
                                                 const struct trm_thinker_shape *shape,
                                                 const struct trm_pretrain_options *options,
                                                 const struct trm_example_set *set, const float *weights);
/* Accepts a zeroed struct. */
void trm_pretrain_done(struct trm_pretrain *pretrain);

/* What a thread needs for one shard. */
struct trm_pretrain_work;
TRM_MUST_CHECK enum trm_status trm_pretrain_work_new(const struct trm_thinker_shape *shape,
                                                     struct trm_pretrain_work **ret);
void trm_pretrain_work_free(struct trm_pretrain_work *work); /* accepts NULL */

/* Loss and gradient of shard 0 .. shard_n - 1 of the step that is due, left in the pretrain. Different
 * shards may run in different threads at once, each with a work of its own. */
TRM_MUST_CHECK enum trm_status trm_pretrain_shard(struct trm_pretrain *pretrain, size_t shard,
                                                  struct trm_pretrain_work *work);

/* One update from all shards' gradients, each of which must have run. TRM_MORE, TRM_OK when it was the last
 * step, or TRM_EDIVERGED (weights untouched). ret_loss[S]: mean loss of the batch after each supervision
 * step; may be NULL. */
TRM_MUST_CHECK enum trm_status trm_pretrain_finish_step(struct trm_pretrain *pretrain, double *ret_loss);

/* Mean loss per supervision step of examples from .. to - 1 with the given weights, no dropout. */
TRM_MUST_CHECK enum trm_status trm_pretrain_validate(const struct trm_thinker_shape *shape,
                                                     const float *weights,
                                                     const struct trm_example_set *set, size_t from,
                                                     size_t to, struct trm_pretrain_work *work,
                                                     double *ret_loss);

/* The state between two steps, in the machine's byte order:
 *
 *   uint64_t[8]    TRM_PRETRAIN_STATE, parameters n, supervision steps S, steps done, total steps, batch,
 *                  seed, examples of the set
 *   double[S]      running means of the losses
 *   float[4][n]    weights, moments m, moments v, averaged weights
 *
 * A pretrain begun with the same options and set continues from it bit for bit. */
#define TRM_PRETRAIN_STATE UINT64_C(0x0001544152505254)
size_t trm_pretrain_state_bytes(const struct trm_pretrain *pretrain);
void trm_pretrain_export(const struct trm_pretrain *pretrain, void *ret);
/* TRM_ECORRUPT for another length, TRM_EVERSION for another format, TRM_EINVAL for another network, set or
 * option; the pretrain is untouched then. */
TRM_MUST_CHECK enum trm_status trm_pretrain_import(struct trm_pretrain *pretrain, const void *state,
                                                   size_t bytes);

#endif
