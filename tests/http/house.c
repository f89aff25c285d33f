/* See house.h. */
#include "tests/http/house.h"

#include "tests/lib/failing.h"

#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define BEAT_MS 2
#define REFUSED_TURNS 40 /* turns after which memory comes back although no answer has come */
#define TURNS_MAX 30000  /* a minute without an answer */

static void on_beat(uv_timer_t *timer)
{
    (void)timer;
}

void house_open(struct house *house)
{
    struct err err = {.code = ERR_NONE};

    fixture_init(&house->f);
    house->f.config.listen_port = 0;
    snprintf(house->f.config.listen_host, sizeof house->f.config.listen_host, "127.0.0.1");
    snprintf(house->f.config.backup_dir, sizeof house->f.config.backup_dir, "%s", house->f.folder);
    fixture_open(&house->f);
    uv_timer_stop(&house->f.watchdog); /* the client counts turns */
    if (http_server_new(&house->f.loop, &house->f.config, house->f.service, &house->f.counters,
                        &house->http, &err))
        fail_msg("%s", err.msg);
    uv_timer_init(&house->f.loop, &house->beat);
    uv_timer_start(&house->beat, on_beat, BEAT_MS, BEAT_MS);
}

void house_close(struct house *house)
{
    uv_close((uv_handle_t *)&house->beat, NULL);
    http_server_stop_listening(house->http);
    http_server_free(house->http);
    fixture_done(&house->f);
}

size_t house_request(const char *line, const char *headers, const char *body, size_t body_n,
                     char *ret, size_t ret_n)
{
    int n = snprintf(ret, ret_n, "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s", line,
                     headers ? headers : "");

    if (body)
        n += snprintf(ret + n, ret_n - (size_t)n, "Content-Length: %zu\r\n", body_n);
    n += snprintf(ret + n, ret_n - (size_t)n, "\r\n");
    assert_true((size_t)n + body_n < ret_n);
    memcpy(ret + n, body ? body : "", body_n);
    return (size_t)n + body_n;
}

static int connected(const struct house *house)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(http_server_port(house->http)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct linger hard = {.l_onoff = 1}; /* no port waits for late packets afterwards */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    return fd;
}

/* What has come so far; whether the other side has closed. */
static bool receive(int fd, struct house_answer *ret)
{
    ssize_t got;

    while ((got = recv(fd, ret->text + ret->n, sizeof ret->text - ret->n - 1, MSG_DONTWAIT)) > 0)
        ret->n += (size_t)got;
    return got == 0 || (errno != EAGAIN && errno != EINTR);
}

/* Status and body of what came; status 0 unless all of it did. */
static void split(struct house_answer *answer)
{
    const char *length;

    answer->text[answer->n] = '\0';
    answer->status = 0;
    char *end = strstr(answer->text, "\r\n\r\n");
    if (!end || sscanf(answer->text, "HTTP/1.1 %u", &answer->status) != 1)
        return;
    size_t head_n = (size_t)(end + 4 - answer->text), body_n = answer->n - head_n;
    end[2] = '\0';
    if ((length = strcasestr(answer->text, "\r\nContent-Length: ")))
        answer->status = strtoul(length + 18, NULL, 10) == body_n ? answer->status : 0;
    else if (strcasestr(answer->text, "\r\nTransfer-Encoding: chunked"))
        answer->status =
            body_n >= 5 && memcmp(end + 4 + body_n - 5, "0\r\n\r\n", 5) == 0 ? answer->status : 0;
    memmove(answer->text, end + 4, body_n + 1);
    answer->n = body_n;
}

size_t house_ask_failing(struct house *house, const char *request, size_t request_n,
                         unsigned threads, size_t nth, size_t n, struct house_answer *ret)
{
    int fd = connected(house);
    size_t refused = 0;
    bool closed = false;

    assert_int_equal(send(fd, request, request_n, MSG_NOSIGNAL), (ssize_t)request_n);
    ret->n = 0;
    if (threads)
        failing_arm(threads, nth, n);
    for (int turn = 0; !closed; turn++) {
        if (turn == REFUSED_TURNS)
            refused = failing_disarm();
        if (turn > TURNS_MAX)
            fail_msg("no answer to %.60s (allocation %zu of threads %u)", request, nth, threads);
        uv_run(&house->f.loop, UV_RUN_ONCE);
        closed = receive(fd, ret);
    }
    if (threads && refused == 0)
        refused = failing_disarm();
    close(fd);
    for (int i = 0; i < 2; i++) /* the server sees its client leave */
        uv_run(&house->f.loop, UV_RUN_NOWAIT);
    split(ret);
    return threads ? refused : 0;
}

void house_ask(struct house *house, const char *line, const char *headers, const char *body,
               struct house_answer *ret)
{
    static char request[64 << 10];
    size_t n = house_request(line, headers, body, body ? strlen(body) : 0, request, sizeof request);

    house_ask_failing(house, request, n, 0, 0, 0, ret);
}
