/* The bank's table of drafts and the order in which they are drawn. */
#include "core/bank_parts.h"

#include "core/kernel.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    bool additive;
} drafts[TRM_BANK_DRAFTS] = {
#define TRM_BANK_ROW(name, text, additive) {text, additive},
    TRM_BANK_LIST(TRM_BANK_ROW)
#undef TRM_BANK_ROW
};

const char *trm_bank_name(enum trm_bank_draft draft)
{
    return drafts[draft].name;
}

bool trm_bank_is_additive(enum trm_bank_draft draft)
{
    return drafts[draft].additive;
}

static void place(struct trm_bank *b, size_t n, size_t season, size_t leads)
{
    size_t room = n + 2 * season + leads + 64;
    double *at = b->all;

    b->plain.d = at, at += n;
    b->plain2.d = at, at += n;
    b->logs.d = at, at += n;
    b->calm.d = at, at += n;
    b->calm_v = at, at += n;
    b->calm.index = at, at += season;
    b->plain.index = at, at += season;
    b->index2 = b->plain2.index = at, at += season;
    b->logs.index = at, at += season;
    b->work = at, at += room;
    b->work2 = at, at += room;
    b->path = at, at += room;
    b->analog[0] = at, at += ANALOG_MAX * leads;
    b->analog[1] = at, at += ANALOG_MAX * leads;
    b->place = at, at += leads;
    b->seasons = at, at += 8 * season;
    b->past.v = at, at += n;
    b->past.low = at, at += n;
    b->past.high = at, at += n;
    b->past.log_v = at, at += n;
    b->past.sums = at, at += n + 1;
    b->past.log_sums = at, at += n + 1;
    b->ridge_memory = at;
    b->window = b->all_f;
    b->distance = b->window + n + 1;
    b->shift = b->distance + n + 1;
}

enum trm_status trm_bank_new(size_t n_max, size_t season_max, size_t leads_max,
                             struct trm_bank **ret)
{
    struct trm_bank *b = calloc(1, sizeof *b);
    size_t room = n_max + 2 * season_max + leads_max + 64;

    if (!b)
        return TRM_ENOMEM;
    b->n_max = n_max, b->season_max = season_max, b->leads_max = leads_max;
    b->all =
        malloc((11 * n_max + 2 + 12 * season_max + 3 * room + (2 * ANALOG_MAX + 1) * leads_max +
                trm_ridge_doubles(DIRECT_LOOKBACK_MAX, TRM_BANK_LEADS_DIRECT)) *
               sizeof *b->all);
    b->all_f = malloc(3 * (n_max + 1) * sizeof *b->all_f);
    if (!b->all || !b->all_f) {
        trm_bank_free(b);
        return TRM_ENOMEM;
    }
    place(b, n_max, season_max, leads_max);
    for (size_t j = 0; j < leads_max; j++)
        b->place[j] = trm_bank_pool_place(j + 1);
    *ret = b;
    return TRM_OK;
}

void trm_bank_free(struct trm_bank *bank)
{
    if (!bank)
        return;
    trm_ridge_done(&bank->ridge);
    free(bank->all);
    free(bank->all_f);
    free(bank);
}

/* ---- drawing ---- */

static void fill(double *at, size_t n, double value)
{
    for (size_t j = 0; j < n; j++)
        at[j] = value;
}

