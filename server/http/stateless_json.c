/* POST /v1/forecast: the request. */
#include "server/http/stateless_json.h"

#include "server/http/settings_json_field.h"
#include "server/http/stateless_json_values.h"

#include <stdlib.h>
#include <string.h>

/* ---- what is asked ---- */

static int take_levels(const json_t *list, const char *key, struct forecast_params *params,
                       struct err *err)
{
    struct json_place here = json_place_key(NULL, key);
    double numbers[TRM_QUANTILES_MAX];
    size_t n = json_array_size(list);
    if (!json_is_array(list) || n > TRM_QUANTILES_MAX) {
        return json_refuse(list, "a list of at most 32 numbers", &here, err);
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *number = json_array_get(list, i);
        struct json_place place = json_place_index(&here, i);
        if (!json_is_number(number)) {
            return json_refuse(number, "a number", &place, err);
        }
        numbers[i] = json_number_value(number);
    }
    return strcmp(key, "levels") == 0
               ? forecast_params_intervals(params, numbers, n, here.text, err)
               : forecast_params_quantiles(params, numbers, n, here.text, err);
}

static int take_params(json_t *root, struct forecast_params *params, struct err *err)
{
    const json_t *horizon = json_object_get(root, "horizon");
    const json_t *levels = json_object_get(root, "levels");
    const json_t *quantiles = json_object_get(root, "quantiles");
    const json_t *trace = json_object_get(root, "trace");
    struct json_place horizon_place = json_place_key(NULL, "horizon");
    struct json_place trace_place = json_place_key(NULL, "trace");
    int64_t steps = 0;
    if ((horizon != NULL &&
         json_take_int(horizon, 1, TRM_HORIZON_MAX, &horizon_place, &steps, err) != 0) ||
        (levels != NULL && take_levels(levels, "levels", params, err) != 0) ||
        (quantiles != NULL && take_levels(quantiles, "quantiles", params, err) != 0) ||
        (trace != NULL && json_take_bool(trace, &trace_place, &params->trace, err) != 0)) {
        return -1;
    }
    params->horizon = (size_t)steps;
    return 0;
}

/* ---- the series ---- */

static int take_id(const json_t *value, const struct json_place *parent,
                   struct stateless_item *item, struct err *err)
{
    struct json_place here = json_place_key(parent, "id");
    if (value == NULL || json_is_null(value)) {
        return 0;
    }
    if (!json_is_string(value)) {
        return json_refuse(value, "a text", &here, err);
    }
    if (series_id_check(json_string_value(value), json_string_length(value), err) != 0) {
        return err_at(err, "%s", here.text);
    }
    item->id = strdup(json_string_value(value));
    return item->id == NULL ? err_set(err, ERR_NO_MEMORY, "out of memory") : 0;
}

static int find_zone(struct zones *zones, const struct json_place *parent, struct stateless_item *item,
                     struct err *err)
{
    struct json_place here = json_place_key(parent, "timezone");
    return zones_find(zones, item->settings.zone, &item->zone, err) != 0 ? err_at(err, "%s", here.text) : 0;
}

static int take_item(json_t *object, const struct json_place *here, struct zones *zones, size_t room,
                     struct stateless_item *item, struct err *err)
{
    static const char *const names[] = {"id",    "frequency", "timezone", "season", "values",
                                        "start", "points",    "min",      "max",    "integer",
                                        "model", "fit",       NULL};
    unsigned set = 0;
    series_settings_init(&item->settings);
    if (!json_is_object(object)) {
        return json_refuse(object, "an object with \"values\" or \"points\"", here, err);
    }
    const json_t *fit = json_object_get(object, "fit");
    struct json_place fit_place = json_place_key(here, "fit");
    if (json_check_keys(object, names, here, err) != 0 ||
        take_id(json_object_get(object, "id"), here, item, err) != 0 ||
        json_take_shape(object, here, &item->settings, &set, err) != 0 ||
        find_zone(zones, here, item, err) != 0 ||
        (fit != NULL && json_take_bool(fit, &fit_place, &item->fit, err) != 0) ||
        stateless_take_history(object, here, room, item, err) != 0) {
        return -1;
    }
    if (item->has_start && item->settings.freq.ms == 0 && item->settings.freq.months == 0) {
        struct json_place place = json_place_key(here, "frequency");
        err_set(err, ERR_INVALID,
                "\"start\" says nothing without a frequency, expected one like 1h");
        return err_at(err, "%s", place.text);
    }
    return 0;
}

static int take_items(json_t *list, struct zones *zones, struct stateless_batch *batch, struct err *err)
{
    struct json_place here = json_place_key(NULL, "series");
    size_t n = json_array_size(list), room = STATELESS_VALUES_MAX;
    if (list == NULL || n == 0) {
        err_set(err, ERR_INVALID, "expected a list with at least one series");
        return err_at(err, "%s", here.text);
    }
    if (n > STATELESS_SERIES_MAX) {
        err_set(err, ERR_TOO_LARGE, "%zu series, at most %d in one request", n,
                STATELESS_SERIES_MAX);
        return err_at(err, "%s", here.text);
    }
    batch->items = calloc(n, sizeof *batch->items);
    if (batch->items == NULL) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    batch->n = n;
    for (size_t i = 0; i < n; i++) {
        struct json_place place = json_place_index(&here, i);
        if (take_item(json_array_get(list, i), &place, zones, room, &batch->items[i], err) != 0) {
            return -1;
        }
        room -= batch->items[i].n;
    }
    return 0;
}

static int take_body(json_t *root, struct zones *zones, struct stateless_batch *batch,
                     struct forecast_params *params, struct err *err)
{
    static const char *const names[] = {"horizon", "levels", "quantiles", "trace", "series", NULL};
    return json_check_keys(root, names, NULL, err) != 0 || take_params(root, params, err) != 0 ||
                   forecast_params_ask(params, "/quantiles", &batch->ask, err) != 0 ||
                   take_items(json_object_get(root, "series"), zones, batch, err) != 0
               ? -1
               : 0;
}

int stateless_json_parse(const char *body, size_t n, struct zones *zones, struct stateless_batch **ret,
                         struct forecast_params *ret_params, struct err *err)
{
    JSON_OWNED *root = NULL;
    struct forecast_params params;
    forecast_params_init(&params);
    if (json_body_parse(body, n, &root, err) != 0) {
        return -1;
    }
    struct stateless_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    if (take_body(root, zones, batch, &params, err) != 0) {
        stateless_batch_free(batch);
        return -1;
    }
    *ret = batch;
    *ret_params = params;
    return 0;
}
