/* Sums and scores of a rolling-origin evaluation. */
#include "core/rolling_parts.h"

#include "core/metrics.h"
#include "core/num.h"

#define TIE 1e-9

/* The place of a level, which is added where it is not there yet. */
static size_t place(struct rolling_levels *levels, double level)
{
    for (size_t i = 0; i < levels->n; i++)
        if (fabs(levels->at[i] - level) < 1e-9)
            return i;
    levels->at[levels->n] = level;
    return levels->n++;
}

static void sort(struct rolling_levels *levels)
{
    double sorted[LEVELS_ALL];
    size_t rank[LEVELS_ALL];

    for (size_t i = 0; i < levels->n; i++) {
        rank[i] = 0;
        for (size_t j = 0; j < levels->n; j++)
            rank[i] += levels->at[j] < levels->at[i];
        sorted[rank[i]] = levels->at[i];
    }
    for (size_t i = 0; i < levels->n; i++)
        levels->at[i] = sorted[i];
    for (size_t i = 0; i < DECILES; i++)
        levels->decile[i] = rank[levels->decile[i]];
    for (size_t i = 0; i < TRM_ROLLING_LEVELS_MAX; i++) {
        levels->lower[i] = rank[levels->lower[i]];
        levels->upper[i] = rank[levels->upper[i]];
    }
}

void trm_rolling_levels(const double *level, size_t level_n, struct rolling_levels *ret)
{
    *ret = (struct rolling_levels){.n = 0};
    for (size_t i = 0; i < DECILES; i++)
        ret->decile[i] = place(ret, (double)(i + 1) / 10);
    for (size_t i = 0; i < level_n; i++) {
        ret->lower[i] = place(ret, .5 * (1 - level[i]));
        ret->upper[i] = place(ret, .5 * (1 + level[i]));
    }
    sort(ret);
}

static void count_lead(const struct rolling_said *said, size_t h, struct rolling_cell *cell)
{
    const double *q = said->quantiles + h;
    double truth = said->truth[h], error = fabs(truth - said->point[h]);
    double size = fabs(truth) + fabs(said->point[h]);

    cell->n++;
    cell->smape += size > 0 ? 200 * error / size : 0;
    cell->size += fabs(truth);
    if (said->scale > 0) {
        cell->scaled += error / said->scale;
        cell->scaled_n++;
    }
    for (size_t i = 0; i < DECILES; i++) {
        size_t at = said->levels->decile[i];
        cell->pinball += trm_pinball2(truth, q[at * said->horizon], said->levels->at[at]) / DECILES;
    }
    for (size_t i = 0; i < said->level_n; i++)
        cell->inside[i] += truth >= q[said->levels->lower[i] * said->horizon] &&
                           truth <= q[said->levels->upper[i] * said->horizon];
}

void trm_rolling_count(const struct rolling_said *said, struct rolling_sums *sums)
{
    double mase;

    sums->mae = trm_mae(said->truth, said->point, said->horizon);
    mase = said->scale > 0 ? sums->mae / said->scale : TRM_NAN;
    if (!isnan(mase)) {
        sums->mase += mase;
        sums->mase_n++;
    }
    sums->smape += trm_smape(said->truth, said->point, said->horizon);
    sums->smape_n++;
    for (size_t h = 0; h < said->horizon; h++)
        if (!isnan(said->truth[h]))
            count_lead(said, h, &sums->cell[h]);
}

void trm_rolling_compare(const struct rolling_sums *naive, struct rolling_sums *sums)
{
    if (fabs(sums->mae - naive->mae) <= TIE * fmax(sums->mae, naive->mae))
        sums->tied++;
    else if (sums->mae < naive->mae)
        sums->won++;
    else
        sums->lost++;
}

static double over(double sum, double n)
{
    return n > 0 ? sum / n : TRM_NAN;
}

static void add(const struct rolling_cell *cell, size_t level_n, struct rolling_cell *to)
{
    to->n += cell->n;
    to->pinball += cell->pinball;
    to->size += cell->size;
    for (size_t i = 0; i < level_n; i++)
        to->inside[i] += cell->inside[i];
}

void trm_rolling_score(const struct rolling_sums *sums, size_t horizon, size_t level_n,
                       struct trm_rolling_score *ret)
{
    struct rolling_cell all = {.n = 0};

    for (size_t h = 0; h < horizon; h++) {
        const struct rolling_cell *cell = &sums->cell[h];
        ret->lead[h].mase = over(cell->scaled, cell->scaled_n);
        ret->lead[h].smape = over(cell->smape, cell->n);
        ret->lead[h].wql = over(cell->pinball, cell->size);
        for (size_t i = 0; i < level_n; i++)
            ret->lead[h].coverage[i] = over(cell->inside[i], cell->n);
        add(cell, level_n, &all);
    }
    ret->mase = over(sums->mase, sums->mase_n);
    ret->smape = over(sums->smape, sums->smape_n);
    ret->wql = over(all.pinball, all.size);
    for (size_t i = 0; i < level_n; i++)
        ret->coverage[i] = over(all.inside[i], all.n);
    ret->won = sums->won;
    ret->tied = sums->tied;
    ret->lost = sums->lost;
}
