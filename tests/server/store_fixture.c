/* Waiting is turning the loop until done() has run. */
#include "tests/server/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void on_keep_alive(uv_async_t *async)
{
    (void)async;
}

int fixture_new(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct err err;

    *state = f;
    tmp_make(f->dir);
    snprintf(f->path, sizeof(f->path), "%s/store.db", f->dir);
    f->options.path = f->path;
    return uv_loop_init(&f->loop) || uv_async_init(&f->loop, &f->keep_alive, on_keep_alive) ||
           mailbox_new(&f->loop, &f->mailbox, &err);
}

int fixture_free(void **state)
{
    struct fixture *f = *state;

    fixture_close(f);
    mailbox_free(f->mailbox);
    uv_close((uv_handle_t *)&f->keep_alive, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&f->loop);
    tmp_remove(f->dir);
    free(f);
    return failed;
}

void fixture_open(struct fixture *f)
{
    struct err err = {0};

    if (store_open(&f->options, f->mailbox, &f->store, &err) < 0)
        fail_msg("store_open: %s", err.msg);
}

void fixture_start(struct fixture *f)
{
    struct err err = {0};

    if (store_start(f->store, &err) < 0)
        fail_msg("store_start: %s", err.msg);
}

void fixture_close(struct fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    mailbox_drain(f->mailbox);
}

void fixture_reopen(struct fixture *f)
{
    fixture_close(f);
    fixture_open(f);
    fixture_start(f);
}

void outcome_take(void *ctx, struct store_result *result)
{
    struct outcome *outcome = ctx;

    if (outcome->done)
        fail_msg("done() ran twice");
    *outcome = (struct outcome){true, result->err, result->updated, result->unchanged,
                                result->revision, result->point_n, result->points,
                                result->points_n};
    result->points = NULL;
}

void fixture_wait(struct fixture *f, const struct outcome *outcome)
{
    while (!outcome->done)
        uv_run(&f->loop, UV_RUN_ONCE);
}

/* Waits for what was queued; a refusal at once counts as the outcome. */
static struct outcome finish(struct fixture *f, int queued, const struct err *err,
                             struct outcome *outcome)
{
    if (queued < 0) {
        outcome->err = *err;
        outcome->done = true;
    }
    fixture_wait(f, outcome);
    return *outcome;
}

struct outcome put_series(struct fixture *f, const struct store_series *series)
{
    struct outcome o = {0};
    struct err err = {0};

    return finish(f, store_put_series(f->store, series, outcome_take, &o, &err), &err, &o);
}

struct outcome delete_series(struct fixture *f, int64_t key)
{
    struct outcome o = {0};
    struct err err = {0};

    return finish(f, store_delete_series(f->store, key, outcome_take, &o, &err), &err, &o);
}

struct point *points_copy(const struct point *points, size_t n)
{
    struct point *copy = malloc(n * sizeof(*copy) + 1);

    memcpy(copy, points, n * sizeof(*copy));
    return copy;
}

struct outcome put_points(struct fixture *f, int64_t key, const struct point *points, size_t n)
{
    struct outcome o = {0};
    struct err err = {0};

    return finish(f, store_put_points(f->store, key, points_copy(points, n), n, NULL, NULL,
                                      outcome_take, &o, &err), &err, &o);
}

struct outcome read_points(struct fixture *f, int64_t key, int64_t start, int64_t end, size_t limit)
{
    struct outcome o = {0};
    struct err err = {0};

    return finish(f, store_read_points(f->store, key, start, end, limit, outcome_take, &o, &err),
                  &err, &o);
}

struct outcome put_checkpoint(struct fixture *f, int64_t key, uint64_t version, const char *text)
{
    struct outcome o = {0};
    struct err err = {0};

    return finish(f, store_put_checkpoint(f->store, key, version, 1, strdup(text), strlen(text),
                                          outcome_take, &o, &err), &err, &o);
}

struct outcome put_job(struct fixture *f, const struct job_row *job)
{
    struct outcome o = {0};
    struct err err = {0};

    return finish(f, store_put_job(f->store, job, outcome_take, &o, &err), &err, &o);
}

struct store_series plain_series(int64_t key)
{
    struct store_series series = {.key = key, .created_at = 1000 + key};

    series_settings_init(&series.settings);
    snprintf(series.id, sizeof(series.id), "series-%" PRId64, key);
    return series;
}

void fixture_sql(const struct fixture *f, const char *sql)
{
    sqlite3 *db = NULL;
    char *words = NULL;

    if (sqlite3_open(f->path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, &words) != SQLITE_OK)
        fail_msg("%s: %s", sql, words ? words : sqlite3_errmsg(db));
    sqlite3_close(db);
}
