/* The registry: hash, map, window, entries. */
#include "server/registry/registry.h"

#include "core/model.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct siphash_key key0 = {0, 0};

/* ---- hash ---- */

static uint64_t hash_text(const struct siphash_key *key, const char *text)
{
    return siphash(key, text, strlen(text));
}

/* Expected values are CPython 3.11's hash(bytes) with PYTHONHASHSEED=0, which is SipHash-1-3 with a
 * zero key. */
static void siphash_agrees_with_an_independent_implementation(void **state)
{
    (void)state;
    assert_int_equal(hash_text(&key0, "a"), UINT64_C(0x407448d2b89b1813));
    assert_int_equal(hash_text(&key0, "tstrm"), UINT64_C(0xb7b80ce03b3cdec4));
    assert_int_equal(hash_text(&key0, "12345678"), UINT64_C(0x3489982430560a87));
    assert_int_equal(hash_text(&key0, "0123456789abcde"), UINT64_C(0x26f4d862282d8fcb));
    assert_int_equal(hash_text(&key0, "series/with spaces and more than sixteen bytes"),
                     UINT64_C(0x53c65493642ec1d1));
}

static void siphash_depends_on_both_halves_of_the_key(void **state)
{
    struct siphash_key low = {1, 0}, high = {0, 1};

    (void)state;
    assert_int_not_equal(hash_text(&key0, "a"), hash_text(&low, "a"));
    assert_int_not_equal(hash_text(&key0, "a"), hash_text(&high, "a"));
    assert_int_not_equal(hash_text(&low, "a"), hash_text(&high, "a"));
}

/* ---- map ---- */

#define MAP_N 5000

static void map_finds_what_is_in_it_and_nothing_else(void **state)
{
    static int64_t keys[MAP_N];
    struct map map;

    (void)state;
    map_init(&map, &key0);
    for (int64_t i = 0; i < MAP_N; i++) {
        keys[i] = i * 3;
        assert_true(map_reserve(&map));
        map_put(&map, &keys[i], sizeof keys[i], &keys[i]);
    }
    for (int64_t i = 0; i < MAP_N; i += 2) /* holes all over the probe sequences */
        map_remove(&map, &keys[i], sizeof keys[i]);
    for (int64_t i = 0; i < MAP_N; i++) {
        void *found = map_get(&map, &keys[i], sizeof keys[i]);
        assert_ptr_equal(found, i % 2 ? &keys[i] : NULL);
    }
    assert_int_equal(map.used, MAP_N / 2);
    map_done(&map);
}

/* ---- window ---- */

static void window_set(struct window *window, int64_t step, double value)
{
    assert_true(window_claim(window, step, step));
    window_put(window, step, value);
}

static void a_gap_is_filled_with_missing_values(void **state)
{
    struct window window = {0};

    (void)state;
    window_set(&window, 10, 1);
    window_set(&window, 13, 2);
    struct window_view view = window_view(&window);
    assert_int_equal(view.first_step, 10);
    assert_int_equal(view.n, 4);
    assert_true(view.values[0] == 1 && isnan(view.values[1]) && isnan(view.values[2]) &&
                view.values[3] == 2);
    assert_int_equal(window_observed(&window), 2);
    window_done(&window);
}

static void an_older_point_extends_the_window_backwards(void **state)
{
    struct window window = {0};

    (void)state;
    window_set(&window, 10, 1);
    window_set(&window, 7, 5);
    window_set(&window, 8, 6);
    struct window_view view = window_view(&window);
    assert_int_equal(view.first_step, 7);
    assert_int_equal(view.n, 4);
    assert_true(view.values[0] == 5 && view.values[1] == 6 && isnan(view.values[2]) &&
                view.values[3] == 1);
    window_done(&window);
}

static void the_window_keeps_the_newest_steps_only(void **state)
{
    struct window window = {0};

    (void)state;
    for (int64_t step = 0; step < 10000; step++)
        window_set(&window, step, (double)step);
    struct window_view view = window_view(&window);
    assert_int_equal(view.n, TRM_CONTEXT_MAX);
    assert_int_equal(view.first_step, 10000 - TRM_CONTEXT_MAX);
    for (size_t i = 0; i < view.n; i++)
        assert_true(view.values[i] == (double)(view.first_step + (int64_t)i));
    window_set(&window, 5, -1); /* older than it holds */
    assert_true(window_view(&window).values[0] == (double)view.first_step);
    assert_true(window_bytes(&window) < 20000);
    window_done(&window);
}

static void a_jump_of_centuries_costs_one_window(void **state)
{
    struct window window = {0};
    int64_t far = 300LL * 365 * 86400 * 1000;

    (void)state;
    window_set(&window, -far, 1);
    window_set(&window, far, 2);
    struct window_view view = window_view(&window);
    assert_int_equal(view.n, 1);
    assert_int_equal(view.first_step, far);
    assert_true(view.values[0] == 2);
    assert_int_equal(window_end(&window), far + 1);
    assert_true(window_bytes(&window) < 20000);
    window_done(&window);
}

