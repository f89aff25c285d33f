/* A request's life and its refusals. See request.h. */
#include "server/http/request.h"

#include "server/base/clock.h"
#include "server/http/pressure.h"
#include "server/http/response.h"
#include "server/keys/key.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request *http_request_new(struct http *http, struct MHD_Connection *connection, const char *target)
{
    size_t n = strlen(target), path_n = strcspn(target, "?#");
    size_t kept = n <= URI_BYTES_MAX ? n : path_n; /* a longer one is refused, in the form of its path */
    if (kept > URI_BYTES_MAX)
        kept = 0;
    struct request *request = calloc(1, sizeof *request + 2 * (kept + 1));
    if (request == NULL)
        return NULL;
    request->http = http;
    request->connection = connection;
    request->begun_ns = request->touched_ns = clock_mono_ns();
    request->target_n = n;
    memcpy(request->target, target, kept);
    request->parts = request->target + kept + 1;
    memcpy(request->parts, target, kept);
    http->requests_n++;
    return request;
}

void http_request_free(struct request *request)
{
    if (request == NULL)
        return;
    if (request->wait != NULL)
        wait_detach(request->wait);
    if (request->response != NULL && !request->response_shared)
        MHD_destroy_response(request->response);
    body_done(&request->body);
    request->http->inflight_bytes -= request->charged_bytes;
    if (request->share != NULL)
        request->share->bytes -= request->charged_bytes;
    client_share_release(&request->http->clients, request->share);
    request->http->requests_n--;
    free(request->problem);
    free(request);
}

unsigned request_problem_status(const struct request *request, enum problem_kind kind)
{
    bool own = request->route != NULL && request->route->problem_status != NULL;
    return own ? request->route->problem_status(kind) : problem_infos[kind].status;
}

static void set_problem(struct request *request, enum problem_kind kind, const struct err *err)
{
    struct problem *problem = malloc(sizeof *problem);
    assert(request->status == 0);
    request->status = request_problem_status(request, problem != NULL ? kind : PROBLEM_NO_MEMORY);
    if (problem != NULL)
        *problem = (struct problem){.kind = kind, .err = *err};
    request->problem = problem;
    if (problem != NULL) { /* somebody may have sent a key in the wrong place, which the words repeat */
        key_redact(problem->err.msg);
        key_redact(problem->err.place);
    }
}

void request_refuse(struct request *request, const struct err *err)
{
    set_problem(request, problem_kind_of(err), err);
}

void request_refuse_kind(struct request *request, enum problem_kind kind, const char *place,
                         const char *format, ...)
{
    struct err err = {.code = ERR_INVALID, .item = -1};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(err.msg, sizeof err.msg, format, arguments);
    va_end(arguments);
    snprintf(err.place, sizeof err.place, "%s", place);
    set_problem(request, kind, &err);
}

static int charge_client(struct client_share *share, size_t bytes, const struct config *config,
                         struct err *err)
{
    if (share == NULL)
        return 0;
    size_t max = client_bytes_max(config, share->client);
    if (bytes > max || share->bytes > max - bytes)
        return err_set(err, ERR_BUSY,
                       "the requests of your client that are being worked on hold too much memory already");
    share->bytes += bytes;
    return 0;
}

int request_charge(struct request *request, size_t bytes, struct err *err)
{
    struct http *http = request->http;
    if (request->route != NULL && request->route->class == ROUTE_CLASS_METRICS)
        return 0; /* how one learns that it is full */
    if (bytes > http->config->inflight_bytes_max ||
        http->inflight_bytes > http->config->inflight_bytes_max - bytes)
        return err_set(err, ERR_BUSY, "the requests being worked on hold too much memory already");
    if (pressure_take(request, bytes, err) != 0)
        return -1;
    if (charge_client(request->share, bytes, http->config, err) != 0)
        return -1;
    http->inflight_bytes += bytes;
    request->charged_bytes += bytes;
    return 0;
}

void request_uncharge(struct request *request, size_t bytes)
{
    assert(bytes <= request->charged_bytes);
    request->charged_bytes -= bytes;
    request->http->inflight_bytes -= bytes;
    if (request->share != NULL)
        request->share->bytes -= bytes;
}

const char *request_param(const struct request *request, const char *name)
{
    for (size_t i = 0; i < request->uri.param_n; i++)
        if (strcmp(request->uri.param[i].name, name) == 0)
            return request->uri.param[i].value;
    return NULL;
}

const char *request_part(const struct request *request, const char *name)
{
    return router_part(request->route, &request->uri, name);
}

const char *request_id(const struct request *request)
{
    return request_part(request, "id");
}

size_t request_path(const struct request *request, const char **ret)
{
    *ret = request->target;
    return strcspn(request->target, "?#");
}
