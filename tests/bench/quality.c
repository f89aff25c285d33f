/* How good forecasts are after bad data: each kind of fault laid over made-up series of five bases,
 * forecast without a fit (or with one), held against the clean continuation. One Markdown row a
 * family: MASE in the clean seasonal error, coverage of the 80% and the 95% interval, the pinball
 * loss of the five said quantiles over that of the better of seasonal naive and last value on the
 * same history (their values alone: a point forecast's pinball loss), and the mean width of the 80%
 * interval in clean ones.
 *
 * usage: bench_quality [SERIES [fit]]     (60 series a base and family) */
#include "../core/scenario.h"

#include "core/base_embedded.h"
#include "core/fit.h"
#include "core/forecast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HORIZON 24

struct family {
    const char *name;
    enum scenario_fault fault;
    double at;     /* a share of the history, or (negative) so many values before its end */
    double length; /* values; below 1 a share of the history */
    double size;
    unsigned bases; /* bit set; 0: all */
};

#define LEVELED (1u << BASE_HOURS | 1u << BASE_MONTHS | 1u << BASE_MINUTES | 1u << BASE_WALK)

static const struct family families[] = {
    {"clean", FAULT_NONE, 0, 0, 0, LEVELED},
    {"clean, 95% zeros", FAULT_NONE, 0, 0, 0, 1u << BASE_COUNTS},
    {"times 1000, 1 value ago", FAULT_TIMES, -1, 0, 1000, LEVELED},
    {"times 1000, 2 ago", FAULT_TIMES, -2, 0, 1000, LEVELED},
    {"times 1000, 4 ago", FAULT_TIMES, -4, 0, 1000, LEVELED},
    {"times 1000, 8 ago", FAULT_TIMES, -8, 0, 1000, LEVELED},
    {"times 1000, 30 ago", FAULT_TIMES, -30, 0, 1000, LEVELED},
    {"times 1000, 100 ago", FAULT_TIMES, -100, 0, 1000, LEVELED},
    {"times 1000, half way", FAULT_TIMES, .5, 0, 1000, LEVELED},
    {"by 1000, 4 ago", FAULT_TIMES, -4, 0, .001, LEVELED},
    {"by 1000, 8 ago", FAULT_TIMES, -8, 0, .001, LEVELED},
    {"by 1000, 30 ago", FAULT_TIMES, -30, 0, .001, LEVELED},
    {"by 1000, half way", FAULT_TIMES, .5, 0, .001, LEVELED},
    {"times 1000 for a fifth, then back", FAULT_TIMES_TMP, .5, .2, 1000, LEVELED},
    {"times 1000 and back 30 ago", FAULT_TIMES_TMP, -60, 30, 1000, LEVELED},
    {"times -1, 30 ago", FAULT_TIMES, -30, 0, -1, LEVELED},
    {"plus 1000 sigma, 4 ago", FAULT_PLUS, -4, 0, 1000, LEVELED},
    {"plus 1000 sigma, 30 ago", FAULT_PLUS, -30, 0, 1000, LEVELED},
    {"plus 1000 sigma, half way", FAULT_PLUS, .5, 0, 1000, LEVELED},
    {"one spike of 1e3 sigma", FAULT_SPIKE, .8, 1, 1e3, LEVELED},
    {"one spike of 1e6 sigma", FAULT_SPIKE, .8, 1, 1e6, LEVELED},
    {"one spike of 1e12 sigma", FAULT_SPIKE, .8, 1, 1e12, LEVELED},
    {"the last value a spike of 1e6", FAULT_SPIKE, -1, 1, 1e6, LEVELED},
    {"the last 3 spikes of 1e6", FAULT_SPIKE, -3, 3, 1e6, LEVELED},
    {"a burst of 5 of 1e6", FAULT_SPIKE, -20, 5, 1e6, LEVELED},
    {"1% spikes of 1e4", FAULT_SPIKES, 0, .01, 1e4, LEVELED},
    {"5% spikes of 1e4", FAULT_SPIKES, 0, .05, 1e4, LEVELED},
    {"spike of 1e6, 95% zeros", FAULT_SPIKE, .8, 1, 1e6, 1u << BASE_COUNTS},
    {"stuck for a quarter, 48 ago", FAULT_STUCK, -148, 100, 0, LEVELED},
    {"stuck for a tenth, 8 ago", FAULT_STUCK, -48, 40, 0, LEVELED},
    {"stuck for 10, freed now", FAULT_STUCK, -10, 10, 0, LEVELED},
    {"stuck for 48, freed now", FAULT_STUCK, -48, 48, 0, LEVELED},
    {"stuck for 48, stays so", FAULT_STUCK, -48, 1e6, 0, LEVELED},
    {"half missing", FAULT_HOLES, 0, 0, .5, LEVELED},
    {"95% missing", FAULT_HOLES, 0, 0, .95, LEVELED},
    {"a gap of 40%, half way", FAULT_GAP, .3, .4, 0, LEVELED},
    {"the last 6 missing", FAULT_GAP, -6, 6, 0, LEVELED},
    {"the last 24 missing", FAULT_GAP, -24, 24, 0, LEVELED},
    {"the last 100 missing", FAULT_GAP, -100, 100, 0, LEVELED},
    {"every third missing", FAULT_EVERY, 0, 3, 0, LEVELED},
};

