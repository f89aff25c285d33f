/* Level processes of the textbooks: walks, trends, autoregressions, Gaussian processes, shifts.
 * Refuses to know seasons and units: every path leaves with mean 0 and deviation 1. Surprising:
 * autoregressions are drawn by their poles, not by their coefficients, so that they never explode
 * and near unit roots and cycles come as often as meant. */
#include "core/prior_parts.h"

#include <string.h>

/* More grows than shrinks. */
static double upward(struct prior *p)
{
    return prior_chance(p, .68) ? 1 : -1;
}

static void walk(struct prior *p, double *x)
{
    double drift = prior_chance(p, .5) ? upward(p) * prior_log_between(p, .005, .6) : 0;
    double freedom = prior_log_between(p, 2.5, 30), lazy = prior_chance(p, .15) ? .7 : 0, at = 0;

    for (size_t t = 0; t < p->all; t++) {
        if (!prior_chance(p, lazy))
            at += drift + trm_prior_student(p, freedom);
        x[t] = at;
    }
}

/* Level and slope both walk; the slope may be damped. */
static void trend(struct prior *p, double *x)
{
    double damp = prior_chance(p, .5) ? 1 : 1 - prior_log_between(p, .002, .3);
    double rough = prior_log_between(p, .01, 1), bend = prior_log_between(p, .01, .3);
    double at = 0, slope = upward(p) * fabs(prior_normal(p)) * .3;

    for (size_t t = 0; t < p->all; t++) {
        slope = damp * slope + bend * rough * prior_normal(p);
        at += slope + rough * prior_normal(p);
        x[t] = at;
    }
}

static void saturating(struct prior *p, double *x)
{
    double middle = prior_between(p, -.3, 1.2) * (double)p->all;
    double width = prior_log_between(p, .03, .5) * (double)p->all, sign = upward(p);
    double power = prior_log_between(p, .5, 2);

    for (size_t t = 0; t < p->all; t++)
        x[t] = sign * pow(1.0 / (1.0 + exp(-((double)t - middle) / width)), power);
}

static void bent_line(struct prior *p, double *x)
{
    double rate = prior_log_between(p, .5, 8) / (double)p->all, slope = prior_normal(p), at = 0;

    for (size_t t = 0; t < p->all; t++) {
        if (prior_chance(p, rate))
            slope = prior_chance(p, .3) ? slope * .3 : prior_normal(p) + .3;
        at += slope;
        x[t] = at;
    }
}

/* Smooth growth: a line, bends, a saturation or an exponential, perhaps with a little walk. */
static void growth(struct prior *p, double *x)
{
    size_t kind = prior_below(p, 4);
    double rate = upward(p) * prior_log_between(p, .2, 3) / (double)p->all;
    double wander = prior_chance(p, .5) ? prior_log_between(p, .01, .4) : 0, at = 0;

    if (kind == 0)
        saturating(p, x);
    else if (kind == 1)
        bent_line(p, x);
    else
        for (size_t t = 0; t < p->all; t++)
            x[t] = kind == 2 ? rate * (double)t : exp(rate * (double)t);
    trm_prior_standardise(x, p->all);
    for (size_t t = 0; t < p->all; t++) {
        at += wander * prior_normal(p) / sqrt((double)p->all);
        x[t] += 3 * at;
    }
}

/* Coefficients of an order 1..3 autoregression from poles inside the unit circle. */
static void draw_poles(struct prior *p, double ret[3])
{
    double real =
        prior_chance(p, .5) ? 1 - prior_log_between(p, .001, .7) : prior_between(p, -.6, .9);
    double a = 0, b = 0;

    if (prior_chance(p, .5)) {
        double radius = 1 - prior_log_between(p, .005, .6);
        double angle = PRIOR_TAU / prior_log_between(p, 3, 100);
        a = 2 * radius * cos(angle);
        b = -radius * radius;
        if (prior_chance(p, .6))
            real = 0;
    } else if (prior_chance(p, .4)) {
        a = prior_between(p, -.5, .95);
    }
    ret[0] = real + a;
    ret[1] = b - real * a;
    ret[2] = -real * b;
}

static void autoregression(struct prior *p, double *x)
{
    double c[3], a = 0, b = 0, d = 0, freedom = prior_log_between(p, 3, 60);
    double average = prior_chance(p, .3) ? prior_between(p, -.8, .8) : 0, last = 0;

    draw_poles(p, c);
    for (size_t t = 0; t < p->all + 150; t++) {
        double shock = trm_prior_student(p, freedom);
        double at = c[0] * a + c[1] * b + c[2] * d + shock + average * last;
        last = shock;
        d = b;
        b = a;
        a = at;
        if (t >= 150)
            x[t - 150] = at;
    }
}

