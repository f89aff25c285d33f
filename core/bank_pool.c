/* Pooled regression: one small linear model for each stretch of leads, learned over all origins of
 * the past. Knows a dozen summaries of what is known at an origin (last values, the lead's phase
 * one, two and several seasons ago, what the origin itself looked like a season ago); refuses to
 * look at single lags. Surprising: it does by regression on the series itself what the mixture of
 * drafts does by their errors, and is wrong at other times, which is why both are kept. */
#include "core/bank_parts.h"

#include "core/kernel.h"

#include <string.h>

/* Mean of v[from, to) by prefix sums. */
static double mean_between(const double *sums, size_t from, size_t to)
{
    return (sums[to] - sums[from]) / (double)(to - from);
}

/* The summaries at origin t that no lead changes, all relative to the level (mean of the last
 * season), which is returned. Needs t >= 2 * season and, where season2 > 0, t >= season2 + 1. */
static double summarise(const double *v, const double *sums, size_t t, size_t m, size_t m2,
                        double *x)
{
    size_t span = m > 1 ? m : 6, quarter = m > 1 ? trm_max_size(m / 4, 2) : 12;
    double level = mean_between(sums, t - trm_min_size(span, t), t), here = 0;

    x[0] = v[t - 1] - level;
    x[1] = mean_between(sums, t - trm_min_size(3, t), t) - level;
    x[2] = mean_between(sums, t - trm_min_size(quarter, t), t) - level;
    x[7] = v[t - m - (m > 1)] - level;
    x[8] =
        level - mean_between(sums, t >= 2 * span ? t - 2 * span : 0, t - trm_min_size(span, t - 1));
    x[9] = mean_between(sums, 0, t) - level;
    x[11] = m2 ? v[t - m2 - 1] - level : 0;
    size_t past = trm_max_size(trm_min_size((t - 1) / m, m > 1 ? 5 : 12), 1);
    for (size_t k = 1; k <= past; k++)
        here += v[t - 1 - trm_min_size(k * m, t - 1)];
    x[12] = here / (double)past - level;
    x[13] = v[t - 2] - level;
    return level;
}

