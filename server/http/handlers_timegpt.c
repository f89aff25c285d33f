/* What clients of TimeGPT ask for: parsed and written here, computed on a worker. Any API key is taken, for
 * there are none yet. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/handler_tools.h"
#include "server/http/response.h"
#include "server/http/stateless_run.h"
#include "server/http/timegpt.h"
#include "server/keys/keyring.h"

#include <microhttpd.h>

static int parse(struct stateless_run *run, char *body, size_t n, struct err *err)
{
    struct timegpt_request *asked;
    if (timegpt_parse((enum timegpt_task)run->task, body, n, &asked, &run->batch, err) != 0)
        return -1;
    run->asked = asked;
    return 0;
}

static int write_answer(const struct stateless_run *run, char **ret, size_t *ret_n, struct err *err)
{
    return timegpt_write(run->asked, run->batch, ret, ret_n, err);
}

static void free_asked(void *asked)
{
    timegpt_request_free(asked);
}

static const struct stateless_form form = {
    .parse = parse, .write = write_answer, .free_asked = free_asked, .budget = true};

static void ask(struct request *request, enum timegpt_task task)
{
    stateless_run_begin(request, &form, (int)task);
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
