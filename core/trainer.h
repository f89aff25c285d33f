/* One run of gradient descent over windows: batches, schedule, average. Knows the network's parameters;
 * refuses to know what the windows are held out for. Deep supervision: the loss is the mean over all
 * supervision steps. Rate: a short warm-up, then half a cosine to 2%. */
#ifndef TRM_TRAINER_H
#define TRM_TRAINER_H

#include "core/adamw.h"
#include "core/folded.h"
#include "core/windows.h"

struct trm_trainer {
    struct trm_shape shape;
    struct trm_folded net, grad;  /* views */
    float *weights, *gradient;    /* [parameters] */
    struct trm_adamw opt;
    struct trm_folded_work *work;
    float *x, *y0, *y, *dy;       /* one batch */
    uint32_t *order;              /* [order_n] windows in this epoch's order */
    size_t order_n, at;
    struct trm_rng rng;
    uint64_t step, step_total;
    float rate;
    double loss;                  /* running mean, NaN before the first step */
    double loss_first, loss_last; /* means of the first and of the last tenth of this run */
    double loss_sum;
    uint64_t loss_n;
    float *all;
};

#define TRM_BATCH 32

/* Makes room; weights are the literal initialisation folded (seed), or start[] where given. */
TRM_MUST_CHECK enum trm_status trm_trainer_init(struct trm_trainer *ret, const struct trm_shape *shape,
                                                size_t window_max, uint64_t seed, const float *start);
/* Accepts a zeroed struct. */
void trm_trainer_done(struct trm_trainer *trainer);

/* Begins a run of `steps` steps at peak `rate` over windows 0..count-1 of the set; the optimiser's
 * moments start anew, the average at the current weights. */
void trm_trainer_begin(struct trm_trainer *trainer, size_t count, uint64_t steps, float rate);

/* One batch. TRM_MORE, TRM_OK when the run is over (the weights are then the average), TRM_EDIVERGED (a loss
 * or gradient is no finite number, or the running loss has grown ten thousandfold). */
TRM_MUST_CHECK enum trm_status trm_trainer_step(struct trm_trainer *trainer,
                                                const struct trm_windows *windows);

/* Answers y[count][Y] after the last supervision step for windows first.. first+count-1. */
void trm_trainer_answer(struct trm_trainer *trainer, const struct trm_windows *windows, size_t first,
                        size_t count, float *ret_y);

#endif
