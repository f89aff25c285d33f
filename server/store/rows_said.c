/* See rows_said.h. */
#include "server/store/rows_said.h"

#include "core/checkpoint.h"
#include "core/said.h"

#include <stdlib.h>
#include <string.h>

/* Rows looked at when one is put: those that have become old since the last one, and some more. */
#define CUT_ROWS 8

struct old {
    int64_t origin;
    uint8_t *bytes; /* NULL: nothing to cut */
    size_t n;
};

static int put_row(struct db *db, int64_t series, int64_t origin, const void *bytes, size_t n,
                   struct err *err)
{
    return db_run(db, SQL_SAID_PUT, err, "iiib", series, origin, (int64_t)trm_crc32c(0, bytes, n),
                  bytes, n);
}

/* A row that is longer than the leads before the next one, copied up to them. A damaged one stays as it is: a
 * new checksum would make it look true. */
static int take_old(sqlite3_stmt *stmt, int64_t next, struct old *ret, struct err *err)
{
    int64_t origin = sqlite3_column_int64(stmt, 0);
    size_t n = (size_t)sqlite3_column_bytes(stmt, 1);
    uint64_t leads = (uint64_t)(next - origin);

    *ret = (struct old){.origin = origin};
    if (leads > TRM_SAID_LEADS_MAX)
        leads = TRM_SAID_LEADS_MAX;
    size_t cut = TRM_SAID_HEAD_BYTES + (size_t)leads * TRM_SAID_LEAD_BYTES;
    if (n <= cut || (int64_t)trm_crc32c(0, sqlite3_column_blob(stmt, 1), n) != sqlite3_column_int64(stmt, 2))
        return 0;
    ret->n = cut;
    if (!(ret->bytes = malloc(cut)))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    memcpy(ret->bytes, sqlite3_column_blob(stmt, 1), cut);
    return 0;
}

/* An origin, of a query that gives one or NULL. */
static int one_origin(struct db *db, sqlite3_stmt *stmt, bool *ret_any, int64_t *ret,
                      struct err *err)
{
    int got = stmt ? db_step(db, stmt, err) : -1;

    if (got < 0)
        return -1;
    *ret_any = got && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
    *ret = *ret_any ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return 0;
}

/* Rows below an origin, newest first; next: the one behind them. */
static int read_old(struct db *db, int64_t series, int64_t below, int64_t next, struct old *ret,
                    size_t *ret_n, struct err *err)
{
    sqlite3_stmt *stmt =
        db_bind(db, SQL_SAID_OLD, err, "iii", series, below, (int64_t)CUT_ROWS + 1);
    int got = stmt ? 1 : -1;
    size_t n = 0;

    while (got > 0 && n < CUT_ROWS && (got = db_step(db, stmt, err)) > 0) {
        int64_t origin = sqlite3_column_int64(stmt, 0);
        if (take_old(stmt, next, &ret[n], err))
            got = -1;
        else
            n++;
        next = origin;
    }
    sqlite3_reset(stmt);
    *ret_n = n;
    return got < 0 ? -1 : 0;
}

/* Cuts rows from which no value can be waiting for a later lead. */
static int cut_old(struct db *db, int64_t series, int64_t newest, struct err *err)
{
    int64_t below = newest - TRM_SAID_LEADS_MAX, next;
    struct old old[CUT_ROWS];
    size_t n = 0;
    bool any;

    if (one_origin(db, db_bind(db, SQL_SAID_NEXT, err, "ii", series, below), &any, &next, err))
        return -1;
    int failed = read_old(db, series, below, any ? next : below, old, &n, err);

    for (size_t i = 0; i < n; i++) {
        if (!failed && old[i].bytes)
            failed = put_row(db, series, old[i].origin, old[i].bytes, old[i].n, err) < 0;
        free(old[i].bytes);
    }
    return failed ? -1 : 0;
}

