/* The schema's version, forward only. Knows numbered migrations (schemas/sql); refuses to know their
 * content. Surprising: a file is judged before the first byte is written to it, so that a newer
 * program's data, or another program's, is left as it was found. */
#ifndef SERVER_STORE_MIGRATE_H
#define SERVER_STORE_MIGRATE_H

#include "schemas/embedded.h"
#include "server/store/db.h"

/* "tstr", written by migration 1 into SQLite's application_id. */
#define MIGRATE_APPLICATION_ID 0x74737472

/* Reads only. Returns 0 when the file is empty or ours and at most at version steps_n; -1 with
 * ERR_STORAGE otherwise. */
__attribute__((warn_unused_result)) int migrate_check(struct db *db, size_t steps_n, struct err *err);

/* Runs steps[version..steps_n - 1], each in a transaction of its own together with its version number.
 * On failure the file stands at the last version that worked. */
__attribute__((warn_unused_result)) int migrate_run(struct db *db, const struct embedded_file *steps,
                                                    size_t steps_n, struct err *err);

#endif
