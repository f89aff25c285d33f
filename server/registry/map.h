/* Bytes → pointer. Knows hashing with a secret key and open addressing; refuses to own keys or
 * values: a key lives inside its value. Surprising: room is made apart from inserting
 * (map_reserve), so that a caller can take every risk of running out of memory before it changes
 * anything. */
#ifndef SERVER_MAP_H
#define SERVER_MAP_H

#include "server/base/siphash.h"

#include <stdbool.h>

struct map_slot {
    uint64_t hash;
    const void *key; /* NULL: free */
    size_t key_n;
    void *value;
};

struct map {
    struct siphash_key secret;
    struct map_slot *slots; /* [slot_n], slot_n a power of two, or 0 */
    size_t slot_n, used;
};

void map_init(struct map *map, const struct siphash_key *secret);
void map_done(struct map *map);

/* The value, or NULL. */
void *map_get(const struct map *map, const void *key, size_t key_n);

/* Room for one more. False when out of memory (nothing changed). */
__attribute__((warn_unused_result)) bool map_reserve(struct map *map);

/* After map_reserve; the key must not be there yet, and live as long as it is in the map. */
void map_put(struct map *map, const void *key, size_t key_n, void *value);

/* The key must be there. */
void map_remove(struct map *map, const void *key, size_t key_n);

#endif
