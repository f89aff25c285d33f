/* Prometheus' text format, by its own rules. */
#include "server/http/metrics_text.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *text;

static int write_text(void **state)
{
    static struct counters counters;
    static const struct trm_base base = {
        .network_n = 2, .parameters = 1000, .identity = 0xabc, .name = "b\"1\\"};
    struct memory_guard memory = {.max = 1 << 20, .is_short = true};
    struct metrics_input input = {.counters = &counters, .version = "1.2.3", .memory = &memory,
                                  .keys_on = true, .keys_n = 3, .certificate_expiry_s = 1795547321};
    struct writer writer;
    struct err err;
    size_t n;
    (void)state;
    counters_init(&counters);
    counters_add(&counters, COUNTER_FITS_FAILED, 3);
    counters_add(&counters, COUNTER_WORKER_CPU, 1500000000);
    counters_request(&counters, ROUTE_CLASS_FORECAST, 200);
    counters_observe(&counters, HISTOGRAM_REQUEST, 3000000);
    counters_observe(&counters, HISTOGRAM_REQUEST, UINT64_C(1000000000000));
    input.service.jobs[JOB_RUNNING] = 2;
    input.service.base = &base;
    input.process.cpu_s = 0.5;
    writer_init(&writer, 1 << 20);
    metrics_write(&writer, &input);
    return writer_finish(&writer, &text, &n, &err);
}

static int free_text(void **state)
{
    (void)state;
    free(text);
    return 0;
}

static void has(const char *line)
{
    char with_ends[256];
    snprintf(with_ends, sizeof with_ends, "\n%s\n", line);
    if (strstr(text, with_ends) == NULL)
        fail_msg("missing: %s", line);
}

static void counters_are_shown_in_base_units(void **state)
{
    (void)state;
    has("tstrm_fits_total{outcome=\"failed\"} 3");
    has("tstrm_worker_cpu_seconds_total 1.5");
    has("tstrm_requests_total{route=\"forecast\",status=\"2xx\"} 1");
    has("tstrm_jobs{state=\"running\"} 2");
    has("tstrm_process_cpu_seconds_total 0.5");
    has("tstrm_build_info{version=\"1.2.3\"} 1");
}

static void keys_and_the_certificates_end_are_shown(void **state)
{
    (void)state;
    has("tstrm_keys 3");
    has("tstrm_tls_certificate_expiry_timestamp_seconds 1795547321");
    has("tstrm_key_refusals_total{reason=\"wrong\"} 0");
}

static void the_shared_weights_are_named(void **state)
{
    (void)state;
    has("tstrm_weights_info{name=\"b\\\"1\\\\\",identity=\"0000000000000abc\"} 1");
    has("tstrm_weights_networks 2");
    has("tstrm_weights_parameters 2000");
}

static void a_histogram_is_cumulative_and_ends_in_infinity(void **state)
{
    (void)state;
    has("tstrm_request_duration_seconds_bucket{le=\"0.0025\"} 0");
    has("tstrm_request_duration_seconds_bucket{le=\"0.005\"} 1");
    has("tstrm_request_duration_seconds_bucket{le=\"+Inf\"} 2");
    has("tstrm_request_duration_seconds_count 2");
    has("# TYPE tstrm_request_duration_seconds histogram");
}

/* Length of the metric's name at the start of a line. */
static size_t name_n(const char *line)
{
    return strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");
}

/* Every sample stands below the HELP and TYPE of its own metric, each of which is there once. */
static void every_sample_belongs_to_the_family_above_it(void **state)
{
    char family[128] = "", *rest = strdup(text);
    (void)state;
    assert_non_null(rest);
    char *start = rest;
    for (char *line; (line = strsep(&rest, "\n")) != NULL && *line != '\0';) {
        if (strncmp(line, "# HELP ", 7) == 0) {
            char once[160];
            snprintf(family, sizeof family, "%.*s", (int)name_n(line + 7), line + 7);
            snprintf(once, sizeof once, "# HELP %s ", family);
            assert_null(strstr(strstr(text, once) + 1, once));
            assert_memory_equal(family, "tstrm_", 6);
            assert_true(strlen(line) > 7 + strlen(family) + 5);
        } else if (strncmp(line, "# TYPE ", 7) == 0) {
            assert_int_equal(name_n(line + 7), strlen(family));
        } else {
            assert_memory_equal(line, family, strlen(family));
            assert_non_null(strchr(line, ' '));
        }
    }
    free(start);
}

static void a_counter_ends_in_total_and_nothing_else_does(void **state)
{
    char *rest = strdup(text), *start = rest;
    (void)state;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (strncmp(line, "# TYPE ", 7) != 0)
            continue;
        const char *name = line + 7;
        bool total = strncmp(name + name_n(name) - 6, "_total", 6) == 0;
        assert_int_equal(total, strcmp(name + name_n(name), " counter") == 0);
    }
    free(start);
}

static void the_process_knows_what_it_has_used(void **state)
{
    struct process_numbers numbers;
    (void)state;
    process_numbers_read(&numbers);
    assert_true(numbers.cpu_s > 0);
    assert_true(numbers.resident_bytes > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counters_are_shown_in_base_units),
        cmocka_unit_test(keys_and_the_certificates_end_are_shown),
        cmocka_unit_test(the_shared_weights_are_named),
        cmocka_unit_test(a_histogram_is_cumulative_and_ends_in_infinity),
        cmocka_unit_test(every_sample_belongs_to_the_family_above_it),
        cmocka_unit_test(a_counter_ends_in_total_and_nothing_else_does),
        cmocka_unit_test(the_process_knows_what_it_has_used),
    };
    return cmocka_run_group_tests_name("metrics_text", tests, write_text, free_text);
}
