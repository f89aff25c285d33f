/* A hash table of sorted arrays, and the log behind it. Surprising: whatever can fail (memory, the log's
 * rows) is done before the index is touched, so that a failing write leaves the index as it was. */
#include "server/store/tail.h"

#include "core/checkpoint.h"
#include "server/store/sorted.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TAIL_BUCKETS_MIN 64
/* What rows have for a checksum that were written before there was one (0005_damage.sql). */
#define TAIL_UNCHECKED -1

static uint8_t *put_uint(uint8_t *at, uint64_t value)
{
    for (size_t i = 0; i < sizeof(value); i++)
        at[i] = (uint8_t)(value >> (8 * i));
    return at + sizeof(value);
}

/* Of id, key, time, value (its bits; a missing one's are all set) and added, eight bytes each, little
 * endian. A
 * zero has no sign: SQLite keeps it as a whole number. */
static int64_t row_checksum(int64_t id, int64_t key, const struct tail_change *change)
{
    uint8_t bytes[40], *at = bytes;
    double v = change->point.v == 0 ? 0 : change->point.v;
    uint64_t bits = UINT64_MAX;

    if (!isnan(v))
        memcpy(&bits, &v, sizeof(bits));
    at = put_uint(at, (uint64_t)id);
    at = put_uint(at, (uint64_t)key);
    at = put_uint(at, (uint64_t)change->point.t);
    at = put_uint(at, bits);
    put_uint(at, change->added);
    return trm_crc32c(0, bytes, sizeof(bytes));
}

void tail_init(struct tail *tail)
{
    *tail = (struct tail){.first_id = 1, .next_id = 1, .stale = true};
}

static void series_free(struct tail_series *series)
{
    if (series)
        free(series->points);
    free(series);
}

void tail_done(struct tail *tail)
{
    for (size_t i = 0; i < tail->bucket_n; i++) {
        while (tail->buckets[i]) {
            struct tail_series *series = tail->buckets[i];
            tail->buckets[i] = series->next;
            series_free(series);
        }
    }
    free(tail->buckets);
    tail_init(tail);
}

/* Fibonacci hashing: keys are small consecutive numbers. */
static size_t bucket_of(int64_t key, size_t bucket_n)
{
    uint64_t mixed = (uint64_t)key * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(mixed >> 32) & (bucket_n - 1);
}

static struct tail_series **slot_of(const struct tail *tail, int64_t key)
{
    struct tail_series **slot = &tail->buckets[bucket_of(key, tail->bucket_n)];

    while (*slot && (*slot)->key != key)
        slot = &(*slot)->next;
    return slot;
}

struct tail_series *tail_find(const struct tail *tail, int64_t key)
{
    return tail->bucket_n ? *slot_of(tail, key) : NULL;
}

static int grow_buckets(struct tail *tail, struct err *err)
{
    size_t bucket_n = tail->bucket_n ? tail->bucket_n * 2 : TAIL_BUCKETS_MIN;
    struct tail_series **buckets = calloc(bucket_n, sizeof(struct tail_series *));

    if (!buckets)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < tail->bucket_n; i++) {
        for (struct tail_series *series = tail->buckets[i], *next; series; series = next) {
            struct tail_series **head = &buckets[bucket_of(series->key, bucket_n)];
            next = series->next;
            series->next = *head;
            *head = series;
        }
    }
    free(tail->buckets);
    tail->buckets = buckets;
    tail->bucket_n = bucket_n;
    return 0;
}

static struct tail_series *series_add(struct tail *tail, int64_t key, struct err *err)
{
    if (tail->series_n >= tail->bucket_n && grow_buckets(tail, err) < 0)
        return NULL;
    struct tail_series *series = calloc(1, sizeof(*series));
    if (!series) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        return NULL;
    }
    series->key = key;
    *slot_of(tail, key) = series;
    tail->series_n++;
    return series;
}

void tail_drop(struct tail *tail, int64_t key)
{
    if (!tail_find(tail, key))
        return;
    struct tail_series **slot = slot_of(tail, key), *series = *slot;
    *slot = series->next;
    tail->series_n--;
    series_free(series);
}

void tail_each(const struct tail *tail, bool (*visit)(void *ctx, const struct tail_series *series),
               void *ctx)
{
    for (size_t i = 0; i < tail->bucket_n; i++)
        for (const struct tail_series *series = tail->buckets[i]; series; series = series->next)
            if (!visit(ctx, series))
                return;
}

