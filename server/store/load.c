/* What boot reads. Knows the order of store_loader; refuses to judge what it reads. Surprising: rows are
 * read one series at a time, each with its points and checkpoints, so that memory holds one series'
 * worth whatever the file holds. */
#include "core/checkpoint.h"
#include "core/said.h"
#include "server/store/checkpoints.h"
#include "server/store/request.h"
#include "server/store/rows.h"
#include "server/store/rows_said.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points read at once where there may be any number. */
#define LOAD_POINTS_MAX 65536

struct load {
    struct store *store;
    struct db *db;
    const struct store_loader *loader;
};

static int damaged_row(struct db *db, const char *what, const char *name, struct err *err)
{
    return err_set(err, ERR_STORAGE, "%s: the row of %s %.*s is damaged", db->path, what, 40, name);
}

/* A text column into a buffer; false when it does not fit. */
static bool column_text(sqlite3_stmt *stmt, int column, char *buf, size_t buf_n)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);
    size_t n = (size_t)sqlite3_column_bytes(stmt, column);

    if (!text || n >= buf_n)
        return false;
    memcpy(buf, text, n + 1);
    return true;
}

static double column_double(sqlite3_stmt *stmt, int column)
{
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        return (double)NAN;
    return sqlite3_column_double(stmt, column);
}

static enum fit_policy fit_from_name(const char *name)
{
    if (name && strcmp(name, rows_fit_name(FIT_EVERY)) == 0)
        return FIT_EVERY;
    return name && strcmp(name, rows_fit_name(FIT_OFF)) == 0 ? FIT_OFF : FIT_AUTO;
}

static void read_settings(sqlite3_stmt *stmt, struct series_settings *ret)
{
    ret->freq.ms = sqlite3_column_int64(stmt, 2);
    ret->freq.months = sqlite3_column_int(stmt, 3);
    ret->horizon = (uint32_t)sqlite3_column_int64(stmt, 4);
    ret->min = column_double(stmt, 5);
    ret->max = column_double(stmt, 6);
    ret->integer = sqlite3_column_int(stmt, 7) != 0;
    ret->fit = fit_from_name((const char *)sqlite3_column_text(stmt, 8));
    ret->fit_every = (uint32_t)sqlite3_column_int64(stmt, 9);
    const char *model = (const char *)sqlite3_column_text(stmt, 11);
    if (!model || !trm_kind_parse(model, &ret->model))
        ret->model = TRM_KIND_TRM;
    const char *aggregate = (const char *)sqlite3_column_text(stmt, 12);
    if (!aggregate || !aggregate_parse(aggregate, &ret->aggregate))
        ret->aggregate = AGGREGATE_NONE;
    if (!column_text(stmt, 13, ret->zone, sizeof(ret->zone)))
        ret->zone[0] = '\0';
    ret->retention = (uint32_t)sqlite3_column_int64(stmt, 14);
}

static int read_seasons(struct db *db, int64_t key, struct series_settings *ret, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_SEASON_ALL, err, "i", key);
    int got = stmt ? 1 : -1;

    while (got > 0 && (got = db_step(db, stmt, err)) > 0 && ret->season_n < SERIES_SEASONS_MAX)
        ret->season[ret->season_n++] = (uint32_t)sqlite3_column_int64(stmt, 0);
    sqlite3_reset(stmt);
    return got < 0 ? -1 : 0;
}

static int read_label(struct db *db, sqlite3_stmt *stmt, struct series_settings *ret, struct err *err)
{
    struct series_label *label = &ret->labels[ret->label_n];

    if (!column_text(stmt, 0, label->name, sizeof(label->name)) ||
        !column_text(stmt, 1, label->value, sizeof(label->value)))
        return damaged_row(db, "label", "", err);
    ret->label_n++;
    return 0;
}

