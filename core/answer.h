/* From a think's state to an answer: what network, consensus and single drafts say, as knots. Knows
 * who may answer and how intervals are widened; refuses to know why one is chosen (record.h) and
 * what is done with it. Surprising: the consensus and a draft bring intervals of their own that use
 * no weight of any network, so that the way around a bad network does not lead through it. */
#ifndef TRM_ANSWER_H
#define TRM_ANSWER_H

#include "core/think.h"

struct trm_who {
    enum trm_answered_by by;   /* TRM_BY_NETWORK, _CONSENSUS or _DRAFT */
    enum trm_bank_draft draft; /* read for TRM_BY_DRAFT only */
};

/* ret[horizon][TRM_KNOTS], unit of the (scaled) history, never crossing. Consensus and drafts:
 * normal with 1.25 times the sense's spread. Needs a think that has begun (network: and taken its
 * steps). */
void trm_answer_knots(const struct trm_think *think, struct trm_who who, double *ret);

/* Whether all of them are finite: a network's may not be. */
bool trm_answer_is_finite(const double *knots, size_t rows);

/* Multiplies the gaps between the median and the knots of rows by their side's factor: the
 * outermost by that of the 95% interval, the others by that of the 80% one; then sees to it that
 * they still do not cross. */
void trm_answer_widen(const struct trm_widening *widening, double *knots, size_t rows);

/* How much who answers listens to each draft at lead row + 1; sums to 1. */
void trm_answer_mix(const struct trm_think *think, struct trm_who who, size_t row,
                    float ret[TRM_BANK_DRAFTS]);
/* … in the mean over the leads. */
void trm_answer_mean_mix(const struct trm_think *think, struct trm_who who,
                         float ret[TRM_BANK_DRAFTS]);

/* The `most` drafts with the largest weights of at least `least`, largest first (of equals the
 * first of the bank); returns how many. */
size_t trm_answer_top(const float mix[TRM_BANK_DRAFTS], size_t most, double least,
                      struct trm_draft_weight *ret);

/* The least weight that is worth telling. */
#define TRM_ANSWER_WEIGHT_MIN .01

/* Whether a history holds one value only: then there is nothing to sense. */
bool trm_answer_is_flat(const struct trm_history *history);
/* Widens rows of knots where the history ends with a stuck sensor: at lead first + i it has come
 * free with probability lead / (lead + values it has been stuck for) (Laplace's rule of succession
 * for a run), and the value is then one of those before it stuck. Where a quantile of that mixture
 * lies farther out than a knot, the knot goes there. Never narrows, never moves the median. */
void trm_answer_unstick(const struct trm_history *history, size_t first, double *knots, size_t rows);

#endif
