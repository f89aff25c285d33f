/* Autoregressions: first order, Yule-Walker, on differences, on seasonal lags by ridge, and many
 * leads at once (ridge.h). Knows normal equations; refuses to go astray: an iterated path that
 * leaves the history's range by more than twice its width is held there. */
#include "core/bank_parts.h"

#include "core/kernel.h"

#include <string.h>

#define SAR_ROWS 700
#define SAR_BATCH 64

void trm_bank_ar1(const double *d, size_t n, size_t leads, double *ret)
{
    double mean = trm_bank_mean(d, n), product[4] = {0}, square[4] = {0};
    size_t i = 1;

    for (; i + 4 <= n; i += 4)
        for (size_t l = 0; l < 4; l++) {
            double e = d[i + l] - mean;
            square[l] += e * e;
            product[l] += e * (d[i + l - 1] - mean);
        }
    for (; i < n; i++) {
        square[0] += (d[i] - mean) * (d[i] - mean);
        product[0] += (d[i] - mean) * (d[i - 1] - mean);
    }
    double all = (square[0] + square[1]) + (square[2] + square[3]) + (d[0] - mean) * (d[0] - mean);
    double next = (product[0] + product[1]) + (product[2] + product[3]);
    double phi = all > 0 ? trm_clamp(next / all, 0, 1) : 0, gap = d[n - 1] - mean;
    for (size_t j = 0; j < leads; j++) {
        gap *= phi;
        ret[j] = mean + gap;
    }
}

/* Levinson (1947) and Durbin (1960): coefficients of every order up to order_max; the order with
 * the least AIC is kept. Returns that order. */
static size_t levinson(const double *cov, size_t n, size_t order_max, double *ret_phi)
{
    double phi[ORDER_MAX] = {0}, before[ORDER_MAX], variance = cov[0], least = 2; /* of order 0 */
    size_t best = 0;

    if (!(cov[0] > 0))
        return 0;
    for (size_t k = 0; k < order_max; k++) {
        double top = cov[k + 1];
        memcpy(before, phi, sizeof before);
        for (size_t i = 0; i < k; i++)
            top -= before[i] * cov[k - i];
        double reflect = variance > 0 ? top / variance : 0;
        if (!(fabs(reflect) < 1))
            break;
        for (size_t i = 0; i < k; i++)
            phi[i] = before[i] - reflect * before[k - 1 - i];
        phi[k] = reflect;
        variance *= 1 - reflect * reflect;
        double aic = (double)n * log(variance / cov[0] + 1e-12) + 2 * (double)(k + 2);
        if (aic < least) {
            least = aic;
            best = k + 1;
            memcpy(ret_phi, phi, (k + 1) * sizeof *phi);
        }
    }
    return best;
}

void trm_bank_ar_fit(const double *d, size_t n, size_t order_max, bool difference, double *path,
                     struct ar *ret)
{
    double cov[ORDER_MAX + 16];
    size_t k = difference ? n - 1 : n;

    ret->order = 0;
    if (k < 4)
        return;
    double mean = difference ? 0 : trm_bank_mean(d, n);
    for (size_t i = 0; i < k; i++)
        path[i] = difference ? d[i + 1] - d[i] : d[i] - mean;
    order_max = trm_min_size(trm_min_size(order_max, ORDER_MAX), k / 4);
    size_t lags = (order_max + 1 + 15) / 16 * 16; /* as registers like it; past the end are zeros */
    memset(path + k, 0, lags * sizeof *path);
    trm_kernels()->lagged(lags, k, path, cov);
    for (size_t i = 0; i <= order_max; i++)
        cov[i] /= (double)k;
    ret->order = levinson(cov, k, order_max, ret->phi);
}

/* What the last `order` values of x[k] say of the next one; phi's last is of the newest. */
static double next_of(const double *x, const double *phi, size_t order)
{
    double lane[4] = {0};
    size_t i = 0;

    for (; i + 4 <= order; i += 4)
        for (size_t l = 0; l < 4; l++)
            lane[l] += phi[i + l] * x[i + l];
    for (; i < order; i++)
        lane[i % 4] += phi[i] * x[i];
    return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

void trm_bank_ar(const double *d, size_t n, const struct ar *ar, bool difference, size_t leads,
                 double *path, double *ret)
{
    size_t k = difference ? n - 1 : n, order = trm_min_size(ar->order, k);
    double mean = difference ? 0 : trm_bank_mean(d, n), level = d[n - 1], phi[ORDER_MAX];

    for (size_t i = 0; i < order; i++) {
        phi[i] = ar->phi[order - 1 - i];
        path[i] = difference ? d[k - order + i + 1] - d[k - order + i] : d[k - order + i] - mean;
    }
    for (size_t j = 0; j < leads; j++) {
        double next = path[order + j] = next_of(path + j, phi, order);
        level += next;
        ret[j] = difference ? level : mean + next;
    }
}

/* ---- seasonal lags ---- */

static void add_lag(struct sar *l, size_t lag, size_t limit)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->lag[i] == lag)
            return;
    if (!lag || lag > limit || l->n == SAR_LAGS - 1) /* the target is the last column */
        return;
    l->lag[l->n++] = lag;
    l->longest = trm_max_size(l->longest, lag);
}

/* The recent steps and the neighbourhoods of one, two and three seasons ago, as far as they leave
 * rows. */
static struct sar choose_lags(size_t n, size_t m, size_t m2)
{
    struct sar l = {.n = 0};
    size_t limit = n * 3 / 5;

