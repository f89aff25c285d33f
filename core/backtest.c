/* Rolling origins, cross-fitting, and what the errors say. */
#include "core/backtest.h"

#include "core/ridge.h"

#include <stdlib.h>

#define FOLDS 5
#define TAIL_REFITS 2
/* Windows' worth of the plain expectation that spreads are blended with. */
#define PRIOR_WINDOWS 1.0

/* How many origins to hold out of n values. */
static size_t tail_size(size_t n, size_t season, size_t leads)
{
    size_t wish = trm_max_size(trm_max_size(4 * season, 2 * leads), 32);
    size_t room = n > leads + season + 2 ? n - leads - season - 2 : 1;

    return trm_max_size(trm_min_size(trm_min_size(wish, n / 5), room), 1);
}

static void plain_drafts(struct trm_backtest *b, const struct trm_history *h)
{
    for (size_t i = 0; i < b->count; i++) {
        size_t o = b->first + i, at = i * b->leads;
        trm_draft_seasonal_naive(h->filled, o, h->season, b->leads,
                                 b->draft[TRM_DRAFT_SEASONAL_NAIVE] + at);
        trm_draft_drift(h->filled, o, b->leads, b->draft[TRM_DRAFT_DRIFT] + at);
    }
}

/* Ridge forecasts for origins from..end-1; the seasonal naive where the system could not be solved. */
static void ridge_block(struct trm_backtest *b, const struct trm_history *h, struct trm_ridge *ridge,
                        size_t from, size_t end)
{
    bool solved = trm_ridge_solve(ridge, TRM_RIDGE_LAMBDA) == TRM_OK;

    for (size_t o = from; o < end; o++) {
        double *to = b->draft[TRM_DRAFT_RIDGE] + (o - b->first) * b->leads;
        if (solved)
            trm_ridge_predict(ridge, h->filled + o - b->lookback, to);
        else
            trm_draft_seasonal_naive(h->filled, o, h->season, b->leads, to);
    }
}

/* The tail: fitted only on windows whose targets end before the block's first origin. */
static void ridge_tail(struct trm_backtest *b, const struct trm_history *h, struct trm_ridge *ridge)
{
    size_t end = b->first + b->count, start = end - b->tail, upto = b->lookback;

    trm_ridge_clear(ridge);
    for (size_t r = 0; r < TAIL_REFITS; r++) {
        size_t from = start + b->tail * r / TAIL_REFITS;
        size_t known = from + 1 > b->leads ? from + 1 - b->leads : 0; /* targets end at or before from */
        if (known > upto) {
            trm_ridge_add(ridge, h->filled, upto, known, 1);
            upto = known;
        }
        ridge_block(b, h, ridge, from, start + b->tail * (r + 1) / TAIL_REFITS);
    }
}

/* The origins before the tail: each fold by the others. */
static void ridge_folds(struct trm_backtest *b, const struct trm_history *h, struct trm_ridge *ridge)
{
    size_t end = b->first + b->count - b->tail, n = end - b->first, L = b->lookback;

    for (size_t f = 0; f < FOLDS && n; f++) {
        size_t from = b->first + n * f / FOLDS, to = b->first + n * (f + 1) / FOLDS;
        size_t left = from > L + b->leads ? from - b->leads + 1 : L; /* windows before the fold … */
        size_t right = to + b->leads - 1;                            /* … and after it */
        size_t last = end > b->leads ? end - b->leads + 1 : 0;       /* none touches the tail */
        trm_ridge_clear(ridge);
        trm_ridge_add(ridge, h->filled, L, trm_min_size(left, last), 1);
        trm_ridge_add(ridge, h->filled, right, last, 1);
        ridge_block(b, h, ridge, from, to);
    }
}

static enum trm_status ridge_drafts(struct trm_backtest *b, const struct trm_history *h)
{
    struct trm_ridge ridge = {0};

    if (trm_ridge_init(&ridge, b->lookback, b->leads, h->season) != TRM_OK)
        return TRM_ENOMEM;
    ridge_tail(b, h, &ridge);
    ridge_folds(b, h, &ridge);
    trm_ridge_done(&ridge);
    return TRM_OK;
}

static double tail_mae(const struct trm_backtest *b, const struct trm_history *h, const double *draft)
{
    double sum = 0;
    size_t seen = 0;

    for (size_t i = b->count - b->tail; draft && i < b->count; i++)
        for (size_t j = 0; j < b->leads; j++) {
            double d = fabs(h->raw[b->first + i + j] - draft[i * b->leads + j]);
            if (isnan(d))
                continue;
            sum += d;
            seen++;
        }
    return seen ? sum / (double)seen : TRM_NAN;
}

