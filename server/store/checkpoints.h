/* Checkpoints read back. Knows rows and their checksum; refuses to know what a checkpoint means. Inside the
 * caller's transaction, or none. Thread: the connection's. */
#ifndef SERVER_STORE_CHECKPOINTS_H
#define SERVER_STORE_CHECKPOINTS_H

#include "server/store/db.h"
#include "server/store/store.h"

/* The statement's present row: version, crc, bytes, created_at. The bytes are the statement's. */
void checkpoint_row(sqlite3_stmt *stmt, struct store_checkpoint *ret);

/* At most max >= 1, newest first; version 0: all, else that one. The array and each one's bytes are malloc,
 * the caller's; *ret is NULL where there is none. */
__attribute__((warn_unused_result)) int checkpoints_read(struct db *db, int64_t key, uint64_t version,
                                                         size_t max, struct store_checkpoint **ret,
                                                         size_t *ret_n, struct err *err);

#endif
