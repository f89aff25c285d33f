/* Who asks: a number that stands for a key or for an address, so that one client's flood can be
 * told from everybody else's needs. Knows how addresses are grouped; refuses to know what a client
 * may do (keys) and how much (limits). Surprising: an IPv6 client is its network of 64 bits,
 * because whoever has one address of it has all of them. */
#ifndef SERVER_HTTP_CLIENT_H
#define SERVER_HTTP_CLIENT_H

#include <stdint.h>
#include <sys/socket.h>

/* Three disjoint ranges: nobody (the daemon itself, or an address that cannot be told) is 0, keys
 * count from 1 below CLIENT_ADDRESS, an IPv4 address lies CLIENT_ADDRESS above its number (an IPv6
 * address that holds one is that one; ::1 is 127.0.0.1), and an IPv6 network is its own first 64
 * bits. */
#define CLIENT_NOBODY UINT64_C(0)
#define CLIENT_ADDRESS (UINT64_C(1) << 32)

/* address: AF_INET, AF_INET6, or anything else or NULL, which are nobody. */
uint64_t client_of_address(const struct sockaddr *address);

#endif
