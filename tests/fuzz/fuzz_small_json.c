/* The small bodies: of a fit, a backtest, a backup. What is accepted is JSON to jansson too (or
 * nothing at all) and keeps to its ranges. */
#include "server/http/backtest_json.h"
#include "server/http/settings_json.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <string.h>

static void require_refusal(const struct err *err)
{
    FUZZ_REQUIRE(err->code != ERR_NONE && err->msg[0] != '\0');
}

static bool is_object(const char *body, size_t n)
{
    json_t *root = json_loadb(body, n, JSON_REJECT_DUPLICATES, NULL);
    bool good = json_is_object(root);
    json_decref(root);
    return good;
}

static void check_backtest(const char *body, size_t n)
{
    struct backtest_ask ask = {.horizon = 77};
    struct err err = {.code = ERR_NONE};
    if (backtest_json_parse(body, n, &ask, &err) != 0) {
        require_refusal(&err);
        FUZZ_REQUIRE(ask.horizon == 77);
        return;
    }
    FUZZ_REQUIRE(n == 0 || is_object(body, n));
    FUZZ_REQUIRE(ask.level_n <= TRM_ROLLING_LEVELS_MAX);
    for (size_t i = 0; i < ask.level_n; i++)
        FUZZ_REQUIRE(ask.level[i] > (i == 0 ? 0 : ask.level[i - 1]) && ask.level[i] < 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *body = (const char *)bytes;
    struct err err = {.code = ERR_NONE};
    struct fit_ask fit;
    char name[130] = "untouched";
    if (fit_json_parse(body, n, &fit, &err) == 0)
        FUZZ_REQUIRE(n == 0 || is_object(body, n));
    else
        require_refusal(&err);
    if (backup_json_parse(body, n, name, sizeof name, &err) == 0)
        FUZZ_REQUIRE((n == 0 || is_object(body, n)) && memchr(name, '\0', sizeof name) != NULL);
    else
        FUZZ_REQUIRE(err.code != ERR_NONE && strcmp(name, "untouched") == 0);
    check_backtest(body, n);
    return 0;
}
