/* Random variates and the plain stochastic paths that the rest of the prior is made of. Refuses to
 * know what they stand for. Surprising: large Poisson counts are rounded normals; nobody can tell.
 */
#include "core/prior_parts.h"

/* Bailey's polar method: two uniforms, any degree of freedom. */
double trm_prior_student(struct prior *p, double freedom)
{
    double u = 1.0 - trm_rng_uniform(&p->rng);
    double r = sqrt(freedom * (pow(u, -2.0 / freedom) - 1.0));
    return trm_clamp(r * cos(prior_between(p, 0, PRIOR_TAU)), -40, 40);
}

/* Marsaglia and Tsang; shapes below 1 by the usual power of a uniform. */
double trm_prior_gamma(struct prior *p, double shape)
{
    double boost = shape < 1 ? pow(1.0 - trm_rng_uniform(&p->rng), 1.0 / shape) : 1.0;
    double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1.0 / sqrt(9 * d);

    for (int tries = 0; tries < 64; tries++) {
        double z = prior_normal(p), v = 1 + c * z;
        if (v <= 0)
            continue;
        v = v * v * v;
        if (log(1.0 - trm_rng_uniform(&p->rng)) < .5 * z * z + d - d * v + d * log(v))
            return boost * d * v;
    }
    return boost * d;
}

double trm_prior_poisson(struct prior *p, double mean)
{
    double limit, product = 1;
    int k = 0;

    if (!(mean > 0))
        return 0;
    if (mean > 20)
        return fmax(0, floor(mean + sqrt(mean) * prior_normal(p) + .5));
    limit = exp(-mean);
    for (; k < 200; k++) {
        product *= trm_rng_uniform(&p->rng);
        if (product <= limit)
            break;
    }
    return k;
}

void trm_prior_moments(const double *x, size_t n, double *ret_mean, double *ret_sd)
{
    double mean = 0, square = 0;

    for (size_t t = 0; t < n; t++)
        mean += x[t];
    mean /= (double)n;
    for (size_t t = 0; t < n; t++)
        square += (x[t] - mean) * (x[t] - mean);
    *ret_mean = mean;
    *ret_sd = sqrt(square / (double)n);
}

void trm_prior_standardise(double *x, size_t n)
{
    double mean, sd;

    trm_prior_moments(x, n, &mean, &sd);
    sd = sd > 1e-12 * (fabs(mean) + 1e-12) ? 1.0 / sd : 0;
    for (size_t t = 0; t < n; t++)
        x[t] = (x[t] - mean) * sd;
}

void trm_prior_rough(struct prior *p, double memory, double *x)
{
    double keep = exp(-1.0 / fmax(memory, 1e-3)), fresh = sqrt(1 - keep * keep),
           at = prior_normal(p);

    for (size_t t = 0; t < p->all; t++) {
        x[t] = at;
        at = keep * at + fresh * prior_normal(p);
    }
}

/* Two leaky integrators in a row. */
void trm_prior_smooth(struct prior *p, double memory, double *x)
{
    double keep = exp(-2.0 / fmax(memory, 1e-3)), inner = prior_normal(p), at = prior_normal(p);

    for (size_t t = 0; t < p->all; t++) {
        x[t] = at;
        inner = keep * inner + sqrt(1 - keep * keep) * prior_normal(p);
        at = keep * at + (1 - keep) * inner;
    }
    trm_prior_standardise(x, p->all);
}

static double one_shock(struct prior *p, size_t kind, double freedom)
{
    if (kind == 0)
        return prior_normal(p);
    if (kind == 1)
        return trm_prior_student(p, freedom) * sqrt((freedom - 2) / freedom);
    if (kind == 2)
        return prior_sign(p) * prior_exponential(p) * .7071;
    return (prior_exponential(p) - 1); /* skewed to one side */
}

/* Multiplies the noise by a spread that moves: with the level, the season, a slot of the season,
 * calm and wild times, or a break. */
static void spread(struct prior *p, const double *level, const double *season, double *x)
{
    size_t kind = prior_below(p, 9), cut = prior_below(p, p->all);
    double a = prior_between(p, .2, 1), *slow = p->work[ROW_TEMP];

    if (kind == 0 || kind == 1) {
        trm_prior_rough(p, prior_log_between(p, 5, 200), slow);
    } else if (kind == 2) {
        double slot[64];
        for (size_t i = 0; i < 64; i++)
            slot[i] = prior_normal(p);
        for (size_t t = 0; t < p->all; t++)
            slow[t] = slot[(t + p->start) % p->m * 64 / trm_max_size(p->m, 64)];
    }
    for (size_t t = 0; t < p->all; t++) {
        double by = 0;
        if (kind <= 2)
            by = slow[t];
        else if (kind == 3 && level)
            by = level[t];
        else if ((kind == 4 || kind == 5) && season)
            by = season[t];
        else if (kind == 6)
            by = t < cut ? 0 : 1.5;
        x[t] *= exp(trm_clamp(a * by, -3, 2.5));
    }
}

/* The finer the steps, the more a disturbance outlasts one. */
static double noise_memory(struct prior *p)
{
    bool fine = p->class->group == PRIOR_HOURS || p->class->group == PRIOR_MINUTES;

    if (!prior_chance(p, fine ? .6 : .35))
        return 0;
    return fine ? 1 - prior_log_between(p, .02, .9) : prior_between(p, -.3, .9);
}

void trm_prior_noise(struct prior *p, const double *level, const double *season, double *x)
{
    static const unsigned char kinds[] = {0, 0, 0, 0, 0, 1, 1, 1, 2, 3};
    size_t kind = kinds[prior_below(p, sizeof kinds)];
    double freedom = prior_log_between(p, 2.5, 10);
    double keep = noise_memory(p), at = 0, volatility = 1;
    bool garch = prior_chance(p, .12);
    double a = prior_between(p, .05, .25), b = prior_between(p, .5, .97 - a), last = 0;

    for (size_t t = 0; t < p->all; t++) {
        double shock = one_shock(p, kind, freedom);
        if (garch) {
            volatility = 1 - a - b + a * last * last + b * volatility;
            last = trm_clamp(shock * sqrt(volatility), -12, 12);
            shock = last;
        }
        at = keep * at + sqrt(1 - keep * keep) * shock;
        x[t] = at;
    }
    if (prior_chance(p, .4))
        spread(p, level, season, x);
}
