/* What a body of points means according to jansson. */
#include "tests/fuzz/points_oracle.h"

#include "core/calendar.h"
#include "core/model.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MAX 5000

static bool oracle_time(const json_t *json, int64_t *ret)
{
    if (json_is_string(json)) {
        return trm_time_parse(json_string_value(json), json_string_length(json), ret) == TRM_OK;
    }
    double v = json_is_real(json) ? json_real_value(json) : 0.5;
    if (v != trunc(v) || v < (double)TRM_TIME_MIN || v > (double)TRM_TIME_MAX) {
        return false;
    }
    *ret = (int64_t)v;
    return true;
}

static bool oracle_value(const json_t *json, double *ret)
{
    *ret = json_is_real(json) ? json_real_value(json) : (double)NAN;
    return json_is_null(json) || (json_is_real(json) && fabs(*ret) <= TRM_VALUE_MAX);
}

static bool oracle_pair(const json_t *pair, struct point *ret)
{
    return json_array_size(pair) == 2 && oracle_time(json_array_get(pair, 0), &ret->t) &&
           oracle_value(json_array_get(pair, 1), &ret->v);
}

static bool oracle_fill(const json_t *root, struct point *points, size_t n)
{
    const json_t *pairs = json_object_get(root, "points");
    for (size_t i = 0; i < n; i++) {
        if (pairs != NULL ? !oracle_pair(json_array_get(pairs, i), &points[i])
                          : !oracle_time(json_array_get(json_object_get(root, "timestamps"), i),
                                         &points[i].t) ||
                                !oracle_value(json_array_get(json_object_get(root, "values"), i),
                                              &points[i].v)) {
            return false;
        }
    }
    return true;
}

/* jansson 2.14 drops a NUL byte behind a number; JSON has none outside of escapes. */
static json_t *parse(const char *body, size_t n)
{
    json_error_t why;
    if (n == 0 || memchr(body, '\0', n) != NULL) {
        return NULL;
    }
    return json_loadb(body, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL,
                      &why);
}

bool points_oracle_json(const char *body, size_t n, struct point **ret, size_t *ret_n)
{
    json_t *root = parse(body, n);
    const json_t *pairs = json_object_get(root, "points");
    const json_t *times = json_object_get(root, "timestamps");
    const json_t *values = json_object_get(root, "values");
    size_t count = json_array_size(pairs != NULL ? pairs : times);
    struct point *points = NULL;
    bool good = json_object_size(root) == (pairs != NULL ? 1 : 2) &&
                (pairs != NULL || (json_is_array(times) && json_is_array(values) &&
                                   json_array_size(values) == count)) &&
                count > 0 && count <= POINTS_MAX;
    if (good) {
        points = calloc(count, sizeof *points);
        good = points != NULL && oracle_fill(root, points, count);
    }
    json_decref(root);
    if (!good) {
        free(points);
        return false;
    }
    *ret = points;
    *ret_n = count;
    return true;
}

bool points_oracle_line(const char *line, size_t n, struct point *ret)
{
    json_t *root = parse(line, n);
    const json_t *t = json_object_get(root, "t"), *v = json_object_get(root, "v");
    t = t != NULL ? t : json_object_get(root, "timestamp");
    v = v != NULL ? v : json_object_get(root, "value");
    bool good = json_is_array(root) ? oracle_pair(root, ret)
                                    : json_object_size(root) == 2 && t != NULL && v != NULL &&
                                          oracle_time(t, &ret->t) && oracle_value(v, &ret->v);
    json_decref(root);
    return good;
}

bool points_same(const struct point *a, const struct point *b)
{
    return a->t == b->t && (isnan(a->v) ? isnan(b->v) : memcmp(&a->v, &b->v, sizeof a->v) == 0);
}

int oracle_read(enum points_format format, const char *body, size_t n, size_t piece,
                struct point **ret, size_t *ret_n, struct err *err)
{
    struct points_reader *reader;
    int failed = 0;
    if (points_reader_new(format, POINTS_MAX, &reader, err) != 0) {
        return -1;
    }
    piece = piece == 0 ? n : piece;
    for (size_t at = 0; failed == 0 && at < n; at += piece) {
        size_t length = n - at < piece ? n - at : piece;
        /* A copy of its own, so that reading past the piece is seen. */
        char *copy = malloc(length);
        if (copy == NULL) {
            abort();
        }
        memcpy(copy, body + at, length);
        failed = points_reader_feed(reader, copy, length, err);
        free(copy);
    }
    failed = failed != 0 ? failed : points_reader_finish(reader, ret, ret_n, err);
    points_reader_free(reader);
    return failed;
}

static void require(bool same, const char *what)
{
    if (!same) {
        fprintf(stderr, "the outcome depends on how the body is cut: %s\n", what);
        abort();
    }
}

int oracle_read_all_ways(enum points_format format, const char *body, size_t n, struct point **ret,
                         size_t *ret_n, struct err *err)
{
    static const size_t pieces[] = {1, 3, 7};
    int failed = oracle_read(format, body, n, 0, ret, ret_n, err);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct point *other = NULL;
        size_t other_n = 0;
        struct err other_err;
        require(oracle_read(format, body, n, pieces[i], &other, &other_n, &other_err) == failed,
                "acceptance");
        if (failed != 0) {
            require(other_err.code == err->code && strcmp(other_err.msg, err->msg) == 0, err->msg);
            require(strcmp(other_err.place, err->place) == 0, err->place);
            continue;
        }
        require(other_n == *ret_n, "number of points");
        for (size_t k = 0; k < other_n; k++) {
            require(points_same(&other[k], &(*ret)[k]), "points");
        }
        free(other);
    }
    return failed;
}

bool points_refused_for_length(const struct err *err)
{
    return strstr(err->msg, "longer than") != NULL || strstr(err->msg, "too many digits") != NULL ||
           strstr(err->msg, "more than 5000 points") != NULL;
}
