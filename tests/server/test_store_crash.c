/* The promise under bad luck: a full disk loses nothing acknowledged and is survived, and so is a writer
 * killed at any instant. */
#include "server/store/request.h"
#include "core/rng.h"
#include "tests/server/store_loaded.h"
#include "tests/server/store_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a full disk ---- */

/* Files may grow by this much from now on; the kernel answers EFBIG beyond. */
static void limit_files(struct fixture *f, rlim_t more)
{
    struct rlimit limit;
    struct stat st;
    char wal[sizeof(f->path) + 8];

    snprintf(wal, sizeof(wal), "%s-wal", f->path);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = (rlim_t)st.st_size + more;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void unlimit_files(void)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
}

static int full_new(void **state)
{
    signal(SIGXFSZ, SIG_IGN);
    if (fixture_new(state))
        return -1;
    fixture_open(*state);
    fixture_start(*state);
    struct store_series series = plain_series(1);
    return put_series(*state, &series).err.code != ERR_NONE;
}

static int full_free(void **state)
{
    unlimit_files();
    return fixture_free(state);
}

static void check_model(struct fixture *f, const struct model *model)
{
    struct outcome got = read_points(f, 1, TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX);

    assert_int_equal(got.err.code, ERR_NONE);
    assert_true(model_equal(model, TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX, got.points, got.points_n));
    free(got.points);
}

/* Writes until the disk is full; what was acknowledged goes into the model. Returns refused writes. */
static unsigned write_until_full(struct fixture *f, struct model *model, struct trm_rng *rng)
{
    struct point points[2000];
    unsigned refused = 0;

    for (unsigned i = 0; i < 3000 && refused < 20; i++) {
        size_t n = model_random_write(rng, model, points, 2000);
        struct outcome got = put_points(f, 1, points, n);
        if (got.err.code == ERR_NONE) {
            struct model_put want = model_put(model, points, n);
            assert_int_equal(got.updated, want.updated);
            assert_int_equal(got.revision, model->revision);
            continue;
        }
        assert_int_equal(got.err.code, ERR_NO_SPACE);
        assert_int_equal(got.revision, 0);
        refused++;
    }
    return refused;
}

static void a_full_disk_is_told_and_nothing_refused_is_applied(void **state)
{
    struct fixture *f = *state;
    struct model model = {0};
    struct trm_rng rng;

    trm_rng_seed(&rng, 99);
    for (unsigned round = 0; round < 4; round++) {
        limit_files(f, 50000 + 30000 * round);
        assert_int_equal(write_until_full(f, &model, &rng), 20);
        check_model(f, &model);
        unlimit_files();
        struct point point = {1000000 + round, 1};
        assert_int_equal(put_points(f, 1, &point, 1).err.code, ERR_NONE);
        model_put(&model, &point, 1);
        check_model(f, &model);
    }
    fixture_reopen(f);
    check_model(f, &model);
    model_clear(&model);
}

/* Two in one batch: the first has been done when the commit fails. */
static void when_the_commit_fails_every_request_of_the_batch_does(void **state)
{
    struct fixture *f = *state;
    struct outcome outcomes[2] = {{0}};
    struct point points[2] = {{1, 1}, {2, 2}};
    struct store_stats stats;
    struct err err;

    fixture_close(f);
    fixture_open(f);
    for (int i = 0; i < 2; i++)
        assert_int_equal(store_put_points(f->store, 1, points_copy(&points[i], 1), 1, NULL, NULL,
                                          outcome_take, &outcomes[i], &err), 0);
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = 1000; /* less than one page: nothing is written before the commit */
    setrlimit(RLIMIT_FSIZE, &limit);
    fixture_start(f);
    fixture_wait(f, &outcomes[1]);
    unlimit_files();
    assert_int_equal(outcomes[0].err.code, ERR_NO_SPACE);
    assert_int_equal(outcomes[1].err.code, ERR_NO_SPACE);
    store_stats(f->store, &stats);
    assert_int_equal(stats.commits, 0);
    assert_int_equal(stats.failures, 2);
    assert_int_equal(stats.points_written, 0);
    struct outcome again = put_points(f, 1, points, 2);
    assert_int_equal(again.err.code, ERR_NONE);
    assert_int_equal(again.updated + again.unchanged, 0);
    assert_int_equal(again.revision, 2);
}