struct sums {
    size_t n, refused;
    double error, loss, rival[2], inside[2], width;
};

static double pinball(double truth, double said, double level)
{
    return truth > said ? level * (truth - said) : (1 - level) * (said - truth);
}

/* The newest observed value, and the newest at the lead's phase. */
static double rival(const struct scenario *s, size_t h, size_t season)
{
    size_t t = s->n + h;

    while (t >= season) {
        t -= season;
        if (t < s->n && !isnan(s->values[t]))
            return s->values[t];
    }
    return 0;
}

static void add(struct sums *sums, const struct scenario *s, const struct trm_forecast *f)
{
    for (size_t h = 0; h < s->horizon; h++) {
        const double *q = f->said + h * TRM_SAID_LEVELS;
        double truth = s->values[s->n + h], unit = s->scale;
        sums->n++;
        sums->error += fabs(truth - q[2]) / unit;
        sums->inside[0] += truth >= q[1] && truth <= q[3];
        sums->inside[1] += truth >= q[0] && truth <= q[4];
        sums->width += (q[3] - q[1]) / unit;
        for (size_t i = 0; i < TRM_SAID_LEVELS; i++) {
            sums->loss += pinball(truth, q[i], trm_said_levels[i]) / unit;
            sums->rival[0] += pinball(truth, rival(s, h, 1), trm_said_levels[i]) / unit;
            sums->rival[1] += pinball(truth, rival(s, h, s->season), trm_said_levels[i]) / unit;
        }
    }
}

static struct trm_model *fitted(const struct trm_base *base, const struct trm_config *config,
                                const struct scenario *s)
{
    struct trm_fit_options options = {.config = *config, .base_weights = base};
    struct trm_fit_progress progress;
    struct trm_fit_report report;
    struct trm_model *model = NULL;
    struct trm_fit *fit = NULL;
    enum trm_status status = trm_fit_begin(s->values, s->n, &options, &fit);

    while (status == TRM_OK && (status = trm_fit_step(fit, &progress)) == TRM_MORE)
        status = TRM_OK;
    if (fit && trm_fit_end(fit, &model, &report) != TRM_OK)
        model = NULL;
    trm_fit_free(fit);
    return model;
}

static void one(const struct trm_base *base, const struct family *f, enum scenario_base kind,
                uint64_t seed, bool fit, struct sums *sums)
{
    static struct scenario s;
    struct trm_forecast *answer = NULL;
    struct trm_model *model = NULL;
    struct trm_rng rng;

    trm_rng_seed(&rng, seed * BASES + kind);
    scenario_make(&s, kind, kind == BASE_MONTHS ? 240 : kind == BASE_MINUTES ? 900 : 400, HORIZON, &rng);
    double n = (double)s.n, at = f->at < 0 ? n + f->at : f->at * n;
    scenario_break(&s, f->fault, (size_t)at, (size_t)(f->length < 1 ? f->length * n : f->length), f->size,
                   &rng);
    struct trm_config config = trm_config_default(s.season, HORIZON);
    config.season2 = (uint32_t)s.season2;
    struct trm_forecast_request request = {.horizon = HORIZON, .min = (double)NAN, .max = (double)NAN};
    if (fit)
        model = fitted(base, &config, &s);
    if (trm_forecast(base, model, &config, s.values, s.n, &request, &answer) == TRM_OK)
        add(sums, &s, answer);
    else
        sums->refused++;
    trm_forecast_free(answer);
    trm_model_free(model);
}

static void family(const struct trm_base *base, const struct family *f, size_t series, bool fit)
{
    struct sums sums = {0};

    for (size_t i = 0; i < series; i++)
        for (unsigned kind = 0; kind < BASES; kind++)
            if (f->bases >> kind & 1)
                one(base, f, kind, i, fit, &sums);
    double n = (double)sums.n, least = fmin(sums.rival[0], sums.rival[1]);
    printf("| %-34s | %8.3g | %.3f | %.3f | %8.3g | %8.3g |%s\n", f->name, sums.error / n,
           sums.inside[0] / n, sums.inside[1] / n, sums.loss / least, sums.width / n,
           sums.refused ? " some refused" : "");
}

int main(int argc, char **argv)
{
    size_t series = argc > 1 ? strtoull(argv[1], NULL, 10) : 60;
    bool fit = argc > 2 && strcmp(argv[2], "fit") == 0;
    struct trm_base *base = NULL;

    if (trm_base_decode(trm_base_embedded, trm_base_embedded_n, &base) != TRM_OK)
        return 1;
    printf("| family | MASE | cov. 80%% | cov. 95%% | loss over naive's | 80%% width |\n"
           "|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        family(base, &families[i], series, fit);
    trm_base_free(base);
    return 0;
}
