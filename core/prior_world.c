/* Series that people make: power, roads, requests, machines, page views, cash, shops, guests,
 * bicycles, economies, prices, spare parts. Each is one coherent story rather than a free mixture.
 * Refuses to know real data: the numbers are guesses about the world with wide spreads. Surprising:
 * nearly all of them are a product of factors, so they are written as sums of logarithms. */
#include "core/prior_parts.h"

#include <string.h>

/* x += gain * part. */
static void add(struct prior *p, double gain, const double *part, double *x)
{
    for (size_t t = 0; t < p->all; t++)
        x[t] += gain * part[t];
}

static void exponentiate(struct prior *p, double *x)
{
    for (size_t t = 0; t < p->all; t++)
        x[t] = exp(trm_clamp(x[t], -12, 12));
    p->look |= PRIOR_LINKED;
}

/* log level: season of people, a slow walk, noise; each with its own share. */
static void people(struct prior *p, double seasonal, double slow, double noisy, double *x)
{
    double *part = p->work[ROW_LEVEL], *season = p->work[ROW_SEASON], top = 2.2;

    p->human = true;
    memset(x, 0, p->all * sizeof *x);
    trm_prior_season(p, season);
    for (size_t t = 0; t < p->all; t++)
        top = fmax(top, season[t]);
    add(p, seasonal * 2.2 / top, season, x); /* lest a peaked shape explodes */
    if (prior_chance(p, .5))
        trm_prior_level(p, prior_chance(p, .5) ? LEVEL_WALK : LEVEL_GP, part);
    else
        trm_prior_level(p, prior_chance(p, .5) ? LEVEL_GROWTH : LEVEL_LONG_MEMORY, part);
    add(p, slow, part, x);
    trm_prior_noise(p, part, season, p->work[ROW_NOISE]);
    add(p, noisy, p->work[ROW_NOISE], x);
}

/* Electricity: people, a year, and a weather that lasts days and moves the peaks. */
void trm_prior_load(struct prior *p, double *x)
{
    double *weather = p->work[ROW_SLOW], *season = p->work[ROW_SEASON], day = fmax(p->day, 1);
    double by_weather = prior_log_between(p, .01, .15), at_peak = prior_between(p, 0, 1);

    people(p, prior_log_between(p, .06, .5), prior_log_between(p, .01, .15),
           prior_log_between(p, .005, .1), x);
    trm_prior_smooth(p, day * prior_log_between(p, 1.5, 8), weather);
    for (size_t t = 0; t < p->all; t++)
        x[t] += by_weather * weather[t] * (1 + at_peak * trm_clamp(season[t], -1, 1));
    trm_prior_year(p, -1, weather);
    add(p, prior_log_between(p, .02, .25), weather, x);
    exponentiate(p, x);
    if (prior_chance(p, .85))
        p->look |= PRIOR_CALM;
}

/* Vehicles: two peaks, weekends, jams that eat what passes, sensors that read zero. */
void trm_prior_traffic(struct prior *p, double *x)
{
    double *season = p->work[ROW_SEASON], *noise = p->work[ROW_NOISE], *slow = p->work[ROW_SLOW];
    double noisy = prior_log_between(p, .015, .25), quiet = prior_between(p, 0, .3), spread;
    double jam = prior_chance(p, .4) ? 1 / (fmax(p->day, 8) * prior_log_between(p, 1, 20)) : 0,
           left = 0;
    bool speed = prior_chance(p, .2);

    p->human = true;
    trm_prior_season(p, season);
    trm_prior_noise(p, NULL, season, noise);
    trm_prior_rough(p, fmax(p->day, 4) * prior_log_between(p, .2, 10), slow);
    spread = 1.2 + prior_between(p, 0, 1);
    for (size_t t = 0; t < p->all; t++) {
        double flow = fmax(quiet, spread + season[t]) * exp(noisy * (.7 * noise[t] + .7 * slow[t]));
        if (prior_chance(p, jam))
            left = 1;
        left *= .8;
        x[t] =
            speed
                ? fmax(.1, 1 - .5 * pow(flow / (2 * spread), 3) - .6 * left + .1 * noisy * noise[t])
                : flow * (1 - .7 * left);
    }
    p->look |= PRIOR_LINKED;
}

/* Requests: people times growth, over-dispersed, with bursts. */
void trm_prior_requests(struct prior *p, double *x)
{
    double spreading = prior_log_between(p, .1, 1.2);
    double burst = prior_chance(p, .5) ? prior_log_between(p, 1, 30) / (double)p->all : 0, at = 0;
    double keep = exp(-1 / prior_log_between(p, .5, 20)), size = prior_log_between(p, .2, 1.5);

    people(p, spreading, prior_log_between(p, .02, .6), prior_log_between(p, .02, .5), x);
    for (size_t t = 0; t < p->all; t++) {
        if (prior_chance(p, burst))
            at += size * prior_exponential(p);
        x[t] += at;
        at *= keep;
    }
    exponentiate(p, x);
}

