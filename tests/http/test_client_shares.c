/* What each client holds: limits, buckets of requests, and that forgetting stays bounded. */
#include "server/http/client_shares.h"

#include "server/http/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)
#define LOOPBACK (CLIENT_ADDRESS + 0x7f000001)
#define SOMEBODY (CLIENT_ADDRESS + 0xc0000201)
#define KEY UINT64_C(7)

static void a_client_is_one_share_however_often_it_comes(void **state)
{
    struct client_shares shares;
    (void)state;
    assert_int_equal(client_shares_init(&shares, 10), 0);
    struct client_share *first = client_share_hold(&shares, SOMEBODY);
    assert_ptr_equal(client_share_hold(&shares, SOMEBODY), first);
    assert_ptr_not_equal(client_share_hold(&shares, KEY), first);
    assert_int_equal(shares.n, 2);
    client_share_release(&shares, first);
    assert_int_equal(shares.silent_n, 0);
    client_share_release(&shares, first);
    assert_int_equal(shares.silent_n, 1);
    assert_ptr_equal(client_share_hold(&shares, SOMEBODY), first);
    assert_int_equal(shares.silent_n, 0);
    client_shares_done(&shares);
}

static void nobody_has_no_share_and_no_limit(void **state)
{
    struct client_shares shares;
    struct config config = {.connections_max = 100, .inflight_bytes_max = 1000, .client_connections_max = 3};
    (void)state;
    assert_int_equal(client_shares_init(&shares, 10), 0);
    assert_null(client_share_hold(&shares, CLIENT_NOBODY));
    client_share_release(&shares, NULL);
    assert_true(client_share_ask(NULL, 1, S));
    assert_int_equal(client_connections_max(&config, CLIENT_NOBODY), SIZE_MAX);
    client_shares_done(&shares);
}

static void by_default_a_quarter_is_left_to_others_and_loopback_has_all(void **state)
{
    struct config config = {.connections_max = 100, .inflight_bytes_max = 1000};
    (void)state;
    assert_int_equal(client_connections_max(&config, SOMEBODY), 75);
    assert_int_equal(client_bytes_max(&config, SOMEBODY), 750);
    assert_int_equal(client_connections_max(&config, KEY), 75);
    assert_int_equal(client_connections_max(&config, LOOPBACK), SIZE_MAX);
    assert_int_equal(client_bytes_max(&config, CLIENT_ADDRESS + 0x7f123456), SIZE_MAX);
    config.connections_max = 1;
    assert_int_equal(client_connections_max(&config, SOMEBODY), 1);
}

static void what_is_configured_holds_for_loopback_too(void **state)
{
    struct config config = {.client_connections_max = 3, .client_inflight_bytes_max = 4};
    (void)state;
    assert_int_equal(client_connections_max(&config, LOOPBACK), 3);
    assert_int_equal(client_bytes_max(&config, LOOPBACK), 4);
}

static void a_client_asks_so_often_in_a_second_and_again_in_the_next(void **state)
{
    struct client_share share = {.client = SOMEBODY};
    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(client_share_ask(&share, 5, S));
    assert_false(client_share_ask(&share, 5, S));
    assert_false(client_share_ask(&share, 5, S + S / 10));
    assert_true(client_share_ask(&share, 5, S + 3 * S / 10));
    assert_false(client_share_ask(&share, 5, S + 3 * S / 10));
    for (int i = 0; i < 5; i++) /* an hour saves up no more than a second */
        assert_true(client_share_ask(&share, 5, 3600 * S));
    assert_false(client_share_ask(&share, 5, 3600 * S));
    for (int i = 0; i < 1000; i++)
        assert_true(client_share_ask(&share, 0, S));
}

static void the_silent_are_forgotten_the_longest_first(void **state)
{
    struct client_shares shares;
    (void)state;
    assert_int_equal(client_shares_init(&shares, 10), 0);
    struct client_share *busy = client_share_hold(&shares, KEY);
    busy->bytes = 11;
    for (uint64_t i = 0; i < 10 * CLIENTS_REMEMBERED_MAX; i++)
        client_share_release(&shares, client_share_hold(&shares, SOMEBODY + i));
    assert_int_equal(shares.silent_n, CLIENTS_REMEMBERED_MAX);
    assert_int_equal(shares.n, CLIENTS_REMEMBERED_MAX + 1);
    assert_int_equal(shares.oldest->client, SOMEBODY + 9 * CLIENTS_REMEMBERED_MAX);
    assert_int_equal(client_share_hold(&shares, KEY)->bytes, 11);
    client_shares_done(&shares);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_one_share_however_often_it_comes),
        cmocka_unit_test(nobody_has_no_share_and_no_limit),
        cmocka_unit_test(by_default_a_quarter_is_left_to_others_and_loopback_has_all),
        cmocka_unit_test(what_is_configured_holds_for_loopback_too),
        cmocka_unit_test(a_client_asks_so_often_in_a_second_and_again_in_the_next),
        cmocka_unit_test(the_silent_are_forgotten_the_longest_first),
    };
    return cmocka_run_group_tests_name("client_shares", tests, NULL, NULL);
}
