/* Exponential smoothing: every model's parameters by maximum likelihood, the model by AICc. Knows starts,
 * bounds and the search; refuses to know the recursions (classic_state.c). Surprising: the trend's and the
 * season's constants are searched as shares of the room that the level's constant leaves them (beta < alpha,
 * gamma < 1 - alpha), so that the usual region of the parameters is a box.
 *
 * Source: Hyndman, Koehler, Snyder and Grose (2002), with the models left out that the book of 2008 calls
 * unstable: a multiplied season with errors of a fixed size. Trends that multiply are not tried. */
#include "core/classic_parts.h"

#include <string.h>

#define SMOOTHING_MIN 1e-4
#define SMOOTHING_MAX .9999
#define PHI_MIN .8 /* below it a trend is gone at once, above .98 it is as good as undamped */
#define PHI_MAX .98
#define TOLERANCE 1e-7
/* How far the first simplex reaches: of a constant, and of a state in typical first errors. */
#define CONSTANT_STEP .1
#define STATE_STEP .5
/* Share of the evaluations for constants, level and slope alone. */
#define FIRST_SHARE 5
/* Floor of the mean squared error, as a share of the variance. */
#define FLOOR 1e-16

struct search {
    const double *v;
    size_t n;
    double floor;
    const struct ets *from; /* what is not searched */
    bool with_index;
    struct ets work;
};

/* What is searched, in this order: alpha, beta / alpha, gamma / (1 - alpha), phi, level, slope, indices. */
static size_t pack(const struct ets *ets, bool with_index, double *x)
{
    size_t k = 0;

    x[k++] = ets->alpha;
    if (ets->trend)
        x[k++] = ets->beta / ets->alpha;
    if (ets->season)
        x[k++] = ets->gamma / (1 - ets->alpha);
    if (ets->trend == ETS_DAMPED)
        x[k++] = ets->phi;
    x[k++] = ets->level;
    if (ets->trend)
        x[k++] = ets->slope;
    for (size_t p = 0; with_index && p + 1 < ets->m; p++)
        x[k++] = ets->index[p];
    return k;
}

/* The last index is what the others leave of a mean of 0 or 1. */
static void unpack_index(struct ets *ets, const double *x)
{
    double rest = ets->season == ETS_MULTIPLIED ? (double)ets->m : 0;

    for (size_t p = 0; p + 1 < ets->m; p++) {
        ets->index[p] = x[p];
        rest -= x[p];
    }
    ets->index[ets->m - 1] = rest;
}

static void unpack(const double *x, bool with_index, struct ets *ets)
{
    size_t k = 0;

    ets->alpha = x[k++];
    if (ets->trend)
        ets->beta = x[k++] * ets->alpha;
    if (ets->season)
        ets->gamma = x[k++] * (1 - ets->alpha);
    if (ets->trend == ETS_DAMPED)
        ets->phi = x[k++];
    ets->level = x[k++];
    if (ets->trend)
        ets->slope = x[k++];
    if (with_index && ets->season)
        unpack_index(ets, x + k);
}

/* Only what the pass reads: most models have no index to copy. */
static void copy_model(const struct ets *from, struct ets *to)
{
    size_t used = from->season ? from->m : 0;

    memcpy(to, from, offsetof(struct ets, index) + used * sizeof *from->index);
}

static bool index_is_sound(const struct ets *ets)
{
    for (size_t p = 0; ets->season == ETS_MULTIPLIED && p < ets->m; p++)
        if (!(ets->index[p] > 0))
            return false;
    return true;
}

static double likelihood(void *ctx, const double *x)
{
    struct search *s = ctx;

    copy_model(s->from, &s->work);
    unpack(x, s->with_index, &s->work);
    if (!index_is_sound(&s->work))
        return INFINITY;
    return trm_classic_ets_run(&s->work, s->v, s->n, s->floor, NULL);
}

/* ---- where the search starts ---- */

/* A line through the first two seasons, or ten values, without the season. */
static void start_line(struct ets *ets, const double *v, size_t n)
{
    size_t some = trm_min_size(n, trm_max_size(10, 2 * ets->m));
    double mean_t = .5 * ((double)some + 1), mean = 0, product = 0, square = 0;

    for (int pass = 0; pass < 2; pass++)
        for (size_t t = 0; t < some; t++) {
            double index = ets->index[t % ets->m], at = (double)t + 1 - mean_t;
            double y = ets->season == ETS_ADDED        ? v[t] - index
                       : ets->season == ETS_MULTIPLIED ? v[t] / index
                                                       : v[t];
            if (pass == 0)
                mean += y / (double)some;
            product += pass ? at * (y - mean) : 0;
            square += pass ? at * at : 0;
        }
    double slope = square > 0 ? product / square : 0;
    ets->slope = ets->trend ? slope : 0;
    ets->level = ets->trend ? mean - slope * mean_t : mean;
    if (ets->relative && !(ets->level + ets->slope > 0)) { /* a line that begins below zero */
        ets->level = mean;
        ets->slope = 0;
    }
}

