/* What clients of TimeGPT ask for: parsed and written here, computed on a worker. Any API key is taken, for
 * there are none yet. See handlers.h. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/handler_tools.h"
#include "server/http/response.h"
#include "server/http/timegpt.h"
#include "server/keys/keyring.h"

#include <microhttpd.h>
#include <stdlib.h>

/* A batch gives up before its client is told that nothing came. */
#define TIMEGPT_WAIT_MS 120000
#define TIMEGPT_BUDGET_MS (TIMEGPT_WAIT_MS - 10000)

static void answer_request(struct request *request, const struct timegpt_request *asked,
                           const struct stateless_batch *batch)
{
    char *bytes;
    size_t n;
    struct err err;
    if (timegpt_write(asked, batch, &bytes, &n, &err) != 0)
        request_refuse(request, &err);
    else
        answer_bytes(request, MHD_HTTP_OK, TYPE_JSON, bytes, n);
}

static void on_done(void *ctx, const struct err *err, struct stateless_batch *batch)
{
    struct wait *wait = ctx;
    struct timegpt_request *asked = wait->data;
    wait->data = NULL;
    struct request *request = wait_succeed(wait, err);
    if (request != NULL)
        answer_request(request, asked, batch);
    timegpt_request_free(asked);
    stateless_batch_free(batch);
}

static void ask(struct request *request, enum timegpt_task task)
{
    struct timegpt_request *asked;
    struct stateless_batch *batch;
    struct err err;
    char empty[1] = "";
    char *body = request->body.n == 0 ? empty : request->body.bytes;
    if (timegpt_parse(task, body, request->body.n, &asked, &batch, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct wait *wait = wait_new(request, TIMEGPT_WAIT_MS);
    batch->deadline_ns = clock_mono_ns() + (uint64_t)TIMEGPT_BUDGET_MS * 1000000;
    if (wait != NULL && service_forecast_stateless(request->http->service, batch, on_done, wait, &err) == 0) {
        wait->data = asked;
        return;
    }
    timegpt_request_free(asked);
    stateless_batch_free(batch);
    if (wait != NULL)
        wait_fail(wait, &err);
}

void handle_timegpt_forecast(struct request *request)
{
    ask(request, TIMEGPT_FORECAST);
}

void handle_timegpt_cross_validation(struct request *request)
{
    ask(request, TIMEGPT_CROSS_VALIDATION);
}

void handle_timegpt_anomaly(struct request *request)
{
    ask(request, TIMEGPT_ANOMALY);
}

void handle_timegpt_online_anomaly(struct request *request)
{
    ask(request, TIMEGPT_ONLINE_ANOMALY);
}

void handle_timegpt_historic(struct request *request)
{
    ask(request, TIMEGPT_HISTORIC);
}

/* ---- small answers ---- */

static void answer_params(struct request *request, const char *freq, const char *place)
{
    char *bytes;
    size_t n;
    struct err err;
    if (timegpt_write_params(freq, place, &bytes, &n, &err) != 0)
        request_refuse(request, &err);
    else
        answer_bytes(request, MHD_HTTP_OK, TYPE_JSON, bytes, n);
}

void handle_timegpt_get_params(struct request *request)
{
    const char *freq = request_param(request, "freq");
    answer_params(request, freq == NULL ? "" : freq, "freq");
}

void handle_timegpt_post_params(struct request *request)
{
    char freq[64];
    struct err err;
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    if (timegpt_parse_params(body, request->body.n, freq, sizeof freq, &err) != 0)
        request_refuse(request, &err);
    else
        answer_params(request, freq, "/freq");
}

void handle_timegpt_key(struct request *request)
{
    static const char any[] = "{\"status\":200,\"message\":\"success\",\"detail\":\"every API key is "
                              "accepted: this daemon asks for none\"}";
    static const char right[] = "{\"status\":200,\"message\":\"success\",\"detail\":\"the API key is "
                                "accepted\"}";
    const struct keyring *keyring = request->http->keyring;
    if (keyring != NULL && keyring_on(keyring))
        answer_static(request, MHD_HTTP_OK, TYPE_JSON, right, sizeof right - 1);
    else
        answer_static(request, MHD_HTTP_OK, TYPE_JSON, any, sizeof any - 1);
}

void handle_timegpt_models(struct request *request)
{
    static const char text[] = "{\"models\":[{\"name\":\"" TIMEGPT_MODEL "\"}]}";
    answer_static(request, MHD_HTTP_OK, TYPE_JSON, text, sizeof text - 1);
}
