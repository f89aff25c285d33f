/* Cutting, scaling and filling. */
#include "core/history.h"

#include "core/mend.h"
#include "core/metrics.h"
#include "core/num.h"

#include <stdlib.h>
#include <string.h>

/* Largest magnitude and count of what is there. */
static enum trm_status survey(const double *values, size_t n, double *ret_max, size_t *ret_observed)
{
    double max = 0;
    size_t observed = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        if (!(fabs(values[i]) <= TRM_VALUE_MAX))
            return TRM_ERANGE;
        max = fmax(max, fabs(values[i]));
        observed++;
    }
    if (!observed)
        return TRM_EMISSING;
    if (observed < TRM_OBSERVED_MIN)
        return TRM_ESHORT;
    *ret_max = max;
    *ret_observed = observed;
    return TRM_OK;
}

/* Fills v[from..to) where the values at from - 1 and to (if to < n) are present. */
static void fill_hole(double *v, size_t n, size_t from, size_t to, size_t season)
{
    size_t gap = to - from;
    bool seasonal = season > 1 && from >= season && (gap > season / 8 + 1 || to == n);

    for (size_t i = from; i < to; i++) {
        if (seasonal)
            v[i] = v[i - season];
        else if (to == n)
            v[i] = v[from - 1];
        else
            v[i] = v[from - 1] + (v[to] - v[from - 1]) * (double)(i - from + 1) / (double)(gap + 1);
    }
}

static void fill(double *v, size_t n, size_t season)
{
    for (size_t i = 1; i < n; i++) {
        size_t to = i;
        while (to < n && isnan(v[to]))
            to++;
        if (to > i)
            fill_hole(v, n, i, to, season);
        i = to > i ? to - 1 : i;
    }
}

static double deviation(const double *v, size_t n)
{
    double mean = 0, sum = 0;

    for (size_t i = 0; i < n; i++)
        mean += v[i];
    mean /= (double)n;
    for (size_t i = 0; i < n; i++)
        sum += (v[i] - mean) * (v[i] - mean);
    return sqrt(sum / (double)n);
}

/* How a history is to be made. */
struct manner {
    size_t quarters; /* of a season that a history must be longer than to have one at all */
    bool mend, cut;
};

static size_t count_observed(const double *v, size_t n)
{
    size_t seen = 0;

    for (size_t i = 0; i < n; i++)
        seen += !isnan(v[i]);
    return seen;
}

static bool nowhere_negative(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (v[i] < 0)
            return false;
    return true;
}

/* Mends raw[n], which has room for TRM_MEND_ROOM(n) more behind it, and cuts what is missing at the
 * ends. */
static void mend(struct trm_history *h, const struct manner *how, size_t season, double *ret_max)
{
    struct trm_mend found;

    if (how->mend) {
        trm_mend(h->raw, h->n, season, h->raw + h->n, &found);
        h->stuck_n = found.stuck_n;
        if (found.n) {
            h->observed_n = count_observed(h->raw, h->n);
            *ret_max = 0;
            for (size_t i = 0; i < h->n; i++)
                *ret_max = fmax(*ret_max, fabs(h->raw[i])); /* passes over NaN */
        }
    }
    size_t first = 0;
    while (isnan(h->raw[first]))
        first++;
    h->n -= first;
    memmove(h->raw, h->raw + first, h->n * sizeof *h->raw);
    while (how->cut && isnan(h->raw[h->n - 1]))
        h->n--, h->gap++;
}

static enum trm_status init(struct trm_history *ret, const double *values, size_t n, size_t season,
                            struct manner how)
{
    double max = 0;
    size_t observed = 0;

    if (n > TRM_CONTEXT_MAX)
        values += n - TRM_CONTEXT_MAX, n = TRM_CONTEXT_MAX;
    while (n && isnan(values[0]))
        values++, n--;
    enum trm_status status = survey(values, n, &max, &observed);
    if (status != TRM_OK)
        return status;
    double *all = malloc((n + (how.mend ? TRM_MEND_ROOM(n) : n)) * sizeof *all);
    if (!all)
        return TRM_ENOMEM;
    struct trm_history out = {.n = n, .raw = all, .filled = all + n, .observed_n = observed};
    memcpy(out.raw, values, n * sizeof *all);
    out.positive = nowhere_negative(values, n);
    mend(&out, &how, season, &max);
    n = out.n;
    frexp(max, &out.exponent);
    for (size_t i = 0; i < n; i++)
        out.raw[i] = ldexp(out.raw[i], -out.exponent);
    out.season = 4 * n > how.quarters * season ? season : 1;
    memcpy(out.filled, out.raw, n * sizeof *all);
    fill(out.filled, n, out.season);
    out.sd = deviation(out.filled, n);
    out.error = trm_seasonal_error(out.raw, n, out.season);
    if (!(out.error >= 1e-3 * out.sd))
        out.error = 1e-3 * out.sd;
    *ret = out;
    return TRM_OK;
}

enum trm_status trm_history_init(struct trm_history *ret, const double *values, size_t n, size_t season)
{
    return init(ret, values, n, season, (struct manner){8, true, false});
}

enum trm_status trm_history_init_short(struct trm_history *ret, const double *values, size_t n,
                                       size_t season)
{
    return init(ret, values, n, season, (struct manner){5, true, true});
}

enum trm_status trm_history_init_raw(struct trm_history *ret, const double *values, size_t n,
                                     size_t season)
{
    return init(ret, values, n, season, (struct manner){8, false, false});
}

enum trm_status trm_history_init_short_raw(struct trm_history *ret, const double *values, size_t n,
                                           size_t season)
{
    return init(ret, values, n, season, (struct manner){5, false, false});
}

void trm_history_done(struct trm_history *history)
{
    free(history->raw);
    *history = (struct trm_history){0};
}
