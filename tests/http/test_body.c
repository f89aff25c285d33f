/* Bodies in pieces, plain and compressed. */
#include "server/http/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#ifdef TSTRM_ZSTD
#include <zstd.h>
#endif

#include <cmocka.h>

static unsigned char packed[1 << 16];

/* gzip of n bytes in packed. Returns its length. */
static size_t pack(const char *bytes, size_t n)
{
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)bytes, .avail_in = (unsigned)n,
                       .next_out = packed, .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t length = sizeof packed - stream.avail_out;
    deflateEnd(&stream);
    return length;
}

static struct body new_body(enum coding coding, size_t max)
{
    struct body body = {.n = 0};
    struct err err;
    assert_int_equal(body_begin(&body, BODY_BUFFER, MEDIA_JSON, coding, max, 10, &err), 0);
    return body;
}

static int feed_in_pieces(struct body *body, const void *bytes, size_t n, size_t piece, struct err *err)
{
    for (size_t at = 0; at < n; at += piece)
        if (body_feed(body, (const char *)bytes + at, n - at < piece ? n - at : piece, err) != 0)
            return -1;
    return 0;
}

static void a_body_is_collected_however_it_is_cut(void **state)
{
    const char text[] = "{\"mode\":\"full\"}";
    struct err err;
    (void)state;
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        struct body body = new_body(CODING_IDENTITY, 100);
        assert_int_equal(feed_in_pieces(&body, text, sizeof text - 1, piece, &err), 0);
        assert_int_equal(body_end(&body, &err), 0);
        assert_string_equal(body.bytes, text);
        body_done(&body);
    }
}

