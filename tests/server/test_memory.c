/* The marks between which memory is short or not, and what is counted between two looks. */
#include "server/base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void short_above_the_high_mark_until_below_the_low_one(void **state)
{
    static const struct {
        size_t resident;
        bool is_short;
    } steps[] = {{0, false}, {850, false}, {900, false}, {901, true}, {850, true}, {800, true},
                 {799, false}, {900, false}, {2000, true}};
    struct memory_guard guard = {.max = 1000};
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        memory_guard_see(&guard, steps[i].resident, i);
        assert_int_equal(guard.is_short, steps[i].is_short);
        assert_int_equal(guard.looked_ns, i);
    }
}

static void what_is_taken_between_two_looks_counts(void **state)
{
    struct memory_guard guard = {.max = 1000};
    (void)state;
    memory_guard_see(&guard, 700, 0);
    assert_true(memory_guard_take(&guard, 200));
    assert_false(memory_guard_take(&guard, 101));
    assert_true(memory_guard_take(&guard, 100));
    assert_false(memory_guard_take(&guard, 1));
    assert_false(memory_guard_take(&guard, SIZE_MAX));
    memory_guard_see(&guard, 700, 1);
    assert_true(memory_guard_take(&guard, 300));
    memory_guard_see(&guard, 1100, 2);
    assert_false(memory_guard_take(&guard, 0));
}

static void without_a_limit_it_is_never_short(void **state)
{
    struct memory_guard guard = {.max = 0};
    (void)state;
    memory_guard_see(&guard, SIZE_MAX / 2, 0);
    assert_false(guard.is_short);
    assert_true(memory_guard_take(&guard, SIZE_MAX / 4));
    guard = (struct memory_guard){.max = 10, .is_short = true};
    guard.max = 0; /* the limit was taken away */
    memory_guard_see(&guard, 5, 0);
    assert_false(guard.is_short);
}

static void the_resident_set_grows_with_what_is_written_to(void **state)
{
    size_t before = memory_resident(), n = (size_t)64 << 20;
    char *bytes = malloc(n);
    (void)state;
    assert_non_null(bytes);
    memset(bytes, 1, n);
    assert_true(before > 0);
    assert_true(memory_resident() >= before + n / 2);
    assert_int_equal(bytes[n - 1], 1);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_above_the_high_mark_until_below_the_low_one),
        cmocka_unit_test(what_is_taken_between_two_looks_counts),
        cmocka_unit_test(without_a_limit_it_is_never_short),
        cmocka_unit_test(the_resident_set_grows_with_what_is_written_to),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
