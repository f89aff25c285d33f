/* Points that lie anywhere, and the values of steps that they come to. The oracle is a second
 * series without aggregation that gets, on the grid, what the points come to when added up in the
 * plainest way: both must forecast the same. */
#include "tests/server/service_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS 160
#define POINTS_MAX (STEPS * 6)

static uint32_t dice;
static uint32_t roll(uint32_t n)
{
    dice = dice * 1664525 + 1013904223;
    return (dice >> 8) % n;
}

/* Sorted, at most one for each time; some values missing, some steps empty. */
static size_t scatter(struct point *ret)
{
    size_t n = 0;

    for (size_t step = 0; step < STEPS; step++) {
        size_t of_step = roll(6);
        int64_t t = START + (int64_t)step * HOUR;
        for (size_t i = 0; i < of_step; i++) {
            double v = 100 + 10 * sin((double)step * 0.2618) + roll(100) / 50.0;
            ret[n++] = (struct point){t, roll(12) == 0 ? (double)NAN : v};
            t += 1 + roll(600000);
        }
    }
    ret[n++] = (struct point){START + STEPS * HOUR + 1, 1}; /* ends the last one */
    return n;
}

static double plain(enum aggregate aggregate, const struct point *points, size_t n)
{
    double sum = 0, min = (double)INFINITY, max = -(double)INFINITY, last = (double)NAN;
    size_t seen = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(points[i].v))
            continue;
        sum += points[i].v;
        min = fmin(min, points[i].v);
        max = fmax(max, points[i].v);
        last = points[i].v;
        seen++;
    }
    double value[] = {[AGGREGATE_LAST] = last,
                      [AGGREGATE_MEAN] = sum / (double)seen,
                      [AGGREGATE_SUM] = sum,
                      [AGGREGATE_MIN] = min,
                      [AGGREGATE_MAX] = max};
    return seen ? value[aggregate] : (double)NAN;
}

/* What the points come to, each step but the one that the newest point lies in; the one before is there
 * without a point, too: as missing. */
static size_t on_grid(enum aggregate aggregate, const struct point *points, size_t n,
                      struct point *ret)
{
    size_t steps = 0;

    for (size_t i = 0; i < n;) {
        int64_t from = points[i].t - (points[i].t - START) % HOUR;
        size_t of_step = 0;
        while (i + of_step < n && points[i + of_step].t < from + HOUR)
            of_step++;
        if (i + of_step < n)
            ret[steps++] = (struct point){from, plain(aggregate, points + i, of_step)};
        i += of_step;
    }
    int64_t open = points[n - 1].t - (points[n - 1].t - START) % HOUR;
    if (steps > 0 && ret[steps - 1].t < open - HOUR)
        ret[steps++] = (struct point){open - HOUR, (double)NAN};
    return steps;
}

static void make(struct fixture *f, const char *id, enum aggregate aggregate)
{
    struct series_patch patch = {.set = PATCH_FREQ | PATCH_SEASON | PATCH_FIT | PATCH_AGGREGATE};
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.freq.ms = HOUR;
    patch.settings.season[0] = 24;
    patch.settings.season_n = 1;
    patch.settings.fit = FIT_OFF;
    patch.settings.aggregate = aggregate;
    put_series(f, id, &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
}

static void set_aggregate(struct fixture *f, const char *id, enum aggregate aggregate,
                          struct err *err)
{
    struct series_patch patch = {.set = PATCH_AGGREGATE};

    series_settings_init(&patch.settings);
    patch.settings.aggregate = aggregate;
    put_series(f, id, &patch, err);
    run_idle(f);
}

static void same(struct fixture *f, const char *a, const char *b)
{
    struct forecast_answer answer_a = forecast_of(f, a, 12), answer_b = forecast_of(f, b, 12);

    assert_int_equal(trm_grid_time(&answer_a.grid, answer_a.first_step),
                     trm_grid_time(&answer_b.grid, answer_b.first_step));
    for (size_t i = 0; i < 12; i++)
        assert_true(answer_a.forecast->median[i] == answer_b.forecast->median[i]);
    for (size_t i = 0; i < 36; i++)
        assert_true(answer_a.forecast->quantiles[i] == answer_b.forecast->quantiles[i]);
    forecast_answer_done(&answer_a);
    forecast_answer_done(&answer_b);
}

/* A series on the grid with what the points come to; its name tells it from others. */
static void make_oracle(struct fixture *f, const char *id, enum aggregate aggregate,
                        const struct point *points, size_t n)
{
    struct point steps[STEPS + 1];
    size_t steps_n = on_grid(aggregate, points, n, steps);

    make(f, id, AGGREGATE_NONE);
    put_ok(f, id, steps, steps_n);
}

static void points_of_a_step_become_its_value_in_every_way(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];

    for (enum aggregate way = AGGREGATE_LAST; way <= AGGREGATE_MAX; way++) {
        char id[16], oracle[16];
        dice = way;
        size_t n = scatter(points);
        snprintf(id, sizeof id, "s%d", way);
        snprintf(oracle, sizeof oracle, "o%d", way);
        make(f, id, way);
        for (size_t at = 0, take; at < n; at += take) {
            take = 1 + roll(20) < n - at ? 1 + roll(20) : n - at;
            take = take < n - at ? take : n - at;
            put_ok(f, id, points + at, take);
        }
        make_oracle(f, oracle, way, points, n);
        same(f, id, oracle);
        assert_int_equal(view_of(f, id).point_n, n);
    }
}

