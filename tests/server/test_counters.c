/* Counting, from one thread and from many. */
#include "server/base/counters.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 20000

static void counters_begin_at_zero_and_grow(void **state)
{
    struct counters counters;

    (void)state;
    memset(&counters, 'x', sizeof counters);
    counters_init(&counters);
    for (int i = 0; i < COUNTERS; i++)
        assert_int_equal(counters_get(&counters, (enum counter)i), 0);
    counters_add(&counters, COUNTER_FORECASTS, 2);
    counters_add(&counters, COUNTER_FORECASTS, 3);
    assert_int_equal(counters_get(&counters, COUNTER_FORECASTS), 5);
    assert_int_equal(counters_get(&counters, COUNTER_FORECASTS_FAILED), 0);
}

static void requests_are_counted_by_route_and_class_of_status(void **state)
{
    static const unsigned statuses[] = {100, 200, 204, 304, 404, 499, 500, 503, 0, 600};
    static const uint64_t wanted[STATUS_CLASSES] = {1, 2, 1, 2, 4};
    struct counters counters;

    (void)state;
    counters_init(&counters);
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        counters_request(&counters, ROUTE_CLASS_POINTS, statuses[i]);
    for (size_t i = 0; i < STATUS_CLASSES; i++) {
        assert_int_equal(counters.requests[ROUTE_CLASS_POINTS][i], wanted[i]);
        assert_int_equal(counters.requests[ROUTE_CLASS_SERIES][i], 0);
    }
}

static void a_duration_lands_in_the_first_bucket_that_holds_it(void **state)
{
    struct histogram_view view;
    struct counters counters;

    (void)state;
    counters_init(&counters);
    counters_observe(&counters, HISTOGRAM_FIT, 0);
    counters_observe(&counters, HISTOGRAM_FIT, 1000000); /* 1 ms: a bound, inclusive */
    counters_observe(&counters, HISTOGRAM_FIT, 1000001);
    counters_observe(&counters, HISTOGRAM_FIT, UINT64_C(31000000000)); /* above the last bound */
    counters_histogram(&counters, HISTOGRAM_FIT, &view);
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        uint64_t wanted = histogram_bounds[i] < 0.001 ? 1 : histogram_bounds[i] < 0.0025 ? 2 : 3;
        assert_int_equal(view.cumulative[i], wanted);
    }
    assert_int_equal(view.cumulative[HISTOGRAM_BOUNDS], 4);
    assert_true(fabs(view.sum_s - 31.002000001) < 1e-9);
    counters_histogram(&counters, HISTOGRAM_COMMIT, &view);
    assert_int_equal(view.cumulative[HISTOGRAM_BOUNDS], 0);
}

static void bounds_increase(void **state)
{
    (void)state;
    for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++)
        assert_true(histogram_bounds[i] > histogram_bounds[i - 1]);
}

/* Prometheus refuses a text where a metric's rows are apart or are not named apart. */
static void rows_of_one_metric_stand_together_and_differ_in_labels(void **state)
{
    (void)state;
    for (int i = 1; i < COUNTERS; i++)
        for (int j = 0; j < i; j++) {
            const struct counter_info *a = &counter_infos[j], *b = &counter_infos[i];
            if (strcmp(a->metric, b->metric) != 0)
                continue;
            assert_string_equal(a->metric, counter_infos[i - 1].metric);
            assert_string_equal(a->help, b->help);
            assert_string_not_equal(a->labels, b->labels);
        }
}

static void names_follow_the_conventions_of_prometheus(void **state)
{
    (void)state;
    for (int i = 0; i < COUNTERS; i++) {
        const char *metric = counter_infos[i].metric;
        size_t n = strlen(metric);
        assert_int_equal(strncmp(metric, "tstrm_", 6), 0);
        assert_string_equal(metric + n - 6, "_total");
        assert_int_equal(strstr(metric, "_seconds_") != NULL, counter_infos[i].unit < 1);
    }
    for (int i = 0; i < HISTOGRAMS; i++) {
        const char *metric = histogram_infos[i].metric;
        assert_string_equal(metric + strlen(metric) - 8, "_seconds");
    }
    for (int i = 0; i < ROUTE_CLASSES; i++)
        assert_true(strlen(route_class_labels[i]) > 0);
}

static void *count(void *arg)
{
    struct counters *counters = arg;

    for (int i = 0; i < ROUNDS; i++) {
        counters_add(counters, COUNTER_POINTS_WRITTEN, 2);
        counters_request(counters, ROUTE_CLASS_POINTS, 200);
        counters_observe(counters, HISTOGRAM_REQUEST, 1000);
    }
    return NULL;
}

static void no_count_is_lost_between_threads(void **state)
{
    struct histogram_view view;
    struct counters counters;
    pthread_t threads[THREADS];

    (void)state;
    counters_init(&counters);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, &counters), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    counters_histogram(&counters, HISTOGRAM_REQUEST, &view);
    assert_int_equal(counters_get(&counters, COUNTER_POINTS_WRITTEN), 2 * THREADS * ROUNDS);
    assert_int_equal(counters.requests[ROUTE_CLASS_POINTS][1], THREADS * ROUNDS);
    assert_int_equal(view.cumulative[HISTOGRAM_BOUNDS], THREADS * ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_begin_at_zero_and_grow),
        cmocka_unit_test(requests_are_counted_by_route_and_class_of_status),
        cmocka_unit_test(a_duration_lands_in_the_first_bucket_that_holds_it),
        cmocka_unit_test(bounds_increase),
        cmocka_unit_test(rows_of_one_metric_stand_together_and_differ_in_labels),
        cmocka_unit_test(names_follow_the_conventions_of_prometheus),
        cmocka_unit_test(no_count_is_lost_between_threads),
    };

    return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
