/* Answers out of a think. Knows core's think and who may speak for it; refuses to know models. Surprising:
 * it repeats what trm_forecast does around a think (scale back, nothing below 0 where nothing ever was)
 * instead of calling it: a think is reused from series to series, and every step's quantiles are seen. */
#include "server/tool/method.h"

#include "core/forecast.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* A series being thought about. */
struct sitting {
    const struct trm_history *history;
    double *all;   /* [leads][TRM_KNOTS] from the last observation on, scaled */
    double *knots; /* [horizon][TRM_KNOTS] the end of them */
    size_t leads;
    double floor;
};

static double express(const struct sitting *sitting, double v)
{
    double out = ldexp(v, sitting->history->exponent);

    return fmax(fmin(fmax(out, -DBL_MAX), DBL_MAX), sitting->floor);
}

/* The sitting's knots in the series' own unit. */
static void write_down(const struct sitting *sitting, size_t horizon, double *median, double *quantiles)
{
    for (size_t h = 0; h < horizon; h++) {
        const double *q = sitting->knots + h * TRM_KNOTS;
        double middle = q[TRM_KNOT_MEDIAN];
        median[h] = express(sitting, middle);
        for (size_t k = 0; k < TRM_KNOTS; k++)
            quantiles[k * horizon + h] = express(sitting, middle + (q[k] - middle));
    }
}

static void write_answer(const struct sitting *sitting, struct answer *answer)
{
    write_down(sitting, answer->horizon, answer->median, answer->quantiles);
}

/* Adds a step where there is room for it. */
static void write_step(const struct sitting *sitting, struct answer *answer)
{
    size_t s = answer->step_n, H = answer->horizon;

    if (!answer->steps || s == ANSWER_STEPS_MAX)
        return; /* later ones are not told apart */
    write_down(sitting, H, answer->steps + s * H, answer->step_quantiles + s * TRM_KNOTS * H);
    answer->step_n++;
}

static void settle(const struct trm_think *think, struct trm_who who, const struct sitting *sitting)
{
    trm_answer_knots(think, who, sitting->all);
    trm_answer_unstick(sitting->history, 1, sitting->all, sitting->leads);
}

/* The networks' steps; false where one answers nonsense. */
static bool think_on(struct trm_think *think, const struct sitting *sitting, struct answer *answer)
{
    const struct trm_who network = {.by = TRM_BY_NETWORK};

    do {
        trm_think_step(think);
        settle(think, network, sitting);
        if (!trm_answer_is_finite(sitting->all, sitting->leads))
            return false;
        write_step(sitting, answer);
    } while (!trm_think_settled(think));
    return true;
}

/* The consensus is step 0; a draft's answer has no steps. */
static void think_over(struct trm_think *think, const struct sitting *sitting, size_t season2,
                       struct trm_who who, struct answer *answer)
{
    const struct trm_who consensus = {.by = TRM_BY_CONSENSUS};

    trm_think_begin(think, sitting->history, season2, sitting->leads);
    settle(think, consensus, sitting);
    if (who.by != TRM_BY_DRAFT)
        write_step(sitting, answer);
    if (who.by == TRM_BY_NETWORK && think_on(think, sitting, answer))
        answer->by_network = true;
    else
        settle(think, who.by == TRM_BY_NETWORK ? consensus : who, sitting);
    write_answer(sitting, answer);
}

/* One value for ever. */
static void repeat(const struct sitting *sitting, struct answer *answer)
{
    for (size_t i = 0; i < sitting->leads * TRM_KNOTS; i++)
        sitting->all[i] = sitting->history->filled[0];
    write_step(sitting, answer);
    write_answer(sitting, answer);
}

static enum trm_status sit(const struct trm_history *history, const struct question *question,
                           size_t season2, struct answer *answer)
{
    size_t room = TRM_HORIZON_MAX - answer->horizon,
           gap = history->gap < room ? history->gap : room;
    struct sitting sitting = {.history = history,
                              .leads = gap + answer->horizon,
                              .floor = history->positive ? 0 : -DBL_MAX};
    sitting.all = malloc(sitting.leads * TRM_KNOTS * sizeof(double));
    sitting.knots = sitting.all + gap * TRM_KNOTS;
    struct trm_think *think = sitting.all ? think_pool_take(question->thinks) : NULL;

    if (think && trm_answer_is_flat(history))
        repeat(&sitting, answer);
    else if (think)
        think_over(think, &sitting, season2, question->who, answer);
    if (think)
        think_pool_give(question->thinks, think);
    free(sitting.all);
    return think ? TRM_OK : TRM_ENOMEM;
}

static enum trm_status answer_of(const struct trm_history *history, const struct question *question,
                                 size_t season2, size_t horizon, struct answer *ret)
{
    enum trm_status status = answer_init(ret, horizon);
    size_t steps = 1 + question->base->shape.supervision;

    if (status == TRM_OK && question->steps)
        status = answer_steps_init(ret, steps < ANSWER_STEPS_MAX ? steps : ANSWER_STEPS_MAX, horizon, true);
    ret->step_n = 0; /* as many as are taken */
    if (status == TRM_OK)
        status = sit(history, question, season2, ret);
    if (status != TRM_OK)
        answer_done(ret);
    return status;
}

enum trm_status method_think(const struct record *record, const struct question *question,
                             struct answer *ret)
{
    struct trm_config config = config_of(record, TRM_KIND_TRM);
    size_t n, horizon = question_horizon(question, record);
    const double *values = question_past(question, record, &n);
    struct trm_history history;
    enum trm_status status = trm_config_check(&config);

    if (status == TRM_OK && (horizon < 1 || horizon > TRM_HORIZON_MAX))
        status = TRM_EINVAL;
    if (status == TRM_OK)
        status = trm_history_init_short(&history, values, n, config.season);
    if (status != TRM_OK)
        return status;
    status = answer_of(&history, question, config.season2, horizon, ret);
    trm_history_done(&history);
    return status;
}
