/* Analogs: what followed the stretches of the past that look most like the present one (Lorenz
 * 1969; nearest-neighbour forecasting). Knows windows compared around their own means; refuses to
 * interpret. Surprising: what followed each neighbour is kept, since their scatter says more of the
 * interval's shape than any formula does. */
#include "core/bank_parts.h"

#include "core/kernel.h"

#include <string.h>

#define BLOCK 32 /* distances whose least is known */

/* distance[t] of the window ending before t (t = L .. last) to the newest one, both centred on
 * their own means. shift[last + 1] is scratch. */
static void distances(const float *v, size_t n, size_t L, size_t last, float *shift,
                      float *distance)
{
    const float *now = v + n - L;
    float mean_now = 0, sum = 0;

    for (size_t i = 0; i < L; i++) {
        mean_now += now[i];
        sum += v[i];
    }
    mean_now /= (float)L;
    for (size_t t = L; t <= last; t++) {
        shift[t] = sum;
        sum += v[t] - v[t - L];
    }
    for (size_t t = L; t <= last; t++)
        shift[t] = mean_now - shift[t] / (float)L;
    trm_kernels()->distances(last + 1 - L, L, now, v, shift + L, distance + L);
}

/* least[b] of the distances that block b of those from first on covers. */
static void note_least(const float *distance, size_t first, size_t last, size_t block, float *least)
{
    size_t from = first + block * BLOCK;

    least[block] = trm_kernels()->lowest(trm_min_size(BLOCK, last + 1 - from), distance + from);
}

/* Where the least distance is, the first of several; least[blocks] is up to date. */
static size_t least_of(const float *distance, size_t first, const float *least, size_t blocks)
{
    float value = trm_kernels()->lowest(blocks, least);
    size_t block = 0, t;

    while (block + 1 < blocks && least[block] != value)
        block++;
    for (t = first + block * BLOCK; value < INFINITY && distance[t] != value; t++)
        ;
    return t;
}

/* The k nearest ends in ascending distance, none closer than `apart` to a better one; none at all
 * where the first distance is not a number. least[] is scratch for every BLOCK of them. */
static size_t nearest(float *distance, size_t first, size_t last, size_t k, size_t apart,
                      float *least, size_t *ret)
{
    size_t n = 0, blocks = (last - first) / BLOCK + 1;

    for (size_t b = 0; b < blocks; b++)
        note_least(distance, first, last, b, least);
    while (n < k) {
        size_t best = least_of(distance, first, least, blocks);
        if (isnan(distance[first]) || !(distance[best] < INFINITY))
            break;
        ret[n++] = best;
        size_t from = best > first + apart ? best - apart : first;
        size_t upto = trm_min_size(best + apart, last);
        for (size_t t = from; t <= upto; t++)
            distance[t] = INFINITY;
        for (size_t b = (from - first) / BLOCK; b <= (upto - first) / BLOCK; b++)
            note_least(distance, first, last, b, least);
    }
    return n;
}

static void outcomes(struct trm_bank *bank, const struct draw *w, size_t L, const size_t *end,
                     size_t k, int which, double *ret)
{
    double now = trm_bank_mean(w->v + w->n - L, L);

    memset(ret, 0, w->leads * sizeof *ret);
    for (size_t i = 0; i < k; i++) {
        double *at = bank->analog[which] + i * w->leads;
        double shift = now - trm_bank_mean(w->v + end[i] - L, L);
        size_t span = trm_min_size(w->leads, w->n - end[i]);
        for (size_t j = 0; j < w->leads; j++) {
            size_t from = j < span ? end[i] + j : w->n - w->season + j % w->season;
            at[j] = w->v[from] + (j < span ? shift : 0);
        }
    }
}

/* Sorts the k outcomes of every lead; ret[j] = their median. */
static void middle(double *outcome, size_t k, size_t leads, double *ret)
{
    const double *low = outcome + (k - 1) / 2 * leads, *high = outcome + k / 2 * leads;

    trm_kernels()->sort_columns(k, leads, outcome, leads);
    for (size_t j = 0; j < leads; j++)
        ret[j] = k % 2 ? high[j] : .5 * (low[j] + high[j]);
}

static void search(struct trm_bank *bank, const struct draw *w, size_t L, int which, double *ret)
{
    size_t ahead = trm_min_size(w->leads, trm_min_size(TRM_BANK_LEADS_DIRECT, w->n / 3));
    size_t last = w->n - trm_max_size(ahead, 1), end[ANALOG_MAX], k;

    bank->analog_n[which] = 0;
    memcpy(ret, row(w, which ? TRM_BANK_PROFILE : TRM_BANK_SAR), w->leads * sizeof *ret);
    if (L < 3 || last < L + 4)
        return;
    /* long windows have few true relatives */
    k = (size_t)trm_clamp(sqrt((double)(last - L)) / (which ? 2.5 : 1.6), 2,
                          which ? 12 : ANALOG_MAX);
    distances(bank->window, w->n, L, last, bank->shift, bank->distance);
    k = nearest(bank->distance, L, last, k, trm_max_size(L / 6, 1), bank->shift, end);
    if (!k) /* no distance is a number: values beyond single precision */
        return;
    outcomes(bank, w, L, end, k, which, ret);
    middle(bank->analog[which], k, w->leads, ret);
    bank->analog_n[which] = k;
}

void trm_bank_analog(struct trm_bank *bank, const struct draw *w)
{
    size_t m = w->season, small = m > 1 ? (size_t)trm_clamp((double)m / 2, 4, 24) : 6;
    size_t large = m > 1 ? trm_min_size(2 * m, 336) : 20;

    double level = w->v[w->n - 1]; /* a high level must not eat the digits */
    for (size_t i = 0; i < w->n; i++)
        bank->window[i] = (float)(w->v[i] - level);
    search(bank, w, trm_min_size(small, w->n / 4), 0, row(w, TRM_BANK_ANALOG));
    search(bank, w, trm_min_size(large, w->n / 4), 1, row(w, TRM_BANK_ANALOG_LONG));
}