/* Puts the points in any order, some of them first with another value. */
static void put_shuffled(struct fixture *f, const char *id, const struct point *points, size_t n)
{
    static size_t order[POINTS_MAX];

    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i-- > 1;) {
        size_t j = roll((uint32_t)i + 1), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    for (size_t i = 0; i < n; i++) {
        struct point wrong = {points[order[i]].t, 5};
        if (roll(10) == 0)
            put_ok(f, id, &wrong, 1);
        put_ok(f, id, &points[order[i]], 1);
    }
}

static void points_may_come_in_any_order_and_be_corrected(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];

    for (enum aggregate way = AGGREGATE_LAST; way <= AGGREGATE_SUM; way++) {
        char id[16], oracle[16];
        dice = 77 + way;
        size_t n = scatter(points);
        snprintf(id, sizeof id, "s%d", way);
        snprintf(oracle, sizeof oracle, "o%d", way);
        make(f, id, way);
        put_shuffled(f, id, points, n);
        make_oracle(f, oracle, way, points, n);
        same(f, id, oracle);
    }
}

static void late_points_sent_at_once_with_new_ones_are_all_seen(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];
    struct outcome outcome[8];

    dice = 5;
    size_t n = scatter(points), eighth = n / 8;
    make(f, "s", AGGREGATE_MEAN);
    for (size_t i = 0; i < 8; i++) { /* the newest first, nobody waits */
        size_t from = (7 - i) * eighth, until = i == 0 ? n : from + eighth;
        send_points(f, "s", points + from, until - from, &outcome[i]);
    }
    for (size_t i = 0; i < 8; i++) {
        run_until(f, &outcome[i].called);
        assert_int_equal(outcome[i].err.code, ERR_NONE);
    }
    make_oracle(f, "o", AGGREGATE_MEAN, points, n);
    same(f, "s", "o");
}

static void a_restart_brings_back_the_same_values_and_the_open_step(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];

    dice = 9;
    size_t n = scatter(points);
    make(f, "s", AGGREGATE_SUM);
    put_ok(f, "s", points, n / 2);
    fixture_close(f);
    fixture_open(f);
    put_ok(f, "s", points + n / 2, n - n / 2);
    make_oracle(f, "o", AGGREGATE_SUM, points, n);
    same(f, "s", "o");
    fixture_close(f);
    fixture_open(f);
    same(f, "s", "o");
}

static void another_way_of_aggregating_applies_to_what_is_stored(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];
    struct err err;

    dice = 21;
    size_t n = scatter(points);
    make(f, "s", AGGREGATE_SUM);
    put_ok(f, "s", points, n);
    make_oracle(f, "o", AGGREGATE_MAX, points, n);
    set_aggregate(f, "s", AGGREGATE_MAX, &err);
    assert_int_equal(err.code, ERR_NONE);
    same(f, "s", "o");
    set_aggregate(f, "s", AGGREGATE_NONE, &err);
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_string_equal(err.place, "/aggregate");
    same(f, "s", "o");
}

static uint64_t revision_of_tag(struct fixture *f, const char *id)
{
    const struct forecast_ask ask = {.horizon = 4};
    struct forecast_tag tag;
    struct err err;

    assert_int_equal(service_forecast_tag(f->service, id, &ask, &tag, &err), 0);
    return tag.revision;
}

