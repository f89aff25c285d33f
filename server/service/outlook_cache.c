/* A hash table and a list in order of use. See outlook_cache.h. */
#include "server/service/outlook_cache.h"

#include <stdlib.h>

void outlook_cache_init(struct outlook_cache *cache, const struct siphash_key *secret)
{
    *cache = (struct outlook_cache){.newest = NULL};
    map_init(&cache->map, secret);
}

static void unlink_kept(struct outlook_cache *cache, struct kept_outlook *kept)
{
    *(kept->newer ? &kept->newer->older : &cache->newest) = kept->older;
    *(kept->older ? &kept->older->newer : &cache->oldest) = kept->newer;
    kept->newer = kept->older = NULL;
}

static void link_newest(struct outlook_cache *cache, struct kept_outlook *kept)
{
    kept->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = kept;
    cache->newest = kept;
}

static void drop(struct outlook_cache *cache, struct kept_outlook *kept)
{
    map_remove(&cache->map, &kept->id, sizeof kept->id);
    unlink_kept(cache, kept);
    cache->bytes -= kept->bytes;
    free(kept);
}

void outlook_cache_clear(struct outlook_cache *cache)
{
    while (cache->oldest)
        drop(cache, cache->oldest);
}

void outlook_cache_done(struct outlook_cache *cache)
{
    outlook_cache_clear(cache);
    map_done(&cache->map);
}

static bool holds(const struct forecast_tag *kept, const struct forecast_tag *tag)
{
    return kept->revision == tag->revision && kept->record == tag->record &&
           kept->settings_revision == tag->settings_revision &&
           kept->model_version == tag->model_version && kept->weights == tag->weights;
}

const struct kept_outlook *outlook_cache_find(struct outlook_cache *cache,
                                              const struct forecast_tag *tag)
{
    struct outlook_id id = {tag->key, tag->horizon};
    struct kept_outlook *kept = map_get(&cache->map, &id, sizeof id);

    if (!kept || !holds(&kept->tag, tag))
        return NULL;
    unlink_kept(cache, kept);
    link_newest(cache, kept);
    return kept;
}

struct kept_outlook *outlook_cache_put(struct outlook_cache *cache, const struct forecast_tag *tag)
{
    size_t bytes = sizeof(struct kept_outlook) + 3 * tag->horizon * sizeof(double);
    struct outlook_id id = {tag->key, tag->horizon};
    struct kept_outlook *old = map_get(&cache->map, &id, sizeof id);

    if (old)
        drop(cache, old);
    while (cache->oldest && cache->bytes + bytes > OUTLOOKS_BYTES_MAX)
        drop(cache, cache->oldest);
    struct kept_outlook *kept = map_reserve(&cache->map) ? calloc(1, bytes) : NULL;
    if (!kept)
        return NULL;
    kept->id = id;
    kept->tag = *tag;
    kept->bytes = bytes;
    kept->outlook.median = kept->values;
    kept->outlook.lower = kept->values + tag->horizon;
    kept->outlook.upper = kept->values + 2 * tag->horizon;
    cache->bytes += bytes;
    map_put(&cache->map, &kept->id, sizeof kept->id, kept);
    link_newest(cache, kept);
    return kept;
}
