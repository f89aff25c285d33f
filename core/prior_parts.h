/* What the files of the prior share: one drawing under way, its dice and its building blocks.
 * Nobody else includes this. Surprising: every block fills all steps, history and future, in one
 * go; nothing knows where the history ends but the missing values. */
#ifndef TRM_PRIOR_PARTS_H
#define TRM_PRIOR_PARTS_H

#include "core/num.h"
#include "core/prior.h"
#include "core/rng.h"

#define PRIOR_TAU 6.28318530717958647693

/* Kinds of frequency, coarser than the classes: families are weighted by them. */
enum prior_group {
    PRIOR_YEARLY,
    PRIOR_MONTHLY, /* and quarterly */
    PRIOR_WEEKLY,
    PRIOR_DAILY,
    PRIOR_HOURS,
    PRIOR_MINUTES,
    PRIOR_PLAIN,
    PRIOR_GROUPS
};

struct prior_class {
    const char *name;
    double weight;
    enum prior_group group;
    uint32_t season, season2;
    double day, year; /* steps in a day and in a year; 0: less than one, or no calendar */
    size_t n_min, n_max, h_min, h_max;
};

/* What a family has already settled, so that the observation leaves it alone. */
enum prior_look {
    PRIOR_LINKED = 1,   /* values are in the domain they are seen in */
    PRIOR_FINISHED = 2, /* counts or states: no rounding, no rescaling */
    PRIOR_CALM = 4      /* no outages and outliers on top */
};

struct prior {
    struct trm_rng rng;
    const struct prior_class *class;
    size_t n, all;
    size_t m; /* the true main period, 1 = none */
    double day, year;
    size_t start;  /* where in week and year the first value lies, in steps */
    bool human;    /* people cause it: weekdays matter */
    unsigned look; /* of enum prior_look */
    double (*work)[TRM_CONTEXT_MAX + TRM_PRIOR_HORIZON_MAX];
};

/* Who uses which scratch row. Families may use LEVEL..SLOW freely between calls of blocks. */
enum { ROW_LEVEL, ROW_SEASON, ROW_NOISE, ROW_SLOW, ROW_PROFILE, ROW_AMP, ROW_TEMP, ROW_KEEP };

/* Dice. */
static inline double prior_between(struct prior *p, double lo, double hi)
{
    return lo + (hi - lo) * trm_rng_uniform(&p->rng);
}

static inline double prior_log_between(struct prior *p, double lo, double hi)
{
    return exp(prior_between(p, log(lo), log(hi)));
}

static inline bool prior_chance(struct prior *p, double share)
{
    return trm_rng_uniform(&p->rng) < share;
}

static inline double prior_normal(struct prior *p)
{
    return trm_rng_normal(&p->rng);
}

static inline double prior_exponential(struct prior *p)
{
    return -log(1.0 - trm_rng_uniform(&p->rng));
}

static inline double prior_sign(struct prior *p)
{
    return prior_chance(p, .5) ? 1.0 : -1.0;
}

static inline size_t prior_below(struct prior *p, size_t n)
{
    return trm_rng_below(&p->rng, n);
}

double trm_prior_student(struct prior *p, double freedom);
double trm_prior_gamma(struct prior *p, double shape);
double trm_prior_poisson(struct prior *p, double mean);

/* Arithmetic on rows: mean 0 and deviation 1 (all 0 where constant); mean and deviation. */
void trm_prior_standardise(double *x, size_t n);
void trm_prior_moments(const double *x, size_t n, double *ret_mean, double *ret_sd);

/* Stationary paths of deviation 1 that forget over about `memory` steps: rough, and smooth. */
void trm_prior_rough(struct prior *p, double memory, double *x);
void trm_prior_smooth(struct prior *p, double memory, double *x);

/* White or nearly white noise of deviation about 1, its spread perhaps moving with level and season
 * (both standardised rows; NULL: not). */
void trm_prior_noise(struct prior *p, const double *level, const double *season, double *x);

/* Level processes, standardised. */
enum prior_level {
    LEVEL_WALK,
    LEVEL_TREND,
    LEVEL_GROWTH,
    LEVEL_AR,
    LEVEL_REGIMES,
    LEVEL_ARIMA,
    LEVEL_GP,
    LEVEL_WHITE,
    LEVEL_LONG_MEMORY,
    LEVEL_SHIFTS,
    LEVEL_THRESHOLD, /* prior_level.c */
    LEVEL_SHOTS,
    LEVEL_SAWTOOTH,
    LEVEL_TELEGRAPH,
    LEVEL_RARE,
    LEVEL_CHAOS,
    LEVEL_CYCLE, /* prior_odd.c */
    LEVELS
};
void trm_prior_level(struct prior *p, enum prior_level kind, double *x);
void trm_prior_odd(struct prior *p, enum prior_level kind, double *x);

/* One period of a shape, m values, any location and scale. */
enum prior_profile {
    PROFILE_HARMONIC,
    PROFILE_SMOOTH,
    PROFILE_BUMPS,
    PROFILE_HUMAN,
    PROFILE_SOLAR,
    PROFILE_IID,
    PROFILE_SPIKES,
    PROFILE_SQUARE,
    PROFILE_RAMP,
    PROFILES
};
void trm_prior_profile(struct prior *p, enum prior_profile kind, size_t m, double *x);
enum prior_profile trm_prior_profile_pick(struct prior *p);

/* The seasonal part, standardised; zeros where p->m is 1 and there is no year. */
void trm_prior_season(struct prior *p, double *x);
/* A smooth year (all zeros where a step has none), standardised; peak of it at `peak` years, < 0
 * any. */
void trm_prior_year(struct prior *p, double peak, double *x);

/* Families: fill x with all steps and set p->look. */
void trm_prior_generic(struct prior *p, enum prior_level kind, double *x);
void trm_prior_sarima(struct prior *p, double *x);
void trm_prior_ets(struct prior *p, double *x);
void trm_prior_load(struct prior *p, double *x);
void trm_prior_traffic(struct prior *p, double *x);
void trm_prior_requests(struct prior *p, double *x);
void trm_prior_server(struct prior *p, double *x);
void trm_prior_views(struct prior *p, double *x);
void trm_prior_cash(struct prior *p, double *x);
void trm_prior_retail(struct prior *p, double *x);
void trm_prior_tourism(struct prior *p, double *x);
void trm_prior_rentals(struct prior *p, double *x);
void trm_prior_economy(struct prior *p, double *x);
void trm_prior_price(struct prior *p, double *x);
void trm_prior_intermittent(struct prior *p, double *x);
void trm_prior_solar(struct prior *p, double *x);
void trm_prior_temperature(struct prior *p, double *x);
void trm_prior_wind(struct prior *p, double *x);
void trm_prior_pollution(struct prior *p, double *x);
void trm_prior_river(struct prior *p, double *x);

/* Lasting growth or decline on top of what a family made (prior_lean.c). */
void trm_prior_lean(struct prior *p, double *x);
/* Slow swells of level and amplitude. */
void trm_prior_swell(struct prior *p, double *x);

/* From the process to what is written down: link, events, counts, clipping, rounding, scale. */
void trm_prior_observe(struct prior *p, double *x);
/* Gaps in the history. */
void trm_prior_gaps(struct prior *p, double *x);

#endif
