/* From a process to numbers that somebody wrote down: link, accidents, counts, limits, rounding,
 * units, gaps. Refuses to know what the process was. Surprising: accidents that people cause by not
 * writing (outage as zero, gaps, a stuck sensor) happen after the units, as in life. */
#include "core/prior_parts.h"

/* Through a glass that bends: waiting times explode near full load, power grows with the square of
 * speed. */
static void bend(struct prior *p, double *x)
{
    double full = prior_between(p, 1.02, 1.5), gain = prior_log_between(p, .5, 3),
           power = prior_log_between(p, 1.3, 4);
    double middle = prior_between(p, -1.5, 1.5), low = 0;
    bool queue = prior_chance(p, .5);

    for (size_t t = 0; t < p->all; t++)
        low = fmin(low, x[t]);
    for (size_t t = 0; t < p->all; t++)
        x[t] = queue ? 1 / (full - 1 / (1 + exp(-gain * (x[t] - middle))))
                     : pow(.05 + x[t] - low, power);
}

/* A standardised path into a domain: multiplicative, with an offset, around zero, negative, a
 * share. */
static void link_up(struct prior *p, double *x)
{
    double u = trm_rng_uniform(&p->rng), gain = prior_log_between(p, .04, 1.1);
    double offset = prior_log_between(p, 1.5, 60), middle = prior_between(p, -2, 2);

    trm_prior_standardise(x, p->all);
    if (prior_chance(p, .05)) {
        bend(p, x);
    } else if (u < .4) {
        for (size_t t = 0; t < p->all; t++)
            x[t] = exp(gain * trm_clamp(x[t], -8, 8));
    } else if (u < .82) {
        for (size_t t = 0; t < p->all; t++)
            x[t] += offset;
    } else if (u < .95) {
        double tilt = prior_chance(p, .5) ? 0 : u < .9 ? middle : -offset;
        for (size_t t = 0; t < p->all; t++)
            x[t] += tilt;
    } else {
        for (size_t t = 0; t < p->all; t++)
            x[t] = 1 / (1 + exp(-(middle + gain * 2 * x[t])));
    }
}

/* Single values far off, mostly upwards. */
static void outliers(struct prior *p, double sd, bool positive, double *x)
{
    double rate = prior_log_between(p, .001, p->class->group >= PRIOR_DAILY ? .08 : .03),
           size = prior_log_between(p, 1.5, 8) * sd;
    double up = prior_between(p, .3, 1);

    for (size_t t = 0; t < p->all; t++) {
        if (!prior_chance(p, rate))
            continue;
        x[t] += (prior_chance(p, up) ? 1 : -1) * size * (.3 + prior_exponential(p));
        if (positive)
            x[t] = fmax(0, x[t]);
    }
}

/* Jobs on a schedule of their own: every so many steps, for a few steps. */
static void schedule(struct prior *p, double sd, double *x)
{
    size_t every = 5 + (size_t)prior_log_between(p, 1, fmax(4, (double)p->all / 4));
    size_t width = 1 + prior_below(p, 1 + every / 10), from = prior_below(p, every);
    double size = prior_log_between(p, .5, 6) * sd, loose = prior_chance(p, .5) ? 0 : .3;

    for (size_t t = 0; t < p->all; t++)
        if ((t + from) % every < width)
            x[t] += size * fmax(.1, 1 + loose * prior_normal(p));
}

/* Sudden and gone by degrees. */
static void bursts(struct prior *p, double sd, bool multiply, double *x)
{
    double rate = prior_log_between(p, 1, 20) / (double)p->all, at = 0;
    double keep = exp(-1 / prior_log_between(p, .5, fmax(2, (double)p->all / 40)));
    double size = prior_log_between(p, .5, 6);

    for (size_t t = 0; t < p->all; t++) {
        if (prior_chance(p, rate))
            at += prior_exponential(p);
        x[t] = multiply ? x[t] * (1 + .3 * size * at) : x[t] + size * sd * at;
        at *= keep;
    }
}

/* Closed, broken or not measured, written as the least value there is: for single steps or for
 * stretches. */
