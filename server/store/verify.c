/* See verify.h. */
#include "server/store/verify.h"

#include "core/checkpoint.h"
#include "core/said.h"
#include "schemas/embedded_sql.h"
#include "server/store/chunk.h"
#include "server/store/migrate.h"
#include "server/store/tail.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 512
/* Of SQLite's own check. */
#define INTEGRITY "PRAGMA integrity_check(100)"

struct verify {
    struct db *db;
    const struct store_verifier *to;
    struct store_verified seen;
    int64_t series, last_t; /* of the chunk before */
};

__attribute__((format(printf, 2, 3))) static void damaged(struct verify *verify, const char *format,
                                                          ...)
{
    char words[WORDS_MAX];
    va_list list;

    va_start(list, format);
    vsnprintf(words, sizeof words, format, list);
    va_end(list);
    verify->seen.damages++;
    verify->to->damage(verify->to->ctx, words);
}

/* ---- opening ---- */

static bool has_log(const char *path)
{
    char *wal = NULL;
    struct stat st;
    bool has = asprintf(&wal, "%s-wal", path) >= 0 && stat(wal, &st) == 0 && st.st_size > 0;

    free(wal);
    return has;
}

/* Nobody may write meanwhile. A file that no daemon ever had has no lock, and gets none. */
static int lock(struct db *db, struct err *err)
{
    char *path = NULL;

    if (asprintf(&path, "%s.lock", db->path) < 0)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    db->lock_fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    if (db->lock_fd < 0 || flock(db->lock_fd, LOCK_SH | LOCK_NB) == 0)
        return 0;
    return err_set(err, ERR_STORAGE,
                   "%s is in use by a tstrmd: make a backup of it, and check that", db->path);
}

/* file:PATH with what has a meaning in a URI escaped; malloc, or NULL. */
static char *uri_of(const char *path)
{
    char *uri = malloc(3 * strlen(path) + sizeof "file:?immutable=1");

    if (!uri)
        return NULL;
    size_t n = (size_t)sprintf(uri, "file:");
    for (const char *at = path; *at; at++)
        n += (size_t)sprintf(uri + n, strchr("%?#", *at) ? "%%%02X" : "%c", (unsigned char)*at);
    strcpy(uri + n, "?immutable=1");
    return uri;
}

/* Without a log the file is all there is, and SQLite need not look for anything beside it. */
static int open_file(struct db *db, struct err *err)
{
    char *uri = has_log(db->path) ? NULL : uri_of(db->path);
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | (uri ? SQLITE_OPEN_URI : 0);
    int code = sqlite3_open_v2(uri ? uri : db->path, &db->sqlite, flags, NULL);

    free(uri);
    if (!db->sqlite)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    return code == SQLITE_OK ? 0 : db_fail(db, err);
}

/* ---- rows ---- */

/* Calls row() for each; a statement that fails on the way is a damage, because the check of the
 * whole file has gone before. */
static void each(struct verify *verify, const char *sql,
                 void (*row)(struct verify *verify, sqlite3_stmt *stmt))
{
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(verify->db->sqlite, sql, -1, &stmt, NULL);

    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
            row(verify, stmt);
    }
    if (code != SQLITE_DONE)
        damaged(verify, "reading stopped: %.200s", sqlite3_errmsg(verify->db->sqlite));
    sqlite3_finalize(stmt);
}

static const char *text_of(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    return text ? text : "?";
}

static int64_t int_of(sqlite3_stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt, column);
}

/* Whether a column of bytes has the checksum of another one. */
static bool is_whole(sqlite3_stmt *stmt, int crc, int bytes)
{
    size_t n = (size_t)sqlite3_column_bytes(stmt, bytes);

    return (int64_t)trm_crc32c(0, sqlite3_column_blob(stmt, bytes), n) == int_of(stmt, crc);
}

static void integrity_row(struct verify *verify, sqlite3_stmt *stmt)
{
    if (strcmp(text_of(stmt, 0), "ok") != 0)
        damaged(verify, "%.400s", text_of(stmt, 0));
}

static void foreign_row(struct verify *verify, sqlite3_stmt *stmt)
{
    damaged(verify, "a row of %.60s belongs to no %.60s", text_of(stmt, 0), text_of(stmt, 2));
}

static void series_row(struct verify *verify, sqlite3_stmt *stmt)
{
    int64_t said = int_of(stmt, 1), there = int_of(stmt, 2);

    verify->seen.series++;
    verify->seen.points += (uint64_t)there;
    if (said != there)
        damaged(verify, "series \"%.200s\": %" PRId64 " points in chunks, and %" PRId64 " counted",
                text_of(stmt, 0), there, said);
}

static void chunk_row(struct verify *verify, sqlite3_stmt *stmt)
{
    struct point points[CHUNK_POINTS];
    int64_t series = int_of(stmt, 0), t0 = int_of(stmt, 2);
    int64_t t1 = int_of(stmt, 3);
    size_t n = 0;
    enum trm_status status = chunk_decode(series, sqlite3_column_blob(stmt, 5),
                                          (size_t)sqlite3_column_bytes(stmt, 5), points, &n);

    verify->seen.chunks++;
    if (status != TRM_OK)
        damaged(verify, "series \"%.200s\": the points from %" PRId64 " on: %s", text_of(stmt, 1),
                t0, trm_status_text(status));
    else if ((int64_t)n != int_of(stmt, 4) || points[0].t != t0 || points[n - 1].t != t1)
        damaged(verify,
                "series \"%.200s\": the points from %" PRId64 " on are not those of their row",
                text_of(stmt, 1), t0);
    if (series == verify->series && t0 <= verify->last_t)
        damaged(verify, "series \"%.200s\": two chunks hold %" PRId64, text_of(stmt, 1), t0);
    verify->series = series;
    verify->last_t = t1;
}

