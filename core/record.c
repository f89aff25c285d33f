/* Judging, making, describing. */
#include "core/record.h"

#include "core/trial.h"

#include <string.h>

#define ORIGINS_MIN 6.
#define SURE_CONSENSUS 2. /* standard errors … */
#define SURE_DRAFT 3.
#define GAIN_CONSENSUS .03 /* … and share of the network's loss that another must be better by */
#define GAIN_DRAFT .05

double trm_origin_newness(const struct trm_origin *o)
{
    return fmin(1, (double)o->step / (double)o->leads);
}

static double mean_loss(const struct trm_record *r, size_t who)
{
    double sum = 0, weight = 0;

    for (size_t i = 0; i < r->origin_n; i++) {
        sum += trm_origin_newness(&r->origin[i]) * (double)r->origin[i].loss[who];
        weight += trm_origin_newness(&r->origin[i]);
    }
    return weight > 0 ? sum / weight : TRM_NAN;
}

/* By how much another is better than the network. */
struct edge {
    double n, mean, error; /* effective origins; mean difference and its standard error */
    double gain;           /* mean over the network's mean loss */
};

static struct edge edge_of(const struct trm_record *r, size_t who, size_t without)
{
    double loss = 0, square = 0;
    struct edge e = {0};

    for (size_t i = 0; i < r->origin_n; i++) {
        const struct trm_origin *o = &r->origin[i];
        double w = i == without ? 0 : trm_origin_newness(o);
        e.n += w;
        e.mean += w * ((double)o->loss[0] - (double)o->loss[who]);
        loss += w * (double)o->loss[0];
    }
    if (!(e.n > 1))
        return (struct edge){0};
    e.gain = loss > 0 ? e.mean / loss : 0;
    e.mean /= e.n;
    for (size_t i = 0; i < r->origin_n; i++) {
        const struct trm_origin *o = &r->origin[i];
        double d = (double)o->loss[0] - (double)o->loss[who] - e.mean;
        square += i == without ? 0 : trm_origin_newness(o) * d * d;
    }
    e.error = sqrt(square / (e.n - 1) / e.n);
    return e;
}

static bool passes(struct edge e, size_t who, double origins_min)
{
    double sure = who == 1 ? SURE_CONSENSUS : SURE_DRAFT,
           gain = who == 1 ? GAIN_CONSENSUS : GAIN_DRAFT;

    return e.n >= origins_min && e.gain > gain && e.mean > sure * e.error;
}

/* The gate, with one origin left out or TRM_RECORD_ALL. */
static uint32_t judge(const struct trm_record *r, size_t without)
{
    double most = 0, origins_min = without == TRM_RECORD_ALL ? ORIGINS_MIN : ORIGINS_MIN - 1;
    uint32_t who = 0;

    for (uint32_t c = 1; c < TRM_RECORD_WHO; c++) {
        struct edge e = edge_of(r, c, without);
        if (passes(e, c, origins_min) && e.gain > most) {
            most = e.gain;
            who = c;
        }
    }
    return who;
}

uint32_t trm_record_who_without(const struct trm_record *r, size_t without)
{
    return judge(r, without);
}

/* ---- making ---- */

/* The drafts with the least mean loss, best first. */
static void choose_drafts(const struct trm_trial *trial, size_t n, uint8_t ret[TRM_RECORD_DRAFTS])
{
    double loss[TRM_BANK_DRAFTS] = {0};

    for (size_t i = 0; i < n; i++) {
        double weight = fmin(1, (double)trial[i].step / (double)trial[i].leads);
        for (size_t k = 0; k < TRM_BANK_DRAFTS; k++)
            loss[k] += weight * (double)trial[i].loss[2 + k];
    }
    for (size_t d = 0; d < TRM_RECORD_DRAFTS; d++) {
        size_t best = 0;
        for (size_t k = 1; k < TRM_BANK_DRAFTS; k++)
            if (loss[k] < loss[best])
                best = k;
        ret[d] = (uint8_t)best;
        loss[best] = INFINITY;
    }
}

/* Where a record's candidate is among a trial's. */
size_t trm_record_in_trial(const struct trm_record *r, size_t who)
{
    return who < 2 ? who : 2 + (size_t)r->draft[who - 2];
}

static struct trm_origin origin_of(const struct trm_record *r, const struct trm_trial *t)
{
    struct trm_origin o = {.leads = t->leads, .step = t->step};

    for (size_t c = 0; c < TRM_RECORD_WHO; c++) {
        o.loss[c] = t->loss[trm_record_in_trial(r, c)];
        o.mae[c] = t->mae[trm_record_in_trial(r, c)];
    }
    o.mae[TRM_RECORD_WHO] = t->mae[2 + TRM_BANK_SNAIVE];
    return o;
}

/* Of a record that goes on from an older one nothing of the older mix may stay behind the new one: a
 * checkpoint with such a rest is refused as damaged. */
