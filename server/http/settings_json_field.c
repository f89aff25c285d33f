/* A request's body as jansson's tree, and its fields with errors that name their place. */
#include "server/http/settings_json_field.h"

#include "core/calendar.h"
#include "core/model.h"
#include "server/http/json_memory.h"
#include "server/service/service.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where a double stops counting in ones: beyond it, "whole" says nothing. */
#define EXACT_INT 9007199254740992.0

/* An integer beyond 64 bits is a number like any other in JSON: then all of them are read as reals, which
 * hold every whole number that is asked for anywhere (up to 2^53). */
static json_t *load(const char *body, size_t n, json_error_t *ret_why, bool *ret_no_memory)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_t *root = json_memory_load(body, n, flags, ret_why, ret_no_memory);
    if (root != NULL || *ret_no_memory || json_error_code(ret_why) != json_error_numeric_overflow)
        return root;
    return json_memory_load(body, n, flags | JSON_DECODE_INT_AS_REAL, ret_why, ret_no_memory);
}

int json_body_parse(const char *body, size_t n, json_t **ret, struct err *err)
{
    json_error_t why;
    bool no_memory;
    /* jansson drops a NUL byte behind a number. */
    if (n > 0 && memchr(body, '\0', n) != NULL) {
        return err_set(err, ERR_SYNTAX, "the body is not valid JSON: it has a NUL byte");
    }
    json_t *root = load(body, n, &why, &no_memory);
    if (no_memory) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    if (root == NULL) {
        err_set(err, ERR_SYNTAX, "the body is not valid JSON: %s%s", why.text,
                strstr(why.text, "NaN") != NULL ? ", send null for a missing value" : "");
        return err_at(err, "line %d, column %d", why.line, why.column);
    }
    if (!json_is_object(root)) {
        json_refuse(root, "an object", NULL, err);
        json_decref(root);
        return -1;
    }
    *ret = root;
    return 0;
}

/* ---- places ---- */

struct json_place json_place_key(const struct json_place *parent, const char *key)
{
    struct json_place place = {""};
    size_t at = parent == NULL ? 0 : strlen(parent->text);
    if (at > 0) {
        memcpy(place.text, parent->text, at);
    }
    if (at + 1 < sizeof place.text) {
        place.text[at++] = '/';
    }
    for (; *key != '\0' && at + 2 < sizeof place.text; key++) {
        bool special = *key == '~' || *key == '/';
        place.text[at++] = special ? '~' : *key;
        if (special) {
            place.text[at++] = *key == '~' ? '0' : '1';
        }
    }
    place.text[at] = '\0';
    return place;
}

struct json_place json_place_index(const struct json_place *parent, size_t index)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", index);
    return json_place_key(parent, text);
}

static const char *type_name(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "a list";
    case JSON_STRING:
        return "a text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
        break;
    }
    return "null";
}

int json_refuse(const json_t *value, const char *expected, const struct json_place *place,
                struct err *err)
{
    if (value == NULL) {
        err_set(err, ERR_INVALID, "missing, expected %s", expected);
    } else if (json_is_string(value)) {
        err_set(err, ERR_INVALID, "\"%.40s\", expected %s", json_string_value(value), expected);
    } else if (json_is_number(value)) {
        err_set(err, ERR_INVALID, "%.12g, expected %s", json_number_value(value), expected);
    } else {
        err_set(err, ERR_INVALID, "%s, expected %s", type_name(value), expected);
    }
    return place == NULL ? -1 : err_at(err, "%s", place->text);
}

/* ---- keys ---- */

static bool is_listed(const char *const *names, const char *key)
{
    while (*names != NULL && strcmp(*names, key) != 0) {
        names++;
    }
    return *names != NULL;
}

int json_check_keys(json_t *object, const char *const *names, const struct json_place *parent,
                    struct err *err)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (is_listed(names, key)) {
            continue;
        }
        char known[ERR_MSG_MAX] = "";
        for (size_t n = 0; *names != NULL && n < sizeof known; names++) {
            int wrote = snprintf(known + n, sizeof known - n, "%s%s", n > 0 ? ", " : "", *names);
            n += wrote > 0 ? (size_t)wrote : 0;
        }
        struct json_place place = json_place_key(parent, key);
        err_set(err, ERR_INVALID, "unknown field, expected one of %s", known);
        return err_at(err, "%s", place.text);
    }
    return 0;
}

/* ---- values ---- */

/* A whole number written with a fraction or an exponent (1.5e12) counts as whole. */
static bool whole_number(const json_t *value, int64_t *ret)
{
    if (json_is_integer(value)) {
        *ret = json_integer_value(value);
        return true;
    }
    double v = json_is_real(value) ? json_real_value(value) : 0.5;
    if (v != trunc(v) || fabs(v) > EXACT_INT) {
        return false;
    }
    *ret = (int64_t)v;
    return true;
}

int json_take_int(const json_t *value, int64_t min, int64_t max, const struct json_place *place,
                  int64_t *ret, struct err *err)
{
    int64_t number;
    if (!whole_number(value, &number) || number < min || number > max) {
        char expected[80];
        snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)min,
                 (long long)max);
        return json_refuse(value, expected, place, err);
    }
    *ret = number;
    return 0;
}

int json_take_bool(const json_t *value, const struct json_place *place, bool *ret, struct err *err)
{
    if (!json_is_boolean(value)) {
        return json_refuse(value, "true or false", place, err);
    }
    *ret = json_is_true(value);
    return 0;
}

