/* The TS-TRM as written on paper, in double and plain loops: the reference that the fast form
 * (folded.h) is held against, one window at a time.
 *
 *     e = We x + be                                 embedding of the window
 *     for s in 1..S:                                supervision steps
 *         for r in 1..R:                            recursions
 *             o = W2 silu(W1 [e; Py y; Pz z] + b1)  reflect
 *             z = z + U o + u                       … on the latent state
 *         y = y + F o + f                           refine the answer
 *         (a loss is taken at y; z is detached: no gradient flows into the step before through it)
 *
 * after Jolicoeur-Martineau, "Less is More: Recursive Reasoning with Tiny Networks" (2025), for series.
 * Pure and single-threaded; allocates only in trm_literal_new and _work_new. */
#ifndef TRM_LITERAL_H
#define TRM_LITERAL_H

#include "core/rng.h"
#include "core/shape.h"
#include "core/status.h"

/* Parameter blocks, all row-major [out][in]. */
enum trm_literal_block {
    TRM_LIT_WE, TRM_LIT_BE, /* [h][L], [h] */
    TRM_LIT_PY, TRM_LIT_PZ, /* [h][Y], [h][h] */
    TRM_LIT_W1, TRM_LIT_B1, /* [h][3h], [h] */
    TRM_LIT_W2,             /* [h][h] */
    TRM_LIT_U, TRM_LIT_UB,  /* [h][h], [h] */
    TRM_LIT_F, TRM_LIT_FB,  /* [Y][h], [Y] */
    TRM_LIT_BLOCKS
};

struct trm_literal {
    struct trm_shape shape;
    double *block[TRM_LIT_BLOCKS]; /* into `all` */
    double *all;
    size_t parameters;
};

/* Zeroed parameters. TRM_OK, TRM_EINVAL (a zero dimension) or TRM_ENOMEM; *ret untouched on failure. */
TRM_MUST_CHECK enum trm_status trm_literal_new(const struct trm_shape *shape,
                                               struct trm_literal **ret);
/* Accepts NULL. */
void trm_literal_free(struct trm_literal *net);

/* Length of a block. */
size_t trm_literal_block_n(const struct trm_shape *shape, enum trm_literal_block block);

/* Random weights of variance 1/inputs, U smaller (z is summed S*R times and would explode), F and all
 * biases zero: an untrained network changes nothing, so it answers with the initial guess. */
void trm_literal_init(struct trm_literal *net, struct trm_rng *rng);

/* What forward leaves for backward. */
struct trm_literal_work;
TRM_MUST_CHECK enum trm_status trm_literal_work_new(const struct trm_shape *shape,
                                                    struct trm_literal_work **ret);
void trm_literal_work_free(struct trm_literal_work *work);

/* x[L], y0[Y] → ret_y[S][Y], the answer after every supervision step. z_start[S][h]: NULL, or the
 * latent state to start each step from instead of the one carried over (this is how a finite difference
 * sees z as the constant that detaching makes of it); ret_z_start[S][h]: NULL, or where to note them. */
void trm_literal_forward(const struct trm_literal *net, struct trm_literal_work *work, const double *x,
                         const double *y0, const double *z_start, double *ret_z_start, double *ret_y);

/* Adds d(loss)/d(parameter) to grad (a trm_literal of the same shape), given dy[S][Y] = the loss's
 * direct gradient at each step's y, after a forward that gave y[S][Y] and noted z_start[S][h]. y is not
 * detached: each step also answers for the later ones through y. */
void trm_literal_backward(const struct trm_literal *net, struct trm_literal_work *work, const double *x,
                          const double *y0, const double *y, const double *z_start, const double *dy,
                          struct trm_literal *grad);

#endif
