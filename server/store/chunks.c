/* Finding, merging and cutting chunks. Surprising: a chunk is found by its row's times alone and decoded
 * only when a point may lie inside it, so that appending never reads old points. */
#include "server/store/chunks.h"

#include "server/store/sorted.h"

#include <stdlib.h>
#include <string.h>

/* A row of the table; points are decoded only where somebody needs them. */
struct chunk_row {
    int64_t id, t0, t1, next_t0; /* next_t0: where the next chunk begins, or INT64_MAX */
    bool last;
    size_t n;
};

/* A row's own word for how many points it holds, which may be damaged too. */
static size_t row_n(sqlite3_stmt *stmt)
{
    int64_t n = sqlite3_column_int64(stmt, 3);

    return n < 0 ? 0 : n > (int64_t)CHUNK_POINTS ? CHUNK_POINTS : (size_t)n;
}

static void note_damage(struct db *db, sqlite3_stmt *stmt, int64_t series)
{
    struct store_damage found = {.kind = STORE_DAMAGE_POINTS,
                                 .key = series,
                                 .from = sqlite3_column_int64(stmt, 1),
                                 .until = sqlite3_column_int64(stmt, 2),
                                 .n = row_n(stmt)};

    damage_note(db->damage, &found);
}

/* The statement's present row: id, t0, t1, n, blob. The row's own columns must agree with the bytes. False:
 * the chunk is damaged; that has been noted. */
static bool decode_row(struct db *db, sqlite3_stmt *stmt, int64_t series, struct point *points, size_t *ret_n)
{
    int64_t t0 = sqlite3_column_int64(stmt, 1), t1 = sqlite3_column_int64(stmt, 2);
    const uint8_t *bytes = sqlite3_column_blob(stmt, 4);
    size_t bytes_n = (size_t)sqlite3_column_bytes(stmt, 4), n;

    if (!bytes || chunk_decode(series, bytes, bytes_n, points, &n) != TRM_OK || points[0].t != t0 ||
        points[n - 1].t != t1) {
        note_damage(db, stmt, series);
        return false;
    }
    *ret_n = n;
    return true;
}

static int find_next_t0(struct db *db, int64_t series, struct chunk_row *row, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_CHUNK_NEXT_T0, err, "ii", series, row->t0);
    int got = stmt ? db_step(db, stmt, err) : -1;

    if (got < 0)
        return -1;
    row->last = got == 0;
    row->next_t0 = got ? sqlite3_column_int64(stmt, 0) : INT64_MAX;
    sqlite3_reset(stmt);
    return 0;
}

/* The chunk that a point of time t belongs to: the last that begins at or before t, else the first.
 * Returns 1 with *ret_stmt standing on its row, 0 when the series has no chunk, or -1. */
static int find_row(struct db *db, int64_t series, int64_t t, struct chunk_row *row,
                    sqlite3_stmt **ret_stmt, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_CHUNK_AT, err, "ii", series, t);
    int got = stmt ? db_step(db, stmt, err) : -1;

    if (got == 0) {
        stmt = db_bind(db, SQL_CHUNK_FIRST, err, "i", series);
        got = stmt ? db_step(db, stmt, err) : -1;
    }
    if (got <= 0)
        return got;
    row->id = sqlite3_column_int64(stmt, 0);
    row->t0 = sqlite3_column_int64(stmt, 1);
    row->t1 = sqlite3_column_int64(stmt, 2);
    row->n = row_n(stmt);
    if (find_next_t0(db, series, row, err) < 0) {
        sqlite3_reset(stmt);
        return -1;
    }
    *ret_stmt = stmt;
    return 1;
}

static int cursor_load(struct db *db, int64_t series, struct chunk_cursor *cursor, int64_t t,
                       struct err *err)
{
    struct chunk_row row;
    sqlite3_stmt *stmt;
    int got = find_row(db, series, t, &row, &stmt, err);

    cursor->loaded = false;
    if (got < 0)
        return -1;
    cursor->n = 0;
    cursor->from = INT64_MIN;
    cursor->until = INT64_MAX;
    if (got > 0) {
        cursor->from = t < row.t0 ? INT64_MIN : row.t0;
        cursor->until = row.next_t0;
        /* Between two chunks there is nothing to decode; in a damaged one there is nothing to find. */
        if (t >= row.t0 && t <= row.t1) {
            if (!decode_row(db, stmt, series, cursor->points, &cursor->n))
                cursor->n = 0;
        } else if (t < row.t0) {
            cursor->until = row.t0;
        } else {
            cursor->from = row.t1 + 1;
        }
        sqlite3_reset(stmt);
    }
    cursor->loaded = true;
    return 0;
}

