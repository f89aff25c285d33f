/* The store's calls on a real file: what comes back, in which order, and within which limits. */
#include "tests/server/store_fixture.h"
#include "tests/server/store_loaded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 2000

static int started_new(void **state)
{
    if (fixture_new(state))
        return -1;
    fixture_open(*state);
    fixture_start(*state);
    return 0;
}

static void add_series(struct fixture *f, int64_t key)
{
    struct store_series series = plain_series(key);

    assert_int_equal(put_series(f, &series).err.code, ERR_NONE);
}

/* Closes, opens and loads; the store is not started. */
static void load(struct fixture *f, struct loaded *loaded)
{
    struct err err = {0};

    fixture_close(f);
    fixture_open(f);
    if (loaded_read(f, loaded, &err) < 0)
        fail_msg("%s", err.msg);
}

static struct store_series full_series(struct series_label *labels)
{
    struct store_series series = plain_series(7);

    strcpy(labels[0].name, "region");
    strcpy(labels[0].value, "n\xc3\xb6rd");
    strcpy(labels[1].name, "site");
    strcpy(labels[1].value, "");
    series.settings = (struct series_settings){.freq = {.months = 3},
                                               .season = {4, 8},
                                               .season_n = 2,
                                               .horizon = 12,
                                               .min = -1.5,
                                               .max = (double)NAN,
                                               .integer = true,
                                               .model = TRM_KIND_LITERAL,
                                               .fit = FIT_EVERY,
                                               .fit_every = 9,
                                               .label_n = 2,
                                               .labels = labels};
    series.grid_known = true;
    series.grid = (struct trm_grid){.freq = {.months = 3}, .anchor_ms = -86400000};
    return series;
}

static void check_full_series(const struct store_series *got)
{
    const struct series_settings *settings = &got->settings;

    assert_int_equal(got->key, 7);
    assert_string_equal(got->id, "series-7");
    assert_int_equal(got->created_at, 1007);
    assert_int_equal(settings->freq.ms, 0);
    assert_int_equal(settings->freq.months, 3);
    assert_int_equal(settings->season_n, 2);
    assert_int_equal(settings->season[0], 4);
    assert_int_equal(settings->season[1], 8);
    assert_int_equal(settings->horizon, 12);
    assert_true(settings->min == -1.5);
    assert_true(isnan(settings->max));
    assert_true(settings->integer);
    assert_int_equal(settings->model, TRM_KIND_LITERAL);
    assert_int_equal(settings->fit, FIT_EVERY);
    assert_int_equal(settings->fit_every, 9);
    assert_int_equal(settings->label_n, 2);
    assert_string_equal(settings->labels[0].name, "region");
    assert_string_equal(settings->labels[0].value, "n\xc3\xb6rd");
    assert_string_equal(settings->labels[1].value, "");
    assert_true(got->grid_known);
    assert_int_equal(got->grid.freq.months, 3);
    assert_int_equal(got->grid.anchor_ms, -86400000);
}

static void a_series_comes_back_with_everything_that_was_said(void **state)
{
    struct fixture *f = *state;
    struct series_label labels[2];
    struct store_series series = full_series(labels);
    struct loaded loaded = {.points_max = 10};

    assert_int_equal(put_series(f, &series).err.code, ERR_NONE);
    load(f, &loaded);
    assert_int_equal(loaded.series_n, 1);
    check_full_series(&loaded.series[0]);
    assert_int_equal(loaded.series[0].revision, 0);
    assert_int_equal(loaded.points_n[0], 0);
    assert_int_equal(loaded.max_key, 7);
    loaded_clear(&loaded);
}

