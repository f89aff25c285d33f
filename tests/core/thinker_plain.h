/* The thinker's specification in plain loops over doubles, one row at a time: the reference for answers,
 * feedback, losses and, by finite differences, gradients. Knows no memory layout tricks. Surprising: what
 * the specification detaches (state at a step's start, feedback, the halt logit's state and target) is
 * recorded by one pass and held fixed by the next ones. */
#ifndef TESTS_CORE_THINKER_PLAIN_H
#define TESTS_CORE_THINKER_PLAIN_H

#include "check.h"

#include "core/thinker.h"

#define PLAIN_MAX 320
#define PLAIN_STEPS 8

struct plain_step {
    double start[PLAIN_MAX], feed[PLAIN_MAX], end[PLAIN_MAX]; /* held */
    double mix[PLAIN_MAX], q[TRM_KNOTS], r[TRM_KNOTS], halt, loss;
};

struct plain {
    const struct trm_thinker_shape *shape;
    const struct trm_thinker_rows *rows;
    double *w;                               /* [parameters] */
    struct plain_step at[PLAIN_STEPS + 1];   /* [0] before the first step */
    double helped[PLAIN_STEPS + 1];          /* held */
};

static inline double *plain_block(const struct plain *p, enum trm_thinker_block b)
{
    return p->w + trm_thinker_block_at(p->shape, b);
}

static inline void plain_softmax(size_t n, const double *a, double *w)
{
    double top = a[0], sum = 0;

    for (size_t k = 1; k < n; k++)
        top = fmax(top, a[k]);
    for (size_t k = 0; k < n; k++)
        sum += w[k] = exp(a[k] - top);
    for (size_t k = 0; k < n; k++)
        w[k] /= sum;
}

/* z NULL: before the first step. */
static inline void plain_decode(const struct plain *p, size_t i, const double *z, struct plain_step *to)
{
    size_t K = p->shape->drafts, B = p->shape->fans, C = K + TRM_KNOTS + B + 1;
    double read[PLAIN_MAX], gap[TRM_KNOTS], s = (double)p->rows->spread[i], centre = 0;

    for (size_t c = 0; c < C; c++) {
        read[c] = plain_block(p, TRM_THINK_OUT0)[c] + (c < K ? (double)p->rows->logit[i * K + c] : 0);
        for (size_t j = 0; z && j < p->shape->latent; j++)
            read[c] += plain_block(p, TRM_THINK_OUT)[j * C + c] * z[j];
    }
    plain_softmax(K, read, to->mix);
    for (size_t k = 0; k < K; k++)
        centre += to->mix[k] * (double)p->rows->draft[i * K + k];
    memcpy(to->r, read + K, sizeof to->r);
    for (size_t k = 0; k < TRM_KNOTS; k++) {
        gap[k] = s * log1p(exp(to->r[k]));
        for (size_t b = 0; b < B; b++)
            gap[k] += log1p(exp(read[K + TRM_KNOTS + b])) * (double)p->rows->fan[(i * B + b) * TRM_KNOTS + k];
    }
    to->q[5] = centre + s * to->r[5];
    for (int k = 6; k < TRM_KNOTS; k++)
        to->q[k] = to->q[k - 1] + gap[k];
    for (int k = 4; k >= 0; k--)
        to->q[k] = to->q[k + 1] - gap[k];
}

static inline double plain_slog(double x)
{
    return copysign(log1p(fabs(x)), x);
}

static inline void plain_verify(const struct plain *p, size_t i, const struct plain_step *from, double *f)
{
    size_t K = p->shape->drafts, T = p->shape->points;
    const float *D = p->rows->error + p->rows->window[i] * T * K, *omega = p->rows->omega + i * T;
    double size = 0, bias = 0, over = 0, inside = 0, most = 0, half = (from->q[9] - from->q[1]) / 2;
    double *blame = f, *scalar = f + K;

    memset(blame, 0, K * sizeof *blame);
    for (size_t j = 0; j < T; j++) {
        double mean = 0, o = (double)omega[j];
        for (size_t k = 0; k < K; k++)
            mean += from->mix[k] * (double)D[j * K + k];
        double err = mean + (double)p->rows->spread[i] * from->r[5];
        for (size_t k = 0; k < K; k++)
            blame[k] += o * tanh(2 * err) * ((double)D[j * K + k] - mean);
        size += o * fabs(err);
        bias += o * err;
        over += err > 0 ? o : 0;
        inside += fabs(err) <= half ? o : 0;
        most = o > 0 ? fmax(most, fabs(err)) : most;
    }
    scalar[0] = log(size + .05);
    scalar[1] = plain_slog(bias);
    scalar[2] = over - .5;
    scalar[3] = log(most + .05);
    scalar[4] = inside - .8;
}

