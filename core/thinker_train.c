/* The loss of all supervision steps and its gradient. Knows the chain rule of one step; refuses to know
 * optimisers. Surprising: there is no backward pass after a forward pass. A step's start is detached from
 * the step before, so each step goes back as soon as it has been judged, in the memory of one step. */
#include "core/thinker_parts.h"

#include "core/num.h"

#include <assert.h>
#include <string.h>

/* to[n][stride] = from[rows][n of from_stride] transposed. */
static void turn(size_t rows, size_t n, const float *from, size_t from_stride, float *to, size_t stride)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            to[j * stride + i] = from[i * from_stride + j];
}

static void prepare(const struct trm_thinker_rows *rows, struct trm_thinker_work *w)
{
    const struct trm_thinker_shape *s = &w->shape;

    turn(s->inner, s->latent, w->m, w->l_row, w->mt, w->n_row);
    turn(s->latent, s->inner, w->wz, w->n_row, w->wzt, w->l_row);
    turn(s->latent, w->out_n, w->out, w->o_row, w->outt, w->l_row);
    memset(w->d_x, 0, rows->row_n * w->n_row * sizeof *w->d_x);
    memset(w->d_base, 0, rows->window_n * s->inner * sizeof *w->d_base);
    memset(w->d_out, 0, s->latent * w->o_row * sizeof *w->d_out);
}

static float *block(const struct trm_thinker_work *w, float *grad, enum trm_thinker_block which)
{
    return grad + trm_thinker_block_at(&w->shape, which);
}

static void add_rows(size_t rows, size_t n, const float *from, size_t stride, float *sum)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < n; j++)
            sum[j] += from[i * stride + j];
}

/* Through the rms: d_z at its result z -> d_v before it. */
static void normalise_back(size_t rows, size_t n, size_t stride, const float *z, const float *inverse,
                           const float *d_z, float *d_v)
{
    for (size_t i = 0; i < rows; i++, z += stride, d_z += stride, d_v += stride) {
        float along = trm_thinker_dot(n, z, d_z) / (float)n;
        for (size_t j = 0; j < n; j++)
            d_v[j] = inverse[i] * (d_z[j] - z[j] * along);
    }
}

/* Recursion r: d_z at z[r + 1] -> d_v[r], d_pre[r], and d_z at z[r] where something waits for it. */
static void recursion_back(size_t rows, size_t r, bool further, struct trm_thinker_work *w)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t n = rows * w->n_row;
    float *d_v = w->d_v + r * rows * w->l_row, *d_pre = w->d_pre + r * n;
    const float *slope = w->slope + r * n;

    normalise_back(rows, s->latent, w->l_row, w->z + (r + 1) * rows * w->l_row, w->inverse + r * rows,
                   w->d_z, d_v);
    memset(d_pre, 0, n * sizeof *d_pre);
    w->k->sgemm(rows, s->inner, s->latent, d_v, w->l_row, 1, w->mt, w->n_row, d_pre, w->n_row);
    for (size_t i = 0; i < n; i++)
        d_pre[i] *= slope[i];
    if (!further)
        return;
    memcpy(w->d_z, d_v, rows * w->l_row * sizeof *w->d_z);
    w->k->sgemm(rows, s->latent, s->inner, d_pre, w->n_row, 1, w->wzt, w->l_row, w->d_z, w->l_row);
}

/* From the read-out's gradient through the step that left it. */
static void step_back(const struct trm_thinker_rows *rows, bool first, struct trm_thinker_work *w,
                      float *grad)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t n = rows->row_n, R = s->recursions, N = s->inner, L = s->latent;

    w->k->sgemm(L, w->o_row, n, w->z + R * n * w->l_row, 1, w->l_row, w->d_read, w->o_row, w->d_out,
                w->o_row);
    add_rows(n, w->out_n, w->d_read, w->o_row, block(w, grad, TRM_THINK_OUT0));
    memset(w->d_z, 0, n * w->l_row * sizeof *w->d_z);
    w->k->sgemm(n, L, w->out_n - 1, w->d_read, w->o_row, 1, w->outt, w->l_row, w->d_z, w->l_row);
    for (size_t r = R; r-- > 0;)
        recursion_back(n, r, r || first, w);
    if (first)
        add_rows(n, L, w->d_z, w->l_row, block(w, grad, TRM_THINK_Z0));
    /* the recursions of a step lie behind each other: one product for each of their weights */
    w->k->sgemm(N, L, R * n, w->act, 1, w->n_row, w->d_v, w->l_row, block(w, grad, TRM_THINK_M), L);
    w->k->sgemm(L, N, R * n, w->z, 1, w->l_row, w->d_pre, w->n_row, block(w, grad, TRM_THINK_WZ), N);
    for (size_t r = 1; r < R; r++)
        for (size_t i = 0; i < n * w->n_row; i++)
            w->d_pre[i] += w->d_pre[r * n * w->n_row + i];
    w->k->sgemm(w->feed_n, N, n, w->feed, 1, w->feed_n, w->d_pre, w->n_row, block(w, grad, TRM_THINK_WF), N);
    for (size_t i = 0; i < n * w->n_row; i++)
        w->d_x[i] += w->d_pre[i];
}

