/* Series, checkpoints and jobs as rows. Knows how our structs become columns; refuses to know points.
 * Surprising: enumerations are stored as words, so that the order of a C enum is not a file format.
 * Every call runs inside the caller's transaction. Thread: the connection's. */
#ifndef SERVER_STORE_ROWS_H
#define SERVER_STORE_ROWS_H

#include "server/store/db.h"
#include "server/store/store.h"

#define ROWS_FINISHED_JOBS_MAX 1000

enum rows_mode { ROWS_REPLACE, ROWS_ADD_IF_ABSENT };

/* ERR_CONFLICT when another series has the id. tail_from counts for a new series only. */
__attribute__((warn_unused_result)) int rows_put_series(struct db *db,
                                                        const struct store_series *series,
                                                        int64_t tail_from, enum rows_mode mode,
                                                        struct err *err);

/* With everything that hangs on it, except rows of the log. ERR_NOT_FOUND. */
__attribute__((warn_unused_result)) int rows_delete_series(struct db *db, int64_t key,
                                                           struct err *err);

__attribute__((warn_unused_result)) int rows_set_grid(struct db *db, int64_t key,
                                                      const struct trm_grid *grid, struct err *err);

/* Keeps the newest `keep`. ERR_NOT_FOUND (no such series), ERR_CONFLICT (version not above all). */
__attribute__((warn_unused_result)) int rows_put_checkpoint(struct db *db, int64_t key,
                                                            uint64_t version, int64_t created_at,
                                                            const void *bytes, size_t n,
                                                            unsigned keep, struct err *err);

/* ERR_NOT_FOUND (no such series). */
__attribute__((warn_unused_result)) int rows_put_job(struct db *db, const struct job_row *job,
                                                     struct err *err);

/* Drops all but the newest `keep`. ERR_CONFLICT where the version is there. */
__attribute__((warn_unused_result)) int rows_put_weights(struct db *db,
                                                         const struct store_weights *weights,
                                                         unsigned keep, struct err *err);

/* "auto", "every", "off". */
const char *rows_fit_name(enum fit_policy fit);

#endif
