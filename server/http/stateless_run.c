/* The stages: read → computed → written, each with its request or without one. See stateless_run.h. */
#include "server/http/stateless_run.h"

#include "server/base/clock.h"
#include "server/http/away.h"
#include "server/http/client.h"
#include "server/http/response.h"

#include <malloc.h>
#include <microhttpd.h>
#include <stdlib.h>

/* Numbers of an answer from which on it is written away: some milliseconds. */
#define FAR_NUMBERS 10000
/* A tree after which memory is given back. */
#define LARGE_TREE ((size_t)32 << 20)

static void run_free(struct stateless_run *run)
{
    if (run->asked != NULL)
        run->form->free_asked(run->asked);
    stateless_batch_free(run->batch);
    free(run->body);
    free(run->answer);
    free(run);
}

/* Whether to go on. Where not, the run is gone. */
static bool go_on(struct stateless_run *run, struct request *request)
{
    if (request != NULL && run->err.code == ERR_NONE)
        return true;
    if (request != NULL)
        request_refuse(request, &run->err);
    run_free(run);
    return false;
}

/* ---- written ---- */

static void work_write(void *ctx)
{
    struct stateless_run *run = ctx;
    if (run->form->write(run, &run->answer, &run->answer_n, &run->err) == 0)
        run->err.code = ERR_NONE;
}

static void on_written(void *ctx, struct request *request)
{
    struct stateless_run *run = ctx;
    if (!go_on(run, request))
        return;
    answer_bytes(request, MHD_HTTP_OK, TYPE_JSON, run->answer, run->answer_n);
    run->answer = NULL;
    run_free(run);
}

static size_t numbers_of(const struct stateless_batch *batch)
{
    size_t n = 0;
    for (size_t i = 0; i < batch->n && n < FAR_NUMBERS; i++)
        n += batch->items[i].answer.forecast == NULL
                 ? 1
                 : batch->items[i].answer.forecast->horizon * (1 + batch->ask.level_n);
    return n;
}

/* ---- computed ---- */

static void on_computed(void *ctx, const struct err *err, struct stateless_batch *batch)
{
    struct wait *wait = ctx;
    struct stateless_run *run = wait->data;
    wait->data = NULL;
    run->batch = batch;
    if (err != NULL)
        run->err = *err;
    struct request *request = wait_end(wait);
    if (go_on(run, request))
        away_begin(request, numbers_of(batch) >= FAR_NUMBERS, work_write, on_written, run);
}

static void compute(struct stateless_run *run, struct request *request)
{
    struct wait *wait = wait_new(request, STATELESS_WAIT_MS);
    struct stateless_batch *batch = run->batch;
    if (wait == NULL) {
        run_free(run);
        return;
    }
    if (run->form->budget)
        batch->deadline_ns = clock_mono_ns() + (uint64_t)STATELESS_BUDGET_MS * 1000000;
    wait->data = run;
    service_asked_by(run->service, request->client); /* large bodies: the handler has returned long ago */
    int rc = service_forecast_stateless(run->service, batch, on_computed, wait, &run->err);
    service_asked_by(run->service, CLIENT_NOBODY);
    if (rc == 0)
        return;
    wait->data = NULL;
    wait_fail(wait, &run->err);
    run_free(run);
}

/* ---- read ---- */

/* The allocator keeps what a large tree had; given back here, it holds up nobody. */
static void work_parse(void *ctx)
{
    struct stateless_run *run = ctx;
    if (run->form->parse(run, run->body, run->body_n, &run->err) == 0)
        run->err.code = ERR_NONE;
    if (run->tree_bytes >= LARGE_TREE)
        malloc_trim(0);
}

static void on_parsed(void *ctx, struct request *request)
{
    struct stateless_run *run = ctx;
    if (request != NULL)
        request_uncharge(request, run->tree_bytes);
    free(run->body);
    run->body = NULL;
    if (go_on(run, request))
        compute(run, request);
}

/* The body, also where it was empty. */
static bool take_body(struct stateless_run *run, struct body *body)
{
    run->body = body->n > 0 ? body->bytes : calloc(1, 1);
    run->body_n = body->n;
    if (body->n > 0)
        body->bytes = NULL;
    body->n = body->size = 0;
    return run->body != NULL;
}

void stateless_run_begin(struct request *request, const struct stateless_form *form, int task)
{
    struct err err;
    size_t tree_bytes = request->body.weight.bytes;
    if (request_charge(request, tree_bytes, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct stateless_run *run = calloc(1, sizeof *run);
    if (run == NULL || !take_body(run, &request->body)) {
        free(run);
        err_set(&err, ERR_NO_MEMORY, "out of memory");
        request_refuse(request, &err);
        return;
    }
    run->form = form;
    run->task = task;
    run->service = request->http->service;
    run->zones = service_zones(run->service);
    run->tree_bytes = tree_bytes;
    away_begin(request, run->body_n >= AWAY_BYTES, work_parse, on_parsed, run);
}