/* Expected absolute error of a seasonal random walk at a lead, in seasonal errors. */
static double plain_error(const struct trm_history *h, size_t lead)
{
    return sqrt((double)(lead / h->season + 1));
}

/* Mean absolute error of the mix over the leads from..to-1, in seasonal errors, blended with the plain
 * expectation that stands for it where hardly anything was held out. */
static double mix_error(const struct trm_backtest *b, const struct trm_history *h, const double *mixed,
                        size_t from, size_t to)
{
    double sum = 0, weight = 0;

    for (size_t j = from; j < to; j++) {
        sum += PRIOR_WINDOWS * plain_error(h, j);
        weight += PRIOR_WINDOWS;
        for (size_t i = 0; i < b->tail; i++) {
            double d = fabs(h->raw[b->first + b->count - b->tail + i + j] - mixed[i * b->leads + j]);
            if (isnan(d))
                continue;
            sum += h->error > 0 ? d / h->error : 0;
            weight++;
        }
    }
    return sum / weight;
}

/* Level and growth of the spread from the errors of the nearer and the farther half of the leads. */
static void measure_spread(struct trm_backtest *b, const struct trm_history *h, const double *mixed)
{
    size_t half = (b->leads + 1) / 2;
    double near = mix_error(b, h, mixed, 0, half), growth = .3;
    double near_at = ((double)half + 1) / 2;

    if (b->leads >= 4) {
        double far = mix_error(b, h, mixed, half, b->leads);
        double far_at = ((double)(half + b->leads) + 1) / 2;
        growth = near > 0 && far > 0 ? trm_clamp(log(far / near) / log(far_at / near_at), 0, .8) : 0;
    }
    /* mean |error| of a normal is .798 of its standard deviation */
    b->mix.spread_growth = growth;
    b->mix.spread_level = near / .798 / pow(near_at, growth);
}

static enum trm_status weigh(struct trm_backtest *b, const struct trm_history *h)
{
    double *mixed = calloc(b->tail * b->leads, sizeof *mixed);
    double spare[TRM_DRAFTS] = {1};

    if (!mixed)
        return TRM_ENOMEM;
    for (int k = 0; k < TRM_DRAFTS; k++)
        b->mae[k] = tail_mae(b, h, b->draft[k]);
    if (isfinite(b->mae[TRM_DRAFT_SEASONAL_NAIVE]))
        trm_mix_weigh(b->mae, b->mix.weight);
    else /* the tail is all missing */
        for (int k = 0; k < TRM_DRAFTS; k++)
            b->mix.weight[k] = spare[k];
    for (size_t i = 0; i < b->tail; i++)
        trm_backtest_mixed(b, b->count - b->tail + i, mixed + i * b->leads);
    measure_spread(b, h, mixed);
    free(mixed);
    return TRM_OK;
}

enum trm_status trm_backtest_init(struct trm_backtest *ret, const struct trm_history *h, size_t leads,
                                  bool whole)
{
    struct trm_backtest b = {0};

    b.leads = trm_max_size(trm_min_size(leads, h->n / 4), 1);
    b.tail = tail_size(h->n, h->season, b.leads);
    b.lookback = trm_ridge_lookback(h->n - b.tail, h->season, b.leads);
    size_t last = h->n - b.leads; /* the last origin with a full set of targets */
    size_t tail_first = last + 1 - b.tail;
    b.first = whole && b.lookback ? b.lookback : tail_first;
    b.count = last + 1 - b.first;
    size_t cells = b.count * b.leads;
    double *all = calloc(TRM_DRAFTS * cells, sizeof *all);
    if (!all)
        return TRM_ENOMEM;
    for (int k = 0; k < TRM_DRAFTS; k++)
        b.draft[k] = all + (size_t)k * cells;
    if (!b.lookback)
        b.draft[TRM_DRAFT_RIDGE] = NULL;
    plain_drafts(&b, h);
    enum trm_status status = b.lookback ? ridge_drafts(&b, h) : TRM_OK;
    if (status == TRM_OK)
        status = weigh(&b, h);
    if (status == TRM_OK)
        *ret = b;
    else
        free(all);
    return status;
}

void trm_backtest_done(struct trm_backtest *backtest)
{
    free(backtest->draft[0]);
    *backtest = (struct trm_backtest){0};
}

void trm_backtest_mixed(const struct trm_backtest *b, size_t i, double *ret)
{
    const double *draft[TRM_DRAFTS];
    double weight[TRM_DRAFTS];

    for (int k = 0; k < TRM_DRAFTS; k++)
        draft[k] = b->draft[k] ? b->draft[k] + i * b->leads : NULL;
    trm_mix_apply(&b->mix, draft, b->leads, weight, ret);
}
