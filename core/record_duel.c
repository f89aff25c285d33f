/* Old rules against new ones. A past forecast's loss is known for everyone who could have answered, with
 * knots as the forecaster said them; what a widening adds is the integral of (wanted share beyond - share
 * beyond) over the factor, which is how a pinball loss changes with its quantile. */
#include "core/record.h"

#include "core/trial.h"

#include <string.h>

#define ORIGINS_MIN 3.
#define SURE 2.
#define MARGIN .01
#define STEPS 16 /* of the integral */

static const double beyond_share[2] = {.1, .025},
                    beyond_z[2] = {1.2815515655446004, 1.959963984540054};

/* The mean of a candidate's absolute error over a record, in seasonal errors: its intervals' unit, nearly. */
static double usual_error(const struct trm_record *r, size_t who)
{
    double sum = 0;

    for (size_t i = 0; i < r->origin_n; i++)
        sum += (double)r->origin[i].mae[who];
    return r->origin_n ? sum / (double)r->origin_n : 0;
}

/* What one factor adds to the loss of its quantile, in units of the knot's distance. */
static double factor_cost(const struct trm_origin *o, int side, int outer, double factor)
{
    double sum = 0, step = (factor - 1) / STEPS;

    for (int i = 0; i < STEPS; i++)
        sum += beyond_share[outer] - trm_origin_beyond(o, side, outer, 1 + (i + .5) * step);
    return sum * step;
}

/* Of a past forecast as a candidate of the record answers it, with a widening. */
static double loss_of(const struct trm_record *r, size_t who, const struct trm_widening *w,
                      const struct trm_trial *t)
{
    size_t at = trm_record_in_trial(r, who);
    struct trm_origin o = {.leads = t->leads, .step = t->step};
    double sigma = 1.2533 * usual_error(r, who), sum = 0;

    memcpy(o.beyond, t->beyond[at], sizeof o.beyond);
    for (int side = 0; side < 2; side++)
        for (int outer = 0; outer < 2; outer++)
            sum += beyond_z[outer] * factor_cost(&o, side, outer, w->factor[side][outer]);
    return (double)t->loss[at] + sigma * sum / TRM_KNOTS;
}

/* The challenger's, by what all its other origins say. */
static double loss_without(const struct trm_record *r, size_t without, const struct trm_trial *t)
{
    uint32_t who = trm_record_who_without(r, without);
    struct trm_widening w = {{{1, 1}, {1, 1}}};

    if (who == r->who) /* the counts are of the one who answers */
        trm_record_widening(r, without, &w);
    return loss_of(r, who, &w, t);
}

/* Mean difference and its standard error, from sums with weights. */
static void judge(double n, const double *weight, const double *d, size_t count, struct trm_duel *duel)
{
    double mean = duel->challenger - duel->champion, square = 0;

    for (size_t i = 0; i < count; i++)
        square += weight[i] * (d[i] - mean) * (d[i] - mean);
    double error = n > 1 ? sqrt(square / (n - 1) / n) : (double)INFINITY;
    duel->certainty = error > 0 ? mean / error : mean == 0 ? 0 : copysign((double)INFINITY, mean);
    duel->judged = n >= ORIGINS_MIN;
    duel->worse = duel->judged && mean > MARGIN * duel->champion && duel->certainty > SURE;
}

void trm_record_duel(const struct trm_record *champion, const struct trm_record *challenger,
                     const struct trm_trial *trial, size_t n, struct trm_duel *ret)
{
    double weight[TRM_RECORD_ORIGINS], d[TRM_RECORD_ORIGINS], sum[2] = {0}, all = 0;
    struct trm_widening w;

    *ret = (struct trm_duel){.origins = n, .champion = TRM_NAN, .challenger = TRM_NAN};
    trm_record_widening(champion, TRM_RECORD_ALL, &w);
    for (size_t i = 0; i < n; i++) {
        double old = loss_of(champion, champion->who, &w, &trial[i]);
        double new = loss_without(challenger, challenger->origin_n - n + i, &trial[i]);
        weight[i] = fmin(1, (double)trial[i].step / (double)trial[i].leads);
        d[i] = new - old;
        sum[0] += weight[i] * old;
        sum[1] += weight[i] * new;
        all += weight[i];
        ret->values += trial[i].leads;
    }
    if (!(all > 0))
        return;
    ret->champion = sum[0] / all;
    ret->challenger = sum[1] / all;
    judge(all, weight, d, n, ret);
}
