/* The gate and the knots. */
#include "core/calibrate.h"

#include "core/quantile.h"

#include <stdlib.h>

#define GATES 8          /* shares tried: 0, 1/8 .. 1 */
#define GATE_GAIN .995   /* a share must lower the tail's error to this to be used … */
#define GATE_TRUST .5    /* … and is then half believed: it was the best of many on one stretch of time */
#define PRIOR_VALUES 24. /* held-out values' worth of the normal shape that gaps are blended with */
#define OPTIMISM .3      /* the tail also chose the mix and the gate, so the truth scatters wider than it
                          * shows: by this share for a tail of one horizon, less for a longer one */

struct cell {
    double truth, mixed, spread; /* scaled units */
    struct trm_window_unit unit;
    const float *y;
    size_t lead;
};

/* The tail flattened: one cell per held-out value of every origin. */
struct tail {
    struct cell *cell;
    size_t n, half; /* cells of the first half of the origins come first */
    double *ratio;  /* [n] room */
};

void trm_refine(const struct trm_shape *shape, struct trm_window_unit unit, const float *y, double gate,
                size_t lead, double mixed, double spread, double *ret_median, double ret_spread[2])
{
    *ret_median = mixed;
    ret_spread[0] = ret_spread[1] = spread;
    if (!y || !(gate > 0))
        return;
    size_t lower = shape->leads + trm_spread_block(shape, lead);
    *ret_median += gate * (unit.mean + unit.scale * (double)y[lead] - mixed);
    for (int side = 0; side < 2; side++) {
        double log_spread = trm_clamp((double)y[lower + (size_t)side * TRM_SPREAD_BLOCKS],
                                      -(double)TRM_LOG_SPREAD_MAX, (double)TRM_LOG_SPREAD_MAX);
        ret_spread[side] *= exp(gate * log_spread);
    }
}

static enum trm_status tail_init(struct tail *ret, const struct trm_history *h,
                                 const struct trm_backtest *b, const struct trm_shape *shape,
                                 const struct trm_windows *w, const float *answers)
{
    struct tail t = {.cell = calloc(b->tail * b->leads, sizeof *t.cell),
                     .ratio = calloc(b->tail * b->leads, sizeof *t.ratio)};
    double *mixed = calloc(b->leads, sizeof *mixed);

    if (!t.cell || !t.ratio || !mixed) {
        free(t.cell);
        free(t.ratio);
        free(mixed);
        return TRM_ENOMEM;
    }
    for (size_t i = 0; i < b->tail; i++) {
        size_t row = b->count - b->tail + i;
        trm_backtest_mixed(b, row, mixed);
        for (size_t j = 0; j < b->leads; j++) {
            double truth = h->raw[b->first + row + j];
            if (isnan(truth))
                continue;
            t.cell[t.n++] = (struct cell){
                .truth = truth,
                .mixed = mixed[j],
                .spread = trm_mix_spread(&b->mix, j) * h->error,
                .unit = answers ? w->unit[row] : (struct trm_window_unit){0},
                .y = answers ? answers + i * trm_state_n(shape) : NULL,
                .lead = j};
        }
        if (i + 1 == b->tail / 2)
            t.half = t.n;
    }
    free(mixed);
    *ret = t;
    return TRM_OK;
}

static double mae_at(const struct tail *t, const struct trm_shape *shape, double gate)
{
    double sum = 0, median, spread[2];

    for (size_t i = 0; i < t->n; i++) {
        const struct cell *c = &t->cell[i];
        trm_refine(shape, c->unit, c->y, gate, c->lead, c->mixed, c->spread, &median, spread);
        sum += fabs(c->truth - median);
    }
    return t->n ? sum / (double)t->n : TRM_NAN;
}