int json_take_value(const json_t *value, const struct json_place *place, double *ret,
                    struct err *err)
{
    if (json_is_null(value)) {
        *ret = (double)NAN;
        return 0;
    }
    if (!json_is_number(value) || !(fabs(json_number_value(value)) <= TRM_VALUE_MAX)) {
        return json_refuse(value, "a number from -1e300 to 1e300 or null", place, err);
    }
    *ret = json_number_value(value);
    return 0;
}

int json_take_time(const json_t *value, const struct json_place *place, int64_t *ret,
                   struct err *err)
{
    int64_t ms;
    bool taken =
        json_is_string(value)
            ? trm_time_parse(json_string_value(value), json_string_length(value), &ms) == TRM_OK
            : whole_number(value, &ms) && ms >= TRM_TIME_MIN && ms <= TRM_TIME_MAX;
    if (!taken) {
        return json_refuse(
            value,
            "RFC 3339 text like 2026-11-23T10:00:00Z or whole epoch milliseconds, years "
            "1 to 9999",
            place, err);
    }
    *ret = ms;
    return 0;
}

/* ---- the shape of a series ---- */

static int take_frequency(const json_t *value, const struct json_place *place, struct trm_freq *ret,
                          struct err *err)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (strcmp(text, "infer") == 0) {
        *ret = (struct trm_freq){0, 0};
        return 0;
    }
    if (!json_is_string(value) || trm_freq_parse(text, json_string_length(value), ret) != TRM_OK) {
        return json_refuse(
            value,
            "a count and a unit (ms, s, m, h, d, w, mo, q, y) like 5m, 1h, 1d, 1w, 1mo, "
            "1q, 1y, at most 100 years, or infer",
            place, err);
    }
    return 0;
}

static int take_season(const json_t *value, const struct json_place *place,
                       struct series_settings *settings, struct err *err)
{
    static const char expected[] = "a list of 1 to 4 periods in steps, or \"auto\"";
    uint32_t season[SERIES_SEASONS_MAX] = {0};
    size_t n = json_array_size(value);
    bool is_auto = json_is_string(value) && strcmp(json_string_value(value), "auto") == 0;
    if (!is_auto && (n < 1 || n > SERIES_SEASONS_MAX)) {
        return json_refuse(value, expected, place, err);
    }
    for (size_t i = 0; i < n; i++) {
        struct json_place here = json_place_index(place, i);
        int64_t period;
        if (json_take_int(json_array_get(value, i), 1, series_season_max(i), &here, &period, err) != 0) {
            return -1;
        }
        season[i] = (uint32_t)period;
    }
    memcpy(settings->season, season, sizeof season);
    settings->season_n = (uint32_t)n;
    return 0;
}

/* A name, or null for UTC. */
static int take_zone(const json_t *value, const struct json_place *here, struct series_settings *settings,
                     struct err *err)
{
    const char *name = json_is_null(value) ? "" : json_string_value(value);
    if (name == NULL || strlen(name) > SERIES_ZONE_MAX ||
        (json_is_string(value) && json_string_length(value) != strlen(name))) {
        return json_refuse(
            value, "an IANA name of a time zone like Europe/Berlin, at most 63 bytes, or null for UTC", here,
            err);
    }
    memcpy(settings->zone, name, strlen(name) + 1);
    return 0;
}

/* "trm" or "literal". */
static int take_model(const json_t *value, const struct json_place *here, enum trm_kind *ret,
                      struct err *err)
{
    if (!json_is_string(value) || !trm_kind_parse(json_string_value(value), ret)) {
        return json_refuse(value, "\"trm\" or \"literal\"", here, err);
    }
    return 0;
}

int json_take_shape(json_t *object, const struct json_place *parent,
                    struct series_settings *settings, unsigned *set, struct err *err)
{
    static const struct {
        const char *name;
        unsigned bit;
    } fields[] = {{"frequency", PATCH_FREQ},
                  {"timezone", PATCH_ZONE},
                  {"season", PATCH_SEASON},
                  {"min", PATCH_MIN},
                  {"max", PATCH_MAX},
                  {"integer", PATCH_INTEGER},
                  {"model", PATCH_MODEL}};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const json_t *value = json_object_get(object, fields[i].name);
        struct json_place here = json_place_key(parent, fields[i].name);
        int failed = 0;
        if (value == NULL) {
            continue;
        }
        switch (fields[i].bit) {
        case PATCH_FREQ:
            failed = take_frequency(value, &here, &settings->freq, err);
            break;
        case PATCH_ZONE:
            failed = take_zone(value, &here, settings, err);
            break;
        case PATCH_SEASON:
            failed = take_season(value, &here, settings, err);
            break;
        case PATCH_MIN:
            failed = json_take_value(value, &here, &settings->min, err);
            break;
        case PATCH_MODEL:
            failed = take_model(value, &here, &settings->model, err);
            break;
        case PATCH_MAX:
            failed = json_take_value(value, &here, &settings->max, err);
            break;
        default:
            failed = json_take_bool(value, &here, &settings->integer, err);
        }
        if (failed != 0) {
            return -1;
        }
        *set |= fields[i].bit;
    }
    if (settings->min > settings->max) {
        struct json_place here = json_place_key(parent, "max");
        err_set(err, ERR_INVALID, "max %.12g is below min %.12g, expected min <= max",
                settings->max, settings->min);
        return err_at(err, "%s", here.text);
    }
    return 0;
}
