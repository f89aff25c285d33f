/* A hash table with a list through it in order of use. See forecast_cache.h. */
#include "server/http/forecast_cache.h"

#include "server/base/siphash.h"
#include "server/http/cached_answer.h"
#include "server/http/request.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An entry costs this much besides its bytes and key: itself, its responses and their headers. */
#define ENTRY_BYTES 1536
#define BUCKETS_MIN 64
#define BUCKETS_MAX 65536

struct forecast_entry {
    struct forecast_entry *next_in_bucket;
    struct forecast_entry *newer, *older;
    struct forecast_cache *cache; /* NULL: not kept */
    uint64_t hash;
    unsigned media;
    struct forecast_ask ask;
    struct forecast_tag tag;
    struct cached_answer answer;
    size_t target_n;
    char target[];
};

struct forecast_cache {
    struct counters *counters;
    size_t max_bytes, bytes, entries;
    struct forecast_entry *newest, *oldest;
    struct siphash_key secret; /* so that nobody can choose targets that share a bucket */
    size_t buckets_n; /* a power of two */
    struct forecast_entry *bucket[];
};

struct forecast_cache *forecast_cache_new(size_t max_bytes, struct counters *counters)
{
    size_t buckets_n = BUCKETS_MIN;
    while (buckets_n < BUCKETS_MAX && buckets_n < max_bytes / 4096)
        buckets_n *= 2;
    struct forecast_cache *cache = calloc(1, sizeof *cache + buckets_n * sizeof *cache->bucket);
    if (cache == NULL)
        return NULL;
    cache->counters = counters;
    cache->max_bytes = max_bytes;
    cache->buckets_n = buckets_n;
    if (getentropy(&cache->secret, sizeof cache->secret) == 0)
        return cache;
    free(cache);
    return NULL;
}

static uint64_t hash_target(const struct forecast_cache *cache, const char *target, size_t n,
                            unsigned media)
{
    return siphash(&cache->secret, target, n) ^ media;
}

static struct forecast_entry **bucket_of(struct forecast_cache *cache, uint64_t hash)
{
    return &cache->bucket[hash & (cache->buckets_n - 1)];
}

static size_t entry_bytes(const struct forecast_entry *entry)
{
    return ENTRY_BYTES + entry->target_n + cached_answer_bytes(&entry->answer);
}

static void unlink_by_use(struct forecast_entry *entry)
{
    struct forecast_cache *cache = entry->cache;
    if (entry->newer != NULL)
        entry->newer->older = entry->older;
    else
        cache->newest = entry->older;
    if (entry->older != NULL)
        entry->older->newer = entry->newer;
    else
        cache->oldest = entry->newer;
}

static void link_newest(struct forecast_entry *entry)
{
    struct forecast_cache *cache = entry->cache;
    entry->newer = NULL;
    entry->older = cache->newest;
    if (cache->newest != NULL)
        cache->newest->newer = entry;
    else
        cache->oldest = entry;
    cache->newest = entry;
}

static void entry_free(struct forecast_entry *entry)
{
    cached_answer_done(&entry->answer);
    free(entry);
}

static void drop(struct forecast_entry *entry)
{
    struct forecast_cache *cache = entry->cache;
    struct forecast_entry **link = bucket_of(cache, entry->hash);
    while (*link != entry)
        link = &(*link)->next_in_bucket;
    *link = entry->next_in_bucket;
    unlink_by_use(entry);
    cache->bytes -= entry_bytes(entry);
    cache->entries--;
    entry_free(entry);
}

void forecast_cache_free(struct forecast_cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->oldest != NULL)
        drop(cache->oldest);
    free(cache);
}

struct forecast_entry *forecast_cache_find(struct forecast_cache *cache, const char *target, size_t n,
                                           unsigned media)
{
    uint64_t hash = hash_target(cache, target, n, media);
    struct forecast_entry *entry = *bucket_of(cache, hash);
    while (entry != NULL && !(entry->hash == hash && entry->media == media && entry->target_n == n &&
                              memcmp(entry->target, target, n) == 0))
        entry = entry->next_in_bucket;
    if (entry != NULL && entry != cache->newest) {
        unlink_by_use(entry);
        link_newest(entry);
    }
    return entry;
}

const struct forecast_ask *forecast_entry_ask(const struct forecast_entry *entry)
{
    return &entry->ask;
}

bool forecast_entry_holds(const struct forecast_entry *entry, const struct forecast_tag *tag)
{
    return entry->tag.key == tag->key && entry->tag.revision == tag->revision &&
           entry->tag.why == tag->why && entry->tag.record == tag->record &&
           entry->tag.settings_revision == tag->settings_revision &&
           entry->tag.model_version == tag->model_version && entry->tag.weights == tag->weights &&
           entry->tag.horizon == tag->horizon;
}

static void make_room(struct forecast_cache *cache, size_t bytes)
{
    while (cache->bytes + bytes > cache->max_bytes) {
        drop(cache->oldest);
        counters_add(cache->counters, COUNTER_CACHE_EVICTIONS, 1);
    }
}

static void keep(struct forecast_cache *cache, struct forecast_entry *entry)
{
    struct forecast_entry *same =
        forecast_cache_find(cache, entry->target, entry->target_n, entry->media);
    if (same != NULL)
        drop(same);
    make_room(cache, entry_bytes(entry));
    struct forecast_entry **bucket = bucket_of(cache, entry->hash);
    entry->cache = cache;
    entry->next_in_bucket = *bucket;
    *bucket = entry;
    link_newest(entry);
    cache->bytes += entry_bytes(entry);
    cache->entries++;
}

struct forecast_entry *forecast_cache_put(struct forecast_cache *cache, const char *target, size_t n,
                                          unsigned media, const struct forecast_made *made)
{
    struct forecast_entry *entry = calloc(1, sizeof *entry + n);
    if (entry == NULL || cached_answer_init(&entry->answer, made) != 0) {
        free(made->bytes);
        free(entry);
        return NULL;
    }
    entry->hash = hash_target(cache, target, n, media);
    entry->media = media;
    entry->ask = made->ask;
    entry->tag = made->tag;
    entry->target_n = n;
    memcpy(entry->target, target, n);
    if (entry_bytes(entry) <= cache->max_bytes / 4)
        keep(cache, entry);
    return entry;
}

void forecast_entry_answer(struct forecast_entry *entry, struct request *request, int64_t now_ms)
{
    struct forecast_cache *cache = entry->cache;
    size_t before = entry_bytes(entry);
    cached_answer_give(&entry->answer, request, cache != NULL, now_ms);
    size_t grown = entry_bytes(entry) - before; /* by a gzip variant */
    if (cache == NULL) {
        entry_free(entry);
    } else if (grown > 0) {
        /* Ends before the entry itself: the newest, with both variants at most half of the cache. */
        make_room(cache, grown);
        cache->bytes += grown;
    }
}

void forecast_cache_set_max(struct forecast_cache *cache, size_t max_bytes)
{
    cache->max_bytes = max_bytes;
    while (cache->oldest != NULL && cache->bytes > cache->max_bytes)
        drop(cache->oldest);
}

struct forecast_cache_stats forecast_cache_stats(const struct forecast_cache *cache)
{
    return (struct forecast_cache_stats){.entries = cache->entries, .bytes = cache->bytes};
}
