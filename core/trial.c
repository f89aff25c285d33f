/* A past forecast and its losses. */
#include "core/trial.h"

#include "core/metrics.h"

#include <string.h>

#define PAST_SHARE .4 /* of the values, known at every origin */
#define PAST_MIN 5
#define VALUES_A_ORIGIN 16

struct trm_trial_plan trm_trial_plan(size_t n, size_t season, size_t horizon)
{
    struct trm_trial_plan plan = {trm_min_size(trm_min_size(horizon, n / 5), TRM_RECORD_LEADS_MAX),
                                  1, 0};
    size_t least = trm_max_size((size_t)(PAST_SHARE * (double)n), PAST_MIN);

    if (n > 2 * season)
        least = trm_max_size(least, 2 * season + 1);
    if (n <= least || !plan.leads)
        return plan;
    plan.leads = trm_min_size(plan.leads, n - least);
    size_t room = n - plan.leads - least;
    size_t wanted = trm_min_size(2 + n / VALUES_A_ORIGIN, TRM_RECORD_ORIGINS);
    plan.stride = trm_max_size(trm_max_size(room / (wanted - 1), (plan.leads + 1) / 2), 1);
    plan.count = trm_min_size(1 + room / plan.stride, wanted);
    return plan;
}

static float bounded(double v)
{
    return v < (double)TRM_RECORD_LOSS_MAX ? (float)v : TRM_RECORD_LOSS_MAX; /* a NaN too */
}

/* Counts what lies beyond the widened knots of one lead. */
static void count_beyond(const double *q, double truth, uint8_t beyond[2][2][TRM_RECORD_GRID])
{
    double miss = truth - q[TRM_KNOT_MEDIAN];
    bool above = miss > 0;

    for (int outer = 0; outer < 2; outer++) {
        int k = above ? TRM_KNOTS - 2 + outer : 1 - outer;
        double gap = fabs(q[k] - q[TRM_KNOT_MEDIAN]);
        for (size_t i = 0; i < TRM_RECORD_GRID; i++)
            if (fabs(miss) > trm_record_factor(i) * gap)
                beyond[above][outer][i]++;
    }
}

/* Losses of one who answers; truth[leads] in the unit of the knots. */
static void score(const double *knots, const double *truth, size_t leads, double unit,
                  bool positive, float *ret_loss, float *ret_mae,
                  uint8_t beyond[2][2][TRM_RECORD_GRID])
{
    double loss = 0, error = 0;
    size_t n = 0;

    for (size_t h = 0; h < leads; h++) {
        const double *q = knots + h * TRM_KNOTS;
        if (isnan(truth[h]))
            continue;
        for (int k = 0; k < TRM_KNOTS; k++)
            loss += trm_pinball2(truth[h], positive ? fmax(q[k], 0) : q[k], trm_knot_levels[k]) /
                    TRM_KNOTS;
        error += fabs(truth[h] - (positive ? fmax(q[TRM_KNOT_MEDIAN], 0) : q[TRM_KNOT_MEDIAN]));
        count_beyond(q, truth[h], beyond);
        n++;
    }
    *ret_loss = bounded(loss / unit / (double)n);
    *ret_mae = bounded(error / unit / (double)n);
}

static void compare(const struct trm_think *think, const struct trm_history *history,
                    const double *truth, double *knots, struct trm_trial *out)
{
    bool positive = history->positive;

    for (size_t w = 0; w < TRM_TRIAL_WHO; w++) {
        struct trm_who who = {w == 0   ? TRM_BY_NETWORK
                              : w == 1 ? TRM_BY_CONSENSUS
                                       : TRM_BY_DRAFT,
                              w > 1 ? (enum trm_bank_draft)(w - 2) : 0};
        trm_answer_knots(think, who, knots);
        trm_answer_unstick(history, 1, knots, think->horizon);
        score(knots, truth, think->horizon, history->error, positive, &out->loss[w], &out->mae[w],
              out->beyond[w]);
        if (w < 2)
            trm_answer_mean_mix(think, who, out->mix[w]);
    }
}

enum trm_status trm_trial_make(struct trm_think *think, const double *values, size_t origin,
                               size_t leads, const struct trm_config *config, size_t step,
                               double *knots, struct trm_trial *ret)
{
    struct trm_trial out = {.step = (uint32_t)step};
    double truth[TRM_RECORD_LEADS_MAX];
    struct trm_history history;
    enum trm_status status = trm_history_init_short(&history, values, origin, config->season);

    if (status != TRM_OK)
        return status == TRM_ENOMEM ? TRM_ENOMEM : TRM_EMISSING;
    origin -= history.gap; /* a forecast begins where the observations end */
    for (size_t h = 0; h < leads; h++) {
        truth[h] = ldexp(values[origin + h], -history.exponent);
        out.leads += !isnan(truth[h]);
    }
    bool nothing = !out.leads || trm_answer_is_flat(&history);
    if (!nothing) {
        trm_think_begin(think, &history, config->season2, leads);
        while (!trm_think_settled(think))
            trm_think_step(think);
        compare(think, &history, truth, knots, &out);
        *ret = out;
    }
    trm_history_done(&history);
    return nothing ? TRM_EMISSING : TRM_OK;
}
