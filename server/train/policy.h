/* When to fit a series. Pure: numbers in, a verdict out; no clock, no queue. Surprising: the wait grows
 * with the history (a tenth of it), so the cost of refitting per arriving point stays constant. */
#ifndef SERVER_TRAIN_POLICY_H
#define SERVER_TRAIN_POLICY_H

#include "server/base/series.h"

struct policy_input {
    enum fit_policy fit;
    uint32_t fit_every;
    uint32_t season;         /* resolved */
    bool has_model;
    size_t observed_n;       /* observed values in memory */
    uint64_t new_points;     /* points changed since the last fit was started */
};

enum policy_verdict { POLICY_WAIT, POLICY_FIRST_FIT, POLICY_REFIT };

enum policy_verdict policy_decide(const struct policy_input *input);

#endif
