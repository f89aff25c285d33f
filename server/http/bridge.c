/* Three timers and a poll. See bridge.h. */
#include "server/http/bridge.h"

#include "server/base/clock.h"
#include "server/base/descriptors.h"
#include "server/base/log.h"
#include "server/http/client.h"
#include "server/http/events.h"
#include "server/http/exchange.h"
#include "server/http/pressure.h"
#include "server/http/tls.h"
#include "server/keys/key.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Most runs of libmicrohttpd before other handles of the loop have their turn. */
#define RUNS_MAX 4
#define SWEEP_MS 250
/* How often it is looked how late the loop is. */
#define DELAY_MS 50
/* Memory of one connection: its headers must fit; more costs time, for it is cleared for each request. */
#define CONNECTION_BYTES ((size_t)32 << 10)
/* Connections beyond the configured ones, kept to tell their clients so. */
#define SURPLUS_CONNECTIONS 32

struct bridge {
    struct http *http;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t run_timer, sweep_timer, delay_timer;
    uint64_t delay_due_ns;
    unsigned open_handles;
    bool woken; /* a connection was resumed since the last run began */
    struct connection_table connections;
};

static void run(struct bridge *bridge);

static void on_run_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    run(poll->data);
}

static void arm(struct bridge *bridge, uint64_t ms)
{
    uv_update_time(bridge->run_timer.loop);
    uv_timer_start(&bridge->run_timer, on_run_timer, ms, 0);
}

static void run(struct bridge *bridge)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    bool again = true;
    bridge->woken = false;
    for (int i = 0; i < RUNS_MAX && again && ms == 0; i++) {
        MHD_run(bridge->daemon);
        again = MHD_get_timeout(bridge->daemon, &ms) == MHD_YES;
    }
    if (bridge->woken)
        arm(bridge, 0);
    else if (again)
        arm(bridge, ms);
    else
        uv_timer_stop(&bridge->run_timer);
}

void bridge_wake(struct request *request)
{
    struct bridge *bridge = request->http->bridge;
    if (!request->suspended)
        return;
    request->suspended = false;
    MHD_resume_connection(request->connection);
    bridge->woken = true;
    arm(bridge, 0);
}

/* A socket whose peer has reset it reports nothing when it is shut down, and libmicrohttpd waits for what the
 * socket reports: a connection that comes back from being suspended is looked at. Those that are at work are
 * looked at when their work ends. */
static void bury_dead(struct bridge *bridge)
{
    for (struct connection *at = bridge->connections.first; at != NULL; at = at->next) {
        if (!at->dead || at->phase == PHASE_WORK || at->phase == PHASE_STREAM)
            continue;
        at->dead = false;
        MHD_suspend_connection(at->handle);
        MHD_resume_connection(at->handle);
        bridge->woken = true;
    }
    if (bridge->woken)
        arm(bridge, 0);
}

static void on_sweep(uv_timer_t *timer)
{
    struct bridge *bridge = timer->data;
    uint64_t now_ns = clock_mono_ns();
    pressure_look(bridge->http, now_ns);
    size_t n = connection_sweep(&bridge->connections, now_ns);
    if (n > 0)
        LOG_DEBUG("connections past their deadline", log_uint("n", n));
    if (bridge->http->closing)
        connection_shut_idle(&bridge->connections);
    bury_dead(bridge);
    wait_sweep(&bridge->http->waits, now_ns);
    event_sweep(&bridge->http->events, now_ns);
}

/* libuv's clock is whole milliseconds: up to one is no delay at all. */
static void on_delay(uv_timer_t *timer)
{
    struct bridge *bridge = timer->data;
    uint64_t now_ns = clock_mono_ns();
    counters_observe(bridge->http->counters, HISTOGRAM_LOOP_DELAY,
                     now_ns > bridge->delay_due_ns ? now_ns - bridge->delay_due_ns : 0);
    bridge->delay_due_ns = now_ns + DELAY_MS * UINT64_C(1000000);
    uv_update_time(timer->loop);
    uv_timer_start(timer, on_delay, DELAY_MS, 0);
}

/* The timers run only while there are connections: an idle daemon does not wake up. */
static void start_timers(struct bridge *bridge)
{
    uv_update_time(bridge->sweep_timer.loop);
    uv_timer_start(&bridge->sweep_timer, on_sweep, SWEEP_MS, SWEEP_MS);
    uv_timer_start(&bridge->delay_timer, on_delay, DELAY_MS, 0);
    bridge->delay_due_ns = clock_mono_ns() + DELAY_MS * UINT64_C(1000000);
}

static void stop_timers(struct bridge *bridge)
{
    uv_timer_stop(&bridge->sweep_timer);
    uv_timer_stop(&bridge->delay_timer);
}

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

static uint64_t client_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return client_of_address(info == NULL ? NULL : info->client_addr);
}

static void count_in(struct bridge *bridge, struct connection *connection, uint64_t client)
{
    struct http *http = bridge->http;
    connection->client = client;
    connection->share = client_share_hold(&http->clients, client);
    if (connection->share != NULL &&
        ++connection->share->connections_n > client_connections_max(http->config, client))
        connection_refuse(&bridge->connections, connection);
}

