/* The checkpoint: a round trip changes nothing, and no damage goes unnoticed. */
#include "check.h"

#include "a_base.h"

#include "core/checkpoint.h"

static struct trm_base *base; /* of kind TRM; NULL for literal */
static struct trm_model *model;
static unsigned char *bytes;
static size_t bytes_n;

static int prepare(enum trm_kind kind)
{
    struct trm_fit_options options = {.config = trm_config_default(12, 12), .seed = 1};
    struct trm_fit_report report;
    static double v[300];

    seasonal_series(v, 300, 12, 1);
    base = kind == TRM_KIND_TRM ? made_base(.02f) : NULL;
    options.config.kind = kind;
    options.config.season2 = 48;
    options.base_weights = base;
    model = fit_all(v, 300, &options, &report);
    bytes_n = trm_checkpoint_bytes(model);
    bytes = malloc(bytes_n);
    assert_int_equal(trm_checkpoint_encode(model, bytes, bytes_n), TRM_OK);
    return 0;
}

static int prepare_literal(void **state)
{
    (void)state;
    return prepare(TRM_KIND_LITERAL);
}

static int prepare_record(void **state)
{
    (void)state;
    return prepare(TRM_KIND_TRM);
}

static int clean(void **state)
{
    (void)state;
    trm_model_free(model);
    trm_base_free(base);
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
    assert_int_equal(trm_model_bytes(again), trm_model_bytes(model));
    assert_memory_equal(trm_model_info(again), trm_model_info(model),
                        sizeof *trm_model_info(model));
    trm_model_free(again);
    free(second);
}

static void every_flipped_bit_is_noticed(void **state)
{
    struct trm_model *none = NULL;

    (void)state;
    for (size_t i = 0; i < bytes_n; i += i < 2400 ? 1 : 97) {
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
    for (size_t n = 0; n < bytes_n; n += n < 2400 ? 1 : 131) {
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
    assert_int_equal(with_u32(8, 3), TRM_EVERSION);
    assert_int_equal(with_u32(12, 2), TRM_ECORRUPT);  /* kind */
    assert_int_equal(with_u32(16, 12), TRM_ECORRUPT); /* a longer period that is not longer */
    for (size_t at = 20; at < 64; at += 4) {
        assert_int_equal(with_u32(at, 0xffffffffu), TRM_ECORRUPT);
        if (at != 60 && at != 32)
            assert_int_equal(with_u32(at, 0x40000001u), TRM_ECORRUPT);
    }
    assert_int_equal(with_u32(64, 1), TRM_ECORRUPT);                    /* count of weights */
    assert_int_equal(with_u32(bytes_n - 8, 0x7fc00000u), TRM_ECORRUPT); /* a NaN weight */
    assert_int_equal(with_u32(bytes_n - 8, 0x7f800000u), TRM_ECORRUPT); /* an infinite one */
}

/* Offsets as in the byte table. */
static void forged_records_are_refused_by_name(void **state)
{
    const size_t ranged[] = {28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68};
    const size_t origin = 168, losses = 11;

    (void)state;
    assert_true(bytes_n < 2400);
    assert_int_equal(with_u32(20, 12), TRM_ECORRUPT); /* knots */
    assert_int_equal(with_u32(24, 1), TRM_EVERSION);  /* made for other drafts */
    for (size_t i = 0; i < sizeof ranged / sizeof *ranged; i++)
        assert_int_equal(with_u32(ranged[i], 0x40000001u), TRM_ECORRUPT);
    assert_int_equal(with_u32(104, TRM_BANK_DRAFTS), TRM_ECORRUPT); /* no draft */
    assert_int_equal(with_u32(108, 0x7fc00000u), TRM_ECORRUPT);     /* a NaN weight of it */
    assert_int_equal(with_u32(origin, 0), TRM_ECORRUPT);            /* leads */
    assert_int_equal(with_u32(origin, 97), TRM_ECORRUPT);
    assert_int_equal(with_u32(origin + 4, 0), TRM_ECORRUPT); /* steps */
    for (size_t i = 0; i < losses; i++) {
        assert_int_equal(with_u32(origin + 8 + 4 * i, 0x7fc00000u), TRM_ECORRUPT);
        assert_int_equal(with_u32(origin + 8 + 4 * i, 0xbf800000u), TRM_ECORRUPT);
    }
    assert_int_equal(with_u32(origin + 8 + 4 * losses, 0x04030201u),
                     TRM_ECORRUPT); /* counts that grow */
}

/* Version 1 is version 2 without kind and longer period. */
static void the_first_version_is_read_as_literal(void **state)
{
    struct trm_model *again = NULL;
    unsigned char *first = malloc(bytes_n);
    size_t n = bytes_n - 8;

    (void)state;
    memcpy(first, bytes, 12);
    first[8] = 1;
    memcpy(first + 12, bytes + 20, bytes_n - 20);
    uint32_t crc = trm_crc32c(0, first, n - 4);
    memcpy(first + n - 4, &crc, 4);
    assert_int_equal(trm_checkpoint_decode(first, n, &again), TRM_OK);
    assert_int_equal(trm_model_info(again)->config.kind, TRM_KIND_LITERAL);
    assert_int_equal(trm_model_info(again)->config.season2, 0);
    assert_int_equal(trm_model_info(again)->parameters, trm_model_info(model)->parameters);
    assert_true(trm_model_info(again)->mase == trm_model_info(model)->mase);
    assert_int_equal(trm_checkpoint_bytes(again), bytes_n);
    trm_model_free(again);
    free(first);
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

#define LITERAL(test) cmocka_unit_test_setup_teardown(test, prepare_literal, clean)
#define RECORD(test) cmocka_unit_test_setup_teardown(test, prepare_record, clean)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LITERAL(round_trip_gives_the_same_bytes),
        RECORD(round_trip_gives_the_same_bytes),
        LITERAL(every_flipped_bit_is_noticed),
        RECORD(every_flipped_bit_is_noticed),
        LITERAL(every_truncation_is_noticed),
        RECORD(every_truncation_is_noticed),
        LITERAL(forged_fields_are_refused_by_name),
        RECORD(forged_records_are_refused_by_name),
        LITERAL(the_first_version_is_read_as_literal),
        cmocka_unit_test(crc_equals_the_published_check_value),
        RECORD(a_buffer_too_small_is_left_alone),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