/* Nobody may take a forecast made before the points were read again for one made after. */
static void a_forecast_made_while_steps_are_read_again_has_a_tag_of_its_own(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];
    struct series_patch patch = {.set = PATCH_AGGREGATE};
    struct err err;

    dice = 51;
    make(f, "s", AGGREGATE_SUM);
    put_ok(f, "s", points, scatter(points));
    uint64_t before = revision_of_tag(f, "s");
    series_settings_init(&patch.settings);
    patch.settings.aggregate = AGGREGATE_MEAN;
    put_series(f, "s", &patch, &err);
    uint64_t during = revision_of_tag(f, "s");
    run_idle(f);
    uint64_t after = revision_of_tag(f, "s");
    assert_true(during != before && during != after);
    assert_int_equal(after, before); /* the settings' part of the tag tells these two apart */
}

static void a_series_on_the_grid_may_be_aggregated_later(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];
    struct point open = {START + STEPS * HOUR, 3}, later = {START + STEPS * HOUR + 5, 5},
                 end = {START + (STEPS + 1) * HOUR, 1};
    struct err err;

    dice = 31;
    make_oracle(f, "s", AGGREGATE_MEAN, points, scatter(points));
    put_ok(f, "s", &open, 1);
    set_aggregate(f, "s", AGGREGATE_MEAN, &err);
    assert_int_equal(err.code, ERR_NONE);
    put_ok(f, "s", &later, 1);
    put_ok(f, "s", &end, 1);
    make_oracle(f, "o", AGGREGATE_MEAN, points, scatter((dice = 31, points)));
    open.v = 4; /* of 3 and 5 */
    put_ok(f, "o", &open, 1);
    same(f, "s", "o");
}

static void the_open_step_is_not_in_the_forecast(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];
    struct point more = {START + STEPS * HOUR + 100, 1e6};

    dice = 41;
    size_t n = scatter(points);
    make(f, "s", AGGREGATE_SUM);
    put_ok(f, "s", points, n);
    struct forecast_answer before = forecast_of(f, "s", 4);
    put_ok(f, "s", &more, 1);
    struct forecast_answer after = forecast_of(f, "s", 4);
    assert_same_forecast(&before, &after);
    forecast_answer_done(&before);
    forecast_answer_done(&after);
}

static void aggregating_needs_a_frequency(void **state)
{
    struct fixture *f = *state;
    struct series_patch patch = {.set = PATCH_AGGREGATE};
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.aggregate = AGGREGATE_MEAN;
    put_series(f, "s", &patch, &err);
    assert_int_equal(err.code, ERR_INVALID);
    assert_string_equal(err.place, "/frequency");
}

static void sums_too_large_for_a_value_are_the_largest_value(void **state)
{
    struct fixture *f = *state;
    struct point points[8];

    make(f, "s", AGGREGATE_SUM);
    for (size_t i = 0; i < 8; i++)
        points[i] =
            (struct point){START + (int64_t)(i / 2) * HOUR + (int64_t)(i % 2), TRM_VALUE_MAX};
    put_ok(f, "s", points, 8);
    assert_true(view_of(f, "s").last.v == TRM_VALUE_MAX);
}

static void points_sent_again_count_once(void **state)
{
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];

    dice = 51;
    size_t n = scatter(points);
    make(f, "s", AGGREGATE_SUM);
    put_ok(f, "s", points, n);
    struct points_result again = put_ok(f, "s", points, n);
    assert_int_equal(again.unchanged, n);
    put_ok(f, "s", points + n / 2, 3);
    put_ok(f, "s", points + n - 1, 1);
    make_oracle(f, "o", AGGREGATE_SUM, points, n);
    same(f, "s", "o");
    points[n] = (struct point){START + (STEPS + 1) * HOUR, 1}; /* ends what was the open step */
    put_ok(f, "s", points + n, 1);
    assert_true(view_of(f, "s").last.v == 1);
}

/* A pause after the first n points, of so many steps; then one point. */
static struct point after_pause(int64_t steps)
{
    return (struct point){START + (STEPS + steps) * HOUR + 5, 1};
}

