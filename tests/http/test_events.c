/* Streams of events without libmicrohttpd's loop: how many there may be, and when one is cut off. The service
 * is replaced by one job that runs. What is sent is tested over real HTTP (tests/e2e/test_events.py). */
#include "server/http/connection_table.h"
#include "server/http/events.h"

#include "server/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define NS_PER_MS UINT64_C(1000000)

static struct http http;
static bool job_is_there = true;

int __wrap_service_get_job(struct service *service, const char *job_id, struct job_view *ret,
                           struct err *err);
int __wrap_service_get_job(struct service *service, const char *job_id, struct job_view *ret,
                           struct err *err)
{
    static struct job_row row = {.id = "0123456789abcdef", .state = JOB_RUNNING};
    (void)service, (void)job_id;
    if (!job_is_there)
        return err_set(err, ERR_NOT_FOUND, "no such job");
    *ret = (struct job_view){.row = &row, .series_id = "s"};
    return 0;
}

/* One request with a socket whose other end is `client`. */
struct end {
    struct connection_table table;
    struct request *request;
    int client;
};

static struct end begin(void)
{
    int fds[2];
    struct end end = {.table = {.max = 10}};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    end.client = fds[1];
    end.request = http_request_new(&http, NULL, "/x");
    assert_non_null(end.request);
    end.request->peer = connection_add(&end.table, fds[0], 0);
    event_stream_begin(end.request, "0123456789abcdef", TIME_MS);
    return end;
}

static void done(struct end *end)
{
    close(end->request->peer->fd);
    connection_remove(&end->table, end->request->peer);
    http_request_free(end->request);
    if (end->client >= 0)
        close(end->client);
}

/* Whether the client's end has been told of an end of stream. */
static bool is_cut(const struct end *end)
{
    char byte;
    return recv(end->client, &byte, 1, MSG_DONTWAIT) == 0;
}

static void a_client_that_does_not_read_is_cut_off_at_its_deadline(void **state)
{
    struct end end = begin();
    uint64_t now_ns = clock_mono_ns();
    (void)state;
    assert_int_equal(end.request->status, 200);
    assert_int_equal(http.events.n, 1);
    event_sweep(&http.events, now_ns + (EVENT_READ_MS - 1000) * NS_PER_MS);
    assert_false(is_cut(&end));
    event_sweep(&http.events, now_ns + EVENT_READ_MS * NS_PER_MS);
    assert_true(is_cut(&end));
    done(&end);
    assert_int_equal(http.events.n, 0);
    assert_null(http.events.first);
}

static void a_stream_that_waits_for_its_job_is_not_stuck(void **state)
{
    (void)state;
    assert_false(event_is_stuck(true, 0, UINT64_MAX));
    assert_false(event_is_stuck(false, 10, 5));
    assert_false(event_is_stuck(false, 0, EVENT_READ_MS * NS_PER_MS - 1));
    assert_true(event_is_stuck(false, 0, EVENT_READ_MS * NS_PER_MS));
}

static void a_client_that_has_gone_is_noticed(void **state)
{
    struct end end = begin();
    char byte;
    (void)state;
    event_sweep(&http.events, clock_mono_ns());
    assert_int_equal(recv(end.client, &byte, 1, MSG_DONTWAIT), -1); /* open */
    assert_int_equal(shutdown(end.client, SHUT_WR), 0);
    event_sweep(&http.events, clock_mono_ns());
    assert_int_equal(recv(end.client, &byte, 1, MSG_DONTWAIT), 0); /* shut */
    done(&end);
}

static void so_is_one_that_says_goodbye_first_as_tls_does(void **state)
{
    struct end end = begin();
    char byte;
    (void)state;
    assert_int_equal(send(end.client, "bye", 3, MSG_NOSIGNAL), 3);
    event_sweep(&http.events, clock_mono_ns());
    assert_int_equal(recv(end.client, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(shutdown(end.client, SHUT_WR), 0);
    event_sweep(&http.events, clock_mono_ns());
    assert_int_equal(recv(end.client, &byte, 1, MSG_DONTWAIT), 0);
    done(&end);
}

static void beyond_the_limit_a_stream_is_refused_until_another_ends(void **state)
{
    static struct end ends[EVENT_STREAMS_MAX];
    (void)state;
    for (size_t i = 0; i < EVENT_STREAMS_MAX; i++) {
        ends[i] = begin();
        assert_int_equal(ends[i].request->status, 200);
    }
    struct end refused = begin();
    assert_int_equal(refused.request->status, 503);
    done(&refused);
    done(&ends[17]);
    ends[17] = begin();
    assert_int_equal(ends[17].request->status, 200);
    for (size_t i = 0; i < EVENT_STREAMS_MAX; i++)
        done(&ends[i]);
    assert_int_equal(http.events.n, 0);
}

static void a_job_that_is_not_there_has_no_stream(void **state)
{
    (void)state;
    job_is_there = false;
    struct end end = begin();
    job_is_there = true;
    assert_int_equal(end.request->status, 404);
    assert_int_equal(http.events.n, 0);
    done(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_does_not_read_is_cut_off_at_its_deadline),
        cmocka_unit_test(a_stream_that_waits_for_its_job_is_not_stuck),
        cmocka_unit_test(a_client_that_has_gone_is_noticed),
        cmocka_unit_test(so_is_one_that_says_goodbye_first_as_tls_does),
        cmocka_unit_test(beyond_the_limit_a_stream_is_refused_until_another_ends),
        cmocka_unit_test(a_job_that_is_not_there_has_no_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