/* SQLite's own limit reports the other kind of full: inside a request, and SQLite ends the transaction. */
static void when_the_disk_fills_inside_a_request_its_batch_is_told_and_the_next_goes_on(void **state)
{
    struct fixture *f = *state;
    struct outcome small = {0}, large = {0}, after = {0};
    struct point *points = malloc(100000 * sizeof(*points)), one = {-1, 1}, two = {-2, 1};
    struct err err;

    for (size_t i = 0; i < 100000; i++)
        points[i] = (struct point){(int64_t)i, (double)i};
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(db_exec(f->store->db, "PRAGMA max_page_count=100", &err), 0);
    int failed = store_put_points(f->store, 1, points_copy(&one, 1), 1, NULL, NULL, outcome_take,
                                  &small, &err);
    failed |= store_put_points(f->store, 1, points, 100000, NULL, NULL, outcome_take, &large, &err);
    failed |= store_put_points(f->store, 1, points_copy(&two, 1), 1, NULL, NULL, outcome_take, &after,
                               &err);
    assert_int_equal(failed, 0);
    fixture_start(f);
    fixture_wait(f, &after);
    assert_int_equal(small.err.code, ERR_NO_SPACE);
    assert_int_equal(large.err.code, ERR_NO_SPACE);
    assert_int_equal(after.err.code, ERR_NONE);
    assert_int_equal(after.point_n, 1);
    struct outcome again = put_points(f, 1, &one, 1);
    assert_int_equal(again.updated + again.unchanged, 0);
    assert_int_equal(again.point_n, 2);
}

/* ---- a killed writer ---- */

#define ROUNDS 12
#define SERIES_N 3
#define IN_FLIGHT 32

/* Write number i: to series 1 + i % SERIES_N, times from i * 1000, every 40th a large one. */
static size_t numbered_write(int64_t i, struct point *points)
{
    size_t n = i % 40 == 39 ? 600 : 1 + (size_t)(i % 3);

    for (size_t k = 0; k < n; k++)
        points[k] = (struct point){i * 1000 + (int64_t)k, 0.5 * (double)(i * 1000 + (int64_t)k)};
    return n;
}

struct writer {
    struct fixture f;
    int pipe;
    int64_t next;
    uint32_t retention; /* of every series */
};

struct numbered {
    struct writer *writer;
    int64_t number;
};

static void write_next(struct writer *writer);

static void acknowledge(void *ctx, struct store_result *result)
{
    struct numbered *numbered = ctx;
    struct writer *writer = numbered->writer;

    if (result->err.code != ERR_NONE ||
        write(writer->pipe, &numbered->number, sizeof(numbered->number)) != sizeof(int64_t))
        _exit(3);
    free(numbered);
    write_next(writer);
}

static void write_next(struct writer *writer)
{
    struct point points[600];
    struct numbered *numbered = malloc(sizeof(*numbered));
    struct err err;

    *numbered = (struct numbered){writer, writer->next++};
    size_t n = numbered_write(numbered->number, points);
    struct store_series series = plain_series(1 + numbered->number % SERIES_N);
    series.settings.retention = writer->retention;
    if (store_put_points(writer->f.store, series.key, points_copy(points, n), n, &series, NULL,
                         acknowledge, numbered, &err) < 0)
        _exit(4);
}

/* The child: writes until it is killed. A short log makes settling part of what is interrupted. */
__attribute__((noreturn)) static void write_for_ever(const struct fixture *parent, int pipe,
                                                     int64_t from, uint32_t retention)
{
    static struct writer writer;
    struct fixture *f = &writer.f;
    struct err err;

    writer.pipe = pipe;
    writer.next = from;
    writer.retention = retention;
    memcpy(f->path, parent->path, sizeof(f->path));
    f->options.path = f->path;
    if (uv_loop_init(&f->loop) || uv_async_init(&f->loop, &f->keep_alive, NULL) ||
        mailbox_new(&f->loop, &f->mailbox, &err) < 0 ||
        store_open(&f->options, f->mailbox, &f->store, &err) < 0)
        _exit(5);
    f->store->points.log_max = 100;
    f->store->points.tail_max = 30;
    if (store_start(f->store, &err) < 0)
        _exit(6);
    for (int i = 0; i < IN_FLIGHT; i++)
        write_next(&writer);
    for (;;)
        uv_run(&f->loop, UV_RUN_ONCE);
}

/* Kills the child after it has acknowledged `after` writes; returns how many it had acknowledged. */
static int64_t run_and_kill(const struct fixture *f, int64_t from, size_t after, uint32_t retention)
{
    int ends[2], status;
    int64_t number, acknowledged = 0;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0)
        write_for_ever(f, ends[1], from, retention);
    assert_true(child > 0);
    close(ends[1]);
    while (read(ends[0], &number, sizeof(number)) == sizeof(number)) {
        assert_int_equal(number, from + acknowledged); /* in the order they were queued */
        if (++acknowledged == (int64_t)after)
            kill(child, SIGKILL);
    }
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return acknowledged;
}

