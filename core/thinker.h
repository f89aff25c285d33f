/* The recursive network over drafts: forward, and backward by hand. Knows rows of numbers (one row = one
 * lead of one window) and the recursion; refuses to know series, drafts' names and optimisers.
 *
 * One tiny two-layer network serves every lead, horizon, frequency and series. Its state is a mixture
 * over the K drafts (logits a), the shape of the interval (r) and a latent vector (z). Per row, with
 * u = TRM-step inputs p[P] of the row, global inputs g[G] of its window, draft values e[K] (centred on
 * the consensus, in units of sigma), log weights l[K] of the consensus, spread s > 0:
 *
 *   X  = Wg g + Wp p + b                                  (once per row; the Wg part once per window)
 *   a  = l + a0,  r = r0,  z = z0                          (a0, r0, z0 learned)
 *   for each supervision step:
 *     w = softmax(a); q50 = sum w_k e_k + s r_5; quantiles outwards from it by the gaps
 *       s softplus(r_i) + sum_b softplus(g_b) fan_bi >= 0: they cannot cross; the fans are the shapes of what
 *       really happened (analogs, the same phase in the past, the record), each a set of gaps of its own
 *     f = feedback(q, w, e, verification)                  (below)
 *     Xf = X + Wf f
 *     R times:  t = silu(Xf + Wz z);  z <- rms(z + M t),   rms(v) = v / sqrt(mean v^2 + 1e-6)
 *     a = l + a0 + Ga z, r = r0 + Gr z, g = g0 + Gg z       (a read-out, not an accumulation)
 *     answer of this step: decode (a, r) as above; a loss on it; then a, r, z are detached
 *     halt logit = bh + wh . z                             (no gradient through z)
 *
 * Feedback f[F], F = 2 K + TRM_KNOTS + TRM_VERIFY_SCALARS, in this order, no gradient through any of it,
 * with slog x = sign(x) ln(1 + |x|):
 *   slog(q_i / s) (TRM_KNOTS), w_k - softmax(l)_k (K),
 *   verification: with points j = 1..T of the window's backtest, lead weights
 *   omega_j ~ exp(-|log h - log l_j|) (trm_thinker_omega) and errors D_jk of draft k at point j (draft -
 *   truth, in sigma):
 *     err_j = sum_k w_k D_jk + s r_5;   sig_j = omega_j tanh(2 err_j);
 *     grad_k = sum_j sig_j (D_jk - sum_i w_i D_ji)         (K: which drafts to trust less)
 *     ln(sum omega |err| + .05), slog(sum omega err), sum omega [err > 0] - .5,
 *     ln(max |err_j| + .05) over the j with omega_j > 0,
 *     and calibration: sum omega [|err| <= width80 / 2] - .8 with width80 = q_9 - q_1
 *   (5 scalars).
 *
 * Loss of a row at a step: weight * min(2 mean_i pinball_i(q_i, target), TRM_LOSS_CAP) over the TRM_KNOTS
 * levels; no gradient where capped; total = mean over supervision steps and rows. The halt logit of every
 * step but the last learns whether the next step lowers the row's loss: weight * TRM_HALT_WEIGHT * binary
 * cross entropy, in the same mean, in the gradient but not in ret_loss. Everything float; sums of losses
 * double.
 *
 * The parameters, one block after the other, row-major (N = inner, L = latent):
 *
 *   TRM_THINK_WG   [G][N]        global inputs -> X
 *   TRM_THINK_WP   [P][N]        lead's inputs -> X
 *   TRM_THINK_B    [N]           b
 *   TRM_THINK_WF   [F][N]        feedback -> Xf
 *   TRM_THINK_WZ   [L][N]        latent -> inner
 *   TRM_THINK_M    [N][L]        inner -> latent
 *   TRM_THINK_OUT  [L][K+12+B]   latent -> read-out: K columns Ga, TRM_KNOTS Gr, B Gg, 1 column wh
 *   TRM_THINK_OUT0 [K+12+B]      a0, r0, g0, bh
 *   TRM_THINK_Z0   [L]           z0 */
#ifndef TRM_THINKER_H
#define TRM_THINKER_H

#include "core/model.h"

#define TRM_VERIFY_SCALARS 5
#define TRM_FANS_MAX 4
/* Most supervision steps, and most recursions in one. */
#define TRM_THINKER_DEPTH_MAX 64
/* A row's loss does not count beyond this: one wild target must not steer a batch. */
#define TRM_LOSS_CAP 20.0f
/* Share of the halt logit's cross entropy in the gradient. */
#define TRM_HALT_WEIGHT 0.05f

struct trm_thinker_shape {
    uint32_t drafts;      /* K */
    uint32_t globals;     /* G */
    uint32_t steps;       /* P: inputs of a lead */
    uint32_t points;      /* T: points of verification a window */
    uint32_t inner;       /* width of t; multiple of 16 */
    uint32_t latent;      /* width of z; multiple of 16 */
    uint32_t supervision; /* S */
    uint32_t recursions;  /* R */
    uint32_t fans;        /* B: empirical distributions a lead brings along, 0..TRM_FANS_MAX */
};

