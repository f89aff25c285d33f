/* Linear probing at most half full, with backward shifting instead of tombstones. */
#include "server/registry/map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 64

void map_init(struct map *map, const struct siphash_key *secret)
{
    *map = (struct map){.secret = *secret};
}

void map_done(struct map *map)
{
    free(map->slots);
    map->slots = NULL;
    map->slot_n = map->used = 0;
}

static bool slot_holds(const struct map_slot *slot, uint64_t hash, const void *key, size_t key_n)
{
    return slot->hash == hash && slot->key_n == key_n && memcmp(slot->key, key, key_n) == 0;
}

/* The slot that holds the key, or the free one where it would go. */
static size_t find(const struct map *map, uint64_t hash, const void *key, size_t key_n)
{
    size_t mask = map->slot_n - 1, at = hash & mask;

    while (map->slots[at].key && !slot_holds(&map->slots[at], hash, key, key_n))
        at = (at + 1) & mask;
    return at;
}

void *map_get(const struct map *map, const void *key, size_t key_n)
{
    if (map->slot_n == 0)
        return NULL;
    return map->slots[find(map, siphash(&map->secret, key, key_n), key, key_n)].value;
}

bool map_reserve(struct map *map)
{
    struct map bigger = {.secret = map->secret, .used = map->used};

    if ((map->used + 1) * 2 <= map->slot_n)
        return true;
    bigger.slot_n = map->slot_n ? map->slot_n * 2 : SLOTS_FIRST;
    bigger.slots = calloc(bigger.slot_n, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < map->slot_n; i++) {
        const struct map_slot *slot = &map->slots[i];
        if (slot->key)
            bigger.slots[find(&bigger, slot->hash, slot->key, slot->key_n)] = *slot;
    }
    free(map->slots);
    *map = bigger;
    return true;
}

void map_put(struct map *map, const void *key, size_t key_n, void *value)
{
    uint64_t hash = siphash(&map->secret, key, key_n);

    assert((map->used + 1) * 2 <= map->slot_n);
    size_t at = find(map, hash, key, key_n);
    assert(!map->slots[at].key);
    map->slots[at] = (struct map_slot){hash, key, key_n, value};
    map->used++;
}

void map_remove(struct map *map, const void *key, size_t key_n)
{
    size_t mask = map->slot_n - 1;
    size_t hole = find(map, siphash(&map->secret, key, key_n), key, key_n);

    assert(map->slots[hole].key);
    for (size_t at = (hole + 1) & mask; map->slots[at].key; at = (at + 1) & mask) {
        size_t home = map->slots[at].hash & mask;
        /* It may move back into the hole unless its home lies between the hole and itself. */
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            map->slots[hole] = map->slots[at];
            hole = at;
        }
    }
    map->slots[hole] = (struct map_slot){0};
    map->used--;
}