/* The best of a coarse grid of constants. */
static void start_constants(struct ets *ets, struct search *s)
{
    static const double alphas[] = {.05, .2, .5, .85}, shares[] = {.03, .25};
    double least = INFINITY, x[SIMPLEX_MAX], best[3] = {.2, .03, .03};

    ets->phi = ets->trend == ETS_DAMPED ? .95 : 1;
    for (int i = 0; i < 16; i++) {
        double alpha = alphas[i % 4], beta = shares[i / 4 % 2], gamma = shares[i / 8];
        if ((!ets->trend && i / 4 % 2) || (!ets->season && i / 8))
            continue;
        ets->alpha = alpha;
        ets->beta = ets->trend ? beta * alpha : 0;
        ets->gamma = ets->season ? gamma * (1 - alpha) : 0;
        (void)pack(ets, false, x);
        double at = likelihood(s, x);
        if (at < least) {
            least = at;
            best[0] = alpha, best[1] = beta, best[2] = gamma;
        }
    }
    ets->alpha = best[0];
    ets->beta = ets->trend ? best[1] * best[0] : 0;
    ets->gamma = ets->season ? best[2] * (1 - best[0]) : 0;
}

/* ---- the search ---- */

struct box {
    double step[SIMPLEX_MAX], low[SIMPLEX_MAX], high[SIMPLEX_MAX];
};

static void bound(struct box *box, size_t k, double step, double low, double high)
{
    box->step[k] = step;
    box->low[k] = low;
    box->high[k] = high;
}

/* error: the typical one-step error at the start, in the unit of v. */
static void make_box(const struct ets *ets, bool with_index, double error, struct box *box)
{
    double index_step = STATE_STEP * error;
    size_t k = 0;

    if (ets->season == ETS_MULTIPLIED)
        index_step /= fmax(fabs(ets->level), error);
    bound(box, k++, CONSTANT_STEP, SMOOTHING_MIN, SMOOTHING_MAX);
    for (int i = 0; i < (ets->trend != 0) + (ets->season != 0); i++)
        bound(box, k++, CONSTANT_STEP, SMOOTHING_MIN, SMOOTHING_MAX);
    if (ets->trend == ETS_DAMPED)
        bound(box, k++, .02, PHI_MIN, PHI_MAX);
    bound(box, k++, STATE_STEP * error, -INFINITY, INFINITY);
    if (ets->trend)
        bound(box, k++, .2 * STATE_STEP * error, -INFINITY, INFINITY);
    for (size_t p = 0; with_index && p + 1 < ets->m; p++)
        bound(box, k++, index_step, -INFINITY, INFINITY);
}

static double search(struct ets *ets, struct search *s, bool with_index, double error,
                     size_t evaluations)
{
    struct box box;
    double x[SIMPLEX_MAX];

    s->with_index = with_index;
    size_t dims = pack(ets, with_index, x);
    make_box(ets, with_index, error, &box);
    double at = trm_classic_minimise(likelihood, s, dims, x, box.step, box.low, box.high, TOLERANCE,
                                     evaluations);
    unpack(x, with_index, ets);
    return at;
}

/* Root mean square of the one-step errors at the start, in the unit of v. */
static double first_error(const struct ets *ets, struct search *s, double sd)
{
    double variance = INFINITY;

    copy_model(ets, &s->work);
    (void)trm_classic_ets_run(&s->work, s->v, s->n, s->floor, &variance);
    double error = sqrt(variance) * (ets->relative ? fabs(ets->level) : 1);
    return trm_clamp(isfinite(error) ? error : sd, 1e-6 * sd, 10 * sd);
}

static double deviation(const double *v, size_t n)
{
    double mean = 0, square = 0;

    for (size_t t = 0; t < n; t++)
        mean += v[t] / (double)n;
    for (size_t t = 0; t < n; t++)
        square += (v[t] - mean) * (v[t] - mean) / (double)n;
    return sqrt(square);
}

