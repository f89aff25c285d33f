/* What the daemon does after it has answered, with memory refused meanwhile: forecasts for the
 * record, and points beyond retention. Neither may cost a point that was acknowledged, and both go
 * on once there is memory. */
#include "tests/http/house.h"
#include "tests/lib/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CSV "Content-Type: text/csv\r\n"
#define JSON "Content-Type: application/json\r\n"
#define ROUNDS_MAX 3000
#define RETENTION 2048
#define SLACK 1100 /* points beyond retention before they go */
#define MANY ((size_t)1 << 40)

static struct house_answer answer;
static size_t day; /* of the next point */

static void must(struct house *house, const char *line, const char *headers, const char *body)
{
    house_ask(house, line, headers, body, &answer);
    if (answer.status < 200 || answer.status > 299)
        fail_msg("%s: %u %s", line, answer.status, answer.text);
}

static const char *next_days(size_t n)
{
    static char text[256 << 10];
    size_t used = 0;

    for (size_t i = 0; i < n; i++, day++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%lld,%zu\n",
                                 START + (long long)day * DAY / 4, 10 + day % 7);
    return text;
}

static size_t number_in(const char *text, const char *key)
{
    const char *at = strstr(text, key);

    assert_non_null(at);
    return strtoul(at + strlen(key), NULL, 10);
}

static size_t points_of(struct house *house)
{
    must(house, "GET /v1/series/s", NULL, NULL);
    return number_in(answer.text, "\"points\":");
}

static int setup(void **ret)
{
    struct house *house = calloc(1, sizeof *house);

    failing_init();
    day = 0;
    house_open(house);
    house->f.config.record_percent = 100;
    must(house, "PUT /v1/series/s", JSON,
         "{\"frequency\":\"6h\",\"season\":[7],\"fit\":\"off\",\"horizon\":4}");
    must(house, "POST /v1/series/s/points", CSV, next_days(60));
    run_idle(&house->f);
    *ret = house;
    return 0;
}

static int teardown(void **ret)
{
    house_close(*ret);
    free(*ret);
    return 0;
}

/* n new points with memory refused until nothing is under way any more. */
static size_t write_failing(struct house *house, size_t points_n, unsigned threads, size_t nth,
                            size_t n)
{
    size_t points = points_of(house), first = day;
    const char *text = next_days(points_n);

    failing_arm(threads, nth, n);
    house_ask(house, "POST /v1/series/s/points", CSV, text, &answer);
    run_idle(&house->f);
    size_t refused = failing_disarm();
    if (answer.status != 200 && answer.status != 503 && answer.status != 0)
        fail_msg("%u %s", answer.status, answer.text);
    bool acknowledged = answer.status == 200;
    if (acknowledged && points_n == 1)
        assert_int_equal(points_of(house), points + 1);
    if (!acknowledged && points_of(house) == points)
        day = first;
    return refused;
}

static size_t sweep(struct house *house, size_t points_n, unsigned threads, size_t n, size_t stride)
{
    size_t rounds = 0, refused = 1;

    for (size_t nth = 1; refused > 0 && rounds < ROUNDS_MAX; nth += stride, rounds++)
        refused = write_failing(house, points_n, threads, nth, n);
    assert_int_equal(refused, 0);
    return rounds - 1;
}

static void a_record_without_memory_goes_on_with_the_next_point(void **ret)
{
    struct house *house = *ret;
    size_t stride = failing_stride(1);

    size_t on_loop = sweep(house, 1, FAILING_LOOP, 1, stride);
    size_t on_worker = sweep(house, 1, FAILING_WORKER, 1, stride);
    size_t on_store = sweep(house, 1, FAILING_STORE, 1, stride);
    size_t everywhere =
        sweep(house, 1, FAILING_LOOP | FAILING_WORKER | FAILING_STORE, MANY, stride);
    printf("# a record: loop %zu, worker %zu, store %zu, from there on %zu\n", on_loop, on_worker,
           on_store, everywhere);
    assert_true(on_loop > 2 && on_worker > 0 && everywhere > 2);
    for (int i = 0; i < 3; i++) {
        must(house, "POST /v1/series/s/points", CSV, next_days(1));
        service_tick(house->f.service);
        run_idle(&house->f);
    }
    must(house, "GET /v1/series/s/record?limit=1000", NULL, NULL);
    assert_non_null(strstr(answer.text, "\"median\":"));
    must(house, "GET /metrics", NULL, NULL);
    assert_true(number_in(answer.text, "\ntstrm_forecasts_recorded_total ") > 3);
}

static void points_over_retention_go_once_there_is_memory(void **ret)
{
    struct house *house = *ret;
    size_t stride = failing_stride(1);

    house->f.config.record_percent = 0;
    must(house, "PUT /v1/series/s", JSON, "{\"retention_points\":2048}");
    must(house, "POST /v1/series/s/points", CSV, next_days(RETENTION + SLACK));
    run_idle(&house->f);
    size_t once = sweep(house, SLACK, FAILING_STORE, 1, stride);
    size_t on = sweep(house, SLACK, FAILING_STORE, MANY, stride);
    printf("# retention: store %zu, from there on %zu\n", once, on);
    assert_true(once > 2 && on > 2);
    must(house, "POST /v1/series/s/points", CSV, next_days(SLACK));
    for (int i = 0; i < 200 && points_of(house) > RETENTION + SLACK; i++)
        run_idle(&house->f);
    assert_in_range(points_of(house), RETENTION, RETENTION + SLACK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_record_without_memory_goes_on_with_the_next_point),
        TEST(points_over_retention_go_once_there_is_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
