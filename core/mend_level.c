/* Changes of unit and of level: cuts, and what lies before them brought over. See mend.h. */
#include "core/mend_parts.h"

#define WINDOW 4
#define SHORT 8        /* a stretch below this is dropped, not brought over */
#define CANDIDATES_MAX 16
#define SPREADS 4.
#define SNAP .15
#define LEAST 1e-12 /* of the largest magnitude: below is rounding */
#define PAIRS_MAX 64

/* A stretch's way into the newest unit: times a, plus b. */
struct way {
    double a, b;
};

struct cuts {
    size_t n, at[CANDIDATES_MAX + 2]; /* 0 first, seen last: stretches lie between */
};

/* Binary logarithm of a magnitude, linear between powers; 0 counts as missing and keeps the one
 * before. */
static void to_bits(const double *x, size_t n, double *ret)
{
    double before = 0;
    int e;

    for (size_t k = n; k-- > 0;)
        before = x[k] != 0 ? 2 * frexp(fabs(x[k]), &e) - 2 + e : before;
    for (size_t k = 0; k < n; k++) {
        if (x[k] != 0) {
            double part = frexp(fabs(x[k]), &e);
            before = 2 * part - 2 + e;
        }
        ret[k] = before;
    }
}

/* All values in [-1, 1], by a power of two. */
static void to_unit(const double *x, size_t n, double *ret)
{
    double most = 0;
    int e;

    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(x[k]));
    frexp(most, &e);
    for (size_t k = 0; k < n; k++)
        ret[k] = ldexp(x[k], -e);
}

