/* Season out of a series the classical way, how strong it is, and whether it is there. */
#include "core/classic_parts.h"

/* The mean over one season around t: for an even season its two ends count half. */
static double centred(const double *v, size_t t, size_t m)
{
    size_t half = m / 2, from = t - half;
    double sum = m % 2 ? v[from] + v[t + half] : .5 * (v[from] + v[t + half]);

    for (size_t i = from + 1; i < t + half; i++)
        sum += v[i];
    return sum / (double)m;
}

static double apart(double v, double from, bool multiplicative)
{
    return multiplicative ? v / from : v - from;
}

static double spread(const double *at, size_t n)
{
    double mean = 0, square = 0;

    for (size_t i = 0; i < n; i++)
        mean += at[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (at[i] - mean) * (at[i] - mean);
    return square;
}

double trm_classic_decompose(const double *v, size_t n, size_t m, bool multiplicative, double *work,
                             double *ret_index)
{
    size_t half = m / 2, from = half, to = n - half;
    double mean = 0;

    for (size_t t = from; t < to; t++)
        work[t] = apart(v[t], centred(v, t, m), multiplicative);
    for (size_t p = 0; p < m; p++) {
        double sum = 0, count = 0;
        for (size_t t = p < from ? p + m : p; t < to; t += m) {
            sum += work[t];
            count++;
        }
        ret_index[p] = sum / count;
        mean += ret_index[p] / (double)m;
    }
    for (size_t p = 0; p < m; p++)
        ret_index[p] = apart(ret_index[p], mean, multiplicative);
    double both = spread(work + from, to - from);
    for (size_t t = from; t < to; t++)
        work[t] = apart(work[t], ret_index[t % m], multiplicative);
    double rest = spread(work + from, to - from);
    return both > 0 ? trm_clamp(1 - rest / both, 0, 1) : 0;
}

bool trm_classic_is_seasonal(const double *v, size_t n, size_t m)
{
    double mean = 0, variance = 0, squares = 0, last = 0;

    if (m < 2 || n <= 2 * m)
        return false;
    for (size_t t = 0; t < n; t++)
        mean += v[t] / (double)n;
    for (size_t t = 0; t < n; t++)
        variance += (v[t] - mean) * (v[t] - mean);
    for (size_t k = 1; k <= m; k++) {
        double sum = 0;
        for (size_t t = k; t < n; t++)
            sum += (v[t] - mean) * (v[t - k] - mean);
        last = sum / variance;
        squares += k < m ? last * last : 0;
    }
    return fabs(last) > 1.6448536269514722 * sqrt((1 + 2 * squares) / (double)n);
}
