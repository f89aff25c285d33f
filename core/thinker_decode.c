/* From the read-out to an answer, and from the answer's loss back to the read-out. Knows mixtures, knots
 * and the pinball loss; refuses to know where the read-out comes from. Surprising: the quantiles' order is
 * not enforced anywhere, gaps are a softplus and only add up outwards from the median. */
#include "core/thinker_parts.h"

#include "core/num.h"

#include <string.h>

/* The whole gaps of a row: its own in units of the spread, and the fans' by their gates, which stand
 * behind the knots. */
static void open_gaps(size_t fans, float spread, const float *gap, const float *fan, float *open)
{
    for (int i = 0; i < TRM_KNOTS; i++)
        open[i] = spread * gap[i];
    for (size_t b = 0; b < fans; b++)
        for (int i = 0; i < TRM_KNOTS; i++)
            open[i] += gap[TRM_KNOTS + b] * fan[b * TRM_KNOTS + i];
}

/* q outwards from the median. */
static void unfold(float median, const float *open, float *q)
{
    q[TRM_KNOT_MEDIAN] = median;
    for (int i = TRM_KNOT_MEDIAN + 1; i < TRM_KNOTS; i++)
        q[i] = q[i - 1] + open[i];
    for (int i = TRM_KNOT_MEDIAN; i-- > 0;)
        q[i] = q[i + 1] - open[i];
}

void trm_thinker_decode(const struct trm_thinker_rows *rows, struct trm_thinker_work *w)
{
    size_t K = w->shape.drafts, B = w->shape.fans, n = rows->row_n;

    for (size_t i = 0; i < n; i++) {
        const float *read = w->read + i * w->o_row, *l = rows->logit + i * K;
        for (size_t k = 0; k < K; k++)
            w->logit[i * K + k] = l[k] + read[k];
        memcpy(w->knot + i * TRM_KNOT_ROW, read + K, (TRM_KNOTS + B) * sizeof *read);
        w->shift[i] = read[K + TRM_KNOT_MEDIAN];
        w->halt[i] = read[w->out_n - 1];
    }
    w->k->softmax(n, K, w->logit, K, w->mix, K);
    w->k->softplus(n * TRM_KNOT_ROW, w->knot, w->gap, w->gap_slope);
    for (size_t i = 0; i < n; i++) {
        float s = rows->spread[i];
        float centre = trm_thinker_dot(K, w->mix + i * K, rows->draft + i * K);
        open_gaps(B, s, w->gap + i * TRM_KNOT_ROW, rows->fan + i * B * TRM_KNOTS, w->open + i * TRM_KNOTS);
        unfold(centre + s * w->shift[i], w->open + i * TRM_KNOTS, w->quantile + i * TRM_KNOTS);
    }
}

/* Twice the mean pinball loss of q and its gradient there. */
static double pinball(const float *q, float target, float *dq)
{
    double sum = 0;

    for (int i = 0; i < TRM_KNOTS; i++) {
        float miss = target - q[i], level = (float)trm_knot_levels[i];
        dq[i] = (miss < 0 ? 2 * (1 - level) : -2 * level) / TRM_KNOTS;
        sum -= (double)dq[i] * (double)miss;
    }
    return sum;
}

/* From dq to the gradient at r and g: a gap moves every quantile from its own outwards. */
static void fold_back(size_t fans, const float *dq, float spread, const float *gap_slope, const float *fan,
                      float *d_r)
{
    float up = 0, down = 0, d_open[TRM_KNOTS] = {0};

    for (int i = TRM_KNOTS; i-- > TRM_KNOT_MEDIAN + 1;)
        d_open[i] = up += dq[i];
    for (int i = 0; i < TRM_KNOT_MEDIAN; i++)
        d_open[i] = -(down += dq[i]);
    for (int i = 0; i < TRM_KNOTS; i++)
        d_r[i] = d_open[i] * spread * gap_slope[i];
    d_r[TRM_KNOT_MEDIAN] = spread * (up + down + dq[TRM_KNOT_MEDIAN]);
    for (size_t b = 0; b < fans; b++) {
        float sum = 0;
        for (int i = 0; i < TRM_KNOTS; i++)
            sum += d_open[i] * fan[b * TRM_KNOTS + i];
        d_r[TRM_KNOTS + b] = sum * gap_slope[TRM_KNOTS + b];
    }
}

static void judge_row(const struct trm_thinker_rows *rows, size_t i, float share, struct trm_thinker_work *w)
{
    size_t K = w->shape.drafts;
    const float *q = w->quantile + i * TRM_KNOTS, *mix = w->mix + i * K, *e = rows->draft + i * K;
    float dq[TRM_KNOTS], sum = 0, pass = share * rows->weight[i];
    float *d = w->d_read + i * w->o_row;

    w->loss[i] = pinball(q, rows->target[i], dq);
    if (w->loss[i] >= (double)TRM_LOSS_CAP) {
        w->loss[i] = (double)TRM_LOSS_CAP;
        pass = 0;
    }
    for (int j = 0; j < TRM_KNOTS; j++)
        sum += dq[j] *= pass;
    float centre = trm_thinker_dot(K, mix, e);
    for (size_t k = 0; k < K; k++)
        d[k] = sum * mix[k] * (e[k] - centre);
    size_t B = w->shape.fans;
    fold_back(B, dq, rows->spread[i], w->gap_slope + i * TRM_KNOT_ROW, rows->fan + i * B * TRM_KNOTS, d + K);
}

void trm_thinker_judge(const struct trm_thinker_rows *rows, float share, struct trm_thinker_work *w)
{
    for (size_t i = 0; i < rows->row_n; i++)
        judge_row(rows, i, share, w);
}
