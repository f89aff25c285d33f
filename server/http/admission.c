/* The checks, one function each, in their order. See admission.h. */
#include "server/http/admission.h"

#include "server/base/series.h"
#include "server/http/bridge.h"
#include "server/http/browser.h"
#include "server/http/connection_table.h"
#include "server/http/guard.h"
#include "server/http/handlers.h"
#include "server/http/pressure.h"
#include "server/http/query.h"
#include "server/http/response.h"
#include "server/keys/keyring.h"
#include "server/service/ingest.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

static bool refuse(struct request *request, const struct err *err)
{
    request_refuse(request, err);
    return false;
}

/* Each returns whether to go on. */

/* Nobody knows where this request ends: it is the connection's last. */
static bool refuse_framing(struct request *request, const struct err *err)
{
    request->headers.has_body = request->headers.chunked = true;
    request->headers.expect_continue = false;
    return refuse(request, err);
}

static bool check_framing(struct request *request, const struct request_line *line)
{
    struct err err;
    if (headers_read(request->connection, line, &request->headers, &err) != 0)
        return refuse_framing(request, &err);
    if (uri_has_blank(request->target)) {
        err_set(&err, ERR_SYNTAX, "spaces and control characters in the target must be encoded (%%20)");
        return refuse_framing(request, &err);
    }
    if (request->headers.chunked && strcmp(line->version, MHD_HTTP_VERSION_1_1) != 0) {
        err_set(&err, ERR_SYNTAX, "Transfer-Encoding needs HTTP/1.1");
        return refuse_framing(request, &err);
    }
    return true;
}

static bool check_target(struct request *request, char **ret_query)
{
    struct err err;
    if (request->target_n > URI_BYTES_MAX) {
        if (uri_parse_path(request->parts, &request->uri, ret_query, &err) == 0)
            request->route = router_find(request->method, &request->uri, request->allow);
        request_refuse_kind(request, PROBLEM_TARGET, "", "the request target is longer than %d bytes",
                            URI_BYTES_MAX);
        return false;
    }
    return uri_parse_path(request->parts, &request->uri, ret_query, &err) == 0 || refuse(request, &err);
}

static void answer_options(struct request *request, const char *allow)
{
    answer_empty(request, MHD_HTTP_NO_CONTENT);
    answer_header(request, MHD_HTTP_HEADER_ALLOW, allow);
}

/* No row takes the request: answers OPTIONS, else says why. */
static void refuse_unrouted(struct request *request)
{
    if (request->method == METHOD_OPTIONS && request->uri.asterisk)
        answer_options(request, "GET, HEAD, PUT, POST, DELETE, OPTIONS");
    else if (request->method == METHOD_OPTIONS && request->allow[0] != '\0')
        answer_options(request, request->allow);
    else if (request->allow[0] != '\0')
        request_refuse_kind(request, PROBLEM_METHOD, "", "this path takes %s", request->allow);
    else
        request_refuse_kind(request, PROBLEM_NOT_FOUND, "",
                            "there is nothing at this path; /openapi.json lists what there is");
}

static bool check_route(struct request *request)
{
    struct err err;
    request->route = router_find(request->method, &request->uri, request->allow);
    if (request->route == NULL) {
        refuse_unrouted(request);
        return false;
    }
    const char *id = request_id(request);
    if (id != NULL && series_id_check(id, strlen(id), &err) != 0) {
        err_at(&err, "id");
        return refuse(request, &err);
    }
    return true;
}

/* What a browser may do for somebody else's page (browser.h). */
static bool check_browser(struct request *request)
{
    const struct headers *headers = &request->headers;
    const struct config *config = request->http->config;
    enum http_method method = request->method;
    struct browser_ask ask = {
        .changes = method != METHOD_GET && method != METHOD_HEAD && method != METHOD_OPTIONS,
        .host = headers->host, .origin = headers->origin, .fetch_site = headers->fetch_site};
    bool keys = request->http->keyring != NULL && keyring_on(request->http->keyring);
    struct browser_rules rules = {.own_names_only = !keys && config_host_is_loopback(config->listen_host),
                                  .names = config->host_names};
    switch (browser_judge(&ask, &rules)) {
    case BROWSER_FINE:
        return true;
    case BROWSER_FOREIGN_NAME:
        request_refuse_kind(request, PROBLEM_FOREIGN_NAME, "",
                            "the request is for %.100s; a daemon that listens on loopback only answers to "
                            "localhost, addresses and names without a dot, and to those in --host-names",
                            headers->host);
        return false;
    case BROWSER_FOREIGN_PAGE:
        request_refuse_kind(request, PROBLEM_FOREIGN_PAGE, "",
                            "a browser asks for a page of %.100s, which is not this daemon's; the names of "
                            "pages that may are given with --host-names",
                            headers->origin == NULL ? "another site" : headers->origin);
        return false;
    }
    return false;
}

static bool check_query(struct request *request, char *query)
{
    struct err err;
    if (uri_parse_query(query, &request->uri, &err) != 0)
        return refuse(request, &err);
    if (request->route->any_params || router_check_params(request->route, &request->uri, &err) == 0)
        return true;
    request_refuse_kind(request, PROBLEM_PARAMETER, err.place, "%s", err.msg); /* also one named "" or "/x" */
    return false;
}

