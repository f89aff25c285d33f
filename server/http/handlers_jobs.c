/* Jobs: show, list, cancel. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/handler_tools.h"
#include "server/http/job_answer.h"
#include "server/http/list_csv.h"
#include "server/http/response.h"
#include "server/http/settings_json.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>

#define JOB_BYTES_MAX ((size_t)128 << 10)

void answer_job(struct request *request, const char *job_id, unsigned unfinished)
{
    struct job_view view;
    struct writer writer;
    struct err err;
    enum time_form form;
    char location[JOB_ID_MAX + 16];
    if (!param_time_form(request, &form))
        return;
    if (service_get_job(request->http->service, job_id, &view, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    bool ended = view.row->state != JOB_PENDING && view.row->state != JOB_RUNNING;
    writer_init(&writer, JOB_BYTES_MAX);
    job_json_write(&writer, &view, form);
    answer_writer(request, ended ? MHD_HTTP_OK : unfinished, TYPE_JSON, &writer);
    if (ended || unfinished == MHD_HTTP_OK)
        return;
    snprintf(location, sizeof location, "/v1/jobs/%s", job_id);
    answer_header(request, MHD_HTTP_HEADER_LOCATION, location);
}

void handle_get_job(struct request *request)
{
    answer_job(request, request_id(request), MHD_HTTP_OK);
}

static void on_cancelled(void *ctx, const struct err *err)
{
    struct request *request = wait_succeed(ctx, err);
    if (request != NULL)
        answer_job(request, request_id(request), MHD_HTTP_OK);
}

void handle_cancel_job(struct request *request)
{
    enum time_form form; /* looked at before anything is cancelled */
    struct err err;
    if (!param_time_form(request, &form))
        return;
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait != NULL &&
        service_cancel_job(request->http->service, request_id(request), on_cancelled, wait, &err) != 0)
        wait_fail(wait, &err);
}

/* ---- the list ---- */

struct page {
    struct writer writer;
    enum time_form form;
    unsigned media;
    size_t limit, n;
    char last[JOB_ID_MAX + 1];
    bool more;
};

static bool add_job(void *ctx, const struct job_view *view)
{
    struct page *page = ctx;
    if (page->n == page->limit) {
        page->more = true;
        return false;
    }
    if (page->media == MEDIA_CSV)
        job_csv_write(&page->writer, view, page->form);
    else
        job_json_write(&page->writer, view, page->form);
    memcpy(page->last, view->row->id, sizeof page->last);
    page->n++;
    return true;
}

/* ?state=; -1 where it is absent. */
static bool param_state(struct request *request, int *ret)
{
    const char *value = request_param(request, "state");
    *ret = -1;
    if (value == NULL)
        return true;
    for (int state = JOB_PENDING; state <= JOB_CANCELLED; state++)
        if (strcmp(value, job_state_name((enum job_state)state)) == 0) {
            *ret = state;
            return true;
        }
    request_refuse_kind(request, PROBLEM_PARAMETER, "state",
                        "state must be pending, running, succeeded, failed or cancelled");
    return false;
}

/* A cursor is the id of a job; the job itself may have gone. */
static bool param_cursor(struct request *request)
{
    const char *cursor = request_param(request, "cursor");
    if (cursor == NULL || (strlen(cursor) == 16 && strspn(cursor, "0123456789abcdef") == 16))
        return true;
    request_refuse_kind(request, PROBLEM_PARAMETER, "cursor",
                        "cursor must be what \"next\" said in the page before");
    return false;
}

void handle_list_jobs(struct request *request)
{
    struct page page = {.n = 0};
    const char *series;
    int state;
    writer_init(&page.writer, LIST_BYTES_MAX);
    if (!param_limit(request, PAGE_MAX, PAGE_DEFAULT, &page.limit) ||
        !param_time_form(request, &page.form) || !param_state(request, &state) ||
        !param_cursor(request) || !param_series(request, &series) ||
        !param_media(request, list_media, 2, &page.media))
        return;
    if (page.media == MEDIA_CSV)
        jobs_csv_head(&page.writer);
    else
        list_open(&page.writer, "jobs");
    service_list_jobs(request->http->service, request_param(request, "cursor"), series, state, add_job,
                      &page);
    answer_list(request, &page.writer, page.media, page.more ? page.last : NULL);
}
