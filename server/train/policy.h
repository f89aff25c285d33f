/* When to fit a series. Pure: numbers in, a verdict out; no clock, no queue. Surprising: the wait
 * grows with the history (a tenth of it), so the cost of refitting per arriving point stays
 * constant. */
#ifndef SERVER_TRAIN_POLICY_H
#define SERVER_TRAIN_POLICY_H

#include "server/base/series.h"

struct policy_input {
    enum fit_policy fit;
    uint32_t fit_every;
    enum trm_kind kind;
    uint32_t season;     /* resolved */
    bool has_model;      /* one that may answer */
    size_t observed_n;   /* observed values in memory */
    uint64_t new_points; /* points changed since the last fit was started */
    bool failed;         /* that fit failed … */
    bool rested;         /* … long enough ago to try again (policy_rest_ns) */
};

/* FIT_AUTO fits first when two seasons and this many values more have been observed: fewer leave
 * nothing to train on besides the tail that is held out. A season so long that memory would never
 * hold that much is fitted at POLICY_FIRST_FIT_MOST observed values. Kind TRM trains nothing and
 * need not wait so long: POLICY_FIRST_RECORD values have room for some past forecasts. */
#define POLICY_FIRST_FIT_EXTRA 8
#define POLICY_FIRST_FIT_MOST (TRM_CONTEXT_MAX / 2)
#define POLICY_FIRST_RECORD 12

/* Observed values at which FIT_AUTO fits first. */
size_t policy_first_fit_n(enum trm_kind kind, uint32_t season);

/* New points after which FIT_AUTO fits again: a season or a tenth of the history, whichever is
 * more. */
uint64_t policy_refit_n(uint32_t season, size_t observed_n);

enum policy_verdict { POLICY_WAIT, POLICY_FIRST_FIT, POLICY_REFIT };

/* How long a series is left alone after so many failures in a row: POLICY_REST_FIRST_NS, each time twice as
 * long, POLICY_REST_MOST_NS at most. */
#define POLICY_REST_FIRST_NS UINT64_C(60000000000)
#define POLICY_REST_MOST_NS UINT64_C(86400000000000)
uint64_t policy_rest_ns(unsigned failures);

/* After a failure POLICY_WAIT until it has rested; then a fit, whatever has come. Else
 * FIT_AUTO: as above. FIT_EVERY: after every fit_every (0 counts as 1) new points, from
 * TRM_OBSERVED_MIN observed values on. FIT_OFF: POLICY_WAIT. */
enum policy_verdict policy_decide(const struct policy_input *input);

/* ---- when the shared weights learn from the series ---- */

/* New points that a training waits for: a tenth of all, and not fewer than these. */
#define POLICY_FLEET_POINTS 2000
/* A training of so many CPU seconds is followed by this many times as many without one, counting what
 * it costs to make every record anew where it publishes: all in all a twentieth of a core at most. */
#define POLICY_FLEET_REST 19
/* CPU time of one record (tests/bench/core.c). */
#define POLICY_FLEET_RECORD_NS UINT64_C(25000000)
/* Fits in flight, as a share of the series with models, above which a training waits: they would
 * make it learn from a part of the fleet. */
#define POLICY_FLEET_BUSY 20

struct policy_fleet_input {
    uint64_t points, points_trained; /* ever added or replaced; when the last training began */
    size_t fits_n, models_n;         /* in flight; series with a model */
    uint64_t now_ns, rest_until_ns;  /* monotonic */
};
bool policy_fleet_due(const struct policy_fleet_input *input);
/* New points that a training waits for. */
uint64_t policy_fleet_points(uint64_t points_trained);

#endif
