/* A backup is a whole store of one moment, whatever is written meanwhile, or it is not there. */
#include "server/store/backup.h"
#include "server/base/sha256.h"
#include "server/store/request.h"
#include "tests/server/store_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SERIES_N 20
#define POINTS_N 4000

struct made {
    bool done;
    struct err err;
    struct store_backup backup;
};

static void take(void *ctx, struct store_result *result)
{
    struct made *made = ctx;

    *made = (struct made){true, result->err, result->backup};
}

static void wait_for(struct fixture *f, const bool *done)
{
    while (!*done)
        uv_run(&f->loop, UV_RUN_ONCE);
}

/* Some 1.5 MB: a handful of steps. */
static int filled_new(void **state)
{
    if (fixture_new(state))
        return -1;
    fixture_open(*state);
    fixture_start(*state);
    struct point *points = malloc(POINTS_N * sizeof(*points));
    for (size_t i = 0; i < POINTS_N; i++)
        points[i] = (struct point){(int64_t)i * (int64_t)(i + 1), (double)i};
    int failed = 0;
    for (int64_t key = 1; key <= SERIES_N; key++) {
        struct store_series series = plain_series(key);
        failed |= put_series(*state, &series).err.code != ERR_NONE;
        failed |= put_points(*state, key, points, POINTS_N).err.code != ERR_NONE;
        failed |= put_checkpoint(*state, key, 1, "a model").err.code != ERR_NONE;
    }
    free(points);
    return failed;
}

/* The folder holds nothing but the store's own files and `more`. */
static void check_folder(const struct fixture *f, const char *more)
{
    DIR *dir = opendir(f->dir);
    struct dirent *entry;
    size_t found = 0;

    while ((entry = readdir(dir))) {
        bool own = strncmp(entry->d_name, "store.db", 8) == 0 || strcmp(entry->d_name, ".") == 0 ||
                   strcmp(entry->d_name, "..") == 0;
        bool wanted = more && strcmp(entry->d_name, more) == 0;
        if (!own && !wanted)
            fail_msg("%s is left behind", entry->d_name);
        found += wanted;
    }
    closedir(dir);
    assert_int_equal(found, more != NULL);
}

static struct made back_up(struct fixture *f, const char *dir, const char *name)
{
    struct made made = {0};

    assert_int_equal(store_backup(f->store, dir, name, take, &made, &made.err), 0);
    wait_for(f, &made.done);
    return made;
}

static void check_checksum(const char *path, const struct store_backup *backup)
{
    static char bytes[1 << 16];
    char hex[SHA256_HEX_MAX];
    struct sha256 sha;
    size_t n, total = 0;
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    sha256_init(&sha);
    for (; (n = fread(bytes, 1, sizeof(bytes), file)) > 0; total += n)
        sha256_add(&sha, bytes, n);
    fclose(file);
    sha256_end(&sha, hex);
    assert_int_equal(total, backup->bytes);
    assert_string_equal(hex, backup->sha256);
}

/* ---- writes that go on ---- */

struct flow {
    struct fixture *f;
    int64_t next, acknowledged;
    bool stop;
};

static void write_next(struct flow *flow);

static void written(void *ctx, struct store_result *result)
{
    struct flow *flow = ctx;

    assert_int_equal(result->err.code, ERR_NONE);
    flow->acknowledged++;
    if (!flow->stop)
        write_next(flow);
}

/* One point to each series in turn; now and then a lot. */
static void write_next(struct flow *flow)
{
    struct point points[700];
    int64_t i = flow->next++;
    size_t n = i % 30 == 29 ? 700 : 1;
    struct err err;

    for (size_t k = 0; k < n; k++)
        points[k] = (struct point){100000000 + i * 1000 + (int64_t)k, (double)i};
    assert_int_equal(store_put_points(flow->f->store, 1 + i % SERIES_N, points_copy(points, n), n, NULL,
                                      NULL, written, flow, &err), 0);
}

/* Opens the copy as a store. */
static void open_copy(struct fixture *copy, struct fixture *f, const char *name)
{
    *copy = (struct fixture){.mailbox = f->mailbox};
    snprintf(copy->path, sizeof(copy->path), "%s/%s", f->dir, name);
    copy->options.path = copy->path;
    fixture_open(copy);
}

