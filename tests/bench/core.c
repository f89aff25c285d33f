/* What core costs: one fit of a made-up hourly series of 1,000 points, a forecast with and without a
 * model, bytes per model, and the matrix kernel as a multiple of plain loops timed in turn with it.
 * CPU time of this thread, medians of `rounds` (argument, default 9). Ratios carry over to other
 * machines, milliseconds do not. */
#include "core/base_embedded.h"
#include "core/classic.h"
#include "core/fit.h"
#include "core/forecast.h"
#include "core/kernel.h"
#include "core/rng.h"
#include "core/think.h"
#include "tests/bench/rounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define N 1000
#define H 48
#define ROUNDS_MAX 101

static void make_series(double *v)
{
    struct trm_rng rng;

    trm_rng_seed(&rng, 1);
    for (int t = 0; t < N; t++)
        v[t] = 100 + 10 * sin(6.2831853 * t / 24) + 5 * sin(6.2831853 * t / 168) +
               2 * trm_rng_normal(&rng);
}

static struct trm_model *fit(const double *v, const struct trm_model *base)
{
    struct trm_fit_options options = {
        .config = trm_config_default(24, H), .base = base, .seed = 1};
    struct trm_fit_progress progress;
    struct trm_fit_report report;
    struct trm_model *model = NULL;
    struct trm_fit *f = NULL;

    options.config.kind = TRM_KIND_LITERAL;
    if (trm_fit_begin(v, N, &options, &f) != TRM_OK)
        exit(1);
    while (trm_fit_step(f, &progress) == TRM_MORE)
        ;
    if (trm_fit_end(f, &model, &report) != TRM_OK)
        exit(1);
    trm_fit_free(f);
    return model;
}

static void forecast(const struct trm_model *model, const double *v)
{
    struct trm_config config = trm_config_default(24, H);
    struct trm_forecast_request request = {
        .horizon = H, .levels = trm_knot_levels, .level_n = TRM_KNOTS, .min = NAN, .max = NAN};
    struct trm_forecast *f;

    config.kind = TRM_KIND_LITERAL;
    if (trm_forecast(NULL, model, &config, v, N, &request, &f) != TRM_OK)
        exit(1);
    trm_forecast_free(f);
}

static void plain_product(size_t n, const float *a, const float *b, float *c)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t p = 0; p < n; p++)
                c[i * n + j] += a[i * n + p] * b[p * n + j];
}

static void bench_kernel(int rounds)
{
    enum { SIZE = 192 };
    static float a[SIZE * SIZE], b[SIZE * SIZE], c[SIZE * SIZE];
    double fast[ROUNDS_MAX], plain[ROUNDS_MAX], ratio[ROUNDS_MAX];
    const struct trm_kernels *k = trm_kernels();

    for (size_t i = 0; i < SIZE * SIZE; i++)
        a[i] = b[i] = (float)(i % 7) - 3;
    for (int r = 0; r < rounds; r++) {
        double start = cpu_ms();
        k->sgemm(SIZE, SIZE, SIZE, a, SIZE, 1, b, SIZE, c, SIZE);
        fast[r] = cpu_ms() - start;
        start = cpu_ms();
        plain_product(SIZE, a, b, c);
        plain[r] = cpu_ms() - start;
        ratio[r] = plain[r] / fast[r];
    }
    printf("{\"kernel\":\"%s\",\"sgemm_gflops\":%.1f,\"times_plain_loops\":%.1f}\n", k->name,
           2e-6 * SIZE * SIZE * SIZE / median(fast, rounds), median(ratio, rounds));
}

/* ---- the shared networks ---- */

/* Milliseconds of sensing (drafts and their record), of all supervision steps, and of a whole forecast. */
static void bench_shared(const struct trm_base *base, const double *v, size_t n, size_t season,
                         size_t season2, size_t leads, int rounds)
{
    double sense[ROUNDS_MAX], think[ROUNDS_MAX], whole[ROUNDS_MAX];
    struct trm_config config = trm_config_default(season, leads);
    struct trm_forecast_request request = {
        .horizon = leads, .levels = trm_knot_levels, .level_n = TRM_KNOTS, .min = NAN, .max = NAN};
    struct trm_history history;
    struct trm_think *t;

    config.season2 = (uint32_t)season2;
    if (trm_think_new(base, leads, &t) != TRM_OK ||
        trm_history_init_short(&history, v, n, season) != TRM_OK)
        exit(1);
    for (int r = 0; r < rounds; r++) {
        struct trm_forecast *f;
        double t0 = cpu_ms();
        trm_think_begin(t, &history, season2, leads);
        double t1 = cpu_ms();
        for (uint32_t s = 0; s < base->shape.supervision; s++)
            trm_think_step(t);
        double t2 = cpu_ms();
        if (trm_forecast(base, NULL, &config, v, n, &request, &f) != TRM_OK)
            exit(1);
        trm_forecast_free(f);
        sense[r] = t1 - t0, think[r] = t2 - t1, whole[r] = cpu_ms() - t2;
    }
    printf("{\"shared\":%zu,\"points\":%zu,\"horizon\":%zu,\"sense_ms\":%.3f,\"think_ms\":%.3f,"
           "\"forecast_ms\":%.3f}\n",
           base->network_n * base->parameters, n, leads, median(sense, rounds), median(think, rounds),
           median(whole, rounds));
    trm_history_done(&history);
    trm_think_free(t);
}

