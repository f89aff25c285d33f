/* POST /v1/forecast: parsed here, computed on a worker, written here. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/handler_tools.h"
#include "server/http/response.h"
#include "server/http/stateless_json.h"

#include <microhttpd.h>
#include <stdlib.h>

#define STATELESS_WAIT_MS 120000

static void answer_batch(struct request *request, const struct stateless_batch *batch,
                         const struct forecast_params *params)
{
    char *bytes;
    size_t n;
    struct err err;
    if (stateless_json_write(batch, params, problem_write_entry, &bytes, &n, &err) != 0)
        request_refuse(request, &err);
    else
        answer_bytes(request, MHD_HTTP_OK, TYPE_JSON, bytes, n);
}

static void on_done(void *ctx, const struct err *err, struct stateless_batch *batch)
{
    struct wait *wait = ctx;
    struct forecast_params params = *(struct forecast_params *)wait->data;
    struct request *request = wait_end(wait);
    if (request != NULL && err != NULL && err->code != ERR_NONE)
        request_refuse(request, err);
    else if (request != NULL)
        answer_batch(request, batch, &params);
    stateless_batch_free(batch);
}

void handle_post_forecast(struct request *request)
{
    struct stateless_batch *batch;
    struct err err;
    struct forecast_params *params = malloc(sizeof *params);
    if (params == NULL)
        err_set(&err, ERR_NO_MEMORY, "out of memory");
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    if (params == NULL || stateless_json_parse(body, request->body.n, service_zones(request->http->service),
                                               &batch, params, &err) != 0) {
        request_refuse(request, &err);
        free(params);
        return;
    }
    struct wait *wait = wait_new(request, STATELESS_WAIT_MS);
    if (wait == NULL) {
        stateless_batch_free(batch);
        free(params);
        return;
    }
    wait->data = params;
    if (service_forecast_stateless(request->http->service, batch, on_done, wait, &err) != 0) {
        stateless_batch_free(batch);
        wait_fail(wait, &err);
    }
}
