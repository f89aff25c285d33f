/* Shares of a queue: who may hold how much. */
#include "server/service/shares.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each of n clients takes what it may, in turns, until nobody gets more. */
static void fill(struct shares *shares, size_t clients, size_t max, size_t *taken)
{
    bool more = true;

    while (more) {
        more = false;
        for (uint64_t client = 1; client <= clients; client++)
            if (shares_allow(shares_of(shares, client), *taken, max, false)) {
                assert_true(shares_take(shares, client));
                ++*taken;
                more = true;
            }
    }
}

static void n_clients_fill_all_but_a_share_and_whoever_comes_next_finds_room(void **state)
{
    static const size_t max = 10000;

    (void)state;
    for (size_t clients = 1; clients <= 50; clients += 7) {
        struct shares shares;
        size_t taken = 0;
        shares_init(&shares, &(struct siphash_key){1, 2});
        fill(&shares, clients, max, &taken);
        for (uint64_t client = 1; client <= clients; client++) {
            assert_true(shares_of(&shares, client) >= max / (clients + 1));
            assert_true(shares_of(&shares, client) <= max / (clients + 1) + 1);
        }
        assert_true(shares_allow(0, taken, max, false));
        assert_true(shares_allow(0, taken, max, true));
        shares_done(&shares);
    }
}

static void the_background_leaves_room_for_who_asks(void **state)
{
    size_t own = 0;

    (void)state;
    while (shares_allow(own, own, 9000, true))
        own++;
    assert_int_equal(own, 3000);
    assert_true(shares_allow(own, own, 9000, false));
}

static void one_place_is_for_whoever_comes_first(void **state)
{
    (void)state;
    assert_true(shares_allow(0, 0, 1, false));
    assert_true(shares_allow(0, 0, 1, true));
    assert_false(shares_allow(0, 1, 1, false));
    assert_false(shares_allow(0, 5, 1, false)); /* restored ones may be more than there is room for */
    assert_false(shares_allow(0, 0, 0, true));
}

static void what_is_given_back_is_free(void **state)
{
    struct shares shares;

    (void)state;
    shares_init(&shares, &(struct siphash_key){1, 2});
    for (uint64_t client = 0; client < 5000; client++)
        for (uint64_t n = 0; n <= client % 3; n++)
            assert_true(shares_take(&shares, client << 20));
    for (uint64_t client = 0; client < 5000; client++)
        assert_int_equal(shares_of(&shares, client << 20), 1 + client % 3);
    for (uint64_t client = 0; client < 5000; client++)
        for (uint64_t n = 0; n <= client % 3; n++)
            shares_give(&shares, client << 20);
    for (size_t i = 0; i < SHARES_BUCKETS; i++)
        assert_null(shares.buckets[i]);
    shares_done(&shares);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(n_clients_fill_all_but_a_share_and_whoever_comes_next_finds_room),
        cmocka_unit_test(the_background_leaves_room_for_who_asks),
        cmocka_unit_test(one_place_is_for_whoever_comes_first),
        cmocka_unit_test(what_is_given_back_is_free),
    };

    return cmocka_run_group_tests_name("shares", tests, NULL, NULL);
}
