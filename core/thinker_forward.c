/* The thinker's forward recursion. Knows the order of the layers; refuses to know what an answer means
 * (thinker_decode.c, thinker_verify.c). Surprising: the weights are copied before use, into rows whose
 * length is not a power of two; that costs less than one step of a batch and speeds all of them. */
#include "core/thinker_parts.h"

#include "core/num.h"

#include <assert.h>
#include <string.h>

void trm_thinker_repeat(size_t rows, size_t n, const float *from, float *to, size_t stride)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(to + i * stride, from, n * sizeof *to);
}

static void pack(size_t rows, size_t n, const float *from, float *to, size_t stride)
{
    for (size_t i = 0; i < rows; i++)
        memcpy(to + i * stride, from + i * n, n * sizeof *to);
}

static void pack_weights(const float *weights, struct trm_thinker_work *w)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t N = s->inner;

    pack(s->steps, N, weights + trm_thinker_block_at(s, TRM_THINK_WP), w->wp, w->n_row);
    pack(w->feed_n, N, weights + trm_thinker_block_at(s, TRM_THINK_WF), w->wf, w->n_row);
    pack(s->latent, N, weights + trm_thinker_block_at(s, TRM_THINK_WZ), w->wz, w->n_row);
    pack(N, s->latent, weights + trm_thinker_block_at(s, TRM_THINK_M), w->m, w->l_row);
    pack(s->latent, w->out_n, weights + trm_thinker_block_at(s, TRM_THINK_OUT), w->out, w->o_row);
}

/* X: the windows' share once for each, then the rows'. */
static void embed(const float *weights, const struct trm_thinker_rows *rows, struct trm_thinker_work *w)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t N = s->inner, G = s->globals;

    trm_thinker_repeat(rows->window_n, N, weights + trm_thinker_block_at(s, TRM_THINK_B), w->base, N);
    w->k->sgemm(rows->window_n, N, G, rows->global, G, 1, weights + trm_thinker_block_at(s, TRM_THINK_WG), N,
                w->base, N);
    for (size_t i = 0; i < rows->row_n; i++)
        memcpy(w->x + i * w->n_row, w->base + rows->window[i] * N, N * sizeof *w->x);
    w->k->sgemm(rows->row_n, N, s->steps, rows->step, s->steps, 1, w->wp, w->n_row, w->x, w->n_row);
}

/* Where the state after the step's last recursion lies, and so where a step leaves it. */
static float *end_state(const struct trm_thinker_work *w)
{
    return w->z + w->shape.recursions * w->row_n * w->l_row;
}

void trm_thinker_start(const float *weights, const struct trm_thinker_rows *rows,
                       struct trm_thinker_work *w)
{
    const struct trm_thinker_shape *s = &w->shape;

    assert(rows->row_n <= w->row_max && rows->window_n <= w->window_max);
    for (size_t i = 0; i < rows->row_n; i++)
        assert(rows->window[i] < rows->window_n && (!i || rows->window[i] >= rows->window[i - 1]));
    w->row_n = rows->row_n;
    pack_weights(weights, w);
    embed(weights, rows, w);
    trm_thinker_lay_out(rows, w);
    trm_thinker_repeat(rows->row_n, s->latent, weights + trm_thinker_block_at(s, TRM_THINK_Z0), end_state(w),
                       w->l_row);
    trm_thinker_repeat(rows->row_n, w->out_n, weights + trm_thinker_block_at(s, TRM_THINK_OUT0), w->read,
                       w->o_row);
    memset(w->feed, 0, rows->row_n * w->feed_n * sizeof *w->feed);
    trm_thinker_decode(rows, w);
}

/* z[rows][l_row] becomes z / rms(z); inverse[rows] what it was multiplied by. */
static void normalise(size_t rows, size_t n, size_t stride, float *z, float *inverse)
{
    for (size_t i = 0; i < rows; i++, z += stride) {
        float mean = trm_thinker_dot(n, z, z) / (float)n;
        inverse[i] = 1 / sqrtf(mean + 1e-6f);
        for (size_t j = 0; j < n; j++)
            z[j] *= inverse[i];
    }
}

/* Recursion r: z[r] -> z[r + 1]. */
static void recurse(size_t rows, size_t r, struct trm_thinker_work *w)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t n = rows * w->n_row, kept = w->training ? r * rows * w->n_row : 0;
    float *from = w->z + r * rows * w->l_row, *to = from + rows * w->l_row;

    memcpy(w->pre, w->xf, n * sizeof *w->pre);
    w->k->sgemm(rows, s->inner, s->latent, from, w->l_row, 1, w->wz, w->n_row, w->pre, w->n_row);
    w->k->silu(n, w->pre, w->act + kept, w->slope + kept);
    memcpy(to, from, rows * w->l_row * sizeof *to);
    w->k->sgemm(rows, s->latent, s->inner, w->act + kept, w->n_row, 1, w->m, w->l_row, to, w->l_row);
    normalise(rows, s->latent, w->l_row, to, w->inverse + r * rows);
}

void trm_thinker_think(const float *weights, const struct trm_thinker_rows *rows,
                       struct trm_thinker_work *w)
{
    const struct trm_thinker_shape *s = &w->shape;
    size_t n = rows->row_n;

    trm_thinker_feed(rows, w);
    memcpy(w->z, end_state(w), n * w->l_row * sizeof *w->z);
    memcpy(w->xf, w->x, n * w->n_row * sizeof *w->xf);
    w->k->sgemm(n, s->inner, w->feed_n, w->feed, w->feed_n, 1, w->wf, w->n_row, w->xf, w->n_row);
    for (size_t r = 0; r < s->recursions; r++)
        recurse(n, r, w);
    trm_thinker_repeat(n, w->out_n, weights + trm_thinker_block_at(s, TRM_THINK_OUT0), w->read, w->o_row);
    w->k->sgemm(n, w->o_row, s->latent, end_state(w), w->l_row, 1, w->out, w->o_row, w->read, w->o_row);
    trm_thinker_decode(rows, w);
}

static void show(const struct trm_thinker_work *w, float update, struct trm_thinker_view *ret)
{
    *ret = (struct trm_thinker_view){.quantile = w->quantile, .mix = w->mix, .verify = w->feed,
                                     .halt = w->halt, .update_z = update};
}

/* Rms difference of z over the step. */
static float update_of(size_t rows, const struct trm_thinker_work *w)
{
    const float *after = end_state(w);
    double sum = 0;

    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < w->shape.latent; j++) {
            double d = (double)after[i * w->l_row + j] - (double)w->z[i * w->l_row + j];
            sum += d * d;
        }
    return rows ? (float)sqrt(sum / (double)(rows * w->shape.latent)) : 0;
}

void trm_thinker_begin(const struct trm_thinker_shape *shape, const float *weights,
                       const struct trm_thinker_rows *rows, struct trm_thinker_work *work,
                       struct trm_thinker_view *ret)
{
    assert(!memcmp(shape, &work->shape, sizeof *shape));
    trm_thinker_start(weights, rows, work);
    show(work, 0, ret);
}

void trm_thinker_step(const struct trm_thinker_shape *shape, const float *weights,
                      const struct trm_thinker_rows *rows, struct trm_thinker_work *work,
                      struct trm_thinker_view *ret)
{
    assert(!memcmp(shape, &work->shape, sizeof *shape));
    trm_thinker_think(weights, rows, work);
    show(work, update_of(rows->row_n, work), ret);
}
