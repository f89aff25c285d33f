/* Writing rows. Surprising: the grid, which may be unknown, is written by a second statement, so that the
 * first has a fixed number of values. */
#include "server/store/rows.h"

#include "core/checkpoint.h"

#include <inttypes.h>

const char *rows_fit_name(enum fit_policy fit)
{
    switch (fit) {
    case FIT_EVERY:
        return "every";
    case FIT_OFF:
        return "off";
    case FIT_AUTO:
        break;
    }
    return "auto";
}

static int put_seasons(struct db *db, int64_t key, const struct series_settings *settings,
                       struct err *err)
{
    if (db_run(db, SQL_SEASON_CLEAR, err, "i", key) < 0)
        return -1;
    for (uint32_t i = 0; i < settings->season_n; i++)
        if (db_run(db, SQL_SEASON_ADD, err, "iii", key, (int64_t)i, (int64_t)settings->season[i]) < 0)
            return -1;
    return 0;
}

static int put_labels(struct db *db, int64_t key, const struct series_settings *settings,
                      struct err *err)
{
    if (db_run(db, SQL_LABEL_CLEAR, err, "i", key) < 0)
        return -1;
    for (uint32_t i = 0; i < settings->label_n; i++)
        if (db_run(db, SQL_LABEL_ADD, err, "itt", key, settings->labels[i].name,
                   settings->labels[i].value) < 0)
            return -1;
    return 0;
}

int rows_set_grid(struct db *db, int64_t key, const struct trm_grid *grid, struct err *err)
{
    return db_run(db, SQL_SERIES_GRID, err, "iiii", key, grid->freq.ms, (int64_t)grid->freq.months,
                  grid->anchor_ms);
}

static int put_grid(struct db *db, const struct store_series *series, struct err *err)
{
    if (series->grid_known)
        return rows_set_grid(db, series->key, &series->grid, err);
    return db_run(db, SQL_SERIES_GRID, err, "innn", series->key);
}

int rows_put_series(struct db *db, const struct store_series *series, int64_t tail_from,
                    enum rows_mode mode, struct err *err)
{
    const struct series_settings *settings = &series->settings;
    enum sql sql = mode == ROWS_REPLACE ? SQL_SERIES_PUT : SQL_SERIES_ADD;
    int64_t key = series->key;

    if (db_run(db, sql, err, "itiiidditiitttii", key, series->id, settings->freq.ms,
               (int64_t)settings->freq.months, (int64_t)settings->horizon, settings->min,
               settings->max, (int64_t)settings->integer, rows_fit_name(settings->fit),
               (int64_t)settings->fit_every, series->created_at, trm_kind_name(settings->model),
               aggregate_name(settings->aggregate), settings->zone, (int64_t)settings->retention,
               tail_from) < 0) {
        if (err->code == ERR_CONFLICT)
            err_set(err, ERR_CONFLICT, "another series is named \"%s\"", series->id);
        return -1;
    }
    if (sqlite3_changes(db->sqlite) == 0)
        return 0;
    if (put_grid(db, series, err) < 0 || put_seasons(db, key, settings, err) < 0)
        return -1;
    return put_labels(db, key, settings, err);
}

int rows_delete_series(struct db *db, int64_t key, struct err *err)
{
    if (db_run(db, SQL_SERIES_DELETE, err, "i", key) < 0)
        return -1;
    if (sqlite3_changes(db->sqlite) == 0)
        return err_set(err, ERR_NOT_FOUND, "the series does not exist");
    return 0;
}

static int newest_version(struct db *db, int64_t key, uint64_t *ret, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_CHECKPOINT_NEWEST, err, "i", key);
    int got = stmt ? db_step(db, stmt, err) : -1;

    if (got < 0)
        return -1;
    *ret = got ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return 0;
}

int rows_put_checkpoint(struct db *db, int64_t key, uint64_t version, int64_t created_at,
                        const void *bytes, size_t n, unsigned keep, struct err *err)
{
    uint64_t newest;

    if (newest_version(db, key, &newest, err) < 0)
        return -1;
    if (version <= newest)
        return err_set(err, ERR_CONFLICT, "model version %" PRIu64 " is not above %" PRIu64, version,
                       newest);
    if (db_run(db, SQL_CHECKPOINT_ADD, err, "iiiib", key, (int64_t)version, created_at,
               (int64_t)trm_crc32c(0, bytes, n), bytes, n) < 0)
        return -1;
    return db_run(db, SQL_CHECKPOINT_DROP, err, "ii", key, (int64_t)keep);
}

int rows_put_weights(struct db *db, const struct store_weights *weights, unsigned keep,
                     struct err *err)
{
    if (db_run(db, SQL_WEIGHTS_ADD, err, "iiiitib", (int64_t)weights->version, weights->created_at,
               (int64_t)weights->origin, (int64_t)weights->points, weights->report,
               (int64_t)trm_crc32c(0, weights->bytes, weights->n), weights->bytes, weights->n) < 0)
        return -1;
    return db_run(db, SQL_WEIGHTS_DROP, err, "i", (int64_t)keep);
}

int rows_put_job(struct db *db, const struct job_row *job, struct err *err)
{
    if (db_run(db, SQL_JOB_PUT, err, "tiitiiitttt", job->id, job->series_key, (int64_t)job->full,
               job_state_name(job->state), job->created_at, job->started_at, job->finished_at,
               job->result ? job->result : "", job->error, job_kind_name(job->kind),
               job->request ? job->request : "") < 0)
        return -1;
    if (job->state == JOB_PENDING || job->state == JOB_RUNNING)
        return 0;
    return db_run(db, SQL_JOB_DROP, err, "i", (int64_t)ROWS_FINISHED_JOBS_MAX);
}
