/* One answer of the shared networks: a history sensed, then thought about step by step. Knows how the
 * sense's numbers become the thinker's rows and the networks' mean becomes an answer; refuses to know
 * models, bounds and traces (forecast.h). Surprising: several networks think side by side and only their
 * quantiles are averaged; each verifies its own answer.
 *
 * Use: trm_think_new once for a horizon, then for every history trm_think_begin and as many trm_think_step
 * as wanted (at most base->shape.supervision have been trained). One thread at a time. */
#ifndef TRM_THINK_H
#define TRM_THINK_H

#include "core/base.h"
#include "core/sense.h"

/* A step that moves the median by less than this share of the 80% interval is the last. */
#define TRM_THINK_SETTLED .02
/* So is one after which the networks' own estimate that another helps is below this. Measured: real
 * series are answered as well (.6963 for .6962 of seasonal naive over 36 sets, .7559 for .7566 over 16)
 * in little more than one step of three. */
#define TRM_THINK_WORTH .55

struct trm_think {
    const struct trm_base *base; /* borrowed */
    struct trm_sense *sense;
    size_t horizon;              /* rows of the answer */
    uint32_t steps;              /* supervision steps taken since begin */
    double *quantile;            /* [horizon][TRM_KNOTS] never crossing, unit of the history (scaled) */
    float *mix;                  /* [horizon][TRM_BANK_DRAFTS] weights of the drafts, rows sum to 1 */
    float *verify;               /* [horizon][TRM_VERIFY_SCALARS] what verification said before the last
                                  * step: ln size, signed log of the bias, share above - .5, ln worst,
                                  * coverage of the 80% interval - .8; 0 before the first */
    double halt;                 /* mean probability that one more step helps */
    double update_z;             /* rms change of the latent state by the last step */
    double moved;                /* mean |change of the median| by the last step, unit of the history */
    double width;                /* mean width of the 80% interval, same unit */
    struct trm_think_parts *parts;
};

/* base is borrowed and must outlive it. horizon_max 1..TRM_HORIZON_MAX. TRM_OK or TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_think_new(const struct trm_base *base, size_t horizon_max,
                                             struct trm_think **ret);
void trm_think_free(struct trm_think *think); /* accepts NULL */

/* Senses the history (sd > 0) and answers with the consensus of the drafts. history must live until the
 * last step. Cost: trm_sense_make, and little more. */
void trm_think_begin(struct trm_think *think, const struct trm_history *history, size_t season2,
                     size_t horizon);

/* One supervision step. Cost: about 3 us a lead and network of 110 thousand parameters. */
void trm_think_step(struct trm_think *think);

/* Whether the last step moved the median by less than TRM_THINK_SETTLED of the interval. */
bool trm_think_still(const struct trm_think *think);

/* Whether nothing is left to think: all trained steps taken, the median still, or another step not worth
 * it. */
bool trm_think_settled(const struct trm_think *think);

#endif
