/* Points against the plain model: the layer below the queue, with limits so small that every way through
 * tail and chunks is walked, and the same through the whole store with its own limits. */
#include "core/rng.h"
#include "server/store/chunks.h"
#include "server/store/points.h"
#include "server/store/rows.h"
#include "tests/server/store_fixture.h"
#include "tests/server/store_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_N 5
#define WRITE_MAX 2000

/* ---- points.h ---- */

struct layer {
    char dir[TMP_PATH_MAX], path[TMP_PATH_MAX + 16];
    struct db *db;
    struct points points;
    struct model models[SERIES_N];
    struct trm_rng rng;
};

static void must(int result, const struct err *err)
{
    if (result < 0)
        fail_msg("%s", err->msg);
}

static void layer_open(struct layer *l)
{
    struct err err = {0};

    must(db_open(l->path, &l->db, &err), &err);
    must(db_exec(l->db, "PRAGMA synchronous=OFF", &err), &err); /* nothing is killed here */
    points_init(&l->points, l->db);
    l->points.tail_max = 40;
    l->points.log_max = 150;
}

static void layer_close(struct layer *l)
{
    points_done(&l->points);
    db_close(l->db);
    l->db = NULL;
}

static void add_series(struct layer *l, int64_t key)
{
    struct store_series series = plain_series(key);
    struct err err = {0};
    int64_t tail_from;

    must(points_tail_from(&l->points, &tail_from, &err), &err);
    must(rows_put_series(l->db, &series, tail_from, ROWS_REPLACE, &err), &err);
}

static int layer_new(void **state)
{
    struct layer *l = calloc(1, sizeof(*l));

    *state = l;
    tmp_make(l->dir);
    snprintf(l->path, sizeof(l->path), "%s/points.db", l->dir);
    layer_open(l);
    for (int64_t key = 1; key <= SERIES_N; key++)
        add_series(l, key);
    trm_rng_seed(&l->rng, 20260101);
    return 0;
}

static int layer_free(void **state)
{
    struct layer *l = *state;

    layer_close(l);
    for (size_t i = 0; i < SERIES_N; i++)
        model_clear(&l->models[i]);
    tmp_remove(l->dir);
    free(l);
    return 0;
}

static void check_counts(struct layer *l, int64_t key)
{
    const struct model *model = &l->models[key - 1];
    struct tail_counts counts;
    struct err err = {0};

    must(points_counts(&l->points, key, &counts, &err), &err);
    assert_int_equal(counts.revision, model->revision);
    assert_int_equal(counts.point_n, model->n);
    assert_int_equal(counts.has_last, model->n > 0);
    if (model->n)
        assert_int_equal(counts.last_t, model->points[model->n - 1].t);
}

static void check_read(struct layer *l, int64_t key, int64_t start, int64_t end, size_t limit)
{
    struct point *read;
    struct err err = {0};
    size_t n;

    must(points_read(&l->points, key, start, end, limit, &read, &n, &err), &err);
    assert_true(model_equal(&l->models[key - 1], start, end, limit, read, n));
    free(read);
}

static void check_all(struct layer *l)
{
    for (int64_t key = 1; key <= SERIES_N; key++) {
        check_counts(l, key);
        check_read(l, key, INT64_MIN, INT64_MAX, SIZE_MAX);
    }
}

static void write_some(struct layer *l, int64_t key)
{
    struct point points[WRITE_MAX];
    struct model *model = &l->models[key - 1];
    struct points_put got;
    struct err err = {0};
    size_t n = model_random_write(&l->rng, model, points, WRITE_MAX);

    must(points_put(&l->points, key, points, n, &got, &err), &err);
    struct model_put want = model_put(model, points, n);
    assert_int_equal(got.updated, want.updated);
    assert_int_equal(got.unchanged, want.unchanged);
    assert_int_equal(got.changed, n - want.unchanged);
    assert_int_equal(got.revision, model->revision);
    assert_int_equal(got.point_n, model->n);
}

static void read_some(struct layer *l, int64_t key)
{
    const struct model *model = &l->models[key - 1];
    int64_t first = model->n ? model->points[0].t : 0;
    size_t span = model->n ? (size_t)(model->points[model->n - 1].t - first) + 20 : 20;
    int64_t start = first - 10 + (int64_t)trm_rng_below(&l->rng, span);

    check_read(l, key, start, start + (int64_t)trm_rng_below(&l->rng, span),
               1 + trm_rng_below(&l->rng, 900));
}

/* A transaction that does work in vain: memory must follow the file. */
static void write_and_roll_back(struct layer *l, int64_t key)
{
    struct point points[WRITE_MAX];
    struct points_put got;
    struct err err = {0};
    size_t n = model_random_write(&l->rng, &l->models[key - 1], points, WRITE_MAX);

    must(db_run(l->db, SQL_BEGIN, &err, ""), &err);
    must(points_put(&l->points, key, points, n, &got, &err), &err);
    db_rollback(l->db);
    points_lost(&l->points);
    check_counts(l, key);
}

