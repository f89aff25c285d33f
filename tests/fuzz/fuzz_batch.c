/* The reader of points of many series, both forms: the first byte chooses. The same outcome however
 * the body is cut, and what is handed on keeps the header's promises; JSON is what it is to
 * jansson, accepted or refused, series by series and point by point. */
#include "server/http/batch_reader.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/points_oracle.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MAX 64

struct heard {
    uint64_t hash; /* of everything handed on */
    size_t series_n;
};

static void mix(struct heard *heard, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        heard->hash = (heard->hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(1099511628211);
}

static int hear(void *ctx, const char *id, size_t id_n, size_t at, const struct point *points,
                size_t n, struct err *err)
{
    struct heard *heard = ctx;
    FUZZ_REQUIRE(n > 0 && series_id_check(id, id_n, err) == 0);
    mix(heard, id, id_n);
    mix(heard, &at, sizeof at);
    for (size_t i = 0; i < n; i++) {
        double v = isnan(points[i].v) ? 0 : points[i].v;
        FUZZ_REQUIRE(points[i].t >= TRM_TIME_MIN && points[i].t <= TRM_TIME_MAX &&
                     fabs(v) <= TRM_VALUE_MAX);
        mix(heard, &points[i].t, sizeof points[i].t);
        mix(heard, &v, sizeof v);
    }
    heard->series_n++;
    return 0;
}

static int read_cut(enum batch_format format, const char *body, size_t n, size_t piece,
                    struct heard *ret, struct err *err)
{
    struct batch_reader *reader;
    int failed = 0;
    *ret = (struct heard){.hash = 1};
    FUZZ_REQUIRE(batch_reader_new(format, POINTS_MAX, hear, ret, &reader, err) == 0);
    for (size_t at = 0; at < n && failed == 0; at += piece)
        failed = batch_reader_feed(reader, body + at, n - at < piece ? n - at : piece, err);
    failed = failed ? failed : batch_reader_finish(reader, err);
    batch_reader_free(reader);
    FUZZ_REQUIRE(failed == 0 || (err->code != ERR_NONE && err->msg[0] != '\0'));
    FUZZ_REQUIRE(failed != 0 || ret->series_n > 0);
    return failed;
}

/* ---- the same by jansson ---- */

/* One of the list: its points as a body of their own, for points_oracle_json. */
static bool oracle_series(const json_t *series, size_t at, struct heard *heard)
{
    json_t *rest = json_copy((json_t *)(uintptr_t)series),
           *id = json_incref(json_object_get(rest, "id"));
    struct err err;
    struct point *points = NULL;
    size_t n = 0;
    json_object_del(rest, "id");
    char *text = json_dumps(rest, JSON_REAL_PRECISION(17));
    bool good = json_is_string(id) && text != NULL &&
                series_id_check(json_string_value(id), json_string_length(id), &err) == 0 &&
                points_oracle_json(text, strlen(text), &points, &n) && n <= POINTS_MAX;
    if (good)
        good = hear(heard, json_string_value(id), json_string_length(id), at, points, n, &err) == 0;
    free(text);
    free(points);
    json_decref(id);
    json_decref(rest);
    return good;
}

static bool oracle_batch(const char *body, size_t n, struct heard *ret)
{
    *ret = (struct heard){.hash = 1};
    if (n == 0 || memchr(body, '\0', n) != NULL)
        return false;
    json_t *root = json_loadb(body, n, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    const json_t *list = json_object_get(root, "series");
    bool good = json_object_size(root) == 1 && json_is_array(list) && json_array_size(list) > 0;
    for (size_t i = 0; good && i < json_array_size(list); i++)
        good = json_is_object(json_array_get(list, i)) &&
               oracle_series(json_array_get(list, i), i, ret);
    json_decref(root);
    return good;
}

/* What only the reader has limits for. */
static bool refused_for_size(const struct err *err)
{
    return points_refused_for_length(err) || err->code == ERR_TOO_LARGE ||
           strstr(err->msg, "points of one series") != NULL;
}

static void check_against_jansson(const char *body, size_t n, int failed, const struct heard *heard)
{
    struct heard other;
    FUZZ_REQUIRE(oracle_batch(body, n, &other) == (failed == 0));
    FUZZ_REQUIRE(failed != 0 || (other.hash == heard->hash && other.series_n == heard->series_n));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct heard whole, cut;
    struct err err = {.code = ERR_NONE}, other = {.code = ERR_NONE};
    if (n == 0)
        return 0;
    enum batch_format format = bytes[0] == 'n' ? BATCH_NDJSON : BATCH_JSON;
    const char *body = (const char *)bytes + 1;
    n--;
    int failed = read_cut(format, body, n, n + 1, &whole, &err);
    for (size_t piece = 1; piece <= 7; piece += 3) {
        FUZZ_REQUIRE(read_cut(format, body, n, piece, &cut, &other) == failed);
        FUZZ_REQUIRE(cut.hash == whole.hash && cut.series_n == whole.series_n);
        FUZZ_REQUIRE(failed == 0 ||
                     (other.code == err.code && strcmp(other.place, err.place) == 0));
    }
    if (format == BATCH_JSON && (failed == 0 || !refused_for_size(&err)))
        check_against_jansson(body, n, failed, &whole);
    return 0;
}
