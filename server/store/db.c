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
static int errno_of(sqlite3 *sqlite, int thread_errno)
{
    int system = sqlite3_system_errno(sqlite);

    return system ? system : thread_errno;
}

static bool disk_is_full(int code, int system)
{
    if (code != SQLITE_IOERR)
        return code == SQLITE_FULL;
    return system == ENOSPC || system == EDQUOT || system == EFBIG;
}

/* The only rules that a caller can break: what a row hangs on is gone, or its name is taken. */
static int fail_constraint(struct db *db, struct err *err)
{
    if (sqlite3_extended_errcode(db->sqlite) == SQLITE_CONSTRAINT_FOREIGNKEY)
        return err_set(err, ERR_NOT_FOUND, "the series does not exist");
    return err_set(err, ERR_CONFLICT, "%s", sqlite3_errmsg(db->sqlite));
}

int db_fail_damaged(struct db *db, const char *words, struct err *err)
{
    struct store_damage found = {.kind = STORE_DAMAGE_FILE};

    snprintf(found.words, sizeof(found.words), "%.*s", STORE_DAMAGE_WORDS_MAX, words);
    damage_note(db->damage, &found);
    return err_set(err, ERR_STORAGE,
                   "%.100s is damaged: %.90s: stop the daemon and start it with a backup, or with what "
                   "\"sqlite3 FILE .recover\" can save",
                   db->path, words);
}

/* What the operator can change: the disk, rights, another program. */
static int fail_system(struct db *db, int code, int system, struct err *err)
{
    const char *words = sqlite3_errmsg(db->sqlite);

    switch (code) {
    case SQLITE_READONLY:
        return err_set(err, ERR_UNAVAILABLE, "%s cannot be written: the file or its folder is read-only",
                       db->path);
    case SQLITE_CANTOPEN:
        return err_set(err, ERR_UNAVAILABLE,
                       "%s: %s (%s): the file and its folder must be there and writable", db->path, words,
                       strerror(system));
    default:
        return err_set(err, ERR_UNAVAILABLE, "%s cannot be read or written: %s%s%s", db->path, words,
                       system ? ": " : "", system ? strerror(system) : "");
    }
}

int db_fail(struct db *db, struct err *err)
{
    int thread_errno = errno;
    int code = sqlite3_errcode(db->sqlite) & 0xff;
    const char *words = sqlite3_errmsg(db->sqlite);
    int system = errno_of(db->sqlite, thread_errno);

    if (disk_is_full(code, system))
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
        return db_fail_damaged(db, words, err);
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
        return fail_system(db, code, system, err);
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
    errno = 0; /* so that what db_fail finds is of this step */
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
    errno = 0;
    if (sqlite3_exec(db->sqlite, text, NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, err);
    return 0;
}

int db_query_int(struct db *db, const char *text, int64_t *ret, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int failed = -1;

    if (sqlite3_prepare_v2(db->sqlite, text, -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW) {
        db_fail(db, err);
    } else {
        *ret = sqlite3_column_int64(stmt, 0);
        failed = 0;
    }
    sqlite3_finalize(stmt);
    return failed;
}

int db_user_version(struct db *db, int64_t *ret, struct err *err)
{
    return db_query_int(db, "PRAGMA user_version", ret, err);
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

/* ---- the files ---- */

static const char *const endings[DB_FILES] = {[DB_FILE] = "", [DB_WAL] = "-wal", [DB_LOCK] = ".lock"};

static bool stat_file(const struct db *db, int which, struct stat *ret)
{
    char path[4096];
    int n = snprintf(path, sizeof(path), "%s%s", db->path, endings[which]);

    return n > 0 && (size_t)n < sizeof(path) && stat(path, ret) == 0;
}

void db_identify(struct db *db)
{
    struct stat st;

    for (int i = 0; i < DB_FILES; i++) {
        struct db_identity *identity = &db->identity[i];
        identity->known = stat_file(db, i, &st);
        if (identity->known) {
            identity->device = st.st_dev;
            identity->inode = st.st_ino;
        }
    }
}

int db_in_place(const struct db *db, struct err *err)
{
    struct stat st;

    for (int i = 0; i < DB_FILES; i++) {
        const struct db_identity *identity = &db->identity[i];
        if (!identity->known)
            continue;
        bool there = stat_file(db, i, &st);
        if (there && st.st_dev == identity->device && st.st_ino == identity->inode)
            continue;
        return err_set(err, ERR_UNAVAILABLE,
                       "%s%s was %s under the running daemon: put it back, or save what the daemon still "
                       "holds by POST /v1/admin/backup and start it with that",
                       db->path, endings[i], there ? "replaced" : "removed");
    }
    return 0;
}

static uint64_t file_bytes(const struct db *db, int which)
{
    struct stat st;

    return stat_file(db, which, &st) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

uint64_t db_file_bytes(const struct db *db, uint64_t *ret_wal)
{
    *ret_wal = file_bytes(db, DB_WAL);
    return file_bytes(db, DB_FILE) + *ret_wal;
}
