/* Autoregression with an intercept: Burg's method (1975), the order by AICc (Hurvich and Tsai 1989). Knows
 * one polynomial; refuses to difference from step to step, and so to leave its mean for ever. Surprising: a
 * season is differenced out where the decomposition finds its strength above .64, the rule of Wang, Smith and
 * Hyndman (2006); the orders reach past the season in any case. Burg's polynomials are stationary, so
 * no forecast runs away. */
#include "core/classic_parts.h"

#include <string.h>

#define STRONG .64
#define SEASON_LAGS_MAX 48 /* the longest season that an order may reach */

struct ar {
    size_t order;
    double phi[TRM_CLASSIC_AR_ORDER_MAX];
    double variance;
};

/* One order more: forward errors f and backward errors b of x[n] (both in place). Returns the reflection. */
static double reflect(double *f, double *b, size_t n, size_t k)
{
    double top = 0, bottom = 0;

    for (size_t t = k + 1; t < n; t++) {
        top += f[t] * b[t - 1];
        bottom += f[t] * f[t] + b[t - 1] * b[t - 1];
    }
    double r = bottom > 0 ? 2 * top / bottom : 0;
    for (size_t t = n - 1; t > k; t--) {
        double forward = f[t];
        f[t] = forward - r * b[t - 1];
        b[t] = b[t - 1] - r * forward;
    }
    return r;
}

static double aicc(double variance, size_t n, size_t order)
{
    double k = (double)order + 2; /* the intercept and the variance too */

    return (double)n * log(variance) + 2 * k * (double)n / ((double)n - k - 1);
}

/* f[n]: the centred values, disturbed; b[n]: work. */
static struct ar burg(double *f, double *b, size_t n, size_t order_max)
{
    struct ar at = {.order = 0}, best;
    double square = 0, before[TRM_CLASSIC_AR_ORDER_MAX];

    memcpy(b, f, n * sizeof *f);
    for (size_t t = 0; t < n; t++)
        square += f[t] * f[t] / (double)n;
    at.variance = square;
    best = at;
    double least = aicc(at.variance, n, 0);
    for (size_t k = 0; k < order_max; k++) {
        double r = reflect(f, b, n, k);
        memcpy(before, at.phi, sizeof before);
        for (size_t i = 0; i < k; i++)
            at.phi[i] = before[i] - r * before[k - 1 - i];
        at.phi[k] = r;
        at.order = k + 1;
        at.variance *= 1 - r * r;
        if (!(at.variance > 1e-14 * square)) /* nothing is left to explain */
            return at.variance >= 0 ? at : best;
        double now = aicc(at.variance, n, k + 1);
        if (now < least) {
            least = now;
            best = at;
        }
    }
    return best;
}

static size_t order_limit(size_t n, size_t season)
{
    size_t reach = (size_t)(10 * log10((double)n));

    if (season > 1 && season <= SEASON_LAGS_MAX)
        reach = trm_max_size(reach, season + 1);
    return trm_min_size(trm_min_size(reach, n / 4), TRM_CLASSIC_AR_ORDER_MAX);
}

/* Iterates x[n..n+leads) behind the last values of x, and the weights psi of past errors. */
static void iterate(const struct ar *ar, double *x, size_t n, size_t leads, double *psi)
{
    for (size_t h = 0; h < leads; h++) {
        double next = 0, weight = h == 0;
        for (size_t i = 0; i < ar->order; i++) {
            next += i < n + h ? ar->phi[i] * x[n + h - 1 - i] : 0;
            weight += i < h ? ar->phi[i] * psi[h - 1 - i] : 0;
        }
        x[n + h] = next;
        psi[h] = weight;
    }
}

static double centre(double *x, size_t n)
{
    double mean = 0;

    for (size_t t = 0; t < n; t++)
        mean += x[t] / (double)n;
    for (size_t t = 0; t < n; t++)
        x[t] -= mean;
    return mean;
}

/* season 0: not differenced. The weights of errors add up from season to season where it was. */
static void forecast(struct classic *c, const struct ar *ar, double mean, const double *path,
                     double *psi, size_t season)
{
    double n = (double)(c->n - season), sum = 0;
    double variance = fmax(ar->variance, 0) * n / fmax(n - (double)ar->order - 1, 1);

    for (size_t h = 0; h < c->leads; h++) {
        double before = !season ? 0 : h < season ? c->v[c->n - season + h] : c->point[h - season];
        psi[h] += season && h >= season ? psi[h - season] : 0;
        sum += psi[h] * psi[h];
        c->point[h] = mean + path[h] + before;
        c->deviation[h] = sqrt(variance * sum);
    }
}

static void say(struct classic *c, size_t order, bool differenced)
{
    char digits[3] = {(char)('0' + order / 10), (char)('0' + order % 10), '\0'};

    trm_classic_say(c, "AR(");
    trm_classic_say(c, order < 10 ? digits + 1 : digits);
    trm_classic_say(c, differenced ? ") of seasonal differences" : ")");
}

void trm_classic_ar(struct classic *c)
{
    double *x = c->work, *f = x + c->n + c->leads, *b = f + c->n, *psi = b + c->n;
    size_t m = c->season, lag = 0, n = c->n;

    if (m > 1 && n > 2 * m && trm_classic_decompose(c->v, n, m, false, f, b) > STRONG)
        lag = m;
    n -= lag;
    for (size_t t = 0; t < n; t++)
        x[t] = c->v[t + lag] - (lag ? c->v[t] : 0);
    double mean = centre(x, n);
    memcpy(f, x, n * sizeof *f);
    struct ar ar = burg(f, b, n, order_limit(n, m));
    iterate(&ar, x, n, c->leads, psi);
    forecast(c, &ar, mean, x + n, psi, lag);
    say(c, ar.order, lag > 0);
}
