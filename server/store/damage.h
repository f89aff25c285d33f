/* What of the file was found damaged since the start. Knows which rows, each once; refuses to judge rows
 * and to change them: what is damaged stays in the file, or is moved into its table `damaged` when its place
 * is needed. Surprising: the list is bounded, and when it is full what more is found is only counted, perhaps
 * twice.
 *
 * Threads: any; the list has a lock of its own. */
#ifndef SERVER_STORE_DAMAGE_H
#define SERVER_STORE_DAMAGE_H

#include "server/store/store.h"

struct damage;

/* NULL when out of memory. */
struct damage *damage_new(void);
void damage_free(struct damage *damage); /* accepts NULL */

/* Adds it unless kind, key and from are in the list already. Accepts NULL: then nothing is kept. */
void damage_note(struct damage *damage, const struct store_damage *found);

/* Copies those from position `from` on; returns how many. */
size_t damage_copy(struct damage *damage, size_t from, struct store_damage *ret, size_t max);

/* Damaged points of a series between two times (start <= t < end). */
size_t damage_points(struct damage *damage, int64_t key, int64_t start, int64_t end, struct store_damage *ret,
                     size_t max);

/* Points of a series that cannot be read: of chunks and of the log. */
uint64_t damage_points_n(struct damage *damage, int64_t key);

void damage_count(struct damage *damage, struct store_damage_counts *ret);

#endif
