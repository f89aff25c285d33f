/* The description of a history: sizes, correlations, slopes, raw values. Knows statistics of one
 * series; refuses to name a kind of series: the thinker draws its own conclusions. */
#include "core/sense_parts.h"

#include <string.h>

#define RECENT 600

/* What the description is made from, gathered once. */
struct past {
    const double *v, *d; /* newest values, with and without season */
    size_t n, d_n, season, season2;
    double unit;      /* sigma */
    double reference; /* where lags are measured from: mean of the last season */
};

static double mean_of(const double *v, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += v[i];
    return n ? sum / (double)n : 0;
}

/* Sum of (a[i] - mean) (b[i] - mean) in four lanes. */
static double products(const double *a, const double *b, size_t n, double mean)
{
    double sum[4] = {0};
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++)
            sum[l] += (a[i + l] - mean) * (b[i + l] - mean);
    for (; i < n; i++)
        sum[0] += (a[i] - mean) * (b[i] - mean);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

static double correlation(const double *v, size_t n, size_t lag)
{
    if (!lag || lag + 3 > n)
        return 0;
    double mean = mean_of(v, n), square = products(v, v, n, mean);
    return square > 0 ? products(v + lag, v, n - lag, mean) / square : 0;
}

static double change(const double *v, size_t n, size_t m)
{
    double sum = 0;

    for (size_t t = m; t < n; t++)
        sum += fabs(v[t] - v[t - m]);
    return n > m ? sum / (double)(n - m) : 0;
}

static float *sizes(const struct trm_sense *s, const struct past *p, float *to)
{
    double n = (double)s->parts->history->n, m = (double)p->season, H = (double)s->parts->horizon;

    *to++ = trm_sense_log(s->u, .03, 20);
    *to++ = (float)(log(n) / 4);
    *to++ = (float)(log(m) / 4);
    *to++ = (float)(log(n / m) / 3);
    *to++ = m < 2 ? 1 : 0;
    *to++ = p->season2 ? (float)(log((double)p->season2) / 6) : 0;
    *to++ = p->season2 ? (float)fmin(n / (double)p->season2, 8) / 4 : 0;
    *to++ = (float)(log(H) / 3);
    *to++ = (float)fmin(H / m, 4);
    *to++ = (float)s->point_n / TRM_SENSE_POINTS;
    return to;
}

/* Zeros, whole numbers, repeats, signs, holes: how the values came to be written down. */
static float *habits(const struct trm_sense *s, const struct past *p, float *to)
{
    const struct trm_history *h = s->parts->history;
    size_t zeros = 0, repeats = 0, negative = 0;
    double low = p->v[0], high = p->v[0];

    for (size_t i = 0; i < p->n; i++) {
        zeros += p->v[i] == 0;
        negative += p->v[i] < 0;
        repeats += i && p->v[i] == p->v[i - 1];
        low = fmin(low, p->v[i]);
        high = fmax(high, p->v[i]);
    }
    *to++ = (float)zeros / (float)p->n;
    *to++ = (float)repeats / (float)p->n;
    *to++ = negative ? 1 : 0;
    *to++ = 1 - (float)h->observed_n / (float)h->n;
    *to++ = trm_sense_squash((low - p->reference) / p->unit);
    *to++ = trm_sense_squash((high - p->reference) / p->unit);
    *to++ = trm_sense_squash(p->reference / p->unit);
    return to;
}

static float *correlations(const struct past *p, const struct trm_bank_view *view, float *to)
{
    *to++ = (float)correlation(p->v, p->n, 1);
    *to++ = (float)correlation(p->v, p->n, p->season);
    *to++ = (float)correlation(p->v, p->n, p->season2);
    *to++ = (float)correlation(p->d, p->d_n, 1);
    *to++ = (float)correlation(p->d, p->d_n, 2);
    *to++ = (float)correlation(p->d, p->d_n, 3);
    *to++ = (float)correlation(p->d, p->d_n, p->season > 1 ? p->season : 5);
    *to++ = (float)view->strength;
    *to++ = (float)view->strength2;
    return to;
}

/* Sizes of changes: step by step, recent against all. */
static float *roughness(const struct trm_sense *s, const struct past *p, float *to)
{
    size_t recent = trm_min_size(trm_max_size(2 * p->season, 8), p->d_n);
    double all = change(p->d, p->d_n, 1), now = change(p->d + p->d_n - recent, recent, 1);
    double far = 0, mean = mean_of(p->d, p->d_n);

    for (size_t i = 0; i < p->d_n; i++)
        far = fmax(far, fabs(p->d[i] - mean));
    *to++ = trm_sense_log(change(p->v, p->n, 1) / s->scale, .01, 100);
    *to++ = trm_sense_log(all / p->unit, .01, 100);
    *to++ = trm_sense_log((now + .01 * p->unit) / (all + .01 * p->unit), .01, 100);
    *to++ = trm_sense_log(far / p->unit, .01, 1e4) / 3;
    return to;
}

