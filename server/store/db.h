/* The SQLite file: opening it safely, and running statements with errors as values. Knows SQLite's ways;
 * refuses to know what the rows mean. Surprising: one process owns the file (a lock on FILE.lock),
 * because the store keeps an index of the tail in memory that a second writer would make wrong.
 *
 * Thread: one at a time (SQLITE_OPEN_NOMUTEX): the caller's until store_start, the store's then. */
#ifndef SERVER_STORE_DB_H
#define SERVER_STORE_DB_H

#include "server/base/err.h"
#include "server/store/damage.h"
#include "server/store/sql.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The file, its log (WAL) and its lock, as they were when they were opened. */
enum { DB_FILE, DB_WAL, DB_LOCK, DB_FILES };
struct db_identity {
    bool known;
    dev_t device;
    ino_t inode;
};

struct db {
    sqlite3 *sqlite;
    sqlite3_stmt *stmt[SQL_N]; /* prepared at first use */
    char *path;
    int lock_fd;
    struct db_identity identity[DB_FILES];
    struct damage *damage; /* may be NULL */
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

/* The error of the connection's last failed call in our words; returns -1. Full: ERR_NO_SPACE; the disk or
 * the system refuses, or another program holds the file: ERR_UNAVAILABLE, for it may pass; damage, which is
 * noted, and everything else: ERR_STORAGE. */
int db_fail(struct db *db, struct err *err);

/* The first column of the first row of a query that always has one. */
__attribute__((warn_unused_result)) int db_query_int(struct db *db, const char *text, int64_t *ret,
                                                     struct err *err);

/* The schema's version as the file says it. */
__attribute__((warn_unused_result)) int db_user_version(struct db *db, int64_t *ret, struct err *err);

/* Notes that the file's own structure is damaged; words: SQLite's. ERR_STORAGE with what can be done. */
int db_fail_damaged(struct db *db, const char *words, struct err *err);

/* Ends a transaction without keeping it; nothing to do when SQLite has ended it already. */
void db_rollback(struct db *db);

/* Whether a transaction is open: SQLite ends it by itself after some failures. */
bool db_in_transaction(const struct db *db);

/* Whether the files still have the names that they were opened under: 0, or -1 with *err (ERR_UNAVAILABLE).
 * What is written into a file that has lost its name is gone with this process. Three stats. */
__attribute__((warn_unused_result)) int db_in_place(const struct db *db, struct err *err);

/* Remembers which files these are. */
void db_identify(struct db *db);

/* Bytes of the database and its WAL, and of the WAL alone. Any thread. */
uint64_t db_file_bytes(const struct db *db, uint64_t *ret_wal);

#endif
