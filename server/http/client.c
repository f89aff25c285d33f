/* Grouping addresses. See client.h. */
#include "server/http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>

static uint64_t number_of(const uint8_t *bytes, size_t n)
{
    uint64_t number = 0;
    for (size_t i = 0; i < n; i++)
        number = number << 8 | bytes[i];
    return number;
}

static uint64_t client_of_in6(const struct in6_addr *address)
{
    if (IN6_IS_ADDR_LOOPBACK(address))
        return CLIENT_ADDRESS + INADDR_LOOPBACK;
    if (IN6_IS_ADDR_V4MAPPED(address))
        return CLIENT_ADDRESS + number_of(address->s6_addr + 12, 4);
    uint64_t network = number_of(address->s6_addr, 8);
    /* No network on the Internet begins with 31 zero bits; one that does is nobody in particular.
     */
    return network < 2 * CLIENT_ADDRESS ? CLIENT_NOBODY : network;
}

uint64_t client_of_address(const struct sockaddr *address)
{
    if (address == NULL)
        return CLIENT_NOBODY;
    if (address->sa_family == AF_INET)
        return CLIENT_ADDRESS + ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr);
    if (address->sa_family == AF_INET6)
        return client_of_in6(&((const struct sockaddr_in6 *)address)->sin6_addr);
    return CLIENT_NOBODY;
}