static int series_reserve(struct tail_series *series, size_t more, struct err *err)
{
    if (series->room - series->n >= more)
        return 0;
    size_t room = series->room + series->room / 2;
    if (room < series->n + more)
        room = series->n + more;
    struct point *points = realloc(series->points, room * sizeof(*points));
    if (!points)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    series->points = points;
    series->room = room;
    return 0;
}

/* Room has been reserved. */
static void series_set(struct tail_series *series, struct point point)
{
    size_t at = sorted_find(series->points, series->n, point.t);

    if (at == series->n || series->points[at].t != point.t) {
        memmove(series->points + at + 1, series->points + at,
                (series->n - at) * sizeof(*series->points));
        series->n++;
    }
    series->points[at] = point;
}

static int stored_counts(struct db *db, int64_t key, struct tail_counts *ret, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_SERIES_COUNTS, err, "i", key);
    int got = stmt ? db_step(db, stmt, err) : -1;

    if (got < 0)
        return -1;
    if (got == 0)
        return err_set(err, ERR_NOT_FOUND, "the series does not exist");
    ret->revision = (uint64_t)sqlite3_column_int64(stmt, 0);
    ret->point_n = (uint64_t)sqlite3_column_int64(stmt, 1);
    ret->has_last = sqlite3_column_type(stmt, 2) != SQLITE_NULL;
    ret->last_t = sqlite3_column_int64(stmt, 2);
    ret->tail_from = sqlite3_column_int64(stmt, 3);
    sqlite3_reset(stmt);
    return 0;
}

int tail_counts(struct db *db, const struct tail *tail, int64_t key, struct tail_counts *ret,
                struct err *err)
{
    const struct tail_series *series = tail_find(tail, key);

    if (!series)
        return stored_counts(db, key, ret, err);
    *ret = series->counts;
    return 0;
}

static int log_changes(struct db *db, int64_t id, int64_t key, const struct tail_change *changes,
                       size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct tail_change *change = &changes[i];
        int64_t row = id + (int64_t)i;
        if (db_run(db, SQL_TAIL_ADD, err, "iiidii", row, key, change->point.t, change->point.v,
                   (int64_t)change->added, row_checksum(row, key, change)) < 0)
            return -1;
    }
    return 0;
}

int tail_append(struct db *db, struct tail *tail, int64_t key, const struct tail_counts *counts,
                const struct tail_change *changes, size_t n, struct err *err)
{
    struct tail_series *series = tail_find(tail, key);
    bool fresh = !series;

    if (fresh && !(series = series_add(tail, key, err)))
        return -1;
    if (series_reserve(series, n, err) < 0 ||
        log_changes(db, tail->next_id, key, changes, n, err) < 0) {
        if (fresh)
            tail_drop(tail, key);
        return -1;
    }
    if (fresh)
        series->first_id = tail->next_id;
    for (size_t i = 0; i < n; i++)
        series_set(series, changes[i].point);
    series->counts = *counts;
    tail->next_id += (int64_t)n;
    return 0;
}

/* A row of the log as it is read back. */
struct row {
    int64_t id, key;
    struct tail_change change;
};

/* False: the row is damaged. Types are checked where there is no checksum to do it. */
static bool read_row(sqlite3_stmt *stmt, struct row *ret)
{
    int64_t crc = sqlite3_column_int64(stmt, 5), added = sqlite3_column_int64(stmt, 4);
    int type = sqlite3_column_type(stmt, 3);
    bool missing = type == SQLITE_NULL;

    *ret = (struct row){.id = sqlite3_column_int64(stmt, 0),
                        .key = sqlite3_column_int64(stmt, 1),
                        .change = {.point = {.t = sqlite3_column_int64(stmt, 2),
                                             .v = missing ? (double)NAN : sqlite3_column_double(stmt, 3)},
                                   .added = added == 1}};
    if (added < 0 || added > 1 || (!missing && type != SQLITE_FLOAT))
        return false;
    if (crc != TAIL_UNCHECKED)
        return crc == row_checksum(ret->id, ret->key, &ret->change);
    return ret->change.point.t >= TRM_TIME_MIN && ret->change.point.t <= TRM_TIME_MAX;
}