enum trm_thinker_block {
    TRM_THINK_WG, TRM_THINK_WP, TRM_THINK_B, TRM_THINK_WF, TRM_THINK_WZ, TRM_THINK_M, TRM_THINK_OUT,
    TRM_THINK_OUT0, TRM_THINK_Z0, TRM_THINK_BLOCKS
};

/* Floats of a block, where it starts, and of all of them. */
size_t trm_thinker_block_n(const struct trm_thinker_shape *shape, enum trm_thinker_block block);
size_t trm_thinker_block_at(const struct trm_thinker_shape *shape, enum trm_thinker_block block);
size_t trm_thinker_parameters(const struct trm_thinker_shape *shape);

/* F: length of the feedback. */
size_t trm_thinker_feedback_n(const struct trm_thinker_shape *shape);

/* TRM_OK when every field is in a sane range (no product of them overflows), else TRM_EINVAL. */
TRM_MUST_CHECK enum trm_status trm_thinker_shape_check(const struct trm_thinker_shape *shape);

/* Weights that make the answer equal the consensus with a normal interval of 1.25 spreads: OUT, a0, z0 and
 * bh zero, softplus(r0) the gaps of the normal knots times 1.25, softplus(g0) .01, the rest He-scaled from
 * the seed. */
void trm_thinker_init(const struct trm_thinker_shape *shape, uint64_t seed, float *weights);

/* How much each point of a backtest says about a lead: ret[T] ~ exp(-|lead_log - log_lead_j|), summing to 1
 * over the first point_n of the T points, 0 for the others; all 0 where point_n is 0. */
void trm_thinker_omega(size_t points, size_t point_n, float lead_log, const float *log_lead, float *ret);

/* Rows of one or several windows, row-major; window[i] says whose globals and verification row i uses,
 * ascending. Nothing is missing: every float is finite. */
struct trm_thinker_rows {
    size_t window_n, row_n;
    const float *global;   /* [window_n][G] */
    const float *error;    /* [window_n][T][K] D */
    const uint32_t *window;/* [row_n] */
    const float *step;     /* [row_n][P] */
    const float *draft;    /* [row_n][K] e */
    const float *logit;    /* [row_n][K] l */
    const float *omega;    /* [row_n][T], sums to 1, or all 0 where the window has no backtest */
    const float *spread;   /* [row_n] s > 0 */
    const float *fan;      /* [row_n][B][TRM_KNOTS] gap of each knot to its neighbour nearer the median, in
                            * sigma, >= 0; 0 at the median */
    const float *target;   /* [row_n]; only read by trm_thinker_train */
    const float *weight;   /* [row_n] >= 0; only read by trm_thinker_train */
};

/* Room for batches of at most row_max rows and window_max windows. One thread at a time. */
struct trm_thinker_work;
TRM_MUST_CHECK enum trm_status trm_thinker_work_new(const struct trm_thinker_shape *shape, size_t row_max,
                                                    size_t window_max, bool training,
                                                    struct trm_thinker_work **ret);
void trm_thinker_work_free(struct trm_thinker_work *work); /* accepts NULL */

/* What a supervision step left, for answers and traces. Pointers into the work, valid until its next use. */
struct trm_thinker_view {
    const float *quantile; /* [row_n][TRM_KNOTS] increasing */
    const float *mix;      /* [row_n][K] softmax(a) */
    const float *verify;   /* [row_n][F] the feedback that the step was given; zero before the first step */
    const float *halt;     /* [row_n] logit of "one more step lowers the loss"; before the first step bh */
    float update_z;        /* rms change of z by this step over all rows */
};

/* Forward step by step: begin decodes the initial state (view of the consensus), each step thinks once,
 * as often as wanted, with the weights and rows that began it (begin keeps copies of some of them).
 * A row's result does not depend on which other rows are in the batch, to the last bit on one machine. */
void trm_thinker_begin(const struct trm_thinker_shape *shape, const float *weights,
                       const struct trm_thinker_rows *rows, struct trm_thinker_work *work,
                       struct trm_thinker_view *ret);
void trm_thinker_step(const struct trm_thinker_shape *shape, const float *weights,
                      const struct trm_thinker_rows *rows, struct trm_thinker_work *work,
                      struct trm_thinker_view *ret);

/* All supervision steps with the loss; adds the gradient of the mean loss to grad[parameters] (NULL: loss
 * only). ret_loss[S] mean weighted loss after each step. Returns TRM_OK, or TRM_EDIVERGED when a loss is
 * not finite (grad is then unspecified). */
TRM_MUST_CHECK enum trm_status trm_thinker_train(const struct trm_thinker_shape *shape, const float *weights,
                                                 const struct trm_thinker_rows *rows,
                                                 struct trm_thinker_work *work, float *grad,
                                                 double *ret_loss);

#endif
