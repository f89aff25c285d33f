/* The checkpoint: a round trip changes nothing, and no damage goes unnoticed. */
#include "check.h"

#include "core/checkpoint.h"
#include "core/fit.h"

static struct trm_model *model;
static unsigned char *bytes;
static size_t bytes_n;

static int prepare(void **state)
{
    static double v[300];
    struct trm_config config = trm_config_default(12, 12);
    struct trm_fit_options options = {.config = config, .seed = 1};
    struct trm_fit_progress progress;
    struct trm_fit_report report;
    struct trm_fit *fit;

    (void)state;
    seasonal_series(v, 300, 12, 1);
    assert_int_equal(trm_fit_begin(v, 300, &options, &fit), TRM_OK);
    while (trm_fit_step(fit, &progress) == TRM_MORE)
        ;
    assert_int_equal(trm_fit_end(fit, &model, &report), TRM_OK);
    trm_fit_free(fit);
    bytes_n = trm_checkpoint_bytes(model);
    bytes = malloc(bytes_n);
    assert_int_equal(trm_checkpoint_encode(model, bytes, bytes_n), TRM_OK);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    trm_model_free(model);
    free(bytes);
    return 0;
}

static void round_trip_gives_the_same_bytes(void **state)
{
    struct trm_model *again = NULL;
    unsigned char *second = malloc(bytes_n);

    (void)state;
    assert_int_equal(trm_checkpoint_decode(bytes, bytes_n, &again), TRM_OK);
    assert_int_equal(trm_checkpoint_bytes(again), bytes_n);
    assert_int_equal(trm_checkpoint_encode(again, second, bytes_n), TRM_OK);
    assert_memory_equal(second, bytes, bytes_n);
    assert_int_equal(trm_model_info(again)->parameters, trm_model_info(model)->parameters);
    trm_model_free(again);
    free(second);
}

static void every_flipped_bit_is_noticed(void **state)
{
    struct trm_model *none = NULL;

    (void)state;
    for (size_t i = 0; i < bytes_n; i += i < 400 ? 1 : 97) {
        unsigned char keep = bytes[i];
        bytes[i] ^= (unsigned char)(1u << i % 8);
        assert_int_not_equal(trm_checkpoint_decode(bytes, bytes_n, &none), TRM_OK);
        bytes[i] = keep;
    }
    assert_null(none);
}

static void every_truncation_is_noticed(void **state)
{
    struct trm_model *none = NULL;

    (void)state;
    for (size_t n = 0; n < bytes_n; n += n < 400 ? 1 : 131) {
        unsigned char *exact = malloc(n + 1); /* the sanitizer watches its end */
        memcpy(exact, bytes, n);
        assert_int_equal(trm_checkpoint_decode(exact, n, &none), TRM_ECORRUPT);
        free(exact);
    }
    assert_null(none);
}

/* Writes a field and makes the checksum right again: what is left to notice is the value. */
static enum trm_status with_u32(size_t at, uint32_t v)
{
    unsigned char *forged = malloc(bytes_n);
    struct trm_model *out = NULL;

    memcpy(forged, bytes, bytes_n);
    memcpy(forged + at, &v, 4);
    uint32_t crc = trm_crc32c(0, forged, bytes_n - 4);
    memcpy(forged + bytes_n - 4, &crc, 4);
    enum trm_status status = trm_checkpoint_decode(forged, bytes_n, &out);
    trm_model_free(out);
    free(forged);
    return status;
}

static void forged_fields_are_refused_by_name(void **state)
{
    (void)state;
    assert_int_equal(with_u32(8, 2), TRM_EVERSION);
    for (size_t at = 12; at < 56; at += 4) {
        assert_int_equal(with_u32(at, 0xffffffffu), TRM_ECORRUPT);
        if (at != 52 && at != 24)
            assert_int_equal(with_u32(at, 0x40000001u), TRM_ECORRUPT);
    }
    assert_int_equal(with_u32(56, 1), TRM_ECORRUPT);                /* count of weights */
    assert_int_equal(with_u32(bytes_n - 8, 0x7fc00000u), TRM_ECORRUPT); /* a NaN weight */
    assert_int_equal(with_u32(bytes_n - 8, 0x7f800000u), TRM_ECORRUPT); /* an infinite one */
}

static void crc_equals_the_published_check_value(void **state)
{
    (void)state;
    assert_int_equal(trm_crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(trm_crc32c(trm_crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
}

static void a_buffer_too_small_is_left_alone(void **state)
{
    unsigned char small[4] = {1, 2, 3, 4};

    (void)state;
    assert_int_equal(trm_checkpoint_encode(model, small, sizeof small), TRM_ERANGE);
    assert_int_equal(small[0], 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_gives_the_same_bytes),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(every_truncation_is_noticed),
        cmocka_unit_test(forged_fields_are_refused_by_name),
        cmocka_unit_test(crc_equals_the_published_check_value),
        cmocka_unit_test(a_buffer_too_small_is_left_alone),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, prepare, clean);
}
