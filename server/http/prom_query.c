/* /api/v1/query and /api/v1/query_range: parameters, the query, its streams, their samples, the
 * answer. An instant query is a range of one time. See handlers.h. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/prom_answer.h"
#include "server/http/prom_gather.h"
#include "server/http/prom_params.h"
#include "server/http/response.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

/* The longest wait for the store and the forecasts of one query. */
#define QUERY_WAIT_MS 30000

struct query {
    struct prom_gather gather;
    struct promql *promql;
    struct wait *wait; /* NULL: nothing is gathered */
    bool instant;
    size_t limit;
};

static void query_free(struct query *query)
{
    if (query == NULL)
        return;
    prom_streams_done(&query->gather.streams);
    promql_free(query->promql);
    free(query);
}

/* ---- the answer ---- */

static bool write_samples_or_answer(struct query *query, struct writer *writer, struct err *err)
{
    const struct prom_streams *streams = &query->gather.streams;
    struct promql_answer answer;
    if (query->promql->root->type == PROMQL_MATRIX)
        return prom_write_samples(writer, query->promql->selector, streams, query->gather.span.end,
                                  query->limit);
    struct promql_series *series = malloc((streams->n + 1) * sizeof *series);
    if (series == NULL) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        return false;
    }
    for (size_t i = 0; i < streams->n; i++) {
        const struct prom_stream *stream = streams->at[i];
        series[i] = (struct promql_series){stream->labels, stream->label_n, stream->samples,
                                           stream->sample_n, stream->interval_ms};
    }
    int status =
        promql_evaluate(query->promql, series, streams->n, &query->gather.span, &answer, err);
    free(series);
    if (status != 0)
        return false;
    bool cut =
        prom_write_answer(writer, &answer, &query->gather.span, query->instant, query->limit);
    promql_answer_done(&answer);
    return cut;
}

static void answer_query(struct request *request, struct query *query)
{
    struct writer writer;
    struct err err = {.code = ERR_NONE};
    writer_init(&writer, PROM_BYTES_MAX);
    prom_answer_begin(&writer);
    bool cut = write_samples_or_answer(query, &writer, &err);
    prom_answer_end(&writer, cut ? "results truncated due to limit" : NULL);
    if (err.code == ERR_NONE) {
        answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &writer);
        return;
    }
    writer_done(&writer);
    request_refuse(request, &err);
}

static bool is_wanted(const struct prom_gather *gather)
{
    const struct query *query = gather->ctx;
    return query->wait->request != NULL;
}

static void gathered(struct prom_gather *gather, const struct err *err)
{
    struct query *query = gather->ctx;
    struct request *request = wait_succeed(query->wait, err);
    if (request != NULL)
        answer_query(request, query);
    query_free(query);
}

/* ---- the question ---- */

static int read_promql(const struct prom_params *params, struct query *query, struct err *err)
{
    const char *text = prom_param(params, "query");
    text = text == NULL ? "" : text;
    if (promql_parse(text, strlen(text), &query->promql, err) != 0)
        return err->code == ERR_SYNTAX ? err_wrap(err, "invalid parameter \"query\"") : -1;
    if (query->promql->root->type == PROMQL_MATRIX && !query->instant)
        return err_set(err, ERR_SYNTAX,
                       "invalid parameter \"query\": invalid expression type \"range vector\" for "
                       "range query, "
                       "must be Scalar or instant Vector");
    return 0;
}

static int require(const struct prom_params *params, const char *name, struct err *err)
{
    const char *value = prom_param(params, name);
    if (value != NULL && *value != '\0')
        return 0;
    return err_set(err, ERR_SYNTAX, "invalid parameter \"%s\": it is missing", name);
}

static int read_span(const struct prom_params *params, struct query *query, struct err *err)
{
    struct promql_span *span = &query->gather.span;
    int64_t timeout_ms = QUERY_WAIT_MS;
    *span = (struct promql_span){.lookback_ms = PROMQL_LOOKBACK_MS, .step_ms = 1};
    if (prom_param_duration(params, "lookback_delta", &span->lookback_ms, err) != 0 ||
        prom_param_duration(params, "timeout", &timeout_ms, err) != 0)
        return -1;
    if (span->lookback_ms <= 0)
        return err_set(err, ERR_SYNTAX,
                       "invalid parameter \"lookback_delta\": it must be positive");
    if (query->instant) {
        span->start = query->gather.now;
        if (prom_param_time(params, "time", &span->start, err) != 0)
            return -1;
        span->end = span->start;
        return 0;
    }
    if (require(params, "start", err) != 0 || require(params, "end", err) != 0 ||
        require(params, "step", err) != 0 ||
        prom_param_time(params, "start", &span->start, err) != 0 ||
        prom_param_time(params, "end", &span->end, err) != 0 ||
        prom_param_duration(params, "step", &span->step_ms, err) != 0)
        return -1;
    return promql_span_check(span, err);
}

static int read_query(struct request *request, struct query *query, struct err *err)
{
    struct prom_params params;
    if (prom_params_read(request, &params, err) != 0)
        return -1;
    int status = -1;
    if (read_span(&params, query, err) == 0 && prom_param_limit(&params, &query->limit, err) == 0 &&
        read_promql(&params, query, err) == 0)
        status = query->promql->selector == NULL
                     ? 0
                     : prom_select(request->http->service, query->promql->selector,
                                   &query->gather.streams, err);
    prom_params_done(&params);
    return status;
}

/* query is taken. */
static void gather(struct request *request, struct query *query)
{
    query->gather.service = request->http->service;
    query->gather.selector = query->promql->selector;
    query->gather.done = gathered;
    query->gather.wanted = is_wanted;
    query->gather.ctx = query;
    query->wait = wait_new(request, QUERY_WAIT_MS);
    if (query->wait == NULL)
        query_free(query);
    else
        prom_gather_run(&query->gather);
}

static void handle(struct request *request, bool instant)
{
    struct err err;
    struct query *query = calloc(1, sizeof *query);
    if (query == NULL) {
        err_set(&err, ERR_NO_MEMORY, "out of memory");
        request_refuse(request, &err);
        return;
    }
    query->instant = instant;
    query->gather.now = clock_wall_ms();
    if (read_query(request, query, &err) != 0) {
        request_refuse(request, &err);
        query_free(query);
    } else if (query->gather.streams.n == 0) {
        answer_query(request, query);
        query_free(query);
    } else {
        gather(request, query);
    }
}

void handle_prom_query(struct request *request)
{
    handle(request, true);
}

void handle_prom_query_range(struct request *request)
{
    handle(request, false);
}
