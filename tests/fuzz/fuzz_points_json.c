/* The reader of points as JSON: the same outcome however the body is cut, and jansson's opinion on
 * acceptance and on every point. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/points_oracle.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *body = (const char *)bytes;
    struct point *mine = NULL, *other = NULL;
    size_t mine_n = 0, other_n = 0;
    struct err err = {.code = ERR_NONE};
    int failed = oracle_read_all_ways(POINTS_JSON, body, n, &mine, &mine_n, &err);
    bool wanted = points_oracle_json(body, n, &other, &other_n);
    if (failed == 0 || !points_refused_for_length(&err)) {
        FUZZ_REQUIRE((failed == 0) == wanted);
        FUZZ_REQUIRE(mine_n == other_n);
    }
    for (size_t i = 0; i < mine_n; i++) {
        FUZZ_REQUIRE(points_same(&mine[i], &other[i]));
    }
    FUZZ_REQUIRE(failed == 0 || (err.code != ERR_NONE && err.msg[0] != '\0'));
    free(mine);
    free(other);
    return 0;
}