/* The first writes of the flow, at least `least`, are in the copy, each wholly, and none after the first that
 * is not. */
static void check_flow(struct fixture *copy, int64_t least, int64_t next)
{
    bool there = true;

    for (int64_t i = 0; i < next; i++) {
        struct point *points;
        size_t n, want = i % 30 == 29 ? 700 : 1;
        int64_t start = 100000000 + i * 1000;
        struct err err;
        assert_int_equal(points_read(&copy->store->points, 1 + i % SERIES_N, start, start + 1000, 1000,
                                     &points, &n, &err), 0);
        free(points);
        assert_true(n == want || n == 0);
        assert_true(there || n == 0);
        there = n == want;
        assert_true(there || i >= least);
    }
}

static void what_was_acknowledged_before_is_in_a_backup_made_under_writes(void **state)
{
    struct fixture *f = *state, copy;
    struct flow flow = {.f = f};
    struct made made = {0};
    struct err err;

    for (int i = 0; i < 8; i++)
        write_next(&flow);
    while (flow.acknowledged < 200)
        uv_run(&f->loop, UV_RUN_ONCE);
    int64_t before = flow.acknowledged;
    assert_int_equal(store_backup(f->store, f->dir, "copy.db", take, &made, &err), 0);
    wait_for(f, &made.done);
    assert_int_equal(made.err.code, ERR_NONE);
    assert_true(flow.acknowledged > before);
    flow.stop = true;
    while (flow.acknowledged < flow.next)
        uv_run(&f->loop, UV_RUN_ONCE);
    check_folder(f, "copy.db");
    char path[sizeof(f->path) + 8];
    snprintf(path, sizeof(path), "%s/copy.db", f->dir);
    check_checksum(path, &made.backup);
    open_copy(&copy, f, "copy.db");
    check_flow(&copy, before, flow.next);
    store_close(copy.store);
}

/* ---- checkpoints read back ---- */

struct read_back {
    bool done;
    struct err err;
    size_t n;
    uint64_t version[8];
    size_t bytes[8], stored[8];
};

static void take_rows(void *ctx, struct store_result *result)
{
    struct read_back *got = ctx;

    got->done = true;
    got->err = result->err;
    got->n = result->checkpoints_n;
    for (size_t i = 0; i < result->checkpoints_n; i++) {
        got->version[i] = result->checkpoints[i].version;
        got->bytes[i] = result->checkpoints[i].n;
        got->stored[i] = result->checkpoints[i].stored_n;
    }
}

/* Of a store on the fixture's loop. */
static struct read_back read_from(struct fixture *f, struct store *store, int64_t key, uint64_t version)
{
    struct read_back got = {0};

    assert_int_equal(store_read_checkpoints(store, key, version, take_rows, &got, &got.err), 0);
    wait_for(f, &got.done);
    return got;
}

static struct read_back read_rows(struct fixture *f, int64_t key, uint64_t version)
{
    return read_from(f, f->store, key, version);
}

static void a_backup_has_the_checkpoints_and_the_counts(void **state)
{
    struct fixture *f = *state, copy;
    struct tail_counts counts;
    struct err err;

    assert_int_equal(back_up(f, f->dir, "copy.db").err.code, ERR_NONE);
    open_copy(&copy, f, "copy.db");
    assert_int_equal(points_counts(&copy.store->points, SERIES_N, &counts, &err), 0);
    assert_int_equal(counts.point_n, POINTS_N);
    fixture_start(&copy);
    assert_int_equal(read_from(f, copy.store, SERIES_N, 0).n, 1);
    store_close(copy.store);
}

static void a_name_that_is_taken_stays_as_it_is(void **state)
{
    struct fixture *f = *state;
    char path[sizeof(f->path) + 8], text[8] = "";

    snprintf(path, sizeof(path), "%s/taken.db", f->dir);
    FILE *file = fopen(path, "w");
    fputs("mine", file);
    fclose(file);
    assert_int_equal(back_up(f, f->dir, "taken.db").err.code, ERR_CONFLICT);
    file = fopen(path, "r");
    assert_non_null(fgets(text, sizeof(text), file));
    fclose(file);
    assert_string_equal(text, "mine");
    check_folder(f, "taken.db");
}

