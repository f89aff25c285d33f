/* Old points go, by whole chunks; the newest stay, and the count is always that of what can be read. */
#include "core/model.h"
#include "core/rng.h"
#include "server/store/chunks.h"
#include "server/store/request.h"
#include "tests/server/store_loaded.h"
#include "tests/server/store_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#define KEPT 2048

/* The last news of a series' number of points. */
struct news {
    size_t n;
    int64_t key;
    uint64_t point_n;
};

static void note(void *ctx, int64_t key, uint64_t point_n)
{
    struct news *news = ctx;

    *news = (struct news){news->n + 1, key, point_n};
}

static struct store_series series_keeping(uint32_t retention)
{
    struct store_series series = plain_series(1);

    series.settings.retention = retention;
    return series;
}

/* points[i].t = from + i, value twice that. */
static struct point *ramp(int64_t from, size_t n)
{
    struct point *points = malloc(n * sizeof(*points));

    for (size_t i = 0; i < n; i++)
        points[i] = (struct point){from + (int64_t)i, 2.0 * (double)(from + (int64_t)i)};
    return points;
}

static struct outcome put_ramp(struct fixture *f, int64_t from, size_t n)
{
    struct point *points = ramp(from, n);
    struct outcome got = put_points(f, 1, points, n);

    free(points);
    assert_int_equal(got.err.code, ERR_NONE);
    return got;
}

/* The series holds the ramp's last n points, up to `end`. */
static void check_ramp(struct fixture *f, int64_t end, uint64_t n)
{
    struct outcome got = read_points(f, 1, TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX);

    assert_int_equal(got.err.code, ERR_NONE);
    assert_int_equal(got.points_n, n);
    for (size_t i = 0; i < got.points_n; i++) {
        assert_int_equal(got.points[i].t, end - (int64_t)n + (int64_t)i);
        assert_true(got.points[i].v == 2.0 * (double)got.points[i].t);
    }
    free(got.points);
}

static uint64_t count_at_load(struct fixture *f)
{
    struct loaded loaded = {.points_max = 1};
    struct err err;

    fixture_close(f);
    fixture_open(f);
    assert_int_equal(loaded_read(f, &loaded, &err), 0);
    uint64_t n = loaded.series[0].point_n;
    loaded_clear(&loaded);
    fixture_start(f);
    return n;
}

static int kept_new(void **state)
{
    struct store_series series = series_keeping(KEPT);

    if (fixture_new(state))
        return -1;
    fixture_open(*state);
    fixture_start(*state);
    return put_series(*state, &series).err.code != ERR_NONE;
}

static void writes_leave_the_newest_points_and_at_most_a_chunk_more(void **state)
{
    struct fixture *f = *state;
    int64_t end = 0;

    for (unsigned i = 0; i < 40; i++) {
        struct outcome got = put_ramp(f, end, 300);
        end += 300;
        uint64_t most = KEPT + CHUNK_POINTS + POINTS_TAIL_MAX;
        assert_in_range(got.point_n, (size_t)end < KEPT ? (size_t)end : KEPT, most);
        check_ramp(f, end, got.point_n);
    }
    assert_int_equal(count_at_load(f), put_ramp(f, end - 1, 1).point_n);
}

static void a_large_write_counts_what_it_leaves(void **state)
{
    struct fixture *f = *state;
    struct outcome got = put_ramp(f, 0, 10000);

    assert_in_range(got.point_n, KEPT, KEPT + CHUNK_POINTS);
    assert_int_equal(got.revision, 10000);
    check_ramp(f, 10000, got.point_n);
    assert_int_equal(count_at_load(f), got.point_n);
    check_ramp(f, 10000, got.point_n);
}

static void a_series_without_retention_keeps_all(void **state)
{
    struct fixture *f = *state;
    struct store_series all = series_keeping(0);

    assert_int_equal(put_series(f, &all).err.code, ERR_NONE);
    assert_int_equal(put_ramp(f, 0, 10000).point_n, 10000);
    check_ramp(f, 10000, 10000);
}

/* More chunks than one transaction drops. */
static void a_retention_that_is_lowered_takes_effect_without_a_write(void **state)
{
    struct fixture *f = *state;
    struct store_series all = series_keeping(0), few = series_keeping(KEPT);
    size_t n = (POINTS_TRIM_CHUNKS + 20) * CHUNK_POINTS;
    struct news news = {0};

    assert_int_equal(put_series(f, &all).err.code, ERR_NONE);
    put_ramp(f, 0, n);
    put_ramp(f, (int64_t)n, 10); /* these are in the tail */
    fixture_close(f);
    fixture_open(f);
    store_watch_points(f->store, note, &news);
    fixture_start(f);
    assert_int_equal(put_series(f, &few).err.code, ERR_NONE);
    while (news.n < 2)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(news.key, 1);
    assert_in_range(news.point_n, KEPT, KEPT + CHUNK_POINTS);
    check_ramp(f, (int64_t)n + 10, news.point_n);
    assert_int_equal(count_at_load(f), news.point_n);
}

