/* POST …/fit and …/backtest in their two halves: until the job is durable, and, where the client prefers to
 * wait, until it has ended. The wait is one and the same; its deadline and what happens then change in
 * between. See handlers.h. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/backtest_json.h"
#include "server/http/handler_tools.h"
#include "server/http/job_answer.h"
#include "server/http/response.h"
#include "server/http/settings_json.h"

#include <microhttpd.h>
#include <stdio.h>

#define PREFER_WAIT_MAX_S 60

static void answer_fit(struct request *request, const char *job_id)
{
    answer_job(request, job_id, MHD_HTTP_ACCEPTED);
}

/* The client's patience ends before the job. */
static void on_impatient(struct wait *wait)
{
    char job_id[sizeof wait->job_id];
    snprintf(job_id, sizeof job_id, "%s", wait->job_id);
    service_unwatch_job(wait->request->http->service, wait->watch);
    answer_fit(wait_end(wait), job_id);
}

static void on_job_end(void *ctx)
{
    struct wait *wait = ctx;
    char job_id[sizeof wait->job_id];
    snprintf(job_id, sizeof job_id, "%s", wait->job_id);
    struct request *request = wait_end(wait);
    if (request != NULL)
        answer_fit(request, job_id);
}

/* Begins the second half. Returns whether it has begun. */
static bool wait_for_end(struct wait *wait, const char *job_id, unsigned seconds)
{
    struct err ignored; /* the job stands: the answer is 202 then */
    if (service_watch_job(wait->request->http->service, job_id, on_job_end, wait, &wait->watch,
                          &ignored) != 0)
        return false;
    snprintf(wait->job_id, sizeof wait->job_id, "%s", job_id);
    wait->deadline_ns = clock_mono_ns() + (uint64_t)seconds * 1000000000;
    wait->expire = on_impatient;
    return true;
}

static void on_queued(void *ctx, const struct err *err, const char *job_id)
{
    struct wait *wait = ctx;
    bool failed = err != NULL && err->code != ERR_NONE;
    unsigned seconds = wait->request == NULL ? 0 : prefer_wait_s(wait->request->headers.prefer);
    if (seconds > PREFER_WAIT_MAX_S)
        seconds = PREFER_WAIT_MAX_S;
    if (!failed && seconds > 0 && wait_for_end(wait, job_id, seconds))
        return;
    struct request *request = wait_end(wait);
    if (request == NULL)
        return;
    if (failed)
        request_refuse(request, err);
    else
        answer_fit(request, job_id);
}

void handle_post_fit(struct request *request)
{
    struct fit_ask ask;
    enum time_form form; /* looked at before anything is begun */
    struct err err;
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    if (!param_time_form(request, &form))
        return;
    if (fit_json_parse(body, request->body.n, &ask, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait != NULL &&
        service_fit_as(request->http->service, request_id(request), &ask, on_queued, wait, &err) != 0)
        wait_fail(wait, &err);
}

void handle_post_backtest(struct request *request)
{
    struct backtest_ask ask;
    enum time_form form; /* looked at before anything is begun */
    struct err err;
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    if (!param_time_form(request, &form))
        return;
    if (backtest_json_parse(body, request->body.n, &ask, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait != NULL &&
        service_backtest(request->http->service, request_id(request), &ask, on_queued, wait, &err) != 0)
        wait_fail(wait, &err);
}