/* Into a buffer of the most labels there may be, cut to size afterwards. */
static int read_labels(struct db *db, int64_t key, struct series_settings *ret, struct err *err)
{
    ret->labels = malloc(SERIES_LABELS_MAX * sizeof(*ret->labels));
    if (!ret->labels)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    sqlite3_stmt *stmt = db_bind(db, SQL_LABEL_ALL, err, "i", key);
    int got = stmt ? 1 : -1;
    while (got > 0 && ret->label_n < SERIES_LABELS_MAX && (got = db_step(db, stmt, err)) > 0)
        if (read_label(db, stmt, ret, err) < 0)
            got = -1;
    sqlite3_reset(stmt);
    if (got >= 0 && ret->label_n == 0) {
        free(ret->labels);
        ret->labels = NULL;
    }
    return got < 0 ? -1 : 0;
}

static int read_series(struct load *load, sqlite3_stmt *stmt, struct store_series *ret,
                       struct err *err)
{
    struct tail_counts counts;

    series_settings_init(&ret->settings);
    ret->key = sqlite3_column_int64(stmt, 0);
    if (!column_text(stmt, 1, ret->id, sizeof(ret->id)))
        return damaged_row(load->db, "series", "", err);
    read_settings(stmt, &ret->settings);
    ret->created_at = sqlite3_column_int64(stmt, 10);
    ret->grid_known = sqlite3_column_type(stmt, 17) != SQLITE_NULL;
    ret->grid.freq.ms = sqlite3_column_int64(stmt, 15);
    ret->grid.freq.months = sqlite3_column_int(stmt, 16);
    ret->grid.anchor_ms = sqlite3_column_int64(stmt, 17);
    if (points_counts(&load->store->points, ret->key, &counts, err) < 0)
        return -1;
    ret->revision = counts.revision;
    ret->point_n = counts.point_n;
    if (read_seasons(load->db, ret->key, &ret->settings, err) < 0)
        return -1;
    return read_labels(load->db, ret->key, &ret->settings, err);
}

static int load_newest(struct load *load, int64_t key, struct err *err)
{
    const struct store_loader *loader = load->loader;
    struct points *points = &load->store->points;
    struct point *read;
    int64_t from;
    size_t n;

    if (points_newest_from(points, key, loader->points_max, &from, err) < 0 ||
        points_read(points, key, from, INT64_MAX, SIZE_MAX, &read, &n, err) < 0)
        return -1;
    size_t skip = n > loader->points_max ? n - loader->points_max : 0;
    int failed = n ? loader->points(loader->ctx, key, read + skip, n - skip, err) : 0;
    free(read);
    return failed;
}

/* In pieces: aggregated points may be many to a step. */
static int load_since(struct load *load, int64_t key, int64_t from, struct err *err)
{
    const struct store_loader *loader = load->loader;
    size_t n = LOAD_POINTS_MAX;

    while (n == LOAD_POINTS_MAX) {
        struct point *read;
        if (points_read(&load->store->points, key, from, INT64_MAX, LOAD_POINTS_MAX, &read, &n, err) < 0)
            return -1;
        from = n ? read[n - 1].t + 1 : from;
        int failed = n ? loader->points(loader->ctx, key, read, n, err) : 0;
        free(read);
        if (failed)
            return -1;
    }
    return 0;
}

static int load_points(struct load *load, int64_t key, struct err *err)
{
    const struct store_loader *loader = load->loader;
    struct tail_counts counts;
    int64_t from = INT64_MIN;

    if (!loader->points || !loader->points_max)
        return 0;
    if (points_counts(&load->store->points, key, &counts, err) < 0)
        return -1;
    if (loader->since && counts.has_last)
        from = loader->since(loader->ctx, key, counts.last_t);
    return from == INT64_MIN ? load_newest(load, key, err) : load_since(load, key, from, err);
}

/* Those that a value may still be waiting for. */
static int load_said(struct load *load, int64_t key, struct err *err)
{
    struct store_said *said;
    int64_t newest;
    size_t n, bytes;
    bool any;
    int failed = 0;

    if (!load->loader->said)
        return 0;
    if (rows_newest_said(load->db, key, &any, &newest, err))
        return -1;
    if (!any)
        return 0;
    if (rows_read_said(load->db, key, newest - TRM_SAID_LEADS_MAX, INT64_MAX, &said, &n, &bytes, err))
        return -1;
    for (size_t i = 0; !failed && i < n; i++)
        failed = load->loader->said(load->loader->ctx, key, &said[i], err);
    free(said);
    return failed;
}

