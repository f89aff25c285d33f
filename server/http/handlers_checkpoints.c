/* The models that a series had: list them, make one answer again. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/forecast_writer.h"
#include "server/http/handler_tools.h"
#include "server/http/query.h"
#include "server/http/response.h"
#include "server/http/series_answer.h"

#include <microhttpd.h>

#define CHECKPOINTS_BYTES_MAX ((size_t)64 << 10)

static void write_checkpoint(struct writer *writer, const struct checkpoint_view *view,
                             enum time_form form)
{
    writer_open(writer, '{');
    writer_key(writer, "version");
    writer_int(writer, (int64_t)view->version);
    writer_key(writer, "created_at");
    writer_time(writer, view->created_at, form);
    writer_key(writer, "bytes");
    writer_int(writer, (int64_t)view->bytes);
    writer_key(writer, "kind");
    writer_string(writer, view->model == NULL ? "damaged" : trm_kind_name(view->model->config.kind));
    writer_key(writer, "answers");
    writer_bool(writer, view->answers);
    writer_key(writer, "obstacle");
    writer_string(writer, view->obstacle[0] == '\0' ? NULL : view->obstacle);
    writer_key(writer, "trained_on");
    view->model == NULL ? writer_null(writer) : writer_int(writer, (int64_t)view->model->trained_n);
    forecast_write_scores(writer, view->model, NULL); /* its own: not what came of what was said since */
    writer_close(writer, '}');
}

static void on_list(void *ctx, const struct err *err, const struct checkpoint_view *views, size_t n)
{
    struct request *request = wait_succeed(ctx, err);
    struct writer writer;
    enum time_form form;
    if (request == NULL || !param_time_form(request, &form))
        return;
    writer_init(&writer, CHECKPOINTS_BYTES_MAX);
    writer_open(&writer, '{');
    writer_key(&writer, "series");
    writer_string(&writer, request_id(request));
    writer_key(&writer, "checkpoints");
    writer_open(&writer, '[');
    for (size_t i = 0; i < n; i++)
        write_checkpoint(&writer, &views[i], form);
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &writer);
}

void handle_list_checkpoints(struct request *request)
{
    enum time_form form; /* looked at before anything is read */
    struct err err;
    if (!param_time_form(request, &form))
        return;
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait != NULL && service_list_checkpoints(request->http->service, request_id(request), on_list,
                                                 wait, &err) != 0)
        wait_fail(wait, &err);
}

static void on_restored(void *ctx, const struct err *err)
{
    struct request *request = wait_succeed(ctx, err);
    if (request != NULL)
        answer_series(request, MHD_HTTP_OK);
}

void handle_restore_checkpoint(struct request *request)
{
    enum time_form form; /* looked at before anything is changed */
    int64_t version;
    struct err err;
    if (!param_time_form(request, &form))
        return;
    if (query_int("version", request_part(request, "version"), 1, INT64_MAX, &version, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait != NULL && service_restore_checkpoint(request->http->service, request_id(request),
                                                   (uint64_t)version, on_restored, wait, &err) != 0)
        wait_fail(wait, &err);
}
