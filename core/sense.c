/* Sensing a series: the record, the drafts, the rows. */
#include "core/sense_parts.h"

#include <stdlib.h>

static void place(struct trm_sense *s, size_t H)
{
    double *at = s->parts->all;
    float *at_f = s->parts->all_f;

    s->value = at, at += TRM_BANK_DRAFTS * H;
    s->parts->past = at, at += TRM_BANK_DRAFTS * TRM_BANK_LEADS_DIRECT;
    s->centre = at, at += H;
    s->parts->sums = at;
    s->global = at_f, at_f += TRM_SENSE_GLOBALS;
    s->error = at_f, at_f += TRM_SENSE_POINTS * TRM_BANK_DRAFTS;
    s->log_lead = at_f, at_f += TRM_SENSE_POINTS;
    s->step = at_f, at_f += TRM_SENSE_STEPS * H;
    s->draft = at_f, at_f += TRM_BANK_DRAFTS * H;
    s->logit = at_f, at_f += TRM_BANK_DRAFTS * H;
    s->spread = at_f, at_f += H;
    s->fan = at_f;
}

enum trm_status trm_sense_new(size_t H, struct trm_sense **ret)
{
    struct trm_sense *s = calloc(1, sizeof *s);

    if (!s)
        return TRM_ENOMEM;
    s->parts = calloc(1, sizeof *s->parts);
    if (!s->parts ||
        trm_bank_new(TRM_CONTEXT_MAX, TRM_CONTEXT_MAX, trm_max_size(H, TRM_BANK_LEADS_DIRECT),
                     &s->parts->bank) != TRM_OK)
        goto fail;
    s->parts->horizon_max = H;
    s->parts->all = calloc(TRM_BANK_DRAFTS * (H + TRM_BANK_LEADS_DIRECT) + H + TRM_CONTEXT_MAX + 1,
                           sizeof(double));
    s->parts->all_f =
        calloc(TRM_SENSE_GLOBALS + TRM_SENSE_POINTS * (TRM_BANK_DRAFTS + 1) +
                   (TRM_SENSE_STEPS + 2 * TRM_BANK_DRAFTS + 1 + TRM_SENSE_FANS * TRM_KNOTS) * H,
               sizeof(float));
    if (!s->parts->all || !s->parts->all_f)
        goto fail;
    place(s, H);
    *ret = s;
    return TRM_OK;
fail:
    trm_sense_free(s);
    return TRM_ENOMEM;
}

void trm_sense_free(struct trm_sense *sense)
{
    if (!sense)
        return;
    if (sense->parts) {
        trm_bank_free(sense->parts->bank);
        free(sense->parts->all);
        free(sense->parts->all_f);
    }
    free(sense->parts);
    free(sense);
}

void trm_sense_make(struct trm_sense *s, const struct trm_history *history, size_t season2,
                    size_t horizon, const size_t *lead, size_t row_n)
{
    struct trm_sense_parts *p = s->parts;

    p->history = history, p->season2 = season2, p->horizon = horizon;
    s->row_n = row_n;
    p->sums[0] = 0;
    for (size_t i = 0; i < history->n; i++)
        p->sums[i + 1] = p->sums[i] + history->filled[i];
    trm_sense_record(s);
    trm_bank_fit(p->bank, history->filled, history->n, history->season, season2, horizon);
    trm_bank_draw(p->bank, history->filled, history->n, history->season, season2, horizon,
                  s->value);
    trm_bank_look(p->bank, &p->view);
    trm_sense_describe(s);
    trm_sense_fan_sort(s);
    for (size_t i = 0; i < row_n; i++) {
        trm_sense_row(s, lead ? lead[i] : i + 1, i);
        trm_sense_fan(s, lead ? lead[i] : i + 1, i);
    }
}
