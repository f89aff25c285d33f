/* The shape of a TS-TRM, literal or folded: which vector is how long. Surprising: the answer y of the
 * network is not only the horizon's medians but also a few logarithms of how wide the lower and the
 * upper half of the interval are, one pair per block of leads, so that thinking refines the uncertainty
 * with the forecast. */
#ifndef TRM_SHAPE_H
#define TRM_SHAPE_H

#include "core/num.h"

/* Blocks of leads that share a correction of their spread. */
#define TRM_SPREAD_BLOCKS 4

struct trm_shape {
    size_t lookback;    /* L: length of the window x */
    size_t leads;       /* H: medians in y */
    size_t hidden;      /* h: width of the embedding, of z and of the inner layer */
    size_t supervision; /* S: supervision steps, a loss at each */
    size_t recursions;  /* R: updates of z inside a supervision step */
};

/* Length Y of y: H medians, then the lower and the upper log spreads of the blocks. */
static inline size_t trm_state_n(const struct trm_shape *shape)
{
    return shape->leads + 2 * TRM_SPREAD_BLOCKS;
}

/* Block of a lead. */
static inline size_t trm_spread_block(const struct trm_shape *shape, size_t lead)
{
    return lead * TRM_SPREAD_BLOCKS / shape->leads;
}

#endif
