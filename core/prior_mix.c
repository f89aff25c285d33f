/* Families in which level, season and noise are made apart and put together: any level process with
 * any season, seasonal autoregressions, exponential smoothing run forwards. Refuses to know units.
 * Surprising: the share of noise is drawn on its own, so that hopeless series are as common here as
 * in life. */
#include "core/prior_parts.h"

#include <string.h>

/* A level that wanders needs no noise; one that stands needs some. */
static double noise_share(struct prior *p, enum prior_level kind)
{
    bool own = kind == LEVEL_WALK || kind == LEVEL_TREND || kind == LEVEL_AR ||
               kind == LEVEL_ARIMA || kind == LEVEL_REGIMES || kind == LEVEL_LONG_MEMORY ||
               kind == LEVEL_THRESHOLD;

    if (kind == LEVEL_RARE)
        return prior_chance(p, .8) ? 0 : .02;
    if (kind == LEVEL_TELEGRAPH || kind == LEVEL_SAWTOOTH || kind == LEVEL_SHOTS ||
        kind == LEVEL_CHAOS)
        return prior_chance(p, .3) ? 0 : prior_log_between(p, .01, .6);
    if (own && prior_chance(p, .4))
        return prior_chance(p, .5) ? 0 : prior_log_between(p, .005, .1);
    if (p->class->group == PRIOR_YEARLY)
        return prior_log_between(p, .01, .6);
    return prior_log_between(p, p->class->group >= PRIOR_HOURS ? .015 : .03, 1.4);
}

static double season_share(struct prior *p, enum prior_level kind)
{
    if (p->m < 2 && p->year < 4)
        return 0;
    if (kind == LEVEL_RARE || prior_chance(p, p->m == 4                          ? .4
                                              : p->class->group == PRIOR_MONTHLY ? .25
                                                                                 : .1))
        return 0;
    if (kind == LEVEL_WHITE)
        return 1;
    return p->class->group == PRIOR_HOURS ? prior_log_between(p, .3, 8)
                                          : prior_log_between(p, .08, 5);
}

void trm_prior_generic(struct prior *p, enum prior_level kind, double *x)
{
    double *level = p->work[ROW_LEVEL], *season = p->work[ROW_SEASON], *noise = p->work[ROW_NOISE];
    double seasonal = season_share(p, kind), noisy = noise_share(p, kind);
    double grow = prior_chance(p, .25) ? prior_between(p, -.4, .6) : 0; /* season with the level */

    trm_prior_level(p, kind, level);
    if (seasonal > 0)
        trm_prior_season(p, season);
    else
        memset(season, 0, p->all * sizeof *season);
    if (noisy > 0)
        trm_prior_noise(p, level, season, noise);
    for (size_t t = 0; t < p->all; t++)
        x[t] = level[t] + seasonal * season[t] * exp(trm_clamp(grow * level[t], -2, 2));
    trm_prior_standardise(x, p->all);
    for (size_t t = 0; t < p->all && noisy > 0; t++)
        x[t] += noisy * noise[t];
    if (kind == LEVEL_RARE && noisy <= 0)
        p->look |= PRIOR_CALM;
}

/* Each value like that of a season ago, with its own memory of the last steps. */
void trm_prior_sarima(struct prior *p, double *x)
{
    size_t m = p->m > 1 ? p->m : 2;
    double seasonal = prior_chance(p, .4) ? 1 : 1 - prior_log_between(p, .005, .6);
    double keep = prior_between(p, -.3, .95), forget = prior_between(p, 0, .9),
           fresh = prior_log_between(p, .05, 1);
    double *first = p->work[ROW_PROFILE], *shock = p->work[ROW_NOISE], at = 0;
    double drift = prior_chance(p, .3) ? prior_normal(p) * .2 : 0;

    trm_prior_profile(p, trm_prior_profile_pick(p), m, first);
    trm_prior_standardise(first, m);
    trm_prior_noise(p, NULL, NULL, shock);
    for (size_t t = 0; t < p->all; t++) {
        double back = t < m ? first[t] : x[t - m], error = fresh * shock[t];
        double past = t < m ? 0 : fresh * shock[t - m];
        at = keep * at + error - forget * past;
        x[t] = seasonal * back + drift * fresh + at;
    }
}

/* The innovation moves level, slope and season by its own weights; additive, or multiplicative as
 * logs. */
void trm_prior_ets(struct prior *p, double *x)
{
    size_t m = p->m;
    double alpha = prior_log_between(p, .01, 1),
           beta = prior_chance(p, .5) ? alpha * prior_log_between(p, .003, .3) : 0;
    double gamma = prior_log_between(p, .005, .4),
           damp = prior_chance(p, .5) ? 1 : prior_between(p, .8, .99);
    double level = 0, slope = beta > 0 ? prior_normal(p) * .1 : 0,
           wide = prior_log_between(p, .3, 6);
    double *season = p->work[ROW_PROFILE], *shock = p->work[ROW_NOISE];

    season[0] = 0;
    if (m > 1) {
        trm_prior_profile(p, trm_prior_profile_pick(p), m, season);
        trm_prior_standardise(season, m);
    }
    trm_prior_noise(p, NULL, NULL, shock);
    for (size_t t = 0; t < p->all; t++) {
        double *slot = &season[(t + p->start) % m];
        x[t] = level + damp * slope + wide * *slot + shock[t];
        level += damp * slope + alpha * shock[t];
        slope = damp * slope + beta * shock[t];
        if (m > 1)
            *slot += gamma * (1 - alpha) * shock[t] / wide;
    }
}
