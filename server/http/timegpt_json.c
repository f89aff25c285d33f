/* A TimeGPT request's body. See timegpt.h. */
#include "server/http/alias.h"
#include "server/http/json_lift.h"
#include "server/http/query.h"
#include "server/http/settings_json_field.h"
#include "server/http/timegpt_plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void timegpt_request_free(struct timegpt_request *request)
{
    if (request == NULL)
        return;
    free(request->first);
    free(request->window);
    free(request);
}

/* ---- single fields ---- */

/* Absent, null, false, and an empty list or object all say that a thing is not wanted. */
static bool is_nothing(const json_t *value)
{
    if (value == NULL || json_is_null(value) || json_is_false(value))
        return true;
    return (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* What we cannot do is not left out in silence. */
static int refuse_unsupported(json_t *object, const struct json_place *parent, const char *key,
                              const char *words, struct err *err)
{
    struct json_place place = json_place_key(parent, key);
    if (is_nothing(json_object_get(object, key)))
        return 0;
    err_set(err, ERR_INVALID, "%s", words);
    return err_at(err, "%s", place.text);
}

static int take_count(json_t *root, const char *key, int64_t min, int64_t max, size_t *ret, struct err *err)
{
    const json_t *value = json_object_get(root, key);
    struct json_place place = json_place_key(NULL, key);
    int64_t number;
    if (value == NULL || json_is_null(value))
        return 0;
    if (json_take_int(value, min, max, &place, &number, err) != 0)
        return -1;
    *ret = (size_t)number;
    return 0;
}

static int need(const json_t *value, const char *key, const char *what, struct err *err)
{
    if (value != NULL && !json_is_null(value))
        return 0;
    err_set(err, ERR_INVALID, "missing, expected %s", what);
    return err_at(err, "/%s", key);
}

static int take_freq(json_t *root, struct timegpt_request *request, struct err *err)
{
    const json_t *value = json_object_get(root, "freq");
    struct json_place place = json_place_key(NULL, "freq");
    struct alias alias;
    if (need(value, "freq", "an offset alias like \"D\", \"h\", \"W\" or \"MS\"", err) != 0)
        return -1;
    if (!json_is_string(value) || !alias_of_pandas(json_string_value(value), &alias))
        return json_refuse(value, "an offset alias like \"D\", \"h\", \"15min\", \"W\", \"B\", \"MS\", "
                                  "\"QS\" "
                                  "or \"YS\"", &place, err);
    request->season = alias.season;
    request->freq = alias.season > 0 ? (struct trm_freq){0} : alias.freq;
    if (request->full_history)
        request->horizon = service_default_horizon(alias.freq);
    return 0;
}

/* ---- levels ---- */

/* A level of 0 is what the client makes of the quantile 0.5; equal ones come of a pair of quantiles. */
static int read_levels(const json_t *list, double *numbers, size_t *ret_n, bool *ret_zero, struct err *err)
{
    struct json_place here = json_place_key(NULL, "level");
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *number = json_array_get(list, i);
        struct json_place place = json_place_index(&here, i);
        double level = json_is_number(number) ? json_number_value(number) : -1;
        if (!(level >= 0 && level < 100))
            return json_refuse(number, "a percentage from 0 to below 100", &place, err);
        bool again = false;
        for (size_t k = 0; k < n; k++)
            again = again || numbers[k] == level;
        *ret_zero = *ret_zero || level == 0;
        if (level == 0 || again)
            continue;
        if (n == TRM_QUANTILES_MAX / 2)
            return json_refuse(list, "at most 16 different levels", &here, err);
        numbers[n++] = level;
    }
    *ret_n = n;
    return 0;
}

static int take_levels(json_t *root, struct timegpt_request *request, struct stateless_batch *batch,
                       struct err *err)
{
    json_t *value = json_object_get(root, "level");
    struct json_place here = json_place_key(NULL, "level");
    struct forecast_params params;
    double numbers[TRM_QUANTILES_MAX];
    size_t n = 0;
    bool zero = false, scalar = json_is_number(value);
    JSON_OWNED *list = scalar ? json_pack("[O]", value) : json_incref(value);
    if (scalar && list == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    forecast_params_init(&params);
    request->has_level = value != NULL && !json_is_null(value);
    if (request->has_level && !json_is_array(list))
        return json_refuse(value, "a list of percentages", &here, err);
    if ((request->has_level && read_levels(list, numbers, &n, &zero, err) != 0) ||
        forecast_params_intervals(&params, numbers, n, here.text, err) != 0 ||
        forecast_params_quantiles(&params, NULL, 0, here.text, err) != 0 ||
        forecast_params_ask(&params, here.text, &batch->ask, err) != 0)
        return -1;
    if (zero)
        request->level[request->level_n++] = 0;
    for (size_t i = 0; i < params.interval_n && request->level_n < TRM_QUANTILES_MAX / 2; i++)
        request->level[request->level_n++] = params.intervals[i];
    return 0;
}

/* ---- the task's own fields ---- */

static int take_horizon(json_t *root, struct timegpt_request *request, struct err *err)
{
    size_t unused;
    if (request->full_history) /* by the frequency */
        return take_count(root, "h", 1, TRM_HORIZON_MAX, &unused, err);
    return need(json_object_get(root, "h"), "h", "the number of steps to forecast", err) != 0 ||
                   take_count(root, "h", 1, TRM_HORIZON_MAX, &request->horizon, err) != 0
               ? -1
               : 0;
}

static int take_windows(json_t *root, struct timegpt_request *request, struct err *err)
{
    const json_t *method = json_object_get(root, "threshold_method");
    if (json_is_string(method) && strcmp(json_string_value(method), "multivariate") == 0) {
        err_set(err, ERR_INVALID, "thresholds over several series are not supported, expected \"univariate"
                                  "\"");
        return err_at(err, "/threshold_method");
    }
    request->window_n_asked = 1;
    request->step = request->horizon;
    if (take_count(root, "n_windows", 1, TIMEGPT_FORECASTS_MAX, &request->window_n_asked, err) != 0 ||
        take_count(root, "step_size", 1, TIMEGPT_VALUES_MAX, &request->step, err) != 0 ||
        take_count(root, "detection_size", 1, TIMEGPT_VALUES_MAX, &request->detection, err) != 0)
        return -1;
    return request->task == TIMEGPT_ONLINE_ANOMALY
               ? need(json_object_get(root, "detection_size"), "detection_size",
                      "the number of newest points to look at", err)
               : 0;
}

static int take_history(json_t *root, struct timegpt_request *request, struct err *err)
{
    const json_t *value = json_object_get(root, "full_history");
    struct json_place place = json_place_key(NULL, "full_history");
    bool asked = false;
    if (value != NULL && !json_is_null(value) && json_take_bool(value, &place, &asked, err) != 0)
        return -1;
    request->full_history = request->task == TIMEGPT_ANOMALY || request->task == TIMEGPT_HISTORIC ||
                            (request->task == TIMEGPT_CROSS_VALIDATION && asked);
    return 0;
}

static int take_fields(json_t *root, struct timegpt_request *request, struct stateless_batch *batch,
                       struct err *err)
{
    static const char *const unsupported[][2] = {
        {"feature_contributions", "feature contributions are not supported: there are no exogenous features"},
        {"multivariate", "joint forecasts of several series are not supported, expected false"},
        {"hist_exog", "exogenous features are not supported, expected null"},
        {"finetuned_model_id", "there are no models fine-tuned before, expected null (finetune_steps fits "
         "each "
                               "series before it is forecast)"},
        {"model_parameters", "model parameters are not supported, expected null"},
    };
    size_t finetune_steps = 0;
    bool anomaly = request->task == TIMEGPT_ANOMALY || request->task == TIMEGPT_ONLINE_ANOMALY;
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
        if (refuse_unsupported(root, NULL, unsupported[i][0], unsupported[i][1], err) != 0)
            return -1;
    if (take_history(root, request, err) != 0 || take_freq(root, request, err) != 0 ||
        take_horizon(root, request, err) != 0 || take_levels(root, request, batch, err) != 0 ||
        take_windows(root, request, err) != 0 ||
        take_count(root, "finetune_steps", 0, INT32_MAX, &finetune_steps, err) != 0)
        return -1;
    request->fit = finetune_steps > 0;
    if (!anomaly || (request->level_n == 1 && request->level[0] > 0))
        return 0;
    err_set(err, ERR_INVALID, "expected one level above 0, like 99");
    return err_at(err, "/level");
}

/* ---- the series ---- */

/* The list as it stands in the tree, where json_lift did not see it (its key had escapes). */
static int take_listed(const json_t *list, struct json_lifted *lifted, struct err *err)
{
    struct json_place here = {"/series/y"};
    size_t n = json_array_size(list);
    if (lifted->found || n == 0)
        return 0;
    if (n > TIMEGPT_VALUES_MAX)
        return json_refuse(list, "at most 1000000 values in one request", &here, err);
    lifted->values = calloc(n, sizeof *lifted->values);
    if (lifted->values == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    for (; lifted->n < n; lifted->n++) {
        struct json_place place = json_place_index(&here, lifted->n);
        if (json_take_value(json_array_get(list, lifted->n), &place, &lifted->values[lifted->n], err) != 0)
            return -1;
    }
    return 0;
}

static int take_sizes(const json_t *list, struct timegpt_request *request, size_t values_n, struct err *err)
{
    struct json_place here = {"/series/sizes"};
    size_t n = json_array_size(list);
    if (n == 0 || n > TIMEGPT_FORECASTS_MAX)
        return json_refuse(list, "a list of 1 to 10000 lengths, one for each series", &here, err);
    request->first = calloc(n + 1, sizeof *request->first);
    if (request->first == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    request->series_n = n;
    for (size_t i = 0; i < n; i++) {
        struct json_place place = json_place_index(&here, i);
        int64_t size;
        if (json_take_int(json_array_get(list, i), 1, TIMEGPT_VALUES_MAX, &place, &size, err) != 0)
            return -1;
        request->first[i + 1] = request->first[i] + (size_t)size;
    }
    if (request->first[n] == values_n)
        return 0;
    err_set(err, ERR_INVALID, "the lengths add up to %zu and there are %zu values in y", request->first[n],
            values_n);
    return err_at(err, "%s", here.text);
}

static int take_series(json_t *root, struct timegpt_request *request, struct json_lifted *lifted,
                       struct err *err)
{
    static const char *const exogenous[] = {"X", "X_future", "categorical_exog"};
    json_t *series = json_object_get(root, "series");
    struct json_place here = json_place_key(NULL, "series"), y = json_place_key(&here, "y");
    if (need(series, "series", "an object with \"y\" and \"sizes\"", err) != 0)
        return -1;
    if (!json_is_object(series))
        return json_refuse(series, "an object with \"y\" and \"sizes\"", &here, err);
    for (size_t i = 0; i < 3; i++)
        if (refuse_unsupported(series, &here, exogenous[i],
                               "exogenous features are not supported: send the series without them (and "
                               "without date_features)", err) != 0)
            return -1;
    if (take_listed(json_object_get(series, "y"), lifted, err) != 0)
        return -1;
    if (lifted->n == 0) {
        err_set(err, ERR_INVALID, "expected a list with the values of all series, one after the other");
        return err_at(err, "%s", y.text);
    }
    return take_sizes(json_object_get(series, "sizes"), request, lifted->n, err);
}

/* ---- the body ---- */

static int take_body(char *body, size_t n, struct timegpt_request *request, struct stateless_batch *batch,
                     struct err *err)
{
    struct json_lifted lifted;
    JSON_OWNED *root = NULL;
    if (json_lift(body, &n, "series", "y", TIMEGPT_VALUES_MAX, &lifted, err) != 0)
        return -1;
    int status = json_body_parse(body, n, &root, err) != 0 ||
                         take_fields(root, request, batch, err) != 0 ||
                         take_series(root, request, &lifted, err) != 0
                     ? -1
                     : 0;
    batch->values = lifted.values;
    return status != 0 ? -1 : timegpt_plan(request, batch, err);
}

int timegpt_parse(enum timegpt_task task, char *body, size_t n, struct timegpt_request **ret,
                  struct stateless_batch **ret_batch, struct err *err)
{
    struct timegpt_request *request = calloc(1, sizeof *request);
    struct stateless_batch *batch = calloc(1, sizeof *batch);
    if (request == NULL || batch == NULL) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        goto fail;
    }
    request->task = task;
    if (take_body(body, n, request, batch, err) != 0)
        goto fail;
    *ret = request;
    *ret_batch = batch;
    return 0;
fail:
    timegpt_request_free(request);
    stateless_batch_free(batch);
    return -1;
}

int timegpt_parse_params(const char *body, size_t n, char *ret, size_t ret_max, struct err *err)
{
    JSON_OWNED *root = NULL;
    struct json_place place = json_place_key(NULL, "freq");
    if (json_body_parse(body, n, &root, err) != 0)
        return -1;
    const json_t *freq = json_object_get(root, "freq");
    if (need(freq, "freq", "an offset alias like \"D\"", err) != 0)
        return -1;
    if (!json_is_string(freq) || json_string_length(freq) >= ret_max)
        return json_refuse(freq, "an offset alias like \"D\"", &place, err);
    memcpy(ret, json_string_value(freq), json_string_length(freq) + 1);
    return 0;
}
