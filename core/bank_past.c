/* What the bank keeps of a history from draw to draw: prefix sums, prefix extremes, logarithms.
 * Knows that the next history is mostly the last one again, a little longer or shorter; refuses to
 * trust a pointer: the values themselves are compared. */
#include "core/bank_parts.h"

#include "core/kernel.h"

#include <string.h>

static void forget_logs(struct past *p)
{
    p->log_n = 0;
    p->log_rows.n = 0;
}

static void forget(struct past *p)
{
    p->n = 0;
    p->rows.n = 0;
    forget_logs(p);
}

static void add_sums(const double *v, size_t from, size_t to, double *sums)
{
    sums[0] = 0;
    for (size_t i = from; i < to; i++)
        sums[i + 1] = sums[i] + v[i];
}

void trm_bank_remember(struct past *p, const double *v, size_t n)
{
    size_t known = trm_min_size(n, p->n);

    if (memcmp(v, p->v, known * sizeof *v) != 0)
        forget(p), known = 0;
    if (n <= p->n)
        return;
    memcpy(p->v + known, v + known, (n - known) * sizeof *v);
    add_sums(v, known, n, p->sums);
    for (size_t i = known; i < n; i++) {
        p->low[i] = i && p->low[i - 1] < v[i] ? p->low[i - 1] : v[i];
        p->high[i] = i && p->high[i - 1] > v[i] ? p->high[i - 1] : v[i];
    }
    p->n = n;
}

struct extent trm_bank_extent(const struct past *p, size_t n)
{
    return (struct extent){p->sums[n] / (double)n, p->low[n - 1], p->high[n - 1]};
}

/* Logarithms where every value is positive, or where the few that are not can be lifted by a tenth
 * of the mean. Returns the lift, or -1 where logarithms make no sense. */
double trm_bank_logs(struct past *p, size_t n)
{
    double low = p->low[n - 1], mean = p->sums[n] / (double)n;

    if (low < 0 || !(mean > 0))
        return -1;
    double lift = low > .02 * mean ? 0 : .1 * mean;
    if (lift != p->lift)
        forget_logs(p);
    p->lift = lift;
    if (n <= p->log_n)
        return lift;
    for (size_t i = p->log_n; i < n; i++)
        p->log_v[i] = p->v[i] + lift;
    trm_kernels()->log(n - p->log_n, p->log_v + p->log_n, p->log_v + p->log_n);
    add_sums(p->log_v, p->log_n, n, p->log_sums);
    p->log_n = n;
    return lift;
}

struct extent trm_bank_log_extent(const struct past *p, size_t n)
{
    double ends[2] = {p->low[n - 1] + p->lift, p->high[n - 1] + p->lift};

    trm_kernels()->log(2, ends, ends);
    return (struct extent){p->log_sums[n] / (double)n, ends[0], ends[1]};
}
