/* Drafts that outliers cannot move: smoothing, Theta and autoregression of the history with its
 * spikes and drops drawn in to three robust deviations around what the season leaves (Winsor's
 * rule). Knows the median and the median absolute deviation; refuses to decide whether a spike is
 * an error: the untouched history has its own drafts. */
#include "core/bank_parts.h"

#include <string.h>

#define FENCE 3.0        /* robust standard deviations */
#define MAD_SIGMA 1.4826 /* of the normal distribution */

/* Where d's middle and fence lie; fence 0 where most of d is one value and everything else would
 * look like an outlier. */
static void fence_in(const struct plain *plain, double *work, struct learned *ret)
{
    size_t n = plain->n;

    memcpy(work, plain->d, n * sizeof *work);
    ret->middle = trm_bank_median(work, n);
    for (size_t i = 0; i < n; i++)
        work[i] = fabs(plain->d[i] - ret->middle);
    ret->fence = FENCE * MAD_SIGMA * trm_bank_median(work, n);
}

/* ret[n] = v[n] with d's outliers drawn in; false where there are none. */
static bool draw_in(const struct plain *plain, const double *v, const struct learned *with,
                    double *ret)
{
    bool any = false;

    for (size_t i = 0; i < plain->n; i++) {
        double e = plain->d[i] - with->middle, far = trm_clamp(e, -with->fence, with->fence) - e;
        ret[i] = v[i] + far;
        any |= far != 0;
    }
    return any && with->fence > 0;
}

static void relatives(const struct draw *w)
{
    size_t bytes = w->leads * sizeof(double);

    memcpy(row(w, TRM_BANK_CALM_SES), row(w, TRM_BANK_SES), bytes);
    memcpy(row(w, TRM_BANK_CALM_THETA), row(w, TRM_BANK_THETA), bytes);
    memcpy(row(w, TRM_BANK_CALM_AR), row(w, TRM_BANK_AR), bytes);
}

void trm_bank_calm(struct trm_bank *bank, const struct draw *w)
{
    size_t n = bank->plain.n, H = w->leads, m = bank->plain.season;
    struct learned *known = &bank->learned;

    relatives(w);
    if (bank->learn)
        fence_in(&bank->plain, bank->work, known);
    if (!draw_in(&bank->plain, w->v + w->n - n, known, bank->calm_v))
        return;
    trm_bank_plain(bank->calm_v, n, m, bank->work, &bank->calm);
    const double *d = bank->calm.d;
    if (bank->learn || !known->with_calm) {
        known->with_calm = true;
        known->ses_calm = trm_bank_ses_choose(d, n);
        trm_bank_ar_fit(d, n, trm_min_size(30, m + 2), false, bank->path, &known->ar_calm);
    }
    double level = trm_bank_ses(d, n, known->ses_calm);
    for (size_t j = 0; j < H; j++)
        row(w, TRM_BANK_CALM_SES)[j] = level;
    trm_bank_theta(d, n, known->ses_calm, level, H, row(w, TRM_BANK_CALM_THETA));
    trm_bank_ar(d, n, &known->ar_calm, false, H, bank->path, row(w, TRM_BANK_CALM_AR));
    static const enum trm_bank_draft calm[] = {TRM_BANK_CALM_SES, TRM_BANK_CALM_THETA,
                                               TRM_BANK_CALM_AR};
    for (size_t i = 0; i < 3; i++)
        trm_bank_add_cycle(bank->calm.index, bank->calm.season, H, row(w, calm[i]));
}
