/* The cache of finished forecasts, without a server around it. */
#include "server/http/forecast_cache.h"
#include "server/http/request.h"

#include <microhttpd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct http http;
static struct counters counters;

static const struct forecast_tag tag = {
    .key = 1, .revision = 2, .settings_revision = 3, .model_version = 4, .weights = 6, .horizon = 5,
    .next_point_ms = 100000};

static struct forecast_entry *put(struct forecast_cache *cache, const char *target, unsigned media,
                                  size_t bytes_n)
{
    struct forecast_made made = {.tag = tag, .etag = "\"e\"", .type = "application/json",
                                 .bytes = calloc(1, bytes_n), .n = bytes_n};
    assert_non_null(made.bytes);
    struct forecast_entry *entry = forecast_cache_put(cache, target, strlen(target), media, &made);
    assert_non_null(entry);
    return entry;
}

static struct forecast_entry *find(struct forecast_cache *cache, const char *target, unsigned media)
{
    return forecast_cache_find(cache, target, strlen(target), media);
}

static struct forecast_cache *new_cache(size_t bytes)
{
    counters_init(&counters);
    struct forecast_cache *cache = forecast_cache_new(bytes, &counters);
    assert_non_null(cache);
    return cache;
}

static void an_entry_is_found_by_target_and_form(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    (void)state;
    struct forecast_entry *json = put(cache, "/a?horizon=1", MEDIA_JSON, 10);
    struct forecast_entry *csv = put(cache, "/a?horizon=1", MEDIA_CSV, 10);
    assert_ptr_equal(find(cache, "/a?horizon=1", MEDIA_JSON), json);
    assert_ptr_equal(find(cache, "/a?horizon=1", MEDIA_CSV), csv);
    assert_null(find(cache, "/a?horizon=2", MEDIA_JSON));
    assert_null(find(cache, "/a?horizon=", MEDIA_JSON));
    forecast_cache_free(cache);
}

static void an_entry_holds_while_nothing_it_was_made_from_has_changed(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    struct forecast_entry *entry = put(cache, "/a", MEDIA_JSON, 10);
    struct forecast_tag changed[] = {tag, tag, tag, tag, tag, tag};
    (void)state;
    changed[0].key++;
    changed[1].revision++;
    changed[2].settings_revision++;
    changed[3].model_version++;
    changed[4].horizon++;
    changed[5].weights++;
    assert_true(forecast_entry_holds(entry, &tag));
    for (size_t i = 0; i < 6; i++)
        assert_false(forecast_entry_holds(entry, &changed[i]));
    forecast_cache_free(cache);
}

static void the_least_recently_used_go_first_and_are_counted(void **state)
{
    struct forecast_cache *cache = new_cache(32 << 10);
    char target[16];
    (void)state;
    put(cache, "/first", MEDIA_JSON, 4000);
    put(cache, "/second", MEDIA_JSON, 4000);
    assert_non_null(find(cache, "/first", MEDIA_JSON)); /* now /second is the oldest */
    for (int i = 0; i < 4; i++) {
        snprintf(target, sizeof target, "/%d", i);
        put(cache, target, MEDIA_JSON, 4000);
    }
    assert_non_null(find(cache, "/first", MEDIA_JSON));
    assert_null(find(cache, "/second", MEDIA_JSON));
    assert_int_equal(counters_get(&counters, COUNTER_CACHE_EVICTIONS), 1);
    assert_true(forecast_cache_stats(cache).bytes <= 32 << 10);
    assert_int_equal(forecast_cache_stats(cache).entries, 5);
    forecast_cache_free(cache);
}

static void thousands_of_entries_stay_within_the_bytes(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 18);
    char target[32];
    (void)state;
    for (int i = 0; i < 5000; i++) {
        snprintf(target, sizeof target, "/%d", i * 7919 % 1000);
        put(cache, target, MEDIA_JSON, (size_t)(i % 300 + 1));
        assert_non_null(find(cache, target, MEDIA_JSON));
        assert_true(forecast_cache_stats(cache).bytes <= 1 << 18);
    }
    assert_true(forecast_cache_stats(cache).entries > 100);
    forecast_cache_free(cache);
}

static void the_same_target_replaces_its_entry(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    (void)state;
    put(cache, "/a", MEDIA_JSON, 100);
    size_t bytes = forecast_cache_stats(cache).bytes;
    put(cache, "/a", MEDIA_JSON, 100);
    assert_int_equal(forecast_cache_stats(cache).entries, 1);
    assert_int_equal(forecast_cache_stats(cache).bytes, bytes);
    assert_int_equal(counters_get(&counters, COUNTER_CACHE_EVICTIONS), 0);
    forecast_cache_free(cache);
}