static void outages(struct prior *p, double low, double *x)
{
    double rate = prior_log_between(p, 1, 12) / (double)p->all, down = 0;
    double length = prior_log_between(p, 1, fmax(2, (double)p->all / 50));

    for (size_t t = 0; t < p->all; t++) {
        if (down <= 0 && prior_chance(p, rate))
            down = 1 + length * prior_exponential(p);
        if (down > 0)
            x[t] = low;
        down -= 1;
    }
}

/* Not there before it began: zeros, then a start that takes a while; or gone after it ended. */
static void lifetime(struct prior *p, double *x)
{
    size_t born = prior_below(p, p->n * 3 / 4), dies = p->n / 2 + prior_below(p, p->n / 2);
    double ease = prior_log_between(p, .5, fmax(1, (double)p->n / 10));
    bool ends = prior_chance(p, .15);

    for (size_t t = 0; t < p->all; t++) {
        if (ends ? t >= dies : t < born)
            x[t] = 0;
        else if (!ends)
            x[t] *= 1 - exp(-((double)(t - born) + .5) / ease);
    }
}

/* From some step on more or less of everything: a new meter, a new tariff, a pandemic. */
static void breaks(struct prior *p, double mean, double *x)
{
    size_t cut = prior_below(p, p->all), back = cut + prior_below(p, p->all);
    double level = exp(.5 * prior_normal(p)), swing = exp(.4 * prior_normal(p));

    if (prior_chance(p, .5))
        back = p->all;
    for (size_t t = cut; t < trm_min_size(back, p->all); t++)
        x[t] = mean * level + (x[t] - mean) * level * swing;
}

static void accidents(struct prior *p, double *x)
{
    double mean, sd, low = x[0];

    for (size_t t = 0; t < p->all; t++)
        low = fmin(low, x[t]);
    trm_prior_moments(x, p->all, &mean, &sd);
    if (prior_chance(p, .06))
        breaks(p, mean, x);
    if (prior_chance(p, p->class->group >= PRIOR_DAILY ? .2 : .12))
        outliers(p, sd, low >= 0, x);
    if (prior_chance(p, p->class->group >= PRIOR_HOURS ? .06 : .02))
        schedule(p, sd, x);
    if (prior_chance(p, .05))
        bursts(p, sd, low >= 0, x);
    if (low >= 0 && prior_chance(p, .03))
        outages(p, 0, x);
    if (low >= 0 && prior_chance(p, .02))
        lifetime(p, x);
}

/* Whole numbers with the path as their mean: Poisson, or gamma times Poisson where they scatter
 * more. */
static void count(struct prior *p, double *x)
{
    double mean, sd, level = prior_log_between(p, .4, 2000);
    double shape = prior_chance(p, .5) ? 0 : prior_log_between(p, .7, 60);

    trm_prior_moments(x, p->all, &mean, &sd);
    for (size_t t = 0; t < p->all; t++) {
        double at = fmax(0, x[t]) / fmax(mean, 1e-12) * level;
        if (shape > 0)
            at *= trm_prior_gamma(p, shape) / shape;
        x[t] = trm_prior_poisson(p, fmin(at, 1e7));
    }
}

/* Smoothed by whoever publishes it: each value the mean of the last few. */
static void running_mean(struct prior *p, double *x)
{
    size_t width = 2 + prior_below(p, trm_max_size(trm_min_size(p->m, 30), 4));

    for (size_t t = p->all; t-- > 0;) {
        double sum = 0;
        size_t from = t + 1 >= width ? t + 1 - width : 0;
        for (size_t i = from; i <= t; i++)
            sum += x[i];
        x[t] = sum / (double)(t + 1 - from);
    }
}

/* Summed since the period began: the year to date, a meter that starts anew at midnight. */
static void to_date(struct prior *p, double *x)
{
    double sum = 0;

    for (size_t t = 0; t < p->all; t++) {
        sum = (t + p->start) % p->m == 0 ? x[t] : sum + x[t];
        x[t] = sum;
    }
}

