/* The Gram matrix and its solution. */
#include "core/ridge.h"

#include "core/kernel.h"

#include <stdlib.h>
#include <string.h>

#define LOOKBACK_MAX 336 /* the solve grows with its cube: 6 ms here, on a slow core */
#define LOOKBACK_SEASONLESS 16

size_t trm_ridge_lookback(size_t n, size_t season, size_t leads)
{
    static const size_t seasons[] = {7, 4, 3, 2, 1};

    if (season > LOOKBACK_MAX)
        return 0;
    for (size_t i = 0; i < sizeof seasons / sizeof *seasons; i++) {
        size_t lookback = season == 1 ? LOOKBACK_SEASONLESS * seasons[i] / 7 : seasons[i] * season;
        lookback = trm_max_size(trm_min_size(lookback, LOOKBACK_MAX), 2);
        if (n >= 2 * lookback + leads + 1)
            return lookback;
    }
    return 0;
}

size_t trm_ridge_doubles(size_t lookback, size_t leads)
{
    size_t span = lookback + leads;

    return lookback * leads + span * span + lookback * lookback + 2 * span;
}

void trm_ridge_place(struct trm_ridge *ret, size_t lookback, size_t leads, size_t season, double *memory)
{
    size_t span = lookback + leads;

    memset(memory, 0, lookback * leads * sizeof *memory); /* the sums begin with the first windows */
    *ret = (struct trm_ridge){.lookback = lookback, .leads = leads, .season = season};
    ret->coef = memory;
    ret->gram = ret->coef + lookback * leads;
    ret->work = ret->gram + span * span;
}

enum trm_status trm_ridge_init(struct trm_ridge *ret, size_t lookback, size_t leads, size_t season)
{
    double *all = malloc(trm_ridge_doubles(lookback, leads) * sizeof *all);

    if (!all)
        return TRM_ENOMEM;
    trm_ridge_place(ret, lookback, leads, season, all);
    ret->all = all;
    return TRM_OK;
}

void trm_ridge_done(struct trm_ridge *ridge)
{
    free(ridge->all);
    *ridge = (struct trm_ridge){0};
}

void trm_ridge_clear(struct trm_ridge *ridge)
{
    ridge->windows = 0;
}

void trm_ridge_add(struct trm_ridge *ridge, const double *v, size_t first, size_t end, double sign)
{
    size_t span = ridge->lookback + ridge->leads;
    double *column = ridge->work; /* the products of the first column, then of every diagonal */
    const struct trm_kernels *k = trm_kernels();

    if (first >= end)
        return;
    const double *x = v + first - ridge->lookback; /* x[i + t]: element i of window t */
    size_t count = end - first;
    k->lagged(span, count, x, column);
    /* Row by row, column[d] becomes the product of elements i and i + d. */
    for (size_t j = 0; j < span; j++) {
        double *row = ridge->gram + j * span + j;
        if (!ridge->windows)
            memset(row, 0, (span - j) * sizeof *row);
        size_t last = span - j - 1; /* the next row has one less */
        row[last] += sign * column[last];
        k->slide(last, sign, row, column, x + count + j, x + j);
    }
    ridge->windows += sign > 0 ? count : -count;
}

static double gram_at(const struct trm_ridge *ridge, size_t i, size_t j)
{
    size_t span = ridge->lookback + ridge->leads;

    return i <= j ? ridge->gram[i * span + j] : ridge->gram[j * span + i];
}

/* ret[L][L] = S, both triangles; mean[L] of its rows. */
static void inputs_gram(const struct trm_ridge *ridge, double *mean, double *ret)
{
    size_t L = ridge->lookback, span = L + ridge->leads;

    for (size_t i = 0; i < L; i++)
        for (size_t j = i; j < L; j++)
            ret[i * L + j] = ret[j * L + i] = ridge->gram[i * span + j];
    memset(mean, 0, L * sizeof *mean);
    for (size_t j = 0; j < L; j++)
        for (size_t i = 0; i < L; i++)
            mean[i] += ret[j * L + i];
    for (size_t i = 0; i < L; i++)
        mean[i] /= (double)L;
}

/* ret[L][L] = P S P + lambda mean(diag) I. */
static void centred_gram(const struct trm_ridge *ridge, double lambda, double *mean, double *ret)
{
    size_t L = ridge->lookback;
    double grand = 0, trace = 0;

    inputs_gram(ridge, mean, ret);
    for (size_t i = 0; i < L; i++)
        grand += mean[i];
    grand /= (double)L;
    for (size_t i = 0; i < L; i++) {
        double own = mean[i];
        for (size_t j = 0; j < L; j++)
            ret[i * L + j] = ret[i * L + j] - own - mean[j] + grand;
        trace += ret[i * L + i];
    }
    for (size_t i = 0; i < L; i++)
        ret[i * L + i] += lambda * trace / (double)L;
}

/* at[H] = what the targets' change has to do with element i. */
static void change_products(const struct trm_ridge *ridge, size_t i, double *at)
{
    size_t L = ridge->lookback, H = ridge->leads, m = ridge->season;
    const double *row = ridge->gram + i * (L + H);

    for (size_t from = 0; from < H; from += m) {
        size_t upto = trm_min_size(from + m, H);
        if (i <= L - m)
            for (size_t j = from; j < upto; j++)
                at[j] = row[L + j] - row[L - m + j - from];
        else
            for (size_t j = from; j < upto; j++)
                at[j] = row[L + j] - gram_at(ridge, i, L - m + j - from);
    }
}

/* ret[L][H] = P R; mean[H] is scratch. */
static void centred_products(const struct trm_ridge *ridge, double *mean, double *ret)
{
    size_t L = ridge->lookback, H = ridge->leads;

    memset(mean, 0, H * sizeof *mean);
    for (size_t i = 0; i < L; i++) {
        change_products(ridge, i, ret + i * H);
        for (size_t j = 0; j < H; j++)
            mean[j] += ret[i * H + j];
    }
    for (size_t j = 0; j < H; j++)
        mean[j] /= (double)L;
    for (size_t i = 0; i < L; i++)
        for (size_t j = 0; j < H; j++)
            ret[i * H + j] -= mean[j];
}

enum trm_status trm_ridge_solve(struct trm_ridge *ridge, double lambda)
{
    size_t L = ridge->lookback, H = ridge->leads;
    double *mean = ridge->work, *normal = ridge->work + 2 * (L + H);
    const struct trm_kernels *k = trm_kernels();

    if (!ridge->windows)
        return TRM_ESHORT;
    centred_gram(ridge, lambda, mean, normal);
    if (!(normal[0] > 0) || k->cholesky(L, normal, L, mean) != 0)
        return TRM_ERANGE;
    centred_products(ridge, mean, ridge->coef);
    k->cholesky_solve(L, H, normal, L, ridge->coef, H);
    return TRM_OK;
}

void trm_ridge_predict(const struct trm_ridge *ridge, const double *window, double *ret)
{
    size_t L = ridge->lookback, H = ridge->leads, m = ridge->season;
    double mean = 0;

    for (size_t i = 0; i < L; i++)
        mean += window[i];
    mean /= (double)L;
    for (size_t j = 0; j < H; j++)
        ret[j] = window[L - m + j % m];
    for (size_t i = 0; i < L; i++) {
        double x = window[i] - mean;
        for (size_t j = 0; j < H; j++)
            ret[j] += ridge->coef[i * H + j] * x;
    }
}