static inline void plain_feed(const struct plain *p, size_t i, const struct plain_step *from, double *f)
{
    size_t K = p->shape->drafts;
    double logit[PLAIN_MAX], prior[PLAIN_MAX];

    for (size_t k = 0; k < K; k++)
        logit[k] = (double)p->rows->logit[i * K + k];
    plain_softmax(K, logit, prior);
    for (int j = 0; j < TRM_KNOTS; j++)
        f[j] = plain_slog(from->q[j] / (double)p->rows->spread[i]);
    for (size_t k = 0; k < K; k++)
        f[TRM_KNOTS + k] = from->mix[k] - prior[k];
    plain_verify(p, i, from, f + TRM_KNOTS + K);
}

static inline void plain_recursions(const struct plain *p, size_t i, const double *f, double *z)
{
    size_t N = p->shape->inner, L = p->shape->latent, G = p->shape->globals, P = p->shape->steps;
    double x[PLAIN_MAX], t[PLAIN_MAX];

    for (size_t n = 0; n < N; n++) {
        x[n] = plain_block(p, TRM_THINK_B)[n];
        for (size_t g = 0; g < G; g++)
            x[n] += plain_block(p, TRM_THINK_WG)[g * N + n] *
                    (double)p->rows->global[p->rows->window[i] * G + g];
        for (size_t j = 0; j < P; j++)
            x[n] += plain_block(p, TRM_THINK_WP)[j * N + n] * (double)p->rows->step[i * P + j];
        for (size_t j = 0; j < trm_thinker_feedback_n(p->shape); j++)
            x[n] += plain_block(p, TRM_THINK_WF)[j * N + n] * f[j];
    }
    for (size_t r = 0; r < p->shape->recursions; r++) {
        double square = 0;
        for (size_t n = 0; n < N; n++) {
            double v = x[n];
            for (size_t l = 0; l < L; l++)
                v += plain_block(p, TRM_THINK_WZ)[l * N + n] * z[l];
            t[n] = v / (1 + exp(-v));
        }
        for (size_t l = 0; l < L; l++) {
            for (size_t n = 0; n < N; n++)
                z[l] += plain_block(p, TRM_THINK_M)[n * L + l] * t[n];
            square += z[l] * z[l];
        }
        for (size_t l = 0; l < L; l++)
            z[l] /= sqrt(square / (double)L + 1e-6);
    }
}

static inline double plain_pinball(const struct plain *p, size_t i, const double *q)
{
    double sum = 0, y = (double)p->rows->target[i];

    for (int k = 0; k < TRM_KNOTS; k++)
        sum += 2 * (y > q[k] ? trm_knot_levels[k] * (y - q[k]) : (1 - trm_knot_levels[k]) * (q[k] - y));
    return fmin(sum / TRM_KNOTS, (double)TRM_LOSS_CAP);
}

/* bh + wh . (held end of the step). */
static inline double plain_halt(const struct plain *p, const struct plain_step *at)
{
    size_t C = p->shape->drafts + TRM_KNOTS + p->shape->fans + 1;
    double logit = plain_block(p, TRM_THINK_OUT0)[C - 1];

    for (size_t j = 0; j < p->shape->latent; j++)
        logit += plain_block(p, TRM_THINK_OUT)[j * C + C - 1] * at->end[j];
    return logit;
}

/* What training minimises for row i, times the rows of the batch. note: records what is to be held. */
static inline double plain_row(struct plain *p, size_t i, bool note)
{
    size_t L = p->shape->latent, S = p->shape->supervision;
    double sum = 0, weight = (double)p->rows->weight[i];

    if (note) {
        memcpy(p->at[0].end, plain_block(p, TRM_THINK_Z0), L * sizeof(double));
        plain_decode(p, i, NULL, &p->at[0]);
    }
    for (size_t s = 1; s <= S; s++) {
        struct plain_step *at = &p->at[s];
        double z[PLAIN_MAX];
        if (note) {
            memcpy(at->start, p->at[s - 1].end, L * sizeof *z);
            plain_feed(p, i, &p->at[s - 1], at->feed);
        }
        memcpy(z, s == 1 ? plain_block(p, TRM_THINK_Z0) : at->start, L * sizeof *z);
        plain_recursions(p, i, at->feed, z);
        plain_decode(p, i, z, at);
        at->loss = plain_pinball(p, i, at->q);
        if (note) {
            memcpy(at->end, z, L * sizeof *z);
            p->helped[s - 1] = at->loss < p->at[s - 1].loss;
        }
        at->halt = plain_halt(p, at);
        sum += weight * at->loss;
    }
    for (size_t s = 1; s < S; s++)
        sum += weight * (double)TRM_HALT_WEIGHT *
               (log1p(exp(p->at[s].halt)) - p->helped[s] * p->at[s].halt);
    return sum / (double)S;
}

#endif
