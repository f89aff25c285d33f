/* The reference TS-TRM: every loop spelled out, nothing fused, nothing batched. */
#include "core/literal.h"

#include <stdlib.h>
#include <string.h>

struct trm_literal_work {
    struct trm_shape shape;
    double *e;       /* [h] embedding */
    double *in;      /* [S][R][3h] what W1 sees */
    double *pre;     /* [S][R][h] before silu */
    double *act;     /* [S][R][h] after silu */
    double *o;       /* [S][R][h] */
    double *z, *tmp, *d_o, *d_z, *d_in, *d_pre, *d_e, *d_y;
    double *all;
};

size_t trm_literal_block_n(const struct trm_shape *shape, enum trm_literal_block block)
{
    size_t h = shape->hidden, y = trm_state_n(shape);

    switch (block) {
    case TRM_LIT_WE:
        return h * shape->lookback;
    case TRM_LIT_PY:
    case TRM_LIT_F:
        return h * y;
    case TRM_LIT_W1:
        return 3 * h * h;
    case TRM_LIT_PZ:
    case TRM_LIT_W2:
    case TRM_LIT_U:
        return h * h;
    case TRM_LIT_FB:
        return y;
    default:
        return h;
    }
}

enum trm_status trm_literal_new(const struct trm_shape *shape, struct trm_literal **ret)
{
    if (!shape->lookback || !shape->leads || !shape->hidden || !shape->supervision ||
        !shape->recursions)
        return TRM_EINVAL;
    struct trm_literal *net = calloc(1, sizeof *net);
    if (!net)
        return TRM_ENOMEM;
    net->shape = *shape;
    for (int b = 0; b < TRM_LIT_BLOCKS; b++)
        net->parameters += trm_literal_block_n(shape, b);
    net->all = calloc(net->parameters, sizeof *net->all);
    if (!net->all) {
        free(net);
        return TRM_ENOMEM;
    }
    double *at = net->all;
    for (int b = 0; b < TRM_LIT_BLOCKS; b++) {
        net->block[b] = at;
        at += trm_literal_block_n(shape, b);
    }
    *ret = net;
    return TRM_OK;
}

void trm_literal_free(struct trm_literal *net)
{
    if (!net)
        return;
    free(net->all);
    free(net);
}

static void draw(struct trm_literal *net, enum trm_literal_block block, size_t inputs, double gain,
                 struct trm_rng *rng)
{
    double sd = gain / sqrt((double)inputs);
    size_t n = trm_literal_block_n(&net->shape, block);

    for (size_t i = 0; i < n; i++)
        net->block[block][i] = sd * trm_rng_normal(rng);
}

void trm_literal_init(struct trm_literal *net, struct trm_rng *rng)
{
    const struct trm_shape *shape = &net->shape;
    size_t h = shape->hidden;

    memset(net->all, 0, net->parameters * sizeof *net->all);
    draw(net, TRM_LIT_WE, shape->lookback, 1, rng);
    draw(net, TRM_LIT_PY, trm_state_n(shape), 1, rng);
    draw(net, TRM_LIT_PZ, h, 1, rng);
    draw(net, TRM_LIT_W1, h, 1, rng);
    draw(net, TRM_LIT_W2, h, 1, rng);
    draw(net, TRM_LIT_U, h, 0.3, rng);
}

enum trm_status trm_literal_work_new(const struct trm_shape *shape, struct trm_literal_work **ret)
{
    size_t h = shape->hidden, y = trm_state_n(shape);
    size_t steps = shape->supervision * shape->recursions;
    struct trm_literal_work *w = calloc(1, sizeof *w);

    if (!w)
        return TRM_ENOMEM;
    w->shape = *shape;
    w->all = calloc(steps * 6 * h + 10 * h + y, sizeof *w->all);
    if (!w->all) {
        free(w);
        return TRM_ENOMEM;
    }
    double *at = w->all;
    w->in = at, at += steps * 3 * h;
    w->pre = at, at += steps * h;
    w->act = at, at += steps * h;
    w->o = at, at += steps * h;
    w->e = at, at += h;
    w->z = at, at += h;
    w->tmp = at, at += h;
    w->d_o = at, at += h;
    w->d_z = at, at += h;
    w->d_in = at, at += 3 * h;
    w->d_pre = at, at += h;
    w->d_e = at, at += h;
    w->d_y = at;
    *ret = w;
    return TRM_OK;
}

