/* Empirical distributions of a lead, as gaps between quantiles: what followed the analogs, what the
 * phase held in the past, how the consensus missed over the record. Knows samples and their
 * quantiles; refuses to mix them (the thinker does). Surprising: only the shapes are kept, each
 * around its own median, so a fan says how far the truth may lie, never where. */
#include "core/sense_parts.h"

#define PHASE_MAX 24 /* seasons, newest first */
#define SAMPLE_MAX 24

/* Quantiles at the knots become gaps to the neighbour nearer the median. */
static void gaps_of(const double *quantile, double unit, float *ret)
{
    for (int i = 0; i < TRM_KNOTS; i++) {
        int inner = i < TRM_KNOT_MEDIAN ? i + 1 : i > TRM_KNOT_MEDIAN ? i - 1 : i;
        ret[i] = (float)trm_clamp(fabs(quantile[i] - quantile[inner]) / unit, 0, 50);
    }
}

/* Sorts at[n] and reads off its quantiles, plotting position (i + .5) / n. */
static void sample_gaps(double *at, size_t n, double unit, float *ret)
{
    double quantile[TRM_KNOTS] = {0};

    trm_sort(at, n);
    for (int i = 0; n && i < TRM_KNOTS; i++) {
        double x = trm_clamp(trm_knot_levels[i] * (double)n - .5, 0, (double)n - 1);
        size_t low = (size_t)x, high = trm_min_size(low + 1, n - 1);
        quantile[i] = at[low] + (x - (double)low) * (at[high] - at[low]);
    }
    gaps_of(quantile, unit, ret);
}

static void analog_gaps(const struct trm_sense *s, int which, size_t lead, float *ret)
{
    const struct trm_bank_view *view = &s->parts->view;
    size_t n = trm_min_size(view->analog_n[which], SAMPLE_MAX);
    double at[SAMPLE_MAX];

    for (size_t i = 0; i < n; i++)
        at[i] = view->analog[which][i * s->parts->horizon + lead - 1];
    sample_gaps(at, n, s->sigma, ret);
}

static void phase_gaps(const struct trm_sense *s, size_t lead, float *ret)
{
    const struct trm_history *h = s->parts->history;
    size_t m = h->season, n = trm_min_size(h->n / m, PHASE_MAX);
    double at[PHASE_MAX];

    for (size_t k = 0; k < n; k++)
        at[k] = h->filled[h->n - (k + 1) * m + (lead - 1) % m];
    sample_gaps(at, n, s->sigma, ret);
}

/* The consensus of the whole record at each of its points, sorted once for all leads. */
void trm_sense_fan_sort(struct trm_sense *s)
{
    struct trm_sense_parts *p = s->parts;
    double weight[TRM_BANK_DRAFTS], sum = 0;

    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        double error = s->draft_error[k] + .02 * p->best + 1e-3 * s->scale;
        sum += weight[k] = s->point_n ? pow(error / s->sigma, -3) : 0;
    }
    for (size_t i = 0; i < s->point_n; i++) {
        double miss = 0;
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
            miss -= weight[k] / sum * (double)s->error[i * TRM_BANK_DRAFTS + k];
        size_t j = i;
        for (; j && p->miss[j - 1] > miss; j--) {
            p->miss[j] = p->miss[j - 1];
            p->miss_point[j] = p->miss_point[j - 1];
        }
        p->miss[j] = miss;
        p->miss_point[j] = (uint8_t)i;
    }
}

/* Weighted quantiles of the record's misses, the nearer to the lead the heavier. */
static void record_gaps(const struct trm_sense *s, float *ret)
{
    const struct trm_sense_parts *p = s->parts;
    double quantile[TRM_KNOTS] = {0}, passed = 0;
    size_t i = 0;

    for (int q = 0; s->point_n && q < TRM_KNOTS; q++) {
        while (i + 1 < s->point_n && passed + p->omega[p->miss_point[i]] < trm_knot_levels[q])
            passed += p->omega[p->miss_point[i++]];
        quantile[q] = p->miss[i];
    }
    gaps_of(quantile, 1, ret);
}

void trm_sense_fan(struct trm_sense *s, size_t lead, size_t at)
{
    float *to = s->fan + at * TRM_SENSE_FANS * TRM_KNOTS;

    analog_gaps(s, 0, lead, to);
    analog_gaps(s, 1, lead, to + TRM_KNOTS);
    phase_gaps(s, lead, to + 2 * TRM_KNOTS);
    record_gaps(s, to + 3 * TRM_KNOTS);
}
