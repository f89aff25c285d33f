/* The callbacks and the way of a request through its stages:
 *
 *     NEW ⇄ CHECKING (its key, suspended)
 *      ├─ admitted ─→ READING ─→ HANDLED ─→ (waits, suspended) ─→ answer queued
 *      │ refused           │ refused
 *      ├─ no body left ────┴──────────────→ answer queued
 *      ├─ a short rest ──→ DRAINING ──────→ answer queued
 *      └─ a long rest ───→ told on the socket, LINGERING until the client has closed or time is up
 *
 * See exchange.h. */
#include "server/http/exchange.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/http/admission.h"
#include "server/http/bridge.h"
#include "server/http/client.h"
#include "server/http/connection_table.h"
#include "server/http/guard.h"
#include "server/http/pressure.h"
#include "server/http/response.h"
#include "server/http/tls.h"
#include "server/keys/key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A refused body with at most this much still to come is read to its end, which keeps the connection. */
#define DRAIN_BYTES ((uint64_t)64 << 10)
/* Longest path in the log. */
#define LOG_PATH_MAX 1024
/* What is thrown away of a longer one before the connection is cut. */
#define LINGER_BYTES ((uint64_t)256 << 20)

/* Phases last seconds: the time at which the request's first or last piece came is exact enough. */
static void enter(struct request *request, enum connection_phase phase)
{
    connection_enter(bridge_connections(request->http->bridge), request->peer, phase, request->touched_ns);
}

void *exchange_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *peer = info == NULL ? NULL : info->socket_context;
    struct request *request = peer == NULL ? NULL : http_request_new(cls, connection, target);
    if (request != NULL) {
        request->peer = peer;
        request->client = peer->client;
        enter(request, PHASE_HEADERS);
    }
    return request;
}

size_t exchange_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strlen(text);
}

static enum MHD_Result queue_no_memory(struct http *http, struct MHD_Connection *connection)
{
    return MHD_queue_response(connection, problem_infos[PROBLEM_NO_MEMORY].status, http->no_memory);
}

/* Headers that every answer of our own carries. One given before its body has been read must be the
 * connection's last. */
static void add_common_headers(struct request *request)
{
    if (request->response_shared)
        return;
    if (traceparent_valid(request->headers.traceparent))
        answer_header(request, "traceparent", request->headers.traceparent);
    bool surplus = request->peer->surplus != SURPLUS_NONE;
    if (request->http->closing || request->stage == REQUEST_NEW || surplus)
        answer_header(request, MHD_HTTP_HEADER_CONNECTION, "close");
}

static enum MHD_Result queue_answer(struct request *request)
{
    if (request->response == NULL)
        answer_problem(request);
    enter(request, request->streaming ? PHASE_STREAM : PHASE_ANSWER);
    if (request->response == NULL)
        return queue_no_memory(request->http, request->connection);
    add_common_headers(request);
    return MHD_queue_response(request->connection, request->status, request->response);
}

/* Tells a refusal on the socket itself and goes on throwing the body away. The message is short: where the
 * socket's buffer does not take it, the client has not read for long, and is cut off. */
