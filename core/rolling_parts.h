/* What the two files of rolling-origin evaluation share. Nobody else includes this. */
#ifndef TRM_ROLLING_PARTS_H
#define TRM_ROLLING_PARTS_H

#include "core/rolling.h"

#define DECILES 9
#define LEVELS_ALL (DECILES + 2 * TRM_ROLLING_LEVELS_MAX)

/* Quantile levels that every method is asked for: the deciles and the ends of the intervals, joined. */
struct rolling_levels {
    double at[LEVELS_ALL];
    size_t n;
    size_t decile[DECILES], lower[TRM_ROLLING_LEVELS_MAX], upper[TRM_ROLLING_LEVELS_MAX]; /* places in at */
};
void trm_rolling_levels(const double *level, size_t level_n, struct rolling_levels *ret);

/* Sums over the windows at one lead. */
struct rolling_cell {
    double scaled, scaled_n, smape, n, pinball, size, inside[TRM_ROLLING_LEVELS_MAX];
};
/* Sums of a method. */
struct rolling_sums {
    double mase, mase_n, smape, smape_n;
    double mae; /* of the window at hand */
    size_t won, tied, lost;
    struct rolling_cell *cell; /* [horizon] */
};

/* One forecast held against what came: truth[horizon] (NaN: unknown), quantiles[levels->n][horizon]. */
struct rolling_said {
    const double *truth, *point, *quantiles;
    size_t horizon, level_n;
    const struct rolling_levels *levels;
    double scale; /* of MASE */
};
void trm_rolling_count(const struct rolling_said *said, struct rolling_sums *sums);
/* After all methods of a window: against seasonal naive. */
void trm_rolling_compare(const struct rolling_sums *naive, struct rolling_sums *sums);

/* Sums → scores; all but vs_seasonal_naive and label. */
void trm_rolling_score(const struct rolling_sums *sums, size_t horizon, size_t level_n,
                       struct trm_rolling_score *ret);

#endif
