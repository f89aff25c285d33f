/* Query parameters as values. */
#include "server/http/query.h"

#include "core/calendar.h"
#include "server/http/number.h"

#include <string.h>

#define TEXT_SHOWN 40 /* bytes of a wrong value that an error repeats */

static const char *text_of(const char *value)
{
    return value == NULL ? "" : value;
}

/* "NAME is "VALUE": RIGHT" at the parameter. */
static int refuse(const char *name, const char *value, const char *right, struct err *err)
{
    err_set(err, ERR_INVALID, "%s is \"%.*s\", expected %s", name, TEXT_SHOWN, text_of(value),
            right);
    return err_at(err, "%s", name);
}

int query_int(const char *name, const char *value, int64_t min, int64_t max, int64_t *ret,
              struct err *err)
{
    int64_t number;
    value = text_of(value);
    if (number_parse_int(value, strlen(value), &number) != NUMBER_OK || number < min ||
        number > max) {
        err_set(err, ERR_INVALID, "%s is \"%.*s\", expected a whole number from %lld to %lld", name,
                TEXT_SHOWN, value, (long long)min, (long long)max);
        return err_at(err, "%s", name);
    }
    *ret = number;
    return 0;
}

int query_bool(const char *name, const char *value, bool *ret, struct err *err)
{
    value = text_of(value);
    bool yes = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
    if (!yes && strcmp(value, "0") != 0 && strcmp(value, "false") != 0) {
        return refuse(name, value, "1, true, 0 or false", err);
    }
    *ret = yes;
    return 0;
}

int query_time(const char *name, const char *value, int64_t *ret, struct err *err)
{
    int64_t ms;
    value = text_of(value);
    bool read = number_parse_int(value, strlen(value), &ms) == NUMBER_OK
                    ? ms >= TRM_TIME_MIN && ms <= TRM_TIME_MAX
                    : trm_time_parse(value, strlen(value), &ms) == TRM_OK;
    if (!read) {
        return refuse(name, value,
                      "RFC 3339 text (2026-11-23T10:00:00Z, with %2B for a plus) or epoch "
                      "milliseconds, years 1 to 9999",
                      err);
    }
    *ret = ms;
    return 0;
}

int query_time_form(const char *name, const char *value, enum time_form *ret, struct err *err)
{
    value = text_of(value);
    bool ms = strcmp(value, "ms") == 0;
    if (!ms && strcmp(value, "rfc3339") != 0) {
        return refuse(name, value, "ms or rfc3339", err);
    }
    *ret = ms ? TIME_MS : TIME_RFC3339;
    return 0;
}

int query_numbers(const char *name, const char *value, size_t max, double *ret, size_t *ret_n,
                  struct err *err)
{
    double numbers[TRM_QUANTILES_MAX];
    size_t n = 0;
    max = max < TRM_QUANTILES_MAX ? max : TRM_QUANTILES_MAX;
    for (const char *at = text_of(value); *at != '\0' || n > 0;) {
        size_t length = strcspn(at, ",");
        if (n == max) {
            err_set(err, ERR_INVALID, "%s has more than %zu numbers", name, max);
            return err_at(err, "%s", name);
        }
        if (number_parse(at, length, &numbers[n++]) != NUMBER_OK) {
            return refuse(name, value, "numbers between commas", err);
        }
        if (at[length] == '\0') {
            break;
        }
        at += length + 1;
    }
    memcpy(ret, numbers, n * sizeof *numbers);
    *ret_n = n;
    return 0;
}

int query_label(const char *name, const char *value, struct series_label *ret, struct err *err)
{
    value = text_of(value);
    size_t name_n = strcspn(value, "=");
    if (value[name_n] == '\0' || name_n == 0 || name_n > SERIES_LABEL_NAME_MAX ||
        strlen(value + name_n + 1) > SERIES_LABEL_VALUE_MAX) {
        return refuse(name, value, "label=value, a label of 1 to 64 bytes, a value of at most 256",
                      err);
    }
    *ret = (struct series_label){"", ""};
    memcpy(ret->name, value, name_n);
    memcpy(ret->value, value + name_n + 1, strlen(value + name_n + 1));
    return 0;
}
