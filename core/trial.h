/* One past forecast: the networks think about what was known at an origin, and what came is held
 * against everyone who could have answered. Knows origins and losses; refuses to know what they
 * decide (record.h). */
#ifndef TRM_TRIAL_H
#define TRM_TRIAL_H

#include "core/record.h"

/* Who is tried: the network, the consensus, every draft of the bank. */
#define TRM_TRIAL_WHO (2 + TRM_BANK_DRAFTS)

struct trm_trial {
    uint32_t leads, step; /* as struct trm_origin */
    float loss[TRM_TRIAL_WHO];
    float mae[TRM_TRIAL_WHO];
    uint8_t beyond[TRM_TRIAL_WHO][2][2][TRM_RECORD_GRID];
    float mix[2][TRM_BANK_DRAFTS]; /* mean over the leads: the network's, the consensus' */
};

/* Where past forecasts of n values start: at n - leads, and every `stride` before it, `count` in
 * all. */
struct trm_trial_plan {
    size_t leads, stride, count; /* count 0: too short for any */
};

/* leads = min(horizon, n / 5, TRM_RECORD_LEADS_MAX), less where the season would be lost; 2 origins
 * and one more for every 16 values, TRM_RECORD_ORIGINS at most; none knows less than 40% of the
 * values or, where all of them are enough for a season, too little for it; neighbours overlap by
 * half of their leads at most. */
struct trm_trial_plan trm_trial_plan(size_t n, size_t season, size_t horizon);

/* The forecast from values[0..origin) for the plan's leads, and what values[origin..) say of it; n
 * >= origin
 * + leads. step is copied. think must have room for the leads, knots for [leads][TRM_KNOTS].
 * TRM_OK; TRM_EMISSING where there is nothing to learn (nothing known, no true value, one value
 * only); TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_trial_make(struct trm_think *think, const double *values,
                                              size_t origin, size_t leads,
                                              const struct trm_config *config, size_t step,
                                              double *knots, struct trm_trial *ret);

#endif