static void integrated(struct prior *p, double *x)
{
    double drift = prior_chance(p, .5) ? prior_normal(p) * .3 + .1 : 0, at = 0;

    autoregression(p, x);
    trm_prior_standardise(x, p->all);
    for (size_t t = 0; t < p->all; t++) {
        at += x[t] + drift;
        x[t] = at;
    }
}

/* Reverts to a mean, at a speed, with a spread that all change with a hidden state. */
static void regimes(struct prior *p, double *x)
{
    size_t states = 2 + prior_below(p, 2), state = 0;
    double mean[3], pull[3], vol[3], leave[3], at = 0;
    double apart = prior_log_between(p, .2, 4);

    for (size_t i = 0; i < 3; i++) {
        mean[i] = apart * prior_normal(p);
        pull[i] = prior_log_between(p, .01, .9);
        vol[i] = prior_log_between(p, .1, 2) * sqrt(pull[i]);
        leave[i] = 1 / prior_log_between(p, 8, fmax(16, (double)p->all / 2));
    }
    for (size_t t = 0; t < p->all; t++) {
        if (prior_chance(p, leave[state]))
            state = prior_below(p, states);
        at += pull[state] * (mean[state] - at) + vol[state] * prior_normal(p);
        x[t] = at;
    }
}

/* Adds a random wave of one frequency by turning a pointer: no sine per step. */
static void add_wave(struct prior *p, double frequency, double gain, double *x)
{
    double angle = prior_between(p, 0, PRIOR_TAU), re = gain * cos(angle), im = gain * sin(angle);
    double c = cos(frequency), s = sin(frequency);

    for (size_t t = 0; t < p->all; t++) {
        double next = c * re - s * im;
        im = s * re + c * im;
        re = next;
        x[t] += re;
    }
}

/* Random Fourier features: normal frequencies are an RBF kernel, Student ones a Matern, normal ones
 * with a gamma scale a rational quadratic. */
static void gaussian_process(struct prior *p, double *x)
{
    size_t kernels = 1 + prior_below(p, 3);

    memset(x, 0, p->all * sizeof *x);
    for (size_t k = 0; k < kernels; k++) {
        size_t kind = prior_below(p, 3);
        double scale = prior_log_between(p, .015, .7) * (double)p->all,
               gain = prior_log_between(p, .1, 1);
        for (size_t i = 0; i < 20; i++) {
            double f = kind == 1 ? trm_prior_student(p, 3) : prior_normal(p);
            if (kind == 2)
                f *= sqrt(trm_prior_gamma(p, 1.5));
            add_wave(p, trm_clamp(f / fmax(scale, 1.5), -2.5, 2.5), gain, x);
        }
    }
}

static void long_memory(struct prior *p, double *x)
{
    double scale = prior_log_between(p, .5, 3), ratio = prior_between(p, 3, 8);
    double gain = 1, steeper = prior_between(p, .7, 1.8), *part = p->work[ROW_TEMP];

    memset(x, 0, p->all * sizeof *x);
    while (scale < 2 * (double)p->all) {
        trm_prior_rough(p, scale, part);
        for (size_t t = 0; t < p->all; t++)
            x[t] += gain * part[t];
        scale *= ratio;
        gain *= steeper;
    }
}

/* Steps up and down; some come back after a while. */
static void shifts(struct prior *p, double *x)
{
    double rate = prior_log_between(p, 1, 12) / (double)p->all, base = 0, at = 0;
    bool returns = prior_chance(p, .3), walks = prior_chance(p, .5);
    double wander = prior_chance(p, .4) ? prior_log_between(p, .003, .1) : 0;

    for (size_t t = 0; t < p->all; t++) {
        if (prior_chance(p, rate))
            at = returns && at != base ? base : (walks ? at : base) + trm_prior_student(p, 4);
        base += wander * prior_normal(p);
        at += wander * prior_normal(p);
        x[t] = at;
    }
}

static void threshold(struct prior *p, double *x)
{
    double low = prior_between(p, -.8, .98), high = prior_between(p, -.8, .98), at = 0, past = 0;
    double up = prior_between(p, 0, 1), down = prior_between(p, -1, 0),
           quiet = prior_log_between(p, .1, 1);

    for (size_t t = 0; t < p->all; t++) {
        double side = past;
        past = at;
        at =
            side < 0 ? up + low * at + prior_normal(p) : down + high * at + quiet * prior_normal(p);
        x[t] = at;
    }
}

void trm_prior_level(struct prior *p, enum prior_level kind, double *x)
{
    static void (*const makers[])(struct prior *, double *) = {
        walk, trend,       growth, autoregression, regimes, integrated, gaussian_process,
        NULL, long_memory, shifts, threshold};

    if (kind == LEVEL_WHITE)
        memset(x, 0, p->all * sizeof *x);
    else if (kind > LEVEL_THRESHOLD)
        trm_prior_odd(p, kind, x);
    else
        makers[kind](p, x);
    trm_prior_standardise(x, p->all);
}
