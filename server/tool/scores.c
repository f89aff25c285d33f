/* The scores of lines and sets. Knows core's metrics and how they add up. Surprising: the quantile loss
 * of a set is a ratio of two sums, so that its bootstrap draws series, not losses. */
#include "server/tool/scores.h"

#include "core/metrics.h"
#include "core/rng.h"

#include <math.h>
#include <stdlib.h>

/* Where the deciles and the ends of the intervals lie among trm_knot_levels. */
#define FIRST_DECILE 1
#define DECILES 9
#define KNOT_10 1
#define KNOT_90 9
#define KNOT_025 0
#define KNOT_975 10

#define CLIPPED 1e-3

static double scale_of(const struct record *record, bool gift)
{
    return gift && !isnan(record->gift_scale) ? record->gift_scale : record->mase_scale;
}

/* quantiles: [TRM_KNOTS][horizon]. */
static struct loss loss_of(const double *actual, const double *quantiles, size_t horizon)
{
    struct loss sum = {0, 0};

    for (size_t i = 0; i < horizon; i++) {
        if (isnan(actual[i]))
            continue;
        for (size_t q = FIRST_DECILE; q < FIRST_DECILE + DECILES; q++)
            sum.pinball += trm_pinball2(actual[i], quantiles[q * horizon + i], trm_knot_levels[q]);
        sum.absolute += fabs(actual[i]);
    }
    return sum;
}

static size_t inside(const double *actual, const struct answer *answer, size_t low, size_t high)
{
    const double *lower = answer->quantiles + low * answer->horizon;
    const double *upper = answer->quantiles + high * answer->horizon;
    size_t n = 0;

    for (size_t i = 0; i < answer->horizon; i++)
        n += actual[i] >= lower[i] && actual[i] <= upper[i];
    return n;
}

static size_t known(const double *actual, size_t n)
{
    size_t seen = 0;

    for (size_t i = 0; i < n; i++)
        seen += !isnan(actual[i]);
    return seen;
}

/* Over the leads that the trace has; a series without a known value there has no steps. */
static void score_steps(const double *actual, const struct answer *answer, double scale,
                        struct line_score *ret)
{
    size_t leads = answer->step_leads < answer->horizon ? answer->step_leads : answer->horizon;

    if (known(actual, leads) == 0)
        return;
    for (size_t s = 0; s < answer->step_n; s++) {
        ret->step_mase[s] = trm_mase(actual, answer->steps + s * answer->step_leads, leads, scale);
        ret->step_loss[s].pinball = (double)NAN;
        if (answer->step_quantiles)
            ret->step_loss[s] = loss_of(
                actual, answer->step_quantiles + s * TRM_KNOTS * answer->step_leads, leads);
    }
    ret->step_n = answer->step_n;
}

void score_line(const struct record *record, const struct answer *answer, const struct answer *naive,
                bool gift, struct line_score *ret)
{
    const double *actual = record->test;
    size_t n = answer->horizon;
    double scale = scale_of(record, gift);

    *ret = (struct line_score){.by_network = answer->by_network, .seen = known(actual, n)};
    ret->scored = scale > 0 && ret->seen > 0;
    if (!ret->scored)
        return;
    ret->mase = trm_mase(actual, answer->median, n, scale);
    ret->naive_mase = trm_mase(actual, naive->median, n, scale);
    ret->smape = trm_smape(actual, answer->median, n);
    ret->loss = loss_of(actual, answer->quantiles, n);
    ret->naive_loss = loss_of(actual, naive->quantiles, n);
    ret->sql = ret->loss.pinball / DECILES / (double)ret->seen / scale;
    ret->in80 = inside(actual, answer, KNOT_10, KNOT_90);
    ret->in95 = inside(actual, answer, KNOT_025, KNOT_975);
    score_steps(actual, answer, scale, ret);
}

static double wql(struct loss sum)
{
    return sum.absolute > 0 ? sum.pinball / DECILES / sum.absolute : (double)NAN;
}