static int offer_checkpoint(struct load *load, sqlite3_stmt *stmt, int64_t key, bool *ret_accepted,
                            struct err *err)
{
    const struct store_loader *loader = load->loader;
    struct store_checkpoint checkpoint;
    bool accepted = true;

    checkpoint_row(stmt, &checkpoint);
    if (loader->checkpoint(loader->ctx, key, &checkpoint, &accepted, err) < 0)
        return -1;
    *ret_accepted = accepted && checkpoint.bytes;
    return 0;
}

/* Offers the rows of a statement in their order until one is accepted. */
typedef int (*offer_row)(struct load *load, sqlite3_stmt *stmt, int64_t key, bool *ret_accepted,
                         struct err *err);

static int offer_rows(struct load *load, sqlite3_stmt *stmt, int64_t key, offer_row offer,
                      struct err *err)
{
    bool accepted = false;
    int got = stmt ? 1 : -1;

    while (got > 0 && !accepted && (got = db_step(load->db, stmt, err)) > 0)
        if (offer(load, stmt, key, &accepted, err) < 0)
            got = -1;
    sqlite3_reset(stmt);
    return got < 0 ? -1 : 0;
}

static int load_checkpoints(struct load *load, int64_t key, struct err *err)
{
    if (!load->loader->checkpoint)
        return 0;
    return offer_rows(load, db_bind(load->db, SQL_CHECKPOINT_ALL, err, "i", key), key,
                      offer_checkpoint, err);
}

static int load_one(struct load *load, sqlite3_stmt *stmt, struct err *err)
{
    const struct store_loader *loader = load->loader;
    struct store_series series = {0};
    int failed = read_series(load, stmt, &series, err);

    if (!failed && loader->series)
        failed = loader->series(loader->ctx, &series, err);
    if (!failed)
        failed = load_points(load, series.key, err);
    if (!failed)
        failed = load_said(load, series.key, err);
    if (!failed)
        failed = load_checkpoints(load, series.key, err);
    if (failed)
        err_wrap(err, "loading series \"%.60s\"", series.id);
    series_settings_done(&series.settings);
    return failed;
}

static int load_all_series(struct load *load, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(load->db, SQL_SERIES_ALL, err, "");
    int got = stmt ? 1 : -1;

    while (got > 0 && (got = db_step(load->db, stmt, err)) > 0)
        if (load_one(load, stmt, err) < 0)
            got = -1;
    sqlite3_reset(stmt);
    return got < 0 ? -1 : 0;
}

static bool job_state_from_name(const char *name, enum job_state *ret)
{
    for (int state = JOB_PENDING; state <= JOB_CANCELLED; state++) {
        if (name && strcmp(name, job_state_name((enum job_state)state)) == 0) {
            *ret = (enum job_state)state;
            return true;
        }
    }
    return false;
}

/* A text of the row's, which the loader copies; NULL where it is empty. */
static char *job_text(sqlite3_stmt *stmt, int column)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    return text && *text ? (char *)(uintptr_t)text : NULL;
}

/* False where the row is damaged. */
static bool read_job(sqlite3_stmt *stmt, struct job_row *ret)
{
    *ret = (struct job_row){0};
    if (!column_text(stmt, 0, ret->id, sizeof(ret->id)) ||
        !job_state_from_name((const char *)sqlite3_column_text(stmt, 3), &ret->state) ||
        !column_text(stmt, 8, ret->error, sizeof(ret->error)))
        return false;
    ret->series_key = sqlite3_column_int64(stmt, 1);
    const char *kind = (const char *)sqlite3_column_text(stmt, 9);
    ret->kind = kind && strcmp(kind, job_kind_name(JOB_BACKTEST)) == 0 ? JOB_BACKTEST : JOB_FIT;
    ret->request = job_text(stmt, 10);
    ret->full = sqlite3_column_int(stmt, 2) != 0;
    ret->created_at = sqlite3_column_int64(stmt, 4);
    ret->started_at = sqlite3_column_int64(stmt, 5);
    ret->finished_at = sqlite3_column_int64(stmt, 6);
    return true;
}

