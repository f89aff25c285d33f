/* What the files of the mend share. Nobody else includes this. */
#ifndef TRM_MEND_PARTS_H
#define TRM_MEND_PARTS_H

#include "core/mend.h"
#include "core/num.h"

struct mending {
    double *v; /* [n] */
    size_t n, season;
    size_t seen;         /* values that are there */
    double *x, *y;       /* [seen] those values, newest state; work space */
    double *where;       /* [seen] their indices, as doubles */
    struct trm_mend *ret;
};

static inline size_t trm_mend_index(const struct mending *m, size_t k)
{
    return (size_t)m->where[k];
}

/* Gathers the values that are there. */
void trm_mend_gather(struct mending *m);
/* Notes one; what does not fit any more is not told. */
void trm_mend_note(struct mending *m, enum trm_oddity_kind kind, size_t from, size_t n, double size);

/* mend_level.c: units and levels; mend.c the rest. */
void trm_mend_levels(struct mending *m);

#endif
