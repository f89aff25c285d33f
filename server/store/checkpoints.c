/* See checkpoints.h. Surprising: a damaged row is read like any other, without its bytes, so that whoever
 * asks can name it. */
#include "server/store/checkpoints.h"

#include "core/checkpoint.h"

#include <stdlib.h>
#include <string.h>

void checkpoint_row(sqlite3_stmt *stmt, struct store_checkpoint *ret)
{
    int64_t crc = sqlite3_column_int64(stmt, 1);
    const void *bytes = sqlite3_column_blob(stmt, 2);
    size_t n = (size_t)sqlite3_column_bytes(stmt, 2);
    bool whole = bytes && (int64_t)trm_crc32c(0, bytes, n) == crc;

    *ret = (struct store_checkpoint){.version = (uint64_t)sqlite3_column_int64(stmt, 0),
                                     .created_at = sqlite3_column_int64(stmt, 3),
                                     .bytes = whole ? bytes : NULL,
                                     .n = whole ? n : 0,
                                     .stored_n = n};
}

/* The row with bytes of its own. */
static int copy_row(sqlite3_stmt *stmt, struct store_checkpoint *ret, struct err *err)
{
    struct store_checkpoint row;

    checkpoint_row(stmt, &row);
    if (row.bytes) {
        void *bytes = malloc(row.n);
        if (!bytes)
            return err_set(err, ERR_NO_MEMORY, "out of memory");
        row.bytes = memcpy(bytes, row.bytes, row.n);
    }
    *ret = row;
    return 0;
}

static void rows_free(struct store_checkpoint *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free((void *)rows[i].bytes);
    free(rows);
}

static int read_rows(struct db *db, sqlite3_stmt *stmt, size_t max, struct store_checkpoint *rows,
                     size_t *n, struct err *err)
{
    int got = stmt ? 1 : -1;

    while (got > 0 && *n < max && (got = db_step(db, stmt, err)) > 0) {
        if (copy_row(stmt, &rows[*n], err) < 0)
            got = -1;
        else
            ++*n;
    }
    sqlite3_reset(stmt);
    return got < 0 ? -1 : 0;
}

int checkpoints_read(struct db *db, int64_t key, uint64_t version, size_t max,
                     struct store_checkpoint **ret, size_t *ret_n, struct err *err)
{
    struct store_checkpoint *rows = calloc(max, sizeof(*rows));
    size_t n = 0;

    if (!rows)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    sqlite3_stmt *stmt =
        db_bind(db, SQL_CHECKPOINT_SOME, err, "iii", key, (int64_t)version, (int64_t)max);
    if (read_rows(db, stmt, max, rows, &n, err) < 0) {
        rows_free(rows, n);
        return -1;
    }
    if (n == 0) {
        free(rows);
        rows = NULL;
    }
    *ret = rows;
    *ret_n = n;
    return 0;
}
