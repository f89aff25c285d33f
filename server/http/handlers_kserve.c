/* What KServe's clients ask for. See handlers.h. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/kserve.h"
#include "server/http/response.h"
#include "server/http/stateless_run.h"

#include <microhttpd.h>

/* Ids differ between answers and, by the wall clock, between runs. */
static uint64_t next_id(void)
{
    return clock_mono_ns() ^ (uint64_t)clock_wall_ms() << 24;
}

static int parse(struct stateless_run *run, char *body, size_t n, struct err *err)
{
    struct kserve_request *asked;
    if (kserve_parse(body, n, &asked, &run->batch, err) != 0)
        return -1;
    run->asked = asked;
    return 0;
}

static int write_answer(const struct stateless_run *run, char **ret, size_t *ret_n, struct err *err)
{
    return kserve_write(run->asked, run->batch, next_id(), clock_wall_ms(), ret, ret_n, err);
}

static void free_asked(void *asked)
{
    kserve_request_free(asked);
}

static const struct stateless_form form = {
    .parse = parse, .write = write_answer, .free_asked = free_asked, .budget = true};

void handle_kserve_forecast(struct request *request)
{
    stateless_run_begin(request, &form, 0);
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