static void a_restart_after_a_pause_answers_as_before(void **state)
{
    static const int64_t pauses[] = {1, 2, 300, TRM_CONTEXT_MAX - 5, TRM_CONTEXT_MAX + 5, 1000000};
    struct fixture *f = *state;
    static struct point points[POINTS_MAX];
    struct err err[2];
    int answered = 0;

    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        char id[16];
        dice = 61;
        size_t n = scatter(points);
        struct point late = after_pause(pauses[i]);
        snprintf(id, sizeof id, "s%zu", i);
        make(f, id, AGGREGATE_SUM);
        put_ok(f, id, points, n);
        put_ok(f, id, &late, 1);
        struct forecast_ask ask = {.horizon = 12, .level_n = 3, .levels = {.1, .5, .9}};
        struct forecast_answer answer[2] = {{0}, {0}};
        struct forecast_tag tag[2];
        for (int again = 0; again < 2; again++) {
            err[again] = (struct err){.code = ERR_NONE};
            assert_int_equal(service_forecast_tag(f->service, id, &ask, &tag[again], &err[again]), 0);
            if (service_forecast(f->service, id, &ask, &answer[again], &err[again]))
                assert_int_not_equal(err[again].code, ERR_NONE);
            fixture_close(f);
            fixture_open(f);
        }
        assert_int_equal(err[0].code, err[1].code);
        assert_string_equal(err[0].msg, err[1].msg);
        if (err[0].code != ERR_NONE)
            continue;
        assert_int_equal(tag[0].next_point_ms, late.t - 5 + HOUR);
        assert_int_equal(tag[1].next_point_ms, late.t - 5 + HOUR);
        assert_int_equal(answer[0].first_step, answer[1].first_step);
        assert_same_forecast(&answer[0], &answer[1]);
        forecast_answer_done(&answer[0]);
        forecast_answer_done(&answer[1]);
        answered++;
    }
    assert_int_equal(answered, 4);
}

static uint64_t store_requests(struct fixture *f)
{
    struct service_stats stats;

    service_stats(f->service, &stats);
    return stats.store.requests;
}

/* Of a series with more points than one page holds. */
static void late_points_from_before_memory_are_stored_and_not_read_again(void **state)
{
    enum { HOURS = 3 * 16384 };
    struct fixture *f = *state;
    struct point *points = malloc(HOURS * sizeof *points);
    struct point late[2] = {{START + 5, 7}, {START + (int64_t)(HOURS - 1) * HOUR + 5, 7}};

    for (size_t i = 0; i < HOURS; i++)
        points[i] = (struct point){START + (int64_t)i * HOUR + 9, 100 + (double)(i % 24)};
    make(f, "s", AGGREGATE_SUM);
    put_ok(f, "s", points, HOURS);
    make(f, "o", AGGREGATE_SUM);
    put_ok(f, "o", points, HOURS);
    put_ok(f, "o", &late[1], 1);
    uint64_t before = store_requests(f);
    put_ok(f, "s", late, 1);
    assert_int_equal(store_requests(f) - before, 1);
    late[0].t++;
    put_ok(f, "s", late, 2);
    assert_int_equal(store_requests(f) - before, 3); /* the other write, and one page */
    late[0] = (struct point){START + (int64_t)HOURS * HOUR, 1};
    put_ok(f, "s", late, 1);
    put_ok(f, "o", late, 1);
    same(f, "s", "o");
    free(points);
}

#define FRESH(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(points_of_a_step_become_its_value_in_every_way),
        FRESH(points_may_come_in_any_order_and_be_corrected),
        FRESH(late_points_sent_at_once_with_new_ones_are_all_seen),
        FRESH(a_restart_brings_back_the_same_values_and_the_open_step),
        FRESH(another_way_of_aggregating_applies_to_what_is_stored),
        FRESH(a_forecast_made_while_steps_are_read_again_has_a_tag_of_its_own),
        FRESH(a_series_on_the_grid_may_be_aggregated_later),
        FRESH(the_open_step_is_not_in_the_forecast),
        FRESH(aggregating_needs_a_frequency),
        FRESH(sums_too_large_for_a_value_are_the_largest_value),
        FRESH(points_sent_again_count_once),
        FRESH(late_points_from_before_memory_are_stored_and_not_read_again),
        FRESH(a_restart_after_a_pause_answers_as_before),
    };

    return cmocka_run_group_tests_name("service_aggregate", tests, NULL, NULL);
}
