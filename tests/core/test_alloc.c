/* Memory runs out at every single allocation in turn: each call then answers TRM_ENOMEM, touches no
 * output, and leaks nothing (the sanitizer build watches that). malloc, calloc and aligned_alloc are
 * wrapped by the linker. */
#include "a_base.h"

#include "core/checkpoint.h"
#include "core/classic.h"
#include "core/fleet.h"
#include "core/forecast.h"
#include "core/literal.h"
#include "core/sense.h"
#include "tests/core/zone_file.h"

static long allowed = -1; /* allocations until the next one fails; -1: never */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

static bool refused(void)
{
    return allowed >= 0 && allowed-- == 0;
}

void *__wrap_malloc(size_t n)
{
    return refused() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refused() ? NULL : __real_calloc(n, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    return refused() ? NULL : __real_aligned_alloc(alignment, n);
}

#define N 260
static double v[N];
static struct trm_fit_options options;

static enum trm_status fit_once(const struct trm_model *base, struct trm_model **ret)
{
    struct trm_fit *fit = NULL;
    struct trm_fit_progress progress;
    struct trm_fit_report report;
    struct trm_fit_options o = options;

    o.base = base;
    enum trm_status status = trm_fit_begin(v, N, &o, &fit);
    if (status != TRM_OK) {
        assert_null(fit);
        return status;
    }
    while ((status = trm_fit_step(fit, &progress)) == TRM_MORE)
        ;
    if (status == TRM_OK)
        status = trm_fit_end(fit, ret, &report);
    trm_fit_free(fit);
    return status;
}

static struct trm_model *made(void)
{
    struct trm_model *model = NULL;

    assert_int_equal(fit_once(NULL, &model), TRM_OK);
    return model;
}

static void fit_survives_every_failed_allocation(void **state)
{
    struct trm_model *base = made();
    long k = 0;

    (void)state;
    for (;; k++) {
        struct trm_model *model = NULL;
        allowed = k;
        enum trm_status status = fit_once(base, &model);
        bool failed = allowed < 0;
        allowed = -1;
        if (!failed) {
            assert_int_equal(status, TRM_OK);
            trm_model_free(model);
            break;
        }
        assert_int_equal(status, TRM_ENOMEM);
        assert_null(model);
    }
    assert_true(k > 10);
    trm_model_free(base);
}

static void forecast_survives_every_failed_allocation(void **state)
{
    struct trm_model *model = made();
    struct trm_forecast_request request = {.horizon = 12, .min = NAN, .max = NAN, .trace = true};

    (void)state;
    for (int with = 0; with < 2; with++)
        for (long k = 0;; k++) {
            struct trm_forecast *f = NULL;
            allowed = k;
            enum trm_status status =
                trm_forecast(NULL, with ? model : NULL, &options.config, v, N, &request, &f);
            bool failed = allowed < 0;
            allowed = -1;
            if (!failed) {
                assert_int_equal(status, TRM_OK);
                assert_true(k > 3);
                trm_forecast_free(f);
                break;
            }
            assert_int_equal(status, TRM_ENOMEM);
            assert_null(f);
        }
    trm_model_free(model);
}

/* Sensing goes on without memory, so a fit of kind TRM may end well although an allocation failed. */
static void shared_networks_survive_every_failed_allocation(void **state)
{
    struct trm_base *shared = made_base(.02f);
    struct trm_fit_options literal = options;
    struct trm_model *old = NULL;
    long fit_k = 0, forecast_k = 0;

    (void)state;
    options.config.kind = TRM_KIND_TRM;
    options.base_weights = shared;
    options.fresh = 24;
    assert_int_equal(fit_once(NULL, &old), TRM_OK);
    for (bool failed = true; failed; fit_k += failed) {
        struct trm_model *model = NULL;
        allowed = fit_k;
        enum trm_status status = fit_once(fit_k % 2 ? old : NULL, &model);
        failed = allowed < 0;
        allowed = -1;
        assert_true(status == TRM_OK || (failed && status == TRM_ENOMEM && !model));
        trm_model_free(model);
    }
    for (bool failed = true; failed; forecast_k += failed) {
        struct trm_forecast_request request = {.horizon = 12, .min = NAN, .max = NAN, .trace = true};
        struct trm_forecast *f = NULL;
        allowed = forecast_k;
        enum trm_status status =
            trm_forecast(shared, forecast_k % 2 ? old : NULL, &options.config, v, N, &request, &f);
        failed = allowed < 0;
        allowed = -1;
        assert_true(status == TRM_OK || (failed && status == TRM_ENOMEM && !f));
        trm_forecast_free(f);
    }
    assert_true(fit_k > 20 && forecast_k > 20);
    size_t n = trm_checkpoint_bytes(old);
    unsigned char *bytes = malloc(n);
    assert_int_equal(trm_checkpoint_encode(old, bytes, n), TRM_OK);
    for (long k = 0; k < 2; k++) {
        struct trm_model *out = NULL;
        allowed = k;
        assert_int_equal(trm_checkpoint_decode(bytes, n, &out), TRM_ENOMEM);
        allowed = -1;
        assert_null(out);
    }
    free(bytes);
    trm_model_free(old);
    trm_base_free(shared);
    options = literal;
}

static void decode_survives_every_failed_allocation(void **state)
{
    struct trm_model *model = made(), *out = NULL;
    size_t n = trm_checkpoint_bytes(model);
    unsigned char *bytes = malloc(n);

    (void)state;
    assert_int_equal(trm_checkpoint_encode(model, bytes, n), TRM_OK);
    for (long k = 0; k < 2; k++) {
        allowed = k;
        assert_int_equal(trm_checkpoint_decode(bytes, n, &out), TRM_ENOMEM);
        allowed = -1;
        assert_null(out);
    }
    free(bytes);
    trm_model_free(model);
}

static void shared_weights_survive_every_failed_allocation(void **state)
{
    long k = 0;

    (void)state;
    for (;; k++) {
        struct trm_base *out = NULL;
        allowed = k;
        enum trm_status status = trm_base_decode(trm_base_embedded, trm_base_embedded_n, &out);
        bool failed = allowed < 0;
        allowed = -1;
        if (!failed) {
            assert_int_equal(status, TRM_OK);
            trm_base_free(out);
            break;
        }
        assert_int_equal(status, TRM_ENOMEM);
        assert_null(out);
    }
    assert_int_equal(k, 2); /* what it is, and its weights */
}

static void bank_and_sense_survive_every_failed_allocation(void **state)
{
    (void)state;
    for (int with = 0; with < 2; with++)
        for (long k = 0;; k++) {
            struct trm_sense *sense = NULL;
            struct trm_bank *bank = NULL;
            allowed = k;
            enum trm_status status =
                with ? trm_sense_new(24, &sense) : trm_bank_new(100, 12, 24, &bank);
            bool failed = allowed < 0;
            allowed = -1;
            if (failed)
                assert_true(status == TRM_ENOMEM && !sense && !bank);
            trm_sense_free(sense);
            trm_bank_free(bank);
            if (!failed) {
                assert_int_equal(status, TRM_OK);
                assert_true(k >= 3);
                break;
            }
        }
}

/* Sensing never fails: without memory for its regressions it has other drafts in their place. */
static void sensing_goes_on_without_memory(void **state)
{
    struct trm_sense *sense = NULL;
    struct trm_history history;
    long k = 0;

    (void)state;
    assert_int_equal(trm_sense_new(24, &sense), TRM_OK);
    assert_int_equal(trm_history_init(&history, v, N, 12), TRM_OK);
    for (bool failed = true; failed; k++) {
        allowed = k;
        trm_sense_make(sense, &history, 0, 24, NULL, 24);
        failed = allowed < 0;
        allowed = -1;
        for (size_t i = 0; i < TRM_SENSE_GLOBALS; i++)
            assert_true(isfinite(sense->global[i]));
        for (size_t i = 0; i < 24 * TRM_SENSE_STEPS; i++)
            assert_true(isfinite(sense->step[i]));
        for (size_t i = 0; i < 24 * TRM_BANK_DRAFTS; i++)
            assert_true(isfinite(sense->value[i]) && isfinite(sense->draft[i]) &&
                        sense->logit[i] <= 0);
    }
    trm_history_done(&history);
    trm_sense_free(sense);
}

/* Every allocation of the beginning; of the many that examples make, every so many. */
static void fleet_training_survives_failed_allocations(void **state)
{
    struct trm_base *champion = made_base(.02f);
    struct trm_source source[8];
    struct trm_fleet_options o = {
        .champion = champion, .source = source, .source_n = 8, .name = "fleet", .seed = 1};

    (void)state;
    for (size_t i = 0; i < 8; i++)
        source[i] = (struct trm_source){.values = v + 20 * i, .n = 40, .season = 1, .horizon = 4};
    for (long k = 0;; k += k < 60 ? 1 : 13) {
        struct trm_fleet *fleet = NULL;
        double fraction;
        allowed = k;
        enum trm_status status = trm_fleet_begin(&o, &fleet);
        assert_true(status == TRM_OK || !fleet);
        while (status == TRM_OK && (status = trm_fleet_step(fleet, &fraction)) == TRM_MORE)
            status = TRM_OK;
        bool failed = allowed < 0;
        allowed = -1;
        trm_fleet_free(fleet);
        assert_true(status == TRM_OK || (failed && status == TRM_ENOMEM)); /* sensing may go on without */
        if (!failed) {
            assert_true(k > 60);
            break;
        }
    }
    trm_base_free(champion);
}

static void zones_survive_every_failed_allocation(void **state)
{
    static unsigned char bytes[TRM_ZONE_BYTES_MAX];
    size_t n = zone_bytes("Berlin", bytes);
    enum trm_status status = TRM_ENOMEM;
    long failures = 0;

    (void)state;
    while (status != TRM_OK) {
        struct trm_zone *zone = NULL;
        allowed = failures++;
        status = trm_zone_decode(bytes, n, &zone);
        allowed = -1;
        assert_true(status == TRM_OK || (status == TRM_ENOMEM && zone == NULL));
        trm_zone_free(zone);
    }
    assert_true(failures > 3);
}

static void classical_methods_survive_every_failed_allocation(void **state)
{
    struct trm_classic_ask ask = {12, 12, NULL, 0};
    double point[12] = {-1};

    (void)state;
    for (int k = 0; k < TRM_CLASSICS; k++)
        for (long at = 0; at < 3; at++) {
            point[0] = -1;
            allowed = at;
            enum trm_status status = trm_classic((enum trm_classic)k, v, N, &ask, point, NULL, NULL);
            allowed = -1;
            assert_int_equal(status, at < 2 ? TRM_ENOMEM : TRM_OK);
            assert_true((point[0] == -1) == (at < 2));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fit_survives_every_failed_allocation),
        cmocka_unit_test(forecast_survives_every_failed_allocation),
        cmocka_unit_test(shared_networks_survive_every_failed_allocation),
        cmocka_unit_test(fleet_training_survives_failed_allocations),
        cmocka_unit_test(decode_survives_every_failed_allocation),
        cmocka_unit_test(shared_weights_survive_every_failed_allocation),
        cmocka_unit_test(bank_and_sense_survive_every_failed_allocation),
        cmocka_unit_test(sensing_goes_on_without_memory),
        cmocka_unit_test(zones_survive_every_failed_allocation),
        cmocka_unit_test(classical_methods_survive_every_failed_allocation),
    };
    seasonal_series(v, N, 12, 1);
    options = (struct trm_fit_options){.config = trm_config_default(12, 12), .seed = 1};
    options.config.kind = TRM_KIND_LITERAL;
    options.config.supervision = 2;
    options.config.recursions = 2;
    return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
