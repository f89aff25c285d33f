/* The reader's outside: the points so far, the two kinds of value, errors that stick. */
#include "server/http/points_reader.h"

#include "core/calendar.h"
#include "core/model.h"
#include "server/http/number.h"
#include "server/http/points_reader_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 256
#define TEXT_SHOWN 40

int points_reader_new(enum points_format format, size_t points_max, struct points_reader **ret,
                      struct err *err)
{
    struct points_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    reader->format = format;
    reader->points_max = points_max;
    reader->line = 1;
    *ret = reader;
    return 0;
}

void points_reader_free(struct points_reader *reader)
{
    if (reader != NULL) {
        free(reader->points);
        free(reader);
    }
}

/* ---- points ---- */

static int grow(struct points_reader *reader, size_t n, struct err *err)
{
    if (n >= reader->points_max) {
        return err_set(err, ERR_TOO_LARGE, "more than %zu points, send them in several requests",
                       reader->points_max);
    }
    if (n < reader->points_size) {
        return 0;
    }
    size_t size = reader->points_size == 0 ? FIRST_SIZE : reader->points_size * 2;
    size = size > reader->points_max ? reader->points_max : size;
    struct point *points = reallocarray(reader->points, size, sizeof *points);
    if (points == NULL) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    reader->points = points;
    reader->points_size = size;
    return 0;
}

int points_add_time(struct points_reader *reader, int64_t t, struct err *err)
{
    if (grow(reader, reader->t_n, err) != 0) {
        return -1;
    }
    reader->points[reader->t_n++].t = t;
    return 0;
}

int points_add_value(struct points_reader *reader, double v, struct err *err)
{
    if (grow(reader, reader->v_n, err) != 0) {
        return -1;
    }
    reader->points[reader->v_n++].v = v;
    return 0;
}

/* ---- values ---- */

static int number_time(const char *text, size_t n, int64_t *ret, struct err *err)
{
    int64_t ms;
    switch (number_parse_int(text, n, &ms)) {
    case NUMBER_OK:
        if (ms >= TRM_TIME_MIN && ms <= TRM_TIME_MAX) {
            *ret = ms;
            return 0;
        }
        break;
    case NUMBER_SYNTAX:
        return points_refuse_word(text, n, err);
    case NUMBER_FRACTION:
        return err_set(err, ERR_INVALID, "time %.*s, expected whole epoch milliseconds",
                       (int)(n < TEXT_SHOWN ? n : TEXT_SHOWN), text);
    case NUMBER_RANGE:
    case NUMBER_LONG:
        break;
    }
    return err_set(err, ERR_INVALID,
                   "time %.*s is outside the years 1 to 9999, expected epoch milliseconds",
                   (int)(n < TEXT_SHOWN ? n : TEXT_SHOWN), text);
}

static int text_time(const char *text, size_t n, int64_t *ret, struct err *err)
{
    switch (trm_time_parse(text, n, ret)) {
    case TRM_OK:
        return 0;
    case TRM_ERANGE:
        return err_set(err, ERR_INVALID, "time \"%.*s\" is outside the years 1 to 9999", (int)n,
                       text);
    default:
        return err_set(
            err, ERR_INVALID,
            "\"%.*s\" is not a time, expected RFC 3339 text like 2026-11-23T10:00:00Z or "
            "epoch milliseconds",
            (int)(n < TEXT_SHOWN ? n : TEXT_SHOWN), text);
    }
}

int points_token_time(enum token token, const char *text, size_t n, int64_t *ret, struct err *err)
{
    if (token == TOKEN_NUMBER) {
        return number_time(text, n, ret, err);
    }
    if (token == TOKEN_TEXT) {
        return text_time(text, n, ret, err);
    }
    return err_set(err, ERR_INVALID,
                   "%s where a time should be, expected RFC 3339 text or epoch milliseconds",
                   token_name(token));
}

int points_token_value(enum token token, const char *text, size_t n, double *ret, struct err *err)
{
    double v;
    if (token == TOKEN_NULL) {
        *ret = (double)NAN;
        return 0;
    }
    if (token != TOKEN_NUMBER) {
        return err_set(err, ERR_INVALID,
                       "%s where a value should be, expected a number, or null for a missing value",
                       token_name(token));
    }
    enum number_status status = number_parse(text, n, &v);
    if (status == NUMBER_SYNTAX) {
        return points_refuse_word(text, n, err);
    }
    if (status == NUMBER_OK && fabs(v) <= TRM_VALUE_MAX) {
        *ret = v;
        return 0;
    }
    return err_set(err, ERR_INVALID, "value %.*s %s, expected -1e300 to 1e300",
                   (int)(n < TEXT_SHOWN ? n : TEXT_SHOWN), text,
                   number_status_text(status == NUMBER_OK ? NUMBER_RANGE : status));
}

/* ---- pieces ---- */

static int feed(struct points_reader *reader, const char *bytes, size_t n, struct err *err)
{
    switch (reader->format) {
    case POINTS_JSON:
        return points_json_feed(reader, bytes, n, err);
    case POINTS_CSV:
        return points_csv_feed(reader, bytes, n, err);
    case POINTS_NDJSON:
        break;
    }
    return points_ndjson_feed(reader, bytes, n, err);
}

static int end(struct points_reader *reader, struct err *err)
{
    switch (reader->format) {
    case POINTS_JSON:
        return points_json_end(reader, err);
    case POINTS_CSV:
        return points_csv_end(reader, err);
    case POINTS_NDJSON:
        break;
    }
    return points_ndjson_end(reader, err);
}

/* A failure ends the reading: the points so far go, the error stays. */
static int fail(struct points_reader *reader, const struct err *err)
{
    reader->failed = *err;
    free(reader->points);
    reader->points = NULL;
    reader->points_size = 0;
    return -1;
}

int points_reader_feed(struct points_reader *reader, const char *bytes, size_t n, struct err *err)
{
    if (reader->failed.code != ERR_NONE) {
        *err = reader->failed;
        return -1;
    }
    return feed(reader, bytes, n, err) == 0 ? 0 : fail(reader, err);
}

int points_reader_finish(struct points_reader *reader, struct point **ret, size_t *ret_n,
                         struct err *err)
{
    if (reader->failed.code != ERR_NONE) {
        *err = reader->failed;
        return -1;
    }
    if (end(reader, err) != 0) {
        return fail(reader, err);
    }
    if (reader->t_n == 0) {
        err_set(err, ERR_INVALID, "no points, expected at least one");
        return fail(reader, err);
    }
    *ret = reader->points;
    *ret_n = reader->t_n;
    reader->points = NULL;
    reader->points_size = 0;
    err_set(&reader->failed, ERR_INTERNAL, "the body has been read already");
    return 0;
}

void points_reader_place(const struct points_reader *reader, size_t item, char *buf, size_t buf_n)
{
    if (reader->format == POINTS_JSON) {
        points_json_place(reader, item, buf, buf_n);
        return;
    }
    bool header = reader->format == POINTS_CSV && reader->u.csv.header;
    snprintf(buf, buf_n, "line %zu", item + 1 + header);
}
