/* A KServe request's body. See kserve.h. */
#include "server/http/alias.h"
#include "server/http/kserve_parts.h"
#include "server/http/settings_json_field.h"
#include "server/http/stateless_json.h"

#include <stdlib.h>
#include <string.h>

#define VARIABLES_MAX STATELESS_SERIES_MAX

void kserve_request_free(struct kserve_request *request)
{
    if (request == NULL)
        return;
    json_decref(request->root);
    free(request->input);
    free(request);
}

static int take_text(json_t *object, const struct json_place *parent, const char *key, const char **ret,
                     struct err *err)
{
    const json_t *value = json_object_get(object, key);
    struct json_place place = json_place_key(parent, key);
    if (value == NULL) {
        err_set(err, ERR_INVALID, "missing, expected a text");
        return err_at(err, "%s", place.text);
    }
    if (!json_is_string(value))
        return json_refuse(value, "a text", &place, err);
    *ret = json_string_value(value);
    return 0;
}

/* ---- options ---- */

static int take_quantiles(const json_t *list, struct forecast_params *params, struct err *err)
{
    struct json_place here = {"/options/quantiles"};
    double numbers[TRM_QUANTILES_MAX];
    size_t n = json_array_size(list);
    if (list == NULL || json_is_null(list))
        return forecast_params_quantiles(params, NULL, 0, here.text, err);
    if (!json_is_array(list) || n > TRM_QUANTILES_MAX)
        return json_refuse(list, "a list of at most 32 numbers", &here, err);
    for (size_t i = 0; i < n; i++) {
        struct json_place place = json_place_index(&here, i);
        if (!json_is_number(json_array_get(list, i)))
            return json_refuse(json_array_get(list, i), "a number", &place, err);
        numbers[i] = json_number_value(json_array_get(list, i));
    }
    return forecast_params_quantiles(params, numbers, n, here.text, err);
}

static int take_options(json_t *root, struct kserve_request *request, struct stateless_batch *batch,
                        struct err *err)
{
    const json_t *options = json_object_get(root, "options");
    struct json_place here = json_place_key(NULL, "options"), place = json_place_key(&here, "horizon");
    int64_t horizon;
    forecast_params_init(&request->params);
    if (!json_is_object(options)) {
        err_set(err, ERR_INVALID, "expected an object with \"horizon\"");
        return err_at(err, "%s", here.text);
    }
    if (json_object_get(options, "horizon") == NULL) {
        err_set(err, ERR_INVALID, "missing, expected a whole number from 1 to %d", TRM_HORIZON_MAX);
        return err_at(err, "%s", place.text);
    }
    if (json_take_int(json_object_get(options, "horizon"), 1, TRM_HORIZON_MAX, &place, &horizon, err) != 0 ||
        forecast_params_intervals(&request->params, NULL, 0, here.text, err) != 0 ||
        take_quantiles(json_object_get(options, "quantiles"), &request->params, err) != 0)
        return -1;
    request->params.horizon = (size_t)horizon;
    return forecast_params_ask(&request->params, "/options/quantiles", &batch->ask, err);
}

/* ---- inputs ---- */

/* Variables of a series, by its first row; 0 with *err where it is no list of rows. */
static size_t count_variables(const json_t *series, const struct json_place *here, struct err *err)
{
    size_t n = json_array_size(json_array_get(series, 0));
    if (n == 0 || n > VARIABLES_MAX) {
        json_refuse(series, "a list of rows, each with a value for every variable (1 to 1000)", here, err);
        return 0;
    }
    return n;
}

/* One variable, or the series itself where variable is NULL. */
static int take_values(const json_t *series, const size_t *variable, const struct json_place *here,
                       size_t columns, struct stateless_item *item, struct err *err)
{
    size_t n = json_array_size(series);
    item->values = calloc(n, sizeof *item->values);
    if (item->values == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    item->n = n;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(series, i);
        if (variable == NULL && json_is_real(value) && json_real_value(value) <= TRM_VALUE_MAX &&
            json_real_value(value) >= -TRM_VALUE_MAX) {
            item->values[i] = json_real_value(value); /* a place costs more than a number */
            continue;
        }
        struct json_place place = json_place_index(here, i);
        if (variable != NULL) {
            if (json_array_size(value) != columns)
                return json_refuse(value, "a row as long as the first", &place, err);
            value = json_array_get(value, *variable);
            place = json_place_index(&place, *variable);
        }
        if (json_take_value(value, &place, &item->values[i], err) != 0)
            return -1;
    }
    return 0;
}

static int check_series(const json_t *series, const struct json_place *here, size_t columns,
                        const struct stateless_batch *batch, size_t *room, struct err *err)
{
    size_t n = json_array_size(series) * columns;
    if (batch->n + columns > STATELESS_SERIES_MAX) {
        err_set(err, ERR_TOO_LARGE, "more than %d series (or variables) in one request",
                STATELESS_SERIES_MAX);
        return err_at(err, "/inputs");
    }
    if (n > *room) {
        err_set(err, ERR_TOO_LARGE, "more than %d values in one request", STATELESS_VALUES_MAX);
        return err_at(err, "%s", here->text);
    }
    *room -= n;
    return 0;
}