/* ---- answering ---- */

static struct request *new_request(const char *if_none_match)
{
    memset(&http, 0, sizeof http);
    struct request *request = http_request_new(&http, NULL, "/a");
    assert_non_null(request);
    request->headers.if_none_match = if_none_match;
    return request;
}

static const char *header(const struct request *request, const char *name)
{
    return MHD_get_response_header(request->response, name);
}

static void polls_within_a_second_share_one_response_and_max_age_counts_down(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    struct forecast_entry *entry = put(cache, "/a", MEDIA_JSON, 10);
    struct request *first = new_request(NULL), *second = new_request(NULL), *late = new_request(NULL);
    (void)state;
    forecast_entry_answer(entry, first, 90100);
    forecast_entry_answer(entry, second, 90900);
    assert_int_equal(first->status, 200);
    assert_ptr_equal(first->response, second->response);
    assert_string_equal(header(first, "Cache-Control"), "max-age=9");
    assert_string_equal(header(first, "ETag"), "\"e\"");
    forecast_entry_answer(entry, late, 99500);
    assert_string_equal(header(late, "Cache-Control"), "max-age=0");
    http_request_free(first);
    http_request_free(second);
    http_request_free(late);
    forecast_cache_free(cache);
}

static void a_late_point_leaves_no_negative_age(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    struct request *request = new_request(NULL);
    (void)state;
    forecast_entry_answer(put(cache, "/a", MEDIA_JSON, 10), request, 5000000);
    assert_string_equal(header(request, "Cache-Control"), "max-age=0");
    http_request_free(request);
    forecast_cache_free(cache);
}

static void a_named_etag_is_answered_with_304(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    struct request *request = new_request("\"x\", W/\"e\"");
    (void)state;
    forecast_entry_answer(put(cache, "/a", MEDIA_JSON, 10), request, 0);
    assert_int_equal(request->status, 304);
    assert_string_equal(header(request, "ETag"), "\"e\"");
    http_request_free(request);
    forecast_cache_free(cache);
}

static void a_traced_request_gets_a_response_of_its_own(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    struct request *request = new_request(NULL);
    (void)state;
    request->headers.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    forecast_entry_answer(put(cache, "/a", MEDIA_JSON, 10), request, 0);
    assert_false(request->response_shared);
    forecast_cache_free(cache); /* the response under way keeps the bytes */
    http_request_free(request);
}

static void without_room_an_answer_is_given_and_not_kept(void **state)
{
    struct forecast_cache *cache = new_cache(0);
    struct request *request = new_request(NULL);
    (void)state;
    forecast_entry_answer(put(cache, "/a", MEDIA_JSON, 10), request, 0);
    assert_int_equal(request->status, 200);
    assert_null(find(cache, "/a", MEDIA_JSON));
    http_request_free(request);
    forecast_cache_free(cache);
}

/* ---- gzip ---- */

static struct request *new_gzip_request(const char *if_none_match)
{
    struct request *request = new_request(if_none_match);
    request->headers.accept_encoding = "deflate, gzip";
    return request;
}

static void a_packed_copy_is_made_once_and_counted(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    struct forecast_entry *entry = put(cache, "/a", MEDIA_JSON, 5000);
    size_t plain = forecast_cache_stats(cache).bytes, both;
    struct request *first = new_gzip_request(NULL), *second = new_gzip_request(NULL),
                   *unpacked = new_request(NULL);
    (void)state;
    forecast_entry_answer(entry, unpacked, 0);
    assert_int_equal(forecast_cache_stats(cache).bytes, plain);
    forecast_entry_answer(entry, first, 0);
    both = forecast_cache_stats(cache).bytes;
    assert_true(both > plain && both < 2 * plain);
    forecast_entry_answer(entry, second, 0);
    assert_int_equal(forecast_cache_stats(cache).bytes, both);
    assert_ptr_equal(first->response, second->response);
    assert_ptr_not_equal(first->response, unpacked->response);
    assert_string_equal(header(first, "Content-Encoding"), "gzip");
    assert_string_equal(header(first, "ETag"), "\"e-gzip\"");
    assert_string_equal(header(first, "Vary"), "Accept, Accept-Encoding");
    assert_null(header(unpacked, "Content-Encoding"));
    assert_string_equal(header(unpacked, "ETag"), "\"e\"");
    assert_string_equal(header(unpacked, "Vary"), "Accept, Accept-Encoding");
    http_request_free(first);
    http_request_free(second);
    http_request_free(unpacked);
    forecast_cache_free(cache);
}

