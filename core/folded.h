/* The TS-TRM folded: the same function as literal.h with its linear chains multiplied out, in float,
 * many windows at a time. There is no nonlinearity between W2, U, Pz and the next W1, so with W1 =
 * [Wx Wy Wz]:
 *
 *     a = A x + a0             A = Wx We, a0 = Wx be + b1
 *     per supervision step:    v = a + P y               P = Wy Py
 *       per recursion:         g = silu(v + w); w = w + M g + c   w = Wz Pz z, M = Wz Pz U W2, c = Wz Pz u
 *       at the end:            y = y + F g + f           F = F' W2 (F' the literal one)
 *
 * One h-by-h product a recursion is left of four. Training works on the folded parameters. Surprising:
 * matrices are kept transposed ([in][out]) so that the one kernel there is (kernel.h) walks memory
 * forwards in every product. Pure and single-threaded. */
#ifndef TRM_FOLDED_H
#define TRM_FOLDED_H

#include "core/kernel.h"
#include "core/literal.h"

/* Parameter blocks in order; a checkpoint stores them in this order. */
enum trm_folded_block {
    TRM_FOLD_A, TRM_FOLD_A0, /* [L][h], [h] */
    TRM_FOLD_P,              /* [Y][h] */
    TRM_FOLD_M, TRM_FOLD_C,  /* [h][h], [h] */
    TRM_FOLD_F, TRM_FOLD_FB, /* [h][Y], [Y] */
    TRM_FOLD_BLOCKS
};

/* A view of parameters that live in one float array of trm_folded_parameters(shape) elements. */
struct trm_folded {
    struct trm_shape shape;
    float *block[TRM_FOLD_BLOCKS];
};

size_t trm_folded_parameters(const struct trm_shape *shape);
size_t trm_folded_block_n(const struct trm_shape *shape, enum trm_folded_block block);

/* Lays the view over `all`, which stays the caller's. */
void trm_folded_view(const struct trm_shape *shape, float *all, struct trm_folded *ret);

/* Fills net (same shape) with the folded form of literal. Cost: a few h^3. TRM_OK or TRM_ENOMEM. */
TRM_MUST_CHECK enum trm_status trm_fold(const struct trm_literal *literal, struct trm_folded *net);

/* Activations of one batch of up to batch_max windows. */
struct trm_folded_work;
TRM_MUST_CHECK enum trm_status trm_folded_work_new(const struct trm_shape *shape, size_t batch_max,
                                                   struct trm_folded_work **ret);
void trm_folded_work_free(struct trm_folded_work *work);

/* x[batch][L], y0[batch][Y] → ret_y[S][batch][Y]. batch 1..batch_max. */
void trm_folded_forward(const struct trm_folded *net, struct trm_folded_work *work, size_t batch,
                        const float *x, const float *y0, float *ret_y);

/* One supervision step at a time, for a single window (the trace): begin, then step S times; y[Y] in and
 * out. Returns the root mean square of the change of w. Same numbers as forward with batch 1. */
void trm_folded_begin(const struct trm_folded *net, struct trm_folded_work *work, const float *x);
double trm_folded_step(const struct trm_folded *net, struct trm_folded_work *work, float *y);

/* Adds d(loss)/d(parameter) to grad, given dy[S][batch][Y], after a forward with the same arguments;
 * overwrites dy. */
void trm_folded_backward(const struct trm_folded *net, struct trm_folded_work *work, size_t batch,
                         const float *x, const float *y0, const float *y, float *dy,
                         struct trm_folded *grad);

#endif
