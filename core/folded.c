/* Forward and backward of the folded TS-TRM over batches. */
#include "core/folded.h"

#include <stdlib.h>
#include <string.h>

struct trm_folded_work {
    struct trm_shape shape;
    size_t batch_max;
    const struct trm_kernels *k;
    float *a, *v, *w;   /* [B][h] embedding, embedding plus answer, folded latent state */
    float *pre;         /* [B][h] input of silu */
    float *act;         /* [S][R][B][h] silu */
    float *slope;       /* [S][R][B][h] its derivative */
    float *d_w;         /* [R][B][h] gradient at w after each recursion */
    float *d_g, *d_v, *d_a;      /* [B][h] */
    float *turned;      /* a transposed weight matrix */
    float *all;
};

size_t trm_folded_block_n(const struct trm_shape *shape, enum trm_folded_block block)
{
    size_t h = shape->hidden, y = trm_state_n(shape);

    switch (block) {
    case TRM_FOLD_A:
        return shape->lookback * h;
    case TRM_FOLD_P:
    case TRM_FOLD_F:
        return y * h;
    case TRM_FOLD_M:
        return h * h;
    case TRM_FOLD_FB:
        return y;
    default:
        return h;
    }
}

size_t trm_folded_parameters(const struct trm_shape *shape)
{
    size_t n = 0;

    for (int b = 0; b < TRM_FOLD_BLOCKS; b++)
        n += trm_folded_block_n(shape, b);
    return n;
}

void trm_folded_view(const struct trm_shape *shape, float *all, struct trm_folded *ret)
{
    ret->shape = *shape;
    for (int b = 0; b < TRM_FOLD_BLOCKS; b++) {
        ret->block[b] = all;
        all += trm_folded_block_n(shape, b);
    }
}

/* Floats that the work of a batch needs. */
static size_t work_floats(const struct trm_shape *shape, size_t batch_max)
{
    size_t row = batch_max * shape->hidden;
    size_t steps = shape->supervision * shape->recursions;
    size_t widest = trm_max_size(shape->hidden, trm_state_n(shape));

    return row * (7 + 2 * steps + shape->recursions) + widest * shape->hidden;
}

enum trm_status trm_folded_work_new(const struct trm_shape *shape, size_t batch_max,
                                    struct trm_folded_work **ret)
{
    size_t row = batch_max * shape->hidden;
    size_t steps = shape->supervision * shape->recursions;
    struct trm_folded_work *w = calloc(1, sizeof *w);

    if (!w)
        return TRM_ENOMEM;
    w->shape = *shape;
    w->batch_max = batch_max;
    w->k = trm_kernels();
    w->all = calloc(work_floats(shape, batch_max), sizeof *w->all);
    if (!w->all) {
        free(w);
        return TRM_ENOMEM;
    }
    float *at = w->all;
    w->a = at, at += row;
    w->v = at, at += row;
    w->w = at, at += row;
    w->pre = at, at += row;
    w->d_g = at, at += row;
    w->d_v = at, at += row;
    w->d_a = at, at += row;
    w->act = at, at += steps * row;
    w->slope = at, at += steps * row;
    w->d_w = at, at += shape->recursions * row;
    w->turned = at;
    *ret = w;
    return TRM_OK;
}

void trm_folded_work_free(struct trm_folded_work *work)
{
    if (!work)
        return;
    free(work->all);
    free(work);
}

/* Every row of to[rows][n] becomes (or, with add, gains) the vector from[n]. */
static void spread_rows(size_t rows, size_t n, const float *from, float *to, bool add)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            to[i * n + j] = add ? to[i * n + j] + from[j] : from[j];
}

/* sum[n] += the rows of from[rows][n]. */
static void sum_rows(size_t rows, size_t n, const float *from, float *sum)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            sum[j] += from[i * n + j];
}

static void add_into(size_t n, const float *from, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

static void multiply_into(size_t n, const float *by, float *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] *= by[i];
}

/* to[cols][rows] = from[rows][cols] transposed. */
static void turn(size_t rows, size_t cols, const float *from, float *to)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            to[j * rows + i] = from[i * cols + j];
}

/* y[batch][out] += x[batch][in] * wt[in][out]. */
static void through(const struct trm_folded_work *w, size_t batch, size_t in, size_t out,
                    const float *x, const float *wt, float *y)
{
    w->k->sgemm(batch, out, in, x, in, 1, wt, out, y, out);
}

/* dwt[in][out] += x' dy over the batch. */
static void outer(const struct trm_folded_work *w, size_t batch, size_t in, size_t out, const float *x,
                  const float *dy, float *dwt)
{
    w->k->sgemm(in, out, batch, x, 1, in, dy, out, dwt, out);
}

/* dx[batch][in] += dy[batch][out] * W, with wt[in][out] = W'. */
static void back_through(const struct trm_folded_work *w, size_t batch, size_t in, size_t out,
                         const float *dy, const float *wt, float *dx)
{
    turn(in, out, wt, w->turned);
    w->k->sgemm(batch, in, out, dy, out, 1, w->turned, in, dx, in);
}

static void embed(const struct trm_folded *net, struct trm_folded_work *w, size_t batch, const float *x)
{
    size_t h = w->shape.hidden;

    spread_rows(batch, h, net->block[TRM_FOLD_A0], w->a, false);
    through(w, batch, w->shape.lookback, h, x, net->block[TRM_FOLD_A], w->a);
    memset(w->w, 0, batch * h * sizeof *w->w);
}

