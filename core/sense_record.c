/* The drafts' record on the series' own recent past. Knows rolling origins and errors; refuses to
 * know what the record is used for. */
#include "core/kernel.h"
#include "core/sense_parts.h"

#include <string.h>

/* Below so many values every second origin's coefficients are its own, and serve the next newer one:
 * they still change much, and cost little. */
#define REFIT_BELOW 300

/* Origins before the end, in halves of the backtest horizon, newest first. */
static const size_t origin_halves[TRM_SENSE_ORIGINS] = {1, 2, 3, 4, 6, 8, 11, 14};

/* Mean |v[t] - v[t - m]| over t in [from, n). */
static double mean_change(const double *v, size_t from, size_t n, size_t m)
{
    double sum = 0;

    from = trm_max_size(from, m);
    for (size_t t = from; t < n; t++)
        sum += fabs(v[t] - v[t - m]);
    return from < n ? sum / (double)(n - from) : 0;
}

/* Half of it from the whole past, half from the recent: a series whose size changes is measured by
 * now. */
static double scale_of(const struct trm_history *h)
{
    size_t recent = trm_max_size(3 * h->season, 16), n = h->n;
    double whole = mean_change(h->filled, 0, n, h->season);
    double last = mean_change(h->filled, n > recent ? n - recent : 0, n, h->season);
    double step = mean_change(h->filled, 0, n, 1);

    return fmax(fmax(.5 * (whole + last), .05 * step), 1e-3 * h->sd);
}

/* Compares the drafts at one origin with what came, at up to TRM_SENSE_PROBES leads. */
static void probe(struct trm_sense *s, size_t origin, size_t span)
{
    struct trm_sense_parts *p = s->parts;
    size_t before = 0;

    trm_bank_draw(p->bank, p->history->filled, origin, p->history->season, p->season2, span,
                  p->past);
    for (size_t i = 0; i < TRM_SENSE_PROBES; i++) {
        double part = pow((double)i / (TRM_SENSE_PROBES - 1), 1.3);
        size_t lead = 1 + (size_t)((double)(span - 1) * part + .5);
        double truth = p->history->raw[origin + lead - 1];
        if (lead == before || isnan(truth))
            continue;
        before = lead;
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
            p->error[s->point_n][k] = p->past[k * span + lead - 1] - truth;
        s->log_lead[s->point_n++] = (float)log((double)lead);
    }
}

static void collect(struct trm_sense *s)
{
    struct trm_sense_parts *p = s->parts;
    size_t n = p->history->n, m = p->history->season;
    size_t span = trm_min_size(trm_min_size(p->horizon, n / 5), TRM_BANK_LEADS_DIRECT);
    size_t least = trm_max_size(m + 2, 4);

    s->point_n = 0;
    if (!span)
        return;
    size_t drawn = 0;
    for (size_t i = TRM_SENSE_ORIGINS; i-- > 0;) {
        size_t back = trm_max_size(origin_halves[i] * span / 2, 1), origin = n - back;
        if (n < back + least || (i && back == trm_max_size(origin_halves[i - 1] * span / 2, 1)))
            continue;
        if (isnan(p->history->raw[origin - 1]))
            continue; /* the hole was filled with what came after it */
        if (!drawn || (origin < REFIT_BELOW && drawn % 2 == 0))
            trm_bank_fit(p->bank, p->history->filled, origin, m, p->season2, span);
        drawn++;
        probe(s, origin, trm_min_size(span, back));
    }
}

/* Mean errors, sigma, and the record in units of sigma. */
static void measure(struct trm_sense *s)
{
    struct trm_sense_parts *p = s->parts;

    p->best = INFINITY;
    for (size_t k = 0; k < TRM_BANK_DRAFTS; k++) {
        double sum = 0;
        for (size_t i = 0; i < s->point_n; i++)
            sum += p->size[i][k] = fabs(p->error[i][k]);
        s->draft_error[k] = s->point_n ? sum / (double)s->point_n : TRM_NAN;
        if (s->draft_error[k] < p->best)
            p->best = s->draft_error[k];
    }
    if (!s->point_n)
        p->best = s->scale;
    s->u = s->point_n ? trm_clamp(p->best / s->scale + .03, .03, 20) : 1;
    s->sigma = s->scale * s->u;
    memset(s->error, 0, TRM_SENSE_POINTS * TRM_BANK_DRAFTS * sizeof *s->error);
    memset(s->log_lead + s->point_n, 0, (TRM_SENSE_POINTS - s->point_n) * sizeof *s->log_lead);
    for (size_t i = 0; i < s->point_n; i++)
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
            s->error[i * TRM_BANK_DRAFTS + k] =
                (float)trm_clamp(p->error[i][k] / s->sigma, -50, 50);
}

void trm_sense_omega(const struct trm_sense *s, double log_lead, double *ret)
{
    double sum = 0;

    for (size_t i = 0; i < s->point_n; i++)
        ret[i] = -fabs(log_lead - (double)s->log_lead[i]);
    trm_kernels()->exp(s->point_n, ret, ret);
    for (size_t i = 0; i < s->point_n; i++)
        sum += ret[i];
    for (size_t i = 0; i < s->point_n; i++)
        ret[i] /= sum;
}

void trm_sense_record(struct trm_sense *s)
{
    s->scale = scale_of(s->parts->history);
    collect(s);
    measure(s);
}
