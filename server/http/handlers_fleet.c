/* The shared weights and what they learned here: show, train now, go back. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/handler_tools.h"
#include "server/http/response.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>

#define FLEET_BYTES_MAX ((size_t)16 << 10)

/* 64 bits do not fit in a JSON number everywhere. */
static void write_identity(struct writer *writer, const char *key, const struct trm_base *base)
{
    char identity[17];
    snprintf(identity, sizeof identity, "%016" PRIx64, base->identity);
    writer_key(writer, key);
    writer_open(writer, '{');
    writer_key(writer, "name");
    writer_string(writer, base->name);
    writer_key(writer, "identity");
    writer_string(writer, identity);
    writer_key(writer, "networks");
    writer_int(writer, (int64_t)base->network_n);
    writer_key(writer, "parameters");
    writer_int(writer, (int64_t)(base->network_n * base->parameters));
    writer_close(writer, '}');
}

static void write_fleet(struct writer *writer, const struct fleet_view *view, enum time_form form)
{
    writer_open(writer, '{');
    writer_key(writer, "state");
    writer_string(writer, view->state);
    writer_key(writer, "progress");
    writer_number(writer, view->progress);
    write_identity(writer, "weights", view->base);
    write_identity(writer, "origin", view->origin);
    writer_key(writer, "version");
    writer_int(writer, (int64_t)view->version);
    writer_key(writer, "published_at");
    view->version > 0 ? writer_time(writer, view->published_at, form) : writer_null(writer);
    writer_key(writer, "new_points");
    writer_int(writer, (int64_t)view->new_points);
    writer_key(writer, "due_points");
    writer_int(writer, (int64_t)view->due_points);
    writer_key(writer, "last");
    view->report[0] == '\0' ? writer_null(writer) : writer_raw(writer, view->report);
    writer_close(writer, '}');
}

static void answer_fleet(struct request *request, unsigned status)
{
    struct fleet_view view;
    struct writer writer;
    enum time_form form;
    if (!param_time_form(request, &form))
        return;
    service_fleet(request->http->service, &view);
    writer_init(&writer, FLEET_BYTES_MAX);
    write_fleet(&writer, &view, form);
    answer_writer(request, status, TYPE_JSON, &writer);
}

void handle_get_fleet(struct request *request)
{
    answer_fleet(request, MHD_HTTP_OK);
}

void handle_post_fleet_fit(struct request *request)
{
    enum time_form form; /* looked at before anything is begun */
    struct err err;
    if (!param_time_form(request, &form))
        return;
    if (service_fleet_train(request->http->service, &err) != 0)
        request_refuse(request, &err);
    else
        answer_fleet(request, MHD_HTTP_ACCEPTED);
}

static void on_reset(void *ctx, const struct err *err)
{
    struct request *request = wait_succeed(ctx, err);
    if (request != NULL)
        answer_fleet(request, MHD_HTTP_OK);
}

void handle_delete_fleet(struct request *request)
{
    enum time_form form; /* looked at before anything is forgotten */
    struct err err;
    if (!param_time_form(request, &form))
        return;
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait != NULL && service_fleet_reset(request->http->service, on_reset, wait, &err) != 0)
        wait_fail(wait, &err);
}
