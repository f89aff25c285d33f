/* Field by field. See backtest_json.h. */
#include "server/http/backtest_json.h"

#include "server/http/settings_json.h"
#include "server/http/settings_json_field.h"

#include <math.h>
#include <string.h>

static int take_count(json_t *root, const char *name, int64_t max, size_t *ret, struct err *err)
{
    const json_t *value = json_object_get(root, name);
    struct json_place here = json_place_key(NULL, name);
    int64_t count;
    if (value == NULL)
        return 0;
    if (json_take_int(value, 1, max, &here, &count, err) != 0)
        return -1;
    *ret = (size_t)count;
    return 0;
}

/* The method's bit, 0 for an unknown name. */
static unsigned method_bit(const char *name)
{
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++)
        if (strcmp(name, trm_rolling_name(k)) == 0)
            return 1u << k;
    return 0;
}

static int take_methods(json_t *root, unsigned *ret, struct err *err)
{
    static const char expected[] = "\"trm\", \"seasonal_naive\", \"theta\", \"ets\" or \"ar\"";
    const json_t *list = json_object_get(root, "methods");
    struct json_place place = json_place_key(NULL, "methods");
    unsigned methods = 0;
    if (list == NULL)
        return 0;
    if (json_array_size(list) == 0 || json_array_size(list) > TRM_ROLLING_METHODS)
        return json_refuse(list, "a list of 1 to 5 methods", &place, err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        struct json_place here = json_place_index(&place, i);
        unsigned bit = json_is_string(item) ? method_bit(json_string_value(item)) : 0;
        if (bit == 0)
            return json_refuse(item, expected, &here, err);
        if (methods & bit)
            return json_refuse(item, "each method once", &here, err);
        methods |= bit;
    }
    *ret = methods;
    return 0;
}

/* Finer than this would not be told apart where levels become quantiles. */
static double on_grid(double percent)
{
    return round(percent * 1e6) / 1e6;
}

static int take_levels(json_t *root, struct backtest_ask *ask, struct err *err)
{
    const json_t *list = json_object_get(root, "levels");
    struct json_place place = json_place_key(NULL, "levels");
    if (list == NULL)
        return 0;
    if (!json_is_array(list) || json_array_size(list) > TRM_ROLLING_LEVELS_MAX)
        return json_refuse(list, "a list of at most 4 percentages", &place, err);
    ask->level_n = json_array_size(list);
    for (size_t i = 0; i < ask->level_n; i++) {
        const json_t *item = json_array_get(list, i);
        struct json_place here = json_place_index(&place, i);
        if (json_take_value(item, &here, &ask->level[i], err) != 0)
            return -1;
        ask->level[i] = on_grid(ask->level[i]);
        if (!(ask->level[i] > (i ? ask->level[i - 1] : 0) && ask->level[i] < 100))
            return json_refuse(item, "a percentage between 0 and 100, larger than the one before", &here,
                               err);
    }
    return 0;
}

int backtest_json_parse(const char *body, size_t n, struct backtest_ask *ret, struct err *err)
{
    static const char *const names[] = {"horizon", "windows", "step", "methods", "levels", NULL};
    struct backtest_ask ask = {.level = {80, 95}, .level_n = 2};
    JSON_OWNED *root = NULL;
    if (n > SETTINGS_BYTES_MAX)
        return err_set(err, ERR_TOO_LARGE, "the body has %zu bytes, expected at most %zu", n,
                       SETTINGS_BYTES_MAX);
    if (n > 0 && (json_body_parse(body, n, &root, err) != 0 ||
                  json_check_keys(root, names, NULL, err) != 0 ||
                  take_count(root, "horizon", TRM_ROLLING_HORIZON_MAX, &ask.horizon, err) != 0 ||
                  take_count(root, "windows", TRM_ROLLING_WINDOWS_MAX, &ask.windows, err) != 0 ||
                  take_count(root, "step", TRM_CONTEXT_MAX, &ask.step, err) != 0 ||
                  take_methods(root, &ask.methods, err) != 0 || take_levels(root, &ask, err) != 0))
        return -1;
    *ret = ask;
    return 0;
}