static void replacing_a_series_keeps_its_points_and_drops_old_labels(void **state)
{
    struct fixture *f = *state;
    struct series_label labels[2];
    struct store_series series = full_series(labels);
    struct loaded loaded = {.points_max = 10};
    const struct point points[] = {{1, 1}, {2, 2}};

    assert_int_equal(put_series(f, &series).err.code, ERR_NONE);
    assert_int_equal(put_points(f, 7, points, 2).err.code, ERR_NONE);
    series = plain_series(7);
    strcpy(series.id, "renamed");
    assert_int_equal(put_series(f, &series).err.code, ERR_NONE);
    load(f, &loaded);
    assert_int_equal(loaded.series_n, 1);
    assert_string_equal(loaded.series[0].id, "renamed");
    assert_int_equal(loaded.series[0].settings.label_n, 0);
    assert_int_equal(loaded.series[0].settings.season_n, 0);
    assert_int_equal(loaded.series[0].settings.fit, FIT_AUTO);
    assert_false(loaded.series[0].grid_known);
    assert_int_equal(loaded.series[0].point_n, 2);
    assert_int_equal(loaded.points_n[0], 2);
    loaded_clear(&loaded);
}

static void points_can_create_their_series_and_record_its_grid(void **state)
{
    struct fixture *f = *state;
    struct store_series series = plain_series(3);
    struct trm_grid grid = {.freq = {.ms = 60000}, .anchor_ms = 60000};
    struct point points[] = {{60000, 1}, {120000, (double)NAN}};
    struct outcome first = {0}, second = {0};
    struct loaded loaded = {.points_max = 10};
    struct err err;

    assert_int_equal(store_put_points(f->store, 3, points_copy(points, 2), 2, &series, &grid,
                                      outcome_take, &first, &err), 0);
    series.settings.horizon = 99; /* a second creation must not change what is there */
    assert_int_equal(store_put_points(f->store, 3, points_copy(points, 2), 2, &series, NULL,
                                      outcome_take, &second, &err), 0);
    fixture_wait(f, &second);
    assert_int_equal(first.err.code, ERR_NONE);
    assert_int_equal(first.revision, 2);
    assert_int_equal(first.point_n, 2);
    assert_int_equal(second.err.code, ERR_NONE);
    assert_int_equal(second.unchanged, 2);
    assert_int_equal(second.revision, 2);
    load(f, &loaded);
    assert_int_equal(loaded.series[0].grid.freq.ms, 60000);
    assert_int_equal(loaded.series[0].settings.horizon, 0);
    assert_int_equal(loaded.series[0].revision, 2);
    assert_int_equal(loaded.points[0][0].t, 60000);
    assert_true(isnan(loaded.points[0][1].v));
    loaded_clear(&loaded);
}

static void boot_reads_the_newest_points_oldest_first(void **state)
{
    struct fixture *f = *state;
    struct point points[3000];
    struct loaded loaded = {.points_max = 1000};

    add_series(f, 1);
    for (size_t i = 0; i < 3000; i++)
        points[i] = (struct point){(int64_t)i, (double)i};
    assert_int_equal(put_points(f, 1, points, 2700).err.code, ERR_NONE);
    assert_int_equal(put_points(f, 1, points + 2600, 400).err.code, ERR_NONE);
    load(f, &loaded);
    assert_int_equal(loaded.points_n[0], 1000);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(loaded.points[0][i].t, 2000 + i);
        assert_true(loaded.points[0][i].v == (double)(2000 + i));
    }
    assert_int_equal(loaded.series[0].point_n, 3000);
    assert_int_equal(loaded.series[0].revision, 3000);
    loaded_clear(&loaded);
}

static void reading_respects_start_end_and_limit(void **state)
{
    struct fixture *f = *state;
    struct point points[1000];

    add_series(f, 1);
    for (size_t i = 0; i < 1000; i++)
        points[i] = (struct point){(int64_t)i * 10, (double)i};
    assert_int_equal(put_points(f, 1, points, 900).err.code, ERR_NONE);
    assert_int_equal(put_points(f, 1, points + 900, 100).err.code, ERR_NONE);
    struct outcome got = read_points(f, 1, 8905, 9500, 30);
    assert_int_equal(got.points_n, 30);
    assert_int_equal(got.points[0].t, 8910);
    free(got.points);
    got = read_points(f, 1, 9000, 9010, 30);
    assert_int_equal(got.points_n, 1);
    free(got.points);
    got = read_points(f, 1, 9000, 9000, 30);
    assert_int_equal(got.err.code, ERR_NONE);
    assert_int_equal(got.points_n, 0);
    free(got.points);
    assert_int_equal(read_points(f, 2, 0, 9000, 30).err.code, ERR_NOT_FOUND);
}

