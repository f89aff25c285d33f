/* Levels and trends of a series without season: exponential smoothing, Theta, damped trend, lines,
 * and the seasonal smoothing of Winters. Knows a few grids of smoothing constants, chosen by the
 * mean absolute one-step error; refuses to optimise further: a grid costs one pass and never
 * diverges. */
#include "core/bank_parts.h"

#include "core/kernel.h"

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

/* Simple exponential smoothing (Brown 1956), started from the mean of the first values; eight
 * values at once, each with the weight that is left of it after the others. */
double trm_bank_ses(const double *d, size_t n, double alpha)
{
    double level = trm_bank_mean(d, trm_min_size(n, 4)), weight[8];
    size_t i = 0;

    weight[7] = alpha;
    for (size_t k = 7; k-- > 0;)
        weight[k] = weight[k + 1] * (1 - alpha);
    for (; i + 8 <= n; i += 8) {
        double lane[4];
        for (size_t l = 0; l < 4; l++)
            lane[l] = weight[l] * (d[i + l] - level) + weight[l + 4] * (d[i + l + 4] - level);
        level += (lane[0] + lane[1]) + (lane[2] + lane[3]);
    }
    for (; i < n; i++)
        level += alpha * (d[i] - level);
    return level;
}

/* Least-squares line through d[n] at times 0..n-1. */
static void line(const double *d, size_t n, double *ret_mean, double *ret_slope)
{
    double mean = trm_bank_mean(d, n), centre = .5 * ((double)n - 1), product[4] = {0};
    double count = (double)n, square = count * (count * count - 1) / 12;
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++)
            product[l] += ((double)(int)(i + l) - centre) * (d[i + l] - mean);
    for (; i < n; i++)
        product[0] += ((double)i - centre) * (d[i] - mean);
    double sum = (product[0] + product[1]) + (product[2] + product[3]);
    *ret_mean = mean;
    *ret_slope = square > 0 ? sum / square : 0;
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

static double first_trend(const double *d, size_t n)
{
    size_t first = trm_min_size(n, 5);

    return n > 1 ? (d[first - 1] - d[0]) / (double)(first - 1) : 0;
}

/* One pass. Each step looks one ahead: the next forecast is this one, the damped trend and a share
 * of the error, so that no step waits for more than that. */
static void holt_run(const double *d, size_t n, struct damping with, double *ret_level,
                     double *ret_trend)
{
    double gain = with.alpha * with.beta, trend = first_trend(d, n), level = d[0];
    double far = with.phi * with.phi, share = with.alpha + with.phi * gain;
    double ahead = level + with.phi * trend;

    for (size_t i = 1; i < n; i++) {
        double e = d[i] - ahead;
        level = ahead + with.alpha * e;
        ahead = (ahead + far * trend) + share * e;
        trend = with.phi * trend + gain * e;
    }
    *ret_level = level;
    *ret_trend = trend;
}

/* A grid of twelve. */
struct damping trm_bank_holt_choose(const double *d, size_t n)
{
    static const double alphas[12] = {.1, .1, .1, .1, .35, .35, .35, .35, .8, .8, .8, .8};
    static const double betas[12] = {.05, .05, .25, .25, .05, .05, .25, .25, .05, .05, .25, .25};
    static const double phis[12] = {.85, .97, .85, .97, .85, .97, .85, .97, .85, .97, .85, .97};
    struct damping best = {.1, .05, .85};
    double least = INFINITY, error[12];

    trm_kernels()->holt(n, d, first_trend(d, n), alphas, betas, phis, error);
    for (int i = 0; i < 12; i++)
        if (error[i] < least) {
            least = error[i];
            best = (struct damping){alphas[i], betas[i], phis[i]};
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
 * phase (of t mod m) before and after. Returns the level. */
static double winters_run(const double *v, size_t n, size_t m, struct smoothing with,
                          double *season)
{
    double level = v[0] - season[0], gain = with.gamma * (1 - with.alpha);

    for (size_t t = 0, p = 0; t < n; t++, p = p + 1 == m ? 0 : p + 1) {
        double e = (v[t] - season[p]) - level;
        level += with.alpha * e;
        season[p] += gain * e;
    }
    return level;
}

/* Chooses among six pairs; the index of the whole stretch, turned so that v[0] has its phase, is in
 * start[m]; season[8 * m] is scratch. */
static struct smoothing winters_choose(const double *v, size_t n, size_t m, const double *start,
                                       double *season)
{
    static const double alphas[8] = {.05, .05, .2, .2, .5, .5, .5, .5}; /* the last two again */
    static const double gammas[8] = {.08, .3, .08, .3, .08, .3, .08, .3};
    double error[8];
    size_t best = 0;

    for (size_t p = 0; p < m; p++)
        for (size_t l = 0; l < 8; l++)
            season[p * 8 + l] = start[p];
    trm_kernels()->winters(n, v, m, alphas, gammas, season, error);
    for (size_t i = 1; i < 6; i++)
        if (error[i] < error[best])
            best = i;
    return (struct smoothing){alphas[best], gammas[best]};
}

/* Winters (1960), additive, without trend. Without a season the index moves with the level, which
 * is then smoothed by alpha + gamma (1 - alpha). */
void trm_bank_winters(struct trm_bank *bank, const struct draw *w)
{
    size_t m = bank->plain.season, n = trm_min_size(w->n, trm_max_size(TRM_BANK_RECENT, 6 * m));
    double *ret = row(w, TRM_BANK_WINTERS), *season = bank->work, *start = bank->work2;
    const double *v = w->v + w->n - n;
    size_t shift = (m - n % m) % m; /* phase of v[0] */

    for (size_t p = 0; p < m; p++)
        start[p] = bank->plain.index[(p + shift) % m];
    if (bank->learn)
        bank->learned.winters = winters_choose(v, n, m, start, bank->seasons);
    memcpy(season, start, m * sizeof *season);
    double level = winters_run(v, n, m, bank->learned.winters, season);
    for (size_t j = 0; j < w->leads; j++)
        ret[j] = level + season[(n + j) % m];
}