static void delete_and_add(struct layer *l, int64_t key)
{
    struct err err = {0};

    must(rows_delete_series(l->db, key, &err), &err);
    points_forget(&l->points, key);
    model_clear(&l->models[key - 1]);
    add_series(l, key);
}

/* Everything that is due. Returns how many steps made the log shorter. */
static size_t settle_all(struct layer *l)
{
    struct points_settled settled;
    struct err err = {0};
    size_t n = 0;

    while (points_due(&l->points)) {
        int64_t first = l->points.tail.first_id;
        must(points_settle(&l->points, &settled, &err), &err);
        n += l->points.tail.first_id > first;
    }
    return n;
}

static void random_operations_match_the_model(void **state)
{
    struct layer *l = *state;
    size_t settled = 0;

    for (unsigned step = 0; step < 6000; step++) {
        int64_t key = 1 + (int64_t)trm_rng_below(&l->rng, SERIES_N);
        size_t pick = trm_rng_below(&l->rng, 1000);
        if (pick < 800)
            write_some(l, key);
        else if (pick < 970)
            read_some(l, key);
        else if (pick < 990)
            write_and_roll_back(l, key);
        else if (pick < 995)
            delete_and_add(l, key);
        else {
            layer_close(l);
            layer_open(l);
            check_all(l);
        }
        settled += settle_all(l);
    }
    check_all(l);
    assert_true(settled > 20);
}

