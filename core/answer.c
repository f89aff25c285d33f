/* Knots of whoever answers. */
#include "core/answer.h"

#include "core/quantile.h"

#include <string.h>

#define WIDE                                                                                       \
    1.25 /* spreads to a normal unit: the record's errors are a little smaller than what comes */

void trm_answer_knots(const struct trm_think *t, struct trm_who who, double *ret)
{
    const struct trm_sense *s = t->sense;
    size_t H = t->horizon;

    if (who.by == TRM_BY_NETWORK) {
        memcpy(ret, t->quantile, H * TRM_KNOTS * sizeof *ret);
        return;
    }
    for (size_t h = 0; h < H; h++) {
        double unit = WIDE * (double)s->spread[h] * s->sigma;
        double median = who.by == TRM_BY_DRAFT ? s->value[(size_t)who.draft * H + h] : s->centre[h];
        for (int k = 0; k < TRM_KNOTS; k++)
            ret[h * TRM_KNOTS + (size_t)k] = median + unit * trm_normal_knots[k];
        ret[h * TRM_KNOTS + TRM_KNOT_MEDIAN] = median;
    }
}

bool trm_answer_is_finite(const double *knots, size_t rows)
{
    for (size_t i = 0; i < rows * TRM_KNOTS; i++)
        if (!isfinite(knots[i]))
            return false;
    return true;
}

void trm_answer_widen(const struct trm_widening *w, double *knots, size_t rows)
{
    for (size_t h = 0; h < rows; h++) {
        double *q = knots + h * TRM_KNOTS, median = q[TRM_KNOT_MEDIAN];
        for (int k = 0; k < TRM_KNOTS; k++) {
            double factor = w->factor[k > TRM_KNOT_MEDIAN][k == 0 || k == TRM_KNOTS - 1];
            q[k] = median + (q[k] - median) * factor;
        }
        q[TRM_KNOT_MEDIAN] = median;
        for (int k = TRM_KNOT_MEDIAN - 1; k >= 0; k--)
            q[k] = fmin(q[k], q[k + 1]);
        for (int k = TRM_KNOT_MEDIAN + 1; k < TRM_KNOTS; k++)
            q[k] = fmax(q[k], q[k - 1]);
    }
}

static void softmax(const float *logit, float *ret)
{
    double sum = 0;

    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        ret[k] = (float)exp((double)logit[k]); /* the largest is 0 */
        sum += (double)ret[k];
    }
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        ret[k] = (float)((double)ret[k] / sum);
}

void trm_answer_mix(const struct trm_think *t, struct trm_who who, size_t row,
                    float ret[TRM_BANK_DRAFTS])
{
    if (who.by == TRM_BY_NETWORK) {
        memcpy(ret, t->mix + row * TRM_BANK_DRAFTS, TRM_BANK_DRAFTS * sizeof *ret);
    } else if (who.by == TRM_BY_DRAFT) {
        memset(ret, 0, TRM_BANK_DRAFTS * sizeof *ret);
        ret[who.draft] = 1;
    } else {
        softmax(t->sense->logit + row * TRM_BANK_DRAFTS, ret);
    }
}

void trm_answer_mean_mix(const struct trm_think *t, struct trm_who who, float ret[TRM_BANK_DRAFTS])
{
    double sum[TRM_BANK_DRAFTS] = {0};
    float mix[TRM_BANK_DRAFTS];

    for (size_t h = 0; h < t->horizon; h++) {
        trm_answer_mix(t, who, h, mix);
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
            sum[k] += (double)mix[k];
    }
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        ret[k] = (float)(sum[k] / (double)t->horizon);
}

size_t trm_answer_top(const float mix[TRM_BANK_DRAFTS], size_t most, double least,
                      struct trm_draft_weight *ret)
{
    bool told[TRM_BANK_DRAFTS] = {false};
    size_t n = 0;

    for (; n < most; n++) {
        int best = -1;
        for (int k = 0; k < TRM_BANK_DRAFTS; k++)
            if (!told[k] && (double)mix[k] >= least && (best < 0 || mix[k] > mix[best]))
                best = k;
        if (best < 0)
            break;
        told[best] = true;
        ret[n] =
            (struct trm_draft_weight){trm_bank_name((enum trm_bank_draft)best), (double)mix[best]};
    }
    return n;
}

bool trm_answer_is_flat(const struct trm_history *h)
{
    for (size_t i = 1; i < h->n; i++)
        if (h->filled[i] != h->filled[0])
            return false;
    return true;
}

#define BEFORE_MAX 256 /* values before it stuck that are looked at */

/* The knot's value in the mixture of what it is and, with probability p, what it was: sorted at[n]. */
static double mixed(const double *at, size_t n, double stuck, double p, int knot)
{
    double level = trm_knot_levels[knot];
    bool above = knot > TRM_KNOT_MEDIAN;
    double tail = (above ? 1 - level : level) / p;

    if (!(tail < 1))
        return stuck;
    double place = (above ? 1 - tail : tail) * (double)(n - 1);
    size_t low = (size_t)place, high = trm_min_size(low + 1, n - 1);
    double v = at[low] + (place - (double)low) * (at[high] - at[low]);
    return above ? fmax(v, stuck) : fmin(v, stuck);
}

void trm_answer_unstick(const struct trm_history *h, size_t first, double *knots, size_t rows)
{
    double at[BEFORE_MAX], held = (double)h->stuck_n, stuck = h->raw[h->n - 1];
    size_t n = 0;

    if (!h->stuck_n)
        return;
    for (size_t t = h->n; t-- > 0 && n < BEFORE_MAX;)
        if (!isnan(h->raw[t]) && (n || h->raw[t] != stuck))
            at[n++] = h->raw[t];
    if (!n)
        return;
    trm_sort(at, n);
    for (size_t i = 0; i < rows; i++) {
        double *q = knots + i * TRM_KNOTS, lead = (double)(first + i), p = lead / (lead + held);
        for (int k = 0; k < TRM_KNOTS; k++) {
            double v = mixed(at, n, stuck, p, k);
            if (k != TRM_KNOT_MEDIAN)
                q[k] = k > TRM_KNOT_MEDIAN ? fmax(q[k], v) : fmin(q[k], v);
        }
    }
}
