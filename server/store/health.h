/* Whether writes can be made durable. Knows of the last failure and when to try again; refuses to know
 * requests. Surprising: while it fails the thread itself writes (a page that says what it said before), so
 * that readiness comes back by itself and means that a write was synced.
 *
 * While all is well and nobody writes, every STORE_LOOK_MS it is looked, without writing, whether the files
 * are
 * where they were and their file system is writable: so a store that was moved away is told before the next
 * write. Private to server/store. Thread: the store's, except what says otherwise. */
#ifndef SERVER_STORE_HEALTH_H
#define SERVER_STORE_HEALTH_H

#include "server/base/err.h"

#include <stdint.h>

#define STORE_LOOK_MS 2000
/* After a full disk it must have this much room before a write counts as possible again. */
#define STORE_ROOM_BYTES ((uint64_t)1 << 20)

struct store;

struct health {
    struct err err;   /* code ERR_NONE: all is well. With the store's mutex held; written by its thread */
    uint64_t failings; /* likewise */
    uint64_t next_ns; /* when the next look or try is due, monotonic */
    uint64_t wait_ns; /* between the last two tries */
};

void health_init(struct health *health);

/* A write has failed, or a read for the disk's sake. Errors that say nothing about the disk do not count. */
void health_failed(struct store *store, const struct err *err);

/* A commit has failed, perhaps only in its sync: then all of it stands at the end of the WAL, and who reads
 * that
 * anew takes it for committed. A page that says what it said before is written over its beginning, synced or
 * not;
 * what is refused so stays refused, unless the power goes in between. */
void health_bury(struct store *store);

/* A batch was committed: where it was failing, the next try is due at once. */
void health_committed(struct store *store);

/* Time until the next look or try; 0: now. */
uint64_t health_wait_ns(const struct store *store);

/* A look or a try, where it is due. */
void health_step(struct store *store);

#endif