static void log_row(struct verify *verify, sqlite3_stmt *stmt)
{
    if (!tail_row_whole(stmt))
        damaged(verify, "the point of time %" PRId64 " in row %" PRId64 " of the log has another checksum",
                int_of(stmt, 2), int_of(stmt, 0));
}

static void checkpoint_row(struct verify *verify, sqlite3_stmt *stmt)
{
    size_t n = (size_t)sqlite3_column_bytes(stmt, 3);
    bool whole = is_whole(stmt, 2, 3);

    verify->seen.checkpoints++;
    if (!whole || !verify->to->model(verify->to->ctx, sqlite3_column_blob(stmt, 3), n))
        damaged(verify, "series \"%.200s\": model version %" PRId64 " %s", text_of(stmt, 0),
                int_of(stmt, 1), whole ? "cannot be read" : "has another checksum");
}

static void weights_row(struct verify *verify, sqlite3_stmt *stmt)
{
    size_t n = (size_t)sqlite3_column_bytes(stmt, 2);
    bool whole = is_whole(stmt, 1, 2);

    verify->seen.weights++;
    if (!whole || (n > 0 && !verify->to->weights(verify->to->ctx, sqlite3_column_blob(stmt, 2), n)))
        damaged(verify, "shared weights, version %" PRId64 ": %s", int_of(stmt, 0),
                whole ? "cannot be read" : "another checksum");
}

static void said_row(struct verify *verify, sqlite3_stmt *stmt)
{
    struct trm_said_head head;
    uint32_t leads;
    bool whole = is_whole(stmt, 2, 3);
    size_t n = (size_t)sqlite3_column_bytes(stmt, 3);

    verify->seen.said++;
    if (!whole || trm_said_decode(sqlite3_column_blob(stmt, 3), n, &head, &leads) != TRM_OK)
        damaged(verify, "series \"%.200s\": the forecast from step %" PRId64 " %s",
                text_of(stmt, 0), int_of(stmt, 1),
                whole ? "cannot be read" : "has another checksum");
}

static void aside_row(struct verify *verify, sqlite3_stmt *stmt)
{
    damaged(verify,
            "series of key %" PRId64 ": %" PRId64 " damaged row%s of kind %.20s, kept aside",
            int_of(stmt, 1), int_of(stmt, 2), int_of(stmt, 2) == 1 ? "" : "s", text_of(stmt, 0));
}

static void counts_row(struct verify *verify, sqlite3_stmt *stmt)
{
    verify->seen.tail = (uint64_t)int_of(stmt, 0);
    verify->seen.jobs = (uint64_t)int_of(stmt, 1);
}

static const struct {
    int64_t since; /* schema version */
    const char *sql;
    void (*row)(struct verify *verify, sqlite3_stmt *stmt);
} reads[] = {
    {1, INTEGRITY, integrity_row},
    {1, "PRAGMA foreign_key_check", foreign_row},
    {1, "SELECT id, point_n, (SELECT coalesce(sum(n), 0) FROM chunk WHERE series=key) FROM series",
     series_row},
    {1,
     "SELECT c.series, s.id, t0, t1, n, blob FROM chunk c LEFT JOIN series s ON s.key=c.series "
     "ORDER BY c.series, t0",
     chunk_row},
    {1,
     "SELECT s.id, c.version, c.crc, c.bytes FROM checkpoint c LEFT JOIN series s ON "
     "s.key=c.series",
     checkpoint_row},
    {3, "SELECT version, crc, bytes FROM weights", weights_row},
    {4, "SELECT s.id, f.origin, f.crc, f.bytes FROM said f LEFT JOIN series s ON s.key=f.series",
     said_row},
    {5, "SELECT id, series, t, v, added, crc FROM tail ORDER BY id", log_row},
    {5, "SELECT kind, series, count(*) FROM damaged GROUP BY kind, series", aside_row},
    {1, "SELECT (SELECT count(*) FROM tail), (SELECT count(*) FROM job)", counts_row},
};

/* ---- the whole ---- */

static int judge(struct verify *verify, struct err *err)
{
    struct stat st;

    if (lock(verify->db, err) || open_file(verify->db, err) ||
        migrate_check(verify->db, embedded_sql_n, err) ||
        db_user_version(verify->db, &verify->seen.version, err))
        return -1;
    if (verify->seen.version == 0)
        return err_set(err, ERR_STORAGE, "%s is empty: there is no store in it", verify->db->path);
    if (stat(verify->db->path, &st) == 0)
        verify->seen.bytes = (uint64_t)st.st_size;
    return 0;
}

int store_verify(const char *path, const struct store_verifier *verifier,
                 struct store_verified *ret, struct err *err)
{
    struct verify verify = {.db = calloc(1, sizeof(struct db)), .to = verifier};

    if (verify.db) {
        verify.db->lock_fd = -1;
        verify.db->path = strdup(path);
    }
    if (!verify.db || !verify.db->path) {
        db_close(verify.db);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    int failed = judge(&verify, err);
    for (size_t i = 0; !failed && i < sizeof reads / sizeof *reads; i++)
        if (verify.seen.version >= reads[i].since)
            each(&verify, reads[i].sql, reads[i].row);
    db_close(verify.db);
    if (!failed)
        *ret = verify.seen;
    return failed;
}
