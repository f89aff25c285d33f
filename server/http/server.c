/* Putting the parts together and taking them apart in order. See server.h. */
#include "server/http/server.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/http/bridge.h"
#include "server/http/events.h"
#include "server/http/forecast_cache.h"
#include "server/http/guard.h"
#include "server/http/listener.h"
#include "server/http/request.h"
#include "server/http/response.h"
#include "server/http/tls.h"
#include "server/keys/keyring.h"
#include "server/wire/selector.h"

#include <jansson.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

/* What the options name, read and checked. */
struct files {
    bool ready;
    struct key_list *keys;  /* NULL: no key is asked for */
    struct tls_pair *pair;  /* NULL: no TLS */
};

struct http_server {
    struct http http;
    uint16_t port;
    bool tls;
    struct files aside; /* between http_server_prepare and http_server_adopt */
};

/* ---- keys and certificates ---- */

static void files_free(struct files *files)
{
    key_list_free(files->keys);
    tls_pair_free(files->pair);
    *files = (struct files){.ready = false};
}

static int files_read(const struct config *config, struct files *ret, struct err *err)
{
    struct files files = {.ready = true};
    if (config->api_keys_path[0] != '\0' && key_list_load(config->api_keys_path, &files.keys, err) != 0) {
        err_wrap(err, "api-keys");
        return -1;
    }
    if (config->tls_cert_path[0] != '\0' &&
        tls_pair_load(config->tls_cert_path, config->tls_key_path, clock_wall_ms() / 1000, &files.pair,
                      err) != 0) {
        err_wrap(err, "tls");
        files_free(&files);
        return -1;
    }
    *ret = files;
    return 0;
}

int http_check_files(const struct config *config, struct err *err)
{
    struct files files;
    if (files_read(config, &files, err) != 0)
        return -1;
    files_free(&files);
    return 0;
}

int http_server_prepare(struct http_server *server, const struct config *then, struct err *err)
{
    struct files files;
    if (files_read(then, &files, err) != 0)
        return -1;
    files_free(&server->aside);
    server->aside = files;
    return 0;
}

static void say_keys(const struct http *http, const struct key_list *keys)
{
    LOG_INFO("keys", log_bool("needed", keys != NULL), log_uint("n", keyring_count(http->keyring)));
    if (keys != NULL && keys->n == 0)
        LOG_WARN("the file of keys holds none: nothing but health is answered",
                 log_text("file", http->config->api_keys_path));
    if (keys != NULL && keys->open)
        LOG_WARN("everybody on this machine may add keys: chmod o-w it",
                 log_text("file", http->config->api_keys_path));
}

static void say_certificate(const struct http *http, const struct tls_pair *pair)
{
    int64_t days = (tls_pair_expiry_s(pair) - clock_wall_ms() / 1000) / 86400;
    LOG_INFO("certificate", log_int("days_left", days));
    if (tls_pair_key_is_open(pair))
        LOG_WARN("everybody on this machine may read the private key: chmod o-r it",
                 log_text("file", http->config->tls_key_path));
}

void http_server_adopt(struct http_server *server)
{
    struct files *files = &server->aside;
    struct http *http = &server->http;
    if (!files->ready)
        return;
    bool had_keys = keyring_on(http->keyring);
    keyring_adopt(http->keyring, files->keys);
    if (files->keys != NULL || had_keys) {
        say_keys(http, files->keys);
        guard_revoke(http);
    }
    if (files->pair != NULL && server->tls) {
        say_certificate(http, files->pair);
        tls_use(files->pair, clock_mono_ns());
        files->pair = NULL;
    }
    files->keys = NULL;
    files_free(files);
}

/* ---- the server ---- */

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
    if (keyring_new(loop, counters, &http->keyring, err) != 0 ||
        http_server_prepare(server, config, err) != 0)
        goto fail;
    server->tls = config->tls_cert_path[0] != '\0';
    http_server_adopt(server);
    if (listener_open(config->listen_host, config->listen_port, &fd, &server->port, err) != 0 ||
        bridge_new(loop, http, fd, &http->bridge, err) != 0)
        goto fail;
    *ret = server;
    return 0;
fail:
    http_server_free(server);
    return -1;
}

long http_server_keys(const struct http_server *server)
{
    return keyring_on(server->http.keyring) ? (long)keyring_count(server->http.keyring) : -1;
}

bool http_server_has_tls(const struct http_server *server)
{
    return server->tls;
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
    keyring_free(server->http.keyring);
    tls_end();
    files_free(&server->aside);
    client_shares_done(&server->http.clients);
    forecast_cache_free(server->http.cache);
    selector_list_free(server->http.ingest_rules);
    if (server->http.no_memory != NULL)
        MHD_destroy_response(server->http.no_memory);
    free(server);
}