/* The summaries of a lead; ahead and ahead2: lead - 1 within its season, within its longer one. */
static void summarise_lead(const double *v, const double *sums, size_t t, size_t m, size_t m2,
                           size_t ahead, size_t ahead2, double level, double *x)
{
    size_t phase = t - m + ahead, seasons = trm_min_size(t / m, m > 1 ? 5 : 12);
    size_t low = phase > 2 ? phase - 2 : 0, high = trm_min_size(phase + 3, t);
    double sum = 0;

    for (size_t k = 0; k < seasons; k++)
        sum += v[phase - k * m];
    x[3] = v[phase] - level;
    x[4] = v[phase - m] - level;
    x[5] = sum / (double)seasons - level;
    x[6] = mean_between(sums, low, high) - level;
    x[10] = m2 ? v[t - m2 + ahead2] - level : 0;
    x[14] = m2 && t > 2 * m2 ? v[t - 2 * m2 + ahead2] - level : x[10];
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

/* Forgets what was made for other seasons or another stride. */
static void place_rows(struct pool_rows *r, size_t first, size_t stride, size_t m, size_t m2)
{
    if (r->n && r->m == m && r->m2 == m2 && r->first == first && r->stride == stride)
        return;
    r->m = m, r->m2 = m2, r->first = first, r->stride = stride;
    r->n = 0;
    for (size_t i = 0; i < POOL_STRETCHES; i++)
        r->stretch[i].n = 0;
}

/* Completes row i for a lead. */
static void fill_row(struct pool_rows *r, const double *v, const double *sums, size_t i,
                     size_t lead)
{
    size_t t = r->first + i * r->stride;
    double *x = r->x[i];

    if (i == r->n)
        r->level[r->n++] = summarise(v, sums, t, r->m, r->m2, x);
    summarise_lead(v, sums, t, r->m, r->m2, (lead - 1) % r->m, r->m2 ? (lead - 1) % r->m2 : 0,
                   r->level[i], x);
    x[POOL_TERMS] = v[t + lead - 1] - r->level[i];
}

static size_t rows_until(size_t last, size_t first, size_t stride)
{
    return last < first ? 0 : (last - first) / stride + 1;
}

/* Normal equations of one stretch of leads over origins first .. n - low, where the leads take
 * turns; returns the rows. The newest have to do with the leads that have come to pass; they are
 * others at every n and are not kept. */
static size_t gather(struct pool_rows *r, size_t which, const double *v, const double *sums,
                     size_t n, size_t low, size_t high, double *gram)
{
    size_t rows = rows_until(n - low, r->first, r->stride), span = high - low + 1;
    size_t keep = n >= high ? rows_until(n - high, r->first, r->stride) : 0;
    const struct trm_kernels *kernel = trm_kernels();

    if (!r->stretch[which].n || r->stretch[which].n > keep) {
        r->stretch[which].n = 0;
        memset(r->stretch[which].gram, 0, sizeof r->stretch[which].gram);
    }
    size_t from = r->stretch[which].n, lead = low + keep % span;
    for (size_t i = from; i < keep; i++)
        fill_row(r, v, sums, i, low + (i + 1) % span);
    kernel->gram(keep - from, r->x[from], r->stretch[which].gram);
    r->stretch[which].n = keep;
    memcpy(gram, r->stretch[which].gram, sizeof r->stretch[which].gram);
    for (size_t i = keep; i < rows; i++) {
        size_t t = r->first + i * r->stride;
        lead = lead + 1 > high || t + lead + 1 > n ? low : lead + 1;
        fill_row(r, v, sums, i, lead);
    }
    kernel->gram(rows - keep, r->x[keep], gram);
    return rows;
}

/* Solves one stretch; false where it cannot be. */
static bool solve(double *gram, size_t rows, double *coef)
{
    double trace = 1e-300;

    memset(coef, 0, POOL_SIDE * sizeof *coef);
    for (size_t i = 0; i < POOL_TERMS; i++)
        trace += gram[i * POOL_SIDE + i] / POOL_TERMS;
    for (size_t i = 0; i < POOL_TERMS; i++)
        gram[i * POOL_SIDE + i] += trace * (.004 + 25.0 / (double)(rows + 1));
    return rows >= 8 && !trm_kernels()->solve_normal(POOL_TERMS, gram, coef);
}

/* How many values lie between two rows, so that there are POOL_ROWS at most and every phase comes
 * by. */
static size_t stride_of(size_t origins, size_t m)
{
    size_t stride = origins / POOL_ROWS + 1;

    while (common_factor(stride, m) > 1)
        stride++;
    return stride;
}

void trm_bank_pool_fit(struct pool *pool, struct pool_rows *rows, const double *v,
                       const double *sums, size_t n, size_t m, size_t m2, size_t leads)
{
    size_t first = trm_max_size(2 * m + 1, 6);
    double gram[POOL_SIDE * POOL_SIDE];

    pool->n = 0;
    pool->with_long = m2 > m && n > 3 * m2 / 2 + leads;
    m2 = pool->with_long ? m2 : 0;
    first = trm_max_size(first, m2 ? m2 + 1 : 0);
    for (size_t low = 1, high = 1; low <= leads && pool->n < POOL_STRETCHES; pool->n++) {
        if (n <= first + low)
            break;
        place_rows(rows, first, stride_of(n - low + 1 - first, m), m, m2);
        size_t count = gather(rows, pool->n, v, sums, n, low, high, gram);
        if (!solve(gram, count, pool->coef[pool->n]))
            break;
        low = high + 1;
        high *= 2;
    }
}

/* Where on the scale of stretches a lead lies: near the middle of a stretch (2, 3.5, 6.5, 12.5,
 * ...) that stretch alone, between two middles both in proportion. */
double trm_bank_pool_place(size_t lead)
{
    double octave = log2((double)lead);

    return octave <= 1 ? octave : octave + .3 * fmin((octave - 1) / .8, 1);
}

/* x times the mixture of two stretches, in four lanes. */
static double mixed(const double *x, const double *low, const double *high, double part)
{
    double lane[4] = {0};

    for (size_t i = 0; i < POOL_SIDE; i += 4)
        for (size_t l = 0; l < 4; l++)
            lane[l] += x[i + l] * ((1 - part) * low[i + l] + part * high[i + l]);
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

void trm_bank_pool(const struct pool *pool, const struct draw *w, const double *v,
                   const double *sums, const double *place, const double *fallback, double *ret)
{
    size_t m = w->season, n = w->n, m2 = pool->with_long ? w->season2 : 0;
    double x[POOL_SIDE] = {0};

    memcpy(ret, fallback, w->leads * sizeof *ret);
    if (!pool->n || n < trm_max_size(2 * m + 1, 6) || (pool->with_long && !m2))
        return;
    double level = summarise(v, sums, n, m, m2, x);
    for (size_t j = 0; j < w->leads; j++) {
        double at = fmin(place[j], (double)(pool->n - 1));
        size_t low = (size_t)at, high = trm_min_size(low + 1, pool->n - 1);
        summarise_lead(v, sums, n, m, m2, j % m, m2 ? j % m2 : 0, level, x);
        ret[j] = level + mixed(x, pool->coef[low], pool->coef[high], at - (double)low);
    }
}
