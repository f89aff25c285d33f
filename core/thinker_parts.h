/* What the files of the thinker share: the memory of a batch and the parts of a step. Knows strides;
 * refuses to be included from outside thinker*.c. Surprising: rows of activations and of the packed
 * weights are longer than they need to be. A row of 256 floats is a power of two of bytes, and a product
 * that walks down such rows keeps hitting the same few cache lines: 16 floats more are a third of its
 * speed. */
#ifndef TRM_THINKER_PARTS_H
#define TRM_THINKER_PARTS_H

#include "core/kernel.h"
#include "core/thinker.h"

/* Knots with room for whole registers. */
#define TRM_KNOT_ROW 16 /* the knots, then the fans' gates */

struct trm_thinker_work {
    struct trm_thinker_shape shape;
    size_t row_max, window_max;
    size_t row_n; /* rows of the batch that is in; [row] below is this many */
    bool training;
    const struct trm_kernels *k;
    size_t n_row, l_row, o_row; /* row strides of inner, latent and read-out vectors */
    size_t k_pad, t_pad;        /* K and T in whole registers */
    size_t feed_n, out_n;       /* F, K + 12 + B */

    float *wp, *wf, *wz, *m, *out; /* weights with the row strides above */
    float *mt, *wzt, *outt;        /* training: transposed */

    float *base;          /* [window][N] Wg g + b */
    float *error, *errort; /* [window][T][k_pad], [window][K][t_pad]: D and its transpose */
    float *omega;         /* [row][t_pad] */
    float *prior;         /* [row][K] softmax(l) */

    float *x, *xf, *pre;  /* [row][n_row] X, X + Wf f, input of silu */
    float *act, *slope;   /* [R][row][n_row] silu and its derivative; without training one and one */
    float *z;             /* [R + 1][row][l_row] state before the step and after each recursion */
    float *inverse;       /* [R][row] 1 / rms */
    float *read;          /* [row][o_row] a, r, g, halt logit */
    float *logit;         /* [row][K] a */
    float *mix;           /* [row][K] */
    float *knot;          /* [row][TRM_KNOT_ROW] r, then gaps */
    float *gap, *gap_slope; /* [row][TRM_KNOT_ROW] softplus(r) and its derivative */
    float *shift;         /* [row] r_5 */
    float *open;          /* [row][TRM_KNOTS] whole gaps: s gap + fans */
    float *quantile;      /* [row][TRM_KNOTS] */
    float *feed;          /* [row][F] */
    float *halt;          /* [row] */
    float *point;         /* [row][t_pad] errors of the mix at the points, without the shift */
    float *signal;        /* [row][t_pad] sig */
    float *blame;         /* [row][k_pad] grad_k */

    double *loss, *loss_before; /* training: [row] of this step and of the one before */
    float *halt_before;         /* [row] */
    float *d_read;              /* [row][o_row] */
    float *d_z, *d_v;           /* [row][l_row], [R][row][l_row] */
    float *d_pre;               /* [R][row][n_row] */
    float *d_x;                 /* [row][n_row] summed over steps */
    float *d_base;              /* [window][N] */
    float *d_out;               /* [L][o_row] */
    void *all;
};

/* thinker.c: one supervision step from feedback to read-out. */
void trm_thinker_think(const float *weights, const struct trm_thinker_rows *rows,
                       struct trm_thinker_work *work);
/* The state before the first step: packs the weights, X, decodes a0 and r0. */
void trm_thinker_start(const float *weights, const struct trm_thinker_rows *rows,
                       struct trm_thinker_work *work);
/* Every row of to[rows][stride] = from[n]. */
void trm_thinker_repeat(size_t rows, size_t n, const float *from, float *to, size_t stride);

/* thinker_decode.c: from the read-out to mix, quantiles and halt logit. */
void trm_thinker_decode(const struct trm_thinker_rows *rows, struct trm_thinker_work *work);
/* The read-out's gradient at every row for a loss of share * (loss of the row), and the losses. */
void trm_thinker_judge(const struct trm_thinker_rows *rows, float share, struct trm_thinker_work *work);

/* thinker_verify.c: the backtest laid out for products, and the feedback from it and the last answer. */
void trm_thinker_lay_out(const struct trm_thinker_rows *rows, struct trm_thinker_work *work);
void trm_thinker_feed(const struct trm_thinker_rows *rows, struct trm_thinker_work *work);

/* Sum of a[i] b[i] in eight lanes, so that the compiler may vectorise without reordering anything. */
static inline float trm_thinker_dot(size_t n, const float *a, const float *b)
{
    float lane[8] = {0}, sum = 0;
    size_t i = 0;

    for (; i + 8 <= n; i += 8)
        for (size_t l = 0; l < 8; l++)
            lane[l] += a[i + l] * b[i + l];
    for (; i < n; i++)
        sum += a[i] * b[i];
    for (size_t l = 0; l < 8; l++)
        sum += lane[l];
    return sum;
}

#endif
