/* The reader of points as NDJSON: the same outcome however the body is cut; line by line jansson's
 * opinion. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/points_oracle.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
            return false;
        }
    }
    return true;
}

/* Whether every line up to the first blank one is a point, and all after it are blank. Compares
 * where `mine` is not NULL. */
static bool oracle_lines(const char *at, size_t left, const struct point *mine, size_t *ret_n)
{
    bool blank = false;
    *ret_n = 0;
    while (left > 0) {
        const char *end = memchr(at, '\n', left);
        size_t n = end == NULL ? left : (size_t)(end - at);
        struct point point;
        blank = blank || is_blank(at, n);
        if (blank ? !is_blank(at, n) : !points_oracle_line(at, n, &point)) {
            return false;
        }
        if (!blank) {
            FUZZ_REQUIRE(mine == NULL || points_same(&mine[*ret_n], &point));
            (*ret_n)++;
        }
        n += end != NULL;
        at += n;
        left -= n;
    }
    return *ret_n > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *body = (const char *)bytes;
    struct point *mine = NULL;
    size_t mine_n = 0, other_n = 0;
    struct err err = {.code = ERR_NONE};
    int failed = oracle_read_all_ways(POINTS_NDJSON, body, n, &mine, &mine_n, &err);
    bool wanted = oracle_lines(body, n, mine, &other_n);
    if (failed == 0 || !points_refused_for_length(&err)) {
        FUZZ_REQUIRE((failed == 0) == wanted);
        FUZZ_REQUIRE(failed != 0 || mine_n == other_n);
    }
    FUZZ_REQUIRE(failed == 0 || (err.code != ERR_NONE && err.msg[0] != '\0'));
    free(mine);
    return 0;
}
