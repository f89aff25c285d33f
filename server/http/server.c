/* Putting the parts together and taking them apart in order. See server.h. */
#include "server/http/server.h"

#include "server/base/clock.h"
#include "server/http/bridge.h"
#include "server/http/events.h"
#include "server/http/forecast_cache.h"
#include "server/http/listener.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/wire/selector.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

struct http_server {
    struct http http;
    uint16_t port;
};

/* What is said when there is no memory to say anything else. */
static struct MHD_Response *no_memory_response(void)
{
    static char text[] = "{\"type\":\"/problems/no-memory\",\"title\":\"Out of memory at the moment\","
                         "\"status\":503,\"detail\":\"out of memory\",\"instance\":\"\"}";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return NULL;
    if (MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, TYPE_PROBLEM) == MHD_YES &&
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "2") == MHD_YES)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

int http_server_new(uv_loop_t *loop, const struct config *config, struct service *service,
                    struct counters *counters, struct http_server **ret, struct err *err)
{
    int fd;
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    struct http *http = &server->http;
    *http = (struct http){.config = config, .service = service, .counters = counters,
                          .loop = loop, .started_ms = clock_wall_ms()};
    json_object_seed(0); /* from the system, before there are threads: keys are the clients' to choose */
    http->no_memory = no_memory_response();
    http->system_memory_max = memory_of_system();
    if (selector_list_parse(config->ingest_match, &http->ingest_rules, err) != 0) {
        err_wrap(err, "ingest-match");
        goto fail;
    }
    http->cache = forecast_cache_new(config->forecast_cache_bytes, counters);
    if (client_shares_init(&http->clients, config->connections_max) != 0 || http->no_memory == NULL ||
        http->cache == NULL) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        goto fail;
    }
    if (listener_open(config->listen_host, config->listen_port, &fd, &server->port, err) != 0 ||
        bridge_new(loop, http, fd, &http->bridge, err) != 0)
        goto fail;
    *ret = server;
    return 0;
fail:
    http_server_free(server);
    return -1;
}

void http_server_on_reload(struct http_server *server, http_reload reload, void *ctx)
{
    server->http.reload = reload;
    server->http.reload_ctx = ctx;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

void http_server_drain(struct http_server *server)
{
    server->http.draining = true;
}

void http_server_stop_listening(struct http_server *server)
{
    server->http.draining = true;
    if (!server->http.closing)
        bridge_stop_listening(server->http.bridge);
    server->http.closing = true;
}

bool http_server_idle(const struct http_server *server)
{
    return server->http.requests_n == 0 && server->http.away_n == 0;
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    wait_sweep(&server->http.waits, UINT64_MAX);
    event_streams_end(&server->http.events);
    bridge_free(server->http.bridge);
    client_shares_done(&server->http.clients);
    forecast_cache_free(server->http.cache);
    selector_list_free(server->http.ingest_rules);
    if (server->http.no_memory != NULL)
        MHD_destroy_response(server->http.no_memory);
    free(server);
}
