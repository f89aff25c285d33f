/* The inputs of one lead: drafts and their weights there, and what the history did at that phase.
 */
#include "core/kernel.h"
#include "core/sense_parts.h"

#include <string.h>

#define PAST_MAX 12 /* seasons looked back */

/* Log weights of the consensus at a lead, largest 0: minus three times the log of the mean error,
 * half over the whole record, half near the lead (by omega). */
static void weigh(struct trm_sense *s, float *logit)
{
    struct trm_sense_parts *p = s->parts;
    double log_error[TRM_BANK_DRAFTS], least = INFINITY;
    const struct trm_kernels *kernel = trm_kernels();

    kernel->times_rows(s->point_n, TRM_BANK_DRAFTS, p->omega, p->size[0], p->near);
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        double error = s->point_n ? .5 * (s->draft_error[k] + p->near[k]) : p->best;
        log_error[k] = error + .02 * p->best + 1e-3 * s->scale;
    }
    kernel->log(TRM_BANK_DRAFTS, log_error, log_error);
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        least = log_error[k] < least ? log_error[k] : least;
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        logit[k] = (float)trm_clamp(-3 * (log_error[k] - least), -12, 0);
}

/* The consensus at a lead: drafts weighted by exp(logit). weight[DRAFTS] sums to 1. */
static double consensus(const struct trm_sense *s, const float *logit, size_t lead, double *weight)
{
    double sum = 0, mean = 0;

    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        weight[k] = (double)logit[k];
    trm_kernels()->exp(TRM_BANK_DRAFTS, weight, weight);
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        sum += weight[k];
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        weight[k] /= sum;
        mean += weight[k] * s->value[k * s->parts->horizon + lead - 1];
    }
    return mean;
}

/* Mean |error| that this mixture would have had over the record, half near the lead, in sigma; and
 * the mean signed one near the lead. */
static double local_error(const struct trm_sense *s, const double *weight, double *ret_bias,
                          double *ret_all)
{
    const struct trm_sense_parts *p = s->parts;
    double all = 0, near = 0, bias = 0, mixed[TRM_SENSE_POINTS];

    if (!s->point_n) {
        *ret_bias = 0;
        *ret_all = 1;
        return 1;
    }
    trm_kernels()->rows_times(s->point_n, TRM_BANK_DRAFTS, p->error[0], weight, mixed);
    for (size_t i = 0; i < s->point_n; i++) {
        all += fabs(mixed[i]);
        near += p->omega[i] * fabs(mixed[i]);
        bias += p->omega[i] * mixed[i];
    }
    *ret_bias = bias / s->sigma;
    *ret_all = all / s->sigma / (double)s->point_n;
    return .5 * (*ret_all + near / s->sigma);
}

/* Squashes the distances of at[n] from the centre in sigma. */
static float *squashed(const struct trm_sense *s, double *at, size_t n, double centre, float *to)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (at[i] - centre) / s->sigma;
    trm_kernels()->squash(n, at, to);
    return to + n;
}

/* Value of sorted at[n] at a share 0..1 of the way. */
static double share(const double *at, size_t n, double part)
{
    double x = part * (double)(n - 1);
    size_t i = trm_min_size((size_t)x, n - 1), next = trm_min_size(i + 1, n - 1);

    return at[i] + (x - (double)i) * (at[next] - at[i]);
}

/* What happened at the lead's phase in up to PAST_MAX seasons: quantiles around the consensus,
 * scatter, the share of zeros, the typical change from season to season. 9 numbers. */
static float *phase_past(const struct trm_sense *s, size_t lead, double centre, float *to)
{
    const struct trm_history *h = s->parts->history;
    size_t m = h->season, n = trm_min_size(h->n / m, m > 1 ? PAST_MAX : PAST_MAX - 1), zeros = 0;
    double at[PAST_MAX], change = 0, mean = 0, scatter = 0;

    for (size_t k = 0; k < n; k++) {
        at[k] = h->filled[h->n - (k + 1) * m + (lead - 1) % m];
        zeros += at[k] == 0;
        mean += at[k];
        change += k ? fabs(at[k] - at[k - 1]) : 0;
    }
    mean /= (double)n;
    for (size_t k = 0; k < n; k++)
        scatter += fabs(at[k] - mean);
    scatter /= (double)n, change /= n > 1 ? (double)(n - 1) : 1;
    trm_sort(at, n);
    static const double parts[5] = {.1, .25, .5, .75, .9};
    double quantile[5];
    for (size_t i = 0; i < 5; i++)
        quantile[i] = share(at, n, parts[i]);
    to = squashed(s, quantile, 5, centre, to);
    *to++ = trm_sense_log(scatter / s->sigma + .02, .02, 1e3);
    *to++ = trm_sense_log(change / s->sigma + .02, .02, 1e3);
    *to++ = (float)zeros / (float)n;
    *to++ = trm_sense_log((double)n, 1, PAST_MAX) / 2;
    return to;
}

/* The lead's phase one, two, ... eight seasons ago, each against its own season's mean and the
 * consensus against the last one's, then what the newest value was against its phase's mean. 12
 * numbers. */
