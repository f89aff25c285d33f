/* Snappy blocks: those of another encoder, of our own with every kind of element, and broken ones.
 */
#include "server/wire/snappy.h"
#include "tests/wire/encode.h"
#include "tests/wire/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX ((size_t)1 << 20)

/* Decodes between guard pages. */
static int decode(const void *bytes, size_t n, uint8_t **ret, size_t *ret_n, struct err *err)
{
    uint8_t *in = guarded(bytes, n);
    int failed = snappy_size(in, n, MAX, ret_n, err);
    if (failed == 0) {
        *ret = guarded(NULL, *ret_n);
        failed = snappy_decode(in, n, *ret, *ret_n, err);
        if (failed != 0) {
            guarded_free(*ret, *ret_n);
        }
    }
    guarded_free(in, n);
    return failed;
}

static void assert_decodes(const void *block, size_t block_n, const void *want, size_t want_n)
{
    struct err err;
    uint8_t *got = NULL;
    size_t got_n;
    assert_int_equal(decode(block, block_n, &got, &got_n, &err), 0);
    assert_int_equal(got_n, want_n);
    if (want_n > 0) {
        assert_memory_equal(got, want, want_n);
    }
    guarded_free(got, got_n);
}

static void assert_refused(const void *block, size_t n, const char *words, const char *place)
{
    struct err err;
    uint8_t *got = NULL;
    size_t got_n;
    assert_int_equal(decode(block, n, &got, &got_n, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    if (strstr(err.msg, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
    }
    assert_string_equal(err.place, place);
}

#define BLOCK(text) text, sizeof text - 1

static void blocks_of_another_encoder_decode_to_what_went_in(void **state)
{
    (void)state;
    assert_decodes(vector_text_snappy, sizeof vector_text_snappy, vector_text, sizeof vector_text);
    assert_decodes(vector_write_1_snappy, sizeof vector_write_1_snappy, vector_write_1,
                   sizeof vector_write_1);
    assert_decodes(vector_write_2_snappy, sizeof vector_write_2_snappy, vector_write_2,
                   sizeof vector_write_2);
}

static void elements_written_by_hand_decode_as_the_format_says(void **state)
{
    (void)state;
    assert_decodes(BLOCK("\0"), "", 0);
    assert_decodes(BLOCK("\x03\x08"
                         "abc"),
                   "abc", 3);
    /* A copy that reads what it writes: xab, then 4 from 2 back. */
    assert_decodes(BLOCK("\x07\x08xab\x01\x02"), "xababab", 7);
    assert_decodes(BLOCK("\x07\x08xab\x0e\x02\0"), "xababab", 7);
    assert_decodes(BLOCK("\x07\x08xab\x0f\x02\0\0\0"), "xababab", 7);
    /* A literal whose length takes a byte, or four, though it fits the tag. */
    assert_decodes(BLOCK("\x02\xf0\x01hi"), "hi", 2);
    assert_decodes(BLOCK("\x02\xfc\x01\0\0\0hi"), "hi", 2);
}

/* Long repeats, short repeats and noise. */
static void make_data(uint8_t *data, size_t n, uint64_t *seed)
{
    for (size_t i = 0; i < n;) {
        size_t run = 1 + (size_t)(next_random(seed) % 200), kind = next_random(seed) % 4;
        size_t back =
            i == 0 ? 0 : 1 + (size_t)(next_random(seed) % (kind == 1 ? (i < 20 ? i : 20) : i));
        for (; run > 0 && i < n; run--, i++) {
            data[i] = kind == 0 || back == 0 ? (uint8_t)next_random(seed) : data[i - back];
        }
    }
}

static void what_is_encoded_at_random_decodes_to_the_same(void **state)
{
    static uint8_t data[100000];
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 400; round++) {
        struct bytes block = {0};
        size_t n = (size_t)(next_random(&seed) % (round % 40 == 0 ? sizeof data : 3000));
        make_data(data, n, &seed);
        snappy_encode(data, n, &seed, &block);
        assert_decodes(block.at, block.n, data, n);
        block.n = 0;
        snappy_compress(data, n, &block);
        assert_decodes(block.at, block.n, data, n);
        bytes_done(&block);
    }
}

static void broken_blocks_are_refused_with_the_byte_of_the_element(void **state)
{
    (void)state;
    assert_refused(BLOCK(""), "uncompressed size", "byte 0");
    assert_refused(BLOCK("\x80\x80"), "uncompressed size", "byte 0");
    assert_refused(BLOCK("\xff\xff\xff\xff\x1f"), "uncompressed size", "byte 0");
    assert_refused(BLOCK("\xff\x06\0\0sNaPpY"), "framed", "byte 0");
    assert_refused(BLOCK("\x03\x08"
                         "ab"),
                   "ends inside", "byte 1");
    assert_refused(BLOCK("\x03\xf4\x08"), "ends inside", "byte 1");
    assert_refused(BLOCK("\x02\x08"
                         "abc"),
                   "2 are left", "byte 1");
    assert_refused(BLOCK("\x04\x08"
                         "abc"),
                   "after 3 of the 4", "byte 5");
    assert_refused(BLOCK("\x07\x08xab\x01\x00"), "0 bytes back, expected 1 to the 3", "byte 5");
    assert_refused(BLOCK("\x07\x08xab\x01\x04"), "4 bytes back", "byte 5");
    assert_refused(BLOCK("\x06\x08xab\x01\x02"), "3 are left", "byte 5");
    assert_refused(BLOCK("\x07\x08xab\x0e\x02"), "ends inside", "byte 5");
    assert_refused(BLOCK("\x04\x01\x01"), "expected 1 to the 0", "byte 1");
}

static void a_size_over_the_maximum_is_refused_before_anything_is_allocated(void **state)
{
    struct err err;
    char *out = NULL;
    size_t n = 7;
    (void)state;
    assert_int_equal(snappy_decode_new(vector_text_snappy, sizeof vector_text_snappy,
                                       sizeof vector_text - 1, &out, &n, &err),
                     -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_null(out);
    assert_int_equal(n, 7);
    assert_int_equal(snappy_decode_new(vector_text_snappy, sizeof vector_text_snappy,
                                       sizeof vector_text, &out, &n, &err),
                     0);
    assert_int_equal(n, sizeof vector_text);
    assert_memory_equal(out, vector_text, n);
    free(out);
}

static void a_size_that_the_bytes_cannot_make_is_refused(void **state)
{
    /* 4 GiB less a byte, from 3 bytes. */
    static const uint8_t bomb[] = {0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 'a', 'b'};
    /* The densest block there is: 64 bytes from 3. */
    struct bytes dense = {0};
    uint8_t want[1 + 64 * 1000];
    struct err err;
    size_t n;
    (void)state;
    assert_int_equal(snappy_size(bomb, sizeof bomb, SIZE_MAX, &n, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    put_varint(&dense, sizeof want);
    bytes_add(&dense, "\0a", 2);
    for (int i = 0; i < 1000; i++) {
        bytes_add(&dense, "\xfe\x01\0", 3);
    }
    memset(want, 'a', sizeof want);
    assert_decodes(dense.at, dense.n, want, sizeof want);
    bytes_done(&dense);
}

static void a_block_cut_anywhere_or_with_a_bit_flipped_never_leaves_its_memory(void **state)
{
    struct err err;
    uint8_t block[sizeof vector_text_snappy], *got;
    size_t got_n;
    (void)state;
    for (size_t n = 0; n < sizeof block; n++) {
        assert_int_equal(decode(vector_text_snappy, n, &got, &got_n, &err), -1);
    }
    for (size_t bit = 0; bit < 8 * sizeof block; bit++) {
        memcpy(block, vector_text_snappy, sizeof block);
        block[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (decode(block, sizeof block, &got, &got_n, &err) == 0) {
            guarded_free(got, got_n);
        } else {
            assert_true(err.msg[0] != '\0');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_of_another_encoder_decode_to_what_went_in),
        cmocka_unit_test(elements_written_by_hand_decode_as_the_format_says),
        cmocka_unit_test(what_is_encoded_at_random_decodes_to_the_same),
        cmocka_unit_test(broken_blocks_are_refused_with_the_byte_of_the_element),
        cmocka_unit_test(a_size_over_the_maximum_is_refused_before_anything_is_allocated),
        cmocka_unit_test(a_size_that_the_bytes_cannot_make_is_refused),
        cmocka_unit_test(a_block_cut_anywhere_or_with_a_bit_flipped_never_leaves_its_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