/* Levels and trends of what the season leaves, and the season back on. */
static void levels(struct trm_bank *bank, const struct draw *w)
{
    const double *d = bank->plain.d;
    size_t n = bank->plain.n, m = bank->plain.season, H = w->leads;
    size_t recent = trm_min_size(n, trm_max_size(2 * m, 10));
    size_t last = trm_min_size(n, m > 1 ? m : 6);
    struct learned *known = &bank->learned;

    if (bank->learn) {
        known->ses = trm_bank_ses_choose(d, n);
        known->holt = trm_bank_holt_choose(d, n);
        trm_bank_ar_fit(d, n, trm_min_size(30, m + 2), false, bank->path, &known->ar);
        trm_bank_ar_fit(d, n, 8, true, bank->path, &known->ari);
    }
    double level = trm_bank_ses(d, n, known->ses);
    fill(row(w, TRM_BANK_SES), H, level);
    trm_bank_theta(d, n, known->ses, level, H, row(w, TRM_BANK_THETA));
    trm_bank_holt(d, n, known->holt, H, row(w, TRM_BANK_HOLT));
    trm_bank_ols(d + n - recent, recent, H, row(w, TRM_BANK_OLS_RECENT));
    trm_bank_ols(d, n, H, row(w, TRM_BANK_OLS_ALL));
    fill(row(w, TRM_BANK_MEAN), H, trm_bank_mean(d, n));
    fill(row(w, TRM_BANK_LAST_MEAN), H, trm_bank_mean(d + n - last, last));
    trm_bank_ar1(d, n, H, row(w, TRM_BANK_AR1));
    trm_bank_ar(d, n, &known->ar, false, H, bank->path, row(w, TRM_BANK_AR));
    trm_bank_ar(d, n, &known->ari, true, H, bank->path, row(w, TRM_BANK_ARI));
    static const enum trm_bank_draft seasoned[] = {
        TRM_BANK_SES,     TRM_BANK_THETA, TRM_BANK_HOLT,      TRM_BANK_OLS_RECENT,
        TRM_BANK_OLS_ALL, TRM_BANK_MEAN,  TRM_BANK_LAST_MEAN, TRM_BANK_LAST_MEDIAN,
        TRM_BANK_AR1,     TRM_BANK_AR,    TRM_BANK_ARI};
    for (size_t i = 0; i < sizeof seasoned / sizeof *seasoned; i++)
        trm_bank_add_index(bank, w, false, row(w, seasoned[i]));
}

/* The same without the longer season too; without one, nearest relatives. */
static void long_levels(struct trm_bank *bank, const struct draw *w)
{
    const double *d = bank->plain2.d;
    size_t n = bank->plain2.n, H = w->leads;

    if (bank->learn) {
        bank->learned.ses_long = trm_bank_ses_choose(d, n);
        trm_bank_ar_fit(d, n, 10, false, bank->path, &bank->learned.ar_long);
    }
    fill(row(w, TRM_BANK_LONG_SES), H, trm_bank_ses(d, n, bank->learned.ses_long));
    trm_bank_ar1(d, n, H, row(w, TRM_BANK_LONG_REVERT));
    trm_bank_ar(d, n, &bank->learned.ar_long, false, H, bank->path, row(w, TRM_BANK_LONG_AR));
    trm_bank_add_index(bank, w, true, row(w, TRM_BANK_LONG_SES));
    trm_bank_add_index(bank, w, true, row(w, TRM_BANK_LONG_REVERT));
    trm_bank_add_index(bank, w, true, row(w, TRM_BANK_LONG_AR));
}

void trm_bank_fit(struct trm_bank *bank, const double *v, size_t n, size_t season, size_t season2,
                  size_t leads)
{
    struct past *past = &bank->past;

    trm_bank_remember(past, v, n);
    trm_bank_direct_fit(bank, v, n, season, leads);
    trm_bank_pool_fit(&bank->pool, &past->rows, v, past->sums, n, season, season2, leads);
    bank->log_pool.n = 0;
    bank->learn = true;
    bank->learned.with_log = bank->learned.with_calm = false;
    if (trm_bank_logs(past, n) >= 0)
        trm_bank_pool_fit(&bank->log_pool, &past->log_rows, past->log_v, past->log_sums, n, season,
                          season2, leads);
}

static void back_from_logs(size_t n, double lift, double *at)
{
    for (size_t j = 0; j < n; j++)
        at[j] = trm_clamp(at[j], -600, 600);
    trm_kernels()->exp(n, at, at);
    for (size_t j = 0; j < n; j++)
        at[j] -= lift;
}

