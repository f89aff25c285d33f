/* Memory runs out at every single allocation in turn: each call then answers TRM_ENOMEM, touches no
 * output, and leaks nothing (the sanitizer build watches that). malloc and calloc are wrapped by the
 * linker. */
#include "check.h"

#include "core/checkpoint.h"
#include "core/fit.h"
#include "core/forecast.h"
#include "core/literal.h"

static long allowed = -1; /* allocations until the next one fails; -1: never */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);

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
                trm_forecast(with ? model : NULL, &options.config, v, N, &request, &f);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fit_survives_every_failed_allocation),
        cmocka_unit_test(forecast_survives_every_failed_allocation),
        cmocka_unit_test(decode_survives_every_failed_allocation),
    };
    seasonal_series(v, N, 12, 1);
    options = (struct trm_fit_options){.config = trm_config_default(12, 12), .seed = 1};
    options.config.supervision = 2;
    options.config.recursions = 2;
    return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