static void what_is_short_is_not_packed(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 20);
    struct request *request = new_gzip_request(NULL);
    (void)state;
    forecast_entry_answer(put(cache, "/a", MEDIA_JSON, 100), request, 0);
    assert_null(header(request, "Content-Encoding"));
    assert_string_equal(header(request, "ETag"), "\"e\"");
    http_request_free(request);
    forecast_cache_free(cache);
}

static void what_is_too_long_to_pack_at_once_is_packed_on_the_way(void **state)
{
    struct forecast_cache *cache = new_cache(8 << 20);
    struct forecast_entry *entry = put(cache, "/a", MEDIA_JSON, 1 << 20);
    size_t bytes = forecast_cache_stats(cache).bytes;
    struct request *request = new_gzip_request(NULL), *no_room = new_gzip_request(NULL);
    struct config config = {.inflight_bytes_max = 512 << 10};
    (void)state;
    http.config = &config;
    forecast_entry_answer(entry, request, 0);
    assert_int_equal(forecast_cache_stats(cache).bytes, bytes);
    forecast_entry_answer(entry, no_room, 0); /* all requests may not hold that much: it goes as it is */
    assert_null(header(no_room, "Content-Encoding"));
    http_request_free(no_room);
    assert_false(request->response_shared);
    assert_string_equal(header(request, "Content-Encoding"), "gzip");
    forecast_cache_free(cache); /* the response under way keeps the bytes */
    http_request_free(request);
}

static void a_304_names_the_copy_that_the_client_has(void **state)
{
    static const struct {
        const char *named, *answered;
        bool gzip;
    } cases[] = {
        {"\"e\"", "\"e\"", false},      {"\"e\"", "\"e\"", true},
        {"\"e-gzip\"", "\"e-gzip\"", true}, {"\"e-gzip\"", "\"e-gzip\"", false},
        {"*", "\"e-gzip\"", true},        {"W/\"e-gzip\", \"x\"", "\"e-gzip\"", true},
    };
    struct forecast_cache *cache = new_cache(1 << 20);
    struct forecast_entry *entry = put(cache, "/a", MEDIA_JSON, 5000);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request *request = cases[i].gzip ? new_gzip_request(cases[i].named)
                                                : new_request(cases[i].named);
        forecast_entry_answer(entry, request, 0);
        assert_int_equal(request->status, 304);
        assert_string_equal(header(request, "ETag"), cases[i].answered);
        assert_null(header(request, "Content-Encoding"));
        http_request_free(request);
    }
    forecast_cache_free(cache);
}

static void packed_copies_stay_within_the_bytes(void **state)
{
    struct forecast_cache *cache = new_cache(1 << 16);
    char target[32];
    (void)state;
    for (int i = 0; i < 200; i++) {
        struct request *request = new_gzip_request(NULL);
        snprintf(target, sizeof target, "/%d", i % 20);
        struct forecast_entry *entry = find(cache, target, MEDIA_JSON);
        forecast_entry_answer(entry != NULL ? entry : put(cache, target, MEDIA_JSON, 6000), request, 0);
        assert_true(forecast_cache_stats(cache).bytes <= 1 << 16);
        http_request_free(request);
    }
    assert_true(counters_get(&counters, COUNTER_CACHE_EVICTIONS) > 0);
    assert_true(forecast_cache_stats(cache).entries > 3);
    forecast_cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_is_found_by_target_and_form),
        cmocka_unit_test(an_entry_holds_while_nothing_it_was_made_from_has_changed),
        cmocka_unit_test(the_least_recently_used_go_first_and_are_counted),
        cmocka_unit_test(thousands_of_entries_stay_within_the_bytes),
        cmocka_unit_test(the_same_target_replaces_its_entry),
        cmocka_unit_test(polls_within_a_second_share_one_response_and_max_age_counts_down),
        cmocka_unit_test(a_late_point_leaves_no_negative_age),
        cmocka_unit_test(a_named_etag_is_answered_with_304),
        cmocka_unit_test(a_traced_request_gets_a_response_of_its_own),
        cmocka_unit_test(without_room_an_answer_is_given_and_not_kept),
        cmocka_unit_test(a_packed_copy_is_made_once_and_counted),
        cmocka_unit_test(what_is_short_is_not_packed),
        cmocka_unit_test(what_is_too_long_to_pack_at_once_is_packed_on_the_way),
        cmocka_unit_test(a_304_names_the_copy_that_the_client_has),
        cmocka_unit_test(packed_copies_stay_within_the_bytes),
    };
    return cmocka_run_group_tests_name("forecast_cache", tests, NULL, NULL);
}