/* A full record, and one made longer by a single new value. */
static void bench_record(const struct trm_base *base, const double *v, int rounds)
{
    double full[ROUNDS_MAX], update[ROUNDS_MAX];

    for (int r = 0; r < rounds; r++) {
        struct trm_fit_options options = {.config = trm_config_default(24, H), .base_weights = base};
        struct trm_model *model[2] = {NULL, NULL};
        struct trm_fit_report report;
        struct trm_fit_progress progress;
        options.config.season2 = 168;
        for (int i = 0; i < 2; i++) {
            struct trm_fit *f;
            double start = cpu_ms();
            options.base = model[0];
            options.fresh = (size_t)i;
            if (trm_fit_begin(v, N - 1 + (size_t)i, &options, &f) != TRM_OK)
                exit(1);
            while (trm_fit_step(f, &progress) == TRM_MORE)
                ;
            if (trm_fit_end(f, &model[i], &report) != TRM_OK)
                exit(1);
            trm_fit_free(f);
            *(i ? &update[r] : &full[r]) = cpu_ms() - start;
        }
        trm_model_free(model[0]);
        trm_model_free(model[1]);
    }
    printf("{\"record_full_ms\":%.2f,\"record_one_value_ms\":%.2f}\n", median(full, rounds),
           median(update, rounds));
}

/* The classical methods, each a whole forecast. */
static void bench_classic(const double *v, size_t n, size_t season, size_t leads, int rounds)
{
    double ms[ROUNDS_MAX], point[H];
    struct trm_classic_ask ask = {season, leads, NULL, 0};

    printf("{\"points\":%zu", n);
    for (int k = 0; k < TRM_CLASSICS; k++) {
        for (int r = 0; r < rounds; r++) {
            double start = cpu_ms();
            if (trm_classic((enum trm_classic)k, v, n, &ask, point, NULL, NULL) != TRM_OK)
                exit(1);
            ms[r] = cpu_ms() - start;
        }
        printf(",\"%s_ms\":%.3f", trm_classic_name((enum trm_classic)k), median(ms, rounds));
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 9;
    double full[ROUNDS_MAX], update[ROUNDS_MAX], warm[ROUNDS_MAX], bare[ROUNDS_MAX], v[N];

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "core: rounds must be 1..%d\n", ROUNDS_MAX);
        return 2;
    }
    make_series(v);
    for (int r = 0; r < rounds; r++) {
        double t0 = cpu_ms();
        struct trm_model *base = fit(v, NULL);
        double t1 = cpu_ms();
        struct trm_model *next = fit(v, base);
        double t2 = cpu_ms();
        forecast(next, v);
        double t3 = cpu_ms();
        forecast(NULL, v);
        full[r] = t1 - t0, update[r] = t2 - t1, warm[r] = t3 - t2, bare[r] = cpu_ms() - t3;
        if (r == 0)
            printf("{\"parameters\":%zu,\"model_bytes\":%zu}\n", trm_model_info(next)->parameters,
                   trm_model_bytes(next));
        trm_model_free(base);
        trm_model_free(next);
    }
    printf("{\"points\":%d,\"full_fit_ms\":%.1f,\"incremental_fit_ms\":%.1f,\"forecast_ms\":%.2f,"
           "\"forecast_without_model_ms\":%.2f}\n",
           N, median(full, rounds), median(update, rounds), median(warm, rounds), median(bare, rounds));
    struct trm_base *base;
    if (trm_base_decode(trm_base_embedded, trm_base_embedded_n, &base) != TRM_OK)
        return 1;
    bench_shared(base, v, N, 24, 168, H, rounds);
    bench_shared(base, v, 120, 12, 0, 18, rounds);
    bench_record(base, v, rounds);
    bench_classic(v, N, 24, H, rounds);
    bench_classic(v, 120, 12, 18, rounds);
    trm_base_free(base);
    bench_kernel(rounds);
    return 0;
}
