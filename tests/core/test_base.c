/* The shared weights as bytes: a round trip changes nothing, no damage goes unnoticed, and weights for other
 * inputs are refused by name. */
#include "check.h"

#include "core/base.h"
#include "core/base_embedded.h"
#include "core/checkpoint.h"
#include "core/example.h"

#define HEAD 100

static struct trm_base *base;
static unsigned char *bytes;
static size_t bytes_n;

static int prepare(void **state)
{
    struct trm_thinker_shape shape = trm_example_shape(16, 16, 3, 2);

    (void)state;
    assert_int_equal(trm_base_new(&shape, 2, "made in a test", &base), TRM_OK);
    for (size_t k = 0; k < base->network_n; k++)
        trm_thinker_init(&shape, k, base->weights[k]);
    bytes_n = trm_base_bytes(base);
    bytes = malloc(bytes_n);
    assert_int_equal(trm_base_encode(base, bytes, bytes_n), TRM_OK);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    trm_base_free(base);
    free(bytes);
    return 0;
}

static void round_trip_gives_the_same_weights_and_bytes(void **state)
{
    struct trm_base *again = NULL;
    unsigned char *second = malloc(bytes_n);

    (void)state;
    assert_int_equal(trm_base_decode(bytes, bytes_n, &again), TRM_OK);
    assert_int_equal(trm_base_bytes(again), bytes_n);
    assert_int_equal(again->network_n, 2);
    assert_string_equal(again->name, "made in a test");
    assert_true(again->identity == trm_base_identity(bytes, bytes_n));
    assert_memory_equal(&again->shape, &base->shape, sizeof base->shape);
    for (size_t k = 0; k < 2; k++) {
        assert_memory_equal(again->weights[k], base->weights[k], base->parameters * sizeof(float));
        assert_int_equal((uintptr_t)again->weights[k] % 64, 0);
    }
    assert_int_equal(trm_base_encode(again, second, bytes_n), TRM_OK);
    assert_memory_equal(second, bytes, bytes_n);
    trm_base_free(again);
    free(second);
}

static void identity_is_the_published_hash(void **state)
{
    (void)state;
    assert_true(trm_base_identity("", 0) == UINT64_C(0xcbf29ce484222325));
    assert_true(trm_base_identity("foobar", 6) == UINT64_C(0x85944171f73967e8));
}

/* A flip in the head is tried everywhere, further on at places that visit every byte of a float. */
static void every_flipped_byte_is_refused(void **state)
{
    struct trm_base *none = NULL;

    (void)state;
    for (size_t i = 0; i < bytes_n; i += i < HEAD + 64 || i + 16 > bytes_n ? 1 : 23) {
        unsigned char flip = (unsigned char)(i % 3 ? 1u << i % 8 : 0xff);
        bytes[i] ^= flip;
        enum trm_status status = trm_base_decode(bytes, bytes_n, &none);
        bytes[i] ^= flip;
        assert_int_equal(status, i >= 8 && i < 12 ? TRM_EVERSION : TRM_ECORRUPT);
    }
    assert_null(none);
}

static void every_truncation_is_refused(void **state)
{
    struct trm_base *none = NULL;

    (void)state;
    for (size_t n = 0; n < bytes_n; n += n < HEAD + 8 ? 1 : 197) {
        unsigned char *exact = malloc(n + 1); /* the sanitizer watches its end */
        memcpy(exact, bytes, n);
        assert_int_equal(trm_base_decode(exact, n, &none), TRM_ECORRUPT);
        free(exact);
    }
    assert_null(none);
}

/* Makes the checksum right again: what is left to notice is the value. */
static enum trm_status decode_sealed(unsigned char *forged, size_t n)
{
    struct trm_base *out = NULL;
    uint32_t crc = trm_crc32c(0, forged, n - 4);

    for (int i = 0; i < 4; i++)
        forged[n - 4 + i] = (unsigned char)(crc >> 8 * i);
    enum trm_status status = trm_base_decode(forged, n, &out);
    assert_true(status == TRM_OK ? out != NULL : out == NULL);
    trm_base_free(out);
    return status;
}

static enum trm_status with_u32(size_t at, uint32_t v)
{
    unsigned char *forged = malloc(bytes_n);

    memcpy(forged, bytes, bytes_n);
    for (int i = 0; i < 4; i++)
        forged[at + i] = (unsigned char)(v >> 8 * i);
    enum trm_status status = decode_sealed(forged, bytes_n);
    free(forged);
    return status;
}