static double median3(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* In place; the ends take the median of the three outermost. */
static void calm(double *y, size_t n)
{
    double before = median3(y[0], y[1], y[2]), last = median3(y[n - 3], y[n - 2], y[n - 1]);

    for (size_t k = 1; k + 1 < n; k++) {
        double now = median3(y[k - 1], y[k], y[k + 1]);
        y[k - 1] = before;
        before = now;
    }
    y[n - 2] = before;
    y[n - 1] = last;
}

static double mean(const double *y, size_t from, size_t end)
{
    double sum = 0;

    for (size_t k = from; k < end; k++)
        sum += y[k];
    return sum / (double)(end - from);
}

static double spread(const double *y, size_t from, size_t end)
{
    double centre = mean(y, from, end), sum = 0;

    for (size_t k = from; k < end; k++)
        sum += fabs(y[k] - centre);
    return sum / (double)(end - from);
}

static double roughness(const double *y, size_t from, size_t end)
{
    double sum = 0;

    for (size_t k = from + 1; k < end; k++)
        sum += fabs(y[k] - y[k - 1]);
    return sum / (double)trm_max_size(end - from - 1, 1);
}

static double jump(const double *y, size_t k)
{
    return (y[k] + y[k + 1] + y[k + 2] + y[k + 3] - y[k - 1] - y[k - 2] - y[k - 3] - y[k - 4]) / WINDOW;
}

/* Cuts where the jump is largest and at least so large; none where there are too many. */
static void find(const double *y, size_t n, double least, struct cuts *ret)
{
    size_t best = 0;
    double most = 0;

    *ret = (struct cuts){.n = 1};
    for (size_t k = WINDOW; k + WINDOW <= n; k++) {
        double size = fabs(jump(y, k));
        bool inside = size >= least && (!best || k - best < WINDOW);
        if (inside && size > most)
            most = size, best = k;
        if (best && (!inside || k + WINDOW == n)) {
            if (ret->n > CANDIDATES_MAX) {
                ret->n = 0;
                return;
            }
            ret->at[ret->n++] = best;
            best = 0, most = 0;
        }
    }
    ret->at[ret->n] = n;
}

/* Whether the stretches on both sides of a cut are as different as the cut says. */
static bool holds(const double *y, const struct cuts *c, size_t i, double least, double in_spreads)
{
    size_t from = c->at[i - 1], at = c->at[i], end = c->at[i + 1];
    double apart = fabs(mean(y, at, end) - mean(y, from, at));

    return apart >= least &&
           apart >= in_spreads * fmax(spread(y, from, at), spread(y, at, end));
}

/* Leaves the cuts that hold; none where more of them do than a fault makes. */
static void sift(const double *y, struct cuts *c, double least, double in_spreads)
{
    for (size_t i = 1; i < c->n;) {
        if (holds(y, c, i, least, in_spreads)) {
            i++;
            continue;
        }
        for (size_t j = i; j < c->n; j++)
            c->at[j] = c->at[j + 1];
        c->n--;
        i = 1; /* the stretches have changed */
    }
    if (c->n > TRM_MEND_CUTS_MAX + 1)
        c->n = 0;
}

static double median(double *at, size_t n)
{
    trm_sort(at, n);
    return n % 2 ? at[n / 2] : at[n / 2 - 1] / 2 + at[n / 2] / 2;
}

/* Values after the cut and those a season (or several) before them, from the stretch before the
 * cut; without enough of them the values next to the cut. Returns how many. */
static size_t pair(const struct mending *m, const struct cuts *c, size_t i, double *after,
                   double *before)
{
    size_t at = c->at[i], end = c->at[i + 1], from = c->at[i - 1], n = 0;
    size_t first = trm_mend_index(m, at), oldest = trm_mend_index(m, from);
    size_t most = trm_min_size(end - at, trm_min_size(trm_max_size(m->season, 8), PAIRS_MAX));

    for (size_t k = at; m->season > 1 && k < at + most; k++) {
        size_t t = trm_mend_index(m, k), lag = m->season * ((t - first) / m->season + 1);
        if (t < oldest + lag || isnan(m->v[t - lag]))
            continue;
        after[n] = m->v[t];
        before[n++] = m->v[t - lag];
    }
    if (n && 2 * n >= most)
        return n;
    double old[8], new[8];
    size_t a = trm_min_size(8, end - at), b = trm_min_size(8, at - from);
    for (size_t k = 0; k < a; k++)
        new[k] = m->x[at + k];
    for (size_t k = 0; k < b; k++)
        old[k] = m->x[at - 1 - k];
    after[0] = median(new, a);
    before[0] = median(old, b);
    return 1;
}

/* So large that it needs no other sign of a change of unit. */
static bool is_large(double factor)
{
    return fabs(log10(fabs(factor))) > log10((1 - 2 * SNAP) * TRM_MEND_ANY_FACTOR);
}

/* The factor between two units that it is close to, or else itself. */
static double snapped(double factor)
{
    double size = fabs(factor), power = pow(10, nearbyint(log10(size)));
    const double units[] = {power, 60, 3600, 1 / 60., 1 / 3600.};

    if (is_large(factor) && fabs(log10(size / power)) < SNAP)
        return copysign(power, factor);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (fabs(size / units[i] - 1) < SNAP)
            return copysign(units[i], factor);
    return factor;
}

/* Median of after / before, 0 where there is none. */
static double factor_of(const double *after, const double *before, size_t n)
{
    double ratio[PAIRS_MAX];
    size_t with = 0;

    for (size_t k = 0; k < n; k++)
        if (before[k] != 0 && isfinite(after[k] / before[k]))
            ratio[with++] = after[k] / before[k];
    return with ? median(ratio, with) : 0;
}

/* Whether the changes from value to value have grown by the factor, rather than not at all; a few
 * values do not tell, and a large factor does without. */
static bool is_scaled(const struct mending *m, const struct cuts *c, size_t i, double factor)
{
    bool few = c->at[i + 1] - c->at[i] < SHORT || c->at[i] - c->at[i - 1] < SHORT;

    if (few && is_large(factor))
        return true;
    double now = roughness(m->x, c->at[i], c->at[i + 1]),
           then = roughness(m->x, c->at[i - 1], c->at[i]);
    double grown = now > 0 && then > 0 ? log(now / then) : TRM_NAN;

    return !(fabs(grown - log(fabs(factor))) > fabs(grown));
}

/* Over the cut: the way from the stretch before it to the one after; none where it may be the
 * series' own. */
static struct way across(const struct mending *m, const struct cuts *c, size_t i, bool unit)
{
    const struct way none = {1, 0};
    double after[PAIRS_MAX], before[PAIRS_MAX];
    size_t n = pair(m, c, i, after, before);
    double factor = factor_of(after, before, n);

    if (unit) {
        double snap = snapped(factor);
        bool evident = snap != factor || is_large(factor);
        return factor > 0 && evident && is_scaled(m, c, i, factor) ? (struct way){snap, 0} : none;
    }
    if (fabs(factor + 1) < .1)
        return (struct way){-1, 0};
    if (!holds(m->y, c, i, LEAST, TRM_MEND_LEVEL))
        return none;
    for (size_t k = 0; k < n; k++)
        after[k] = trm_clamp(after[k] - before[k], -TRM_VALUE_MAX, TRM_VALUE_MAX);
    return (struct way){1, median(after, n)};
}

/* Brings v[from..end) over, or takes it away. */
static void move(struct mending *m, size_t from, size_t end, struct way way, bool drop)
{
    for (size_t k = from; k < end; k++) {
        double v = trm_clamp(m->x[k] * way.a + way.b, -TRM_VALUE_MAX, TRM_VALUE_MAX);
        m->v[trm_mend_index(m, k)] = drop ? TRM_NAN : v;
    }
}

/* There and back again: a way that is hardly one. */
static bool is_none(struct way way, double furthest)
{
    return way.a > .7 && way.a < 1.4 && fabs(way.b) <= .1 * furthest;
}

static void mend_over(struct mending *m, const struct cuts *c, bool unit)
{
    struct way way = {1, 0};
    double furthest = 0;

    for (size_t i = c->n - 1; i >= 1; i--) {
        size_t from = c->at[i - 1], end = c->at[i];
        struct way step = across(m, c, i, unit);
        bool odd = step.a != 1 || step.b != 0;
        bool drop = odd && end - from < SHORT && m->seen - (end - from) >= TRM_OBSERVED_MIN;
        way = (struct way){way.a * step.a, way.a * step.b + way.b};
        furthest = fmax(furthest, fabs(step.b * way.a));
        if (!drop && is_none(way, furthest))
            way = (struct way){1, 0};
        else
            move(m, from, end, way, drop);
        if (drop)
            trm_mend_note(m, TRM_ODD_BURST, trm_mend_index(m, from), end - from, 0);
        else if (odd)
            trm_mend_note(m, step.a != 1 ? TRM_ODD_UNIT : TRM_ODD_LEVEL, trm_mend_index(m, end),
                          m->n - trm_mend_index(m, end), step.a != 1 ? step.a : step.b);
    }
}

void trm_mend_levels(struct mending *m)
{
    struct cuts c;

    if (m->seen < 3 * WINDOW)
        return;
    to_bits(m->x, m->seen, m->y);
    calm(m->y, m->seen);
    find(m->y, m->seen, log2(TRM_MEND_FACTOR), &c);
    sift(m->y, &c, log2(TRM_MEND_FACTOR), SPREADS);
    if (c.n > 1) {
        mend_over(m, &c, true);
        trm_mend_gather(m);
    }
    to_unit(m->x, m->seen, m->y);
    calm(m->y, m->seen);
    find(m->y, m->seen, fmax(TRM_MEND_MIRROR * roughness(m->y, 0, m->seen), LEAST), &c);
    sift(m->y, &c, LEAST, TRM_MEND_MIRROR);
    if (c.n > 1) {
        mend_over(m, &c, false);
        trm_mend_gather(m);
    }
}