static void count_out(struct bridge *bridge, struct connection *connection)
{
    if (connection->share != NULL)
        connection->share->connections_n--;
    client_share_release(&bridge->http->clients, connection->share);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct bridge *bridge = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = connection_add(&bridge->connections, socket_of(connection), clock_mono_ns());
        if (*context == NULL)
            return;
        ((struct connection *)*context)->handle = connection;
        count_in(bridge, *context, client_of(connection));
        if (bridge->connections.n == 1)
            start_timers(bridge);
    } else if (*context != NULL) {
        count_out(bridge, *context);
        connection_remove(&bridge->connections, *context);
        *context = NULL;
        if (bridge->connections.n == 0)
            stop_timers(bridge);
    }
}

__attribute__((format(printf, 2, 0))) static void on_library_log(void *cls, const char *format,
                                                                  va_list arguments)
{
    char text[256];
    (void)cls;
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    vsnprintf(text, sizeof text, format, arguments);
    key_redact(text);
    LOG_DEBUG("libmicrohttpd", log_text("text", text));
}

static struct MHD_Daemon *start(struct bridge *bridge, int listen_fd)
{
    /* Not MHD_USE_PEDANTIC_CHECKS: what it refuses, headers.c refuses too, and the answer that this version
     * gives to a request without a Host has its headers twice. */
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    unsigned connections = (unsigned)bridge->connections.max + SURPLUS_CONNECTIONS + CONNECTIONS_TOLD_MAX;
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK2, 0, tls_callback()},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (char *)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    if (tls_pair_in_use() == NULL)
        options[0].option = MHD_OPTION_END;
    else
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, exchange_access, bridge->http,
        MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL,
        MHD_OPTION_ARRAY, options,
        MHD_OPTION_LISTEN_SOCKET, listen_fd,
        MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES,
        MHD_OPTION_URI_LOG_CALLBACK, exchange_target, bridge->http,
        MHD_OPTION_UNESCAPE_CALLBACK, exchange_unescape, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, bridge->http,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, bridge,
        MHD_OPTION_END);
}

static int begin_poll(struct bridge *bridge, uv_loop_t *loop, struct err *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(bridge->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int status = info == NULL ? UV_EINVAL : uv_poll_init(loop, &bridge->poll, info->epoll_fd);
    if (status != 0)
        return err_set(err, ERR_INTERNAL, "cannot watch libmicrohttpd: %s", uv_strerror(status));
    bridge->open_handles++;
    bridge->poll.data = bridge;
    status = uv_poll_start(&bridge->poll, UV_READABLE, on_poll);
    if (status != 0)
        return err_set(err, ERR_INTERNAL, "cannot watch libmicrohttpd: %s", uv_strerror(status));
    return 0;
}

int bridge_new(uv_loop_t *loop, struct http *http, int listen_fd, struct bridge **ret, struct err *err)
{
    struct bridge *bridge = calloc(1, sizeof *bridge);
    if (bridge == NULL) {
        close(listen_fd);
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    bridge->http = http;
    bridge->connections.max = descriptors_for_connections(http->config->connections_max);
    uv_timer_init(loop, &bridge->run_timer);
    uv_timer_init(loop, &bridge->sweep_timer);
    uv_timer_init(loop, &bridge->delay_timer);
    bridge->open_handles = 3;
    bridge->run_timer.data = bridge->sweep_timer.data = bridge->delay_timer.data = bridge;
    bridge->daemon = start(bridge, listen_fd);
    if (bridge->daemon == NULL) {
        close(listen_fd);
        err_set(err, ERR_INTERNAL, "libmicrohttpd does not start");
        goto fail;
    }
    if (begin_poll(bridge, loop, err) != 0)
        goto fail;
    *ret = bridge;
    return 0;
fail:
    bridge_free(bridge);
    return -1;
}

void bridge_stop_listening(struct bridge *bridge)
{
    int fd = MHD_quiesce_daemon(bridge->daemon);
    if (fd >= 0)
        close(fd);
    connection_shut_idle(&bridge->connections);
}

struct connection_table *bridge_connections(struct bridge *bridge)
{
    return &bridge->connections;
}

static void on_close(uv_handle_t *handle)
{
    struct bridge *bridge = handle->data;
    if (--bridge->open_handles == 0)
        free(bridge);
}

void bridge_free(struct bridge *bridge)
{
    if (bridge == NULL)
        return;
    if (bridge->open_handles == 4)
        uv_close((uv_handle_t *)&bridge->poll, on_close);
    if (bridge->daemon != NULL) {
        MHD_run(bridge->daemon); /* lets resumed connections leave the library's list of suspended ones */
        MHD_stop_daemon(bridge->daemon);
    }
    uv_close((uv_handle_t *)&bridge->run_timer, on_close);
    uv_close((uv_handle_t *)&bridge->sweep_timer, on_close);
    uv_close((uv_handle_t *)&bridge->delay_timer, on_close);
}
