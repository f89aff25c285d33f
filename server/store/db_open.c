/* Opening the SQLite file: lock, judge, check, migrate, in this order. Surprising: until the file has
 * been judged ours, closing must not checkpoint its WAL, which would write into a refused file. */
#include "schemas/embedded_sql.h"
#include "server/store/db.h"
#include "server/store/migrate.h"
#include "server/store/wal_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define DB_BUSY_MS 5000

static int lock_file(struct db *db, struct err *err)
{
    size_t path_n = strlen(db->path);
    char *path = malloc(path_n + sizeof(".lock"));

    if (!path)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    memcpy(path, db->path, path_n);
    memcpy(path + path_n, ".lock", sizeof(".lock"));
    db->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (db->lock_fd < 0)
        err_set(err, ERR_STORAGE, "cannot open %s: %s", path, strerror(errno));
    free(path);
    if (db->lock_fd < 0)
        return -1;
    if (flock(db->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (errno == EWOULDBLOCK)
        return err_set(err, ERR_STORAGE, "%s is in use by another tstrmd", db->path);
    return err_set(err, ERR_STORAGE, "cannot lock %s.lock: %s", db->path, strerror(errno));
}

static int open_file(struct db *db, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(db->path, &db->sqlite, flags, NULL);

    if (!db->sqlite)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (code != SQLITE_OK)
        return db_fail(db, err);
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_busy_timeout(db->sqlite, DB_BUSY_MS);
    return 0;
}

/* integrity_check's words for a value that breaks its column's rules: damage of one row, which loading names
 * and
 * passes over. Everything else that it says is about pages, and writing on top of those could spoil more. */
static bool is_of_a_row(const char *words)
{
    return strstr(words, " value in ") || strncmp(words, "CHECK constraint failed in ", 27) == 0;
}

static int judge_finding(struct db *db, const char *words, struct err *err)
{
    struct store_damage found = {.kind = STORE_DAMAGE_FILE};

    if (!words)
        return db_fail_damaged(db, "no details", err);
    if (strcmp(words, "ok") == 0)
        return 0;
    if (!is_of_a_row(words))
        return db_fail_damaged(db, words, err);
    snprintf(found.words, sizeof(found.words), "%.*s", STORE_DAMAGE_WORDS_MAX, words);
    damage_note(db->damage, &found);
    return 0;
}

/* It answers one row "ok", or the damages it found. Indices are compared with their tables, too: they are
 * small
 * here, and one that leads astray would lose points without a word. */
static int check_integrity(struct db *db, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(db->sqlite, "PRAGMA integrity_check", -1, &stmt, NULL), failed = 0;

    if (code == SQLITE_OK)
        while (!failed && (code = sqlite3_step(stmt)) == SQLITE_ROW)
            failed = judge_finding(db, (const char *)sqlite3_column_text(stmt, 0), err);
    if (!failed && code != SQLITE_DONE)
        failed = db_fail(db, err);
    sqlite3_finalize(stmt);
    return failed;
}

/* synchronous=FULL makes a commit wait for the disk; temporary data (the savepoints' journal) stays in
 * memory; a WAL that a large write has blown up shrinks again. */
static int set_pragmas(struct db *db, struct err *err)
{
    return db_exec(db,
                   "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                   "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4096;"
                   "PRAGMA journal_size_limit=16777216; PRAGMA trusted_schema=OFF",
                   err);
}

int db_open(const char *path, struct db **ret, struct err *err)
{
    struct db *db = calloc(1, sizeof(*db));

    if (db) {
        db->lock_fd = -1;
        db->path = strdup(path);
        db->damage = damage_new();
    }
    if (!db || !db->path || !db->damage) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        goto fail;
    }
    if (lock_file(db, err) < 0)
        goto fail;
    wal_check(db->path, db->damage);
    if (open_file(db, err) < 0 ||
        migrate_check(db, embedded_sql_n, err) < 0 || check_integrity(db, err) < 0)
        goto fail;
    sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    if (set_pragmas(db, err) < 0 || migrate_run(db, embedded_sql, embedded_sql_n, err) < 0)
        goto fail;
    db_identify(db);
    *ret = db;
    return 0;
fail:
    db_close(db);
    return -1;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < SQL_N; i++)
        sqlite3_finalize(db->stmt[i]);
    sqlite3_close(db->sqlite);
    if (db->lock_fd >= 0)
        close(db->lock_fd);
    damage_free(db->damage);
    free(db->path);
    free(db);
}