/* The halt logit of the step before, whose state is where this step began: did this step help? */
static void halt_back(const struct trm_thinker_rows *rows, float share, struct trm_thinker_work *w,
                      float *grad)
{
    size_t at = w->out_n - 1;

    for (size_t i = 0; i < rows->row_n; i++) {
        const float *z = w->z + i * w->l_row;
        float helped = w->loss[i] < w->loss_before[i] ? 1 : 0;
        float d = share * rows->weight[i] * TRM_HALT_WEIGHT * (1 / (1 + expf(-w->halt_before[i])) - helped);
        for (size_t j = 0; j < w->shape.latent; j++)
            w->d_out[j * w->o_row + at] += d * z[j];
        block(w, grad, TRM_THINK_OUT0)[at] += d;
    }
}

/* From the gradient at X, summed over the steps, to what made it. */
static void embed_back(const struct trm_thinker_rows *rows, struct trm_thinker_work *w, float *grad)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t n = rows->row_n, N = s->inner, G = s->globals, P = s->steps;
    float *to = block(w, grad, TRM_THINK_OUT);

    for (size_t i = 0; i < n; i++)
        add_rows(1, N, w->d_x + i * w->n_row, 0, w->d_base + rows->window[i] * N);
    w->k->sgemm(P, N, n, rows->step, 1, P, w->d_x, w->n_row, block(w, grad, TRM_THINK_WP), N);
    w->k->sgemm(G, N, rows->window_n, rows->global, 1, G, w->d_base, N, block(w, grad, TRM_THINK_WG), N);
    add_rows(rows->window_n, N, w->d_base, N, block(w, grad, TRM_THINK_B));
    for (size_t j = 0; j < s->latent; j++)
        add_rows(1, w->out_n, w->d_out + j * w->o_row, 0, to + j * w->out_n);
}

static double mean_loss(const struct trm_thinker_rows *rows, const struct trm_thinker_work *w)
{
    double sum = 0;

    for (size_t i = 0; i < rows->row_n; i++)
        sum += (double)rows->weight[i] * w->loss[i];
    return rows->row_n ? sum / (double)rows->row_n : 0;
}

static void remember(const struct trm_thinker_rows *rows, struct trm_thinker_work *w)
{
    memcpy(w->loss_before, w->loss, rows->row_n * sizeof *w->loss);
    memcpy(w->halt_before, w->halt, rows->row_n * sizeof *w->halt);
}

enum trm_status trm_thinker_train(const struct trm_thinker_shape *shape, const float *weights,
                                  const struct trm_thinker_rows *rows, struct trm_thinker_work *w,
                                  float *grad, double *ret_loss)
{
    size_t S = shape->supervision;
    float share = rows->row_n ? 1 / (float)(rows->row_n * S) : 0;

    assert(w->training && !memcmp(shape, &w->shape, sizeof *shape));
    trm_thinker_start(weights, rows, w);
    if (grad)
        prepare(rows, w);
    for (size_t s = 0; s < S; s++) {
        trm_thinker_think(weights, rows, w);
        trm_thinker_judge(rows, share, w);
        ret_loss[s] = mean_loss(rows, w);
        if (!isfinite(ret_loss[s]))
            return TRM_EDIVERGED;
        if (grad) {
            step_back(rows, !s, w, grad);
            if (s)
                halt_back(rows, share, w, grad);
        }
        remember(rows, w);
    }
    if (grad)
        embed_back(rows, w, grad);
    return TRM_OK;
}