/* (truth - median) / spread of the cell's side; 0 where everything is exact. */
static double ratio_of(const struct cell *c, const struct trm_shape *shape, double gate)
{
    double median, spread[2];

    trm_refine(shape, c->unit, c->y, gate, c->lead, c->mixed, c->spread, &median, spread);
    double miss = c->truth - median, unit = spread[miss > 0];
    return unit > 0 ? miss / unit : 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Empirical quantiles of the ratios from..to-1 at the knots, blended with the normal's, made to grow
 * outwards. span: distinct held-out times behind the values, leads: of the horizon scored. */
static void knots(const struct tail *t, const struct trm_shape *shape, double gate, size_t from,
                  size_t to, double span, double leads, double ret[TRM_KNOTS])
{
    size_t n = to - from;
    double share = n ? span / (span + PRIOR_VALUES) : 0;
    double wider = 1 + OPTIMISM * sqrt(fmin(1, leads / span));

    for (size_t i = 0; i < n; i++)
        t->ratio[i] = ratio_of(&t->cell[from + i], shape, gate);
    qsort(t->ratio, n, sizeof *t->ratio, by_value);
    for (int k = 0; k < TRM_KNOTS; k++) {
        double at = n ? trm_knot_levels[k] * (double)(n - 1) : 0;
        size_t i = (size_t)at;
        double low = n ? t->ratio[i] : 0, high = n ? t->ratio[trm_min_size(i + 1, n - 1)] : 0;
        ret[k] = share * (low + (at - (double)i) * (high - low)) + (1 - share) * trm_normal_knots[k];
        ret[k] *= wider;
    }
    ret[TRM_KNOT_MEDIAN] = 0;
    for (int k = TRM_KNOT_MEDIAN - 1; k >= 0; k--)
        ret[k] = fmin(ret[k], ret[k + 1]);
    for (int k = TRM_KNOT_MEDIAN + 1; k < TRM_KNOTS; k++)
        ret[k] = fmax(ret[k], ret[k - 1]);
}

static double choose_gate(const struct tail *t, const struct trm_shape *shape, double mae_drafts)
{
    double best = GATE_GAIN * mae_drafts, gate = 0;

    for (int g = 1; g <= GATES; g++) {
        double mae = mae_at(t, shape, (double)g / GATES);
        if (mae < best) {
            best = mae;
            gate = (double)g / GATES;
        }
    }
    return GATE_TRUST * gate;
}

/* Coverage of the second half between two knots calibrated on the first. */
static double coverage(const struct tail *t, const struct trm_shape *shape, double gate,
                       const double gap[TRM_KNOTS], int low)
{
    size_t inside = 0;

    for (size_t i = t->half; i < t->n; i++) {
        double r = ratio_of(&t->cell[i], shape, gate);
        inside += r >= gap[low] && r <= gap[TRM_KNOTS - 1 - low];
    }
    return t->half && t->n > t->half ? (double)inside / (double)(t->n - t->half) : TRM_NAN;
}

enum trm_status trm_calibrate(const struct trm_history *history, const struct trm_backtest *backtest,
                              const struct trm_shape *shape, const struct trm_windows *windows,
                              const float *answers, struct trm_calibration *ret)
{
    struct tail t;
    struct trm_calibration c = {.mae_network = TRM_NAN};
    double gap[TRM_KNOTS], leads = (double)backtest->leads, span = (double)backtest->tail + leads - 1;

    if (tail_init(&t, history, backtest, shape, windows, answers) != TRM_OK)
        return TRM_ENOMEM;
    c.n = t.n;
    c.mae_drafts = mae_at(&t, shape, 0);
    if (answers) {
        c.mae_network = mae_at(&t, shape, 1);
        c.gate = choose_gate(&t, shape, c.mae_drafts);
    }
    c.mae = mae_at(&t, shape, c.gate);
    knots(&t, shape, c.gate, 0, t.half, span / 2, leads, gap);
    c.coverage80 = coverage(&t, shape, c.gate, gap, 1);
    c.coverage95 = coverage(&t, shape, c.gate, gap, 0);
    knots(&t, shape, c.gate, 0, t.n, span, leads, c.knot_gap);
    free(t.cell);
    free(t.ratio);
    *ret = c;
    return TRM_OK;
}
