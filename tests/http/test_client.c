/* Addresses that are one client, and those that are not. */
#include "server/http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static uint64_t of(const char *text)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } address = {.any = {0}};
    if (strchr(text, ':') != NULL) {
        address.in6.sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &address.in6.sin6_addr), 1);
    } else {
        address.in.sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &address.in.sin_addr), 1);
    }
    return client_of_address(&address.any);
}

static void every_ipv4_address_is_a_client(void **state)
{
    (void)state;
    assert_int_equal(of("127.0.0.1"), CLIENT_ADDRESS + 0x7f000001);
    assert_int_equal(of("255.255.255.255"), CLIENT_ADDRESS + UINT32_MAX);
    assert_int_not_equal(of("10.0.0.1"), of("10.0.0.2"));
}

static void an_ipv6_network_of_64_bits_is_one_client(void **state)
{
    (void)state;
    assert_int_equal(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
    assert_int_not_equal(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    assert_int_equal(of("2001:db8:1:2::1"), UINT64_C(0x20010db800010002));
}

static void an_ipv4_address_is_the_same_client_in_ipv6(void **state)
{
    (void)state;
    assert_int_equal(of("::ffff:10.1.2.3"), of("10.1.2.3"));
    assert_int_equal(of("::1"), of("127.0.0.1"));
}

static void what_is_no_address_is_nobody_and_no_network_is_taken_for_a_key(void **state)
{
    (void)state;
    struct sockaddr local = {.sa_family = AF_UNIX};
    assert_int_equal(client_of_address(NULL), CLIENT_NOBODY);
    assert_int_equal(client_of_address(&local), CLIENT_NOBODY);
    assert_int_equal(of("0:0:0:7::1"), CLIENT_NOBODY);
    assert_int_equal(of("0:1::1"), CLIENT_NOBODY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ipv4_address_is_a_client),
        cmocka_unit_test(an_ipv6_network_of_64_bits_is_one_client),
        cmocka_unit_test(an_ipv4_address_is_the_same_client_in_ipv6),
        cmocka_unit_test(what_is_no_address_is_nobody_and_no_network_is_taken_for_a_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
