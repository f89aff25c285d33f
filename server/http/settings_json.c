/* The settings of a series, as they come in. */
#include "server/http/settings_json.h"

#include "server/http/settings_json_field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int take_horizon(const json_t *value, struct series_settings *settings, struct err *err)
{
    struct json_place here = json_place_key(NULL, "horizon");
    int64_t horizon = 0;
    if (!json_is_null(value) &&
        json_take_int(value, 1, TRM_HORIZON_MAX, &here, &horizon, err) != 0) {
        return -1;
    }
    settings->horizon = (uint32_t)horizon;
    return 0;
}

/* Whether so few are enough is the service's to say. */
static int take_retention(const json_t *value, struct series_settings *settings, struct err *err)
{
    struct json_place here = json_place_key(NULL, "retention_points");
    int64_t retention = 0;
    if (!json_is_null(value) && json_take_int(value, 0, INT32_MAX, &here, &retention, err) != 0) {
        return -1;
    }
    settings->retention = (uint32_t)retention;
    return 0;
}

/* "auto", "off", or a number of new points: N or {"every":N}. */
static int take_fit(json_t *value, struct series_settings *settings, struct err *err)
{
    static const char *const names[] = {"every", NULL};
    struct json_place here = json_place_key(NULL, "fit");
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (strcmp(text, "auto") == 0 || strcmp(text, "off") == 0) {
        settings->fit = *text == 'a' ? FIT_AUTO : FIT_OFF;
        settings->fit_every = 0;
        return 0;
    }
    const json_t *number = value;
    struct json_place place = here;
    if (json_is_object(value)) {
        if (json_check_keys(value, names, &here, err) != 0) {
            return -1;
        }
        number = json_object_get(value, "every");
        place = json_place_key(&here, "every");
    }
    int64_t every;
    if (number == NULL || !json_is_number(number)) {
        return json_refuse(value, "\"auto\", \"off\" or a number of new points", &here, err);
    }
    if (json_take_int(number, 1, INT32_MAX, &place, &every, err) != 0) {
        return -1;
    }
    settings->fit = FIT_EVERY;
    settings->fit_every = (uint32_t)every;
    return 0;
}

static int take_aggregate(const json_t *value, enum aggregate *ret, struct err *err)
{
    struct json_place here = json_place_key(NULL, "aggregate");
    if (json_is_null(value)) {
        *ret = AGGREGATE_NONE;
        return 0;
    }
    if (json_is_string(value) && aggregate_parse(json_string_value(value), ret)) {
        return 0;
    }
    return json_refuse(value, "\"last\", \"mean\", \"sum\", \"min\", \"max\" or null", &here, err);
}

/* ---- labels ---- */

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static int take_label(const char *name, const json_t *value, const struct json_place *parent,
                      struct series_label *ret, struct err *err)
{
    struct json_place here = json_place_key(parent, name);
    size_t name_n = strlen(name);
    if (name_n < 1 || name_n > SERIES_LABEL_NAME_MAX || has_control(name)) {
        err_set(err, ERR_INVALID,
                "a label's name has %zu bytes, expected 1 to %d without control "
                "characters",
                name_n, SERIES_LABEL_NAME_MAX);
        return err_at(err, "%s", here.text);
    }
    if (!json_is_string(value) || json_string_length(value) > SERIES_LABEL_VALUE_MAX ||
        has_control(json_string_value(value))) {
        return json_refuse(value, "a text of at most 256 bytes without control characters", &here,
                           err);
    }
    *ret = (struct series_label){"", ""};
    memcpy(ret->name, name, name_n);
    memcpy(ret->value, json_string_value(value), json_string_length(value));
    return 0;
}

static int compare_labels(const void *a, const void *b)
{
    return strcmp(((const struct series_label *)a)->name, ((const struct series_label *)b)->name);
}

static int take_labels(json_t *value, struct series_settings *settings, struct err *err)
{
    struct json_place here = json_place_key(NULL, "labels");
    size_t n = json_object_size(value), at = 0;
    const char *name;
    json_t *text;
    if (!json_is_object(value)) {
        return json_refuse(value, "an object of texts", &here, err);
    }
    if (n > SERIES_LABELS_MAX) {
        err_set(err, ERR_INVALID, "%zu labels, expected at most %d", n, SERIES_LABELS_MAX);
        return err_at(err, "%s", here.text);
    }
    struct series_label *labels = n == 0 ? NULL : calloc(n, sizeof *labels);
    if (n > 0 && labels == NULL) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    json_object_foreach(value, name, text)
    {
        if (take_label(name, text, &here, &labels[at++], err) != 0) {
            free(labels);
            return -1;
        }
    }
    if (n > 0) {
        qsort(labels, n, sizeof *labels, compare_labels);
    }
    settings->labels = labels;
    settings->label_n = (uint32_t)n;
    return 0;
}