static void points_that_do_not_increase_are_refused_at_once(void **state)
{
    struct fixture *f = *state;
    const struct point back[] = {{1, 1}, {3, 1}, {3, 2}}, early[] = {{INT64_MIN, 1}};

    add_series(f, 1);
    struct outcome got = put_points(f, 1, back, 3);
    assert_int_equal(got.err.code, ERR_INVALID);
    assert_int_equal(got.err.item, 2);
    got = put_points(f, 1, early, 1);
    assert_int_equal(got.err.code, ERR_INVALID);
    assert_int_equal(got.err.item, 0);
    assert_int_equal(put_points(f, 1, back, 0).err.code, ERR_INVALID);
}

static void a_deleted_series_takes_everything_with_it(void **state)
{
    struct fixture *f = *state;
    struct point points[700];
    struct job_row job = {.id = "00000000000000aa", .series_key = 2, .created_at = 5};
    struct loaded loaded = {.points_max = 10};

    add_series(f, 1);
    add_series(f, 2);
    for (size_t i = 0; i < 700; i++)
        points[i] = (struct point){(int64_t)i, 1};
    assert_int_equal(put_points(f, 2, points, 600).err.code, ERR_NONE);
    assert_int_equal(put_points(f, 2, points + 600, 100).err.code, ERR_NONE);
    assert_int_equal(put_checkpoint(f, 2, 1, "model").err.code, ERR_NONE);
    assert_int_equal(put_job(f, &job).err.code, ERR_NONE);
    assert_int_equal(delete_series(f, 2).err.code, ERR_NONE);

    assert_int_equal(delete_series(f, 2).err.code, ERR_NOT_FOUND);
    assert_int_equal(put_points(f, 2, points, 1).err.code, ERR_NOT_FOUND);
    assert_int_equal(put_checkpoint(f, 2, 2, "model").err.code, ERR_NOT_FOUND);
    assert_int_equal(put_job(f, &job).err.code, ERR_NOT_FOUND);
    load(f, &loaded);
    assert_int_equal(loaded.series_n, 1);
    assert_int_equal(loaded.checkpoint_n, 0);
    assert_int_equal(loaded.job_n, 0);
    assert_int_equal(loaded.max_key, 2); /* its key does not come back */
    loaded_clear(&loaded);
}

static void another_series_of_the_same_id_is_a_conflict(void **state)
{
    struct fixture *f = *state;
    struct store_series series = plain_series(2);

    add_series(f, 1);
    strcpy(series.id, "series-1");
    struct outcome got = put_series(f, &series);
    assert_int_equal(got.err.code, ERR_CONFLICT);
    assert_non_null(strstr(got.err.msg, "series-1"));
}

static void the_newest_checkpoints_are_kept_and_offered_until_one_is_accepted(void **state)
{
    struct fixture *f = *state;
    struct loaded all = {.refuse_above = UINT64_MAX}, third = {.refuse_above = 3}, none = {0};
    struct err err;

    add_series(f, 1);
    for (uint64_t version = 1; version <= 6; version++) {
        char text[16];
        snprintf(text, sizeof(text), "model %u", (unsigned)version);
        assert_int_equal(put_checkpoint(f, 1, version, text).err.code, ERR_NONE);
    }
    assert_int_equal(put_checkpoint(f, 1, 6, "again").err.code, ERR_CONFLICT);
    load(f, &all);
    assert_int_equal(all.checkpoint_n, 1);
    assert_int_equal(all.checkpoints[0].version, 6);
    assert_string_equal(all.checkpoints[0].text, "model 6");
    assert_int_equal(loaded_read(f, &third, &err), 0);
    assert_int_equal(third.checkpoint_n, 4); /* 6, 5, 4, and 3 is accepted */
    assert_string_equal(third.checkpoints[3].text, "model 3");
    none.refuse_above = 1;
    assert_int_equal(loaded_read(f, &none, &err), 0);
    assert_int_equal(none.checkpoint_n, 4); /* 1 and 2 are gone */
    loaded_clear(&all);
    loaded_clear(&third);
    loaded_clear(&none);
}

