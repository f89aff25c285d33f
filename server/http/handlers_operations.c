/* Probes, numbers, documents. See handlers.h. */
#include "server/http/handlers.h"

#include "schemas/openapi.h"
#include "server/http/bridge.h"
#include "server/http/forecast_cache.h"
#include "server/http/metrics_text.h"
#include "server/http/response.h"
#include "server/http/tls.h"
#include "server/keys/keyring.h"

#include <microhttpd.h>

#define METRICS_BYTES_MAX ((size_t)1 << 20)

static const char ok[] = "ok\n";

static const char index_page[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>tstrm</title>\n"
    "<h1>tstrm</h1>\n<p>Forecasts of time series, over HTTP. This is version " TSTRM_VERSION ".</p>\n"
    "<ul>\n"
    "<li><a href=\"/v1/series\">/v1/series</a>: the series known here; behind it "
    "<code>/v1/series/{id}/forecast</code> and <code>/points</code></li>\n"
    "<li><a href=\"/v1/jobs\">/v1/jobs</a>: fits, waiting, running and ended</li>\n"
    "<li><a href=\"/v1/admin/stats\">/v1/admin/stats</a>: sizes and counters; <code>POST "
    "/v1/admin/backup</code></li>\n"
    "<li><a href=\"/v1/fleet\">/v1/fleet</a>: the weights all series share, and what they learned here</li>\n"
    "<li><a href=\"/openapi.json\">/openapi.json</a>: every endpoint, described</li>\n"
    "<li><a href=\"/readyz\">/readyz</a>, <a href=\"/livez\">/livez</a>, "
    "<a href=\"/metrics\">/metrics</a>: how it is doing</li>\n"
    "</ul>\n</html>\n";

void handle_livez(struct request *request)
{
    answer_static(request, MHD_HTTP_OK, TYPE_TEXT, ok, sizeof ok - 1);
}

void handle_readyz(struct request *request)
{
    struct err err;
    int status = request->http->draining ? err_set(&err, ERR_UNAVAILABLE, "shutting down")
                                         : service_ready(request->http->service, &err);
    if (status == 0)
        answer_static(request, MHD_HTTP_OK, TYPE_TEXT, ok, sizeof ok - 1);
    else
        request_refuse(request, &err);
}

void handle_metrics(struct request *request)
{
    const struct http *http = request->http;
    struct writer writer;
    struct metrics_input input = {.counters = http->counters, .version = TSTRM_VERSION};
    service_stats(http->service, &input.service);
    input.cache = forecast_cache_stats(http->cache);
    input.keys_on = http->keyring != NULL && keyring_on(http->keyring);
    input.keys_n = http->keyring == NULL ? 0 : keyring_count(http->keyring);
    if (tls_pair_in_use() != NULL)
        input.certificate_expiry_s = tls_pair_expiry_s(tls_pair_in_use());
    input.connections_n = bridge_connections(http->bridge)->n;
    input.requests_n = http->requests_n;
    input.streams_n = http->events.n;
    input.clients_n = http->clients.n;
    input.memory = &http->memory;
    input.inflight_bytes = http->inflight_bytes;
    process_numbers_read(&input.process);
    input.process.started_s = (double)http->started_ms / 1000;
    writer_init(&writer, METRICS_BYTES_MAX);
    metrics_write(&writer, &input);
    answer_writer(request, MHD_HTTP_OK, TYPE_METRICS, &writer);
}

void handle_openapi(struct request *request)
{
    answer_static(request, MHD_HTTP_OK, TYPE_JSON, schemas_openapi_json, schemas_openapi_json_n);
}

void handle_index(struct request *request)
{
    answer_static(request, MHD_HTTP_OK, TYPE_HTML, index_page, sizeof index_page - 1);
    answer_header(request, "Content-Security-Policy",
                  "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
    answer_header(request, "Referrer-Policy", "no-referrer");
}