/* ---- bodies ---- */

static int take_settings(json_t *root, struct series_patch *patch, struct err *err)
{
    static const char *const names[] = {"frequency", "timezone", "season", "horizon",   "min",
                                        "max",       "integer",  "model",  "fit",       "labels",
                                        "aggregate", "retention_points", NULL};
    json_t *horizon = json_object_get(root, "horizon");
    json_t *fit = json_object_get(root, "fit");
    json_t *labels = json_object_get(root, "labels");
    json_t *aggregate = json_object_get(root, "aggregate");
    json_t *retention = json_object_get(root, "retention_points");
    if (json_check_keys(root, names, NULL, err) != 0 ||
        json_take_shape(root, NULL, &patch->settings, &patch->set, err) != 0 ||
        (horizon != NULL && take_horizon(horizon, &patch->settings, err) != 0) ||
        (fit != NULL && take_fit(fit, &patch->settings, err) != 0) ||
        (aggregate != NULL && take_aggregate(aggregate, &patch->settings.aggregate, err) != 0) ||
        (retention != NULL && take_retention(retention, &patch->settings, err) != 0) ||
        (labels != NULL && take_labels(labels, &patch->settings, err) != 0)) {
        return -1;
    }
    patch->set |= (horizon != NULL ? PATCH_HORIZON : 0u) | (fit != NULL ? PATCH_FIT : 0u) |
                  (labels != NULL ? PATCH_LABELS : 0u) | (retention != NULL ? PATCH_RETENTION : 0u) |
                  (aggregate != NULL ? PATCH_AGGREGATE : 0u);
    return 0;
}

int settings_json_parse(const char *body, size_t n, struct series_patch *ret, struct err *err)
{
    JSON_OWNED *root = NULL;
    struct series_patch patch = {.set = 0};
    if (n > SETTINGS_BYTES_MAX) {
        return err_set(err, ERR_TOO_LARGE, "the settings have %zu bytes, expected at most %zu", n,
                       SETTINGS_BYTES_MAX);
    }
    series_settings_init(&patch.settings);
    if (json_body_parse(body, n, &root, err) != 0) {
        return -1;
    }
    if (take_settings(root, &patch, err) != 0) {
        series_settings_done(&patch.settings);
        return -1;
    }
    *ret = patch;
    return 0;
}

/* One of two words under a key, or the first where there is none; returns which, or -1. */
static int one_of_two(const json_t *root, const char *key, const char *const word[2], struct err *err)
{
    const json_t *value = json_object_get(root, key);
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    char expected[64];
    if (value == NULL || strcmp(text, word[0]) == 0)
        return 0;
    if (strcmp(text, word[1]) == 0)
        return 1;
    struct json_place here = json_place_key(NULL, key);
    snprintf(expected, sizeof expected, "\"%s\" or \"%s\"", word[0], word[1]);
    return json_refuse(value, expected, &here, err);
}

int fit_json_parse(const char *body, size_t n, struct fit_ask *ret, struct err *err)
{
    static const char *const names[] = {"mode", "publish", NULL};
    static const char *const modes[] = {"incremental", "full"}, *const publish[] = {"better", "always"};
    JSON_OWNED *root = NULL;
    if (n == 0) {
        *ret = (struct fit_ask){0};
        return 0;
    }
    if (n > SETTINGS_BYTES_MAX) {
        return err_set(err, ERR_TOO_LARGE, "the body has %zu bytes, expected at most %zu", n,
                       SETTINGS_BYTES_MAX);
    }
    if (json_body_parse(body, n, &root, err) != 0 || json_check_keys(root, names, NULL, err) != 0) {
        return -1;
    }
    int full = one_of_two(root, "mode", modes, err);
    int always = full < 0 ? -1 : one_of_two(root, "publish", publish, err);
    if (always < 0)
        return -1;
    *ret = (struct fit_ask){.full = full == 1, .always = always == 1};
    return 0;
}

int backup_json_parse(const char *body, size_t n, char *ret_name, size_t name_n, struct err *err)
{
    static const char *const names[] = {"name", NULL};
    struct json_place here = json_place_key(NULL, "name");
    JSON_OWNED *root = NULL;
    if (n > 0 &&
        (json_body_parse(body, n, &root, err) != 0 || json_check_keys(root, names, NULL, err) != 0)) {
        return -1;
    }
    const json_t *name = root == NULL ? NULL : json_object_get(root, "name");
    if (name != NULL && (!json_is_string(name) || json_string_length(name) == 0 ||
                         json_string_length(name) >= name_n)) {
        return json_refuse(name, "the name of a file, ending in \".db\"", &here, err);
    }
    snprintf(ret_name, name_n, "%s", name == NULL ? "" : json_string_value(name));
    return 0;
}