/* Means of the last seasons (or stretches of four) against the last one. 8 numbers. */
static float *levels(const struct past *p, float *to)
{
    size_t m = p->season > 1 ? p->season : 4;

    for (size_t k = 2; k <= 9; k++)
        *to++ = k * m <= p->n
                    ? trm_sense_squash((mean_of(p->v + p->n - k * m, m) - p->reference) / p->unit)
                    : 0;
    return to;
}

/* How the record looks: the consensus of all leads, its bias, near against far. 6 numbers. */
static float *record(const struct trm_sense *s, float *to)
{
    double near = 0, far = 0, near_n = 1e-9, far_n = 1e-9, bias = 0, newest = 0, newest_n = 1e-9;
    const struct trm_sense_parts *p = s->parts;
    double half = .5 * log((double)trm_max_size(trm_min_size(p->horizon, p->history->n / 5), 1));

    for (size_t i = 0; i < s->point_n; i++) {
        double e = 0;
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
            e += (double)s->error[i * TRM_BANK_DRAFTS + k] / TRM_BANK_DRAFTS;
        bool is_far = (double)s->log_lead[i] > half, is_new = 3 * i >= 2 * s->point_n;
        near += is_far ? 0 : fabs(e), near_n += !is_far;
        far += is_far ? fabs(e) : 0, far_n += is_far;
        newest += is_new ? e : 0, newest_n += is_new;
        bias += e / (double)s->point_n;
    }
    *to++ = trm_sense_log(near / near_n + .02, .02, 100);
    *to++ = trm_sense_log(far / far_n + .02, .02, 100);
    *to++ = trm_sense_squash(bias);
    *to++ = trm_sense_squash(newest / newest_n);
    *to++ = trm_sense_log(p->best / s->scale + .001, .001, 100);
    *to++ = s->point_n ? 1 : 0;
    return to;
}

static float *lags(const struct past *p, float *to)
{
    double mean =
        mean_of(p->d + p->d_n - trm_min_size(p->d_n, p->season), trm_min_size(p->d_n, p->season));

    for (size_t i = 1; i <= TRM_SENSE_LAGS; i++)
        *to++ = i <= p->n ? trm_sense_squash((p->v[p->n - i] - p->reference) / p->unit) : 0;
    for (size_t i = 1; i <= TRM_SENSE_LAGS; i++)
        *to++ = i <= p->d_n ? trm_sense_squash((p->d[p->d_n - i] - mean) / p->unit) : 0;
    return to;
}

/* Means of ever longer stretches before the lags, with and without season: 24-31, 32-47, ...
 * 512-767 steps ago. 20 numbers. */
static float *stretches(const struct past *p, float *to)
{
    static const size_t ends[11] = {24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768};
    size_t last = trm_min_size(p->d_n, p->season);
    double mean = mean_of(p->d + p->d_n - last, last);

    for (size_t i = 0; i < 10; i++) {
        size_t from = ends[i], end = ends[i + 1];
        *to++ = end <= p->n ? trm_sense_squash(
                                  (mean_of(p->v + p->n - end, end - from) - p->reference) / p->unit)
                            : 0;
        *to++ = end <= p->d_n
                    ? trm_sense_squash((mean_of(p->d + p->d_n - end, end - from) - mean) / p->unit)
                    : 0;
    }
    return to;
}

void trm_sense_describe(struct trm_sense *s)
{
    struct trm_sense_parts *parts = s->parts;
    const struct trm_history *h = parts->history;
    size_t keep = trm_min_size(h->n, trm_max_size(RECENT, 9 * h->season));
    size_t last = trm_min_size(h->n, trm_max_size(h->season, 4));
    struct past p = {.v = h->filled + h->n - keep,
                     .n = keep,
                     .d = parts->view.plain,
                     .d_n = parts->view.recent_n,
                     .season = h->season,
                     .season2 = h->n > parts->season2 + 4 ? parts->season2 : 0,
                     .unit = s->sigma,
                     .reference = mean_of(h->filled + h->n - last, last)};
    float *to = s->global, *end = to + TRM_SENSE_GLOBALS;

    double least = .02 * parts->best +
                   1e-3 * s->scale; /* a best draft without error is not infinitely better */
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        *to++ = s->point_n
                    ? trm_sense_log((s->draft_error[k] + least) / (parts->best + least), 1, 1e3)
                    : 0;
    to = lags(&p, to);
    to = stretches(&p, to);
    to = sizes(s, &p, to);
    to = habits(s, &p, to);
    to = correlations(&p, &parts->view, to);
    to = roughness(s, &p, to);
    to = levels(&p, to);
    to = record(s, to);
    while (to < end)
        *to++ = 0;
}
