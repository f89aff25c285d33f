/* Analogs: what followed the stretches of the past that look most like the present one (Lorenz
 * 1969; nearest-neighbour forecasting). Knows windows compared around their own means; refuses to
 * interpret. Surprising: what followed each neighbour is kept, since their scatter says more of the
 * interval's shape than any formula does. */
#include "core/bank_parts.h"

#include <string.h>

/* distance[t] of the window ending before t (t = L .. last) to the newest one, both centred on
 * their own means. */
static void distances(const float *v, size_t n, size_t L, size_t last, float *distance)
{
    const float *now = v + n - L;
    float mean_now = 0, sum = 0;

    for (size_t i = 0; i < L; i++) {
        mean_now += now[i];
        sum += v[i];
    }
    mean_now /= (float)L;
    for (size_t t = L; t <= last; t++) {
        const float *then = v + t - L;
        float shift = mean_now - sum / (float)L, lane[8] = {0};
        size_t i = 0;
        for (; i + 8 <= L; i += 8)
            for (size_t k = 0; k < 8; k++) {
                float e = now[i + k] - then[i + k] - shift;
                lane[k] += e * e;
            }
        for (; i < L; i++)
            lane[i % 8] += (now[i] - then[i] - shift) * (now[i] - then[i] - shift);
        distance[t] = ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
                      ((lane[4] + lane[5]) + (lane[6] + lane[7]));
        sum += v[t] - v[t - L];
    }
}

/* The k nearest ends in ascending distance, none closer than `apart` to a better one. */
static size_t nearest(float *distance, size_t first, size_t last, size_t k, size_t apart,
                      size_t *ret)
{
    size_t n = 0;

    while (n < k) {
        size_t best = first;
        for (size_t t = first + 1; t <= last; t++)
            if (distance[t] < distance[best])
                best = t;
        if (!(distance[best] < INFINITY))
            break;
        ret[n++] = best;
        size_t from = best > first + apart ? best - apart : first;
        for (size_t t = from; t <= trm_min_size(best + apart, last); t++)
            distance[t] = INFINITY;
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

/* ret[j] = median of the k outcomes. */
static void middle(const double *outcome, size_t k, size_t leads, double *ret)
{
    double at[ANALOG_MAX];

    for (size_t j = 0; j < leads; j++) {
        for (size_t i = 0; i < k; i++)
            at[i] = outcome[i * leads + j];
        ret[j] = trm_bank_median(at, k);
    }
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
    distances(bank->window, w->n, L, last, bank->distance);
    k = nearest(bank->distance, L, last, k, trm_max_size(L / 6, 1), end);
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

    for (size_t i = 0; i < w->n; i++)
        bank->window[i] =
            (float)(w->v[i] - w->v[w->n - 1]); /* a high level must not eat the digits */
    search(bank, w, trm_min_size(small, w->n / 4), 0, row(w, TRM_BANK_ANALOG));
    search(bank, w, trm_min_size(large, w->n / 4), 1, row(w, TRM_BANK_ANALOG_LONG));
}
