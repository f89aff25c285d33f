/* What the store's thread does between two batches: one step of settling, one step of a backup. Knows when
 * there is such work; refuses to know what a step does (settle.h, backup.h). Surprising: each kind takes one
 * small step after every batch, so that neither writes nor the work in the background wait for long.
 * Private to server/store. Thread: the store's. */
#ifndef SERVER_STORE_BACKGROUND_H
#define SERVER_STORE_BACKGROUND_H

#include <stdbool.h>

/* News of settled series that the loop may be behind with; then settling waits for it. */
#define BACKGROUND_NOTES_MAX 64

struct store;
struct request;
struct backup;

struct background {
    bool may_settle;         /* the last step, or the last batch since, has worked */
    struct request *request; /* of the backup under way, or NULL */
    struct backup *backup;
};

void background_init(struct background *background);

/* Whether a step has something to do. With the store's mutex held. */
bool background_due(const struct store *store);

/* One step of each. */
void background_step(struct store *store);

/* Gives up a backup that is under way or asked for. */
void background_stop(struct store *store);

#endif