static void keep_mix(struct trm_record *r, const struct trm_trial *t)
{
    struct trm_draft_weight top[TRM_DRAFT_WEIGHTS_MAX];

    memset(r->mix_draft, 0, sizeof r->mix_draft);
    memset(r->mix_weight, 0, sizeof r->mix_weight);
    if (r->who >= 2) {
        r->mix_n = 1;
        r->mix_draft[0] = r->draft[r->who - 2];
        r->mix_weight[0] = 1;
        return;
    }
    const float *mix = t->mix[r->who];
    r->mix_n = (uint32_t)trm_answer_top(mix, TRM_DRAFT_WEIGHTS_MAX, TRM_ANSWER_WEIGHT_MIN, top);
    for (size_t i = 0; i < r->mix_n; i++) {
        uint8_t k = 0;
        while (trm_bank_name((enum trm_bank_draft)k) != top[i].name)
            k++;
        r->mix_draft[i] = k;
        r->mix_weight[i] = mix[k];
    }
}

void trm_record_make(const struct trm_record *old, const struct trm_trial *trial, size_t trial_n,
                     struct trm_record *ret)
{
    size_t kept = old ? trm_min_size(old->origin_n, TRM_RECORD_ORIGINS - trial_n) : 0;
    struct trm_record r = {0};

    if (old)
        r = *old;
    else if (trial_n)
        choose_drafts(trial, trial_n, r.draft);
    if (kept)
        memmove(r.origin, old->origin + old->origin_n - kept, kept * sizeof *r.origin);
    memset(r.origin + kept, 0, (TRM_RECORD_ORIGINS - kept) * sizeof *r.origin);
    for (size_t i = 0; i < trial_n; i++)
        r.origin[kept + i] = origin_of(&r, &trial[i]);
    r.origin_n = (uint32_t)(kept + trial_n);
    r.who = judge(&r, TRM_RECORD_ALL);
    for (size_t i = 0; i < trial_n; i++)
        memcpy(r.origin[kept + i].beyond, trial[i].beyond[trm_record_in_trial(&r, r.who)],
               sizeof r.origin->beyond);
    if (trial_n)
        keep_mix(&r, &trial[trial_n - 1]);
    *ret = r;
}

struct trm_who trm_record_who(const struct trm_record *r)
{
    if (r->who < 2)
        return (struct trm_who){r->who ? TRM_BY_CONSENSUS : TRM_BY_NETWORK, 0};
    return (struct trm_who){TRM_BY_DRAFT, (enum trm_bank_draft)r->draft[r->who - 2]};
}

/* ---- describing ---- */

static struct trm_gate verdict_of(const struct trm_record *r)
{
    struct trm_who who = trm_record_who(r);
    struct trm_gate g = {.by = who.by, .origins = r->origin_n};

    g.loss_network = mean_loss(r, 0);
    g.loss_consensus = mean_loss(r, 1);
    g.loss_draft = TRM_NAN;
    if (who.by == TRM_BY_DRAFT)
        g.draft = trm_bank_name(who.draft);
    for (size_t d = 0; r->origin_n && d < TRM_RECORD_DRAFTS; d++) {
        double loss = mean_loss(r, 2 + d);
        if (!(loss >= g.loss_draft)) {
            g.loss_draft = loss;
            g.best_draft = trm_bank_name((enum trm_bank_draft)r->draft[d]);
        }
    }
    if (r->who) {
        struct edge e = edge_of(r, r->who, TRM_RECORD_ALL);
        g.gain = e.gain;
        g.certainty = e.error > 0 ? e.mean / e.error : (double)INFINITY;
    }
    return g;
}

/* Scores of the rule, each origin judged by the others. */
static void score(const struct trm_record *r, struct trm_model_info *info)
{
    double error = 0, naive = 0, inside[2] = {0};
    size_t n = 0;

    for (size_t i = 0; i < r->origin_n; i++) {
        const struct trm_origin *o = &r->origin[i];
        struct trm_widening w;
        trm_record_widening(r, i, &w);
        double leads = (double)o->leads;
        n += o->leads;
        error += leads * (double)o->mae[judge(r, i)];
        naive += leads * (double)o->mae[TRM_RECORD_WHO];
        for (int outer = 0; outer < 2; outer++)
            inside[outer] += leads * (1 - trm_origin_beyond(o, 0, outer, w.factor[0][outer]) -
                                      trm_origin_beyond(o, 1, outer, w.factor[1][outer]));
    }
    info->backtest_n = n;
    info->mase = n ? error / (double)n : TRM_NAN;
    info->vs_seasonal_naive = naive > 0 ? error / naive : TRM_NAN;
    info->coverage80 = r->origin_n > 1 ? trm_clamp(inside[0] / (double)n, 0, 1) : TRM_NAN;
    info->coverage95 = r->origin_n > 1 ? trm_clamp(inside[1] / (double)n, 0, 1) : TRM_NAN;
}

void trm_record_describe(const struct trm_record *r, struct trm_model_info *info)
{
    info->leads = r->origin_n ? r->origin[r->origin_n - 1].leads : 0;
    info->gate = r->who == 0;
    info->draft_n = r->mix_n;
    for (size_t i = 0; i < r->mix_n; i++)
        info->draft[i] = (struct trm_draft_weight){
            trm_bank_name((enum trm_bank_draft)r->mix_draft[i]), (double)r->mix_weight[i]};
    score(r, info);
    info->verdict = verdict_of(r);
    trm_record_widening(r, TRM_RECORD_ALL, &info->widening);
}
