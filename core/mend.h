/* What is wrong with a history, and the history as it should have come. Knows the faults of senders and
 * sensors: a unit that changed, a level that moved, spikes, a sensor that is stuck; refuses to know
 * drafts, networks and the calendar. Surprising: it acts on overwhelming evidence only. What is odd
 * by less than an order of magnitude is left as it is, because the drafts and their record judge
 * that better than any rule.
 *
 * The rules, all invariant under powers of two:
 *
 * Unit. Cuts where the mean binary logarithm of the next four values' magnitudes and of the four
 * before differ by that of TRM_MEND_FACTOR (medians of three are compared, so that no single value
 * makes a cut). The stretches on both sides must differ by as much, and by four of their own
 * spreads. It is a change of unit where the factor (a median over pairs of values whole seasons
 * apart) is within 15% of a power of ten, 60 or 3,600, which then is the factor, or where it is
 * about TRM_MEND_ANY_FACTOR or more (70% of it, and within a factor of 1.4 of a power of ten that
 * is taken); and where the changes from value to value have grown with it. What lies before is
 * multiplied.
 *
 * Level. The same for the values: stretches that differ by TRM_MEND_LEVEL of their mean deviations;
 * what lies before is moved. By TRM_MEND_MIRROR of them where the values are those before with the
 * other sign.
 *
 * More than TRM_MEND_CUTS_MAX cuts are how the series is, and none of them counts. A stretch of
 * fewer than eight values that is not the newest is taken for missing instead.
 *
 * Spikes. Values that stand TRM_MEND_SPIKE times farther from the median of the nine around them
 * than any other value does, no more than 2% of all (or three), are taken for missing. So are the
 * newest up to three: a fourth one like them is a new level.
 *
 * Stuck. A run of equal values as long as a season, but TRM_MEND_RUN_MIN to 64 of them, where
 * hardly any other value (5%) repeats the one before it and where there are no more than three such
 * runs. It stays; where it is at the end ret->stuck_n tells, and the answer's intervals reach for
 * what was there before (answer.h). To take runs inside a history for missing was tried, and cost
 * accuracy on real sets.
 *
 * Pure; no allocation. Thread: any. Cost: some 20 us for 2,048 values in which nothing is found. */
#ifndef TRM_MEND_H
#define TRM_MEND_H

#include "core/model.h"

#define TRM_MEND_FACTOR 30.
#define TRM_MEND_ANY_FACTOR 1000.
#define TRM_MEND_LEVEL 40.
#define TRM_MEND_MIRROR 8.
#define TRM_MEND_SPIKE 20.
#define TRM_MEND_CUTS_MAX 3
#define TRM_MEND_RUN_MIN 8

enum trm_oddity_kind {
    TRM_ODD_UNIT,  /* from here on the values are `size` times those before */
    TRM_ODD_LEVEL, /* … are higher by `size` */
    TRM_ODD_BURST, /* n values of another unit or level, taken for missing */
    TRM_ODD_SPIKE, /* single values, taken for missing; from: the newest of n */
    TRM_ODD_STUCK, /* n equal values */
    TRM_ODD_GAP,   /* n missing values, the longest stretch of eight or more, or what is missing at the end */
    TRM_ODD_KINDS
};

/* "unit_change", "level_shift", "burst", "spikes", "stuck", "gap". */
const char *trm_oddity_name(enum trm_oddity_kind kind);

struct trm_oddity {
    enum trm_oddity_kind kind;
    size_t from, n; /* indices into the values that were given; n: to the end for unit and level */
    double size;    /* of unit and level; else 0 */
};

#define TRM_ODDITIES_MAX 12
struct trm_mend {
    size_t n;
    struct trm_oddity odd[TRM_ODDITIES_MAX];
    size_t stuck_n; /* equal values at the end, 0 where the sensor is not stuck */
};

/* Doubles of work space for n values. */
#define TRM_MEND_ROOM(n) (3 * (n))

/* Mends v[n] (NaN = missing, else |v| <= TRM_VALUE_MAX; n <= TRM_CONTEXT_MAX) where it stands;
 * season in steps, 1 = none. room[TRM_MEND_ROOM(n)]. At least TRM_OBSERVED_MIN values stay wherever
 * there were as many. */
void trm_mend(double *v, size_t n, size_t season, double *room, struct trm_mend *ret);

/* The same for whoever only wants to tell: mends a copy of values[n], of which the newest
 * TRM_CONTEXT_MAX are looked at, and finds gaps. Indices are into values. TRM_OK or TRM_ENOMEM
 * (*ret untouched). */
TRM_MUST_CHECK enum trm_status trm_diagnose(const double *values, size_t n, size_t season,
                                            struct trm_mend *ret);

#endif