static void a_series_that_is_too_long_is_found_at_the_start(void **state)
{
    struct fixture *f = *state;
    struct store_series all = series_keeping(0);
    struct news news = {0};

    assert_int_equal(put_series(f, &all).err.code, ERR_NONE);
    put_ramp(f, 0, 9000);
    fixture_close(f);
    fixture_sql(f, "UPDATE series SET retention=4000");
    fixture_open(f);
    store_watch_points(f->store, note, &news);
    fixture_start(f);
    while (news.n < 1)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_in_range(news.point_n, 4000, 4000 + CHUNK_POINTS);
    check_ramp(f, 9000, news.point_n);
}

static void damaged_old_points_go_like_others(void **state)
{
    struct fixture *f = *state;
    struct store_series all = series_keeping(0), few = series_keeping(KEPT);
    struct news news = {0};

    assert_int_equal(put_series(f, &all).err.code, ERR_NONE);
    put_ramp(f, 0, 9000);
    fixture_close(f);
    fixture_sql(f, "UPDATE chunk SET blob = x'00' WHERE t0 = 0");
    fixture_open(f);
    store_watch_points(f->store, note, &news);
    fixture_start(f);
    assert_int_equal(read_points(f, 1, 0, 100, 100).points_n, 0);
    assert_int_equal(put_series(f, &few).err.code, ERR_NONE);
    while (news.n < 1)
        uv_run(&f->loop, UV_RUN_ONCE);
    check_ramp(f, 9000, news.point_n);
}

/* Three points to a step. */
static void all_points_of_the_steps_that_a_forecast_looks_back_on_stay(void **state)
{
    struct fixture *f = *state;
    struct store_series series = series_keeping(KEPT);
    int64_t n = 20000;

    series.settings.aggregate = AGGREGATE_SUM;
    series.grid_known = true;
    series.grid = (struct trm_grid){.freq = {.ms = 3}};
    assert_int_equal(put_series(f, &series).err.code, ERR_NONE);
    struct outcome got = put_ramp(f, 0, (size_t)n);
    assert_in_range(got.point_n, 3 * (TRM_CONTEXT_MAX + 1), 3 * (TRM_CONTEXT_MAX + 2) + 2 * CHUNK_POINTS);
    check_ramp(f, n, got.point_n);
    series.grid_known = false; /* what a step is cannot be told: nothing goes */
    assert_int_equal(put_series(f, &series).err.code, ERR_NONE);
    uint64_t before = got.point_n;
    assert_int_equal(put_ramp(f, n, 5000).point_n, before + 5000);
}

/* Every write and whatever goes meanwhile against a plain array: what is there is true, the newest are there,
 * and the count is right. */
static void check_against(struct fixture *f, const struct model *model, uint64_t point_n)
{
    struct outcome got = read_points(f, 1, TRM_TIME_MIN, TRM_TIME_MAX, SIZE_MAX);
    size_t newest = model->n < KEPT ? model->n : KEPT, at = model->n;

    assert_int_equal(got.points_n, point_n);
    assert_true(got.points_n >= newest);
    for (size_t i = got.points_n; i-- > 0;) {
        while (at > 0 && model->points[at - 1].t > got.points[i].t)
            assert_true(model->n - at-- >= newest); /* only older ones are missing */
        assert_true(at > 0);
        at--;
        assert_int_equal(model->points[at].t, got.points[i].t);
        assert_memory_equal(&model->points[at].v, &got.points[i].v, sizeof(double));
    }
    free(got.points);
}

static void random_writes_leave_what_must_be_kept(void **state)
{
    struct fixture *f = *state;
    struct model model = {0};
    struct point points[900];
    struct trm_rng rng;
    bool dropped = false;

    trm_rng_seed(&rng, 7);
    for (unsigned i = 0; i < 400; i++) {
        size_t n = model_random_write(&rng, &model, points, 900);
        struct outcome got = put_points(f, 1, points, n);
        assert_int_equal(got.err.code, ERR_NONE);
        model_put(&model, points, n);
        check_against(f, &model, got.point_n);
        dropped = dropped || got.point_n < model.n;
        if (i % 50 == 49)
            assert_int_equal(count_at_load(f), got.point_n);
    }
    assert_true(dropped);
    model_clear(&model);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, kept_new, fixture_free)
    const struct CMUnitTest tests[] = {
        TEST(writes_leave_the_newest_points_and_at_most_a_chunk_more),
        TEST(a_large_write_counts_what_it_leaves),
        TEST(a_series_without_retention_keeps_all),
        TEST(a_retention_that_is_lowered_takes_effect_without_a_write),
        TEST(a_series_that_is_too_long_is_found_at_the_start),
        TEST(damaged_old_points_go_like_others),
        TEST(all_points_of_the_steps_that_a_forecast_looks_back_on_stay),
        TEST(random_writes_leave_what_must_be_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
