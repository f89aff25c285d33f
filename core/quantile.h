/* From the network's answer y to quantiles, and the pinball loss of them. Knows that quantiles are the
 * median plus gaps that only grow outwards, so they cannot cross; refuses to know where spreads come
 * from. Surprising: the loss's gradient is exact except at the kinks, where the subgradient 0 < p < 1 of
 * the upper side is taken. */
#ifndef TRM_QUANTILE_H
#define TRM_QUANTILE_H

#include "core/model.h"
#include "core/shape.h"

/* Bound on |log spread correction|: a factor of e^2 either way. */
#define TRM_LOG_SPREAD_MAX 2.0f

/* Standard normal quantiles at trm_knot_levels. */
extern const double trm_normal_knots[TRM_KNOTS];

/* Inverse of the standard normal distribution function, 0 < p < 1 (Acklam's rational approximation
 * refined by one Halley step; relative error below 1e-12). */
double trm_normal_quantile(double p);

/* Mean over leads and knots of twice the pinball loss of one window, squashed as log1p(loss / D) so that
 * no window dominates; leads whose target is NaN do not count (all NaN: 0, gradient 0).
 * leads <= TRM_LEADS_MAX. y[Y]; spread[H] > 0: width of one normal unit at each lead; target[H];
 * inverse_d = 1 / D.
 * ret_dy[Y]: gradient times `share` (1 / batch). Everything in units of the window. */
double trm_quantile_loss(const struct trm_shape *shape, const float *y, const float *spread,
                         const float *target, float inverse_d, float share, float *ret_dy);

#endif
