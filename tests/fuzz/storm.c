/* A storm of random series over the shared forecaster: whatever finite history comes, every number of
 * the answer is finite, quantiles do not cross, bounds hold, and a power of two scales the answer exactly.
 * Knows nasty histories; refuses to know good forecasts. Surprising: it is a program of its own and not a
 * fuzz target, since coverage says little about numbers: what matters is how many.
 *
 * usage: storm [SERIES [SEED]]     (2000 1); about .3 ms a series */
#include "core/base_embedded.h"
#include "core/forecast.h"
#include "core/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_MAX 400

static const double levels[] = {.001, .025, .1, .25, .5, .75, .9, .975, .999};
#define LEVELS (sizeof levels / sizeof *levels)

struct weather {
    struct trm_rng rng;
    size_t n;
    double values[N_MAX];
    struct trm_config config;
    struct trm_forecast_request request;
};

static double between(struct trm_rng *rng, double low, double high)
{
    return low + (high - low) * trm_rng_uniform(rng);
}

/* One value of a kind of history: walks, spikes, constants with rare changes, wild magnitudes. */
static double next_value(struct trm_rng *rng, size_t kind, double before, double size)
{
    switch (kind) {
    case 0: return before + size * trm_rng_normal(rng);
    case 1: return trm_rng_uniform(rng) < .1 ? size * trm_rng_normal(rng) : 0;
    case 2: return trm_rng_uniform(rng) < .05 ? size * trm_rng_uniform(rng) : before;
    case 3: return pow(10, between(rng, -300, 300)) * (trm_rng_uniform(rng) < .5 ? -1 : 1);
    case 4: return floor(size * trm_rng_uniform(rng));
    case 5: return before * between(rng, .2, 5);
    case 6: return size * (1 + 1e-12 * trm_rng_normal(rng));
    default: return size * exp(3 * trm_rng_normal(rng));
    }
}

static void gather(struct weather *w)
{
    struct trm_rng *rng = &w->rng;
    size_t kind = trm_rng_below(rng, 8), longest = trm_rng_uniform(rng) < .05 ? N_MAX : 48;
    double size = pow(10, trm_rng_uniform(rng) < .2 ? between(rng, -290, 290) : between(rng, -3, 6));
    double holes = trm_rng_uniform(rng) < .3 ? between(rng, 0, .9) : 0, at = size;
    static const size_t seasons[] = {1, 1, 2, 4, 7, 12, 24, 52, 168, 365};

    w->n = 3 + trm_rng_below(rng, longest - 2);
    for (size_t i = 0; i < w->n; i++) {
        at = fmax(fmin(next_value(rng, kind, at, size), 1e300), -1e300);
        w->values[i] = trm_rng_uniform(rng) < holes ? (double)NAN : at;
    }
    size_t season = seasons[trm_rng_below(rng, sizeof seasons / sizeof *seasons)];
    size_t horizon = trm_rng_uniform(rng) < .02 ? 1 + trm_rng_below(rng, 500) : 1 + trm_rng_below(rng, 12);
    w->config = trm_config_default(season, horizon);
    w->config.season2 = trm_rng_uniform(rng) < .3 ? (uint32_t)(season * (2 + trm_rng_below(rng, 4))) : 0;
    w->request = (struct trm_forecast_request){.horizon = horizon, .levels = levels, .level_n = LEVELS,
                                               .min = (double)NAN, .max = (double)NAN,
                                               .trace = trm_rng_uniform(rng) < .1};
    if (trm_rng_uniform(rng) < .2)
        w->request.min = 0;
    if (trm_rng_uniform(rng) < .1)
        w->request.max = size;
    w->request.integer = trm_rng_uniform(rng) < .1;
}

static const char *complaint(const struct weather *w, const struct trm_forecast *f)
{
    size_t H = f->horizon;

    for (size_t h = 0; h < H; h++) {
        if (!isfinite(f->median[h]))
            return "a median is not finite";
        if (f->median[h] != f->quantiles[4 * H + h])
            return "the median is not the quantile at .5";
        for (size_t q = 0; q < LEVELS; q++) {
            double v = f->quantiles[q * H + h];
            if (!isfinite(v))
                return "a quantile is not finite";
            if (q && v < f->quantiles[(q - 1) * H + h])
                return "quantiles cross";
            if (v < w->request.min || v > w->request.max)
                return "a bound is broken";
        }
    }
    return NULL;
}

/* The same history times a power of two, where neither overflows nor loses digits. */
static const char *scaled_complaint(const struct trm_base *base, struct weather *w,
                                    const struct trm_forecast *f)
{
    int exponent = (int)trm_rng_below(&w->rng, 41) - 20;
    double values[N_MAX];
    struct trm_forecast *other = NULL;
    const char *what = NULL;

    for (size_t i = 0; i < w->n; i++) {
        if (fabs(w->values[i]) > 1e250 || (w->values[i] != 0 && fabs(w->values[i]) < 1e-250))
            return NULL;
        values[i] = ldexp(w->values[i], exponent);
    }
    if (w->request.integer || !isnan(w->request.max))
        return NULL;
    if (trm_forecast(base, NULL, &w->config, values, w->n, &w->request, &other) != TRM_OK)
        return "the scaled history is refused";
    for (size_t i = 0; !what && i < f->horizon * LEVELS; i++)
        if (other->quantiles[i] != ldexp(f->quantiles[i], exponent))
            what = "a power of two changes more than the scale";
    trm_forecast_free(other);
    return what;
}

static const char *storm(const struct trm_base *base, struct weather *w, size_t *ret_answered)
{
    struct trm_forecast *f = NULL;
    enum trm_status status = trm_forecast(base, NULL, &w->config, w->values, w->n, &w->request, &f);

    if (status == TRM_EMISSING || status == TRM_ESHORT)
        return NULL;
    if (status == TRM_EINVAL && w->request.min > w->request.max)
        return NULL;
    if (status != TRM_OK)
        return trm_status_text(status);
    (*ret_answered)++;
    const char *what = complaint(w, f);
    if (!what && trm_rng_uniform(&w->rng) < .2)
        what = scaled_complaint(base, w, f);
    trm_forecast_free(f);
    return what;
}

int main(int argc, char **argv)
{
    unsigned long long series = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000;
    unsigned long long seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    struct trm_base *base = NULL;
    size_t answered = 0;

    if (trm_base_decode(trm_base_embedded, trm_base_embedded_n, &base) != TRM_OK)
        return 1;
    for (unsigned long long i = 0; i < series; i++) {
        static struct weather w;
        trm_rng_seed(&w.rng, (seed << 40) + i);
        gather(&w);
        const char *what = storm(base, &w, &answered);
        if (what) {
            printf("not ok 1 - series %llu of seed %llu: %s\n1..1\n", i, seed, what);
            return 1;
        }
    }
    trm_base_free(base);
    printf("ok 1 - %llu random series, %zu answered\n1..1\n", series, answered);
    return answered * 2 > series ? 0 : 1;
}