static void tell_and_linger(struct request *request)
{
    size_t n = 0;
    char *message = answer_problem_raw(request, &n);
    if (message != NULL && !tls_tell_last(request->connection, message, n))
        (void)!send(request->peer->fd, message, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    free(message);
    shutdown(request->peer->fd, SHUT_WR);
    request->stage = REQUEST_LINGERING;
    enter(request, PHASE_LINGER);
}

/* A request was answered while its body is still to come. */
static enum MHD_Result settle_early(struct request *request)
{
    const struct headers *headers = &request->headers;
    if (request->stage == REQUEST_NEW && headers->expect_continue)
        return queue_answer(request); /* the client has not begun to send: libmicrohttpd closes */
    uint64_t rest = headers->body_bytes - request->body.received;
    if (!headers->chunked && rest <= DRAIN_BYTES) {
        request->stage = REQUEST_DRAINING;
        enter(request, PHASE_BODY);
    } else {
        tell_and_linger(request);
    }
    return MHD_YES;
}

static enum MHD_Result suspend(struct request *request, enum request_stage stage)
{
    request->stage = stage;
    enter(request, PHASE_WORK);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static enum MHD_Result first_call(struct request *request, const struct request_line *line)
{
    if (request->stage == REQUEST_NEW) {
        admission_check(request, line);
    } else {
        request->stage = REQUEST_NEW;
        request->touched_ns = clock_mono_ns(); /* it has waited */
        request->suspended = false;
        if (request->status == 0)
            admission_go_on(request);
    }
    if (request->wait != NULL)
        return suspend(request, REQUEST_CHECKING);
    if (request->status != 0 && request->headers.has_body)
        return settle_early(request);
    request->stage = REQUEST_READING;
    enter(request, request->headers.has_body ? PHASE_BODY : PHASE_WORK);
    return MHD_YES;
}

/* A packed body is charged for what came, and when it unfolds to more, for that. */
static int charge_unfolded(struct request *request, struct err *err)
{
    uint64_t held = request->body.taken;
    return held <= request->charged_bytes
               ? 0
               : request_charge(request, (size_t)(held - request->charged_bytes), err);
}

/* A body counts twice against the limit of memory: what it becomes is about as much again. */
static enum MHD_Result take_piece(struct request *request, const char *bytes, size_t n)
{
    struct err err;
    request->body.received += n;
    request->touched_ns = clock_mono_ns();
    connection_progress(request->peer, n, request->touched_ns);
    if (request->stage == REQUEST_LINGERING)
        return request->body.received <= LINGER_BYTES ? MHD_YES : MHD_NO;
    if (request->stage == REQUEST_DRAINING)
        return MHD_YES;
    if (request_charge(request, n, &err) == 0 && pressure_take(request, n, &err) == 0 &&
        body_feed(&request->body, bytes, n, &err) == 0 &&
        charge_unfolded(request, &err) == 0)
        return MHD_YES;
    request_refuse(request, &err);
    return settle_early(request);
}

/* What the handler asks of the service is asked by this client. */
static void answer_for(struct request *request)
{
    service_asked_by(request->http->service, request->client);
    request->route->handle(request);
    service_asked_by(request->http->service, CLIENT_NOBODY);
}

static void handle(struct request *request)
{
    struct err err;
    request->stage = REQUEST_HANDLED;
    enter(request, PHASE_WORK);
    if (!guard_allows(request)) /* taken away while the body came */
        guard_refuse_revoked(request);
    else if (body_end(&request->body, &err) != 0)
        request_refuse(request, &err);
    else
        answer_for(request);
}

static enum MHD_Result last_call(struct request *request)
{
    if (request->stage == REQUEST_LINGERING)
        return MHD_NO;
    if (request->stage == REQUEST_HANDLED)
        request->touched_ns = clock_mono_ns(); /* it has waited */
    request->suspended = false;
    if (request->status == 0 && request->stage == REQUEST_READING)
        handle(request);
    if (request->wait == NULL)
        return queue_answer(request);
    return suspend(request, REQUEST_HANDLED);
}

enum MHD_Result exchange_access(void *cls, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_n, void **ref)
{
    struct request *request = *ref;
    size_t n = *upload_n;
    if (request == NULL) {
        *upload_n = 0;
        return n == 0 ? queue_no_memory(cls, connection) : MHD_YES;
    }
    if (request->stage == REQUEST_NEW || request->stage == REQUEST_CHECKING) {
        const struct request_line line = {method, url, version, request->target_n};
        return first_call(request, &line);
    }
    if (n == 0)
        return last_call(request);
    *upload_n = 0;
    return take_piece(request, upload, n);
}

/* Worth a line of its own: not overload, which comes in thousands and is counted, nor a stop. */
static bool is_our_fault(const struct request *request)
{
    if (request->problem == NULL)
        return false;
    switch (request->problem->kind) {
    case PROBLEM_INTERNAL:
    case PROBLEM_STORAGE:
    case PROBLEM_NO_SPACE:
    case PROBLEM_NO_MEMORY:
        return true;
    default:
        return false;
    }
}

/* Without its query, and without a key that somebody has put there. */
static void path_of(const struct request *request, char text[LOG_PATH_MAX])
{
    const char *path;
    size_t n = request_path(request, &path);
    snprintf(text, LOG_PATH_MAX, "%.*s", (int)(n < LOG_PATH_MAX ? n : LOG_PATH_MAX - 1), path);
    key_redact(text);
}

static void log_failure(const struct request *request)
{
    char path[LOG_PATH_MAX];
    path_of(request, path);
    LOG_WARN("request failed", log_text("method", method_name(request->method)), log_text("path", path),
             log_uint("status", request->status), log_text("detail", request->problem->err.msg));
}

static void log_request(const struct request *request, enum MHD_RequestTerminationCode how,
                        uint64_t ns)
{
    char path[LOG_PATH_MAX];
    if (is_our_fault(request))
        log_failure(request);
    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    path_of(request, path);
    const char *trace = request->headers.traceparent;
    bool valid = traceparent_valid(trace); /* anything else may be a key in the wrong place */
    LOG_DEBUG("request", log_text("method", method_name(request->method)), log_text("path", path),
              log_uint("status", request->status), log_real("ms", (double)ns / 1e6),
              log_text("key", guard_name(request)), log_text("trace", valid ? trace : NULL),
              log_bool("complete", how == MHD_REQUEST_TERMINATED_COMPLETED_OK));
}

void exchange_completed(void *cls, struct MHD_Connection *connection, void **ref,
                        enum MHD_RequestTerminationCode how)
{
    struct http *http = cls;
    struct request *request = *ref;
    (void)connection;
    if (request == NULL)
        return;
    uint64_t now_ns = clock_mono_ns();
    if (request->status != 0) {
        counters_request(http->counters,
                         request->route == NULL ? ROUTE_CLASS_NONE : request->route->class,
                         request->status);
        counters_observe(http->counters, HISTOGRAM_REQUEST, now_ns - request->begun_ns);
    }
    log_request(request, how, now_ns - request->begun_ns);
    request->touched_ns = now_ns;
    enter(request, PHASE_IDLE);
    http_request_free(request);
    *ref = NULL;
}
