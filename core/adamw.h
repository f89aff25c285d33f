/* AdamW with global gradient clipping and an exponential moving average of the weights. Loshchilov and
 * Hutter, "Decoupled Weight Decay Regularization" (2019); the average is bias-corrected by starting it
 * from a warm-up decay min(decay, (1 + t) / (10 + t)). */
#ifndef TRM_ADAMW_H
#define TRM_ADAMW_H

#include "core/status.h"

#include <stddef.h>
#include <stdint.h>

struct trm_adamw_options {
    float beta1, beta2, epsilon, weight_decay, clip, ema_decay;
};

struct trm_adamw {
    struct trm_adamw_options options;
    size_t n;
    uint64_t t;
    float *m, *v; /* [n] moments */
    float *ema;   /* [n] averaged weights */
    float *all;
};

/* Moments zero, average = weights[n]. TRM_OK or TRM_ENOMEM (*opt untouched). */
TRM_MUST_CHECK enum trm_status trm_adamw_init(struct trm_adamw *opt,
                                              const struct trm_adamw_options *options,
                                              const float *weights, size_t n);
/* Accepts a zeroed struct. */
void trm_adamw_done(struct trm_adamw *opt);

/* One update of weights[n] by grad[n] (overwritten: clipped). Returns TRM_OK, or TRM_EDIVERGED when the
 * gradient is not finite (weights untouched). */
TRM_MUST_CHECK enum trm_status trm_adamw_step(struct trm_adamw *opt, float rate, float *weights,
                                              float *grad);

#endif
