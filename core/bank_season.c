/* Drafts that repeat the past: one or several seasons ago, their mean, their median, carried to
 * today's level. Knows copies and averages; refuses to fit anything. Surprising: where the history
 * has fewer seasons than a draft would go back, it goes back as far as there is. */
#include "core/bank_parts.h"

#include <string.h>

/* The value k seasons before lead j (from 0), or as many as the history has. */
static double back(const struct draw *w, size_t season, size_t k, size_t j)
{
    k = trm_max_size(trm_min_size(k, w->n / season), 1);
    return w->v[w->n - k * season + j % season];
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
    for (size_t k = 0; k < 4; k++)
        for (size_t j = 0; j < w->leads; j++)
            row(w, which[k])[j] = back(w, w->season, k + 1, j);
    for (size_t j = 0; j < w->leads; j++)
        row(w, TRM_BANK_NAIVE)[j] = w->v[w->n - 1];
}

/* The mean shape of the last four seasons on the last season's level. */
static void profile(const struct draw *w)
{
    size_t k_n = trm_max_size(trm_min_size(4, w->n / w->season), 1);
    double *ret = row(w, TRM_BANK_PROFILE), now = season_mean(w, 1);

    for (size_t j = 0; j < w->leads; j++)
        ret[j] = now;
    for (size_t k = 1; k <= k_n; k++) {
        double level = season_mean(w, k);
        for (size_t j = 0; j < w->leads; j++)
            ret[j] += (back(w, w->season, k, j) - level) / (double)k_n;
    }
}

/* Seasonal naive that goes on growing as the last season grew over the one before: by ratio
 * (bounded), and by difference (halved). */
static void growth(const struct draw *w)
{
    size_t m = w->season;
    double now = season_mean(w, 1), before = w->n >= 2 * m ? season_mean(w, 2) : now;
    double ratio = before > 0 && now > 0 ? trm_clamp(now / before, .5, 2) : 1;

    for (size_t j = 0; j < w->leads; j++) {
        double seasons = (double)(j / m + 1), last = back(w, m, 1, j);
        row(w, TRM_BANK_RATIO)[j] = last * pow(ratio, fmin(seasons, 3));
        row(w, TRM_BANK_SDRIFT)[j] = last + .5 * (now - before) * seasons;
    }
}

double trm_bank_median(double *at, size_t n)
{
    trm_sort(at, n);
    return n % 2 ? at[n / 2] : .5 * (at[n / 2 - 1] + at[n / 2]);
}

/* Median of the lead's phase over the last k_n seasons. */
static void phase_median(const struct draw *w, size_t k_n, double *ret)
{
    double at[64];

    for (size_t j = 0; j < w->leads; j++) {
        for (size_t k = 1; k <= k_n && j < w->season; k++)
            at[k - 1] = back(w, w->season, k, j);
        ret[j] = j < w->season ? trm_bank_median(at, k_n) : ret[j - w->season];
    }
}

static void medians(const struct draw *w, const struct plain *plain)
{
    size_t seasons = trm_max_size(w->n / w->season, 1);
    size_t level_n = trm_min_size(plain->n, trm_min_size(trm_max_size(w->season, 12), 64));
    double at[64], level;

    phase_median(w, trm_min_size(w->season > 1 ? 8 : 16, seasons), row(w, TRM_BANK_SMEDIAN));
    phase_median(w, trm_min_size(w->season > 1 ? 24 : 48, seasons), row(w, TRM_BANK_SMEDIAN_LONG));
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
    medians(w, &bank->plain);
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
    for (size_t j = 0; j < w->leads; j++) {
        double last = back(w, m2, 1, j), sum = 0;
        for (size_t k = 1; k <= k_n; k++)
            sum += back(w, m2, k, j);
        row(w, TRM_BANK_LONG_NAIVE)[j] = last;
        row(w, TRM_BANK_LONG_ADJUSTED)[j] = last + now - then;
        row(w, TRM_BANK_LONG_MEAN)[j] = sum / (double)k_n;
    }
}
