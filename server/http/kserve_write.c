/* KServe's answer. See kserve.h. */
#include "server/http/forecast_writer.h"
#include "server/http/kserve_parts.h"
#include "server/http/number.h"
#include "server/http/stateless_json.h"

#include <stdio.h>

/* ---- numbers ---- */

/* What is shown of one item: its median, or a quantile. */
static const double *line_of(const struct stateless_item *item, const double *level)
{
    const double *quantile = level == NULL ? NULL : forecast_quantile(&item->answer, *level);
    return quantile == NULL ? item->answer.forecast->median : quantile;
}

/* A list of numbers, or of rows with one number for each variable. */
static void write_lines(struct writer *w, const struct kserve_input *input,
                        const struct stateless_batch *batch, const double *level)
{
    const struct stateless_item *item = &batch->items[input->item];
    writer_open(w, '[');
    for (size_t lead = 0; lead < item->answer.forecast->horizon; lead++) {
        if (input->multivariate)
            writer_open(w, '[');
        for (size_t i = 0; i < input->item_n; i++)
            writer_number(w, line_of(&item[i], level)[lead]);
        if (input->multivariate)
            writer_close(w, ']');
    }
    writer_close(w, ']');
}

static void write_quantiles(struct writer *w, const struct kserve_request *request,
                            const struct kserve_input *input, const struct stateless_batch *batch)
{
    char key[NUMBER_TEXT_MAX];
    writer_key(w, "quantiles");
    if (request->params.quantile_n == 0) {
        writer_null(w);
        return;
    }
    writer_open(w, '{');
    for (size_t i = 0; i < request->params.quantile_n; i++) {
        number_format(request->params.quantiles[i], key);
        writer_key(w, key);
        write_lines(w, input, batch, &request->params.quantiles[i]);
    }
    writer_close(w, '}');
}

/* The first lead's time. It must be a text there: "" where the series came without a start. */
static void write_start(struct writer *w, const struct forecast_answer *answer)
{
    writer_key(w, "start_timestamp");
    if (answer->has_time)
        writer_time(w, trm_grid_time(&answer->grid, answer->first_step), TIME_RFC3339);
    else
        writer_string(w, "");
}

static void write_content(struct writer *w, const struct kserve_request *request,
                          const struct kserve_input *input, const struct stateless_batch *batch)
{
    writer_open(w, '{');
    writer_key(w, "type");
    writer_string(w, input->multivariate ? "multivariate_time_series" : "univariate_time_series");
    writer_key(w, "name");
    writer_string(w, input->name);
    writer_key(w, "mean_forecast");
    write_lines(w, input, batch, NULL);
    writer_key(w, "frequency");
    writer_string(w, input->frequency);
    write_start(w, &batch->items[input->item].answer);
    write_quantiles(w, request, input, batch);
    writer_close(w, '}');
}

/* ---- errors ---- */

static void write_error(struct writer *w, enum problem_kind kind, const struct err *err)
{
    char code[16];
    unsigned status = problem_infos[kind].status;
    snprintf(code, sizeof code, "%u", status);
    writer_open(w, '{');
    writer_key(w, "code");
    writer_string(w, code);
    writer_key(w, "message");
    writer_string(w, err->msg);
    writer_key(w, "param");
    writer_string(w, err->place);
    writer_key(w, "type");
    writer_string(w, status < 500 ? "BadRequestError" : "InternalServerError");
    writer_close(w, '}');
}

void kserve_write_problem(struct writer *writer, const struct problem *problem, const char *instance)
{
    (void)instance;
    writer_open(writer, '{');
    writer_key(writer, "error");
    write_error(writer, problem->kind, &problem->err);
    writer_close(writer, '}');
}

/* The first of the input's items that failed, or NULL. */
static const struct err *failure_of(const struct kserve_input *input, const struct stateless_batch *batch)
{
    for (size_t i = 0; i < input->item_n; i++)
        if (batch->items[input->item + i].err.code != ERR_NONE)
            return &batch->items[input->item + i].err;
    return NULL;
}

static void write_failure(struct writer *w, const struct err *failure, size_t input)
{
    struct err err;
    if (failure == NULL) {
        writer_null(w);
        return;
    }
    err = *failure;
    err_at(&err, "/inputs/%zu/series", input);
    write_error(w, problem_kind_of(&err), &err);
}

/* ---- the whole ---- */

static void write_output(struct writer *w, const struct kserve_request *request, size_t i, uint64_t id,
                         const struct stateless_batch *batch)
{
    const struct kserve_input *input = &request->input[i];
    const struct err *failure = failure_of(input, batch);
    char text[48];
    snprintf(text, sizeof text, "ts_%016llx_%zu", (unsigned long long)id, i);
    writer_open(w, '{');
    writer_key(w, "type");
    writer_string(w, "time_series_forecast");
    writer_key(w, "id");
    writer_string(w, text);
    writer_key(w, "status");
    writer_string(w, failure == NULL ? "completed" : "error");
    writer_key(w, "content");
    writer_open(w, '[');
    if (failure == NULL)
        write_content(w, request, input, batch);
    writer_close(w, ']');
    writer_key(w, "error");
    write_failure(w, failure, i);
    writer_close(w, '}');
}

static const char *status_of(const struct kserve_request *request, const struct stateless_batch *batch)
{
    size_t failed = 0;
    for (size_t i = 0; i < request->input_n; i++)
        failed += failure_of(&request->input[i], batch) != NULL;
    return failed == 0 ? "completed" : failed == request->input_n ? "error" : "partial";
}

int kserve_write(const struct kserve_request *request, const struct stateless_batch *batch, uint64_t id,
                 int64_t now_ms, char **ret, size_t *ret_n, struct err *err)
{
    struct writer w;
    char text[32];
    snprintf(text, sizeof text, "resp_%016llx", (unsigned long long)id);
    writer_init(&w, STATELESS_ANSWER_MAX);
    writer_open(&w, '{');
    writer_key(&w, "id");
    writer_string(&w, text);
    writer_key(&w, "created_at");
    writer_int(&w, now_ms / 1000);
    writer_key(&w, "status");
    writer_string(&w, status_of(request, batch));
    writer_key(&w, "error");
    writer_null(&w);
    writer_key(&w, "model");
    writer_string(&w, request->model);
    writer_key(&w, "outputs");
    writer_open(&w, '[');
    for (size_t i = 0; i < request->input_n; i++)
        write_output(&w, request, i, id, batch);
    writer_close(&w, ']');
    writer_key(&w, "usage");
    writer_null(&w);
    writer_close(&w, '}');
    return writer_finish(&w, ret, ret_n, err);
}
