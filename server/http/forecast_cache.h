/* Finished answers of the polled endpoint. Knows bytes, what they were made from and how long they hold;
 * refuses to know how a forecast is computed or written. Surprising: the key is the request's target as it
 * came, so that a hit parses nothing; two spellings of one question cost two entries.
 *
 * An entry answers as long as the series' tag (revision, settings, model) is the one that it was made
 * from. Each holds finished responses. max-age counts down, so they are made anew when its second
 * has changed, around the same bytes. Bounded by bytes, the least recently used go first.
 * The loop's thread. */
#ifndef SERVER_HTTP_FORECAST_CACHE_H
#define SERVER_HTTP_FORECAST_CACHE_H

#include "server/base/counters.h"
#include "server/service/service.h"

#include <stdbool.h>

#define ETAG_MAX 128

struct forecast_cache;
struct forecast_entry;
struct request;

/* NULL when out of memory, or of random numbers. max_bytes 0: nothing is kept. */
struct forecast_cache *forecast_cache_new(size_t max_bytes, struct counters *counters);
/* Accepts NULL. */
void forecast_cache_free(struct forecast_cache *cache);

/* The entry for target[n] in this representation, or NULL; it may be stale. */
struct forecast_entry *forecast_cache_find(struct forecast_cache *cache, const char *target, size_t n,
                                           unsigned media);
/* What the entry's question was, to ask for its tag. */
const struct forecast_ask *forecast_entry_ask(const struct forecast_entry *entry);
/* Whether the entry was made from this tag. */
bool forecast_entry_holds(const struct forecast_entry *entry, const struct forecast_tag *tag);

/* What an entry is made of. */
struct forecast_made {
    struct forecast_ask ask;
    struct forecast_tag tag;
    char etag[ETAG_MAX];
    const char *type;
    char *bytes; /* malloc */
    size_t n;
};

/* Takes made->bytes whatever it returns; replaces the entry of the same key. Returns NULL when out of
 * memory. Where the entry is too large to be kept, it stands outside the cache, and forecast_entry_answer
 * frees it. */
struct forecast_entry *forecast_cache_put(struct forecast_cache *cache, const char *target, size_t n,
                                          unsigned media, const struct forecast_made *made);

/* Answers with 200, or 304 where If-None-Match names it. */
void forecast_entry_answer(struct forecast_entry *entry, struct request *request, int64_t now_ms);

/* From now on; what is too much is dropped, the least recently used first. Answers under way live on. */
void forecast_cache_set_max(struct forecast_cache *cache, size_t max_bytes);

struct forecast_cache_stats {
    size_t entries, bytes;
};
struct forecast_cache_stats forecast_cache_stats(const struct forecast_cache *cache);

#endif
