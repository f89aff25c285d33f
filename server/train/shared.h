/* Something immutable that the loop and the workers share: what crosses threads by reference. Knows
 * counting; refuses to know what it counts (model_ref.h and base_ref.h give it types). Relaxed
 * increment, acquire-release decrement: the last one must see every other thread's reads done
 * before it frees. */
#ifndef SERVER_TRAIN_SHARED_H
#define SERVER_TRAIN_SHARED_H

struct shared;

/* Takes what; count 1; free_what(what) with the last reference, nothing where free_what is NULL.
 * NULL when out of memory (what is not taken). */
struct shared *shared_new(void *what, void (*free_what)(void *what));
struct shared *shared_ref(struct shared *shared);
/* Accepts NULL. */
void shared_unref(struct shared *shared);
const void *shared_get(const struct shared *shared);

#endif