static void a_damaged_checkpoint_is_named_and_the_one_before_is_used(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};

    add_series(f, 1);
    assert_int_equal(put_checkpoint(f, 1, 1, "first").err.code, ERR_NONE);
    assert_int_equal(put_checkpoint(f, 1, 2, "second").err.code, ERR_NONE);
    fixture_close(f);
    fixture_sql(f, "UPDATE checkpoint SET bytes = CAST('sEcond' AS BLOB) WHERE version = 2");
    load(f, &loaded);
    assert_int_equal(loaded.checkpoint_n, 2);
    assert_int_equal(loaded.checkpoints[0].version, 2);
    assert_false(loaded.checkpoints[0].whole);
    assert_true(loaded.checkpoints[1].whole);
    assert_string_equal(loaded.checkpoints[1].text, "first");
    loaded_clear(&loaded);
}

static struct err put_weights(struct fixture *f, uint64_t version, const char *text)
{
    struct outcome outcome = {0};
    struct err err;
    char report[16];

    snprintf(report, sizeof report, "{\"v\":%u}", (unsigned)version);
    struct store_weights weights = {.version = version,
                                    .created_at = 100 + (int64_t)version,
                                    .origin = UINT64_MAX - 1, /* as large as an identity can be */
                                    .report = report,
                                    .n = strlen(text)};
    assert_int_equal(store_put_weights(f->store, &weights, strdup(text), outcome_take, &outcome, &err),
                     0);
    fixture_wait(f, &outcome);
    return outcome.err;
}

static void the_newest_shared_weights_come_back_first(void **state)
{
    struct fixture *f = *state;
    struct loaded newest = {0}, second = {.refuse_weights_above = 2};
    struct err err;

    add_series(f, 1);
    for (uint64_t version = 1; version <= 3; version++)
        assert_int_equal(put_weights(f, version, version == 3 ? "three" : "two").code, ERR_NONE);
    assert_int_not_equal(put_weights(f, 3, "again").code, ERR_NONE);
    load(f, &newest);
    assert_int_equal(newest.weights_n, 1);
    assert_int_equal(newest.weights[0].version, 3);
    assert_int_equal(newest.weights[0].created_at, 103);
    assert_true(newest.weights[0].origin == UINT64_MAX - 1);
    assert_string_equal(newest.weights[0].report, "{\"v\":3}");
    assert_string_equal(newest.weights[0].text, "three");
    assert_int_equal(newest.series_n, 1);
    assert_int_equal(loaded_read(f, &second, &err), 0);
    assert_int_equal(second.weights_n, 2); /* and the first are gone */
    assert_string_equal(second.weights[1].text, "two");
    loaded_clear(&newest);
    loaded_clear(&second);
}

static void damaged_shared_weights_are_named_and_those_before_offered(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};

    assert_int_equal(put_weights(f, 1, "one").code, ERR_NONE);
    assert_int_equal(put_weights(f, 2, "two").code, ERR_NONE);
    fixture_close(f);
    fixture_sql(f, "UPDATE weights SET bytes = CAST('tWo' AS BLOB) WHERE version = 2");
    load(f, &loaded);
    assert_int_equal(loaded.weights_n, 2);
    assert_false(loaded.weights[0].whole);
    assert_int_equal(loaded.weights[0].version, 2);
    assert_true(loaded.weights[1].whole);
    assert_string_equal(loaded.weights[1].text, "one");
    loaded_clear(&loaded);
}

static void a_row_without_bytes_replaces_all_shared_weights(void **state)
{
    struct fixture *f = *state;
    struct outcome outcome = {0};
    struct store_weights none = {.version = 2, .points = 77, .origin = 5, .report = ""};
    struct loaded loaded = {0};
    struct err err;

    assert_int_equal(put_weights(f, 1, "one").code, ERR_NONE);
    assert_int_equal(store_put_weights(f->store, &none, NULL, outcome_take, &outcome, &err), 0);
    fixture_wait(f, &outcome);
    assert_int_equal(outcome.err.code, ERR_NONE);
    loaded.refuse_weights_above = 1;
    load(f, &loaded);
    assert_int_equal(loaded.weights_n, 1);
    assert_int_equal(loaded.weights[0].version, 2);
    assert_int_equal(loaded.weights[0].points, 77);
    assert_true(loaded.weights[0].whole);
    assert_string_equal(loaded.weights[0].text, "");
    loaded_clear(&loaded);
}