/* A machine: idle floor, a process of its own, jobs on schedule, some of the day; often capped at
 * 100. */
void trm_prior_server(struct prior *p, double *x)
{
    static const enum prior_level kinds[] = {LEVEL_SHIFTS,    LEVEL_AR,      LEVEL_SHOTS,
                                             LEVEL_SAWTOOTH,  LEVEL_REGIMES, LEVEL_LONG_MEMORY,
                                             LEVEL_TELEGRAPH, LEVEL_WHITE,   LEVEL_WALK};
    double *level = p->work[ROW_LEVEL], *noise = p->work[ROW_NOISE], *season = p->work[ROW_SEASON];
    double wide = prior_log_between(p, .3, 20), base = prior_log_between(p, 1, 95),
           noisy = prior_log_between(p, .05, 2);
    double daily = prior_chance(p, .5) ? prior_log_between(p, .2, 2) : 0,
           spike = prior_log_between(p, 1, 30);
    double rare = prior_chance(p, .35) ? prior_log_between(p, .001, .05) : 0;
    size_t every = prior_chance(p, .4) ? 3 + prior_below(p, trm_max_size(p->m, 60)) : 0,
           skew = prior_below(p, 3);

    bool capped = prior_chance(p, .7);

    if (!capped || prior_chance(p, .3))
        spike *= prior_log_between(p, 1, 30);
    trm_prior_level(p, kinds[prior_below(p, sizeof kinds / sizeof kinds[0])], level);
    trm_prior_noise(p, level, NULL, noise);
    trm_prior_season(p, season);
    for (size_t t = 0; t < p->all; t++) {
        double rough = skew == 0   ? noise[t]
                       : skew == 1 ? fabs(noise[t])
                                   : exp(.6 * fmin(noise[t], 5)) - 1;
        x[t] = base + wide * (level[t] + noisy * rough + daily * season[t]);
        if (every && (t + p->start) % every == 0)
            x[t] += spike * (.6 + .4 * prior_exponential(p));
        if (prior_chance(p, rare))
            x[t] += spike * prior_exponential(p);
        x[t] = capped ? trm_clamp(x[t], 0, 100) : fmax(x[t], 0);
    }
    p->look |= PRIOR_LINKED | (prior_chance(p, .5) ? PRIOR_FINISHED : 0);
    if (p->look & PRIOR_FINISHED && prior_chance(p, .5)) {
        double grid = prior_chance(p, .5) ? .1 : prior_chance(p, .7) ? .01 : 1;
        for (size_t t = 0; t < p->all; t++)
            x[t] = grid * floor(x[t] / grid + .5);
    }
}

/* Attention: a walking log level, a mild week, news that come at once and go slowly. */
void trm_prior_views(struct prior *p, double *x)
{
    double rate = prior_log_between(p, .5, 25) / (double)p->all, at = 0,
           heavy = prior_log_between(p, .3, 1.5);
    double power = prior_log_between(p, .5, 1.5), since = 1e9, after = prior_between(p, 0, .15),
           base = 0;

    people(p, prior_log_between(p, .02, .4), prior_log_between(p, .05, 1),
           prior_log_between(p, .04, .4), x);
    for (size_t t = 0; t < p->all; t++) {
        if (prior_chance(p, rate)) {
            at = at * pow(since, -power) + heavy * prior_exponential(p) * 1.5;
            since = 1;
            base += after * prior_normal(p);
        }
        x[t] += base + fmin(at * pow(since, -power), 6);
        since += 1;
    }
    exponentiate(p, x);
    if (prior_chance(p, .5)) {
        double mean, sd, level = prior_log_between(p, 2, 20000);
        trm_prior_moments(x, p->all, &mean, &sd);
        for (size_t t = 0; t < p->all; t++)
            x[t] = trm_prior_poisson(p, x[t] / mean * level);
        p->look |= PRIOR_FINISHED;
    }
}

/* Cash: weekdays, pay days within the month, closures. */
void trm_prior_cash(struct prior *p, double *x)
{
    double week[7], noisy = prior_log_between(p, .1, .6),
                    pay = prior_chance(p, .6) ? prior_log_between(p, .05, .6) : 0;
    double closed = prior_chance(p, .6) ? prior_log_between(p, .002, .03) : 0,
           uneven = prior_log_between(p, .1, .8);
    double *slow = p->work[ROW_LEVEL], *noise = p->work[ROW_NOISE], *year = p->work[ROW_SLOW],
           late = prior_between(p, 0, 30.4);
    bool shut = prior_chance(p, .2);
    size_t days = p->m == 5 ? 5 : 7;

    for (size_t d = 0; d < 7; d++)
        week[d] = uneven * prior_normal(p);
    trm_prior_level(p, prior_chance(p, .5) ? LEVEL_WALK : LEVEL_SHIFTS, slow);
    trm_prior_noise(p, NULL, NULL, noise);
    trm_prior_year(p, -1, year);
    for (size_t t = 0; t < p->all; t++)
        x[t] = .2 * slow[t] + week[(t + p->start) % days] + noisy * noise[t] + .1 * year[t];
    for (size_t t = 0; t < p->all; t++) {
        double in = fmod((double)(t + p->start) + late, 30.44);
        x[t] += pay * exp(-in / 4);
    }
    exponentiate(p, x);
    for (size_t t = 0; t < p->all; t++)
        if (prior_chance(p, closed) || (shut && (t + p->start) % days == 6))
            x[t] = 0;
    p->look |= PRIOR_CALM;
}

