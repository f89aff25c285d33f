/* The Theta method: season out where a test finds one, simple exponential smoothing with half of the line's
 * slope as drift, season back. Knows one model for all series; refuses to choose. Surprising: Theta lines are
 * never drawn: Hyndman and Billah (2003) showed that the method of Assimakopoulos and Nikolopoulos (2000) is
 * this. A season multiplies where all values are positive and no index is near zero, else it is added. */
#include "core/classic_parts.h"

#include <string.h>

#define INDEX_MIN 1e-3 /* of a multiplied season */

enum kind { PLAIN, ADDED, MULTIPLIED };

static enum kind choose_index(const struct classic *c, double *work, double *ret_index)
{
    if (!trm_classic_is_seasonal(c->v, c->n, c->season))
        return PLAIN;
    bool multiplied = c->positive;
    if (multiplied)
        trm_classic_decompose(c->v, c->n, c->season, true, work, ret_index);
    for (size_t p = 0; multiplied && p < c->season; p++)
        multiplied = ret_index[p] > INDEX_MIN;
    if (!multiplied)
        trm_classic_decompose(c->v, c->n, c->season, false, work, ret_index);
    return multiplied ? MULTIPLIED : ADDED;
}

static double slope_of(const double *d, size_t n)
{
    double centre = .5 * ((double)n - 1), mean = 0, product = 0, square = 0;

    for (size_t t = 0; t < n; t++)
        mean += d[t] / (double)n;
    for (size_t t = 0; t < n; t++) {
        product += ((double)t - centre) * (d[t] - mean);
        square += ((double)t - centre) * ((double)t - centre);
    }
    return square > 0 ? product / square : 0;
}

/* Of d[n], without its season. */
static void forecast(struct classic *c, const double *d)
{
    static const double none[1] = {0};
    struct ets ses = {.m = 1, .trend = ETS_NO_TREND, .season = ETS_NO_SEASON};
    double drift = .5 * slope_of(d, c->n), variance = 0;

    if (!isfinite(trm_classic_ets_fit(&ses, d, c->n, none))) { /* fewer values than it has parameters */
        ses.alpha = 1;
        ses.phi = 1;
        ses.level = d[0];
    }
    (void)trm_classic_ets_run(&ses, d, c->n, 0, &variance);
    variance *= (double)c->n / fmax((double)c->n - 2, 1);
    double behind = (1 - pow(1 - ses.alpha, (double)c->n)) / ses.alpha;
    for (size_t h = 0; h < c->leads; h++) {
        c->point[h] = ses.level + drift * ((double)h + behind);
        c->deviation[h] = sqrt(variance * (1 + (double)h * ses.alpha * ses.alpha));
    }
}

void trm_classic_theta(struct classic *c)
{
    double *index = c->work, *d = c->work + c->season, *work = d + c->n;
    enum kind kind = choose_index(c, work, index);
    size_t m = c->season;

    for (size_t t = 0; t < c->n; t++)
        d[t] = kind == PLAIN   ? c->v[t]
               : kind == ADDED ? c->v[t] - index[t % m]
                               : c->v[t] / index[t % m];
    forecast(c, d);
    for (size_t h = 0; kind != PLAIN && h < c->leads; h++) {
        double at = index[(c->n + h) % m];
        c->point[h] = kind == ADDED ? c->point[h] + at : c->point[h] * at;
        c->deviation[h] *= kind == ADDED ? 1 : at;
    }
    trm_classic_say(c, kind == PLAIN   ? "Theta"
                       : kind == ADDED ? "Theta, additive season"
                                       : "Theta, multiplicative season");
}
