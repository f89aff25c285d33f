/* The chunk codec: round trips, and foreign or damaged bytes. */
#include "core/checkpoint.h"
#include "core/rng.h"
#include "server/store/chunk.h"
#include "server/store/sorted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Encodes, decodes from a heap block of exactly the bytes (so that a sanitizer sees a read beyond), and
 * compares bit by bit. */
static size_t round_trip(const struct point *points, size_t n)
{
    uint8_t buf[CHUNK_BYTES_MAX];
    struct point back[CHUNK_POINTS];
    size_t bytes_n = chunk_encode(7, points, n, buf), back_n = 0;

    assert_in_range(bytes_n, 1, CHUNK_BYTES_MAX);
    uint8_t *exact = malloc(bytes_n);
    memcpy(exact, buf, bytes_n);
    assert_int_equal(chunk_decode(7, exact, bytes_n, back, &back_n), TRM_OK);
    free(exact);
    assert_int_equal(back_n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(back[i].t, points[i].t);
        assert_true(sorted_same_value(back[i].v, points[i].v));
    }
    return bytes_n;
}

static void fill_even(struct point *points, size_t n, int64_t from, int64_t step)
{
    for (size_t i = 0; i < n; i++)
        points[i] = (struct point){from + (int64_t)i * step, i % 7 ? (double)i / 3 : (double)NAN};
}

static void even_times_round_trip_at_nine_bytes_a_point(void **state)
{
    struct point points[CHUNK_POINTS];

    (void)state;
    fill_even(points, CHUNK_POINTS, -3600000, 3600000);
    assert_in_range(round_trip(points, CHUNK_POINTS), 1, CHUNK_POINTS * 9);
    round_trip(points, 1);
    round_trip(points, 2);
}

static void uneven_times_round_trip(void **state)
{
    struct point points[CHUNK_POINTS];
    struct trm_rng rng;

    (void)state;
    trm_rng_seed(&rng, 11);
    for (unsigned round = 0; round < 200; round++) {
        size_t n = 1 + trm_rng_below(&rng, CHUNK_POINTS);
        int64_t t = TRM_TIME_MIN + (int64_t)trm_rng_below(&rng, 1000000);
        for (size_t i = 0; i < n; i++) {
            points[i] = (struct point){t, trm_rng_normal(&rng)};
            t += 1 + (int64_t)(trm_rng_next(&rng) >> (20 + trm_rng_below(&rng, 40)));
        }
        round_trip(points, n);
    }
}

static void extreme_times_and_values_round_trip(void **state)
{
    const struct point points[] = {{INT64_MIN, -1.7976931348623157e308},
                                   {INT64_MIN + 1, 5e-324},
                                   {0, (double)NAN},
                                   {INT64_MAX - 1, -0.0},
                                   {INT64_MAX, (double)INFINITY}};

    (void)state;
    round_trip(points, sizeof(points) / sizeof(points[0]));
}

static void every_shorter_piece_is_refused(void **state)
{
    struct point points[40], back[CHUNK_POINTS];
    uint8_t buf[CHUNK_BYTES_MAX];
    size_t n;

    (void)state;
    fill_even(points, 40, 0, 1000);
    points[39].t += 1;
    size_t bytes_n = chunk_encode(7, points, 40, buf);
    for (size_t cut = 0; cut < bytes_n; cut++) {
        uint8_t *exact = malloc(cut + 1);
        memcpy(exact, buf, cut);
        assert_int_equal(chunk_decode(7, exact, cut, back, &n), TRM_ECORRUPT);
        free(exact);
    }
}

static void every_flipped_bit_is_noticed(void **state)
{
    struct point points[20], back[CHUNK_POINTS];
    uint8_t buf[CHUNK_BYTES_MAX];
    size_t n;

    (void)state;
    fill_even(points, 20, 5, 7);
    size_t bytes_n = chunk_encode(7, points, 20, buf);
    for (size_t bit = 0; bit < bytes_n * 8; bit++) {
        buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(chunk_decode(7, buf, bytes_n, back, &n), TRM_OK);
        buf[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void set_crc(uint8_t *bytes, size_t bytes_n)
{
    static const uint8_t key[8] = {7};
    uint32_t crc = trm_crc32c(0, bytes, bytes_n - 4);

    if (bytes[0] != 1)
        crc = trm_crc32c(crc, key, sizeof(key));
    for (size_t i = 0; i < 4; i++)
        bytes[bytes_n - 4 + i] = (uint8_t)(crc >> (8 * i));
}

/* The checksum only keeps accidents out: behind it the decoder still must not trust a byte. */
static void forged_bytes_with_a_right_checksum_are_read_within_bounds(void **state)
{
    struct point points[60], back[CHUNK_POINTS];
    uint8_t buf[CHUNK_BYTES_MAX];
    struct trm_rng rng;
    size_t n = 0, refused = 0;

    (void)state;
    trm_rng_seed(&rng, 5);
    for (unsigned round = 0; round < 20000; round++) {
        fill_even(points, 60, 5, 700);
        points[59].t += round & 1;
        size_t bytes_n = chunk_encode(7, points, 60, buf);
        for (size_t hits = 1 + trm_rng_below(&rng, 4); hits; hits--)
            buf[trm_rng_below(&rng, round & 2 ? 12 : bytes_n)] = (uint8_t)trm_rng_next(&rng);
        if (round % 5 == 0)
            bytes_n = 16 + trm_rng_below(&rng, bytes_n - 16);
        uint8_t *exact = malloc(bytes_n);
        memcpy(exact, buf, bytes_n);
        set_crc(exact, bytes_n);
        if (chunk_decode(7, exact, bytes_n, back, &n) == TRM_OK) {
            size_t at;
            assert_in_range(n, 1, CHUNK_POINTS);
            assert_true(sorted_check(back, n, &at));
        } else {
            refused++;
        }
        free(exact);
    }
    assert_true(refused > 1000);
}

static void unknown_version_is_told_apart_from_damage(void **state)
{
    struct point points[3], back[CHUNK_POINTS];
    uint8_t buf[CHUNK_BYTES_MAX];
    size_t n;

    (void)state;
    fill_even(points, 3, 0, 1);
    size_t bytes_n = chunk_encode(7, points, 3, buf);
    buf[0] = 3;
    set_crc(buf, bytes_n);
    assert_int_equal(chunk_decode(7, buf, bytes_n, back, &n), TRM_EVERSION);
}

static void another_series_chunk_is_noticed_and_version_1_is_read_without_that(void **state)
{
    struct point points[3], back[CHUNK_POINTS];
    uint8_t buf[CHUNK_BYTES_MAX];
    size_t n;

    (void)state;
    fill_even(points, 3, 0, 1);
    size_t bytes_n = chunk_encode(7, points, 3, buf);
    assert_int_equal(chunk_decode(8, buf, bytes_n, back, &n), TRM_ECORRUPT);
    buf[0] = 1;
    set_crc(buf, bytes_n);
    assert_int_equal(chunk_decode(8, buf, bytes_n, back, &n), TRM_OK);
    assert_int_equal(n, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_times_round_trip_at_nine_bytes_a_point),
        cmocka_unit_test(uneven_times_round_trip),
        cmocka_unit_test(extreme_times_and_values_round_trip),
        cmocka_unit_test(every_shorter_piece_is_refused),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(forged_bytes_with_a_right_checksum_are_read_within_bounds),
        cmocka_unit_test(unknown_version_is_told_apart_from_damage),
        cmocka_unit_test(another_series_chunk_is_noticed_and_version_1_is_read_without_that),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