static float *phase_steps(const struct trm_sense *s, size_t lead, double centre, float *to)
{
    const struct trm_history *h = s->parts->history;
    size_t m = h->season, span = m > 1 ? m : 4, here = trm_min_size((h->n - 1) / m, 4);
    double mean = 0, x[12], newest = h->filled[h->n - 1];

    for (size_t k = 1; k <= 8; k++) {
        size_t end = h->n - trm_min_size((k - 1) * m, h->n - 1),
               start = end > span ? end - span : 0;
        bool has = k * m <= h->n && end > start;
        double level =
            has ? (s->parts->sums[end] - s->parts->sums[start]) / (double)(end - start) : 0;
        double at = has ? h->filled[h->n - k * m + (lead - 1) % m] - level : 0;
        if (k == 1)
            x[0] = centre - level;
        x[k] = at;
    }
    for (size_t k = 1; k <= here; k++)
        mean += h->filled[h->n - 1 - k * m] / (double)here;
    x[9] = here ? newest - mean : 0;
    x[10] = newest - centre;
    x[11] = newest - h->filled[h->n - 1 - trm_min_size(m, h->n - 1)];
    return squashed(s, x, 12, 0, to);
}

/* Values around the lead's phase a season ago, and around its place in the longer season. 9
 * numbers. */
static float *neighbours(const struct trm_sense *s, size_t lead, double centre, float *to)
{
    const struct trm_history *h = s->parts->history;
    static const int around[4] = {-2, -1, 1, 2};
    size_t m = h->season, m2 = s->parts->season2, at = h->n - m + (lead - 1) % m;
    double x[8];

    for (int i = 0; i < 4; i++) {
        size_t t = trm_min_size(at + around[i] < h->n ? at + around[i] : at, h->n - 1);
        x[i] = h->filled[t];
    }
    bool has = m2 && h->n >= m2 + 2;
    for (int i = 0; i < 4; i++) {
        size_t t = has ? h->n - m2 + (lead - 1) % m2 + around[i] : 0;
        x[4 + i] = has && t < h->n ? h->filled[t] : centre;
    }
    to = squashed(s, x, 8, centre, to);
    *to++ = has;
    return to;
}

/* Outcomes of the analogs at the lead: low, middle, high of each. 6 numbers. */
static float *analogs(const struct trm_sense *s, size_t lead, double centre, float *to)
{
    const struct trm_bank_view *view = &s->parts->view;
    double at[32], x[6];

    for (int which = 0; which < 2; which++) {
        size_t n = view->analog_n[which];
        for (size_t i = 0; i < n; i++)
            at[i] = view->analog[which][i * s->parts->horizon + lead - 1];
        for (int i = 0; i < 3; i++)
            x[3 * which + i] = n ? share(at, n, .1 + .4 * i) : centre;
    }
    return squashed(s, x, 6, centre, to);
}

static float *position(const struct trm_sense *s, size_t lead, float *to)
{
    double h = (double)lead, m = (double)s->parts->history->season;

    *to++ = (float)(fmin(h, 96) / 32);
    *to++ = (float)(log(fmin(h, 192)) / 3);
    *to++ = (float)(1 / h);
    *to++ = (float)fmin(h / m, 4);
    *to++ = (float)(h / (double)s->parts->horizon);
    *to++ = (float)(fmod(h - 1, m) / m);
    return to;
}

void trm_sense_row(struct trm_sense *s, size_t lead, size_t at)
{
    struct trm_sense_parts *p = s->parts;
    float *logit = s->logit + at * TRM_BANK_DRAFTS, *draft = s->draft + at * TRM_BANK_DRAFTS;
    float *to = s->step + at * TRM_SENSE_STEPS, *end = to + TRM_SENSE_STEPS;
    double weight[TRM_BANK_DRAFTS], bias, all, scatter = 0;

    trm_sense_omega(s, log((double)lead), p->omega);
    weigh(s, logit);
    double centre = s->centre[at] = consensus(s, logit, lead, weight);
    double local = local_error(s, weight, &bias, &all);
    double e[TRM_BANK_DRAFTS];
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
        e[k] = s->value[k * p->horizon + lead - 1];
    to = squashed(s, e, TRM_BANK_DRAFTS, centre, to);
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        draft[k] = (float)trm_clamp(e[k], -100, 100);
        scatter += weight[k] * fabs(e[k]);
    }
    s->spread[at] = (float)trm_clamp(.85 * local + .3 * scatter, .1, 20);
    *to++ = trm_sense_log(scatter + .02, .02, 1e3);
    *to++ = trm_sense_log(local + .02, .02, 1e3);
    *to++ = trm_sense_squash(bias);
    *to++ = trm_sense_log(all + .02, .02, 1e3);
    to = position(s, lead, to);
    to = phase_past(s, lead, centre, to);
    to = neighbours(s, lead, centre, to);
    to = analogs(s, lead, centre, to);
    to = phase_steps(s, lead, centre, to);
    while (to < end)
        *to++ = 0;
}
