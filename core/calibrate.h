/* How much of the network to use and how wide to be, measured on the held-out tail of a backtest. Knows
 * the mix, the network's answers and the truth; refuses to know how either came about. Surprising: the
 * gate is a share, not a switch: half of a correction is often better than all or none of it. */
#ifndef TRM_CALIBRATE_H
#define TRM_CALIBRATE_H

#include "core/windows.h"

struct trm_calibration {
    double gate;                /* half the share of the network's correction with the least tail error */
    double knot_gap[TRM_KNOTS]; /* as in struct trm_model */
    double mae;                 /* of what answers, over the tail, scaled units; NaN: nothing there … */
    double mae_drafts;          /* … of the mix alone … */
    double mae_network;         /* … of the network's correction in full; NaN without */
    double coverage80, coverage95; /* of the second half by gaps from the first; NaN on a short tail */
    size_t n;                   /* held-out values */
};

/* answers: the network's y[tail][Y] for the tail's origins in the order of the backtest, with their
 * windows, or all three NULL for the drafts alone. TRM_OK or TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_calibrate(const struct trm_history *history,
                                             const struct trm_backtest *backtest,
                                             const struct trm_shape *shape,
                                             const struct trm_windows *windows, const float *answers,
                                             struct trm_calibration *ret);

/* Median and spread of one lead from the mix's value and the network's y, in the unit of `mixed`:
 * *ret_median, ret_spread[0] below and [1] above it. y NULL: the mix alone. */
void trm_refine(const struct trm_shape *shape, struct trm_window_unit unit, const float *y,
                double gate, size_t lead, double mixed, double spread, double *ret_median,
                double ret_spread[2]);

#endif
