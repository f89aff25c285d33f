/* What each client holds of what all share: connections, bytes, requests of this second. Knows counts, by
 * the client's number (client.h), and the limits for one client; refuses to know who a client is and how a
 * refusal is told. Surprising: a client that holds nothing is remembered for a while, else whoever closes
 * its connection after each request would have a new bucket of requests every time.
 *
 * Memory: a client costs some 100 bytes; of those that hold nothing CLIENTS_REMEMBERED_MAX are remembered,
 * the last ones. The table is keyed by a secret: addresses can be chosen. The loop's thread. */
#ifndef SERVER_HTTP_CLIENT_SHARES_H
#define SERVER_HTTP_CLIENT_SHARES_H

#include "server/base/config.h"
#include "server/base/siphash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Clients that hold nothing now. */
#define CLIENTS_REMEMBERED_MAX 1024

struct client_share {
    struct client_share *next;         /* in its bucket */
    struct client_share *newer, *older; /* among those that hold nothing */
    uint64_t client;
    size_t holds;          /* connections and requests that point here */
    size_t connections_n;
    size_t bytes;          /* its part of what requests hold (request_charge) */
    double tokens;         /* requests that it may make at once … */
    uint64_t filled_ns;    /* … as it was then; 0: never asked */
};

struct client_shares {
    struct siphash_key secret;
    struct client_share **bucket; /* [bucket_n], a power of two */
    size_t bucket_n;
    size_t n, silent_n;           /* all; those that hold nothing */
    struct client_share *newest, *oldest; /* of those */
};

/* Room for that many clients with connections; more make it slower, nothing else. Returns 0, or -1 when out
 * of memory or random numbers. */
__attribute__((warn_unused_result)) int client_shares_init(struct client_shares *shares, size_t clients_n);
void client_shares_done(struct client_shares *shares);

/* The client's share, held until client_share_release. NULL for CLIENT_NOBODY, or when out of memory: then
 * nothing is counted. */
struct client_share *client_share_hold(struct client_shares *shares, uint64_t client);
/* Accepts NULL. */
void client_share_release(struct client_shares *shares, struct client_share *share);

/* The most that the client may hold: as configured, or by default three quarters of what all may, so that one
 * client leaves something to the others; loopback addresses, behind which a proxy asks for everybody, are
 * limited only where it is configured. SIZE_MAX: no limit. */
size_t client_connections_max(const struct config *config, uint64_t client);
size_t client_bytes_max(const struct config *config, uint64_t client);

/* Whether the client may make one more request now: `per_second` of them, as many at once after a second of
 * silence. 0: any number. share NULL: always. */
bool client_share_ask(struct client_share *share, size_t per_second, uint64_t now_ns);

#endif
