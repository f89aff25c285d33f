/* A chained hash of those who hold anything. See shares.h. */
#include "server/service/shares.h"

#include <stdlib.h>

void shares_init(struct shares *shares, const struct siphash_key *secret)
{
    *shares = (struct shares){.secret = *secret};
}

void shares_done(struct shares *shares)
{
    for (size_t i = 0; i < SHARES_BUCKETS; i++)
        for (struct share *share = shares->buckets[i], *next; share; share = next) {
            next = share->chain;
            free(share);
        }
}

static size_t bucket_of(const struct shares *shares, uint64_t client)
{
    return siphash(&shares->secret, &client, sizeof client) % SHARES_BUCKETS;
}

/* Where the client's share hangs, or where it would. */
static struct share **find(struct shares *shares, uint64_t client)
{
    struct share **link = &shares->buckets[bucket_of(shares, client)];

    while (*link && (*link)->client != client)
        link = &(*link)->chain;
    return link;
}

size_t shares_of(const struct shares *shares, uint64_t client)
{
    const struct share *share = shares->buckets[bucket_of(shares, client)];

    while (share && share->client != client)
        share = share->chain;
    return share ? share->n : 0;
}

bool shares_take(struct shares *shares, uint64_t client)
{
    struct share **link = find(shares, client);

    if (!*link)
        *link = calloc(1, sizeof **link);
    if (!*link)
        return false;
    (*link)->client = client;
    (*link)->n++;
    return true;
}

void shares_give(struct shares *shares, uint64_t client)
{
    struct share **link = find(shares, client), *share = *link;

    if (--share->n > 0)
        return;
    *link = share->chain;
    free(share);
}

bool shares_allow(size_t own, size_t taken_n, size_t max, bool background)
{
    size_t free_n = max > taken_n ? max - taken_n : 0;

    return own < (background ? free_n / 2 + free_n % 2 : free_n);
}
