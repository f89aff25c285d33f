/* Levels and trends of a series without season: exponential smoothing, Theta, damped trend, lines,
 * and the seasonal smoothing of Winters. Knows a few grids of smoothing constants, chosen by the
 * mean absolute one-step error; refuses to optimise further: a grid costs one pass and never
 * diverges. */
#include "core/bank_parts.h"

#include <string.h>

#define SES_GRID 6
static const double ses_alpha[SES_GRID] = {.05, .15, .3, .5, .7, .95};

/* Simple exponential smoothing (Brown 1956), started from the mean of the first values. */
struct ses trm_bank_ses(const double *d, size_t n)
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
    return (struct ses){ses_alpha[best], level[best]};
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
void trm_bank_theta(const double *d, size_t n, struct ses ses, size_t leads, double *ret)
{
    double mean, slope;

    line(d, n, &mean, &slope);
    double extra = (1 - pow(1 - ses.alpha, (double)n)) / ses.alpha;
    for (size_t j = 0; j < leads; j++)
        ret[j] = ses.level + .5 * slope * ((double)j + extra);
}

void trm_bank_ols(const double *d, size_t n, size_t leads, double *ret)
{
    double mean, slope, centre = .5 * ((double)n - 1);

    line(d, n, &mean, &slope);
    for (size_t j = 0; j < leads; j++)
        ret[j] = mean + slope * ((double)(n + j) - centre);
}

struct holt {
    double alpha, beta, phi, level, trend, error;
};

static void holt_run(const double *d, size_t n, struct holt *h)
{
    h->level = d[0];
    h->trend = n > 1 ? (d[trm_min_size(n, 5) - 1] - d[0]) / (double)(trm_min_size(n, 5) - 1) : 0;
    h->error = 0;
    for (size_t i = 1; i < n; i++) {
        double ahead = h->level + h->phi * h->trend, e = d[i] - ahead;
        h->error += fabs(e);
        h->level = ahead + h->alpha * e;
        h->trend = h->phi * h->trend + h->alpha * h->beta * e;
    }
}

/* Damped trend (Gardner and McKenzie 1985) over a grid of twelve. */
void trm_bank_holt(const double *d, size_t n, size_t leads, double *ret)
{
    static const double alphas[3] = {.1, .35, .8}, betas[2] = {.05, .25}, phis[2] = {.85, .97};
    struct holt best = {.error = INFINITY};

    for (int i = 0; i < 12; i++) {
        struct holt h = {.alpha = alphas[i / 4], .beta = betas[i / 2 % 2], .phi = phis[i % 2]};
        holt_run(d, n, &h);
        if (h.error < best.error)
            best = h;
    }
    double damp = best.phi, sum = 0;
    for (size_t j = 0; j < leads; j++, damp *= best.phi) {
        sum += damp;
        ret[j] = best.level + sum * best.trend;
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

/* Winters (1960), additive, over a grid of six; starts from the index of the whole stretch. */
void trm_bank_winters(struct trm_bank *bank, const struct draw *w)
{
    static const double alphas[3] = {.05, .2, .5}, gammas[2] = {.08, .3};
    size_t m = bank->plain.season, n = trm_min_size(w->n, trm_max_size(TRM_BANK_RECENT, 6 * m));
    double *ret = row(w, TRM_BANK_WINTERS), *season = bank->work, *best_season = bank->work2;
    double best = INFINITY, best_level = 0;
    const double *v = w->v + w->n - n;
    size_t shift = (m - n % m) % m; /* phase of v[0] */

    for (int i = 0; i < 6; i++) {
        double level;
        for (size_t p = 0; p < m; p++)
            season[p] = bank->plain.index[(p + shift) % m];
        double error = winters_run(v, n, m, alphas[i / 2], gammas[i % 2], season, &level);
        if (error < best) {
            best = error;
            best_level = level;
            memcpy(best_season, season, m * sizeof *season);
        }
    }
    for (size_t j = 0; j < w->leads; j++)
        ret[j] = best_level + best_season[(n + j) % m];
}
