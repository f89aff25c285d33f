/* Pooled regression: one small linear model for each stretch of leads, learned over all origins of
 * the past. Knows a dozen summaries of what is known at an origin (last values, the lead's phase
 * one, two and several seasons ago, what the origin itself looked like a season ago); refuses to
 * look at single lags. Surprising: it does by regression on the series itself what the mixture of
 * drafts does by their errors, and is wrong at other times, which is why both are kept. */
#include "core/bank_parts.h"

#include "core/kernel.h"

#include <string.h>

#define ROWS_MAX 300          /* a stretch */
#define SIDE (POOL_TERMS + 1) /* of the products of the terms, and of the target behind them */

/* Mean of v[from, to) by prefix sums. */
static double mean_between(const double *sums, size_t from, size_t to)
{
    return (sums[to] - sums[from]) / (double)(to - from);
}

/* The summaries at origin t for a lead, all relative to the level (mean of the last season), which
 * is returned. Needs t >= 2 * season and, where season2 > 0, t >= season2 + 1. */
static double summarise(const double *v, const double *sums, size_t t, size_t m, size_t m2,
                        size_t lead, double x[POOL_TERMS])
{
    size_t span = m > 1 ? m : 6, phase = t - m + (lead - 1) % m;
    double level = mean_between(sums, t - trm_min_size(span, t), t);
    size_t quarter = m > 1 ? trm_max_size(m / 4, 2) : 12,
           seasons = trm_min_size(t / m, m > 1 ? 5 : 12);
    double mean = 0, here = 0;

    for (size_t k = 1; k <= seasons; k++)
        mean += v[t - k * m + (lead - 1) % m] / (double)seasons;
    size_t low = phase > 2 ? phase - 2 : 0, high = trm_min_size(phase + 3, t);
    x[0] = v[t - 1] - level;
    x[1] = mean_between(sums, t - trm_min_size(3, t), t) - level;
    x[2] = mean_between(sums, t - trm_min_size(quarter, t), t) - level;
    x[3] = v[phase] - level;
    x[4] = v[phase - m] - level;
    x[5] = mean - level;
    x[6] = mean_between(sums, low, high) - level;
    x[7] = v[t - m - (m > 1)] - level;
    x[8] =
        level - mean_between(sums, t >= 2 * span ? t - 2 * span : 0, t - trm_min_size(span, t - 1));
    x[9] = mean_between(sums, 0, t) - level;
    x[10] = m2 ? v[t - m2 + (lead - 1) % m2] - level : 0;
    x[11] = m2 ? v[t - m2 - 1] - level : 0;
    size_t past = trm_max_size((t - 1) / m, 1) > 1 ? trm_min_size((t - 1) / m, m > 1 ? 5 : 12) : 1;
    here = 0;
    for (size_t k = 1; k <= past; k++)
        here += v[t - 1 - trm_min_size(k * m, t - 1)] / (double)past;
    x[12] = here - level;
    x[13] = v[t - 2] - level;
    x[14] = m2 && t > 2 * m2 ? v[t - 2 * m2 + (lead - 1) % m2] - level : x[10];
    return level;
}

static void prefix(const double *v, size_t n, double *sums)
{
    sums[0] = 0;
    for (size_t i = 0; i < n; i++)
        sums[i + 1] = sums[i] + v[i];
}

static size_t common_factor(size_t a, size_t b)
{
    while (b) {
        size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static void add_products(const double *x, double gram[SIDE][SIDE])
{
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j <= i; j++)
            gram[i][j] += x[i] * x[j];
}

/* Normal equations of one stretch of leads over origins first .. n - low; returns the rows. */
static size_t gather(const double *v, const double *sums, size_t n, size_t first, size_t m,
                     size_t m2, size_t low, size_t high, double gram[SIDE][SIDE])
{
    size_t origins = n - low + 1 > first ? n - low + 1 - first : 0;
    size_t stride = origins / ROWS_MAX + 1, rows = 0, lead = low;

    while (common_factor(stride, m) > 1) /* every phase must come by */
        stride++;
    memset(gram, 0, SIDE * sizeof *gram);
    for (size_t t = first; t + low <= n; t += stride) {
        double x[SIDE];
        lead = lead + 1 > high || t + lead + 1 > n ? low : lead + 1;
        x[POOL_TERMS] = v[t + lead - 1] - summarise(v, sums, t, m, m2, lead, x);
        add_products(x, gram);
        rows++;
    }
    return rows;
}

/* Solves one stretch; false where it cannot be. */
static bool solve(double gram[SIDE][SIDE], size_t rows, double *coef)
{
    const struct trm_kernels *kernel = trm_kernels();
    double trace = 1e-300, work[POOL_TERMS];

    memcpy(coef, gram[POOL_TERMS], POOL_TERMS * sizeof *coef);
    for (size_t i = 0; i < POOL_TERMS; i++)
        trace += gram[i][i] / POOL_TERMS;
    for (size_t i = 0; i < POOL_TERMS; i++)
        gram[i][i] += trace * (.004 + 25.0 / (double)(rows + 1));
    if (rows < 8 || kernel->cholesky(POOL_TERMS, gram[0], SIDE, work))
        return false;
    kernel->cholesky_solve(POOL_TERMS, 1, gram[0], SIDE, coef, 1);
    return true;
}

void trm_bank_pool_fit(struct pool *pool, const double *v, size_t n, size_t m, size_t m2,
                       size_t leads, double *sums)
{
    size_t first = trm_max_size(2 * m + 1, 6);
    double gram[SIDE][SIDE];

    pool->n = 0;
    pool->with_long = m2 > m && n > 3 * m2 / 2 + leads;
    m2 = pool->with_long ? m2 : 0;
    first = trm_max_size(first, m2 ? m2 + 1 : 0);
    prefix(v, n, sums);
    for (size_t low = 1, high = 1; low <= leads && pool->n < POOL_STRETCHES; pool->n++) {
        double *coef = pool->coef[pool->n];
        size_t rows = n > first + low ? gather(v, sums, n, first, m, m2, low, high, gram) : 0;
        if (!rows || !solve(gram, rows, coef))
            break;
        low = high + 1;
        high *= 2;
    }
}

/* Where on the scale of stretches a lead lies: near the middle of a stretch (2, 3.5, 6.5, 12.5,
 * ...) that stretch alone, between two middles both in proportion. */
static double place_of(size_t lead)
{
    double octave = log2((double)lead);

    return octave <= 1 ? octave : octave + .3 * fmin((octave - 1) / .8, 1);
}

void trm_bank_pool(const struct pool *pool, const struct draw *w, const double *v, double *sums,
                   const double *fallback, double *ret)
{
    size_t m = w->season, n = w->n, m2 = pool->with_long ? w->season2 : 0;
    double x[POOL_TERMS];

    memcpy(ret, fallback, w->leads * sizeof *ret);
    if (!pool->n || n < trm_max_size(2 * m + 1, 6) || (pool->with_long && !m2))
        return;
    prefix(v, n, sums);
    for (size_t j = 0; j < w->leads; j++) {
        double place = fmin(place_of(j + 1), (double)(pool->n - 1));
        size_t low = (size_t)place, high = trm_min_size(low + 1, pool->n - 1);
        double part = place - (double)low, sum = summarise(v, sums, n, m, m2, j + 1, x);
        for (size_t i = 0; i < POOL_TERMS; i++)
            sum += x[i] * ((1 - part) * pool->coef[low][i] + part * pool->coef[high][i]);
        ret[j] = sum;
    }
}
