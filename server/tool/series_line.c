/* From the JSON of a line to records. Knows field names, their ranges, and how a pool's series is cut
 * into windows; refuses to know files. Surprising: the scale of MASE is taken here, over the whole past,
 * before a window cuts the past to what the forecaster looks at. */
#include "server/tool/series_line.h"

#include "core/metrics.h"
#include "core/model.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEASON_MAX 1000000

/* The last points of a window's past that are kept: no forecaster of core looks further back. */
#define WINDOW_PAST_MAX TRM_CONTEXT_MAX

struct values {
    double *at;
    size_t n;
};

static struct record *append(struct record_list *list, struct tool_err *err)
{
    if (list->n == SERIES_RECORDS_MAX) {
        tool_fail(err, "more than %u records", SERIES_RECORDS_MAX);
        return NULL;
    }
    if (list->n == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        struct record *grown = realloc(list->at, room * sizeof *grown);
        if (!grown) {
            tool_fail(err, "out of memory");
            return NULL;
        }
        list->at = grown;
        list->room = room;
    }
    struct record *added = &list->at[list->n++];
    memset(added, 0, sizeof *added);
    return added;
}

static int read_text(const json_t *line, const char *name, const char **ret, struct tool_err *err)
{
    const json_t *field = json_object_get(line, name);

    if (!json_is_string(field))
        return tool_fail(err, "\"%s\" is not a string", name);
    *ret = json_string_value(field);
    return 0;
}

/* A whole number from 1 to max; 0 where the field is not there and need not be. */
static int read_count(const json_t *line, const char *name, uint32_t max, bool needed, uint32_t *ret,
                      struct tool_err *err)
{
    const json_t *field = json_object_get(line, name);
    double value = json_number_value(field);

    if (!needed && (!field || json_is_null(field))) {
        *ret = 0;
        return 0;
    }
    if (!json_is_number(field) || !(value >= 1 && value <= max) || value != floor(value))
        return tool_fail(err, "\"%s\" is not a whole number from 1 to %u", name, max);
    *ret = (uint32_t)value;
    return 0;
}

/* NaN where the line has none; a scale of zero counts as none, as in the published scorers. */
static int read_scale(const json_t *line, const char *name, double *ret, struct tool_err *err)
{
    const json_t *field = json_object_get(line, name);

    if (field && !json_is_null(field) && !json_is_number(field))
        return tool_fail(err, "\"%s\" is not a number", name);
    *ret = json_number_value(field) != 0 ? json_number_value(field) : (double)NAN;
    return 0;
}

static int read_values(const json_t *line, const char *name, struct values *ret, struct tool_err *err)
{
    const json_t *field = json_object_get(line, name);
    size_t n = json_array_size(field);

    if (n == 0)
        return tool_fail(err, "\"%s\" is not a list of values", name);
    double *values = malloc(n * sizeof *values);
    if (!values)
        return tool_fail(err, "out of memory");
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(field, i);
        if (!json_is_number(value) && !json_is_null(value)) {
            free(values);
            return tool_fail(err, "\"%s\"[%zu] is neither a number nor null", name, i);
        }
        values[i] = json_is_null(value) ? (double)NAN : json_number_value(value);
    }
    *ret = (struct values){values, n};
    return 0;
}

/* What both kinds of line have. */
static int read_common(const json_t *line, struct record *ret, const char **ret_id, struct tool_err *err)
{
    const char *freq = "";

    if (read_text(line, "id", ret_id, err) || read_text(line, "freq", &freq, err)
        || read_count(line, "season", SEASON_MAX, true, &ret->season, err)
        || read_count(line, "season_alt", SEASON_MAX, false, &ret->season_alt, err)
        || read_count(line, "horizon", TRM_HORIZON_MAX, false, &ret->horizon, err)
        || read_scale(line, "mase_scale", &ret->mase_scale, err)
        || read_scale(line, "gift_scale", &ret->gift_scale, err))
        return -1;
    if (strlen(freq) >= sizeof ret->freq)
        return tool_fail(err, "\"freq\" is longer than %zu characters", sizeof ret->freq - 1);
    memcpy(ret->freq, freq, strlen(freq) + 1);
    ret->season2 = season2_of(freq, ret->season);
    return 0;
}

