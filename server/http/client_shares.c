/* A hash table, and a list of those who hold nothing by when they let go. See client_shares.h. */
#include "server/http/client_shares.h"

#include "server/http/client.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUCKETS_MIN 64
#define BUCKETS_MAX 65536

int client_shares_init(struct client_shares *shares, size_t clients_n)
{
    size_t bucket_n = BUCKETS_MIN;
    while (bucket_n < BUCKETS_MAX && bucket_n < clients_n)
        bucket_n *= 2;
    *shares = (struct client_shares){.bucket_n = bucket_n};
    if (getentropy(&shares->secret, sizeof shares->secret) != 0)
        return -1;
    shares->bucket = calloc(bucket_n, sizeof *shares->bucket);
    return shares->bucket == NULL ? -1 : 0;
}

void client_shares_done(struct client_shares *shares)
{
    for (size_t i = 0; shares->bucket != NULL && i < shares->bucket_n; i++)
        for (struct client_share *at = shares->bucket[i], *next; at != NULL; at = next) {
            next = at->next;
            free(at);
        }
    free(shares->bucket);
    *shares = (struct client_shares){.n = 0};
}

static struct client_share **place_of(struct client_shares *shares, uint64_t client)
{
    uint64_t hash = siphash(&shares->secret, &client, sizeof client);
    struct client_share **at = &shares->bucket[hash & (shares->bucket_n - 1)];
    while (*at != NULL && (*at)->client != client)
        at = &(*at)->next;
    return at;
}

/* ---- those who hold nothing ---- */

static void silent_unlink(struct client_shares *shares, struct client_share *share)
{
    *(share->newer != NULL ? &share->newer->older : &shares->newest) = share->older;
    *(share->older != NULL ? &share->older->newer : &shares->oldest) = share->newer;
    share->newer = share->older = NULL;
    shares->silent_n--;
}

static void silent_append(struct client_shares *shares, struct client_share *share)
{
    share->older = shares->newest;
    *(shares->newest != NULL ? &shares->newest->newer : &shares->oldest) = share;
    shares->newest = share;
    shares->silent_n++;
}

static void forget_oldest(struct client_shares *shares)
{
    struct client_share *oldest = shares->oldest;
    struct client_share **place = place_of(shares, oldest->client);
    silent_unlink(shares, oldest);
    *place = oldest->next;
    shares->n--;
    free(oldest);
}

/* ---- holding ---- */

static struct client_share *share_new(struct client_shares *shares, struct client_share **place,
                                      uint64_t client)
{
    struct client_share *share = calloc(1, sizeof *share);
    if (share == NULL)
        return NULL;
    share->client = client;
    *place = share;
    shares->n++;
    return share;
}

struct client_share *client_share_hold(struct client_shares *shares, uint64_t client)
{
    if (client == CLIENT_NOBODY)
        return NULL;
    struct client_share **place = place_of(shares, client), *share = *place;
    if (share == NULL)
        share = share_new(shares, place, client);
    else if (share->holds == 0)
        silent_unlink(shares, share);
    if (share != NULL)
        share->holds++;
    return share;
}

void client_share_release(struct client_shares *shares, struct client_share *share)
{
    if (share == NULL || --share->holds > 0)
        return;
    silent_append(shares, share);
    if (shares->silent_n > CLIENTS_REMEMBERED_MAX)
        forget_oldest(shares);
}

/* ---- limits ---- */

static size_t share_of(size_t configured, size_t all, uint64_t client)
{
    if (client == CLIENT_NOBODY)
        return SIZE_MAX;
    if (configured > 0)
        return configured;
    bool loopback = client >> 24 == (CLIENT_ADDRESS >> 24) + 127;
    return loopback ? SIZE_MAX : all - all / 4;
}

size_t client_connections_max(const struct config *config, uint64_t client)
{
    return share_of(config->client_connections_max, config->connections_max, client);
}

size_t client_bytes_max(const struct config *config, uint64_t client)
{
    return share_of(config->client_inflight_bytes_max, config->inflight_bytes_max, client);
}

bool client_share_ask(struct client_share *share, size_t per_second, uint64_t now_ns)
{
    if (share == NULL || per_second == 0)
        return true;
    double most = (double)per_second;
    double tokens = share->filled_ns == 0
                        ? most
                        : share->tokens + (double)(now_ns - share->filled_ns) * 1e-9 * most;
    share->tokens = tokens < most ? tokens : most;
    share->filled_ns = now_ns;
    if (share->tokens < 1)
        return false;
    share->tokens -= 1;
    return true;
}