/* Room for more items; the batch's count grows only with what is filled. */
static int add_items(struct stateless_batch *batch, size_t n, struct err *err)
{
    struct stateless_item *grown = realloc(batch->items, (batch->n + n) * sizeof *grown);
    if (grown == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    batch->items = grown;
    return 0;
}

struct taken {
    struct trm_freq freq;
    bool has_start;
    int64_t start;
};

static int take_series(json_t *object, const struct json_place *parent, struct kserve_input *input,
                       const struct taken *taken, struct stateless_batch *batch, size_t *room,
                       struct err *err)
{
    const json_t *series = json_object_get(object, "series");
    struct json_place here = json_place_key(parent, "series");
    if (json_array_size(series) == 0) {
        err_set(err, ERR_INVALID, "expected a list with at least one value");
        return err_at(err, "%s", here.text);
    }
    size_t columns = input->multivariate ? count_variables(series, &here, err) : 1;
    if (columns == 0 || check_series(series, &here, columns, batch, room, err) != 0 ||
        add_items(batch, columns, err) != 0)
        return -1;
    input->item = batch->n;
    input->item_n = columns;
    for (size_t i = 0; i < columns; i++) {
        struct stateless_item *item = &batch->items[batch->n++];
        *item = (struct stateless_item){.has_start = taken->has_start, .start = taken->start};
        series_settings_init(&item->settings);
        item->settings.freq = taken->freq;
        if (take_values(series, input->multivariate ? &i : NULL, &here, columns, item, err) != 0)
            return -1;
    }
    return 0;
}

static int take_type(json_t *object, const struct json_place *here, struct kserve_input *input,
                     struct err *err)
{
    struct json_place place = json_place_key(here, "type");
    const char *type = "";
    if (take_text(object, here, "type", &type, err) != 0)
        return -1;
    input->multivariate = strcmp(type, "multivariate_time_series") == 0;
    if (input->multivariate || strcmp(type, "univariate_time_series") == 0)
        return 0;
    return json_refuse(json_object_get(object, "type"),
                       "univariate_time_series or multivariate_time_series", &place, err);
}

static int take_input(json_t *object, const struct json_place *here, struct kserve_input *input,
                      struct stateless_batch *batch, size_t *room, struct err *err)
{
    struct json_place frequency = json_place_key(here, "frequency");
    struct json_place start = json_place_key(here, "start_timestamp");
    struct taken taken = {.has_start = false};
    if (!json_is_object(object))
        return json_refuse(object, "an object with \"series\"", here, err);
    if (take_type(object, here, input, err) != 0 || take_text(object, here, "name", &input->name, err) != 0 ||
        take_text(object, here, "frequency", &input->frequency, err) != 0)
        return -1;
    if (!alias_of_kserve(input->frequency, &taken.freq))
        return json_refuse(json_object_get(object, "frequency"),
                           "one of S, T, H, D, W, M, Q, Y or their words", &frequency, err);
    const json_t *time = json_object_get(object, "start_timestamp");
    taken.has_start = time != NULL && !json_is_null(time);
    if (taken.has_start && json_take_time(time, &start, &taken.start, err) != 0)
        return -1;
    return take_series(object, here, input, &taken, batch, room, err);
}

static int take_inputs(json_t *root, struct kserve_request *request, struct stateless_batch *batch,
                       struct err *err)
{
    const json_t *list = json_object_get(root, "inputs");
    struct json_place here = json_place_key(NULL, "inputs");
    size_t n = json_array_size(list), room = STATELESS_VALUES_MAX;
    if (n == 0 || n > STATELESS_SERIES_MAX) {
        err_set(err, n == 0 ? ERR_INVALID : ERR_TOO_LARGE, "expected a list of 1 to %d series",
                STATELESS_SERIES_MAX);
        return err_at(err, "%s", here.text);
    }
    request->input = calloc(n, sizeof *request->input);
    if (request->input == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    request->input_n = n;
    for (size_t i = 0; i < n; i++) {
        struct json_place place = json_place_index(&here, i);
        if (take_input(json_array_get(list, i), &place, &request->input[i], batch, &room, err) != 0)
            return -1;
    }
    return 0;
}

int kserve_parse(const char *body, size_t n, struct kserve_request **ret,
                 struct stateless_batch **ret_batch, struct err *err)
{
    struct kserve_request *request = calloc(1, sizeof *request);
    struct stateless_batch *batch = calloc(1, sizeof *batch);
    if (request == NULL || batch == NULL) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        goto fail;
    }
    if (json_body_parse(body, n, &request->root, err) != 0 ||
        take_text(request->root, NULL, "model", &request->model, err) != 0 ||
        take_options(request->root, request, batch, err) != 0 ||
        take_inputs(request->root, request, batch, err) != 0)
        goto fail;
    batch->heavy = true;
    *ret = request;
    *ret_batch = batch;
    return 0;
fail:
    kserve_request_free(request);
    stateless_batch_free(batch);
    return -1;
}