/* A known future: train and test as they are. What a failure leaves half-made is freed with the list. */
static int read_set_line(const json_t *line, const struct record *common, const char *id,
                         struct record_list *list, struct tool_err *err)
{
    struct record *added = append(list, err);
    struct values train, test;

    if (!added)
        return -1;
    *added = *common;
    if (read_values(line, "train", &train, err))
        return -1;
    added->train = train.at, added->train_n = train.n;
    if (read_values(line, "test", &test, err))
        return -1;
    added->test = test.at, added->test_n = test.n;
    if (test.n > TRM_HORIZON_MAX)
        return tool_fail(err, "\"test\" is longer than %d values", TRM_HORIZON_MAX);
    added->id = strdup(id);
    if (!added->id)
        return tool_fail(err, "out of memory");
    if (added->horizon == 0)
        added->horizon = (uint32_t)test.n;
    if (isnan(added->mase_scale))
        added->mase_scale = trm_seasonal_error(train.at, train.n, added->season);
    return 0;
}

static double *copy_of(const double *values, size_t n)
{
    double *copy = malloc(n * sizeof *copy);

    if (copy)
        memcpy(copy, values, n * sizeof *copy);
    return copy;
}

/* The window whose future begins at origin and has steps values; steps = 0: all past. */
static int add_window(const struct values *values, size_t origin, size_t steps, const char *id,
                      const struct record *common, struct record_list *list, struct tool_err *err)
{
    struct record *added = append(list, err);
    size_t kept = steps && origin > WINDOW_PAST_MAX ? WINDOW_PAST_MAX : origin;

    if (!added)
        return -1;
    *added = *common;
    added->id = strdup(id);
    added->train = copy_of(values->at + origin - kept, kept);
    added->train_n = kept;
    added->test = steps ? copy_of(values->at + origin, steps) : NULL;
    added->test_n = steps;
    added->mase_scale = trm_seasonal_error(values->at, origin, common->season);
    if (!added->id || !added->train || (steps && !added->test))
        return tool_fail(err, "out of memory");
    return 0;
}

/* Windows end where the series ends and do not overlap; one needs a past to learn from. */
static int cut(const struct values *values, size_t windows, const char *id,
               const struct record *common, struct record_list *list, struct tool_err *err)
{
    size_t steps = common->horizon, least = steps + 2 * (size_t)common->season + 3;

    for (size_t back = windows; back > 0; back--) {
        char name[TOOL_MESSAGE_MAX];
        if (values->n < least + back * steps)
            continue;
        snprintf(name, sizeof name, "%s_w%02zu", id, windows - back);
        if (add_window(values, values->n - back * steps, steps, name, common, list, err))
            return -1;
    }
    return 0;
}

static int read_pool_line(const json_t *line, size_t windows, struct record *common, const char *id,
                          struct record_list *list, struct tool_err *err)
{
    struct values values;

    if (common->horizon == 0)
        common->horizon = horizon_of(common->freq);
    if (common->horizon == 0)
        return tool_fail(err, "\"freq\" %s is unknown, and there is no \"horizon\"", common->freq);
    if (read_values(line, "values", &values, err))
        return -1;
    int rc = windows ? cut(&values, windows, id, common, list, err)
                     : add_window(&values, values.n, 0, id, common, list, err);
    free(values.at);
    return rc;
}

int series_line_read(const char *text, size_t windows, struct record_list *list, struct tool_err *err)
{
    json_error_t bad;
    struct record common = {0};
    const char *id = "";
    json_t *line = json_loads(text, JSON_DECODE_INT_AS_REAL, &bad);

    if (!line)
        return tool_fail(err, "not JSON: %s (column %d)", bad.text, bad.column);
    int rc = json_is_object(line) ? read_common(line, &common, &id, err) : tool_fail(err, "not an object");
    if (rc == 0)
        rc = json_object_get(line, "values") ? read_pool_line(line, windows, &common, id, list, err)
                                             : read_set_line(line, &common, id, list, err);
    json_decref(line);
    return rc;
}