/* Supervision step s: y_before[batch][Y] → y_after (may be the same memory). */
static void think(const struct trm_folded *net, struct trm_folded_work *w, size_t batch, size_t s,
                  const float *y_before, float *y_after)
{
    size_t h = w->shape.hidden, y_n = trm_state_n(&w->shape), row = batch * h;
    size_t R = w->shape.recursions;
    float *g = NULL;

    memcpy(w->v, w->a, row * sizeof *w->v);
    through(w, batch, y_n, h, y_before, net->block[TRM_FOLD_P], w->v);
    for (size_t r = 0; r < R; r++) {
        size_t k = s * R + r;
        for (size_t i = 0; i < row; i++)
            w->pre[i] = w->v[i] + w->w[i];
        g = w->act + k * row;
        w->k->silu(row, w->pre, g, w->slope + k * row);
        through(w, batch, h, h, g, net->block[TRM_FOLD_M], w->w);
        spread_rows(batch, h, net->block[TRM_FOLD_C], w->w, true);
    }
    if (y_after != y_before)
        memcpy(y_after, y_before, batch * y_n * sizeof *y_after);
    through(w, batch, h, y_n, g, net->block[TRM_FOLD_F], y_after);
    spread_rows(batch, y_n, net->block[TRM_FOLD_FB], y_after, true);
}

void trm_folded_forward(const struct trm_folded *net, struct trm_folded_work *w, size_t batch,
                        const float *x, const float *y0, float *ret_y)
{
    size_t y_n = trm_state_n(&w->shape);

    embed(net, w, batch, x);
    for (size_t s = 0; s < w->shape.supervision; s++) {
        think(net, w, batch, s, y0, ret_y + s * batch * y_n);
        y0 = ret_y + s * batch * y_n;
    }
}

void trm_folded_begin(const struct trm_folded *net, struct trm_folded_work *w, const float *x)
{
    embed(net, w, 1, x);
}

double trm_folded_step(const struct trm_folded *net, struct trm_folded_work *w, float *y)
{
    size_t h = w->shape.hidden;
    double sum = 0;

    memcpy(w->d_g, w->w, h * sizeof *w->d_g);
    think(net, w, 1, 0, y, y);
    for (size_t i = 0; i < h; i++) {
        double d = (double)w->w[i] - (double)w->d_g[i];
        sum += d * d;
    }
    return sqrt(sum / (double)h);
}

/* Back through the recursions of step s. On entry d_g is the gradient at the last recursion's g. Leaves
 * the gradient at v in d_v. w is detached at the start of the step, and after its last recursion. */
static void recursions_back(const struct trm_folded *net, struct trm_folded_work *w, size_t batch,
                            size_t s, struct trm_folded *grad)
{
    size_t h = w->shape.hidden, row = batch * h, R = w->shape.recursions;
    const float *act = w->act + s * R * row, *slope = w->slope + s * R * row;

    multiply_into(row, slope + (R - 1) * row, w->d_g);
    memcpy(w->d_v, w->d_g, row * sizeof *w->d_v);
    for (size_t r = R - 1; r-- > 0;) {
        float *d_w = w->d_w + r * row; /* at w after recursion r: all later inputs of silu */
        memcpy(d_w, r + 2 < R ? d_w + row : w->d_g, row * sizeof *d_w);
        if (r + 2 < R)
            add_into(row, w->d_g, d_w);
        memset(w->d_g, 0, row * sizeof *w->d_g);
        back_through(w, batch, h, h, d_w, net->block[TRM_FOLD_M], w->d_g);
        multiply_into(row, slope + r * row, w->d_g);
        add_into(row, w->d_g, w->d_v);
    }
    if (R > 1) { /* the recursions of a step stacked: one product for M */
        outer(w, (R - 1) * batch, h, h, act, w->d_w, grad->block[TRM_FOLD_M]);
        sum_rows((R - 1) * batch, h, w->d_w, grad->block[TRM_FOLD_C]);
    }
}

void trm_folded_backward(const struct trm_folded *net, struct trm_folded_work *w, size_t batch,
                         const float *x, const float *y0, const float *y, float *dy,
                         struct trm_folded *grad)
{
    size_t h = w->shape.hidden, y_n = trm_state_n(&w->shape), row = batch * h, cell = batch * y_n;
    size_t R = w->shape.recursions;

    memset(w->d_a, 0, row * sizeof *w->d_a);
    for (size_t s = w->shape.supervision; s-- > 0;) {
        const float *y_before = s ? y + (s - 1) * cell : y0;
        float *d_after = dy + s * cell;
        outer(w, batch, h, y_n, w->act + (s * R + R - 1) * row, d_after, grad->block[TRM_FOLD_F]);
        sum_rows(batch, y_n, d_after, grad->block[TRM_FOLD_FB]);
        memset(w->d_g, 0, row * sizeof *w->d_g);
        back_through(w, batch, h, y_n, d_after, net->block[TRM_FOLD_F], w->d_g);
        recursions_back(net, w, batch, s, grad);
        add_into(row, w->d_v, w->d_a);
        outer(w, batch, y_n, h, y_before, w->d_v, grad->block[TRM_FOLD_P]);
        if (s) {
            add_into(cell, d_after, dy + (s - 1) * cell);
            back_through(w, batch, y_n, h, w->d_v, net->block[TRM_FOLD_P], dy + (s - 1) * cell);
        }
    }
    outer(w, batch, w->shape.lookback, h, x, w->d_a, grad->block[TRM_FOLD_A]);
    sum_rows(batch, h, w->d_a, grad->block[TRM_FOLD_A0]);
}