static void weights_for_other_inputs_are_refused_by_name(void **state)
{
    (void)state;
    assert_int_equal(with_u32(8, 2), TRM_EVERSION);
    assert_int_equal(with_u32(12, trm_base_layout() ^ 1), TRM_EVERSION);
    assert_int_equal(with_u32(12, trm_base_layout()), TRM_OK);
}

static void forged_fields_are_refused(void **state)
{
    (void)state;
    for (size_t at = 16; at < 68; at += 4) {
        assert_int_equal(with_u32(at, 0xffffffffu), TRM_ECORRUPT);
        assert_int_equal(with_u32(at, 0x40000010u), TRM_ECORRUPT);
        if (at != 64) /* the upper half of the weights' number is 0 */
            assert_int_equal(with_u32(at, 0), TRM_ECORRUPT);
    }
    assert_int_equal(with_u32(68, 0), TRM_ECORRUPT);            /* a name that begins with its end */
    assert_int_equal(with_u32(96, 0x20202020u), TRM_ECORRUPT);  /* or has something after it */
    assert_int_equal(with_u32(68, 0x0a0a0a0au), TRM_ECORRUPT);  /* or breaks lines */
    assert_int_equal(with_u32(HEAD, 0x7fc00000u), TRM_ECORRUPT); /* a NaN weight */
    assert_int_equal(with_u32(bytes_n - 8, 0xff800000u), TRM_ECORRUPT); /* an infinite one */
}

/* Sealed noise in the head: whatever it claims, the answer is a status and no read past the end. */
static void noise_in_the_head_is_survived(void **state)
{
    unsigned char *forged = malloc(HEAD + 4);
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 7);
    for (int round = 0; round < 20000; round++) {
        memcpy(forged, bytes, HEAD);
        for (size_t hits = 1 + trm_rng_below(&rng, 8); hits; hits--)
            forged[8 + trm_rng_below(&rng, HEAD - 8)] = (unsigned char)trm_rng_next(&rng);
        assert_int_not_equal(decode_sealed(forged, HEAD + 4), TRM_OK);
    }
    free(forged);
}

static void what_cannot_be_a_base_is_not_made(void **state)
{
    struct trm_thinker_shape shape = trm_example_shape(16, 16, 3, 2), odd = shape;
    struct trm_base *none = NULL;

    (void)state;
    odd.drafts++;
    assert_int_equal(trm_base_new(&odd, 1, "a", &none), TRM_EINVAL);
    assert_int_equal(trm_base_new(&shape, 0, "a", &none), TRM_EINVAL);
    assert_int_equal(trm_base_new(&shape, TRM_BASE_NETWORKS_MAX + 1, "a", &none), TRM_EINVAL);
    assert_int_equal(trm_base_new(&shape, 1, "", &none), TRM_EINVAL);
    assert_int_equal(trm_base_new(&shape, 1, "a\n", &none), TRM_EINVAL);
    assert_int_equal(trm_base_new(&shape, 1, "a name of more than thirty-one characters", &none), TRM_EINVAL);
    assert_null(none);
}

static void a_buffer_too_small_is_left_alone(void **state)
{
    unsigned char small[4] = {1, 2, 3, 4};

    (void)state;
    assert_int_equal(trm_base_encode(base, small, sizeof small), TRM_ERANGE);
    assert_int_equal(small[0], 1);
}

static void the_embedded_base_is_made_for_this_build(void **state)
{
    struct trm_base *embedded = NULL;

    (void)state;
    assert_int_equal((uintptr_t)trm_base_embedded % 64, 0);
    assert_int_equal(trm_base_decode(trm_base_embedded, trm_base_embedded_n, &embedded), TRM_OK);
    assert_int_equal(trm_base_bytes(embedded), trm_base_embedded_n);
    trm_base_free(embedded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_gives_the_same_weights_and_bytes),
        cmocka_unit_test(identity_is_the_published_hash),
        cmocka_unit_test(every_flipped_byte_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(weights_for_other_inputs_are_refused_by_name),
        cmocka_unit_test(forged_fields_are_refused),
        cmocka_unit_test(noise_in_the_head_is_survived),
        cmocka_unit_test(what_cannot_be_a_base_is_not_made),
        cmocka_unit_test(a_buffer_too_small_is_left_alone),
        cmocka_unit_test(the_embedded_base_is_made_for_this_build),
    };
    return cmocka_run_group_tests_name("base", tests, prepare, clean);
}
