/* What boot reads. Knows the order of store_loader; refuses to judge what it reads. Surprising: rows are
 * read one series at a time, each with its points and checkpoints, so that memory holds one series'
 * worth whatever the file holds. A row that is damaged is noted and passed over; only what keeps the next
 * row from
 * being read ends the load. */
#include "core/checkpoint.h"
#include "core/said.h"
#include "server/store/checkpoints.h"
#include "server/store/request.h"
#include "server/store/rows.h"
#include "server/store/rows_said.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Points read at once where there may be any number. */
#define LOAD_POINTS_MAX 65536

struct load {
    struct store *store;
    struct db *db;
    const struct store_loader *loader;
};

static void note(struct load *load, enum store_damage_kind kind, int64_t key, int64_t row, const char *words)
{
    struct store_damage found = {.kind = kind, .key = key, .from = row, .until = row};

    snprintf(found.words, sizeof(found.words), "%.*s", STORE_DAMAGE_WORDS_MAX, words);
    damage_note(load->db->damage, &found);
}

/* Errors that are about one series and not about the process or the whole file. */
static bool may_go_on(const struct err *err)
{
    return err->code == ERR_STORAGE || err->code == ERR_UNAVAILABLE;
}

static int damaged_row(const char *what, struct err *err)
{
    return err_set(err, ERR_STORAGE, "the row of its %s is damaged", what);
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

static bool fit_from_name(const char *name, enum fit_policy *ret)
{
    for (int fit = FIT_AUTO; fit <= FIT_OFF; fit++)
        if (name && strcmp(name, rows_fit_name((enum fit_policy)fit)) == 0) {
            *ret = (enum fit_policy)fit;
            return true;
        }
    return false;
}

static bool column_u32(sqlite3_stmt *stmt, int column, uint32_t *ret)
{
    int64_t value = sqlite3_column_int64(stmt, column);

    if (sqlite3_column_type(stmt, column) != SQLITE_INTEGER || value < 0 || value > UINT32_MAX)
        return false;
    *ret = (uint32_t)value;
    return true;
}

/* False where a column holds what no settings are written as. */
static bool read_settings(sqlite3_stmt *stmt, struct series_settings *ret)
{
    const char *model = (const char *)sqlite3_column_text(stmt, 11);
    const char *aggregate = (const char *)sqlite3_column_text(stmt, 12);

    ret->freq.ms = sqlite3_column_int64(stmt, 2);
    ret->freq.months = sqlite3_column_int(stmt, 3);
    ret->min = column_double(stmt, 5);
    ret->max = column_double(stmt, 6);
    ret->integer = sqlite3_column_int(stmt, 7) != 0;
    if (aggregate && *aggregate == '\0')
        ret->aggregate = AGGREGATE_NONE;
    else if (!aggregate || !aggregate_parse(aggregate, &ret->aggregate))
        return false;
    return column_u32(stmt, 4, &ret->horizon) &&
           fit_from_name((const char *)sqlite3_column_text(stmt, 8), &ret->fit) &&
           column_u32(stmt, 9, &ret->fit_every) && model && trm_kind_parse(model, &ret->model) &&
           column_text(stmt, 13, ret->zone, sizeof(ret->zone)) && column_u32(stmt, 14, &ret->retention);
}

static int read_seasons(struct db *db, int64_t key, struct series_settings *ret, struct err *err)
{
    sqlite3_stmt *stmt = db_bind(db, SQL_SEASON_ALL, err, "i", key);
    int got = stmt ? 1 : -1;

    while (got > 0 && ret->season_n < SERIES_SEASONS_MAX && (got = db_step(db, stmt, err)) > 0)
        if (column_u32(stmt, 0, &ret->season[ret->season_n]))
            ret->season_n++;
        else
            got = damaged_row("season", err);
    sqlite3_reset(stmt);
    return got < 0 ? -1 : 0;
}

static int read_label(sqlite3_stmt *stmt, struct series_settings *ret, struct err *err)
{
    struct series_label *label = &ret->labels[ret->label_n];

    if (!column_text(stmt, 0, label->name, sizeof(label->name)) ||
        !column_text(stmt, 1, label->value, sizeof(label->value)))
        return damaged_row("label", err);
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
        if (read_label(stmt, ret, err) < 0)
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
    if (!column_text(stmt, 1, ret->id, sizeof(ret->id)) || ret->key < 1 || !read_settings(stmt,
                                                                                          &ret->settings))
        return damaged_row("settings", err);
    ret->created_at = sqlite3_column_int64(stmt, 10);
    ret->grid_known = sqlite3_column_type(stmt, 17) != SQLITE_NULL;
    ret->grid.freq.ms = sqlite3_column_int64(stmt, 15);
    ret->grid.freq.months = sqlite3_column_int(stmt, 16);
    ret->grid.anchor_ms = sqlite3_column_int64(stmt, 17);
    if (points_counts(&load->store->points, ret->key, &counts, err) < 0)
        return -1;
    if (counts.revision > INT64_MAX || counts.point_n > counts.revision)
        return damaged_row("counts", err);
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

    if (rows_newest_said(load->db, key, &any, &newest, err))
        return -1;
    if (!any)
        return 0;
    if (newest < INT64_MIN + TRM_SAID_LEADS_MAX) /* no step of ours */
        newest = INT64_MIN + TRM_SAID_LEADS_MAX;
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
    if (!checkpoint.bytes)
        note(load, STORE_DAMAGE_CHECKPOINT, key, (int64_t)checkpoint.version, "");
    if (loader->checkpoint(loader->ctx, key, &checkpoint, &accepted, err) < 0)
        return -1;
    if (checkpoint.bytes && !accepted)
        note(load, STORE_DAMAGE_CHECKPOINT, key, (int64_t)checkpoint.version,
             "its checksum is right, but no model can be made of it");
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

/* What hangs on a series and can be done without: its record and its models. Returns -1 where the load ends.
 * */
static int load_extras(struct load *load, int64_t key, struct err *err)
{
    if (load->loader->said && load_said(load, key, err) < 0) {
        if (!may_go_on(err))
            return -1;
        note(load, STORE_DAMAGE_SAID, key, INT64_MIN, err->msg);
    }
    if (load_checkpoints(load, key, err) < 0) {
        if (!may_go_on(err))
            return -1;
        note(load, STORE_DAMAGE_CHECKPOINT, key, INT64_MIN, err->msg);
    }
    return 0;
}

/* Its id and what is wrong, as far as they can be told. */
static void note_series(struct load *load, const struct store_series *series, const struct err *err)
{
    char words[STORE_DAMAGE_WORDS_MAX + 1];

    snprintf(words, sizeof(words), "\"%.80s\": %.110s", series->id, err->msg);
    note(load, STORE_DAMAGE_SERIES, series->key, series->key, words);
}

static int load_one(struct load *load, sqlite3_stmt *stmt, struct err *err)
{
    const struct store_loader *loader = load->loader;
    struct store_series series = {0};
    bool shown = false;
    int failed = read_series(load, stmt, &series, err);

    if (!failed && loader->series) {
        failed = loader->series(loader->ctx, &series, err);
        shown = !failed;
    }
    if (!failed)
        failed = load_points(load, series.key, err);
    if (failed && may_go_on(err)) {
        note_series(load, &series, err);
        if (shown && loader->drop)
            loader->drop(loader->ctx, series.key);
        failed = 0;
    } else if (!failed) {
        failed = load_extras(load, series.key, err);
    }
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

/* False where a column holds what no job is written as. The texts stay the statement's. */
static bool read_job(sqlite3_stmt *stmt, struct job_row *ret)
{
    const char *kind = (const char *)sqlite3_column_text(stmt, 9);

    *ret = (struct job_row){0};
    if (!column_text(stmt, 0, ret->id, sizeof(ret->id)) || ret->id[0] == '\0' ||
        !job_state_from_name((const char *)sqlite3_column_text(stmt, 3), &ret->state) ||
        !column_text(stmt, 8, ret->error, sizeof(ret->error)) || !kind || !sqlite3_column_text(stmt, 10))
        return false;
    ret->kind = strcmp(kind, job_kind_name(JOB_BACKTEST)) == 0 ? JOB_BACKTEST : JOB_FIT;
    ret->request = job_text(stmt, 10);
    ret->series_key = sqlite3_column_int64(stmt, 1);
    ret->full = sqlite3_column_int(stmt, 2) != 0;
    ret->created_at = sqlite3_column_int64(stmt, 4);
    ret->started_at = sqlite3_column_int64(stmt, 5);
    ret->finished_at = sqlite3_column_int64(stmt, 6);
    return true;
}

static void note_job(struct load *load, sqlite3_stmt *stmt, const struct job_row *job)
{
    note(load, STORE_DAMAGE_JOB, sqlite3_column_int64(stmt, 1), sqlite3_column_int64(stmt, 4), job->id);
}

static int load_job(struct load *load, sqlite3_stmt *stmt, struct err *err)
{
    struct job_row job;
    bool whole = read_job(stmt, &job);
    int failed = whole ? load->loader->job(load->loader->ctx, &job, err) : 0;

    if (whole && (!failed || !may_go_on(err)))
        return failed;
    note_job(load, stmt, &job);
    return 0;
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
        if (!read_job(stmt, &job)) {
            note_job(load, stmt, &job);
            continue;
        }
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

    if (!whole)
        note(load, STORE_DAMAGE_WEIGHTS, 0, (int64_t)weights.version, "");
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
