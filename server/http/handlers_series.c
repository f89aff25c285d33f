/* Series: create, change, show, list, delete. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/handler_tools.h"
#include "server/http/list_csv.h"
#include "server/http/query.h"
#include "server/http/response.h"
#include "server/http/series_answer.h"
#include "server/http/settings_json.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

/* A series with all its labels, escaped, and its numbers. */
#define SERIES_BYTES_MAX ((size_t)256 << 10)

void answer_series(struct request *request, unsigned status)
{
    struct series_view view;
    struct writer writer;
    struct err err;
    enum time_form form;
    if (!param_time_form(request, &form))
        return;
    if (service_get_series(request->http->service, request_id(request), &view, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    writer_init(&writer, SERIES_BYTES_MAX);
    series_json_write(&writer, &view, form);
    answer_writer(request, status, TYPE_JSON, &writer);
}

void handle_get_series(struct request *request)
{
    answer_series(request, MHD_HTTP_OK);
}

static void on_put(void *ctx, const struct err *err, const struct series_put_result *result)
{
    struct request *request = wait_succeed(ctx, err);
    if (request != NULL)
        answer_series(request, result->created ? MHD_HTTP_CREATED : MHD_HTTP_OK);
}

void handle_put_series(struct request *request)
{
    struct series_patch patch;
    struct err err;
    enum time_form form; /* looked at before anything is changed */
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    if (!param_time_form(request, &form))
        return;
    if (settings_json_parse(body, request->body.n, &patch, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait != NULL && service_put_series(request->http->service, request_id(request), &patch, on_put,
                                           wait, &err) != 0)
        wait_fail(wait, &err);
    series_settings_done(&patch.settings);
}

static void on_delete(void *ctx, const struct err *err)
{
    struct request *request = wait_succeed(ctx, err);
    if (request != NULL)
        answer_empty(request, MHD_HTTP_NO_CONTENT);
}

void handle_delete_series(struct request *request)
{
    struct err err;
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait != NULL &&
        service_delete_series(request->http->service, request_id(request), on_delete, wait, &err) != 0)
        wait_fail(wait, &err);
}

/* ---- the list ---- */

struct page {
    struct writer writer;
    enum time_form form;
    unsigned media;
    size_t limit, n;
    char last[SERIES_ID_MAX + 1]; /* id of the last one shown */
    bool more;
};

static bool add_series(void *ctx, const struct series_view *view)
{
    struct page *page = ctx;
    if (page->n == page->limit) {
        page->more = true;
        return false;
    }
    if (page->media == MEDIA_CSV)
        series_csv_write(&page->writer, view, page->form);
    else
        series_json_write(&page->writer, view, page->form);
    memcpy(page->last, view->id, strlen(view->id) + 1);
    page->n++;
    return true;
}

/* The repeated parameter `label`. Returns how many, or -1 with *err. */
static int read_labels(const struct request *request, struct series_label *labels, struct err *err)
{
    int n = 0;
    for (size_t i = 0; i < request->uri.param_n; i++) {
        const struct uri_param *param = &request->uri.param[i];
        if (strcmp(param->name, "label") != 0)
            continue;
        if (n == SERIES_LABELS_MAX) {
            err_set(err, ERR_INVALID, "at most %d labels may be asked for", SERIES_LABELS_MAX);
            return err_at(err, "label");
        }
        if (query_label("label", param->value, &labels[n], err) != 0)
            return -1;
        n++;
    }
    return n;
}

static void list(struct request *request, struct page *page, const struct series_label *labels,
                 size_t label_n)
{
    const char *cursor = request_param(request, "cursor"), *prefix = request_param(request, "prefix");
    if (page->media == MEDIA_CSV)
        series_csv_head(&page->writer);
    else
        list_open(&page->writer, "series");
    service_list_series(request->http->service, cursor, prefix, labels, label_n, add_series, page);
    answer_list(request, &page->writer, page->media, page->more ? page->last : NULL);
}

void handle_list_series(struct request *request)
{
    struct page page = {.n = 0};
    struct series_label *labels = calloc(SERIES_LABELS_MAX, sizeof *labels);
    struct err err;
    writer_init(&page.writer, LIST_BYTES_MAX);
    if (labels == NULL)
        err_set(&err, ERR_NO_MEMORY, "out of memory");
    int label_n = labels == NULL ? -1 : read_labels(request, labels, &err);
    if (label_n < 0)
        request_refuse(request, &err);
    else if (param_limit(request, PAGE_MAX, PAGE_DEFAULT, &page.limit) &&
             param_time_form(request, &page.form) && param_media(request, list_media, 2, &page.media))
        list(request, &page, labels, (size_t)label_n);
    free(labels);
}