static void add_loss(struct loss *sum, struct loss more)
{
    sum->pinball += more.pinball;
    sum->absolute += more.absolute;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* 90% of the resampled values lie between; NaN sorts nowhere, so a set of them has no interval. */
static void interval(double *values, struct figure *ret)
{
    qsort(values, BOOTSTRAP_RESAMPLES, sizeof *values, ascending);
    ret->low = values[BOOTSTRAP_RESAMPLES / 20];
    ret->high = values[BOOTSTRAP_RESAMPLES - 1 - BOOTSTRAP_RESAMPLES / 20];
}

static double ratio(double value, double naive)
{
    return naive > 0 ? value / naive : (double)NAN;
}

/* at: the n scored lines. */
static void bootstrap(const struct line_score *const *at, size_t n, struct set_score *ret)
{
    double mase[BOOTSTRAP_RESAMPLES], mase_ratio[BOOTSTRAP_RESAMPLES];
    double loss[BOOTSTRAP_RESAMPLES], loss_ratio[BOOTSTRAP_RESAMPLES];
    struct trm_rng rng;

    trm_rng_seed(&rng, BOOTSTRAP_SEED);
    for (size_t b = 0; b < BOOTSTRAP_RESAMPLES; b++) {
        struct loss sum = {0, 0}, naive = {0, 0};
        double naive_mase = 0;
        mase[b] = 0;
        for (size_t i = 0; i < n; i++) {
            const struct line_score *drawn = at[trm_rng_below(&rng, n)];
            mase[b] += drawn->mase / (double)n;
            naive_mase += drawn->naive_mase / (double)n;
            add_loss(&sum, drawn->loss);
            add_loss(&naive, drawn->naive_loss);
        }
        loss[b] = wql(sum);
        mase_ratio[b] = ratio(mase[b], naive_mase);
        loss_ratio[b] = ratio(loss[b], wql(naive));
    }
    interval(mase, &ret->mase);
    interval(mase_ratio, &ret->mase_ratio);
    interval(loss, &ret->wql);
    interval(loss_ratio, &ret->wql_ratio);
}

static void average(const struct line_score *const *at, size_t n, struct set_score *ret)
{
    struct loss sum = {0, 0}, naive = {0, 0};
    size_t seen = 0, in80 = 0, in95 = 0;
    double logs = 0, mase = 0;

    for (size_t i = 0; i < n; i++) {
        mase += at[i]->mase;
        ret->naive_mase += at[i]->naive_mase / (double)n;
        ret->smape += at[i]->smape / (double)n;
        ret->sql += at[i]->sql / (double)n;
        logs += log(fmax(at[i]->mase, CLIPPED) / fmax(at[i]->naive_mase, CLIPPED));
        add_loss(&sum, at[i]->loss);
        add_loss(&naive, at[i]->naive_loss);
        seen += at[i]->seen, in80 += at[i]->in80, in95 += at[i]->in95;
        ret->by_network += at[i]->by_network;
    }
    ret->mase.value = mase / (double)n;
    ret->wql.value = wql(sum);
    ret->naive_wql = wql(naive);
    ret->relmase = exp(logs / (double)n);
    ret->cov80 = (double)in80 / (double)seen;
    ret->cov95 = (double)in95 / (double)seen;
    ret->mase_ratio.value = ratio(ret->mase.value, ret->naive_mase);
    ret->wql_ratio.value = ratio(ret->wql.value, ret->naive_wql);
}

static void average_steps(const struct line_score *const *at, size_t n, struct set_score *ret)
{
    for (size_t i = 0; i < n; i++) {
        if (at[i]->step_n > ret->step_n)
            ret->step_n = at[i]->step_n;
        ret->stepped += at[i]->step_n > 0;
    }
    for (size_t s = 0; s < ret->step_n; s++) {
        struct loss sum = {0, 0};
        for (size_t i = 0; i < n; i++) {
            size_t last = at[i]->step_n;
            if (last == 0)
                continue;
            ret->step_mase[s] += at[i]->step_mase[s < last ? s : last - 1] / (double)ret->stepped;
            add_loss(&sum, at[i]->step_loss[s < last ? s : last - 1]);
        }
        ret->step_wql[s] = wql(sum);
    }
}

static void nothing(struct set_score *ret)
{
    struct figure none = {(double)NAN, (double)NAN, (double)NAN};

    ret->mase = ret->wql = ret->mase_ratio = ret->wql_ratio = none;
    ret->smape = ret->sql = ret->relmase = ret->cov80 = ret->cov95 = (double)NAN;
    ret->naive_mase = ret->naive_wql = (double)NAN;
}

void score_set(const struct line_score *lines, size_t n, struct set_score *ret)
{
    const struct line_score **scored = malloc((n ? n : 1) * sizeof(*scored));

    *ret = (struct set_score){0};
    for (size_t i = 0; scored && i < n; i++)
        if (lines[i].scored)
            scored[ret->n++] = &lines[i];
    if (ret->n == 0) {
        nothing(ret);
    } else {
        average(scored, ret->n, ret);
        average_steps(scored, ret->n, ret);
        bootstrap(scored, ret->n, ret);
    }
    free(scored);
}
