/* Query parameters as values, times and durations, and names of time zones: the first byte chooses
 * which, the rest is the text. What is accepted keeps to its range and reads back from what is
 * written; what is refused names its parameter and leaves the result alone. */
#include "server/base/zones.h"
#include "server/http/query.h"
#include "server/wire/promql.h"
#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void require_refusal(const struct err *err)
{
    FUZZ_REQUIRE(err->code == ERR_INVALID && strcmp(err->place, "p") == 0 && err->msg[0] != '\0');
}

static void check_time(const char *text)
{
    int64_t t = 77, again = 78;
    char buf[TRM_TIME_TEXT_MAX];
    struct err err = {.code = ERR_NONE};
    if (query_time("p", text, &t, &err) != 0) {
        FUZZ_REQUIRE(t == 77);
        require_refusal(&err);
        return;
    }
    FUZZ_REQUIRE(t >= TRM_TIME_MIN && t <= TRM_TIME_MAX);
    trm_time_format(t, buf);
    FUZZ_REQUIRE(query_time("p", buf, &again, &err) == 0 && again == t);
}

static void check_numbers(const char *text)
{
    double numbers[TRM_QUANTILES_MAX];
    size_t n = 77;
    struct err err = {.code = ERR_NONE};
    if (query_numbers("p", text, 9, numbers, &n, &err) != 0) {
        FUZZ_REQUIRE(n == 77);
        require_refusal(&err);
        return;
    }
    FUZZ_REQUIRE(n <= 9);
    for (size_t i = 0; i < n; i++, text += strcspn(text, ",") + 1)
        FUZZ_REQUIRE(numbers[i] == strtod(text, NULL));
}

static void check_plain(const char *text)
{
    int64_t v = 77;
    bool yes;
    enum time_form form;
    struct series_label label;
    struct err err = {.code = ERR_NONE};
    if (query_int("p", text, -5, 1000, &v, &err) == 0)
        FUZZ_REQUIRE(v >= -5 && v <= 1000 && (double)v == strtod(text, NULL));
    else
        require_refusal(&err);
    if (query_bool("p", text, &yes, &err) != 0)
        require_refusal(&err);
    if (query_time_form("p", text, &form, &err) != 0)
        require_refusal(&err);
    if (query_label("p", text, &label, &err) == 0)
        FUZZ_REQUIRE(strlen(label.name) + 1 + strlen(label.value) == strlen(text) &&
                     strchr(label.name, '=') == NULL);
    else
        require_refusal(&err);
}

static void check_levels(const char *text)
{
    static const char *const names[] = {"horizon", "levels", "quantiles", "trace", "time"};
    struct forecast_params params;
    struct forecast_ask ask;
    struct err err = {.code = ERR_NONE};
    bool known;
    forecast_params_init(&params);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (forecast_params_set(&params, names[i], text, &known, &err) != 0)
            FUZZ_REQUIRE(err.code == ERR_INVALID && strcmp(err.place, names[i]) == 0);
    FUZZ_REQUIRE(params.horizon <= TRM_HORIZON_MAX && params.quantile_n <= TRM_QUANTILES_MAX);
    if (forecast_params_ask(&params, "levels", &ask, &err) != 0)
        return;
    FUZZ_REQUIRE(ask.level_n <= TRM_QUANTILES_MAX);
    for (size_t i = 0; i < ask.level_n; i++)
        FUZZ_REQUIRE(ask.levels[i] > (i == 0 ? 0 : ask.levels[i - 1]) && ask.levels[i] < 1);
}

static void check_zone(const char *text)
{
    static struct zones *zones;
    const struct trm_zone *zone = NULL;
    struct err err = {.code = ERR_NONE};
    if (zones == NULL)
        zones = zones_new(NULL);
    FUZZ_REQUIRE(zones != NULL);
    if (zones_find(zones, text, &zone, &err) == 0)
        FUZZ_REQUIRE(text[0] != '/' && strstr(text, "..") == NULL &&
                     (zone != NULL || zone_is_utc(text)));
    else
        FUZZ_REQUIRE(zone == NULL && err.msg[0] != '\0');
}

static void check_duration(const char *text)
{
    int64_t ms = 77;
    if (promql_duration_parse(text, strlen(text), &ms))
        FUZZ_REQUIRE(ms >= 0 && ms <= PROMQL_DURATION_MAX_MS);
    else
        FUZZ_REQUIRE(ms == 77);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static void (*const checks[])(const char *) = {check_time,   check_numbers, check_plain,
                                                   check_levels, check_zone,    check_duration};
    if (n == 0)
        return 0;
    char *text = malloc(n);
    FUZZ_REQUIRE(text != NULL);
    memcpy(text, bytes + 1, n - 1);
    text[n - 1] = '\0';
    checks[bytes[0] % (sizeof checks / sizeof *checks)](text);
    free(text);
    return 0;
}
