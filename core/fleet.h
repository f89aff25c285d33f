/* Fleet training: the shared networks learn from the series that they serve. Knows which stretches
 * of which series are learned from and which are held out, and when the result is better; refuses
 * to know threads, time, the store, and whether anybody wants the result. Surprising: the newest
 * horizon of every series is never learned from. It judges: champion (the networks before) and
 * challenger (after) forecast it, and only a challenger that is better by more than chance is worth
 * publishing.
 *
 * Half as many made-up series (prior.h) as own excerpts are learned from beside them, so that what
 * the fleet does not show is not forgotten. Examples are drawn, learned from and replaced round by
 * round, which bounds the memory. Like a fit, it is driven in small steps. */
#ifndef TRM_FLEET_H
#define TRM_FLEET_H

#include "core/base.h"
#include "core/excerpt.h"

/* Examples of a round, a third of them made up, and series judged by, at most: they decide the
 * memory, about 20 KB each. */
#define TRM_FLEET_ROUND 768
#define TRM_FLEET_JUDGE_MAX 384
/* Fewer series to judge by prove nothing. */
#define TRM_FLEET_JUDGE_MIN 8
/* Rounds, at most; fewer for a fleet that has not so many excerpts to offer. */
#define TRM_FLEET_ROUNDS_MAX 16
/* How many standard errors the mean gain must be away from none. */
#define TRM_FLEET_CERTAINTY 2.0

struct trm_fleet;

struct trm_fleet_options {
    const struct trm_base *champion; /* borrowed until trm_fleet_free */
    const struct trm_source *source; /* [source_n]; their values borrowed until trm_fleet_free */
    size_t source_n;
    const char *name; /* of the challenger, as trm_base_new wants it */
    uint64_t seed;    /* same sources, options and machine: same bits */
};

struct trm_fleet_report {
    size_t learned_n;               /* series that excerpts were learned from … */
    size_t own_n;                   /* … how many excerpts, of all rounds */
    size_t made_up_n;               /* made-up series beside them */
    size_t judged_n;                /* series whose newest horizon judged */
    uint64_t steps;                 /* optimiser steps, of all networks */
    double loss_before, loss_after; /* mean quantile loss over the judges in sigma, of champion and
                                     * challenger */
    double gain;                    /* 1 - after / before */
    double certainty; /* mean paired difference over its standard error; positive is better */
    bool better;      /* certainty >= TRM_FLEET_CERTAINTY */
};

/* TRM_OK; TRM_EINVAL (name); TRM_ESHORT: fewer than TRM_FLEET_JUDGE_MIN series to judge by, or none
 * to learn from; TRM_ENOMEM. *ret is untouched on failure. Cost: little. Memory: about 35 MB at
 * most. */
TRM_MUST_CHECK enum trm_status trm_fleet_begin(const struct trm_fleet_options *options,
                                               struct trm_fleet **ret);

/* The next slice of work, a few ms: one excerpt sensed, 32 excerpts through the network forward and
 * backward, or one series judged. TRM_MORE; TRM_OK when complete; TRM_ESHORT (see above: series
 * that cannot be forecast do not count), TRM_ENOMEM, TRM_EDIVERGED: then free it, the champion
 * stays good. ret_fraction: 0..1, never decreases. About ten seconds of a core in all for a fleet
 * of hundreds. */
TRM_MUST_CHECK enum trm_status trm_fleet_step(struct trm_fleet *fleet, double *ret_fraction);

/* The challenger of a complete training (its identity still 0: encode it), better or not. The
 * caller owns *ret. TRM_EINVAL before it is complete. The fleet stays to be freed. */
TRM_MUST_CHECK enum trm_status trm_fleet_end(struct trm_fleet *fleet, struct trm_base **ret,
                                             struct trm_fleet_report *ret_report);

/* At any time, complete or not. Accepts NULL. */
void trm_fleet_free(struct trm_fleet *fleet);

#endif