int rows_put_said(struct db *db, int64_t series, int64_t origin, const void *bytes, size_t n,
                  struct err *err)
{
    if (put_row(db, series, origin, bytes, n, err) < 0 || cut_old(db, series, origin, err))
        return -1;
    return db_run(db, SQL_SAID_DROP, err, "ii", series, origin - STORE_SAID_KEPT);
}

int rows_drop_said(struct db *db, int64_t series, struct err *err)
{
    return db_run(db, SQL_SAID_CLEAR, err, "i", series);
}

/* Adds one row's bytes behind the rows' heads; grows both together. */
struct gathered {
    struct store_said *rows;
    size_t n, room;
    uint8_t *bytes;
    size_t bytes_n, bytes_room;
};

static bool grow(void **at, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return true;
    size_t next = *room ? *room * 2 : 64;
    next = next < wanted ? wanted : next;
    void *moved = realloc(*at, next * size);
    if (!moved)
        return false;
    *at = moved;
    *room = next;
    return true;
}

static void note_damage(struct db *db, int64_t series, int64_t origin)
{
    struct store_damage found = {.kind = STORE_DAMAGE_SAID, .key = series, .from = origin, .until = origin};

    damage_note(db->damage, &found);
}

static int gather(struct db *db, int64_t series, struct gathered *g, sqlite3_stmt *stmt, struct err *err)
{
    const void *blob = sqlite3_column_blob(stmt, 1);
    size_t n = (size_t)sqlite3_column_bytes(stmt, 1);

    if (!blob || (int64_t)trm_crc32c(0, blob, n) != sqlite3_column_int64(stmt, 2)) {
        note_damage(db, series, sqlite3_column_int64(stmt, 0));
        return 0;
    }
    if (!grow((void **)&g->rows, &g->room, g->n + 1, sizeof *g->rows) ||
        !grow((void **)&g->bytes, &g->bytes_room, g->bytes_n + n, 1))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    memcpy(g->bytes + g->bytes_n, blob, n);
    g->rows[g->n++] = (struct store_said){.origin = sqlite3_column_int64(stmt, 0), .n = n};
    g->bytes_n += n;
    return 0;
}

/* One block: the rows, and their bytes behind them. */
static int pack(struct gathered *g, struct store_said **ret, size_t *ret_n, size_t *ret_bytes,
                struct err *err)
{
    size_t rows_bytes = g->n * sizeof *g->rows;
    struct store_said *packed = malloc(rows_bytes + g->bytes_n + 1);

    if (!packed)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    uint8_t *at = (uint8_t *)(packed + g->n);
    if (g->n > 0) {
        memcpy(packed, g->rows, rows_bytes);
        memcpy(at, g->bytes, g->bytes_n);
    }
    for (size_t i = 0; i < g->n; i++) {
        packed[i].bytes = at;
        at += packed[i].n;
    }
    *ret = packed;
    *ret_n = g->n;
    *ret_bytes = rows_bytes + g->bytes_n;
    return 0;
}

int rows_read_said(struct db *db, int64_t series, int64_t from, int64_t until,
                   struct store_said **ret, size_t *ret_n, size_t *ret_bytes, struct err *err)
{
    struct gathered g = {0};
    sqlite3_stmt *stmt =
        db_bind(db, SQL_SAID_RANGE, err, "iiii", series, from, until, (int64_t)STORE_SAID_KEPT);
    int got = stmt ? 1 : -1;

    while (got > 0 && (got = db_step(db, stmt, err)) > 0)
        if (gather(db, series, &g, stmt, err))
            got = -1;
    sqlite3_reset(stmt);
    if (got >= 0)
        got = pack(&g, ret, ret_n, ret_bytes, err);
    free(g.rows);
    free(g.bytes);
    return got < 0 ? -1 : 0;
}

int rows_newest_said(struct db *db, int64_t series, bool *ret_any, int64_t *ret, struct err *err)
{
    return one_origin(db, db_bind(db, SQL_SAID_NEWEST, err, "i", series), ret_any, ret, err);
}
