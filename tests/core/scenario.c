/* Bases and faults. See scenario.h. */
#include "scenario.h"

#include <float.h>
#include <math.h>

#define TURN 6.28318530717958648

const char *scenario_base_name(enum scenario_base base)
{
    static const char *const names[BASES] = {"hours", "months", "counts", "minutes", "walk"};

    return names[base];
}

static double hours(size_t t, double noise)
{
    double x = (double)t;

    return 100 + 30 * sin(TURN * x / 24) + 8 * cos(2 * TURN * x / 24) + 10 * sin(TURN * x / 168) +
           3 * noise;
}

static double months(size_t t, double noise)
{
    double x = (double)t;

    return (500 + 2 * x) * (1 + .2 * sin(TURN * x / 12) + .05 * cos(2 * TURN * x / 12) + .03 * noise);
}

/* Demand on one day in twenty. */
static double counts(struct trm_rng *rng)
{
    if (trm_rng_uniform(rng) >= .05)
        return 0;
    return 1 + floor(-3 * log(1 - trm_rng_uniform(rng)));
}

static double next(enum scenario_base base, size_t t, double *state, struct trm_rng *rng)
{
    double noise = trm_rng_normal(rng);

    switch (base) {
    case BASE_HOURS: return hours(t, noise);
    case BASE_MONTHS: return months(t, noise);
    case BASE_COUNTS: return counts(rng);
    case BASE_MINUTES:
        *state = .8 * *state + noise;
        return 40 + 5 * sin(TURN * (double)t / 288) + 2 * *state;
    default: *state += noise; return 200 + *state;
    }
}

/* Mean size of a seasonal change over all there is. */
static double seasonal_size(const struct scenario *s)
{
    size_t n = s->n + s->horizon, m = s->season < n / 2 ? s->season : 1, seen = 0;
    double sum = 0;

    for (size_t t = m; t < n; t++)
        if (!isnan(s->values[t]) && !isnan(s->values[t - m])) {
            sum += fabs(s->values[t] / 2 - s->values[t - m] / 2) * 2;
            seen++;
        }
    return seen ? sum / (double)seen : 0;
}

void scenario_make(struct scenario *s, enum scenario_base base, size_t n, size_t horizon,
                   struct trm_rng *rng)
{
    static const size_t seasons[BASES] = {24, 12, 7, 288, 1};
    static const double sigmas[BASES] = {3, 20, 1, 2, 1};
    size_t phase = trm_rng_below(rng, 288);
    double state = 0;

    s->n = n;
    s->horizon = horizon;
    s->season = seasons[base];
    s->season2 = base == BASE_HOURS ? 168 : 0;
    s->sigma = sigmas[base];
    for (size_t t = 0; t < n + horizon; t++)
        s->values[t] = next(base, t + phase, &state, rng);
    s->scale = seasonal_size(s);
}

/* ---- faults ---- */

static void times(struct scenario *s, size_t from, size_t end, double size)
{
    for (size_t t = from; t < end; t++)
        s->values[t] *= size;
}

static void plus(struct scenario *s, size_t from, size_t end, double size)
{
    for (size_t t = from; t < end; t++)
        s->values[t] += size * s->sigma;
}

static void spikes(struct scenario *s, size_t count, double size, struct trm_rng *rng)
{
    for (size_t i = 0; i < count; i++)
        s->values[trm_rng_below(rng, s->n)] +=
            size * s->sigma * (trm_rng_uniform(rng) < .5 ? -1 : 1) * (.5 + trm_rng_uniform(rng));
}

static void holes(struct scenario *s, double part, struct trm_rng *rng)
{
    for (size_t t = 0; t < s->n; t++)
        if (trm_rng_uniform(rng) < part)
            s->values[t] = (double)NAN;
}

static void stretch(struct scenario *s, size_t from, size_t end, double value)
{
    for (size_t t = from; t < end; t++)
        s->values[t] = value;
}

void scenario_break(struct scenario *s, enum scenario_fault fault, size_t at, size_t length,
                    double size, struct trm_rng *rng)
{
    size_t all = s->n + s->horizon, end = at + length < s->n ? at + length : s->n;

    switch (fault) {
    case FAULT_TIMES:
        times(s, at, all, size);
        s->scale *= fabs(size);
        break;
    case FAULT_TIMES_TMP: times(s, at, end, size); break;
    case FAULT_PLUS: plus(s, at, all, size); break;
    case FAULT_STUCK: stretch(s, at, at + length > s->n ? all : end, s->values[at]); break;
    case FAULT_SPIKE: plus(s, at, end, size); break;
    case FAULT_SPIKES: spikes(s, length, size, rng); break;
    case FAULT_GAP: stretch(s, at, end, (double)NAN); break;
    case FAULT_HOLES: holes(s, size, rng); break;
    case FAULT_EVERY:
        for (size_t t = at; t < s->n; t += length)
            s->values[t] = (double)NAN;
        break;
    default: break;
    }
}

/* ---- nobody's series ---- */

static double odd(size_t kind, size_t t, size_t n, struct trm_rng *rng)
{
    double u = trm_rng_uniform(rng), sign = trm_rng_uniform(rng) < .5 ? -1 : 1, x = (double)t;

    switch (kind) {
    case 0: return 7;
    case 1: return t == n / 2 ? 1e9 : 7;
    case 2: return t + 1 == n ? -1e300 : 0;
    case 3: return t % 2 ? 1e300 : -1e300;
    case 4: return sign * pow(10, -300 + 600 * u);
    case 5: return 1e15 + u;
    case 6: return 1e300 * (1 - 1e-16 * floor(20 * u));
    case 7: return DBL_TRUE_MIN * floor(4 * u);
    case 8: return 1e-300 * (2 + sin(x / 5)) + 1e-302 * u;
    case 9: return u < .5 ? 3 : 1000;
    case 10: return (double)(t % 37);
    case 11: return u < .995 ? 0 : 1 + floor(9 * u);
    case 12: return sign * (100 + u);
    case 13: return t == 0 || t == n / 3 || t + 1 == n ? 10 * u : (double)NAN;
    case 14: return t < n / 4 || t > n - n / 4 - 1 ? (double)NAN : 50 + u;
    default: return exp(.02 * fmin(x, 3000)) * (1 + .01 * u);
    }
}

void scenario_odd(struct scenario *s, size_t kind, size_t n, struct trm_rng *rng)
{
    static const size_t seasons[] = {1, 7, 12, 24, 168};

    *s = (struct scenario){.n = n, .sigma = 1, .scale = 1};
    s->season = seasons[trm_rng_below(rng, 5)];
    for (size_t t = 0; t < n; t++)
        s->values[t] = odd(kind, t, n, rng);
}
