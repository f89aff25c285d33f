/* Level processes of machines and nature that no textbook ARIMA makes: shots that decay, sawteeth,
 * switches, values that rarely change, chaos and cycles without a fixed period. Refuses to know
 * units. Surprising: the chaotic maps carry no noise of their own; it is added where everything is.
 */
#include "core/prior_parts.h"

/* Jumps that decay at two speeds: rain in a river, news on a page, a queue after an incident. */
static void shots(struct prior *p, double *x)
{
    double rate = 1 / prior_log_between(p, 4, fmax(12, (double)p->all / 8));
    double fast = exp(-1 / prior_log_between(p, .7, 15)),
           slow = exp(-1 / prior_log_between(p, 5, 150));
    double share = prior_between(p, 0, .5), heavy = prior_log_between(p, .3, 1.5), a = 0, b = 0,
           in = 0;
    double build = prior_chance(p, .4) ? prior_between(p, .3, .8) : 0;

    for (size_t t = 0; t < p->all; t++) {
        double jump = prior_chance(p, rate) ? exp(heavy * prior_normal(p)) : 0;
        in = build * in + (1 - build) * jump;
        a = fast * a + (1 - share) * in;
        b = slow * b + share * in;
        x[t] = a + b;
    }
}

/* Fills at a pace until a mark, then falls: disks, memory, batteries, stock. */
static void sawtooth(struct prior *p, double *x)
{
    double length = prior_log_between(p, 6, fmax(12, (double)p->all / 3));
    double loose = prior_chance(p, .4) ? 0 : prior_log_between(p, .02, .4),
           rest = prior_between(p, 0, .3);
    double sign = prior_sign(p), curve = prior_chance(p, .5) ? 1 : prior_log_between(p, .4, 2.5);
    double at = 0, mark = 1, pace = 1 / length;
    double wait = prior_chance(p, .3) ? prior_between(p, .2, 1.5) * length : 0, idle = 0;

    for (size_t t = 0; t < p->all; t++) {
        x[t] = sign * pow(fmax(at, 0), curve);
        if (idle > 0) {
            idle -= 1;
            continue;
        }
        at += pace * (1 + loose * prior_normal(p));
        if (at < mark)
            continue;
        at = rest * trm_rng_uniform(&p->rng);
        mark = 1 + loose * prior_normal(p) * .5;
        mark = fmax(mark, .5);
        idle = wait;
    }
}

/* 2 to 4 states, held for random times. */
static void telegraph(struct prior *p, double *x)
{
    size_t states = 2 + prior_below(p, 3), state = 0;
    double level[4], leave[4];

    for (size_t i = 0; i < 4; i++) {
        level[i] = prior_chance(p, .5) ? (double)i : 2 * prior_normal(p);
        leave[i] = 1 / prior_log_between(p, 2, fmax(8, (double)p->all / 12));
    }
    for (size_t t = 0; t < p->all; t++) {
        if (prior_chance(p, leave[state]))
            state = (state + 1 + prior_below(p, states - 1)) % states;
        x[t] = level[state];
    }
}

/* Prices on a list, tariffs, sizes: constant, then suddenly something else. */
static void rare(struct prior *p, double *x)
{
    double rate = prior_log_between(p, 5, 40) / (double)p->all, at = 0,
           up = prior_between(p, .3, 1);

    for (size_t t = 0; t < p->all; t++) {
        if (prior_chance(p, rate))
            at += (prior_chance(p, up) ? 1 : -1) * (prior_chance(p, .3) ? 1 : prior_exponential(p));
        x[t] = at;
    }
}

static void logistic_map(struct prior *p, double *x)
{
    double r = prior_between(p, 3.5, 4), at = prior_between(p, .1, .9);

    for (size_t t = 0; t < p->all; t++) {
        x[t] = at;
        at = trm_clamp(r * at * (1 - at), 1e-6, 1 - 1e-6);
    }
}

/* The Mackey-Glass equation: a delayed feedback, between cycle and chaos. */
static void delayed(struct prior *p, double *x)
{
    size_t delay = 8 + prior_below(p, 30);
    double past[64], at = 1.2, power = prior_between(p, 7, 12);

    for (size_t i = 0; i < 64; i++)
        past[i] = 1 + .2 * prior_normal(p);
    for (size_t t = 0; t < p->all + 200; t++) {
        double then = past[(t + 64 - delay) % 64];
        at += .2 * then / (1 + pow(fabs(then), power)) - .1 * at;
        past[t % 64] = at;
        if (t >= 200)
            x[t - 200] = at;
    }
}

/* One coordinate of Lorenz's weather. */
static void lorenz(struct prior *p, double *x)
{
    double a = prior_normal(p), b = prior_normal(p), c = 25, step = prior_log_between(p, .01, .08);
    size_t show = prior_below(p, 2);

    for (size_t t = 0; t < p->all + 50; t++) {
        for (int k = 0; k < 8; k++) {
            double h = step / 8, da = 10 * (b - a), db = a * (28 - c) - b, dc = a * b - 8 * c / 3;
            a += h * da;
            b += h * db;
            c += h * dc;
        }
        if (t >= 50)
            x[t - 50] = show ? c : a;
    }
}

static void chaos(struct prior *p, double *x)
{
    size_t kind = prior_below(p, 4);

    if (kind == 0)
        logistic_map(p, x);
    else if (kind == 1)
        lorenz(p, x);
    else
        delayed(p, x);
}

/* Cycles whose length and height differ from one to the next: sunspots, lynx, business. */
static void cycle(struct prior *p, double *x)
{
    double length = prior_log_between(p, 5, fmax(10, (double)p->all / 3));
    double phase = prior_between(p, 0, 1), height = 1, pace = 1 / length;
    double loose = prior_log_between(p, .02, .3), uneven = prior_log_between(p, .02, .5);
    double lean = prior_between(p, .2, .8), sharp = prior_log_between(p, .7, 3), drift = 0;
    bool smooth = prior_chance(p, .5);

    for (size_t t = 0; t < p->all; t++) {
        double u = phase < lean ? .5 * phase / lean : .5 + .5 * (phase - lean) / (1 - lean);
        double wave = .5 - .5 * cos(PRIOR_TAU * u);
        x[t] = height * (smooth ? wave : pow(wave, sharp));
        drift = .95 * drift + .1 * prior_normal(p) * loose;
        phase += pace * fmax(.2, 1 + drift);
        if (phase < 1)
            continue;
        phase -= floor(phase);
        height = exp(uneven * prior_normal(p));
        pace = exp(loose * prior_normal(p)) / length;
    }
}

void trm_prior_odd(struct prior *p, enum prior_level kind, double *x)
{
    static void (*const makers[])(struct prior *, double *) = {shots, sawtooth, telegraph,
                                                               rare,  chaos,    cycle};

    makers[kind - LEVEL_SHOTS](p, x);
}
