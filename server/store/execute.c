/* One request, inside a savepoint of its own, so that its failure undoes only itself; except that SQLite
 * ends the whole transaction when the disk is full or fails, and then the batch is lost (thread.c).
 * Surprising: nothing here may fail after points_put or points_forget, which change memory that a
 * savepoint cannot restore. */
#include "server/store/checkpoints.h"
#include "server/store/request.h"
#include "server/store/rows.h"
#include "server/store/rows_said.h"

#include <stdlib.h>

static int put_series(struct store *store, const struct store_series *series, enum rows_mode mode,
                      struct err *err)
{
    int64_t tail_from;

    if (points_tail_from(&store->points, &tail_from, err) < 0 ||
        rows_put_series(store->db, series, tail_from, mode, err) < 0)
        return -1;
    if (series->settings.retention > 0 && mode == ROWS_REPLACE)
        points_trim_later(&store->points, series->key);
    return 0;
}

static int delete_series(struct store *store, int64_t key, struct err *err)
{
    if (rows_delete_series(store->db, key, err) < 0)
        return -1;
    points_forget(&store->points, key);
    return 0;
}

static int put_points(struct store *store, struct request *request, struct err *err)
{
    struct store_result *result = &request->result;
    struct points_put put;

    if (request->series && put_series(store, request->series, ROWS_ADD_IF_ABSENT, err) < 0)
        return -1;
    if (request->has_grid && rows_set_grid(store->db, request->key, &request->grid, err) < 0)
        return -1;
    if (points_put(&store->points, request->key, request->points, request->n, &put, err) < 0)
        return -1;
    request->changed = put.changed;
    result->updated = put.updated;
    result->unchanged = put.unchanged;
    result->revision = put.revision;
    result->point_n = put.point_n;
    return 0;
}

static void count_result(struct store *store, struct request *request, size_t bytes)
{
    request->result_bytes = bytes;
    atomic_fetch_add_explicit(&store->result_bytes, bytes, memory_order_relaxed);
}

static int read_points(struct store *store, struct request *request, struct err *err)
{
    struct store_result *result = &request->result;

    if (points_read(&store->points, request->key, request->start, request->end, request->limit,
                    &result->points, &result->points_n, err) < 0)
        return -1;
    count_result(store, request, result->points_n * sizeof(struct point));
    return 0;
}

static int read_said(struct store *store, struct request *request, struct err *err)
{
    struct store_result *result = &request->result;
    size_t bytes;

    if (rows_read_said(store->db, request->key, request->start, request->end, &result->said, &result->said_n,
                       &bytes, err) < 0)
        return -1;
    count_result(store, request, bytes);
    return 0;
}

static int read_checkpoints(struct store *store, struct request *request, struct err *err)
{
    struct store_result *result = &request->result;
    size_t max = request->version ? 1 : store->options.checkpoints_kept;

    if (checkpoints_read(store->db, request->key, request->version, max, &result->checkpoints,
                         &result->checkpoints_n, err) < 0)
        return -1;
    for (size_t i = 0; i < result->checkpoints_n; i++)
        request->result_bytes += sizeof(*result->checkpoints) + result->checkpoints[i].n;
    atomic_fetch_add_explicit(&store->result_bytes, request->result_bytes, memory_order_relaxed);
    return 0;
}

static int put_weights(struct store *store, const struct request *request, struct err *err)
{
    struct store_weights weights = {.version = request->version,
                                    .created_at = request->created_at,
                                    .origin = request->origin,
                                    .points = request->marked,
                                    .report = request->text,
                                    .bytes = request->n ? request->blob : "",
                                    .n = request->n};

    return rows_put_weights(store->db, &weights, request->n ? STORE_WEIGHTS_KEPT : 1, err);
}

static int perform(struct store *store, struct request *request, struct err *err)
{
    switch (request->kind) {
    case REQUEST_PUT_SERIES:
        return put_series(store, request->series, ROWS_REPLACE, err);
    case REQUEST_DELETE_SERIES:
        return delete_series(store, request->key, err);
    case REQUEST_PUT_POINTS:
        return put_points(store, request, err);
    case REQUEST_READ_POINTS:
        return read_points(store, request, err);
    case REQUEST_PUT_CHECKPOINT:
        return rows_put_checkpoint(store->db, request->key, request->version, request->created_at,
                                   request->blob, request->n, store->options.checkpoints_kept, err);
    case REQUEST_PUT_WEIGHTS:
        return put_weights(store, request, err);
    case REQUEST_PUT_SAID:
        return rows_put_said(store->db, request->key, request->origin_step, request->blob, request->n, err);
    case REQUEST_DROP_SAID:
        return rows_drop_said(store->db, request->key, err);
    case REQUEST_READ_SAID:
        return read_said(store, request, err);
    case REQUEST_READ_CHECKPOINTS:
        return read_checkpoints(store, request, err);
    case REQUEST_PUT_JOB:
    case REQUEST_BACKUP:
        break;
    }
    return rows_put_job(store->db, request->job, err);
}

/* When a savepoint cannot be ended the way it should, the whole transaction goes. */
static void perform_in_savepoint(struct store *store, struct request *request, struct err *err)
{
    struct err undo;

    if (db_run(store->db, SQL_SAVEPOINT, err, "") < 0)
        return;
    if (perform(store, request, err) == 0) {
        if (db_run(store->db, SQL_RELEASE, err, "") < 0)
            db_rollback(store->db);
        return;
    }
    if (!db_in_transaction(store->db))
        return;
    if (db_run(store->db, SQL_ROLLBACK_TO, &undo, "") < 0 ||
        db_run(store->db, SQL_RELEASE, &undo, "") < 0)
        db_rollback(store->db);
}

bool request_reads(const struct request *request)
{
    return request->kind == REQUEST_READ_POINTS || request->kind == REQUEST_READ_SAID ||
           request->kind == REQUEST_READ_CHECKPOINTS;
}

void execute(struct store *store, struct request *request)
{
    struct err *err = &request->result.err;

    if (request_reads(request))
        perform(store, request, err);
    else
        perform_in_savepoint(store, request, err);
}