/* Whether write i is in the store: 1 wholly, 0 not at all; anything else fails the test. */
static int is_there(struct fixture *f, int64_t i)
{
    struct point want[600];
    size_t n = numbered_write(i, want);
    struct outcome got = read_points(f, 1 + i % SERIES_N, i * 1000, (i + 1) * 1000, SIZE_MAX);

    if (got.err.code == ERR_NOT_FOUND || got.points_n == 0) {
        free(got.points);
        return 0;
    }
    assert_int_equal(got.err.code, ERR_NONE);
    assert_int_equal(got.points_n, n);
    for (size_t k = 0; k < n; k++) {
        assert_int_equal(got.points[k].t, want[k].t);
        assert_true(got.points[k].v == want[k].v);
    }
    free(got.points);
    return 1;
}

static void nothing_acknowledged_is_lost_when_the_writer_is_killed(void **state)
{
    struct fixture *f = *state;
    struct trm_rng rng;
    int64_t from = 0;

    trm_rng_seed(&rng, (uint64_t)getpid()); /* any instant will do: the check is exact */
    for (unsigned round = 0; round < ROUNDS; round++) {
        int64_t acknowledged = run_and_kill(f, from, 1 + trm_rng_below(&rng, 400), 0);
        fixture_open(f);
        fixture_start(f);
        for (int64_t i = 0; i < from + acknowledged; i++)
            assert_int_equal(is_there(f, i), 1);
        /* Of the others a first part may be there, each wholly. */
        int there = 1;
        int64_t next = from + acknowledged;
        for (int64_t i = next; i < from + acknowledged + 2 * IN_FLIGHT; i++) {
            int now = is_there(f, i);
            assert_true(now <= there);
            there = now;
            next += now;
        }
        from = next;
        fixture_close(f);
    }
}

/* ---- a killed writer of series that forget ---- */

#define KEPT 700

/* What the file says of the series' number of points, and what it really has. */
static void check_count(struct fixture *f, const struct loaded *loaded, int64_t key)
{
    struct outcome got = read_points(f, key, TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX);
    uint64_t said = 0;

    for (size_t i = 0; i < loaded->series_n; i++)
        if (loaded->series[i].key == key)
            said = loaded->series[i].point_n;
    assert_int_equal(got.points_n, said);
    free(got.points);
}

/* Every write below `next` that lies wholly in the newest KEPT points of the series. Returns how many of the
 * older writes have gone. */
static size_t check_newest(struct fixture *f, int64_t next, int64_t key)
{
    struct point points[600];
    size_t n = 0, gone = 0;

    for (int64_t i = next - 1; i >= 0; i--) {
        if (1 + i % SERIES_N != key)
            continue;
        n += numbered_write(i, points);
        if (n <= KEPT) {
            assert_int_equal(is_there(f, i), 1);
            continue;
        }
        struct outcome got = read_points(f, key, i * 1000, (i + 1) * 1000, SIZE_MAX);
        gone += got.points_n == 0;
        free(got.points);
    }
    return gone;
}

/* The first write that is not there, from those on that were not acknowledged. */
static int64_t first_lost(struct fixture *f, int64_t i)
{
    while (is_there(f, i))
        i++;
    return i;
}

static void check_all_counts(struct fixture *f)
{
    struct loaded loaded = {.points_max = 1};
    struct err err;

    fixture_open(f);
    assert_int_equal(loaded_read(f, &loaded, &err), 0);
    fixture_start(f);
    for (int64_t key = 1; key <= SERIES_N; key++)
        check_count(f, &loaded, key);
    loaded_clear(&loaded);
    fixture_close(f);
}

static void what_must_be_kept_is_there_and_counted_when_the_writer_is_killed(void **state)
{
    struct fixture *f = *state;
    struct trm_rng rng;
    int64_t from = 0;
    size_t gone = 0;

    trm_rng_seed(&rng, (uint64_t)getpid() + 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        from += run_and_kill(f, from, 1 + trm_rng_below(&rng, 400), KEPT);
        check_all_counts(f);
        fixture_open(f);
        fixture_start(f);
        from = first_lost(f, from);
        gone = 0;
        for (int64_t key = 1; key <= SERIES_N; key++)
            gone += check_newest(f, from, key);
        fixture_close(f);
    }
    assert_true(gone > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_disk_is_told_and_nothing_refused_is_applied, full_new,
                                        full_free),
        cmocka_unit_test_setup_teardown(when_the_commit_fails_every_request_of_the_batch_does, full_new,
                                        full_free),
        cmocka_unit_test_setup_teardown(
            when_the_disk_fills_inside_a_request_its_batch_is_told_and_the_next_goes_on, full_new,
            full_free),
        cmocka_unit_test_setup_teardown(nothing_acknowledged_is_lost_when_the_writer_is_killed,
                                        fixture_new, fixture_free),
        cmocka_unit_test_setup_teardown(
            what_must_be_kept_is_there_and_counted_when_the_writer_is_killed, fixture_new, fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
