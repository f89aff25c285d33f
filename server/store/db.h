/* The SQLite file: opening it safely, and running statements with errors as values. Knows SQLite's ways;
 * refuses to know what the rows mean. Surprising: one process owns the file (a lock on FILE.lock),
 * because the store keeps an index of the tail in memory that a second writer would make wrong.
 *
 * Thread: one at a time (SQLITE_OPEN_NOMUTEX): the caller's until store_start, the store's then. */
#ifndef SERVER_STORE_DB_H
#define SERVER_STORE_DB_H

#include "server/base/err.h"
#include "server/store/sql.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct db {
    sqlite3 *sqlite;
    sqlite3_stmt *stmt[SQL_N]; /* prepared at first use */
    char *path;
    int lock_fd;
};

/* Opens or creates *db's file with all pragmas set, checks its integrity and migrates it. A file that is
 * refused is not written. Returns 0, or -1 with *err naming the file. */
__attribute__((warn_unused_result)) int db_open(const char *path, struct db **ret, struct err *err);

/* Checkpoints the WAL. Accepts NULL and a half-opened one. */
void db_close(struct db *db);

/* The statement, reset, with its parameters bound by format, one letter each: i int64_t, d double (NaN
 * becomes NULL), t text, b bytes (const void *, size_t), n NULL. Nothing is copied: what the pointers
 * name must live until the statement has been stepped to its end or reset. NULL with *err on failure. */
__attribute__((warn_unused_result)) sqlite3_stmt *db_bind(struct db *db, enum sql sql, struct err *err,
                                                          const char *format, ...);

/* Steps. Returns 1 with a row, 0 at the end, -1 with *err; after 0 and -1 the statement is reset. Who
 * leaves rows behind calls sqlite3_reset. */
__attribute__((warn_unused_result)) int db_step(struct db *db, sqlite3_stmt *stmt, struct err *err);

/* db_bind and db_step for a statement without rows. */
#define db_run(db, sql, err, ...) db_finish((db), db_bind((db), (sql), (err), __VA_ARGS__), (err))
__attribute__((warn_unused_result)) int db_finish(struct db *db, sqlite3_stmt *stmt, struct err *err);

/* Runs text of any number of statements, ignoring their rows. */
__attribute__((warn_unused_result)) int db_exec(struct db *db, const char *text, struct err *err);

/* The error of the connection's last failed call in our words; returns -1. */
int db_fail(struct db *db, struct err *err);

/* Ends a transaction without keeping it; nothing to do when SQLite has ended it already. */
void db_rollback(struct db *db);

/* Whether a transaction is open: SQLite ends it by itself after some failures. */
bool db_in_transaction(const struct db *db);

/* Bytes of the database and its WAL, and of the WAL alone. Any thread. */
uint64_t db_file_bytes(const struct db *db, uint64_t *ret_wal);

#endif