bool tail_row_whole(sqlite3_stmt *stmt)
{
    struct row row;

    return read_row(stmt, &row);
}

/* Rows of a deleted series, and rows that are in chunks, are dead. */
static int replay_row(struct db *db, struct tail *tail, const struct row *row, struct err *err)
{
    struct tail_series *series = tail_find(tail, row->key);

    if (!series) {
        struct tail_counts counts;
        struct err found;
        if (stored_counts(db, row->key, &counts, &found) < 0) {
            if (found.code == ERR_NOT_FOUND)
                return 0;
            *err = found;
            return -1;
        }
        if (row->id < counts.tail_from)
            return 0;
        if (!(series = series_add(tail, row->key, err)))
            return -1;
        series->counts = counts;
        series->first_id = row->id;
    }
    if (series_reserve(series, 1, err) < 0)
        return -1;
    series_set(series, row->change.point);
    struct tail_counts *counts = &series->counts;
    counts->revision++;
    counts->point_n += row->change.added;
    if (!counts->has_last || row->change.point.t > counts->last_t)
        counts->last_t = row->change.point.t;
    counts->has_last = true;
    return 0;
}

/* Ids of damaged rows. */
struct lost {
    int64_t ids[TAIL_DAMAGED_MAX];
    size_t n;
};

static void note_lost(struct db *db, const struct row *row, struct lost *lost)
{
    struct store_damage found = {
        .kind = STORE_DAMAGE_LOG, .key = row->key, .from = row->id, .until = row->id, .n = 1};

    damage_note(db->damage, &found);
    if (lost->n < TAIL_DAMAGED_MAX)
        lost->ids[lost->n++] = row->id;
}

static int replay(struct db *db, struct tail *tail, struct lost *lost, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_TAIL_ALL, err, "");
    int got = stmt ? 1 : -1;
    bool first = true;

    while (got > 0 && (got = db_step(db, stmt, err)) > 0) {
        struct row row;
        bool whole = read_row(stmt, &row);
        if (row.id < 0 || row.id == INT64_MAX) /* no number that we gave */
            whole = false;
        else if (first)
            tail->first_id = row.id;
        first = false;
        if (row.id >= tail->next_id && row.id < INT64_MAX / 2)
            tail->next_id = row.id + 1;
        if (!whole) {
            note_lost(db, &row, lost);
        } else if (replay_row(db, tail, &row, err) < 0) {
            sqlite3_reset(stmt);
            return -1;
        }
    }
    return got < 0 ? -1 : 0;
}

/* Where that cannot be written they stay where they are, and are passed over again. */
static void move_aside(struct db *db, const struct lost *lost)
{
    struct err err;
    int failed = lost->n == 0 || db_in_transaction(db) || db_run(db, SQL_BEGIN, &err, "") < 0;

    if (failed)
        return;
    for (size_t i = 0; i < lost->n && !failed; i++)
        failed = db_run(db, SQL_TAIL_KEEP_ASIDE, &err, "i", lost->ids[i]) < 0 ||
                 db_run(db, SQL_TAIL_DELETE, &err, "i", lost->ids[i]) < 0;
    if (failed || db_run(db, SQL_COMMIT, &err, "") < 0)
        db_rollback(db);
}

/* An empty log must not start again below the rows that series call dead. */
static int skip_used_ids(struct db *db, struct tail *tail, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_SERIES_MAX_TAIL_FROM, err, "");
    int got = stmt ? db_step(db, stmt, err) : -1;

    if (got < 0)
        return -1;
    int64_t above = got ? sqlite3_column_int64(stmt, 0) : 0;
    bool empty = tail->first_id == tail->next_id;
    sqlite3_reset(stmt);
    if (tail->next_id < above)
        tail->next_id = above;
    if (empty)
        tail->first_id = tail->next_id;
    return 0;
}

int tail_fresh(struct db *db, struct tail *tail, struct err *err)
{
    if (!tail->stale)
        return 0;
    tail_done(tail);
    struct lost *lost = calloc(1, sizeof(*lost));
    if (!lost)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    int failed = replay(db, tail, lost, err) < 0 || skip_used_ids(db, tail, err) < 0;
    if (!failed)
        move_aside(db, lost);
    free(lost);
    if (failed)
        return err_wrap(err, "reading the newest points");
    tail->stale = false;
    return 0;
}