size_t trm_classic_ets_parameters(const struct ets *ets)
{
    return 3 + (ets->trend ? 2 : 0) + (ets->trend == ETS_DAMPED) + (ets->season ? ets->m : 0);
}

double trm_classic_ets_fit(struct ets *ets, const double *v, size_t n, const double *index)
{
    double sd = deviation(v, n), k = (double)trm_classic_ets_parameters(ets);
    struct search s = {.v = v, .n = n, .floor = FLOOR * sd * sd, .from = ets};
    bool with_index = ets->season && ets->m <= TRM_CLASSIC_ETS_SEASON;
    size_t first = TRM_CLASSIC_ETS_EVALUATIONS / FIRST_SHARE;

    if (!((double)n > k + 1))
        return INFINITY;
    memcpy(ets->index, index, ets->m * sizeof *index);
    start_line(ets, v, n);
    start_constants(ets, &s);
    double error = first_error(ets, &s, sd);
    double at = search(ets, &s, false, error, first);
    if (with_index && isfinite(at))
        at = search(ets, &s, true, error, TRM_CLASSIC_ETS_EVALUATIONS - first);
    return at + 2 * k + 2 * k * (k + 1) / ((double)n - k - 1);
}

/* ---- which model ---- */

struct race {
    struct classic *c;
    const double *v;
    size_t n;
    const double *index[3]; /* by enum ets_season; the last NULL where there is none */
    struct ets best;
    double least;
};

static void run_model(struct race *r, bool relative, enum ets_trend trend, enum ets_season season)
{
    struct ets ets = {.relative = relative, .trend = trend, .season = season,
                      .m = season ? r->c->season : 1};

    if (season == ETS_MULTIPLIED && !relative)
        return;
    double at = trm_classic_ets_fit(&ets, r->v, r->n, r->index[season]);
    if (at < r->least) {
        r->least = at;
        copy_model(&ets, &r->best);
    }
}

static void run_models(struct race *r)
{
    enum ets_season seasons = r->index[ETS_ADDED] ? ETS_MULTIPLIED : ETS_NO_SEASON;

    for (int relative = 0; relative <= r->c->positive; relative++)
        for (int trend = ETS_NO_TREND; trend <= ETS_DAMPED; trend++)
            for (unsigned season = ETS_NO_SEASON; season <= seasons; season++)
                run_model(r, relative, (enum ets_trend)trend, (enum ets_season)season);
}

static void say(struct classic *c, const struct ets *ets)
{
    static const char *const trends[] = {"N", "A", "Ad"}, *const seasons[] = {"N", "A", "M"};

    trm_classic_say(c, ets->relative ? "ETS(M," : "ETS(A,");
    trm_classic_say(c, trends[ets->trend]);
    trm_classic_say(c, ",");
    trm_classic_say(c, seasons[ets->season]);
    trm_classic_say(c, ")");
}

/* The variance is corrected for what was estimated. */
static void forecast(struct race *r)
{
    struct classic *c = r->c;
    double variance = 0, used = (double)trm_classic_ets_parameters(&r->best) - 1;

    (void)trm_classic_ets_run(&r->best, r->v, r->n, 0, &variance);
    variance *= (double)r->n / fmax((double)r->n - used, 1);
    trm_classic_ets_forecast(&r->best, r->n, variance, c->leads, c->work, c->point, c->deviation);
    say(c, &r->best);
}

static void race(struct race *r)
{
    struct classic *c = r->c;
    static const double none[1] = {0};
    size_t m = c->season;
    double *added = c->work, *multiplied = added + m, *work = multiplied + m;

    r->index[ETS_NO_SEASON] = none;
    if (m > 1 && r->n > 2 * m) {
        r->index[ETS_ADDED] = added;
        r->index[ETS_MULTIPLIED] = multiplied;
        trm_classic_decompose(r->v, r->n, m, false, work, added);
        if (c->positive)
            trm_classic_decompose(r->v, r->n, m, true, work, multiplied);
    }
    run_models(r);
}

void trm_classic_ets(struct classic *c)
{
    size_t keep = trm_max_size(TRM_CLASSIC_ETS_VALUES, TRM_CLASSIC_ETS_SEASONS * c->season);
    struct race r = {.c = c, .n = trm_min_size(c->n, keep), .least = INFINITY};

    r.v = c->v + c->n - r.n;
    race(&r);
    if (isfinite(r.least))
        forecast(&r);
    else /* too few values for the smallest model */
        trm_classic_snaive(c);
}
