/* Series of money and of rare demand: economies, prices, spare parts. Refuses to know calendars
 * beyond the season. Surprising: a recession is drawn as a state of growth, not as a dip, so that
 * what is lost stays lost, as a rule. */
#include "core/prior_parts.h"

/* Growth that has a pace, changes it slowly, and now and then falls for a while; little else. */
void trm_prior_economy(struct prior *p, double *x)
{
    double step = p->year >= 1 ? 1 / p->year : .2, pace = (.03 + .04 * prior_normal(p)) * step;
    double wander = prior_log_between(p, .002, .03) * sqrt(step),
           bend = prior_log_between(p, .05, 1);
    double bad = prior_between(p, .02, .2) * step, depth = prior_log_between(p, .01, .15) * step,
           at = 0;
    double noisy = prior_chance(p, .5) ? 0 : prior_log_between(p, .001, .05), slope = pace,
           *season = p->work[ROW_SEASON];
    double seasonal = p->m > 1 && prior_chance(p, .6) ? prior_log_between(p, .003, .2) : 0;
    size_t left = 0;

    if (seasonal > 0)
        trm_prior_season(p, season);
    for (size_t t = 0; t < p->all; t++) {
        slope += .1 * (pace - slope) * sqrt(step) + bend * .01 * step * prior_normal(p);
        if (left == 0 && prior_chance(p, bad))
            left = 1 + (size_t)(prior_between(p, .5, 2) / step);
        at += (left ? -depth : slope) + wander * prior_normal(p);
        left -= left > 0;
        x[t] = exp(trm_clamp(at, -12, 12) + noisy * prior_normal(p) +
                   (seasonal > 0 ? seasonal * season[t] : 0));
    }
    p->look |= PRIOR_LINKED | PRIOR_CALM;
}

/* Prices, rates: a walk of the logarithm whose volatility clusters; sometimes it jumps or reverts.
 */
void trm_prior_price(struct prior *p, double *x)
{
    double size = prior_log_between(p, .002, .08), a = prior_between(p, .02, .2),
           b = prior_between(p, .6, .99 - a);
    double volatility = 1, last = 0, at = 0, drift = prior_normal(p) * .05 * size,
           freedom = prior_log_between(p, 3, 20);
    double jumps = prior_chance(p, .3) ? prior_log_between(p, .002, .02) : 0;
    double pull = prior_chance(p, .3) ? prior_log_between(p, .003, .1) : 0,
           still = prior_chance(p, .15) ? .5 : 0;

    for (size_t t = 0; t < p->all; t++) {
        volatility = fmin(1 - a - b + a * last * last + b * volatility, 100);
        last = trm_clamp(sqrt(volatility) * trm_prior_student(p, freedom) * .8, -10, 10);
        if (!prior_chance(p, still))
            at += drift - pull * at + size * last;
        if (prior_chance(p, jumps))
            at += 6 * size * prior_normal(p);
        at = trm_clamp(at, -12, 12);
        x[t] = exp(at);
    }
    p->look |= PRIOR_LINKED | PRIOR_CALM;
}

/* Demand that mostly is not: zero, then some, at a rate that moves a little, ends or has a season.
 */
void trm_prior_intermittent(struct prior *p, double *x)
{
    double rate = prior_log_between(p, .06, .8), size = prior_log_between(p, 1, 60),
           shape = prior_log_between(p, .5, 10);
    double *slow = p->work[ROW_LEVEL], *season = p->work[ROW_SEASON];
    double moves = prior_chance(p, .6) ? prior_log_between(p, .1, 1) : 0;
    double seasonal = prior_chance(p, .4) ? prior_log_between(p, .2, 1.5) : 0;
    bool whole = prior_chance(p, .8), steady = prior_chance(p, .2);
    double unit = prior_log_between(p, .1, 1000);

    trm_prior_smooth(p, prior_log_between(p, .1, 1) * (double)p->all, slow);
    trm_prior_season(p, season);
    for (size_t t = 0; t < p->all; t++) {
        double now = rate * exp(trm_clamp(moves * slow[t] + seasonal * season[t], -3, 2));
        double much = steady ? size : size * trm_prior_gamma(p, shape) / shape;
        x[t] = prior_chance(p, fmin(now, .98))
                   ? whole ? 1 + trm_prior_poisson(p, much - 1) : unit * much
                   : 0;
    }
    p->look |= PRIOR_LINKED | PRIOR_FINISHED | PRIOR_CALM;
}
