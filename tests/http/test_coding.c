/* Content codings: what a client wants, what a body comes in, and what is worth packing. */
#include "server/http/coding.h"
#include "server/http/deflater.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static void gzip_is_wanted_as_the_q_values_say(void **state)
{
    static const struct {
        const char *accept;
        bool wanted;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZip", true},
        {"x-gzip", true},
        {"deflate, gzip, br, zstd", true},
        {"gzip,deflate", true},
        {"deflate, br", false},
        {"gzipped", false},
        {"*", true},
        {"*;q=0", false},
        {"*;q=0, gzip", true},
        {"*, gzip;q=0", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"gzip;q=0.001", true},
        {"gzip;q=1.0", true},
        {"gzip;q=1.000", true},
        {"gzip ; q=0.5", true},
        {"gzip\t;\tQ=0.5 , br", true},
        {"identity, gzip;q=0.5", false},
        {"identity;q=0.5, gzip;q=0.5", true},
        {"identity;q=0.4, gzip;q=0.5", true},
        {"identity;q=0, *;q=0.1", true},
        {"gzip;q=0.2, identity;q=0.9", false},
        {", ,gzip", true},
        {"gzip;q=0,gzip;q=1", true},
        /* A weight that is none is no wish. */
        {"gzip;q=1.001", false},
        {"gzip;q=2", false},
        {"gzip;q=0.0001", false},
        {"gzip;q=.5", false},
        {"gzip;q=-1", false},
        {"gzip;q=", false},
        {"gzip;q", false},
        {"gzip;", false},
        {"gzip q=1", false},
        {"gzip;level=9", false},
        {"gzip;q=0,5", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (coding_wants_gzip(cases[i].accept) != cases[i].wanted)
            fail_msg("%s", cases[i].accept);
}

static void a_body_comes_in_a_coding_that_is_known_or_is_refused(void **state)
{
    enum coding coding = CODING_ZSTD;
    (void)state;
    assert_true(coding_of_content(NULL, &coding));
    assert_int_equal(coding, CODING_IDENTITY);
    assert_true(coding_of_content("GZIP", &coding));
    assert_int_equal(coding, CODING_GZIP);
    assert_true(coding_of_content("Identity", &coding));
    assert_int_equal(coding, CODING_IDENTITY);
    assert_false(coding_of_content("br", &coding));
    assert_false(coding_of_content("", &coding));
    assert_false(coding_of_content("gzip, gzip", &coding));
#ifdef TSTRM_ZSTD
    assert_true(coding_of_content("zstd", &coding));
    assert_int_equal(coding, CODING_ZSTD);
    assert_string_equal(coding_understood(), "gzip, zstd");
#else
    assert_false(coding_of_content("zstd", &coding));
    assert_string_equal(coding_understood(), "gzip");
#endif
}

static void text_and_json_are_worth_packing_from_a_size_on(void **state)
{
    (void)state;
    assert_true(deflate_fits("application/json", DEFLATE_BYTES_MIN));
    assert_false(deflate_fits("application/json", DEFLATE_BYTES_MIN - 1));
    assert_true(deflate_fits("text/csv; charset=utf-8; header=present", 5000));
    assert_true(deflate_fits("application/x-ndjson", 5000));
    assert_true(deflate_fits("application/problem+json", 5000));
    assert_true(deflate_fits("text/plain; version=0.0.4; charset=utf-8", 5000));
    assert_false(deflate_fits("text/event-stream", 5000));
    assert_false(deflate_fits("image/png", 5000));
    assert_false(deflate_fits(NULL, 5000));
}

static void what_was_packed_unpacks_to_the_same_bytes(void **state)
{
    static char text[60000], again[sizeof text];
    char *packed;
    size_t n;
    z_stream stream = {.avail_out = sizeof again, .next_out = (unsigned char *)again};
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('0' + i * i % 10);
    assert_int_equal(deflate_whole(text, sizeof text, &packed, &n), 0);
    assert_true(n < sizeof text / 4);
    stream.next_in = (unsigned char *)packed;
    stream.avail_in = (unsigned)n;
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    inflateEnd(&stream);
    assert_memory_equal(text, again, sizeof text);
    free(packed);
}

static void what_does_not_get_shorter_is_left_as_it_is(void **state)
{
    char noise[2000], *packed = NULL;
    size_t n = 7;
    uint64_t seed = 1;
    (void)state;
    for (size_t i = 0; i < sizeof noise; i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        noise[i] = (char)(seed >> 56);
    }
    assert_int_equal(deflate_whole(noise, sizeof noise, &packed, &n), -1);
    assert_null(packed);
    assert_int_equal(n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gzip_is_wanted_as_the_q_values_say),
        cmocka_unit_test(a_body_comes_in_a_coding_that_is_known_or_is_refused),
        cmocka_unit_test(text_and_json_are_worth_packing_from_a_size_on),
        cmocka_unit_test(what_was_packed_unpacks_to_the_same_bytes),
        cmocka_unit_test(what_does_not_get_shorter_is_left_as_it_is),
    };
    return cmocka_run_group_tests_name("coding", tests, NULL, NULL);
}