/* Limits inside which a value is seen: none below a floor, none above a cap. */
static void limits(struct prior *p, double *x)
{
    double mean, sd, side = prior_between(p, .5, 2.5);
    size_t kind = prior_below(p, 3);

    trm_prior_moments(x, p->all, &mean, &sd);
    for (size_t t = 0; t < p->all; t++) {
        if (kind != 0)
            x[t] = fmin(x[t], mean + side * sd);
        if (kind != 1)
            x[t] = fmax(x[t], mean - side * sd);
    }
    if (kind != 1) /* the floor is zero, as a rule */
        for (size_t t = 0; t < p->all; t++)
            x[t] -= mean - side * sd;
}

/* To a grid of round numbers, from hardly seen to a few steps in all. */
static void round_off(struct prior *p, double *x)
{
    static const double grids[] = {1, 1, 1, .5, .25, .1, 2, 5};
    double mean, sd, grid;

    trm_prior_moments(x, p->all, &mean, &sd);
    grid = pow(10, floor(log10(fmax(sd, 1e-9) * prior_log_between(p, .003, .6))));
    grid *= grids[prior_below(p, sizeof grids / sizeof grids[0])];
    if (!(grid > 0))
        return;
    for (size_t t = 0; t < p->all; t++)
        x[t] = grid * floor(x[t] / grid + .5);
}

/* Whole numbers, where enough of the path survives it. */
static void to_whole(struct prior *p, double *x)
{
    double mean, sd;

    trm_prior_moments(x, p->all, &mean, &sd);
    if (sd < 1.5)
        return;
    for (size_t t = 0; t < p->all; t++)
        x[t] = floor(x[t] + .5);
}

static void to_units(struct prior *p, double *x)
{
    double size = 0, unit = prior_log_between(p, 1e-2, 1e6);

    for (size_t t = 0; t < p->all; t++)
        size += fabs(x[t]) / (double)p->all;
    unit /= fmax(size, 1e-9);
    for (size_t t = 0; t < p->all; t++)
        x[t] *= unit;
}

void trm_prior_observe(struct prior *p, double *x)
{
    bool positive = true;

    if (!(p->look & PRIOR_LINKED))
        link_up(p, x);
    if (!(p->look & PRIOR_CALM))
        accidents(p, x);
    for (size_t t = 0; t < p->all; t++)
        positive = positive && x[t] >= 0;
    if (p->look & PRIOR_FINISHED)
        return;
    if (positive && prior_chance(p, .13)) {
        count(p, x);
        return;
    }
    if (prior_chance(p, .04))
        running_mean(p, x);
    else if (positive && p->m > 1 && prior_chance(p, .01))
        to_date(p, x);
    if (!(p->look & PRIOR_LINKED) && prior_chance(p, .05))
        limits(p, x);
    to_units(p, x);
    if (prior_chance(p, .35))
        round_off(p, x);
    else if (prior_chance(p, .5))
        to_whole(p, x);
}

/* Not written down: stretches and single values become NaN, repeat the last value or are bridged by
 * a line. */
void trm_prior_gaps(struct prior *p, double *x)
{
    size_t free = p->n - trm_min_size(p->n, trm_max_size(p->m / 10, 1) + 1), left = p->n / 5;
    bool repaired = prior_chance(p, .25), line = prior_chance(p, .4), single = prior_chance(p, .4);
    size_t gaps = 1 + prior_below(p, single ? trm_max_size(p->n / 10, 1) : 5);

    for (size_t k = 0; k < gaps && free > 4; k++) {
        size_t from = 1 + prior_below(p, free - 1);
        size_t length =
            single ? 1 : 1 + (size_t)prior_log_between(p, 1, fmax(1.5, (double)p->n / 12));
        size_t to = trm_min_size(from + trm_min_size(length, left), free);
        for (size_t t = from; t < to; t++, left--)
            x[t] = !repaired ? TRM_NAN
                   : line    ? x[t - 1] + (x[to] - x[t - 1]) / (double)(to - t + 1)
                             : x[t - 1];
    }
}
