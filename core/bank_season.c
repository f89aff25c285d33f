/* Drafts that repeat the past: one or several seasons ago, their mean, their median, carried to
 * today's level. Knows copies and averages; refuses to fit anything. Surprising: where the history
 * has fewer seasons than a draft would go back, it goes back as far as there is. */
#include "core/bank_parts.h"

#include "core/kernel.h"

#include <string.h>

/* The season that lies k before the leads, or as many as the history has. */
static const double *back(const struct draw *w, size_t season, size_t k)
{
    k = trm_max_size(trm_min_size(k, w->n / season), 1);
    return w->v + w->n - k * season;
}

/* The first season of leads goes on for ever. */
static void go_on(size_t season, size_t leads, double *at)
{
    for (size_t j = season; j < leads; j++)
        at[j] = at[j - season];
}

/* Mean of the k-th season from the end (1 = the last). */
static double season_mean(const struct draw *w, size_t k)
{
    return trm_bank_mean(w->v + w->n - k * w->season, w->season);
}

static void copies(const struct draw *w)
{
    static const enum trm_bank_draft which[4] = {TRM_BANK_SNAIVE, TRM_BANK_SNAIVE_2,
                                                 TRM_BANK_SNAIVE_3, TRM_BANK_SNAIVE_4};
    size_t span = trm_min_size(w->season, w->leads);

    for (size_t k = 0; k < 4; k++) {
        memcpy(row(w, which[k]), back(w, w->season, k + 1), span * sizeof *w->v);
        go_on(w->season, w->leads, row(w, which[k]));
    }
    for (size_t j = 0; j < w->leads; j++)
        row(w, TRM_BANK_NAIVE)[j] = w->v[w->n - 1];
}

/* The mean shape of the last four seasons on the last season's level. */
static void profile(const struct draw *w)
{
    size_t k_n = trm_max_size(trm_min_size(4, w->n / w->season), 1);
    double *ret = row(w, TRM_BANK_PROFILE), now = season_mean(w, 1);

    size_t span = trm_min_size(w->season, w->leads);

    for (size_t j = 0; j < span; j++)
        ret[j] = now;
    for (size_t k = 1; k <= k_n; k++) {
        const double *at = back(w, w->season, k);
        double level = season_mean(w, k);
        for (size_t j = 0; j < span; j++)
            ret[j] += (at[j] - level) / (double)k_n;
    }
    go_on(w->season, w->leads, ret);
}

/* Seasonal naive that goes on growing as the last season grew over the one before: by ratio
 * (bounded), and by difference (halved). */
static void growth(const struct draw *w)
{
    size_t m = w->season;
    double now = season_mean(w, 1), before = w->n >= 2 * m ? season_mean(w, 2) : now;
    double ratio = before > 0 && now > 0 ? trm_clamp(now / before, .5, 2) : 1;
    double power[4] = {1, ratio, pow(ratio, 2), pow(ratio, 3)};

    const double *at = back(w, m, 1);
    for (size_t j = 0, q = 0, seasons = 1; j < w->leads; j++) {
        double last = at[q];
        row(w, TRM_BANK_RATIO)[j] = last * power[trm_min_size(seasons, 3)];
        row(w, TRM_BANK_SDRIFT)[j] = last + .5 * (now - before) * (double)seasons;
        if (++q == m)
            q = 0, seasons++;
    }
}

/* Moves what is below the pivot (or equals it) to the front; returns how many. */
static size_t below(double *at, size_t n, double pivot, bool equal)
{
    size_t found = 0;

    for (size_t i = 0; i < n; i++) {
        double v = at[i];
        at[i] = at[found];
        at[found] = v;
        found += equal ? v <= pivot : v < pivot;
    }
    return found;
}

/* Puts the k smallest in front and the next behind them (Hoare 1961). */
static void select(double *at, size_t n, size_t k)
{
    while (n > 16) {
        double a = at[0], b = at[n / 2], c = at[n - 1];
        double pivot = a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
        size_t less = below(at, n, pivot, false);
        if (k < less) {
            n = less;
            continue;
        }
        at += less, n -= less, k -= less;
        size_t same = below(at, n, pivot, true);
        if (k < same || !same)
            return;
        at += same, n -= same, k -= same;
    }
    trm_sort(at, n);
}

