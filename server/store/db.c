/* Statements and errors of the SQLite file; opening is in db_open.c. Surprising: a full disk reaches us
 * in two ways, as SQLITE_FULL and as a failed write with the system's errno, and both must say "full". */
#include "server/store/db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const char *const sql_text[SQL_N] = {
#define SQL_TEXT(name, text) [SQL_##name] = text,
    SQL_LIST(SQL_TEXT)
#undef SQL_TEXT
};

/* SQLite does not keep the system's errno of a write that failed inside COMMIT: then it is still the
 * thread's own. */
static bool disk_is_full(sqlite3 *sqlite, int code, int thread_errno)
{
    if (code != SQLITE_IOERR)
        return code == SQLITE_FULL;
    int system = sqlite3_system_errno(sqlite);
    if (!system)
        system = thread_errno;
    return system == ENOSPC || system == EDQUOT || system == EFBIG;
}

/* The only rules that a caller can break: what a row hangs on is gone, or its name is taken. */
static int fail_constraint(struct db *db, struct err *err)
{
    if (sqlite3_extended_errcode(db->sqlite) == SQLITE_CONSTRAINT_FOREIGNKEY)
        return err_set(err, ERR_NOT_FOUND, "the series does not exist");
    return err_set(err, ERR_CONFLICT, "%s", sqlite3_errmsg(db->sqlite));
}

int db_fail(struct db *db, struct err *err)
{
    int thread_errno = errno;
    int code = sqlite3_errcode(db->sqlite) & 0xff;
    const char *words = sqlite3_errmsg(db->sqlite);

    if (disk_is_full(db->sqlite, code, thread_errno))
        return err_set(err, ERR_NO_SPACE, "%s cannot grow: the disk is full", db->path);
    switch (code) {
    case SQLITE_NOMEM:
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, ERR_UNAVAILABLE, "%s is locked by another program", db->path);
    case SQLITE_CONSTRAINT:
        return fail_constraint(db, err);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(err, ERR_STORAGE, "%s is damaged: %s", db->path, words);
    default:
        return err_set(err, ERR_STORAGE, "%s: %s", db->path, words);
    }
}

static int bind_one(sqlite3_stmt *stmt, int at, char letter, va_list *args)
{
    const void *bytes;

    switch (letter) {
    case 'i':
        return sqlite3_bind_int64(stmt, at, va_arg(*args, int64_t));
    case 'd':
        return sqlite3_bind_double(stmt, at, va_arg(*args, double));
    case 't':
        return sqlite3_bind_text(stmt, at, va_arg(*args, const char *), -1, SQLITE_STATIC);
    case 'b':
        bytes = va_arg(*args, const void *);
        return sqlite3_bind_blob64(stmt, at, bytes ? bytes : "", va_arg(*args, size_t),
                                   SQLITE_STATIC);
    default:
        return sqlite3_bind_null(stmt, at);
    }
}

sqlite3_stmt *db_bind(struct db *db, enum sql sql, struct err *err, const char *format, ...)
{
    sqlite3_stmt **stmt = &db->stmt[sql];
    int code = SQLITE_OK;
    va_list args;

    if (!*stmt)
        code = sqlite3_prepare_v3(db->sqlite, sql_text[sql], -1, SQLITE_PREPARE_PERSISTENT, stmt,
                                  NULL);
    else
        sqlite3_reset(*stmt);
    va_start(args, format);
    for (int at = 1; code == SQLITE_OK && format[at - 1]; at++)
        code = bind_one(*stmt, at, format[at - 1], &args);
    va_end(args);
    if (code == SQLITE_OK)
        return *stmt;
    db_fail(db, err);
    return NULL;
}

int db_step(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
    int code = sqlite3_step(stmt);

    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        db_fail(db, err);
    sqlite3_reset(stmt);
    return code == SQLITE_DONE ? 0 : -1;
}

int db_finish(struct db *db, sqlite3_stmt *stmt, struct err *err)
{
    if (!stmt)
        return -1;
    int got = db_step(db, stmt, err);
    if (got > 0)
        sqlite3_reset(stmt);
    return got < 0 ? -1 : 0;
}

int db_exec(struct db *db, const char *text, struct err *err)
{
    if (sqlite3_exec(db->sqlite, text, NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, err);
    return 0;
}

bool db_in_transaction(const struct db *db)
{
    return !sqlite3_get_autocommit(db->sqlite);
}

/* A failed ROLLBACK leaves SQLite with nothing committed all the same; there is nobody to tell. */
void db_rollback(struct db *db)
{
    if (db_in_transaction(db))
        sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
}

static uint64_t file_bytes(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

uint64_t db_file_bytes(const struct db *db, uint64_t *ret_wal)
{
    char wal[4096];
    int n = snprintf(wal, sizeof(wal), "%s-wal", db->path);

    *ret_wal = n > 0 && (size_t)n < sizeof(wal) ? file_bytes(wal) : 0;
    return file_bytes(db->path) + *ret_wal;
}
