/* Two maps and a sorted array over the same entries. */
#include "server/registry/registry.h"

#include <stdlib.h>
#include <string.h>

struct registry {
    struct map by_id, by_key;
    struct entry **sorted; /* [n] in byte order of ids */
    size_t n, capacity;
};

struct registry *registry_new(const struct siphash_key *secret)
{
    struct registry *registry = calloc(1, sizeof *registry);

    if (!registry)
        return NULL;
    map_init(&registry->by_id, secret);
    map_init(&registry->by_key, secret);
    return registry;
}

static void entry_free(struct entry *entry)
{
    if (!entry)
        return;
    series_settings_done(&entry->settings);
    window_done(&entry->recent);
    model_ref_unref(entry->model);
    said_done(&entry->said);
    free(entry->id);
    free(entry);
}

void registry_free(struct registry *registry)
{
    if (!registry)
        return;
    for (size_t i = 0; i < registry->n; i++)
        entry_free(registry->sorted[i]);
    free(registry->sorted);
    map_done(&registry->by_id);
    map_done(&registry->by_key);
    free(registry);
}

static struct entry *entry_new(const char *id, int64_t key)
{
    struct entry *entry = calloc(1, sizeof *entry);

    if (!entry)
        return NULL;
    series_settings_init(&entry->settings);
    entry->stale_from = INT64_MAX;
    entry->key = key;
    entry->id = strdup(id);
    if (!entry->id) {
        entry_free(entry);
        return NULL;
    }
    return entry;
}

/* Room for one more entry everywhere; false when out of memory. */
static bool reserve(struct registry *registry)
{
    if (registry->n == registry->capacity) {
        size_t capacity = registry->capacity ? registry->capacity * 2 : 64;
        struct entry **sorted = realloc(registry->sorted, capacity * sizeof *sorted);
        if (!sorted)
            return false;
        registry->sorted = sorted;
        registry->capacity = capacity;
    }
    return map_reserve(&registry->by_id) && map_reserve(&registry->by_key);
}

struct entry *registry_add(struct registry *registry, const char *id, int64_t key)
{
    struct entry *entry = entry_new(id, key);

    if (!entry || !reserve(registry)) {
        entry_free(entry);
        return NULL;
    }
    size_t at = registry_position(registry, id, false);
    memmove(registry->sorted + at + 1, registry->sorted + at,
            (registry->n - at) * sizeof *registry->sorted);
    registry->sorted[at] = entry;
    registry->n++;
    map_put(&registry->by_id, entry->id, strlen(entry->id), entry);
    map_put(&registry->by_key, &entry->key, sizeof entry->key, entry);
    return entry;
}

void registry_remove(struct registry *registry, struct entry *entry)
{
    size_t at = registry_position(registry, entry->id, false);

    map_remove(&registry->by_id, entry->id, strlen(entry->id));
    map_remove(&registry->by_key, &entry->key, sizeof entry->key);
    registry->n--;
    memmove(registry->sorted + at, registry->sorted + at + 1,
            (registry->n - at) * sizeof *registry->sorted);
    entry_free(entry);
}

struct entry *registry_find(const struct registry *registry, const char *id)
{
    return map_get(&registry->by_id, id, strlen(id));
}

struct entry *registry_by_key(const struct registry *registry, int64_t key)
{
    return map_get(&registry->by_key, &key, sizeof key);
}

size_t registry_n(const struct registry *registry)
{
    return registry->n;
}

struct entry *registry_at(const struct registry *registry, size_t position)
{
    return registry->sorted[position];
}

size_t registry_position(const struct registry *registry, const char *id, bool after)
{
    size_t low = 0, high = registry->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(registry->sorted[middle]->id, id);
        if (order < 0 || (after && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t entry_bytes(const struct entry *entry)
{
    size_t model = entry->model ? trm_model_bytes(model_ref_get(entry->model)) : 0;

    return sizeof *entry + strlen(entry->id) + 1 + window_bytes(&entry->recent) + model +
           said_bytes(&entry->said) +
           entry->settings.label_n * sizeof *entry->settings.labels +
           2 * 2 * sizeof(struct map_slot) + sizeof entry; /* its share of the maps and the array */
}
