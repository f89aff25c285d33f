/* The reader of points of many series, both forms: the first byte chooses. The same outcome however the body
 * is cut, and what is handed on keeps the header's promises; a good JSON body is JSON to jansson too. */
#include "server/http/batch_reader.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

struct heard {
    uint64_t hash; /* of everything handed on */
    size_t series_n;
};

static void mix(struct heard *heard, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        heard->hash = (heard->hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(1099511628211);
}

static int hear(void *ctx, const char *id, size_t id_n, size_t at, const struct point *points, size_t n,
                struct err *err)
{
    struct heard *heard = ctx;
    FUZZ_REQUIRE(n > 0 && series_id_check(id, id_n, err) == 0);
    mix(heard, id, id_n);
    mix(heard, &at, sizeof at);
    for (size_t i = 0; i < n; i++) {
        double v = isnan(points[i].v) ? 0 : points[i].v;
        FUZZ_REQUIRE(points[i].t >= TRM_TIME_MIN && points[i].t <= TRM_TIME_MAX && fabs(v) <= TRM_VALUE_MAX);
        mix(heard, &points[i].t, sizeof points[i].t);
        mix(heard, &v, sizeof v);
    }
    heard->series_n++;
    return 0;
}

static int read_cut(enum batch_format format, const char *body, size_t n, size_t piece, struct heard *ret,
                    struct err *err)
{
    struct batch_reader *reader;
    int failed = 0;
    *ret = (struct heard){.hash = 1};
    FUZZ_REQUIRE(batch_reader_new(format, 64, hear, ret, &reader, err) == 0);
    for (size_t at = 0; at < n && failed == 0; at += piece)
        failed = batch_reader_feed(reader, body + at, n - at < piece ? n - at : piece, err);
    failed = failed ? failed : batch_reader_finish(reader, err);
    batch_reader_free(reader);
    FUZZ_REQUIRE(failed == 0 || (err->code != ERR_NONE && err->msg[0] != '\0'));
    FUZZ_REQUIRE(failed != 0 || ret->series_n > 0);
    return failed;
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
        FUZZ_REQUIRE(failed == 0 || (other.code == err.code && strcmp(other.place, err.place) == 0));
    }
    if (failed == 0 && format == BATCH_JSON) {
        json_t *root = json_loadb(body, n, JSON_DECODE_INT_AS_REAL, NULL);
        FUZZ_REQUIRE(root != NULL && json_array_size(json_object_get(root, "series")) == whole.series_n);
        json_decref(root);
    }
    return 0;
}
