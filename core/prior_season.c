/* How a shape repeats: days of different types in a week, amplitudes that drift or follow the
 * weather, shapes that change slowly, phases that slip, a smooth year on top, holidays. Refuses to
 * know levels and units. Surprising: a holiday is a Sunday that comes unannounced. */
#include "core/prior_parts.h"

#include <string.h>

#define TYPES_MAX 5

/* Which of the profiles each day of the week uses, and how much of it. */
struct week {
    size_t types;
    unsigned char of_day[7];
    double gain[7], shift[7];
    double holidays; /* chance of a day to be one */
};

static void draw_week(struct prior *p, size_t room, struct week *w)
{
    double weekend =
        prior_chance(p, .8) ? prior_log_between(p, .2, .95) : prior_log_between(p, 1, 1.6);
    double uneven = prior_log_between(p, .01, .15), lower = prior_between(p, -.5, 1.2);
    bool one_day = prior_chance(p, .15);

    memset(w, 0, sizeof *w);
    w->types = trm_min_size(trm_max_size(room, 1), prior_chance(p, .2) ? 2 : 3 + prior_below(p, 3));
    w->holidays = prior_chance(p, .5) ? prior_log_between(p, .005, .05) : 0;
    for (size_t d = 0; d < 7; d++) {
        bool off = d == 6 || (d == 5 && !one_day);
        size_t type = d == 5 && !one_day ? 1 : d == 6 ? 2 : d == 4 ? 3 : d == 0 ? 4 : 0;
        if (d == 6 && w->types == 2)
            type = 1;
        w->of_day[d] = type < w->types ? (unsigned char)type
                       : off           ? (unsigned char)(w->types - 1)
                                       : 0;
        w->gain[d] = (off ? weekend : 1) * exp(uneven * prior_normal(p));
        w->shift[d] = (off ? -lower * (1 - weekend) : 0) + uneven * prior_normal(p);
        if (d == 5 && !one_day)
            w->gain[d] = sqrt(w->gain[d]);
    }
}

/* The first profile is drawn; the others are the first with something else mixed in. */
static void draw_profiles(struct prior *p, size_t types, size_t m, double *all)
{
    enum prior_profile kind = trm_prior_profile_pick(p);
    double *other = p->work[ROW_TEMP];

    trm_prior_profile(p, kind, m, all);
    trm_prior_standardise(all, m);
    for (size_t i = 1; i < types; i++) {
        double mixed = i < 3 ? prior_between(p, .1, .9) : prior_between(p, 0, .3);
        trm_prior_profile(p, kind == PROFILE_SOLAR ? kind : trm_prior_profile_pick(p), m, other);
        trm_prior_standardise(other, m);
        for (size_t j = 0; j < m; j++)
            all[i * m + j] = (1 - mixed) * all[j] + mixed * other[j];
    }
}

/* One draw per period, repeated through it, with memory: cloudy and clear days. */
static void weather_amplitude(struct prior *p, double *amp)
{
    double keep = prior_between(p, 0, .9), wild = prior_log_between(p, .05, .7),
           at = prior_normal(p);
    double before = at;

    for (size_t t = 0; t < p->all; t++) {
        size_t in = (t + p->start) % p->m;
        if (in == 0) {
            before = at;
            at = keep * at + sqrt(1 - keep * keep) * prior_normal(p);
        }
        amp[t] = exp(wild * (in * 8 < p->m ? before : at));
    }
}

static void draw_amplitude(struct prior *p, double *amp)
{
    size_t kind = prior_below(p, 14), cut = p->all / 8 + prior_below(p, p->all * 3 / 4 + 1);
    double wild = prior_log_between(p, .05, .8), sign = prior_sign(p);

    if (kind <= 2) {
        trm_prior_smooth(p, prior_log_between(p, .5, 20) * (double)p->m, amp);
        for (size_t t = 0; t < p->all; t++)
            amp[t] = exp(.6 * wild * amp[t]);
    } else if (kind <= 4) {
        weather_amplitude(p, amp);
    } else {
        for (size_t t = 0; t < p->all; t++) {
            double at = (double)t / (double)p->all;
            amp[t] = kind == 5               ? exp(sign * wild * 1.5 * at)
                     : kind == 6 && t >= cut ? exp(sign * 2 * wild)
                                             : 1;
        }
    }
}

/* How a period is walked through: steadily, with slips of phase, or bent. */
struct pace {
    double slip, drift, at;
};

