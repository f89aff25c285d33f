/* Levels and trends of a series without season: exponential smoothing, Theta, damped trend, lines,
 * and the seasonal smoothing of Winters. Knows a few grids of smoothing constants, chosen by the
 * mean absolute one-step error; refuses to optimise further: a grid costs one pass and never
 * diverges. */
#include "core/bank_parts.h"

#include <string.h>

#define SES_GRID 6
static const double ses_alpha[SES_GRID] = {.05, .15, .3, .5, .7, .95};

double trm_bank_ses_choose(const double *d, size_t n)
{
    double level[SES_GRID], error[SES_GRID] = {0};
    double start = trm_bank_mean(d, trm_min_size(n, 4));
    size_t best = 0;

    for (int a = 0; a < SES_GRID; a++)
        level[a] = start;
    for (size_t i = 0; i < n; i++)
        for (int a = 0; a < SES_GRID; a++) {
            double e = d[i] - level[a];
            error[a] += fabs(e);
            level[a] += ses_alpha[a] * e;
        }
    for (size_t a = 1; a < SES_GRID; a++)
        if (error[a] < error[best])
            best = a;
    return ses_alpha[best];
}

/* Simple exponential smoothing (Brown 1956), started from the mean of the first values. */
double trm_bank_ses(const double *d, size_t n, double alpha)
{
    double level = trm_bank_mean(d, trm_min_size(n, 4));

    for (size_t i = 0; i < n; i++)
        level += alpha * (d[i] - level);
    return level;
}

/* Least-squares line through d[n] at times 0..n-1. */
static void line(const double *d, size_t n, double *ret_mean, double *ret_slope)
{
    double mean = trm_bank_mean(d, n), centre = .5 * ((double)n - 1), product = 0, square = 0;

    for (size_t i = 0; i < n; i++) {
        double t = (double)i - centre;
        product += t * (d[i] - mean);
        square += t * t;
    }
    *ret_mean = mean;
    *ret_slope = square > 0 ? product / square : 0;
}

/* Assimakopoulos and Nikolopoulos (2000) in the closed form of Hyndman and Billah (2003):
 * exponential smoothing with half of the line's slope as drift. */
void trm_bank_theta(const double *d, size_t n, double alpha, double level, size_t leads,
                    double *ret)
{
    double mean, slope;

    line(d, n, &mean, &slope);
    double extra = (1 - pow(1 - alpha, (double)n)) / alpha;
    for (size_t j = 0; j < leads; j++)
        ret[j] = level + .5 * slope * ((double)j + extra);
}

void trm_bank_ols(const double *d, size_t n, size_t leads, double *ret)
{
    double mean, slope, centre = .5 * ((double)n - 1);

    line(d, n, &mean, &slope);
    for (size_t j = 0; j < leads; j++)
        ret[j] = mean + slope * ((double)(n + j) - centre);
}

/* One pass; returns the sum of absolute one-step errors. */
static double holt_run(const double *d, size_t n, struct damping with, double *ret_level,
                       double *ret_trend)
{
    size_t first = trm_min_size(n, 5);
    double level = d[0], trend = n > 1 ? (d[first - 1] - d[0]) / (double)(first - 1) : 0, error = 0;

    for (size_t i = 1; i < n; i++) {
        double ahead = level + with.phi * trend, e = d[i] - ahead;
        error += fabs(e);
        level = ahead + with.alpha * e;
        trend = with.phi * trend + with.alpha * with.beta * e;
    }
    *ret_level = level;
    *ret_trend = trend;
    return error;
}

/* A grid of twelve. */
struct damping trm_bank_holt_choose(const double *d, size_t n)
{
    static const double alphas[3] = {.1, .35, .8}, betas[2] = {.05, .25}, phis[2] = {.85, .97};
    struct damping best = {.1, .05, .85};
    double least = INFINITY, level, trend;

    for (int i = 0; i < 12; i++) {
        struct damping with = {alphas[i / 4], betas[i / 2 % 2], phis[i % 2]};
        double error = holt_run(d, n, with, &level, &trend);
        if (error < least) {
            least = error;
            best = with;
        }
    }
    return best;
}

/* Damped trend (Gardner and McKenzie 1985). */
void trm_bank_holt(const double *d, size_t n, struct damping with, size_t leads, double *ret)
{
    double level, trend, damp = with.phi, sum = 0;

    holt_run(d, n, with, &level, &trend);
    for (size_t j = 0; j < leads; j++, damp *= with.phi) {
        sum += damp;
        ret[j] = level + sum * trend;
    }
}

/* One pass of additive seasonal smoothing without trend over v[n]; season[m] holds the index by
 * phase (of t mod m) before and after. Returns the mean absolute one-step error. */
static double winters_run(const double *v, size_t n, size_t m, double alpha, double gamma,
                          double *season, double *ret_level)
{
    double level = v[0] - season[0], error = 0;

    for (size_t t = 0, p = 0; t < n; t++, p = p + 1 == m ? 0 : p + 1) {
        double e = v[t] - level - season[p];
        error += fabs(e);
        level += alpha * e;
        season[p] += gamma * (1 - alpha) * e;
    }
    *ret_level = level;
    return error;
}

/* Chooses among six pairs; the index of the whole stretch, turned so that v[0] has its phase, is in
 * start[m]; season[m] is scratch. */
static struct smoothing winters_choose(const double *v, size_t n, size_t m, const double *start,
                                       double *season)
{
    static const double alphas[3] = {.05, .2, .5}, gammas[2] = {.08, .3};
    struct smoothing best = {.05, .08};
    double least = INFINITY, level;

    for (int i = 0; i < 6; i++) {
        memcpy(season, start, m * sizeof *season);
        double error = winters_run(v, n, m, alphas[i / 2], gammas[i % 2], season, &level);
        if (error < least) {
            least = error;
            best = (struct smoothing){alphas[i / 2], gammas[i % 2]};
        }
    }
    return best;
}

/* Winters (1960), additive, without trend. Without a season the index moves with the level, which
 * is then smoothed by alpha + gamma (1 - alpha). */
void trm_bank_winters(struct trm_bank *bank, const struct draw *w)
{
    size_t m = bank->plain.season, n = trm_min_size(w->n, trm_max_size(TRM_BANK_RECENT, 6 * m));
    double *ret = row(w, TRM_BANK_WINTERS), *season = bank->work, *start = bank->work2, level;
    const double *v = w->v + w->n - n;
    size_t shift = (m - n % m) % m; /* phase of v[0] */

    for (size_t p = 0; p < m; p++)
        start[p] = bank->plain.index[(p + shift) % m];
    if (bank->learn)
        bank->learned.winters = winters_choose(v, n, m, start, season);
    memcpy(season, start, m * sizeof *season);
    winters_run(v, n, m, bank->learned.winters.alpha, bank->learned.winters.gamma, season, &level);
    for (size_t j = 0; j < w->leads; j++)
        ret[j] = level + season[(n + j) % m];
}