static void unfinished_jobs_come_back_in_order_of_creation(void **state)
{
    struct fixture *f = *state;
    struct job_row job = {.id = "000000000000000b", .series_key = 1, .created_at = 20, .full = true};
    struct loaded loaded = {0};

    add_series(f, 1);
    assert_int_equal(put_job(f, &job).err.code, ERR_NONE);
    job = (struct job_row){.id = "000000000000000a", .series_key = 1, .state = JOB_PENDING,
                           .created_at = 10};
    assert_int_equal(put_job(f, &job).err.code, ERR_NONE);
    job.state = JOB_RUNNING;
    job.started_at = 11;
    assert_int_equal(put_job(f, &job).err.code, ERR_NONE);
    job = (struct job_row){.id = "000000000000000c", .series_key = 1, .state = JOB_FAILED,
                           .created_at = 5, .finished_at = 6, .error = "why"};
    assert_int_equal(put_job(f, &job).err.code, ERR_NONE);
    load(f, &loaded);
    assert_int_equal(loaded.job_n, 2);
    assert_string_equal(loaded.jobs[0].id, "000000000000000a");
    assert_int_equal(loaded.jobs[0].state, JOB_RUNNING);
    assert_int_equal(loaded.jobs[0].started_at, 11);
    assert_false(loaded.jobs[0].full);
    assert_int_equal(loaded.jobs[1].state, JOB_PENDING);
    assert_true(loaded.jobs[1].full);
    assert_int_equal(loaded.jobs[1].series_key, 1);
    loaded_clear(&loaded);
}

static void ended_jobs_come_back_newest_first_with_their_results(void **state)
{
    struct fixture *f = *state;
    struct job_row job = {.id = "000000000000000a", .series_key = 1, .state = JOB_FAILED, .created_at = 1,
                          .started_at = 2, .finished_at = 30, .error = "why"};
    struct loaded loaded = {0}, few = {.ended_max = 1};
    char result[] = "{\"version\":1}";

    add_series(f, 1);
    assert_int_equal(put_job(f, &job).err.code, ERR_NONE);
    job = (struct job_row){.id = "000000000000000b", .series_key = 1, .state = JOB_SUCCEEDED,
                           .created_at = 2, .finished_at = 40, .result = result};
    assert_int_equal(put_job(f, &job).err.code, ERR_NONE);
    job = (struct job_row){.id = "000000000000000c", .series_key = 1, .created_at = 3};
    assert_int_equal(put_job(f, &job).err.code, ERR_NONE);
    load(f, &loaded);
    assert_int_equal(loaded.ended_n, 2);
    assert_string_equal(loaded.ended[0].row.id, "000000000000000b");
    assert_int_equal(loaded.ended[0].row.state, JOB_SUCCEEDED);
    assert_string_equal(loaded.ended[0].result, result);
    assert_string_equal(loaded.ended[1].row.error, "why");
    assert_int_equal(loaded.ended[1].row.started_at, 2);
    assert_int_equal(loaded.ended[1].row.finished_at, 30);
    assert_string_equal(loaded.ended[1].result, "");
    load(f, &few);
    assert_int_equal(few.ended_n, 1);
    loaded_clear(&loaded);
    loaded_clear(&few);
}

static void a_loader_that_gives_up_ends_the_load(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {.abort_at = "series-2"};
    struct err err;

    add_series(f, 1);
    add_series(f, 2);
    add_series(f, 3);
    fixture_close(f);
    fixture_open(f);
    assert_int_equal(loaded_read(f, &loaded, &err), -1);
    assert_int_equal(err.code, ERR_NO_MEMORY);
    assert_non_null(strstr(err.msg, "series-2"));
    assert_int_equal(loaded.series_n, 1);
    loaded_clear(&loaded);
}

