/* Series that nature makes: sun, temperature, wind, dirty air, rivers. Refuses to know weekdays.
 * Surprising: one hidden weather, smooth over days, stands behind all of them, each seen through
 * its own glass. */
#include "core/prior_parts.h"

#include <string.h>

/* Steps a weather lasts: some days, or a few steps where a step is longer than a day. */
static double weather_memory(struct prior *p)
{
    double day = p->day > 0 ? p->day : 1;
    return fmax(.8, day * prior_log_between(p, .6, 6));
}

static double *day_wave(struct prior *p, double *x)
{
    double peak = prior_between(p, .5, .65), second = prior_between(p, -.3, .3),
           turn = prior_between(p, 0, 1);

    memset(x, 0, p->all * sizeof *x);
    if (p->day < 4)
        return x;
    for (size_t t = 0; t < p->all; t++) {
        double at = (double)(t + p->start) / p->day - peak;
        x[t] = cos(PRIOR_TAU * at) + second * cos(2 * PRIOR_TAU * (at - turn));
    }
    return x;
}

/* Clear sky times clouds; night is exactly nothing. */
void trm_prior_solar(struct prior *p, double *x)
{
    double *slow = p->work[ROW_LEVEL], *fast = p->work[ROW_NOISE], *year = p->work[ROW_SLOW],
           *profile = p->work[ROW_PROFILE];
    double cloudy = prior_between(p, -1.5, 1.5), rough = prior_log_between(p, .1, 1.5),
           wide = prior_between(p, .3, 2.5);
    double yearly = prior_between(p, 0, .6),
           cap = prior_chance(p, .15) ? prior_between(p, .5, .9) : 9;
    size_t day = trm_max_size((size_t)p->day, 1);

    trm_prior_profile(p, PROFILE_SOLAR, day, profile);
    trm_prior_rough(p, weather_memory(p), slow);
    trm_prior_rough(p, fmax(.5, p->day * prior_log_between(p, .01, .2)), fast);
    trm_prior_year(p, .48, year);
    for (size_t t = 0; t < p->all; t++) {
        double clear = 1 / (1 + exp(-(1.5 - cloudy + wide * slow[t] + rough * fast[t])));
        double sky =
            profile[(t + p->start) % day] * (1 + yearly * trm_clamp(year[t], -1.5, 1.5) * .6);
        x[t] = fmin(fmax(0, sky) * clear, cap);
    }
    p->look |= PRIOR_LINKED | PRIOR_CALM;
}

/* Year + day + weather; the day swings more when it is clear. Also pressure and humidity, by their
 * shares. */
void trm_prior_temperature(struct prior *p, double *x)
{
    double *year = p->work[ROW_SLOW], *day = p->work[ROW_SEASON], *slow = p->work[ROW_LEVEL],
           *noise = p->work[ROW_NOISE];
    double swing = prior_chance(p, .85) ? prior_log_between(p, .5, 8) : 0,
           sky = prior_between(p, 0, .5);
    double yearly = prior_chance(p, .85) ? prior_log_between(p, 1, 13) : 0,
           wide = prior_log_between(p, 1.5, 7);
    double mean = prior_between(p, -5, 28), noisy = prior_log_between(p, .05, 1),
           *second = p->work[ROW_TEMP];
    size_t unit = prior_below(p, 6);

    day_wave(p, day);
    trm_prior_smooth(p, 1.5 * weather_memory(p), slow);
    trm_prior_rough(p, weather_memory(p), noise);
    trm_prior_year(p, prior_between(p, .5, .62), year);
    trm_prior_smooth(p, 2 * weather_memory(p), second);
    for (size_t t = 0; t < p->all; t++) {
        double clear = fmax(.1, 1 + sky * second[t]);
        x[t] = mean + yearly * year[t] + swing * clear * day[t] +
               wide * (.8 * slow[t] + .4 * noise[t]) + noisy * prior_normal(p);
        if (unit == 0)
            x[t] = 32 + 1.8 * x[t];
        if (unit == 1) /* humidity: the other way round, and full at 100 */
            x[t] = trm_clamp(70 - 2.2 * (x[t] - mean), 5, 100);
        if (unit == 2)
            x[t] += 1000;
        if (unit != 2 || prior_chance(p, .5))
            x[t] = .1 * floor(10 * x[t] + .5);
    }
    p->look |= PRIOR_LINKED | PRIOR_CALM | (prior_chance(p, .7) ? PRIOR_FINISHED : 0);
}