void trm_literal_work_free(struct trm_literal_work *work)
{
    if (!work)
        return;
    free(work->all);
    free(work);
}

/* out = W in + b (b may be NULL), W[rows][cols]. */
static void affine(size_t rows, size_t cols, const double *w, const double *b, const double *in,
                   double *out)
{
    for (size_t i = 0; i < rows; i++) {
        double sum = b ? b[i] : 0;
        for (size_t j = 0; j < cols; j++)
            sum += w[i * cols + j] * in[j];
        out[i] = sum;
    }
}

/* Adds the gradients of the above: dw += d_out in', db += d_out, d_in += W' d_out; each may be NULL. */
static void affine_back(size_t rows, size_t cols, const double *w, const double *in,
                        const double *d_out, double *dw, double *db, double *d_in)
{
    for (size_t i = 0; i < rows; i++) {
        if (db)
            db[i] += d_out[i];
        for (size_t j = 0; j < cols; j++) {
            if (dw)
                dw[i * cols + j] += d_out[i] * in[j];
            if (d_in)
                d_in[j] += w[i * cols + j] * d_out[i];
        }
    }
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* One recursion: fills in, pre, act and o of step k. */
static void reflect(const struct trm_literal *net, struct trm_literal_work *w, size_t k,
                    const double *y)
{
    size_t h = net->shape.hidden;
    double *in = w->in + k * 3 * h, *pre = w->pre + k * h, *act = w->act + k * h;

    memcpy(in, w->e, h * sizeof *in);
    affine(h, trm_state_n(&net->shape), net->block[TRM_LIT_PY], NULL, y, in + h);
    affine(h, h, net->block[TRM_LIT_PZ], NULL, w->z, in + 2 * h);
    affine(h, 3 * h, net->block[TRM_LIT_W1], net->block[TRM_LIT_B1], in, pre);
    for (size_t i = 0; i < h; i++)
        act[i] = pre[i] * sigmoid(pre[i]);
    affine(h, h, net->block[TRM_LIT_W2], NULL, act, w->o + k * h);
}

void trm_literal_forward(const struct trm_literal *net, struct trm_literal_work *w, const double *x,
                         const double *y0, const double *z_start, double *ret_z_start, double *ret_y)
{
    const struct trm_shape *shape = &net->shape;
    size_t h = shape->hidden, y_n = trm_state_n(shape), k = 0;
    const double *y = y0;

    affine(h, shape->lookback, net->block[TRM_LIT_WE], net->block[TRM_LIT_BE], x, w->e);
    memset(w->z, 0, h * sizeof *w->z);
    for (size_t s = 0; s < shape->supervision; s++) {
        if (z_start)
            memcpy(w->z, z_start + s * h, h * sizeof *w->z);
        if (ret_z_start)
            memcpy(ret_z_start + s * h, w->z, h * sizeof *w->z);
        for (size_t r = 0; r < shape->recursions; r++, k++) {
            reflect(net, w, k, y);
            affine(h, h, net->block[TRM_LIT_U], net->block[TRM_LIT_UB], w->o + k * h, w->tmp);
            for (size_t i = 0; i < h; i++)
                w->z[i] += w->tmp[i];
        }
        double *next = ret_y + s * y_n;
        affine(y_n, h, net->block[TRM_LIT_F], net->block[TRM_LIT_FB], w->o + (k - 1) * h, next);
        for (size_t i = 0; i < y_n; i++)
            next[i] += y[i];
        y = next;
    }
}

/* Back through recursion k: takes d_o (gradient at o), adds to d_z (at z before it), d_y and d_e. */
static void reflect_back(const struct trm_literal *net, struct trm_literal_work *w, size_t k,
                         const double *y, const double *z, struct trm_literal *grad)
{
    size_t h = net->shape.hidden, y_n = trm_state_n(&net->shape);
    const double *in = w->in + k * 3 * h, *pre = w->pre + k * h;

    memset(w->d_pre, 0, h * sizeof *w->d_pre);
    affine_back(h, h, net->block[TRM_LIT_W2], w->act + k * h, w->d_o, grad->block[TRM_LIT_W2], NULL,
                w->d_pre);
    for (size_t i = 0; i < h; i++) {
        double s = sigmoid(pre[i]);
        w->d_pre[i] *= s * (1 + pre[i] * (1 - s));
    }
    memset(w->d_in, 0, 3 * h * sizeof *w->d_in);
    affine_back(h, 3 * h, net->block[TRM_LIT_W1], in, w->d_pre, grad->block[TRM_LIT_W1],
                grad->block[TRM_LIT_B1], w->d_in);
    for (size_t i = 0; i < h; i++)
        w->d_e[i] += w->d_in[i];
    affine_back(h, y_n, net->block[TRM_LIT_PY], y, w->d_in + h, grad->block[TRM_LIT_PY], NULL, w->d_y);
    affine_back(h, h, net->block[TRM_LIT_PZ], z, w->d_in + 2 * h, grad->block[TRM_LIT_PZ], NULL,
                w->d_z);
}

/* z before recursion k: the step's start plus the updates of the recursions before k, summed again so
 * that nothing but the o's need be kept. */
static void z_before(const struct trm_literal *net, struct trm_literal_work *w, size_t first, size_t k,
                     const double *start, double *ret)
{
    size_t h = net->shape.hidden;

    memcpy(ret, start, h * sizeof *ret);
    for (size_t j = first; j < k; j++) {
        affine(h, h, net->block[TRM_LIT_U], net->block[TRM_LIT_UB], w->o + j * h, w->tmp);
        for (size_t i = 0; i < h; i++)
            ret[i] += w->tmp[i];
    }
}

/* One supervision step, from its last recursion to its first. w->d_y holds d(loss)/d(y after it) and
 * leaves as d(loss)/d(y before it). */
static void step_back(const struct trm_literal *net, struct trm_literal_work *w, size_t s,
                      const double *y_before, const double *z_start, struct trm_literal *grad)
{
    const struct trm_shape *shape = &net->shape;
    size_t h = shape->hidden, y_n = trm_state_n(shape), R = shape->recursions, first = s * R;

    memset(w->d_z, 0, h * sizeof *w->d_z);
    for (size_t r = R; r-- > 0;) {
        size_t k = first + r;
        memset(w->d_o, 0, h * sizeof *w->d_o);
        if (r == R - 1) /* o reaches the loss through y; its z update is detached */
            affine_back(y_n, h, net->block[TRM_LIT_F], w->o + k * h, w->d_y, grad->block[TRM_LIT_F],
                        grad->block[TRM_LIT_FB], w->d_o);
        else
            affine_back(h, h, net->block[TRM_LIT_U], w->o + k * h, w->d_z, grad->block[TRM_LIT_U],
                        grad->block[TRM_LIT_UB], w->d_o);
        z_before(net, w, first, k, z_start, w->z);
        reflect_back(net, w, k, y_before, w->z, grad);
    }
}

void trm_literal_backward(const struct trm_literal *net, struct trm_literal_work *w, const double *x,
                          const double *y0, const double *y, const double *z_start, const double *dy,
                          struct trm_literal *grad)
{
    const struct trm_shape *shape = &net->shape;
    size_t h = shape->hidden, y_n = trm_state_n(shape);

    memset(w->d_e, 0, h * sizeof *w->d_e);
    memset(w->d_y, 0, y_n * sizeof *w->d_y);
    for (size_t s = shape->supervision; s-- > 0;) {
        for (size_t i = 0; i < y_n; i++)
            w->d_y[i] += dy[s * y_n + i];
        step_back(net, w, s, s ? y + (s - 1) * y_n : y0, z_start + s * h, grad);
    }
    affine_back(h, shape->lookback, net->block[TRM_LIT_WE], x, w->d_e, grad->block[TRM_LIT_WE],
                grad->block[TRM_LIT_BE], NULL);
}
