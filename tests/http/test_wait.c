/* Waits and what ends them, in every order. */
#include "server/http/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct http http;

static struct request *new_request(void)
{
    struct request *request = http_request_new(&http, NULL, "/x");
    assert_non_null(request);
    return request;
}

static struct wait *begin(struct request *request, uint64_t timeout_ms)
{
    struct wait *wait = wait_new(request, timeout_ms);
    assert_non_null(wait);
    assert_ptr_equal(request->wait, wait);
    return wait;
}

static void an_operation_that_ends_in_time_finds_its_request(void **state)
{
    struct request *request = new_request();
    (void)state;
    struct wait *wait = begin(request, 1000);
    wait->data = malloc(8);
    assert_ptr_equal(wait_end(wait), request);
    assert_null(request->wait);
    assert_null(http.waits.first);
    assert_int_equal(request->status, 0);
    http_request_free(request);
}

static void a_deadline_answers_503_and_the_operation_finds_nobody(void **state)
{
    struct request *request = new_request();
    (void)state;
    struct wait *wait = begin(request, 1000);
    wait_sweep(&http.waits, UINT64_MAX);
    assert_int_equal(request->status, 503);
    assert_null(request->wait);
    http_request_free(request);
    assert_null(wait_end(wait));
}

static void a_sweep_before_the_deadline_changes_nothing(void **state)
{
    struct request *request = new_request();
    (void)state;
    struct wait *wait = begin(request, 1000);
    wait_sweep(&http.waits, wait->deadline_ns - 1);
    assert_int_equal(request->status, 0);
    assert_ptr_equal(wait_end(wait), request);
    http_request_free(request);
}

static void a_request_that_goes_first_leaves_the_wait_to_the_operation(void **state)
{
    struct request *request = new_request();
    (void)state;
    struct wait *wait = begin(request, 1000);
    http_request_free(request);
    assert_null(http.waits.first);
    assert_null(wait_end(wait));
}

static void an_operation_that_cannot_start_refuses_the_request(void **state)
{
    struct request *request = new_request();
    struct err err;
    (void)state;
    err_set(&err, ERR_BUSY, "full");
    wait_fail(begin(request, 1000), &err);
    assert_int_equal(request->status, 429);
    assert_null(http.waits.first);
    http_request_free(request);
}

static void a_sweep_expires_all_that_are_due_and_only_them(void **state)
{
    struct request *requests[6];
    struct wait *waits[6];
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        requests[i] = new_request();
        waits[i] = begin(requests[i], i % 2 == 0 ? 0 : 1000000);
    }
    wait_sweep(&http.waits, waits[0]->deadline_ns + UINT64_C(60000000000));
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(requests[i]->status, i % 2 == 0 ? 503 : 0);
        assert_ptr_equal(wait_end(waits[i]), i % 2 == 0 ? NULL : requests[i]);
        http_request_free(requests[i]);
    }
    assert_null(http.waits.first);
    assert_int_equal(http.requests_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_that_ends_in_time_finds_its_request),
        cmocka_unit_test(a_deadline_answers_503_and_the_operation_finds_nobody),
        cmocka_unit_test(a_sweep_before_the_deadline_changes_nothing),
        cmocka_unit_test(a_request_that_goes_first_leaves_the_wait_to_the_operation),
        cmocka_unit_test(an_operation_that_cannot_start_refuses_the_request),
        cmocka_unit_test(a_sweep_expires_all_that_are_due_and_only_them),
    };
    return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
