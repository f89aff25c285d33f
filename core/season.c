/* Season detection by autocorrelation of the detrended history. */
#include "core/season.h"

#include "core/model.h"
#include "core/num.h"

#include <stdlib.h>

/* The least autocorrelation at the period that counts, for long histories. */
#define STRENGTH_MIN .15

/* Autocorrelation of d[0..n) at a lag over the pairs that are present, and how many those were. */
static double correlation(const double *d, size_t n, size_t lag, size_t *ret_pairs)
{
    double product = 0, square = 0;
    size_t pairs = 0;

    for (size_t t = lag; t < n; t++) {
        if (isnan(d[t]) || isnan(d[t - lag]))
            continue;
        product += d[t] * d[t - lag];
        square += (d[t] * d[t] + d[t - lag] * d[t - lag]) / 2;
        pairs++;
    }
    *ret_pairs = pairs;
    return square > 0 ? product / square : 0;
}

/* Values minus a centred moving mean over one period: what is left of a trend does not look seasonal. */
static void detrend(const double *v, size_t n, size_t period, double *ret)
{
    size_t half = period / 2;

    for (size_t t = 0; t < n; t++) {
        size_t from = t > half ? t - half : 0, to = trm_min_size(t + half + 1, n);
        double sum = 0;
        size_t seen = 0;
        for (size_t i = from; i < to; i++)
            if (!isnan(v[i])) {
                sum += v[i];
                seen++;
            }
        ret[t] = seen ? v[t] - sum / (double)seen : TRM_NAN;
    }
}

/* How much the history supports a period: correlation at it, less what half a period away shows (a slow
 * wander correlates at both). */
static double support(const double *v, size_t n, size_t period, double *work)
{
    size_t pairs, pairs_half;

    detrend(v, n, period, work);
    double at = correlation(work, n, period, &pairs);
    double between = correlation(work, n, period - period / 2, &pairs_half);
    double noise = pairs ? 1.3 / sqrt((double)pairs) : (double)INFINITY;
    return at > fmax(STRENGTH_MIN, noise) ? at - fmax(between, 0) : 0;
}

size_t trm_season_detect(const double *values, size_t n, const size_t *candidates, size_t candidate_n)
{
    size_t best = 1;
    double best_support = .05;

    if (n > TRM_CONTEXT_MAX)
        values += n - TRM_CONTEXT_MAX, n = TRM_CONTEXT_MAX;
    double *scaled = malloc((2 * n + 1) * sizeof *scaled);
    if (!scaled)
        return 1;
    double largest = 0;
    for (size_t t = 0; t < n; t++)
        largest = fmax(largest, fabs(values[t]));
    for (size_t t = 0; t < n; t++) /* so that squares neither overflow nor vanish */
        scaled[t] = largest > 0 ? values[t] / largest : values[t];
    for (size_t i = candidate_n; i-- > 0;) { /* shortest first: a longer one must earn it */
        size_t period = candidates[i];
        if (period < 2 || period > TRM_SEASON_MAX || n < 2 * period + 1)
            continue;
        double s = support(scaled, n, period, scaled + n);
        if (s > best_support * (best > 1 ? 1.2 : 1)) {
            best_support = s;
            best = period;
        }
    }
    free(scaled);
    return best;
}