    for (size_t k = 1; k <= 4; k++)
        add_lag(&l, k, limit);
    if (m > 1) {
        size_t wish[] = {m, m + 1, m - 1, 2 * m, 3 * m, 2 * m + 1};
        for (size_t i = 0; i < sizeof wish / sizeof *wish; i++)
            add_lag(&l, wish[i], limit);
    }
    if (m2) {
        size_t wish[] = {m2, m2 + 1, m2 - 1, 2 * m2};
        for (size_t i = 0; i < sizeof wish / sizeof *wish; i++)
            add_lag(&l, wish[i], limit);
    }
    return l;
}

/* Normal equations of v[t] - mean on its lags over the newest rows: the lags' products, then
 * theirs with the target in column l->n. Returns the rows. */
static size_t sar_gram(const double *v, size_t n, double mean, const struct sar *l, double *gram)
{
    size_t first = trm_max_size(l->longest, n > SAR_ROWS ? n - SAR_ROWS : 0);
    double x[SAR_BATCH][SAR_LAGS] = {{0}};

    memset(gram, 0, SAR_LAGS * SAR_LAGS * sizeof *gram);
    for (size_t from = first; from < n; from += SAR_BATCH) {
        size_t rows = trm_min_size(SAR_BATCH, n - from);
        for (size_t i = 0; i <= l->n; i++) {
            const double *at = v + from - (i < l->n ? l->lag[i] : 0);
            for (size_t r = 0; r < rows; r++)
                x[r][i] = at[r] - mean;
        }
        trm_kernels()->gram(rows, x[0], gram);
    }
    return n - first;
}

static bool sar_solve(const double *v, size_t n, double mean, struct sar *s)
{
    double gram[SAR_LAGS * SAR_LAGS], trace = 0;
    size_t k = s->n, rows = sar_gram(v, n, mean, s, gram);
    double share = (double)k / (double)(rows + 1);

    for (size_t i = 0; i < k; i++)
        trace += gram[i * SAR_LAGS + i] / (double)k;
    if (!(trace > 0))
        return false;
    for (size_t i = 0; i < k;
         i++) /* .003 of the diagonal, more where there are few rows for the lags */
        gram[i * SAR_LAGS + i] += trace * (.003 + .2 * share * share);
    return !trm_kernels()->solve_normal(k, gram, s->coef);
}

void trm_bank_sar_fit(const double *v, size_t n, double mean, size_t season, size_t season2,
                      struct sar *ret)
{
    *ret = choose_lags(n, season, season2);
    if (n < 8 || !ret->n || !sar_solve(v, n, mean, ret))
        ret->n = 0;
}

void trm_bank_sar(const double *v, size_t n, struct extent of, const struct sar *sar, size_t season,
                  size_t leads, double *path, double *ret)
{
    /* the range that the path may not leave: the history's, twice its width further */
    double low = of.low - 2 * (of.high - of.low), high = of.high + 2 * (of.high - of.low);

    season = trm_min_size(season, n);
    if (!sar->n || sar->longest > n) {
        for (size_t j = 0; j < leads; j++)
            ret[j] = v[n - season + j % season];
        return;
    }
    memcpy(path + n - sar->longest, v + n - sar->longest, sar->longest * sizeof *path);
    for (size_t j = 0; j < leads; j++) {
        double lane[2] = {of.mean, 0};
        for (size_t i = 0; i < sar->n; i++)
            lane[i % 2] += sar->coef[i] * (path[n + j - sar->lag[i]] - of.mean);
        ret[j] = path[n + j] = trm_clamp(lane[0] + lane[1], low, high);
    }
}

/* ---- many leads at once ---- */

/* Whole seasons, seven at most, as many as leave at least as many windows as lags; 0: none. */
static size_t direct_lookback(size_t n, size_t season, size_t leads)
{
    static const size_t seasons[] = {7, 4, 3, 2, 1};

    for (size_t i = 0; i < sizeof seasons / sizeof *seasons; i++) {
        size_t lookback = season == 1 ? 4 * seasons[i] : seasons[i] * season;
        if (lookback <= DIRECT_LOOKBACK_MAX && n >= 2 * lookback + leads + 1)
            return lookback;
    }
    return 0;
}

void trm_bank_direct_fit(struct trm_bank *bank, const double *v, size_t n, size_t season,
                         size_t leads)
{
    size_t direct = trm_min_size(leads, TRM_BANK_LEADS_DIRECT);
    size_t lookback = direct_lookback(n, season, direct);
    /* the newest windows: what is learned from more of them than this changes little */
    size_t keep = trm_min_size(n, trm_max_size(1400, 8 * season));

    trm_ridge_done(&bank->ridge);
    bank->ridge_n = 0;
    if (!lookback || lookback + direct > n)
        return;
    trm_ridge_place(&bank->ridge, lookback, direct, season, bank->ridge_memory);
    v += n - keep, n = keep;
    double middle =
        v[(n - direct) / 2]; /* changes count, not levels: a high one would eat the digits */
    for (size_t i = 0; i < n; i++)
        bank->work[i] = v[i] - middle;
    trm_ridge_add(&bank->ridge, bank->work, lookback, n - direct + 1, 1);
    if (trm_ridge_solve(&bank->ridge, .03) != TRM_OK)
        trm_ridge_done(&bank->ridge);
    bank->ridge_n = bank->ridge.lookback;
    bank->ridge_leads = direct;
}

void trm_bank_direct(struct trm_bank *bank, const struct draw *w)
{
    double *ret = row(w, TRM_BANK_RIDGE);

    memcpy(ret, row(w, TRM_BANK_SAR), w->leads * sizeof *ret);
    if (!bank->ridge_n || bank->ridge_n > w->n)
        return;
    double at[TRM_BANK_LEADS_DIRECT];
    trm_ridge_predict(&bank->ridge, w->v + w->n - bank->ridge_n, at);
    memcpy(ret, at, trm_min_size(w->leads, bank->ridge_leads) * sizeof *ret);
}
