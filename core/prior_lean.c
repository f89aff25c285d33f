/* What lies over whatever a family made: lasting growth or decline, as most yearly and many monthly
 * series of the world show, and slow swells of level and amplitude, as weather and habits lay over
 * regular days. Refuses to know units. Surprising: their size is drawn in changes of the series
 * from season to season, so that they are visible next to any noise. */
#include "core/prior_parts.h"

/* Root mean square of the changes over lag steps. */
static double change(const double *x, size_t n, size_t lag)
{
    double sum = 0;

    for (size_t t = lag; t < n; t++)
        sum += (x[t] - x[t - lag]) * (x[t] - x[t - lag]);
    return n > lag ? sqrt(sum / (double)(n - lag)) : 0;
}

void trm_prior_lean(struct prior *p, double *x)
{
    double step =
        change(x, p->all, p->m) / (double)p->m * prior_log_between(p, .15, 2);
    double up = prior_chance(p, .75) ? 1 : -1, at = 0;
    double loose = prior_chance(p, .5) ? 0 : prior_between(p, .1, .7);
    double fade =
        prior_chance(p, .3) ? exp(-1 / (prior_log_between(p, .2, 2) * (double)p->all)) : 1;
    size_t turn = prior_chance(p, .25) ? prior_below(p, p->all) : p->all;
    double *slow = p->work[ROW_SLOW];

    trm_prior_smooth(p, prior_log_between(p, .1, 1) * (double)p->all, slow);
    for (size_t t = 0; t < p->all; t++, up *= fade) {
        if (t == turn)
            up *= prior_between(p, -.6, 1.8);
        at += up * step * (1 + loose * slow[t]);
        x[t] += at;
    }
    trm_prior_standardise(x, p->all);
}

void trm_prior_swell(struct prior *p, double *x)
{
    double *slow = p->work[ROW_SLOW], season = (double)trm_max_size(p->m, 4);
    double size = change(x, p->all, p->m) * prior_log_between(p, .2, 2);
    double swing = prior_chance(p, .5) ? prior_log_between(p, .05, .4) : 0, mean, sd;

    trm_prior_smooth(p, season * prior_log_between(p, .3, 6), slow);
    for (size_t t = 0; t < p->all; t++)
        x[t] += size * slow[t];
    if (swing > 0) {
        trm_prior_moments(x, p->all, &mean, &sd);
        trm_prior_smooth(p, season * prior_log_between(p, 1, 12), slow);
        for (size_t t = 0; t < p->all; t++)
            x[t] = mean + (x[t] - mean) * exp(swing * slow[t]);
    }
    trm_prior_standardise(x, p->all);
}