int chunks_lookup(struct db *db, int64_t series, struct chunk_cursor *cursor, int64_t t,
                  const struct point **ret_point, struct err *err)
{
    bool answers = cursor->loaded && t >= cursor->from && t < cursor->until;

    if (!answers && cursor_load(db, series, cursor, t, err) < 0)
        return -1;
    *ret_point = sorted_get(cursor->points, cursor->n, t);
    return 0;
}

static int add_chunk(struct db *db, int64_t series, const struct point *points, size_t n,
                     struct err *err)
{
    uint8_t bytes[CHUNK_BYTES_MAX];
    size_t bytes_n = chunk_encode(series, points, n, bytes);

    return db_run(db, SQL_CHUNK_ADD, err, "iiiib", series, points[0].t, points[n - 1].t, (int64_t)n,
                  (const void *)bytes, bytes_n);
}

static int add_pieces(struct db *db, int64_t series, const struct point *points, size_t n, bool at_end,
                      struct err *err)
{
    size_t left = (n + CHUNK_POINTS - 1) / CHUNK_POINTS;

    for (size_t from = 0; left; left--) {
        size_t rest = n - from;
        size_t even = (rest + left - 1) / left;
        size_t piece = at_end && rest > CHUNK_POINTS ? CHUNK_POINTS : even;
        if (add_chunk(db, series, points + from, piece, err) < 0)
            return -1;
        from += piece;
    }
    return 0;
}

/* Replaces a chunk by what it holds together with the new points. */
static int merge_row(struct db *db, int64_t series, const struct chunk_row *row,
                     const struct point *old, size_t old_n, const struct point *points, size_t n,
                     struct err *err)
{
    struct point *both = malloc((n + old_n) * sizeof(*both));

    if (!both)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    size_t both_n = sorted_merge(old, old_n, points, n, both, n + old_n);
    int failed = db_run(db, SQL_CHUNK_DELETE, err, "i", row->id);
    if (!failed)
        failed = add_pieces(db, series, both, both_n, row->last, err);
    free(both);
    return failed;
}

/* A damaged chunk leaves its place to new points. */
static int move_aside(struct db *db, const struct chunk_row *row, struct err *err)
{
    if (db_run(db, SQL_CHUNK_KEEP_ASIDE, err, "i", row->id) < 0)
        return -1;
    return db_run(db, SQL_CHUNK_DELETE, err, "i", row->id);
}

/* The points that belong to one chunk. They stand beside it, without a look inside, when they lie wholly
 * after a full last chunk. Damage must not stop new points. *lost: the points of a chunk moved aside. */
static int merge_segment(struct db *db, int64_t series, const struct chunk_row *row,
                         sqlite3_stmt *stmt, const struct point *points, size_t n, uint64_t *lost,
                         struct err *err)
{
    struct point old[CHUNK_POINTS];
    bool beside = points[0].t > row->t1 && row->last && row->n >= CHUNK_POINTS;
    size_t old_n = 0;
    bool whole = beside || decode_row(db, stmt, series, old, &old_n);

    sqlite3_reset(stmt);
    if (!whole) {
        if (move_aside(db, row, err) < 0)
            return -1;
        *lost += row->n;
    }
    if (beside || !whole)
        return add_pieces(db, series, points, n, row->last, err);
    return merge_row(db, series, row, old, old_n, points, n, err);
}

int chunks_merge(struct db *db, int64_t series, const struct point *points, size_t n, uint64_t *ret_lost,
                 struct err *err)
{
    uint64_t lost = 0;

    while (n) {
        struct chunk_row row;
        sqlite3_stmt *stmt;
        int got = find_row(db, series, points[0].t, &row, &stmt, err);
        if (got < 0)
            return -1;
        size_t segment = n;
        if (got > 0 && !row.last)
            segment = sorted_find(points, n, row.next_t0);
        if (got == 0 ? add_pieces(db, series, points, n, true, err) < 0
                     : merge_segment(db, series, &row, stmt, points, segment, &lost, err) < 0)
            return -1;
        points += segment;
        n -= segment;
    }
    *ret_lost = lost;
    return 0;
}

