/* What the last answer would have done on the window's backtest, as inputs of the next step. Knows errors
 * of drafts at points and how near each point is to a lead; refuses to know how a step uses it. Surprising:
 * all rows of a window look at the same errors, so that both sums over points and drafts are small matrix
 * products per window, one of them over a transposed copy. */
#include "core/thinker_parts.h"

#include "core/num.h"

#include <string.h>

void trm_thinker_omega(size_t points, size_t point_n, float lead_log, const float *log_lead, float *ret)
{
    for (size_t j = 0; j < point_n; j++)
        ret[j] = -fabsf(lead_log - log_lead[j]);
    if (point_n)
        trm_kernels()->softmax(1, point_n, ret, point_n, ret, point_n);
    memset(ret + point_n, 0, (points - point_n) * sizeof *ret);
}

/* from[T][K] -> error[T][k_pad] and errort[K][t_pad]; what pads stays 0. */
static void lay_out_window(const float *from, const struct trm_thinker_work *w, float *error, float *errort)
{
    size_t T = w->shape.points, K = w->shape.drafts;

    for (size_t j = 0; j < T; j++)
        memcpy(error + j * w->k_pad, from + j * K, K * sizeof *error);
    for (size_t k = 0; k < K; k++)
        for (size_t j = 0; j < T; j++)
            errort[k * w->t_pad + j] = from[j * K + k];
}

void trm_thinker_lay_out(const struct trm_thinker_rows *rows, struct trm_thinker_work *w)
{
    size_t T = w->shape.points, K = w->shape.drafts;

    for (size_t v = 0; v < rows->window_n; v++)
        lay_out_window(rows->error + v * T * K, w, w->error + v * T * w->k_pad,
                       w->errort + v * K * w->t_pad);
    for (size_t i = 0; i < rows->row_n; i++)
        memcpy(w->omega + i * w->t_pad, rows->omega + i * T, T * sizeof *w->omega);
    w->k->softmax(rows->row_n, K, rows->logit, K, w->prior, K);
}

/* Rows first .. the returned end belong to one window. */
static size_t window_end(const struct trm_thinker_rows *rows, size_t first)
{
    size_t end = first + 1;

    while (end < rows->row_n && rows->window[end] == rows->window[first])
        end++;
    return end;
}

/* point[row][j] = sum_k w_k D_jk. */
static void errors_of_mix(const struct trm_thinker_rows *rows, struct trm_thinker_work *w)
{
    size_t K = w->shape.drafts, end;

    memset(w->point, 0, rows->row_n * w->t_pad * sizeof *w->point);
    for (size_t i = 0; i < rows->row_n; i = end) {
        end = window_end(rows, i);
        w->k->sgemm(end - i, w->t_pad, K, w->mix + i * K, K, 1, w->errort + rows->window[i] * K * w->t_pad,
                    w->t_pad, w->point + i * w->t_pad, w->t_pad);
    }
}

/* blame[row][k] = sum_j sig_j D_jk. */
static void blame_drafts(const struct trm_thinker_rows *rows, struct trm_thinker_work *w)
{
    size_t T = w->shape.points, end;

    memset(w->blame, 0, rows->row_n * w->k_pad * sizeof *w->blame);
    for (size_t i = 0; i < rows->row_n; i = end) {
        end = window_end(rows, i);
        w->k->sgemm(end - i, w->k_pad, T, w->signal + i * w->t_pad, w->t_pad, 1,
                    w->error + rows->window[i] * T * w->k_pad, w->k_pad, w->blame + i * w->k_pad, w->k_pad);
    }
}

static float sum_lanes(const float *lane)
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* The five scalars from t_pad errors and their weights, eight lanes at a time. */
static void summarise(size_t t_pad, const float *restrict point, const float *restrict omega, float shift,
                      float half, float *ret)
{
    float size[8] = {0}, bias[8] = {0}, over[8] = {0}, inside[8] = {0}, most[8] = {0}, top = 0;

    for (size_t j = 0; j < t_pad; j += 8)
        for (size_t l = 0; l < 8; l++) {
            float o = omega[j + l], e = point[j + l] + shift, far = fabsf(e);
            float counted = o > 0 ? far : 0;
            size[l] += o * far;
            bias[l] += o * e;
            over[l] += e > 0 ? o : 0;
            inside[l] += far <= half ? o : 0;
            most[l] = counted > most[l] ? counted : most[l];
        }
    for (size_t l = 0; l < 8; l++)
        top = most[l] > top ? most[l] : top;
    ret[0] = logf(sum_lanes(size) + .05f);
    ret[1] = sum_lanes(bias); /* its logarithm is taken with the quantiles' */
    ret[2] = sum_lanes(over) - .5f;
    ret[3] = logf(top + .05f);
    ret[4] = sum_lanes(inside) - .8f;
}

static void feed_row(const struct trm_thinker_rows *rows, size_t i, struct trm_thinker_work *w)
{
    size_t K = w->shape.drafts;
    const float *q = w->quantile + i * TRM_KNOTS, *mix = w->mix + i * K, *prior = w->prior + i * K;
    const float *blame = w->blame + i * w->k_pad, *point = w->point + i * w->t_pad;
    float *f = w->feed + i * w->feed_n, s = rows->spread[i], squash[TRM_KNOT_ROW] = {0};
    float common = trm_thinker_dot(w->t_pad, w->signal + i * w->t_pad, point);
    float *scalar = f + TRM_KNOTS + 2 * K;

    for (size_t k = 0; k < K; k++) {
        f[TRM_KNOTS + k] = mix[k] - prior[k];
        f[TRM_KNOTS + K + k] = blame[k] - common;
    }
    summarise(w->t_pad, point, w->omega + i * w->t_pad, s * w->shift[i], .5f * (q[9] - q[1]), scalar);
    for (int j = 0; j < TRM_KNOTS; j++)
        squash[j] = q[j] / s;
    squash[TRM_KNOTS] = scalar[1];
    w->k->signed_log(TRM_KNOT_ROW, squash, squash);
    memcpy(f, squash, TRM_KNOTS * sizeof *f);
    scalar[1] = squash[TRM_KNOTS];
}

void trm_thinker_feed(const struct trm_thinker_rows *rows, struct trm_thinker_work *w)
{
    size_t n = rows->row_n * w->t_pad;

    errors_of_mix(rows, w);
    for (size_t i = 0; i < rows->row_n; i++) {
        float shift = rows->spread[i] * w->shift[i];
        for (size_t j = i * w->t_pad; j < (i + 1) * w->t_pad; j++)
            w->signal[j] = 2 * (w->point[j] + shift);
    }
    w->k->tanh(n, w->signal, w->signal);
    for (size_t j = 0; j < n; j++)
        w->signal[j] *= w->omega[j];
    blame_drafts(rows, w);
    for (size_t i = 0; i < rows->row_n; i++)
        feed_row(rows, i, w);
}
