/* Series as bad as the ones that come: realistic bases (hours with day and week, months with a
 * trend, rare counts, five-minute noise, a daily walk) and the faults of clocks, sensors and
 * senders laid over them. Knows how data go wrong; refuses to know forecasts. Surprising: the
 * future is damaged by what lasts (a unit that changed stays changed) and never by what passes (a
 * spike), since that is what an operator wants forecast.
 *
 * Used by tests/core/test_quality.c (nothing may break) and tests/bench/quality.c (how good it is). */
#ifndef TESTS_CORE_SCENARIO_H
#define TESTS_CORE_SCENARIO_H

#include "core/model.h"
#include "core/rng.h"

#define SCENARIO_HORIZON_MAX 48
#define SCENARIO_ROOM (TRM_CONTEXT_MAX + SCENARIO_HORIZON_MAX)

enum scenario_base { BASE_HOURS, BASE_MONTHS, BASE_COUNTS, BASE_MINUTES, BASE_WALK, BASES };

/* What `size` and `length` mean stands behind each; `at` is where it begins, an index below n. */
enum scenario_fault {
    FAULT_NONE,
    FAULT_TIMES,     /* from `at` on everything times size, for good */
    FAULT_TIMES_TMP, /* … for length values */
    FAULT_PLUS,      /* from `at` on everything plus size sigma */
    FAULT_STUCK,     /* one value for length values; longer than the history: in the future too */
    FAULT_SPIKE,     /* length values in a row plus size sigma */
    FAULT_SPIKES,    /* length single ones, anywhere before n, of either sign */
    FAULT_GAP,       /* length values missing */
    FAULT_HOLES,     /* a share of size missing, anywhere before n */
    FAULT_EVERY,     /* every length-th value missing */
    FAULTS
};

struct scenario {
    size_t n, horizon; /* history, future */
    size_t season, season2;
    double sigma; /* deviation of the base's noise, in the unit before any fault */
    double scale; /* clean seasonal naive's mean error, in the unit of the future */
    double values[SCENARIO_ROOM]; /* n of history, then horizon of future; NaN = missing */
};

const char *scenario_base_name(enum scenario_base base);

/* A clean one. n >= 20 and at most TRM_CONTEXT_MAX; horizon at most SCENARIO_HORIZON_MAX. */
void scenario_make(struct scenario *s, enum scenario_base base, size_t n, size_t horizon,
                   struct trm_rng *rng);
void scenario_break(struct scenario *s, enum scenario_fault fault, size_t at, size_t length,
                    double size, struct trm_rng *rng);

/* The odd ones that are nobody's series: kind 0 .. SCENARIO_ODD - 1, any n >= 3. */
#define SCENARIO_ODD 16
void scenario_odd(struct scenario *s, size_t kind, size_t n, struct trm_rng *rng);

#endif
