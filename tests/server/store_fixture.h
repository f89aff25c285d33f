/* A store on a real file with a real loop, and calls that wait for their completion. */
#ifndef TESTS_SERVER_STORE_FIXTURE_H
#define TESTS_SERVER_STORE_FIXTURE_H

#include "server/store/store.h"
#include "tests/lib/tmp.h"

struct fixture {
    char dir[TMP_PATH_MAX];
    char path[TMP_PATH_MAX + 16];
    struct store_options options; /* path is set by fixture_new */
    uv_loop_t loop;
    uv_async_t keep_alive;
    struct mailbox *mailbox;
    struct store *store;
};

/* What a request came back with. */
struct outcome {
    bool done;
    struct err err;
    size_t updated, unchanged;
    uint64_t revision, point_n;
    struct point *points; /* of a read; malloc */
    size_t points_n;
};

/* For cmocka: *state is a struct fixture whose store is not open yet. */
int fixture_new(void **state);
int fixture_free(void **state);

/* Fails the test where store_open or store_start does. */
void fixture_open(struct fixture *f); /* without starting the thread */
void fixture_start(struct fixture *f);
void fixture_close(struct fixture *f); /* every completion is delivered */
void fixture_reopen(struct fixture *f); /* close, open, start */

/* store_done; ctx is a struct outcome. */
void outcome_take(void *ctx, struct store_result *result);
void fixture_wait(struct fixture *f, const struct outcome *outcome);

/* Waiting calls. */
struct outcome put_series(struct fixture *f, const struct store_series *series);
struct outcome delete_series(struct fixture *f, int64_t key);
struct outcome put_points(struct fixture *f, int64_t key, const struct point *points, size_t n);
struct outcome read_points(struct fixture *f, int64_t key, int64_t start, int64_t end, size_t limit);
struct outcome put_checkpoint(struct fixture *f, int64_t key, uint64_t version, const char *text);
struct outcome put_job(struct fixture *f, const struct job_row *job);

/* A malloc'ed copy, to be handed to store_put_points. */
struct point *points_copy(const struct point *points, size_t n);

/* key, id "series-KEY", settings at their defaults. */
struct store_series plain_series(int64_t key);

/* Runs SQL on the file, which must be closed. */
void fixture_sql(const struct fixture *f, const char *sql);

#endif