static int64_t query(struct layer *l, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(l->db->sqlite, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static void appending_leaves_full_chunks(void **state)
{
    struct layer *l = *state;
    struct points_put got;
    struct err err = {0};

    for (int64_t t = 0; t < 5000; t++) {
        struct point point = {t * 60000, (double)t};
        must(points_put(&l->points, 1, &point, 1, &got, &err), &err);
    }
    assert_int_equal(query(l, "SELECT count(*) FROM chunk"), 10);
    assert_int_equal(query(l, "SELECT count(*) FROM chunk WHERE n = 512"), 9);
    assert_true(query(l, "SELECT max(length(blob)) FROM chunk") <= 512 * 9);
}

static void the_log_stays_short_while_many_series_trickle(void **state)
{
    struct layer *l = *state;
    struct points_put got;
    struct err err = {0};

    for (int64_t step = 0; step < 3000; step++) {
        int64_t key = 1 + step % SERIES_N;
        struct point point = {step, 1.5};
        must(points_put(&l->points, key, &point, 1, &got, &err), &err);
        settle_all(l);
    }
    assert_in_range(query(l, "SELECT count(*) FROM tail"), 1, (uintmax_t)l->points.log_max);
}

static void rows_written_after_the_log_was_emptied_survive(void **state)
{
    struct layer *l = *state;
    struct points_put got;
    struct err err = {0};

    for (int64_t t = 0; t < 30; t++) {
        struct point point = {t, 1};
        must(points_put(&l->points, 1, &point, 1, &got, &err), &err);
        model_put(&l->models[0], &point, 1);
    }
    l->points.log_max = 0;
    settle_all(l);
    assert_int_equal(query(l, "SELECT count(*) FROM tail"), 0);
    for (int64_t t = 30; t < 33; t++) {
        struct point point = {t, 1};
        layer_close(l);
        layer_open(l);
        must(points_put(&l->points, 1, &point, 1, &got, &err), &err);
        model_put(&l->models[0], &point, 1);
    }
    layer_close(l);
    layer_open(l);
    check_all(l);
}

static void repeating_points_writes_nothing(void **state)
{
    struct layer *l = *state;
    struct point points[600];
    struct points_put got;
    struct err err = {0};

    for (size_t i = 0; i < 600; i++)
        points[i] = (struct point){(int64_t)i, i % 3 ? 1.0 : (double)NAN};
    must(points_put(&l->points, 2, points, 600, &got, &err), &err);
    assert_int_equal(got.changed, 600);
    int64_t changes = sqlite3_total_changes(l->db->sqlite);
    must(points_put(&l->points, 2, points, 600, &got, &err), &err);
    assert_int_equal(got.changed, 0);
    assert_int_equal(got.unchanged, 600);
    assert_int_equal(got.revision, 600);
    assert_int_equal(sqlite3_total_changes(l->db->sqlite), changes);
}

static void damage_a_chunk(struct layer *l)
{
    struct err err = {0};

    must(db_exec(l->db, "UPDATE chunk SET blob = zeroblob(length(blob)) WHERE t0 = 0", &err), &err);
}

static int64_t count_rows(struct layer *l, const char *sql)
{
    struct err err = {0};
    int64_t n = -1;

    must(db_query_int(l->db, sql, &n, &err), &err);
    return n;
}

static void damaged_points_are_a_hole_that_new_ones_may_fill(void **state)
{
    struct layer *l = *state;
    struct point points[700], *read;
    struct store_damage found;
    struct points_put got;
    struct err err = {0};
    size_t n;

    for (size_t i = 0; i < 700; i++)
        points[i] = (struct point){(int64_t)i, 1};
    must(points_put(&l->points, 1, points, 700, &got, &err), &err);
    damage_a_chunk(l);
    must(points_read(&l->points, 1, 0, 700, 700, &read, &n, &err), &err);
    assert_int_equal(n, 700 - CHUNK_POINTS);
    assert_int_equal(read[0].t, CHUNK_POINTS);
    free(read);
    assert_int_equal(damage_copy(l->db->damage, 0, &found, 1), 1);
    assert_int_equal(found.kind, STORE_DAMAGE_POINTS);
    assert_int_equal(found.key, 1);
    assert_true(found.from == 0 && found.until == 511 && found.n == 512);
    must(points_put(&l->points, 1, points, 1, &got, &err), &err);
    assert_int_equal(got.point_n, 701); /* what the chunk held still counts … */
    assert_int_equal(count_rows(l, "SELECT count(*) FROM damaged"), 0);
    must(points_put(&l->points, 1, points, 511, &got, &err), &err);
    assert_int_equal(got.point_n, 700 - 1); /* … until it has left its place */
    assert_int_equal(count_rows(l, "SELECT count(*) FROM damaged"), 1);
    assert_int_equal(count_rows(l, "SELECT count(*) FROM damaged WHERE length(bytes) > 512*8"), 1);
    must(points_read(&l->points, 1, 0, 700, 700, &read, &n, &err), &err);
    assert_int_equal(n, 699);
    free(read);

    for (size_t i = 0; i < 700; i++)
        points[i].t += 700;
    must(points_put(&l->points, 1, points, 700, &got, &err), &err);
    points[0].t = -5;
    must(points_put(&l->points, 1, points, 1, &got, &err), &err);
    must(points_read(&l->points, 1, 600, 1400, 2000, &read, &n, &err), &err);
    assert_int_equal(n, 800);
    free(read);
}

/* ---- store.h ---- */

static void store_write(struct fixture *f, struct model *model, int64_t key, struct trm_rng *rng)
{
    struct point points[WRITE_MAX];
    size_t n = model_random_write(rng, model, points, WRITE_MAX);
    struct outcome got = put_points(f, key, points, n);
    struct model_put want = model_put(model, points, n);

    assert_int_equal(got.err.code, ERR_NONE);
    assert_int_equal(got.updated, want.updated);
    assert_int_equal(got.unchanged, want.unchanged);
    assert_int_equal(got.revision, model->revision);
    assert_int_equal(got.point_n, model->n);
}

static void store_check(struct fixture *f, const struct model *model, int64_t key)
{
    struct outcome got = read_points(f, key, TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX);

    assert_int_equal(got.err.code, ERR_NONE);
    assert_true(model_equal(model, TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX, got.points, got.points_n));
    free(got.points);
}

static void random_writes_through_the_store_match_the_model(void **state)
{
    struct fixture *f = *state;
    struct model models[SERIES_N] = {0};
    struct trm_rng rng;

    trm_rng_seed(&rng, 7);
    fixture_open(f);
    fixture_start(f);
    for (int64_t key = 1; key <= SERIES_N; key++) {
        struct store_series series = plain_series(key);
        assert_int_equal(put_series(f, &series).err.code, ERR_NONE);
    }
    for (unsigned step = 0; step < 1500; step++) {
        size_t at = trm_rng_below(&rng, SERIES_N);
        store_write(f, &models[at], (int64_t)at + 1, &rng);
        if (step % 500 == 250)
            fixture_reopen(f);
        if (step % 50 == 0)
            store_check(f, &models[at], (int64_t)at + 1);
    }
    for (size_t at = 0; at < SERIES_N; at++) {
        store_check(f, &models[at], (int64_t)at + 1);
        model_clear(&models[at]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_operations_match_the_model, layer_new, layer_free),
        cmocka_unit_test_setup_teardown(appending_leaves_full_chunks, layer_new, layer_free),
        cmocka_unit_test_setup_teardown(the_log_stays_short_while_many_series_trickle, layer_new,
                                        layer_free),
        cmocka_unit_test_setup_teardown(rows_written_after_the_log_was_emptied_survive, layer_new,
                                        layer_free),
        cmocka_unit_test_setup_teardown(repeating_points_writes_nothing, layer_new, layer_free),
        cmocka_unit_test_setup_teardown(damaged_points_are_a_hole_that_new_ones_may_fill, layer_new,
                                        layer_free),
        cmocka_unit_test_setup_teardown(random_writes_through_the_store_match_the_model, fixture_new,
                                        fixture_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
