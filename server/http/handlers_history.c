/* Points out. One point more than asked for is read, to know whether there is a next page. See
 * handlers.h. */
#include "server/http/handlers.h"

#include "server/http/away.h"
#include "server/http/handler_tools.h"
#include "server/http/number.h"
#include "server/http/query.h"
#include "server/http/response.h"

#include <inttypes.h>
#include <math.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_DEFAULT 10000
#define POINTS_MAX 100000
/* Points from which on they are written on another thread: a millisecond or two. */
#define FAR_POINTS 5000
/* A point takes at most 70 bytes. */
#define POINTS_BYTES_MAX ((size_t)8 << 20)

/* What of the request is needed when the points have come. */
struct ask {
    size_t limit;
    unsigned media;
    enum time_form form;
    int64_t start, end;
};

static void write_pair(struct writer *writer, const struct point *point, enum time_form form)
{
    writer_open(writer, '[');
    writer_time(writer, point->t, form);
    writer_number_exact(writer, point->v);
    writer_close(writer, ']');
}

/* What is not in an answer because it is damaged. */
struct holes {
    struct store_damage at[SERVICE_HOLES_MAX];
    size_t n;
};

static void write_holes(struct writer *writer, const struct holes *holes, enum time_form form)
{
    if (holes->n == 0)
        return;
    writer_key(writer, "damaged");
    writer_open(writer, '[');
    for (size_t i = 0; i < holes->n; i++) {
        writer_open(writer, '{');
        writer_key(writer, "first");
        writer_time(writer, holes->at[i].from, form);
        writer_key(writer, "last");
        writer_time(writer, holes->at[i].until, form);
        writer_key(writer, "points");
        writer_int(writer, (int64_t)holes->at[i].n);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

/* Forms without a place for it tell it here. */
static void warn(struct request *request, const struct holes *holes)
{
    char text[256], first[TRM_TIME_TEXT_MAX], last[TRM_TIME_TEXT_MAX];
    uint64_t n = 0;
    if (holes->n == 0)
        return;
    for (size_t i = 0; i < holes->n; i++)
        n += holes->at[i].n;
    trm_time_format(holes->at[0].from, first);
    trm_time_format(holes->at[0].until, last);
    snprintf(text, sizeof text,
             "299 tstrmd \"%" PRIu64 " points are damaged in the store and left out: first from %s "
             "to %s\"", n, first, last);
    answer_header(request, "Warning", text);
}

static void write_json(struct writer *writer, const char *id, const struct ask *ask,
                       const struct holes *holes,
                       const struct point *points, size_t n)
{
    size_t shown = n < ask->limit ? n : ask->limit;
    writer_open(writer, '{');
    writer_key(writer, "series");
    writer_string(writer, id);
    writer_key(writer, "points");
    writer_open(writer, '[');
    for (size_t i = 0; i < shown; i++)
        write_pair(writer, &points[i], ask->form);
    writer_close(writer, ']');
    writer_key(writer, "next");
    if (n > shown)
        writer_time(writer, points[shown].t, ask->form);
    else
        writer_null(writer);
    write_holes(writer, holes, ask->form);
    writer_close(writer, '}');
}

/* One point a line. A missing value is null in NDJSON and nothing in CSV. */
static void write_lines(struct writer *writer, const struct ask *ask, const struct point *points,
                        size_t n)
{
    char text[TRM_TIME_TEXT_MAX > NUMBER_TEXT_MAX ? TRM_TIME_TEXT_MAX : NUMBER_TEXT_MAX];
    for (size_t i = 0; i < n && i < ask->limit; i++) {
        if (ask->media == MEDIA_NDJSON) {
            write_pair(writer, &points[i], ask->form);
            writer_bytes(writer, "\n", 1);
            continue;
        }
        if (ask->form == TIME_MS)
            number_format_int(points[i].t, text);
        else
            trm_time_format(points[i].t, text);
        writer_text(writer, text);
        writer_bytes(writer, ",", 1);
        if (!isnan(points[i].v))
            writer_bytes(writer, text, number_format_exact(points[i].v, text));
        writer_bytes(writer, "\n", 1);
    }
}

/* What has been read and is to be written, maybe on another thread: a hundred thousand points take 30 ms. */
struct page {
    struct ask ask;
    char id[SERIES_ID_MAX + 1];
    struct holes holes;
    struct writer writer;
    const char *type;
    size_t n;
    struct point points[];
};

static void work_write(void *ctx)
{
    struct page *page = ctx;
    if (page->ask.media == MEDIA_JSON) {
        write_json(&page->writer, page->id, &page->ask, &page->holes, page->points, page->n);
        page->type = TYPE_JSON;
        return;
    }
    if (page->ask.media == MEDIA_CSV)
        writer_text(&page->writer, "timestamp,value\n");
    write_lines(&page->writer, &page->ask, page->points, page->n);
    page->type = page->ask.media == MEDIA_CSV ? TYPE_CSV : TYPE_NDJSON;
}

static void on_written(void *ctx, struct request *request)
{
    struct page *page = ctx;
    if (request != NULL) {
        answer_writer(request, MHD_HTTP_OK, page->type, &page->writer);
        warn(request, &page->holes);
    } else {
        writer_done(&page->writer);
    }
    free(page);
}

static void on_read(void *ctx, const struct err *err, const struct point *points, size_t n)
{
    struct wait *wait = ctx;
    struct ask ask = *(struct ask *)wait->data;
    struct request *request = wait_succeed(wait, err);
    if (request == NULL)
        return;
    struct page *page = malloc(sizeof *page + n * sizeof *points);
    if (page == NULL) {
        struct err no_memory;
        err_set(&no_memory, ERR_NO_MEMORY, "out of memory");
        request_refuse(request, &no_memory);
        return;
    }
    *page = (struct page){.ask = ask, .n = n};
    snprintf(page->id, sizeof page->id, "%s", request_id(request));
    int64_t end = n > ask.limit ? points[ask.limit].t : ask.end;
    page->holes.n = service_holes(request->http->service, request_id(request), ask.start, end,
                                  page->holes.at, SERVICE_HOLES_MAX);
    if (n > 0)
        memcpy(page->points, points, n * sizeof *points);
    writer_init(&page->writer, POINTS_BYTES_MAX);
    away_begin(request, n >= FAR_POINTS, work_write, on_written, page);
}

void handle_get_points(struct request *request)
{
    static const unsigned offered[] = {MEDIA_JSON, MEDIA_CSV, MEDIA_NDJSON};
    struct ask ask;
    struct err err;
    if (!param_range(request, &ask.start, &ask.end) || !param_time_form(request, &ask.form) ||
        !param_limit(request, POINTS_MAX, POINTS_DEFAULT, &ask.limit) ||
        !param_media(request, offered, 3, &ask.media))
        return;
    struct wait *wait = wait_with(request, COMMIT_WAIT_MS, &ask, sizeof ask);
    if (wait != NULL &&
        service_read_points(request->http->service, request_id(request), ask.start, ask.end,
                            ask.limit + 1, on_read, wait, &err) != 0)
        wait_fail(wait, &err);
}
