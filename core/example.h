/* Training examples: a history sensed, and what came after it, as rows of numbers. Knows how a
 * window becomes an example; refuses to know networks, files and threads. Surprising: an example
 * keeps only TRM_EXAMPLE_ROWS leads, drawn one from each stretch of the horizon, so long horizons
 * do not outweigh short ones. */
#ifndef TRM_EXAMPLE_H
#define TRM_EXAMPLE_H

#include "core/excerpt.h"
#include "core/pretrain.h"
#include "core/prior.h"
#include "core/sense.h"

/* Floats of one example, with its own point count: what trm_examples_new allocates each. */
#define TRM_EXAMPLE_FLOATS                                                                         \
    (TRM_SENSE_GLOBALS + TRM_SENSE_POINTS * (TRM_BANK_DRAFTS + 1) + 1 +                            \
     TRM_EXAMPLE_ROWS * (TRM_SENSE_STEPS + 2 * TRM_BANK_DRAFTS + 4 + TRM_SENSE_FANS * TRM_KNOTS))

/* The set, writable. */
struct trm_examples {
    struct trm_example_set set; /* views of the memory, for the trainer */
    float *memory;              /* [n * TRM_EXAMPLE_FLOATS], the caller's to free or unmap */
};

/* Lays a set of n examples over memory (n * TRM_EXAMPLE_FLOATS floats, all zero at first). */
void trm_examples_place(struct trm_examples *ret, float *memory, size_t n);

/* The thinker's shape that goes with examples. */
struct trm_thinker_shape trm_example_shape(uint32_t inner, uint32_t latent, uint32_t supervision,
                                           uint32_t recursions);

/* Writes example i: values[0..n) the past (NaN = missing), values[n..n + horizon) what came. The
 * leads are drawn from seed. Returns TRM_OK; TRM_ESHORT, TRM_EMISSING, TRM_ERANGE where the past
 * cannot be forecast or is constant; TRM_ENOMEM. The example is untouched on failure. Different i
 * may be written by different threads, each with a sense of its own. */
TRM_MUST_CHECK enum trm_status trm_example_write(struct trm_examples *examples, size_t i,
                                                 struct trm_sense *sense, const double *values,
                                                 size_t n, size_t season, size_t season2,
                                                 size_t horizon, uint64_t seed);

/* Writes example i from an excerpt of list[at] (trm_excerpt_draw) of a seed; where that one is refused,
 * from the next one drawn, eight times at most. room is scratch. */
TRM_MUST_CHECK enum trm_status trm_example_cut(struct trm_examples *examples, size_t i,
                                               struct trm_sense *sense,
                                               const struct trm_source *list, size_t n, size_t at,
                                               uint64_t seed, struct trm_excerpt *room);

/* Writes example i from the prior's series of a seed; where that one is refused, from a seed
 * derived from it. */
TRM_MUST_CHECK enum trm_status trm_example_draw(struct trm_examples *examples, size_t i,
                                                struct trm_sense *sense,
                                                struct trm_prior_series *series, uint64_t seed);

#endif
