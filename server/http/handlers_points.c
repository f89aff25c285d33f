/* Points in. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/handler_tools.h"
#include "server/http/query.h"
#include "server/http/response.h"

#include <microhttpd.h>
#include <stdlib.h>

/* The service names a point by its number; only the reader knows where in the body that was. */
static void refuse_points(struct request *request, const struct err *err)
{
    struct err copy = *err;
    if (copy.item >= 0 && copy.place[0] == '\0')
        points_reader_place(request->body.points, (size_t)copy.item, copy.place, sizeof copy.place);
    request_refuse(request, &copy);
}

static void answer_taken(struct request *request, const struct points_result *result)
{
    struct writer writer;
    writer_init(&writer, 1024);
    writer_open(&writer, '{');
    writer_key(&writer, "accepted");
    writer_int(&writer, (int64_t)result->accepted);
    writer_key(&writer, "updated");
    writer_int(&writer, (int64_t)result->updated);
    writer_key(&writer, "unchanged");
    writer_int(&writer, (int64_t)result->unchanged);
    writer_key(&writer, "revision");
    writer_int(&writer, (int64_t)result->revision);
    writer_close(&writer, '}');
    answer_writer(request, result->created ? MHD_HTTP_CREATED : MHD_HTTP_OK, TYPE_JSON, &writer);
}

static void on_put(void *ctx, const struct err *err, const struct points_result *result)
{
    struct request *request = wait_end(ctx);
    if (request == NULL)
        return;
    if (err != NULL && err->code != ERR_NONE)
        refuse_points(request, err);
    else
        answer_taken(request, result);
}

void handle_post_points(struct request *request)
{
    const char *create_text = request_param(request, "create");
    bool create = true;
    struct point *points;
    size_t n;
    struct err err;
    if ((create_text != NULL && query_bool("create", create_text, &create, &err) != 0) ||
        points_reader_finish(request->body.points, &points, &n, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct wait *wait = wait_new(request, COMMIT_WAIT_MS);
    if (wait == NULL) {
        free(points);
        return;
    }
    if (service_put_points(request->http->service, request_id(request), points, n, create, on_put, wait,
                           &err) != 0)
        refuse_points(wait_end(wait), &err);
}