/* Speed is what a mean-reverting path is when squared; power is speed through a turbine. */
void trm_prior_wind(struct prior *p, double *x)
{
    double *slow = p->work[ROW_LEVEL], *fast = p->work[ROW_NOISE], *day = p->work[ROW_SEASON];
    double daily = prior_chance(p, .6) ? prior_log_between(p, .05, .6) : 0,
           gust = prior_log_between(p, .05, .5);
    double base = prior_between(p, 1.2, 2.6), wide = prior_between(p, .4, 1.1);
    bool power = prior_chance(p, .4);

    day_wave(p, day);
    trm_prior_rough(p, weather_memory(p), slow);
    trm_prior_rough(p, fmax(.5, .1 * weather_memory(p)), fast);
    for (size_t t = 0; t < p->all; t++) {
        double speed =
            base + wide * slow[t] + gust * fast[t] + daily * day[t] + .1 * gust * prior_normal(p);
        speed = fmax(0, speed) * fmax(0, speed);
        x[t] = power ? trm_clamp((1.05 / (1 + exp(-(speed - 7) / 1.6))) - .02, 0, 1) : speed;
    }
    p->look |= PRIOR_LINKED | PRIOR_CALM;
}

/* Concentrations: logarithm of slow weather, fast mixing, hours of traffic; washed out now and
 * then. */
void trm_prior_pollution(struct prior *p, double *x)
{
    double *slow = p->work[ROW_LEVEL], *fast = p->work[ROW_NOISE], *season = p->work[ROW_SEASON],
           *year = p->work[ROW_SLOW];
    double a = prior_log_between(p, .2, 1.2), b = prior_log_between(p, .05, .4),
           c = prior_log_between(p, .03, .4);
    double d = prior_log_between(p, .05, .5),
           wash = 1 / fmax(6, weather_memory(p) * prior_log_between(p, 1, 10));
    double washed = 0, back = exp(-1 / fmax(1, .5 * weather_memory(p)));

    p->human = prior_chance(p, .5);
    trm_prior_season(p, season);
    trm_prior_rough(p, weather_memory(p), slow);
    trm_prior_rough(p, fmax(.5, .1 * weather_memory(p)), fast);
    trm_prior_year(p, -1, year);
    for (size_t t = 0; t < p->all; t++) {
        washed = washed * back + (prior_chance(p, wash) ? prior_exponential(p) : 0);
        x[t] =
            exp(trm_clamp(a * slow[t] + b * fast[t] + c * season[t] + d * year[t] - washed, -9, 9));
    }
    p->look |= PRIOR_LINKED;
}

/* Rain comes by season, runs off fast and slowly, and the rest is ground water. */
void trm_prior_river(struct prior *p, double *x)
{
    double *year = p->work[ROW_SLOW], day = p->day > 0 ? p->day : 1,
           build = prior_between(p, .1, .7);
    double fast = exp(-1 / (day * prior_log_between(p, .8, 8))),
           slow = exp(-1 / (day * prior_log_between(p, 15, 200)));
    double rate = prior_log_between(p, .02, .4) / day, yearly = prior_log_between(p, .2, 1.5),
           heavy = prior_between(p, .5, 1.6);
    double share = prior_between(p, .1, .7), a = 0, b = 0, in = 0,
           base = prior_log_between(p, .05, 1);
    double noisy = prior_log_between(p, .003, .05);

    trm_prior_year(p, -1, year);
    for (size_t t = 0; t < p->all + 200; t++) {
        double wet = t < 200 ? 0 : yearly * year[t - 200];
        double rain = prior_chance(p, fmin(.9, rate * exp(.5 * wet)))
                          ? exp(heavy * prior_normal(p) + .5 * wet)
                          : 0;
        in = build * in + (1 - build) * rain;
        a = fast * a + (1 - share) * in;
        b = slow * b + share * .15 * in;
        if (t >= 200)
            x[t - 200] = (base + a + b) * exp(noisy * prior_normal(p));
    }
    p->look |= PRIOR_LINKED | PRIOR_CALM;
}