static void what_has_queued_up_is_one_commit(void **state)
{
    struct fixture *f = *state;
    static struct outcome outcomes[MANY];
    struct store_series series = plain_series(1);
    struct store_stats stats;
    struct err err;

    memset(outcomes, 0, sizeof(outcomes));
    fixture_open(f);
    for (int64_t i = 0; i < MANY; i++) {
        const struct point point = {i, 1};
        assert_int_equal(store_put_points(f->store, 1, points_copy(&point, 1), 1, &series, NULL,
                                          outcome_take, &outcomes[i], &err), 0);
    }
    store_stats(f->store, &stats);
    assert_int_equal(stats.queue_n, MANY);
    fixture_start(f);
    fixture_wait(f, &outcomes[MANY - 1]);
    store_stats(f->store, &stats);
    assert_int_equal(stats.commits, 1);
    assert_int_equal(stats.requests, MANY);
    assert_int_equal(stats.points_written, MANY);
    assert_int_equal(stats.failures, 0);
    assert_int_equal(stats.queue_n, 0);
    assert_true(stats.commit_ns_total > 0);
    assert_true(stats.file_bytes > 4096);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(outcomes[i].err.code, ERR_NONE);
        assert_int_equal(outcomes[i].revision, i + 1);
    }
}

struct sequence {
    unsigned next;
    bool wrong;
};
struct step {
    struct sequence *sequence;
    unsigned number;
    struct outcome outcome;
};

static void take_step(void *ctx, struct store_result *result)
{
    struct step *step = ctx;

    step->sequence->wrong |= step->sequence->next != step->number;
    step->sequence->next++;
    outcome_take(&step->outcome, result);
}

/* All in one batch: queued before the thread starts. */
static void a_failing_request_takes_no_other_with_it_and_order_holds(void **state)
{
    struct fixture *f = *state;
    struct sequence sequence = {0};
    struct step steps[7];
    struct store_series one = plain_series(1), other = plain_series(2), third = plain_series(3);
    const struct point a = {1, 1}, b = {2, 2};
    struct err err;

    for (unsigned i = 0; i < 7; i++)
        steps[i] = (struct step){.sequence = &sequence, .number = i};
    strcpy(other.id, "series-1");
    fixture_open(f);
    int failed = store_put_series(f->store, &one, take_step, &steps[0], &err);
    failed |= store_put_points(f->store, 1, points_copy(&a, 1), 1, NULL, NULL, take_step, &steps[1],
                               &err);
    /* The one creates under a name that is taken, the other creates a series and then fails. */
    failed |= store_put_points(f->store, 2, points_copy(&b, 1), 1, &other, NULL, take_step,
                               &steps[2], &err);
    failed |= store_put_points(f->store, 9, points_copy(&b, 1), 1, &third, NULL, take_step,
                               &steps[3], &err);
    failed |= store_read_points(f->store, 1, 0, 10, 10, take_step, &steps[4], &err);
    failed |= store_put_points(f->store, 1, points_copy(&b, 1), 1, NULL, NULL, take_step, &steps[5],
                               &err);
    failed |= store_read_points(f->store, 1, 0, 10, 10, take_step, &steps[6], &err);
    assert_int_equal(failed, 0);
    fixture_start(f);
    fixture_wait(f, &steps[6].outcome);
    assert_false(sequence.wrong);
    assert_int_equal(steps[0].outcome.err.code, ERR_NONE);
    assert_int_equal(steps[1].outcome.err.code, ERR_NONE);
    assert_int_equal(steps[2].outcome.err.code, ERR_CONFLICT);
    assert_int_equal(steps[3].outcome.err.code, ERR_NOT_FOUND);
    assert_int_equal(steps[4].outcome.points_n, 1);
    assert_int_equal(steps[5].outcome.revision, 2);
    assert_int_equal(steps[6].outcome.points_n, 2);
    free(steps[4].outcome.points);
    free(steps[6].outcome.points);
    struct store_stats stats;
    store_stats(f->store, &stats);
    assert_int_equal(stats.commits, 1);
    assert_int_equal(stats.failures, 2);
    assert_int_equal(read_points(f, 3, 0, 10, 10).err.code, ERR_NOT_FOUND);
}

