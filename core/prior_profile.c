/* Shapes of one period: waves, bumps, working days, sunshine, schedules. Refuses to know how they
 * repeat. Surprising: a shape knows nothing of its period but its number of slots, so a "day" may
 * well be drawn for twelve months. */
#include "core/prior_parts.h"

#include <string.h>

static double bump(double at, double centre, double sharp)
{
    return exp(sharp * (cos(PRIOR_TAU * (at - centre)) - 1));
}

/* Waves of falling height: as a power of the harmonic, or like a Gaussian process that is periodic.
 */
static void waves(struct prior *p, bool smooth, size_t m, double *x)
{
    size_t top = trm_min_size(trm_max_size(m / 2, 1), smooth ? 8 : 2 + prior_below(p, 8));
    double fall = smooth ? prior_log_between(p, .05, 1) : prior_between(p, .5, 2);

    memset(x, 0, m * sizeof *x);
    for (size_t k = 1; k <= top; k++) {
        double order = (double)k, gain = smooth ? exp(-fall * order * order) : pow(order, -fall);
        double a = gain * prior_normal(p), b = gain * prior_normal(p);
        for (size_t i = 0; i < m; i++) {
            double angle = PRIOR_TAU * order * (double)i / (double)m;
            x[i] += a * cos(angle) + b * sin(angle);
        }
    }
}

static void bumps(struct prior *p, size_t m, double *x)
{
    size_t count = 1 + prior_below(p, 4);

    memset(x, 0, m * sizeof *x);
    for (size_t k = 0; k < count; k++) {
        double centre = prior_between(p, 0, 1), sharp = prior_log_between(p, 1.5, 80);
        double height = prior_chance(p, .8) ? prior_between(p, .3, 1) : -prior_between(p, .2, .8);
        for (size_t i = 0; i < m; i++)
            x[i] += height * bump((double)i / (double)m, centre, sharp);
    }
}

static double ramp_up(double at, double centre, double width)
{
    return 1 / (1 + exp(-(at - centre) / width));
}

/* A day of people: asleep, up in the morning, perhaps a peak, a noon dip, an evening peak. */
static void human_day(struct prior *p, size_t m, double *x)
{
    double zone = prior_chance(p, .3) ? prior_between(p, 0, 1) : 0;
    double up = prior_between(p, .22, .36), down = prior_between(p, .72, .98);
    double width = prior_log_between(p, .01, .05), width2 = prior_log_between(p, .015, .07);
    double morning = prior_chance(p, .5) ? prior_between(p, .2, 1.2) : 0;
    double evening = prior_chance(p, .6) ? prior_between(p, .2, 1.2) : 0;
    double noon = prior_chance(p, .4) ? prior_between(p, -.4, .6) : 0;
    double sharp1 = prior_log_between(p, 15, 200), sharp2 = prior_log_between(p, 10, 100);
    double tilt = prior_between(p, -.5, .5),
           uneven = prior_chance(p, .5) ? prior_log_between(p, .01, .1) : 0;
    double late = prior_between(p, .7, .87);

    for (size_t i = 0; i < m; i++) {
        double at = ((double)i + .5) / (double)m;
        double awake = ramp_up(at, up, width) * (1 - ramp_up(at, down, width2));
        double past = down > .9 ? 1 - ramp_up(at + 1, down, width2) : 0;
        size_t to = (i + (size_t)(zone * (double)m)) % m;
        x[to] = awake + past + tilt * awake * (at - .5) + morning * bump(at, up + .03, sharp1) +
                evening * bump(at, late, sharp2) + noon * bump(at, .53, 25) +
                uneven * prior_normal(p);
    }
}

static void sunshine(struct prior *p, size_t m, double *x)
{
    double noon = prior_chance(p, .7) ? prior_between(p, .48, .57) : prior_between(p, 0, 1);
    double cut = prior_between(p, -.4, .4), power = prior_log_between(p, .7, 2);

    for (size_t i = 0; i < m; i++) {
        double height = cos(PRIOR_TAU * (((double)i + .5) / (double)m - noon)) - cut;
        x[i] = height > 0 ? pow(height, power) : 0;
    }
}

static void independent(struct prior *p, size_t m, double *x)
{
    bool heavy = prior_chance(p, .3);

    for (size_t i = 0; i < m; i++)
        x[i] = heavy ? trm_prior_student(p, 3) : prior_normal(p);
}

/* Few slots stand out: a nightly job, a holiday month, a pay day. */
static void spikes(struct prior *p, size_t m, double *x)
{
    size_t count = 1 + prior_below(p, trm_min_size(4, trm_max_size(m / 3, 1)));
    size_t width = 1 + (m > 40 ? prior_below(p, m / 20) : 0);
    double floor_noise = prior_log_between(p, .01, .4);

    for (size_t i = 0; i < m; i++)
        x[i] = floor_noise * prior_normal(p);
    for (size_t k = 0; k < count; k++) {
        size_t at = prior_below(p, m);
        double height = prior_log_between(p, .3, 2) * (prior_chance(p, .85) ? 1 : -1);
        for (size_t i = 0; i < width; i++)
            x[(at + i) % m] += height;
    }
}

static void working_hours(struct prior *p, size_t m, double *x)
{
    size_t from = prior_below(p, m), length = 1 + prior_below(p, trm_max_size(m * 2 / 3, 1));
    double inside = prior_chance(p, .4) ? prior_log_between(p, .02, .3) : 0;

    for (size_t i = 0; i < m; i++)
        x[i] = ((i + m - from) % m < length ? 1 : 0) + inside * prior_normal(p);
}

static void ramp(struct prior *p, size_t m, double *x)
{
    size_t from = prior_below(p, m);
    double power = prior_log_between(p, .4, 3), sign = prior_sign(p);

    for (size_t i = 0; i < m; i++)
        x[(i + from) % m] = sign * pow((double)(i + 1) / (double)m, power);
}

void trm_prior_profile(struct prior *p, enum prior_profile kind, size_t m, double *x)
{
    static void (*const makers[])(struct prior *, size_t, double *) = {
        [PROFILE_BUMPS] = bumps,     [PROFILE_HUMAN] = human_day, [PROFILE_SOLAR] = sunshine,
        [PROFILE_IID] = independent, [PROFILE_SPIKES] = spikes,   [PROFILE_SQUARE] = working_hours,
        [PROFILE_RAMP] = ramp};

    if (kind == PROFILE_HARMONIC || kind == PROFILE_SMOOTH)
        waves(p, kind == PROFILE_SMOOTH, m, x);
    else
        makers[kind](p, m, x);
}

/* By the number of slots: months like independent values, days like people or weather. */
enum prior_profile trm_prior_profile_pick(struct prior *p)
{
    static const double by_month[PROFILES] = {3, 3, 1, 0, .5, 5, 1.2, .2, .3};
    static const double by_human_day[PROFILES] = {2, 2, 2, 7, .3, .4, 1, .7, .3};
    static const double by_nature[PROFILES] = {3, 4, 2, 0, 1.5, .2, .5, .3, .3};
    const double *weight = p->m <= 12 ? by_month : p->human ? by_human_day : by_nature;
    double sum = 0, at;

    for (size_t i = 0; i < PROFILES; i++)
        sum += weight[i];
    at = prior_between(p, 0, sum);
    for (size_t i = 0; i < PROFILES; i++)
        if ((at -= weight[i]) < 0)
            return (enum prior_profile)i;
    return PROFILE_SMOOTH;
}