static void a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not(void **state)
{
    char text[101];
    struct err err;
    struct body body = new_body(CODING_IDENTITY, 100);
    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(body_feed(&body, text, 100, &err), 0);
    assert_int_equal(body_feed(&body, text, 1, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    body_done(&body);
}

static void a_compressed_body_is_unfolded_however_it_is_cut(void **state)
{
    static char text[40000];
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 23);
    size_t n = pack(text, sizeof text);
    for (size_t piece = 1; piece < n; piece = piece * 2 + 1) {
        struct body body = new_body(CODING_GZIP, sizeof text);
        assert_int_equal(feed_in_pieces(&body, packed, n, piece, &err), 0);
        assert_int_equal(body_end(&body, &err), 0);
        assert_int_equal(body.n, sizeof text);
        assert_memory_equal(body.bytes, text, sizeof text);
        body_done(&body);
    }
}

static void a_body_that_unfolds_without_end_is_cut_at_the_limit(void **state)
{
    static char zeros[1 << 20];
    struct err err;
    (void)state;
    size_t n = pack(zeros, sizeof zeros);
    struct body body = new_body(CODING_GZIP, 20000);
    assert_int_equal(body_feed(&body, (char *)packed, n, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_true(body.size <= 65536);
    body_done(&body);
}

static void a_compressed_body_cut_short_is_refused(void **state)
{
    struct err err;
    struct body body = new_body(CODING_GZIP, 100);
    (void)state;
    size_t n = pack("hello", 5);
    assert_int_equal(body_feed(&body, (char *)packed, n - 3, &err), 0);
    assert_int_equal(body_end(&body, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    body_done(&body);
}

static void bytes_behind_a_compressed_body_are_refused(void **state)
{
    struct err err;
    (void)state;
    size_t n = pack("hello", 5);
    for (size_t piece = 1; piece <= n + 1; piece++) {
        struct body body = new_body(CODING_GZIP, 100);
        packed[n] = 'x';
        assert_int_equal(feed_in_pieces(&body, packed, n + 1, piece, &err), -1);
        assert_int_equal(err.code, ERR_SYNTAX);
        body_done(&body);
    }
}

static void what_is_not_gzip_is_refused(void **state)
{
    struct err err;
    struct body body = new_body(CODING_GZIP, 100);
    (void)state;
    assert_int_equal(body_feed(&body, "{\"points\":[]}", 13, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    body_done(&body);
}

#ifdef TSTRM_ZSTD
static void a_zstd_body_is_unfolded_however_it_is_cut(void **state)
{
    static char text[40000];
    struct err err;
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i * i % 23);
    size_t n = ZSTD_compress(packed, sizeof packed, text, sizeof text, 1);
    assert_false(ZSTD_isError(n));
    for (size_t piece = 1; piece < n; piece = piece * 2 + 1) {
        struct body body = new_body(CODING_ZSTD, sizeof text);
        assert_int_equal(feed_in_pieces(&body, packed, n, piece, &err), 0);
        assert_int_equal(body_end(&body, &err), 0);
        assert_int_equal(body.n, sizeof text);
        assert_memory_equal(body.bytes, text, sizeof text);
        body_done(&body);
    }
}

static void a_zstd_body_that_unfolds_without_end_is_cut_at_the_limit(void **state)
{
    static char zeros[1 << 20];
    struct err err;
    (void)state;
    size_t n = ZSTD_compress(packed, sizeof packed, zeros, sizeof zeros, 1);
    struct body body = new_body(CODING_ZSTD, 20000);
    assert_int_equal(body_feed(&body, (char *)packed, n, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_true(body.size <= 65536);
    body_done(&body);
}

static void a_zstd_body_that_is_wrong_at_its_end_is_refused(void **state)
{
    struct err err;
    (void)state;
    size_t n = ZSTD_compress(packed, sizeof packed, "hello", 5, 1);
    struct body cut = new_body(CODING_ZSTD, 100), more = new_body(CODING_ZSTD, 100);
    assert_int_equal(body_feed(&cut, (char *)packed, n - 3, &err), 0);
    assert_int_equal(body_end(&cut, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    assert_non_null(strstr(err.msg, "zstd"));
    packed[n] = 'x';
    assert_int_equal(body_feed(&more, (char *)packed, n + 1, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    body_done(&cut);
    body_done(&more);
}

/* A frame header with a window of 16 MiB and nothing behind it (RFC 8878, 3.1.1.1). */
static void a_zstd_body_that_wants_too_large_a_window_is_refused(void **state)
{
    static const char header[] = {0x28, (char)0xb5, 0x2f, (char)0xfd, 0x00, 14 << 3, 0x01, 0x00, 0x00};
    struct err err;
    struct body body = new_body(CODING_ZSTD, 100);
    (void)state;
    assert_int_equal(body_feed(&body, header, sizeof header, &err), -1);
    assert_int_equal(err.code, ERR_TOO_LARGE);
    assert_non_null(strstr(err.msg, "window"));
    body_done(&body);
}

static void what_is_not_zstd_is_refused(void **state)
{
    struct err err;
    struct body body = new_body(CODING_ZSTD, 100);
    (void)state;
    assert_int_equal(body_feed(&body, "{\"points\":[]}", 13, &err), -1);
    assert_int_equal(err.code, ERR_SYNTAX);
    body_done(&body);
}
#endif

static void points_are_read_while_they_come(void **state)
{
    const char text[] = "1000,1\n2000,\n3000,3\n";
    struct body body = {.n = 0};
    struct point *points;
    size_t n;
    struct err err;
    (void)state;
    assert_int_equal(body_begin(&body, BODY_POINTS, MEDIA_CSV, CODING_IDENTITY, 100, 10, &err), 0);
    assert_int_equal(feed_in_pieces(&body, text, sizeof text - 1, 3, &err), 0);
    assert_null(body.bytes);
    assert_int_equal(points_reader_finish(body.points, &points, &n, &err), 0);
    assert_int_equal(n, 3);
    assert_int_equal(points[2].t, 3000);
    free(points);
    body_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_collected_however_it_is_cut),
        cmocka_unit_test(a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not),
        cmocka_unit_test(a_compressed_body_is_unfolded_however_it_is_cut),
        cmocka_unit_test(a_body_that_unfolds_without_end_is_cut_at_the_limit),
        cmocka_unit_test(a_compressed_body_cut_short_is_refused),
        cmocka_unit_test(bytes_behind_a_compressed_body_are_refused),
        cmocka_unit_test(what_is_not_gzip_is_refused),
#ifdef TSTRM_ZSTD
        cmocka_unit_test(a_zstd_body_is_unfolded_however_it_is_cut),
        cmocka_unit_test(a_zstd_body_that_unfolds_without_end_is_cut_at_the_limit),
        cmocka_unit_test(a_zstd_body_that_is_wrong_at_its_end_is_refused),
        cmocka_unit_test(a_zstd_body_that_wants_too_large_a_window_is_refused),
        cmocka_unit_test(what_is_not_zstd_is_refused),
#endif
        cmocka_unit_test(points_are_read_while_they_come),
    };
    return cmocka_run_group_tests_name("body", tests, NULL, NULL);
}
