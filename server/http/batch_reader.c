/* The outside of the reader of many series: ids, handing on, errors that stick. See batch_reader.h. */
#include "server/http/batch_reader.h"

#include "server/http/batch_reader_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int batch_reader_new(enum batch_format format, size_t points_max, batch_sink sink, void *ctx,
                     struct batch_reader **ret, struct err *err)
{
    struct batch_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    reader->points.points_max = points_max;
    reader->points.line = 1;
    reader->format = format;
    reader->sink = sink;
    reader->ctx = ctx;
    *ret = reader;
    return 0;
}

void batch_reader_free(struct batch_reader *reader)
{
    if (reader == NULL)
        return;
    free(reader->points.points);
    free(reader);
}

int batch_take_id(struct batch_reader *reader, enum token token, const char *text, size_t n, struct err *err)
{
    if (token != TOKEN_TEXT)
        return err_set(err, token_is_mark(token) ? ERR_SYNTAX : ERR_INVALID,
                       "%s where a series' id should be, expected a text", token_name(token));
    if (series_id_check(text, n, err) != 0)
        return -1;
    memcpy(reader->id, text, n);
    reader->id_n = n;
    return 0;
}

int batch_hand_on(struct batch_reader *reader, size_t at, struct err *err)
{
    struct points_reader *points = &reader->points;
    size_t n = points->t_n;
    points->t_n = points->v_n = 0;
    reader->series_n++;
    return reader->sink(reader->ctx, reader->id, reader->id_n, at, points->points, n, err);
}

static int fail(struct batch_reader *reader, const struct err *err)
{
    reader->points.failed = *err;
    return -1;
}

static int check_failed(const struct batch_reader *reader, struct err *err)
{
    if (reader->points.failed.code == ERR_NONE)
        return 0;
    *err = reader->points.failed;
    return -1;
}

int batch_reader_feed(struct batch_reader *reader, const char *bytes, size_t n, struct err *err)
{
    bool json = reader->format == BATCH_JSON;
    if (check_failed(reader, err) != 0)
        return -1;
    int failed = (json ? batch_json_feed : batch_ndjson_feed)(reader, bytes, n, err);
    return failed ? fail(reader, err) : 0;
}

int batch_reader_finish(struct batch_reader *reader, struct err *err)
{
    bool json = reader->format == BATCH_JSON;
    if (check_failed(reader, err) != 0)
        return -1;
    if ((json ? batch_json_end : batch_ndjson_end)(reader, err) != 0)
        return fail(reader, err);
    if (reader->series_n > 0)
        return 0;
    err_set(err, ERR_INVALID, "no series, expected at least one");
    if (json)
        err_at(err, "/series");
    return fail(reader, err);
}

void batch_reader_place(enum batch_format format, size_t at, char *buf, size_t buf_n)
{
    if (format == BATCH_JSON)
        snprintf(buf, buf_n, "/series/%zu", at);
    else
        snprintf(buf, buf_n, "line %zu", at + 1);
}