static void a_second_backup_at_once_is_refused_and_the_first_goes_on(void **state)
{
    struct fixture *f = *state;
    struct made first = {0}, second = {0};
    struct store_stats stats;
    struct err err;

    assert_int_equal(store_backup(f->store, f->dir, "copy.db", take, &first, &err), 0);
    assert_int_equal(store_backup(f->store, f->dir, "other.db", take, &second, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    wait_for(f, &first.done);
    assert_int_equal(first.err.code, ERR_NONE);
    assert_int_equal(back_up(f, f->dir, "other.db").err.code, ERR_NONE);
    store_stats(f->store, &stats);
    assert_int_equal(stats.backups, 2);
    assert_false(stats.backing_up);
}

static void a_store_that_closes_gives_its_backup_up_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct made made = {0};
    struct err err;

    assert_int_equal(store_backup(f->store, f->dir, "copy.db", take, &made, &err), 0);
    fixture_close(f);
    assert_true(made.done);
    assert_int_equal(made.err.code, ERR_UNAVAILABLE);
    check_folder(f, NULL);
}

static void a_cancelled_backup_ends_and_the_store_goes_on(void **state)
{
    struct fixture *f = *state;
    struct made made = {0};
    struct point point = {-5, 1};
    struct err err;

    assert_int_equal(store_backup(f->store, f->dir, "copy.db", take, &made, &err), 0);
    store_cancel_backup(f->store);
    wait_for(f, &made.done);
    assert_int_equal(made.err.code, ERR_UNAVAILABLE);
    check_folder(f, NULL);
    assert_int_equal(put_points(f, 1, &point, 1).err.code, ERR_NONE);
    assert_int_equal(back_up(f, f->dir, "copy.db").err.code, ERR_NONE);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    struct fixture *f = *state;
    struct made made = back_up(f, "/nowhere/at/all", "copy.db");

    assert_int_equal(made.err.code, ERR_STORAGE);
    assert_non_null(strstr(made.err.msg, "/nowhere/at/all/copy.db"));
}

static void a_backup_that_the_disk_has_no_room_for_is_told_and_removed(void **state)
{
    struct fixture *f = *state;
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    fixture_reopen(f); /* the log is short: what is written next is small */
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    rlim_t usual = limit.rlim_cur;
    limit.rlim_cur = 200000;
    setrlimit(RLIMIT_FSIZE, &limit);
    struct made made = back_up(f, f->dir, "copy.db");
    limit.rlim_cur = usual;
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_int_equal(made.err.code, ERR_NO_SPACE);
    check_folder(f, NULL);
    assert_int_equal(back_up(f, f->dir, "copy.db").err.code, ERR_NONE);
}

static void checkpoints_are_read_newest_first_and_damage_is_shown(void **state)
{
    struct fixture *f = *state;

    for (uint64_t version = 2; version <= 6; version++)
        put_checkpoint(f, 1, version, "some bytes");
    struct read_back all = read_rows(f, 1, 0);
    assert_int_equal(all.n, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(all.version[i], 6 - i);
        assert_int_equal(all.bytes[i], 10);
    }
    fixture_close(f);
    fixture_sql(f, "UPDATE checkpoint SET bytes = x'0102' WHERE series = 1 AND version = 5");
    fixture_open(f);
    fixture_start(f);
    struct read_back one = read_rows(f, 1, 5);
    assert_int_equal(one.n, 1);
    assert_int_equal(one.version[0], 5);
    assert_int_equal(one.bytes[0], 0);
    assert_int_equal(one.stored[0], 2);
    assert_int_equal(read_rows(f, 1, 2).n, 0);
    assert_int_equal(read_rows(f, 999, 0).n, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, filled_new, fixture_free)
    const struct CMUnitTest tests[] = {
        TEST(what_was_acknowledged_before_is_in_a_backup_made_under_writes),
        TEST(a_backup_has_the_checkpoints_and_the_counts),
        TEST(a_name_that_is_taken_stays_as_it_is),
        TEST(a_second_backup_at_once_is_refused_and_the_first_goes_on),
        TEST(a_store_that_closes_gives_its_backup_up_and_leaves_nothing),
        TEST(a_cancelled_backup_ends_and_the_store_goes_on),
        TEST(a_folder_that_is_not_there_is_named),
        TEST(a_backup_that_the_disk_has_no_room_for_is_told_and_removed),
        TEST(checkpoints_are_read_newest_first_and_damage_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