static void log_levels(struct trm_bank *bank, const struct draw *w)
{
    static const enum trm_bank_draft logs[] = {TRM_BANK_LOG_SES,  TRM_BANK_LOG_THETA,
                                               TRM_BANK_LOG_HOLT, TRM_BANK_LOG_OLS,
                                               TRM_BANK_LOG_SAR,  TRM_BANK_LOG_POOL};
    static const enum trm_bank_draft plain[] = {TRM_BANK_SES,     TRM_BANK_THETA, TRM_BANK_HOLT,
                                                TRM_BANK_OLS_ALL, TRM_BANK_SAR,   TRM_BANK_POOL};
    struct learned *known = &bank->learned;
    double lift = trm_bank_logs(&bank->past, w->n);
    const double *log_v = bank->past.log_v;
    size_t H = w->leads;

    for (size_t i = 0; i < 6; i++)
        memcpy(row(w, logs[i]), row(w, plain[i]), H * sizeof(double));
    if (lift < 0)
        return;
    struct extent of = trm_bank_log_extent(&bank->past, w->n);
    trm_bank_plain(log_v, w->n, w->season, bank->work, &bank->logs);
    const double *d = bank->logs.d;
    size_t n = bank->logs.n;
    if (bank->learn || !known->with_log) {
        known->with_log = true;
        known->ses_log = trm_bank_ses_choose(d, n);
        known->holt_log = trm_bank_holt_choose(d, n);
        trm_bank_sar_fit(log_v, w->n, of.mean, w->season, w->season2, &known->sar_log);
    }
    double level = trm_bank_ses(d, n, known->ses_log);
    fill(row(w, TRM_BANK_LOG_SES), H, level);
    trm_bank_theta(d, n, known->ses_log, level, H, row(w, TRM_BANK_LOG_THETA));
    trm_bank_holt(d, n, known->holt_log, H, row(w, TRM_BANK_LOG_HOLT));
    trm_bank_ols(d, n, H, row(w, TRM_BANK_LOG_OLS));
    trm_bank_sar(log_v, w->n, of, &known->sar_log, w->season, H, bank->path,
                 row(w, TRM_BANK_LOG_SAR));
    double *pooled = row(w, TRM_BANK_LOG_POOL);
    if (bank->log_pool.n)
        trm_bank_pool(&bank->log_pool, w, log_v, bank->past.log_sums, bank->place,
                      row(w, TRM_BANK_LOG_SAR), pooled);
    for (size_t i = 0; i < 4; i++)
        trm_bank_add_cycle(bank->logs.index, bank->logs.season, H, row(w, logs[i]));
    for (size_t i = 0; i < (bank->log_pool.n ? 6 : 5); i++)
        back_from_logs(H, lift, row(w, logs[i]));
}

/* Finite, and no further from the history than ten times its width: a draft that runs away is worth
 * nothing and would blind the scale of the others. */
static void bound(const struct draw *w, struct extent of)
{
    double room = 10 * (of.high - of.low), low = of.low - room, high = of.high + room;
    size_t cells = TRM_BANK_DRAFTS * w->leads;
    int within = 1;

    for (size_t i = 0; i < cells; i++)
        within &= (w->ret[i] >= low) & (w->ret[i] <= high);
    for (size_t i = 0; i < cells && !within; i++) {
        double *at = &w->ret[i];
        *at = isfinite(*at) ? trm_clamp(*at, low, high) : row(w, TRM_BANK_SNAIVE)[i % w->leads];
    }
}

void trm_bank_draw(struct trm_bank *bank, const double *v, size_t n, size_t season, size_t season2,
                   size_t leads, double *ret)
{
    struct draw w = {v, n, season, season2, leads, ret};

    if (n < season + 1)
        w.season = 1;
    if (season2 <= w.season || n < season2 + trm_max_size(season2 / 6, 4))
        w.season2 = 0;
    trm_bank_remember(&bank->past, v, n);
    struct extent of = trm_bank_extent(&bank->past, n);
    trm_bank_plain(v, n, w.season, bank->work, &bank->plain);
    trm_bank_plain_long(bank, &w);
    trm_bank_seasonal(bank, &w);
    trm_bank_seasonal_long(bank, &w);
    levels(bank, &w);
    long_levels(bank, &w);
    if (bank->learn)
        trm_bank_sar_fit(v, n, of.mean, w.season, w.season2, &bank->learned.sar);
    trm_bank_sar(v, n, of, &bank->learned.sar, w.season, leads, bank->path, row(&w, TRM_BANK_SAR));
    trm_bank_direct(bank, &w);
    trm_bank_pool(&bank->pool, &w, v, bank->past.sums, bank->place, row(&w, TRM_BANK_PROFILE),
                  row(&w, TRM_BANK_POOL));
    trm_bank_analog(bank, &w);
    trm_bank_winters(bank, &w);
    trm_bank_calm(bank, &w);
    log_levels(bank, &w);
    bound(&w, of);
    bank->learn = false;
}

void trm_bank_look(const struct trm_bank *bank, struct trm_bank_view *ret)
{
    *ret = (struct trm_bank_view){
        .plain = bank->plain.d,
        .recent_n = bank->plain.n,
        .index = bank->plain.index,
        .strength = bank->plain.strength,
        .strength2 = bank->plain2.strength,
        .analog = {bank->analog[0], bank->analog[1]},
        .analog_n = {bank->analog_n[0], bank->analog_n[1]},
    };
}
