/* Excerpts of series to learn from: a stretch of history and what came after it. Knows origins,
 * lengths of history and the three ways to make new excerpts of old ones; refuses to know examples
 * and where series come from. Surprising: nothing is turned upside down or run backwards, since
 * real series rise differently than they fall.
 *
 * Aggregation by two makes a slower series; the convex mixture of standardised windows is TSMixup
 * (Ansari et al., "Chronos", 2024). */
#ifndef TRM_EXCERPT_H
#define TRM_EXCERPT_H

#include "core/prior.h"
#include "core/rng.h"

/* Least history that an excerpt is cut with. */
#define TRM_EXCERPT_PAST_MIN 10
#define TRM_EXCERPT_MAX (TRM_CONTEXT_MAX + TRM_PRIOR_HORIZON_MAX)

/* A series that excerpts are cut from. */
struct trm_source {
    const double *values; /* [n], oldest first, NaN = missing; borrowed */
    size_t n;
    uint32_t season, season2; /* as in trm_config; a season beyond TRM_SEASON_MAX counts as none */
    uint32_t horizon; /* steps usually asked for; 0 counts as 1, more than TRM_PRIOR_HORIZON_MAX
                       * as that */
    uint64_t kind;    /* equal kinds may be mixed with each other: the length of a step, say */
};

struct trm_excerpt {
    size_t n, horizon; /* n <= TRM_CONTEXT_MAX, horizon <= TRM_PRIOR_HORIZON_MAX */
    uint32_t season, season2;
    double values[TRM_EXCERPT_MAX]; /* n of history, then horizon of future */
};

/* The longest future that excerpts of this series have. */
size_t trm_excerpt_horizon(const struct trm_source *source);

/* Whether the series is long enough for an excerpt. */
bool trm_excerpt_fits(const struct trm_source *source);

/* The unchanged excerpt whose future begins at origin and is horizon long: both inside the series.
 */
void trm_excerpt_at(const struct trm_source *source, size_t origin, size_t horizon,
                    struct trm_excerpt *ret);

/* One of list[at], which fits, at a random origin with a random length of history and horizon; half
 * of them changed: aggregated by two, mixed with a like series of the list[n], or bent by a slow
 * trend. */
void trm_excerpt_draw(const struct trm_source *list, size_t n, size_t at, struct trm_rng *rng,
                      struct trm_excerpt *ret);

#endif
