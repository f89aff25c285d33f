/* The network's view of a history: windows in their own units. Knows normalisation; refuses to know
 * training. A window is centred on its mean and divided by its standard deviation (floored at a share of
 * the series', so that a flat stretch does not blow noise up). Surprising: targets stay NaN where the
 * truth is missing, while inputs are filled: a hole in the input is an approximation, a hole in the
 * target would be a lie. */
#ifndef TRM_WINDOWS_H
#define TRM_WINDOWS_H

#include "core/backtest.h"
#include "core/shape.h"

/* The unit of one window. */
struct trm_window_unit {
    double mean, scale;
};

/* x[L] of the window v[0..L) and its unit. Inputs are clipped to +-8 units. */
struct trm_window_unit trm_window_input(const struct trm_history *history, const double *v,
                                        size_t lookback, float *ret_x);

/* y0[Y]: the initial guess (leads in window units, log spreads 0). */
void trm_window_guess(const struct trm_shape *shape, struct trm_window_unit unit, const double *guess,
                      float *ret_y0);

/* All origins of a backtest (made with whole) as rows. */
struct trm_windows {
    size_t count;
    float *x;        /* [count][L] */
    float *y0;       /* [count][Y] */
    float *target;   /* [count][H] */
    float *spread;   /* [count][H] */
    float *inverse_d; /* [count] 1 / what a loss of this window is measured by */
    struct trm_window_unit *unit; /* [count] */
    float *all;
};

TRM_MUST_CHECK enum trm_status trm_windows_init(struct trm_windows *ret, const struct trm_shape *shape,
                                                const struct trm_history *history,
                                                const struct trm_backtest *backtest);
/* Accepts a zeroed struct. */
void trm_windows_done(struct trm_windows *windows);

#endif