static double value_at(const double *profile, size_t m, double phase)
{
    double whole = floor(phase), part = phase - whole;
    size_t i = (size_t)whole % m, j = i + 1 < m ? i + 1 : 0;
    return profile[i] + (part > 0 ? part * (profile[j] - profile[i]) : 0);
}

static void repeat(struct prior *p, const struct week *w, bool second, const double *profiles,
                   const double *amp, double *x)
{
    struct pace pace = {0, 0, 0};
    bool week = w->types > 0, morphs = prior_chance(p, .2) && second && !week;
    size_t m = p->m, day = (p->start / m) % 7;
    bool holiday = false;

    if (m >= 12 && prior_chance(p, .12))
        pace.slip = prior_log_between(p, .002, .05) * (double)m;
    for (size_t t = 0; t < p->all; t++) {
        size_t in = (t + p->start) % m;
        if (in == 0 || t == 0) {
            day = ((t + p->start) / m) % 7;
            holiday = week && prior_chance(p, w->holidays);
            pace.at = .7 * pace.at + pace.slip * prior_normal(p);
        }
        size_t as = holiday ? 6 : day;
        double phase = (double)in + pace.at + 4 * (double)m, v;
        v = value_at(profiles + (week ? w->of_day[as] : 0) * m, m, phase);
        if (morphs) { /* into the second profile, by the end */
            double part = (double)t / (double)p->all;
            v += part * (value_at(profiles + m, m, phase) - v);
        }
        x[t] = amp[t] * (week ? w->gain[as] * v + w->shift[as] : v);
    }
}

/* Seven slots of the daily classes: a working week, or a shape. */
static void seven_days(struct prior *p, double *profile)
{
    double off = prior_chance(p, .75) ? -1 : 1, uneven = prior_log_between(p, .05, 1);
    double saturday = prior_between(p, 0, 1);

    if (prior_chance(p, .35)) {
        trm_prior_profile(p, trm_prior_profile_pick(p), 7, profile);
        return;
    }
    for (size_t d = 0; d < 7; d++)
        profile[d] = (d == 6 ? off : d == 5 ? off * saturday : 0) + .4 * uneven * prior_normal(p);
}

void trm_prior_year(struct prior *p, double peak, double *x)
{
    size_t top = peak >= 0 ? 2 : 1 + prior_below(p, 4);
    double gain[4], phase[4];

    memset(x, 0, p->all * sizeof *x);
    if (p->year < 4)
        return;
    for (size_t k = 0; k < top; k++) {
        gain[k] = k == 0 ? 1 : .5 * prior_normal(p) / (double)k;
        phase[k] = k == 0 && peak >= 0 ? peak : prior_between(p, 0, 1);
    }
    if (peak >= 0)
        gain[1] *= .3;
    for (size_t t = 0; t < p->all; t++) {
        double at = (double)(t + p->start) / p->year;
        for (size_t k = 0; k < top; k++)
            x[t] += gain[k] * cos(PRIOR_TAU * (double)(k + 1) * (at - phase[k]));
    }
    if ((double)p->all > .8 * p->year)
        trm_prior_standardise(x, p->all);
}

void trm_prior_season(struct prior *p, double *x)
{
    struct week w = {0};
    double *profiles = p->work[ROW_PROFILE], *amp = p->work[ROW_AMP], *year = p->work[ROW_TEMP];
    size_t m = p->m, room = sizeof p->work[0] / sizeof p->work[0][0] / trm_max_size(m, 1);
    bool calendar = p->day >= 1 && (double)m > p->day - .5;

    memset(x, 0, p->all * sizeof *x);
    if (m > 1) {
        if (p->human && calendar && m > 7)
            draw_week(p, room, &w);
        size_t types = w.types ? w.types : trm_min_size(2, room);
        if (m == 7 && p->human) {
            seven_days(p, profiles);
            trm_prior_standardise(profiles, m);
            memcpy(profiles + m, profiles, m * sizeof *x);
        } else {
            draw_profiles(p, types, m, profiles);
        }
        draw_amplitude(p, amp);
        repeat(p, &w, types > 1, profiles, amp, x);
        trm_prior_standardise(x, p->all);
    }
    if (p->year > 1.5 * (double)m && prior_chance(p, m > 1 ? .5 : .8)) {
        double gain = m > 1 ? prior_log_between(p, .1, 2) : 1;
        trm_prior_year(p, -1, year);
        for (size_t t = 0; t < p->all; t++)
            x[t] += gain * year[t];
        trm_prior_standardise(x, p->all);
    }
}
