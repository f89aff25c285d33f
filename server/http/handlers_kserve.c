/* What KServe's clients ask for. See handlers.h. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/kserve.h"
#include "server/http/response.h"

#include <microhttpd.h>

#define KSERVE_WAIT_MS 120000
#define KSERVE_BUDGET_MS (KSERVE_WAIT_MS - 10000)

/* Ids differ between answers and, by the wall clock, between runs. */
static uint64_t next_id(void)
{
    return clock_mono_ns() ^ (uint64_t)clock_wall_ms() << 24;
}

static void answer_request(struct request *request, const struct kserve_request *asked,
                           const struct stateless_batch *batch)
{
    char *bytes;
    size_t n;
    struct err err;
    if (kserve_write(asked, batch, next_id(), clock_wall_ms(), &bytes, &n, &err) != 0)
        request_refuse(request, &err);
    else
        answer_bytes(request, MHD_HTTP_OK, TYPE_JSON, bytes, n);
}

static void on_done(void *ctx, const struct err *err, struct stateless_batch *batch)
{
    struct wait *wait = ctx;
    struct kserve_request *asked = wait->data;
    wait->data = NULL;
    struct request *request = wait_succeed(wait, err);
    if (request != NULL)
        answer_request(request, asked, batch);
    kserve_request_free(asked);
    stateless_batch_free(batch);
}

void handle_kserve_forecast(struct request *request)
{
    struct kserve_request *asked;
    struct stateless_batch *batch;
    struct err err;
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    if (kserve_parse(body, request->body.n, &asked, &batch, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct wait *wait = wait_new(request, KSERVE_WAIT_MS);
    batch->deadline_ns = clock_mono_ns() + (uint64_t)KSERVE_BUDGET_MS * 1000000;
    if (wait != NULL && service_forecast_stateless(request->http->service, batch, on_done, wait, &err) == 0) {
        wait->data = asked;
        return;
    }
    kserve_request_free(asked);
    stateless_batch_free(batch);
    if (wait != NULL)
        wait_fail(wait, &err);
}

void handle_kserve_models(struct request *request)
{
    static const char text[] = "[\"" KSERVE_MODEL "\"]";
    answer_static(request, MHD_HTTP_OK, TYPE_JSON, text, sizeof text - 1);
}

void handle_kserve_live(struct request *request)
{
    static const char text[] = "{\"live\":true}";
    answer_static(request, MHD_HTTP_OK, TYPE_JSON, text, sizeof text - 1);
}

/* The protocol's text calls the field "live" here too, its servers "ready". */
void handle_kserve_ready(struct request *request)
{
    static const char text[] = "{\"ready\":true,\"live\":true}";
    struct err err;
    int status = request->http->draining ? err_set(&err, ERR_UNAVAILABLE, "shutting down")
                                         : service_ready(request->http->service, &err);
    if (status == 0)
        answer_static(request, MHD_HTTP_OK, TYPE_JSON, text, sizeof text - 1);
    else
        request_refuse(request, &err);
}