static void a_short_history_holds_little_memory(void **state)
{
    struct window window = {0};

    (void)state;
    window_set(&window, 1000000, 1);
    assert_true(window_bytes(&window) <= 32 * sizeof(double));
    window_done(&window);
}

static void claims_hold_in_whatever_order_they_are_used(void **state)
{
    struct window window = {0};

    (void)state;
    assert_true(window_claim(&window, 500, 600));
    assert_true(window_claim(&window, 2, 3));
    assert_true(window_claim(&window, 1500, 1501));
    window_put(&window, 1501, 3);
    window_put(&window, 2, 1);
    window_put(&window, 600, 2);
    struct window_view view = window_view(&window);
    assert_int_equal(view.first_step, 2);
    assert_int_equal(view.n, 1500);
    assert_true(view.values[0] == 1 && view.values[598] == 2 && view.values[1499] == 3);
    window_done(&window);
}

/* What a restart must not change: the view depends on the points, not on the order they came in. */
static void the_view_is_the_same_in_whatever_order_points_came(void **state)
{
    int64_t steps[] = {0, 5000, 3000, 5003, 2955, 2956, 4000};
    enum { N = sizeof steps / sizeof *steps };
    struct window live = {0}, boot = {0};

    (void)state;
    for (int i = 0; i < N; i++)
        window_set(&live, steps[i], (double)steps[i]);
    for (int64_t step = 0; step <= 5003; step++)
        for (int i = 0; i < N; i++)
            if (steps[i] == step)
                window_set(&boot, step, (double)step);
    struct window_view a = window_view(&live), b = window_view(&boot);
    assert_int_equal(a.n, b.n);
    assert_int_equal(a.first_step, b.first_step);
    assert_int_equal(a.first_step, 2956); /* 2955 is one step too old */
    for (size_t i = 0; i < a.n; i++)
        assert_true(a.values[i] == b.values[i] || (isnan(a.values[i]) && isnan(b.values[i])));
    window_done(&live);
    window_done(&boot);
}

static void a_window_of_missing_values_shows_nothing(void **state)
{
    struct window window = {0};

    (void)state;
    assert_int_equal(window_view(&window).n, 0);
    window_set(&window, 4, (double)NAN);
    assert_int_equal(window_view(&window).n, 0);
    assert_int_equal(window_end(&window), 5);
    window_done(&window);
}

/* ---- entries ---- */

static void entries_are_found_by_id_and_by_key_until_removed(void **state)
{
    struct registry *registry = registry_new(&key0);

    (void)state;
    assert_non_null(registry);
    struct entry *a = registry_add(registry, "a", 1), *b = registry_add(registry, "b", 2);
    assert_ptr_equal(registry_find(registry, "a"), a);
    assert_ptr_equal(registry_by_key(registry, 2), b);
    assert_null(registry_find(registry, "c"));
    registry_remove(registry, a);
    assert_null(registry_find(registry, "a"));
    assert_null(registry_by_key(registry, 1));
    assert_ptr_equal(registry_find(registry, "b"), b);
    assert_int_equal(registry_n(registry), 1);
    registry_free(registry);
}

static void entries_stand_in_byte_order_of_their_ids(void **state)
{
    const char *ids[] = {"b", "\xc3\xa9", "B", "a/2", "a", "a/10"};
    const char *sorted[] = {"B", "a", "a/10", "a/2", "b", "\xc3\xa9"};
    struct registry *registry = registry_new(&key0);

    (void)state;
    for (int i = 0; i < 6; i++)
        assert_non_null(registry_add(registry, ids[i], i + 1));
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(registry_at(registry, i)->id, sorted[i]);
    assert_int_equal(registry_position(registry, "a", false), 1);
    assert_int_equal(registry_position(registry, "a", true), 2);
    assert_int_equal(registry_position(registry, "a/1", true), 2); /* a cursor that is gone */
    assert_int_equal(registry_position(registry, "zzz\xff", true), 5);
    registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_agrees_with_an_independent_implementation),
        cmocka_unit_test(siphash_depends_on_both_halves_of_the_key),
        cmocka_unit_test(map_finds_what_is_in_it_and_nothing_else),
        cmocka_unit_test(a_gap_is_filled_with_missing_values),
        cmocka_unit_test(an_older_point_extends_the_window_backwards),
        cmocka_unit_test(the_window_keeps_the_newest_steps_only),
        cmocka_unit_test(a_jump_of_centuries_costs_one_window),
        cmocka_unit_test(a_short_history_holds_little_memory),
        cmocka_unit_test(claims_hold_in_whatever_order_they_are_used),
        cmocka_unit_test(the_view_is_the_same_in_whatever_order_points_came),
        cmocka_unit_test(a_window_of_missing_values_shows_nothing),
        cmocka_unit_test(entries_are_found_by_id_and_by_key_until_removed),
        cmocka_unit_test(entries_stand_in_byte_order_of_their_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
