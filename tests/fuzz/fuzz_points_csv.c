/* The reader of points as CSV: the same outcome however the body is cut; what was read, written
 * again, reads the same. */
#include "server/http/json_writer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/points_oracle.h"

#include <math.h>
#include <stdlib.h>

static char *written(const struct point *points, size_t n, size_t *ret_n)
{
    struct writer w;
    char *text;
    struct err err;
    writer_init(&w, (size_t)1 << 20);
    writer_text(&w, "timestamp,value\n");
    for (size_t i = 0; i < n; i++) {
        writer_time(&w, points[i].t, TIME_MS);
        /* The writer puts the comma, as between any two values of a list. */
        if (isfinite(points[i].v)) {
            writer_number_exact(&w, points[i].v);
        } else {
            writer_text(&w, ",");
        }
        writer_text(&w, "\n");
    }
    FUZZ_REQUIRE(writer_finish(&w, &text, ret_n, &err) == 0);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct point *points = NULL, *again = NULL;
    size_t points_n = 0, again_n = 0, text_n;
    struct err err = {.code = ERR_NONE};
    if (oracle_read_all_ways(POINTS_CSV, (const char *)bytes, n, &points, &points_n, &err) != 0) {
        FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
        return 0;
    }
    char *text = written(points, points_n, &text_n);
    FUZZ_REQUIRE(oracle_read(POINTS_CSV, text, text_n, 0, &again, &again_n, &err) == 0);
    FUZZ_REQUIRE(again_n == points_n);
    for (size_t i = 0; i < again_n; i++) {
        FUZZ_REQUIRE(points_same(&points[i], &again[i]));
    }
    free(text);
    free(points);
    free(again);
    return 0;
}