static void beyond_the_queue_limit_the_store_is_busy_until_completions_are_delivered(void **state)
{
    struct fixture *f = *state;
    struct outcome outcomes[5] = {{0}};
    struct err err = {0};

    f->options.queue_max = 4;
    fixture_open(f);
    fixture_start(f);
    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(store_delete_series(f->store, i + 1, outcome_take, &outcomes[i], &err), 0);
    assert_int_equal(store_delete_series(f->store, 5, outcome_take, &outcomes[4], &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    fixture_wait(f, &outcomes[3]);
    assert_int_equal(store_delete_series(f->store, 5, outcome_take, &outcomes[4], &err), 0);
    fixture_wait(f, &outcomes[4]);
}

static void beyond_the_byte_limit_the_store_is_busy(void **state)
{
    struct fixture *f = *state;
    struct outcome first = {0}, second = {0};
    struct point points[40];
    struct err err = {0};

    for (size_t i = 0; i < 40; i++)
        points[i] = (struct point){(int64_t)i, 0};
    f->options.queue_bytes_max = 1000;
    fixture_open(f);
    fixture_start(f);
    assert_int_equal(store_put_points(f->store, 1, points_copy(points, 40), 40, NULL, NULL,
                                      outcome_take, &first, &err), 0);
    assert_int_equal(store_put_points(f->store, 1, points_copy(points, 40), 40, NULL, NULL,
                                      outcome_take, &second, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    fixture_wait(f, &first);
    assert_int_equal(store_put_points(f->store, 1, points_copy(points, 40), 40, NULL, NULL,
                                      outcome_take, &second, &err), 0);
    fixture_wait(f, &second);
}

static void closing_finishes_what_is_queued(void **state)
{
    struct fixture *f = *state;
    struct outcome outcomes[100] = {{0}};
    struct loaded loaded = {.points_max = 1000};
    struct store_series series = plain_series(1);
    struct err err;

    fixture_open(f);
    for (int64_t round = 0; round < 2; round++) { /* once without a thread, once with */
        for (int64_t i = round * 50; i < round * 50 + 50; i++) {
            const struct point point = {i, 1};
            assert_int_equal(store_put_points(f->store, 1, points_copy(&point, 1), 1, &series, NULL,
                                              outcome_take, &outcomes[i], &err), 0);
        }
        fixture_close(f);
        for (int64_t i = round * 50; i < round * 50 + 50; i++) {
            assert_true(outcomes[i].done);
            assert_int_equal(outcomes[i].err.code, ERR_NONE);
        }
        fixture_open(f);
        fixture_start(f);
    }
    load(f, &loaded);
    assert_int_equal(loaded.points_n[0], 100);
    loaded_clear(&loaded);
}

#define STARTED(name) cmocka_unit_test_setup_teardown(name, started_new, fixture_free)
#define FRESH(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(a_series_comes_back_with_everything_that_was_said),
        STARTED(replacing_a_series_keeps_its_points_and_drops_old_labels),
        STARTED(points_can_create_their_series_and_record_its_grid),
        STARTED(boot_reads_the_newest_points_oldest_first),
        STARTED(reading_respects_start_end_and_limit),
        STARTED(points_that_do_not_increase_are_refused_at_once),
        STARTED(a_deleted_series_takes_everything_with_it),
        STARTED(another_series_of_the_same_id_is_a_conflict),
        STARTED(the_newest_checkpoints_are_kept_and_offered_until_one_is_accepted),
        STARTED(a_damaged_checkpoint_is_named_and_the_one_before_is_used),
        STARTED(the_newest_shared_weights_come_back_first),
        STARTED(damaged_shared_weights_are_named_and_those_before_offered),
        STARTED(a_row_without_bytes_replaces_all_shared_weights),
        STARTED(unfinished_jobs_come_back_in_order_of_creation),
        STARTED(ended_jobs_come_back_newest_first_with_their_results),
        STARTED(a_loader_that_gives_up_ends_the_load),
        FRESH(what_has_queued_up_is_one_commit),
        FRESH(a_failing_request_takes_no_other_with_it_and_order_holds),
        FRESH(beyond_the_queue_limit_the_store_is_busy_until_completions_are_delivered),
        FRESH(beyond_the_byte_limit_the_store_is_busy),
        FRESH(closing_finishes_what_is_queued),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
