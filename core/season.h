/* Which season a series has. Knows autocorrelation; refuses to know frequencies (the caller brings the
 * candidates). Surprising: "none" (1) is the answer unless a candidate earns it, because a wrong season
 * costs more than a missed one. */
#ifndef TRM_SEASON_H
#define TRM_SEASON_H

#include "core/status.h"

#include <stddef.h>

/* The candidate period (each >= 2, longest first, as trm_freq_seasons gives them) that the history
 * supports best, or 1; a longer one must be clearly better than a shorter one. values[n]: NaN = missing.
 * Needs two full periods to support one. Cost: O(n * candidate_n). */
size_t trm_season_detect(const double *values, size_t n, const size_t *candidates,
                         size_t candidate_n);

#endif
