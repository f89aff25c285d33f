/* Outlooks that are kept. Bounded by bytes: the least recently used go first. Nothing outside this
 * folder includes it. */
#ifndef SERVER_SERVICE_OUTLOOK_CACHE_H
#define SERVER_SERVICE_OUTLOOK_CACHE_H

#include "server/registry/map.h"
#include "server/service/outlook.h"

#define OUTLOOKS_BYTES_MAX ((size_t)32 << 20)

struct outlook_id {
    int64_t key; /* the series' */
    uint64_t horizon;
};

struct kept_outlook {
    struct outlook_id id;
    struct forecast_tag tag; /* what it was made from */
    struct outlook outlook;
    struct kept_outlook *newer, *older;
    size_t bytes;
    double values[]; /* [3][horizon] */
};

struct outlook_cache {
    struct map map; /* by id */
    struct kept_outlook *newest, *oldest;
    size_t bytes;
};

void outlook_cache_init(struct outlook_cache *cache, const struct siphash_key *secret);
void outlook_cache_done(struct outlook_cache *cache);
/* Drops everything; it can be used on. */
void outlook_cache_clear(struct outlook_cache *cache);
/* The one made from this tag; NULL where there is none. */
const struct kept_outlook *outlook_cache_find(struct outlook_cache *cache,
                                              const struct forecast_tag *tag);
/* In place of the series' old one of this horizon; NULL when out of memory. Its values are the
 * caller's to fill. */
struct kept_outlook *outlook_cache_put(struct outlook_cache *cache, const struct forecast_tag *tag);

#endif
