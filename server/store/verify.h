/* A store's file read from one end to the other without serving it: an operator's look at a backup.
 * Knows every table that bytes with a checksum are kept in, of every schema version there was;
 * refuses to repair, and to know what a model is (a callback does). Surprising: it reads with
 * statements of its own, because those of the store want the newest schema, and nothing may be
 * migrated here.
 *
 * The file is never written. Where a killed daemon has left a log beside it (-wal), that is read
 * too, and SQLite makes its index (-shm) anew beside it. Memory: one row at a time. */
#ifndef SERVER_STORE_VERIFY_H
#define SERVER_STORE_VERIFY_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_verifier {
    void *ctx;
    bool (*model)(void *ctx, const void *bytes, size_t n);   /* whether a checkpoint decodes */
    bool (*weights)(void *ctx, const void *bytes, size_t n); /* likewise; n > 0 */
    void (*damage)(void *ctx, const char *words);            /* one that was found, in words */
};

struct store_verified {
    int64_t version; /* of the schema */
    uint64_t bytes;  /* of the file */
    uint64_t series, points, chunks, tail, checkpoints, weights, said,
        jobs; /* rows; points in chunks */
    uint64_t damages;
};

/* Returns 0 when the file could be read to its end, damaged or not, or -1 with *err (ERR_STORAGE:
 * not there, no store, of a newer schema, in use by a daemon; ERR_NO_MEMORY). */
__attribute__((warn_unused_result)) int store_verify(const char *path,
                                                     const struct store_verifier *verifier,
                                                     struct store_verified *ret, struct err *err);

#endif