/* One client's part of what all share. */
static bool check_client(struct request *request)
{
    struct http *http = request->http;
    const struct config *config = http->config;
    struct err err;
    request->share = client_share_hold(&http->clients, request->client);
    if (request->peer->surplus == SURPLUS_CLIENT) {
        err_set(&err, ERR_BUSY, "your client has %zu connections, which is the most; close some",
                client_connections_max(config, request->peer->client));
        return refuse(request, &err);
    }
    if (!client_share_ask(request->share, config->client_requests_max, request->begun_ns)) {
        err_set(&err, ERR_BUSY, "your client makes more than %zu requests in a second, which is the most",
                config->client_requests_max);
        return refuse(request, &err);
    }
    return true;
}

/* Probes and numbers are answered however busy it is: they are how one learns that it is. */
static bool check_load(struct request *request)
{
    struct http *http = request->http;
    struct err err;
    enum route_class class = request->route->class;
    if (class == ROUTE_CLASS_HEALTH || class == ROUTE_CLASS_METRICS)
        return true;
    if (request->peer->surplus == SURPLUS_TABLE) {
        err_set(&err, ERR_UNAVAILABLE, "more than %zu connections are open",
                bridge_connections(http->bridge)->max);
        return refuse(request, &err);
    }
    if (pressure_admit(request, &err) != 0)
        return refuse(request, &err);
    return check_client(request);
}

static void name_media(unsigned media, char *text, size_t n)
{
    text[0] = '\0';
    for (unsigned bit = MEDIA_JSON; bit <= MEDIA_FORM; bit *= 2) {
        size_t used = strlen(text);
        if ((media & bit) != 0)
            snprintf(text + used, n - used, "%s%s", used == 0 ? "" : ", ", media_name(bit));
    }
}

static bool check_media(struct request *request, unsigned *ret_media)
{
    const char *type = request->headers.content_type;
    enum coding ignored;
    char accepted[120];
    if (request->route->media == MEDIA_REMOTE_WRITE)
        return remote_write_negotiate(request);
    name_media(request->route->media, accepted, sizeof accepted);
    *ret_media = type == NULL ? 0 : media_of_content_type(type) & request->route->media;
    if (*ret_media == 0 && request->route->media != MEDIA_ANY) {
        request_refuse_kind(request, PROBLEM_MEDIA, "", "the body's Content-Type must be %s%s, not %.80s",
                            strchr(accepted, ',') != NULL ? "one of " : "", accepted,
                            type == NULL ? "absent" : type);
        return false;
    }
    if (!coding_of_content(request->headers.content_encoding, &ignored)) {
        request_refuse_kind(request, PROBLEM_CODING, "",
                            "Content-Encoding must be absent or one of %s, not %.80s", coding_understood(),
                            request->headers.content_encoding);
        return false;
    }
    return true;
}

/* What a body of many series is read into. */
static int begin_batch(struct request *request, struct err *err)
{
    const char *create = request_param(request, "create");
    request->body.create = true;
    if (create != NULL && query_bool("create", create, &request->body.create, err) != 0)
        return -1;
    return ingest_new(request->http->service, request->http->config->points_per_body_max,
                      &request->body.ingest, err);
}

static bool begin_body(struct request *request, unsigned media)
{
    const struct route *route = request->route;
    const struct config *config = request->http->config;
    enum coding coding = CODING_IDENTITY;
    size_t max = config->body_bytes_max;
    struct err err;
    if (route->body_max != 0 && route->body_max < max)
        max = route->body_max;
    if (request->headers.body_bytes > max) {
        err_set(&err, ERR_TOO_LARGE, "the body is longer than %zu bytes", max);
        return refuse(request, &err);
    }
    if (route->body == BODY_BATCH && begin_batch(request, &err) != 0)
        return refuse(request, &err);
    (void)coding_of_content(request->headers.content_encoding, &coding); /* check_media has looked */
    return body_begin(&request->body, route->body, media, coding, max, config->points_per_body_max,
                      &err) == 0 ||
           refuse(request, &err);
}

static bool check_body(struct request *request)
{
    unsigned media = 0;
    const struct route *route = request->route;
    if (!request->headers.has_body) {
        bool needs_type = route->body != BODY_NONE && !route->body_optional;
        return !needs_type || (check_media(request, &media) && begin_body(request, media));
    }
    if (route->body == BODY_NONE) {
        struct err err;
        err_set(&err, ERR_SYNTAX, "this request takes no body");
        return refuse(request, &err);
    }
    return check_media(request, &media) && begin_body(request, media);
}

void admission_check(struct request *request, const struct request_line *line)
{
    char *query;
    request->method = method_parse(line->method);
    if (check_framing(request, line) && check_target(request, &query) && check_route(request) &&
        check_browser(request) && check_query(request, query))
        admission_go_on(request);
}

void admission_go_on(struct request *request)
{
    if (guard_check(request) && check_load(request))
        (void)check_body(request);
}