double trm_bank_median(double *at, size_t n)
{
    size_t half = n / 2;

    select(at, n, half);
    if (n % 2)
        return at[half];
    double low = at[0];
    for (size_t i = 1; i < half; i++)
        low = at[i] > low ? at[i] : low;
    return .5 * (low + at[half]);
}

/* Median of the lead's phase over the last k_n <= 24 seasons. work[n] */
static void phase_median(const struct draw *w, size_t k_n, double *work, double *ret)
{
    size_t m = w->season, span = trm_min_size(m, w->leads);

    for (size_t k = 0; k < k_n; k++)
        memcpy(work + k * span, w->v + w->n - (k + 1) * m, span * sizeof *work);
    trm_kernels()->sort_columns(k_n, span, work, span);
    const double *low = work + (k_n - 1) / 2 * span, *high = work + k_n / 2 * span;
    for (size_t j = 0; j < span; j++)
        ret[j] = k_n % 2 ? high[j] : .5 * (low[j] + high[j]);
    for (size_t j = span; j < w->leads; j++)
        ret[j] = ret[j - span];
}

/* Without a season: of the last values. */
static void last_median(const struct draw *w, size_t n, double *work, double *ret)
{
    memcpy(work, w->v + w->n - n, n * sizeof *work);
    double median = trm_bank_median(work, n);
    for (size_t j = 0; j < w->leads; j++)
        ret[j] = median;
}

static void medians(const struct draw *w, const struct plain *plain, double *work)
{
    double *recent = row(w, TRM_BANK_SMEDIAN), *all = row(w, TRM_BANK_SMEDIAN_LONG);
    size_t seasons = trm_max_size(w->n / w->season, 1);
    size_t level_n = trm_min_size(plain->n, trm_min_size(trm_max_size(w->season, 12), 64));
    double at[64], level;

    if (w->season > 1) {
        phase_median(w, trm_min_size(8, seasons), work, recent);
        phase_median(w, trm_min_size(24, seasons), work, all);
    } else {
        last_median(w, trm_min_size(16, seasons), work, recent);
        last_median(w, trm_min_size(48, seasons), work, all);
    }
    memcpy(at, plain->d + plain->n - level_n, level_n * sizeof *at);
    level = trm_bank_median(at, level_n);
    for (size_t j = 0; j < w->leads; j++)
        row(w, TRM_BANK_LAST_MEDIAN)[j] = level;
}

void trm_bank_seasonal(struct trm_bank *bank, const struct draw *w)
{
    copies(w);
    profile(w);
    growth(w);
    medians(w, &bank->plain, bank->work);
}

/* ---- the longer season ---- */

static void without_long(const struct draw *w)
{
    size_t bytes = w->leads * sizeof(double);

    memcpy(row(w, TRM_BANK_LONG_NAIVE), row(w, TRM_BANK_PROFILE), bytes);
    memcpy(row(w, TRM_BANK_LONG_ADJUSTED), row(w, TRM_BANK_PROFILE), bytes);
    memcpy(row(w, TRM_BANK_LONG_MEAN), row(w, TRM_BANK_SMEDIAN), bytes);
}

void trm_bank_seasonal_long(struct trm_bank *bank, const struct draw *w)
{
    size_t m2 = w->season2, span;

    (void)bank;
    if (!m2) {
        without_long(w);
        return;
    }
    span = trm_min_size(trm_max_size(w->season, 7), w->n - m2);
    double now = trm_bank_mean(w->v + w->n - span, span);
    double then = trm_bank_mean(w->v + w->n - m2 - span, span);
    size_t k_n = trm_min_size(w->n / m2, 8);
    double *last = row(w, TRM_BANK_LONG_NAIVE), *mean = row(w, TRM_BANK_LONG_MEAN);
    double *adjusted = row(w, TRM_BANK_LONG_ADJUSTED);
    size_t first = trm_min_size(m2, w->leads);
    memcpy(last, back(w, m2, 1), first * sizeof *last);
    memset(mean, 0, first * sizeof *mean);
    for (size_t k = 1; k <= k_n; k++) {
        const double *at = back(w, m2, k);
        for (size_t j = 0; j < first; j++)
            mean[j] += at[j];
    }
    for (size_t j = 0; j < first; j++) {
        adjusted[j] = last[j] + now - then;
        mean[j] /= (double)k_n;
    }
    go_on(m2, w->leads, last);
    go_on(m2, w->leads, mean);
    go_on(m2, w->leads, adjusted);
}
