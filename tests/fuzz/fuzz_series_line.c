/* Lines of the tool's data sets: what is accepted keeps series_file.h's promises, what is refused
 * says why. */
#include "server/tool/series_line.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check_record(const struct record *r)
{
    FUZZ_REQUIRE(r->id != NULL && memchr(r->freq, '\0', sizeof r->freq) != NULL);
    FUZZ_REQUIRE(r->season >= 1 && (r->season2 == 0 || r->season2 > r->season));
    for (size_t i = 0; i < r->train_n; i++)
        FUZZ_REQUIRE(!isinf(r->train[i]));
    for (size_t i = 0; i < r->test_n; i++)
        FUZZ_REQUIRE(!isinf(r->test[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct record_list list = {0};
    struct tool_err err = {0};
    if (n == 0)
        return 0;
    char *text = strndup((const char *)bytes + 1, n - 1);
    FUZZ_REQUIRE(text != NULL);
    if (series_line_read(text, bytes[0] % 4, &list, &err) != 0)
        FUZZ_REQUIRE(err.msg[0] !=
                     '\0'); /* the list may hold something half-made, which is freed with it */
    else
        for (size_t i = 0; i < list.n; i++)
            check_record(&list.at[i]);
    record_list_free(&list);
    free(text);
    return 0;
}