/* Appends the part of a chunk inside [start, end) to a growing array. */
static int collect(const struct point *chunk, size_t chunk_n, int64_t start, int64_t end,
                   struct point **points, size_t *n, size_t *room, struct err *err)
{
    size_t from = sorted_find(chunk, chunk_n, start);
    size_t count = sorted_find(chunk, chunk_n, end) - from;

    if (*room - *n < count) {
        size_t want = *room * 2 + CHUNK_POINTS;
        struct point *grown = realloc(*points, want * sizeof(*grown));
        if (!grown)
            return err_set(err, ERR_NO_MEMORY, "out of memory");
        *points = grown;
        *room = want;
    }
    if (count)
        memcpy(*points + *n, chunk + from, count * sizeof(*chunk));
    *n += count;
    return 0;
}

/* Whether a chunk is in order of time; else an index has led astray. */
static bool stands_behind(struct db *db, sqlite3_stmt *stmt, int64_t series, const struct point *points,
                          size_t n, const struct point *chunk)
{
    if (n == 0 || chunk[0].t > points[n - 1].t)
        return true;
    note_damage(db, stmt, series);
    return false;
}

int chunks_read(struct db *db, int64_t series, int64_t start, int64_t end, size_t limit,
                struct point **ret, size_t *ret_n, struct err *err)
{
    struct point chunk[CHUNK_POINTS], *points = NULL;
    size_t chunk_n, n = 0, room = 0;
    int got = -1;

    if (start >= end || !limit) {
        *ret = NULL;
        *ret_n = 0;
        return 0;
    }
    sqlite3_stmt *stmt = db_bind(db, SQL_CHUNK_RANGE, err, "iii", series, start, end);
    while (stmt && n < limit && (got = db_step(db, stmt, err)) > 0) {
        if (decode_row(db, stmt, series, chunk, &chunk_n) && stands_behind(db, stmt, series, points, n,
                                                                           chunk) &&
            collect(chunk, chunk_n, start, end, &points, &n, &room, err) < 0) {
            got = -1;
            break;
        }
    }
    sqlite3_reset(stmt);
    if (got < 0) {
        free(points);
        return -1;
    }
    *ret = points;
    *ret_n = n;
    return 0;
}

int chunks_newest_from(struct db *db, int64_t series, size_t n, int64_t *ret_t, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_CHUNK_SIZES, err, "i", series);
    int64_t t = INT64_MAX;
    size_t found = 0;
    int got = stmt ? 1 : -1;

    while (got > 0 && found < n) {
        got = db_step(db, stmt, err);
        if (got > 0) {
            t = sqlite3_column_int64(stmt, 0);
            found += (size_t)sqlite3_column_int64(stmt, 1) % (CHUNK_POINTS + 1);
        }
    }
    if (got < 0)
        return -1;
    sqlite3_reset(stmt);
    *ret_t = found < n ? INT64_MIN : t;
    return 0;
}

/* Drops the oldest chunk where it ends before a time and has at most `spare` points. *ret_n: how many it
 * had, 0: none went. */
static int drop_first(struct db *db, int64_t series, int64_t before, uint64_t spare, uint64_t *ret_n,
                      struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_CHUNK_FIRST, err, "i", series);
    int got = stmt ? db_step(db, stmt, err) : -1;

    *ret_n = 0;
    if (got <= 0)
        return got;
    int64_t id = sqlite3_column_int64(stmt, 0), t1 = sqlite3_column_int64(stmt, 2);
    uint64_t n = row_n(stmt);
    sqlite3_reset(stmt);
    if (n == 0 || n > spare || t1 >= before)
        return 0;
    *ret_n = n;
    return db_run(db, SQL_CHUNK_DELETE, err, "i", id);
}

int chunks_drop_oldest(struct db *db, int64_t series, int64_t before, uint64_t spare, size_t max,
                       uint64_t *ret_points, bool *ret_more, struct err *err)
{
    uint64_t dropped = 0, n = 1;
    size_t chunks = 0;

    while (chunks < max && n) {
        if (drop_first(db, series, before, spare - dropped, &n, err) < 0)
            return -1;
        dropped += n;
        chunks += n > 0;
    }
    *ret_points = dropped;
    *ret_more = chunks == max;
    return 0;
}