static int load_job(struct load *load, sqlite3_stmt *stmt, struct err *err)
{
    struct job_row job;

    if (!read_job(stmt, &job))
        return damaged_row(load->db, "job", job.id, err);
    return load->loader->job(load->loader->ctx, &job, err);
}

static int load_jobs(struct load *load, struct err *err)
{
    if (!load->loader->job)
        return 0;
    sqlite3_stmt *stmt = db_bind(load->db, SQL_JOB_UNFINISHED, err, "");
    int got = stmt ? 1 : -1;
    while (got > 0 && (got = db_step(load->db, stmt, err)) > 0)
        if (load_job(load, stmt, err) < 0)
            got = -1;
    sqlite3_reset(stmt);
    return got < 0 ? -1 : 0;
}

static int load_ended_jobs(struct load *load, struct err *err)
{
    struct job_row job;
    bool more = true;

    if (!load->loader->ended)
        return 0;
    sqlite3_stmt *stmt = db_bind(load->db, SQL_JOB_ENDED, err, "i", (int64_t)ROWS_FINISHED_JOBS_MAX);
    int got = stmt ? 1 : -1;
    while (got > 0 && more && (got = db_step(load->db, stmt, err)) > 0) {
        if (!read_job(stmt, &job))
            continue;
        job.result = job_text(stmt, 7);
        if (load->loader->ended(load->loader->ctx, &job, &more, err) < 0)
            got = -1;
    }
    sqlite3_reset(stmt);
    return got < 0 ? -1 : 0;
}

/* One row of shared weights, which belong to no series. */
static int offer_weights(struct load *load, sqlite3_stmt *stmt, int64_t key, bool *ret_accepted,
                         struct err *err)
{
    (void)key;
    const char *report = (const char *)sqlite3_column_text(stmt, 4);
    const void *bytes = sqlite3_column_blob(stmt, 6);
    size_t n = (size_t)sqlite3_column_bytes(stmt, 6);
    bool whole = (int64_t)trm_crc32c(0, bytes, n) == sqlite3_column_int64(stmt, 5);
    bool accepted = true;
    struct store_weights weights = {.version = (uint64_t)sqlite3_column_int64(stmt, 0),
                                    .created_at = sqlite3_column_int64(stmt, 1),
                                    .origin = (uint64_t)sqlite3_column_int64(stmt, 2),
                                    .points = (uint64_t)sqlite3_column_int64(stmt, 3),
                                    .report = report ? report : "",
                                    .bytes = whole ? n ? bytes : "" : NULL,
                                    .n = whole ? n : 0};

    if (load->loader->weights(load->loader->ctx, &weights, &accepted, err) < 0)
        return -1;
    *ret_accepted = accepted && whole;
    return 0;
}

static int load_weights(struct load *load, struct err *err)
{
    if (!load->loader->weights)
        return 0;
    return offer_rows(load, db_bind(load->db, SQL_WEIGHTS_ALL, err, ""), 0, offer_weights, err);
}

static int load_max_key(struct load *load, int64_t *ret, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(load->db, SQL_SERIES_MAX_KEY, err, "");
    int got = stmt ? db_step(load->db, stmt, err) : -1;

    if (got < 0)
        return -1;
    *ret = got ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_reset(stmt);
    return 0;
}

int store_load(struct store *store, const struct store_loader *loader, int64_t *ret_max_key,
               struct err *err)
{
    struct load load = {.store = store, .db = store->db, .loader = loader};
    int64_t max_key;

    if (load_weights(&load, err) < 0 || load_all_series(&load, err) < 0 || load_jobs(&load, err) < 0 ||
        load_ended_jobs(&load, err) < 0 || load_max_key(&load, &max_key, err) < 0)
        return -1;
    *ret_max_key = max_key;
    return 0;
}