/* What a month has of working days, from a weekday that walks on by the month's length. */
static void trading_days(struct prior *p, double *x)
{
    static const unsigned char length[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t weekday = prior_below(p, 7), easter = prior_below(p, 2);
    double moving = prior_chance(p, .4) ? prior_between(p, -2, 4) : 0;

    for (size_t t = 0; t < p->all; t++) {
        size_t month = (t + p->start) % 12, year = (t + p->start) / 12, off = 0;
        size_t days = length[month] + (month == 1 && year % 4 == 0);
        for (size_t d = 0; d < days; d++)
            off += (weekday + d) % 7 >= 5;
        weekday = (weekday + days) % 7;
        x[t] = (double)(days - off) - 21;
        if (month == 2)
            easter = prior_chance(p, .25);
        if ((month == 2 && easter) || (month == 3 && !easter))
            x[t] += moving;
    }
}

/* Shops: growth, a season that peaks before the holidays, trading days, the odd campaign. */
void trm_prior_retail(struct prior *p, double *x)
{
    double *extra = p->work[ROW_SLOW],
           peak = prior_chance(p, .6) ? prior_log_between(p, .05, 1) : 0;
    size_t year = p->class->group == PRIOR_DAILY    ? 365
                  : p->class->group == PRIOR_WEEKLY ? 52
                                                    : p->m;
    double promoted = prior_chance(p, .3) ? prior_log_between(p, .01, .1) : 0;

    people(p, prior_log_between(p, .02, .4), prior_log_between(p, .05, .8),
           prior_log_between(p, .01, .25), x);
    if (p->m == 12) {
        trading_days(p, extra);
        add(p, prior_chance(p, .5) ? prior_log_between(p, .005, .06) : 0, extra, x);
    }
    for (size_t t = 0; t < p->all; t++) {
        double before = year > 1 ? (double)(year - 1 - (t + p->start) % year) / (double)year : 1;
        if (year > 1)
            x[t] += peak * exp(-before * 20);
        if (prior_chance(p, promoted))
            x[t] += .3 + .5 * prior_exponential(p);
    }
    exponentiate(p, x);
}

/* Guests: a strong season that is much the same each year and grows with the level; at times a
 * collapse. */
void trm_prior_tourism(struct prior *p, double *x)
{
    double *level = p->work[ROW_LEVEL], *season = p->work[ROW_SEASON], *noise = p->work[ROW_NOISE];
    double *easter = p->work[ROW_SLOW], crisis = prior_chance(p, .2) ? 1 / (double)p->all : 0,
           hit = 0;
    double heal = exp(-1 / prior_log_between(p, 3, 30)), wide = prior_log_between(p, .05, .9);

    p->human = true;
    trm_prior_level(p, prior_chance(p, .5) ? LEVEL_GROWTH : LEVEL_TREND, level);
    trm_prior_season(p, season);
    trm_prior_noise(p, NULL, season, noise);
    memset(x, 0, p->all * sizeof *x);
    add(p, prior_log_between(p, .05, .8), level, x);
    add(p, wide, season, x);
    add(p, wide * prior_log_between(p, .03, .8), noise, x);
    if (p->m == 12 && prior_chance(p, .4)) {
        trading_days(p, easter);
        add(p, prior_log_between(p, .005, .05), easter, x);
    }
    for (size_t t = 0; t < p->all; t++) {
        hit = hit * heal + (prior_chance(p, crisis) ? prior_log_between(p, .2, 3) : 0);
        x[t] -= hit;
    }
    exponentiate(p, x);
}

/* Bicycles: a year, weekdays or hours, and rain that keeps people in. */
void trm_prior_rentals(struct prior *p, double *x)
{
    double *weather = p->work[ROW_SLOW], wet = prior_log_between(p, .05, .8), day = fmax(p->day, 1);

    people(p, prior_log_between(p, .05, .9), prior_log_between(p, .05, .4),
           prior_log_between(p, .05, .3), x);
    trm_prior_rough(p, day * prior_log_between(p, .4, 3), weather);
    for (size_t t = 0; t < p->all; t++)
        x[t] -= wet * fmax(0, weather[t] - .5);
    trm_prior_year(p, .55 + .05 * prior_normal(p), weather);
    add(p, prior_log_between(p, .1, .8), weather, x);
    exponentiate(p, x);
}
