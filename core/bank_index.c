/* Seasonal indices. Knows the centred moving average and shrinkage; refuses to know forecasts.
 * Surprising: the index is shrunk towards zero as a whole by how much of it could be chance (James
 * and Stein), so a season that is not there does no harm and needs no test. */
#include "core/bank_parts.h"

#include <string.h>

double trm_bank_mean(const double *v, size_t n)
{
    double sum[4] = {0};
    size_t i = 0;

    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++)
            sum[l] += v[i + l];
    for (; i < n; i++)
        sum[0] += v[i];
    return n ? ((sum[0] + sum[1]) + (sum[2] + sum[3])) / (double)n : 0;
}

/* Values minus their centred moving average over one period (2 x m average where m is even), for
 * t = half .. n - half - 1, into ret[t]. */
static void detrended(const double *v, size_t n, size_t m, double *ret)
{
    size_t half = m / 2;
    bool even = m % 2 == 0;
    double sum = 0;

    for (size_t i = 0; i < 2 * half + 1; i++)
        sum += v[i];
    for (size_t t = half; t + half < n; t++) {
        if (t > half)
            sum += v[t + half] - v[t - half - 1];
        double ends = even ? .5 * (v[t - half] + v[t + half]) : 0;
        ret[t] = v[t] - (sum - ends) / (double)m;
    }
}

/* Factor in 0..1 that the raw index deserves, from the scatter of count values around it. */
static double shrinkage(double within, double between, size_t count, size_t m)
{
    double cycles = (double)count / (double)m;

    if (count < m + 3)
        return .7;
    double noise = within / (double)(count - m) / cycles;
    return between > 0 ? trm_clamp(1 - noise / between, 0, 1) : 0;
}

/* The index from detrended values d[from..to), phases counted back from n. */
static void fold(const double *d, size_t from, size_t to, size_t n, struct plain *p)
{
    size_t m = p->season, count = to - from, phase = (from + m * n - n) % m; /* of d[from] */
    double within = 0, between = 0, mean = 0;

    memset(p->index, 0, m * sizeof *p->index);
    for (size_t q = 0; q < m; q++) {
        size_t first = from + (q >= phase ? q - phase : q + m - phase), k = 0;
        for (size_t t = first; t < to; t += m, k++)
            p->index[q] += d[t];
        p->index[q] /= k ? (double)k : 1;
        for (size_t t = first; t < to; t += m)
            within += (d[t] - p->index[q]) * (d[t] - p->index[q]);
        mean += p->index[q] / (double)m;
    }
    for (size_t q = 0; q < m; q++) {
        p->index[q] -= mean;
        between += p->index[q] * p->index[q] / (double)m;
    }
    double keep = shrinkage(within, between, count, m);
    for (size_t q = 0; q < m; q++)
        p->index[q] *= keep;
    double total = within / (double)count + between;
    p->strength = total > 0 ? between / total : 0;
}

/* One season and a bit: the values around their own mean, half believed. */
static void fold_short(const double *v, size_t n, struct plain *p)
{
    double mean = trm_bank_mean(v + n - p->season, p->season);

    for (size_t q = 0; q < p->season; q++)
        p->index[q] = .5 * (v[n - p->season + q] - mean);
    p->strength = .25;
}

void trm_bank_plain(const double *v, size_t n, size_t season, double *work, struct plain *ret)
{
    size_t keep = trm_min_size(n, trm_max_size(TRM_BANK_RECENT, 6 * season));

    v += n - keep, n = keep;
    ret->season = season;
    ret->n = trm_min_size(n, TRM_BANK_RECENT);
    ret->strength = 0;
    if (season < 2 || n < season) {
        ret->season = 1;
        ret->index[0] = 0;
    } else if (n < 2 * season + 1) {
        fold_short(v, n, ret);
    } else {
        detrended(v, n, season, work);
        fold(work, season / 2, n - season / 2, n, ret);
    }
    size_t m = ret->season, phase = (m - ret->n % m) % m;
    for (size_t i = 0; i < ret->n; i++, phase = phase + 1 == m ? 0 : phase + 1)
        ret->d[i] = v[n - ret->n + i] - ret->index[phase];
}

/* Mean over a window of +-half phases around each phase of a closed profile. */
static void smooth_profile(double *at, size_t m, size_t half, double *work)
{
    double sum = 0;

    memcpy(work, at, m * sizeof *at);
    for (size_t i = 0; i < 2 * half + 1; i++)
        sum += work[(i + m - half) % m];
    for (size_t q = 0, in = (half + 1) % m, out = m - half; q < m; q++) {
        at[q] = sum / (double)(2 * half + 1);
        sum += work[in] - work[out == m ? 0 : out];
        in = in + 1 == m ? 0 : in + 1;
        out = out >= m ? 1 : out + 1;
    }
}

/* The longer index: of what the shorter leaves, over the whole history. A year of days is smoothed
 * along its phases (few years, many phases); a week of hours is not. */
void trm_bank_plain_long(struct trm_bank *bank, const struct draw *w)
{
    size_t m = w->season2, n = w->n, s1 = bank->plain.season;
    struct plain *p = &bank->plain2;
    double *left = bank->work;

    p->n = bank->plain.n;
    p->strength = 0;
    p->season = 1;
    memcpy(p->d, bank->plain.d, p->n * sizeof *p->d);
    if (!m)
        return;
    size_t phase = (s1 - n % s1) % s1;
    for (size_t i = 0; i < n; i++, phase = phase + 1 == s1 ? 0 : phase + 1)
        left[i] = w->v[i] - bank->plain.index[phase];
    p->season = m;
    p->index = bank->index2;
    if (n >= 2 * m + 1) {
        detrended(left, n, m, bank->work2);
        fold(bank->work2, m / 2, n - m / 2, n, p);
    } else {
        fold_short(left, n, p);
    }
    if (m >= 100 && m / w->season >= 20)
        smooth_profile(p->index, m, m / 36, bank->work2);
    size_t at = (m - p->n % m) % m;
    for (size_t i = 0; i < p->n; i++, at = at + 1 == m ? 0 : at + 1)
        p->d[i] -= p->index[at];
}

void trm_bank_add_cycle(const double *index, size_t m, size_t leads, double *at)
{
    for (size_t from = 0; from < leads; from += m) {
        size_t some = trm_min_size(m, leads - from);
        for (size_t q = 0; q < some; q++)
            at[from + q] += index[q];
    }
}

void trm_bank_add_index(const struct trm_bank *bank, const struct draw *w, bool two, double *at)
{
    trm_bank_add_cycle(bank->plain.index, bank->plain.season, w->leads, at);
    if (two && bank->plain2.season > 1)
        trm_bank_add_cycle(bank->plain2.index, bank->plain2.season, w->leads, at);
}
