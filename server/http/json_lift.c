/* Finding the list by counting brackets, then reading it number by number. See json_lift.h. */
#include "server/http/json_lift.h"

#include "core/model.h"
#include "server/http/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_VALUES ((size_t)256)

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* ---- finding ---- */

struct scan {
    const char *body;
    size_t n, at;
    unsigned depth;
    bool inside;        /* in the outer object */
    const char *key;    /* the last text where a key may stand, until a comma */
    size_t key_n;
};

/* Moves behind a text that begins at `at`; to the end where it does not end. */
static void skip_text(struct scan *scan)
{
    size_t start = ++scan->at;
    while (scan->at < scan->n && scan->body[scan->at] != '"')
        scan->at += scan->body[scan->at] == '\\' ? 2 : 1;
    if (scan->at > scan->n)
        scan->at = scan->n;
    if (scan->depth == 1 || (scan->depth == 2 && scan->inside)) {
        scan->key = scan->body + start;
        scan->key_n = scan->at - start;
    }
}

static bool key_is(const struct scan *scan, const char *name)
{
    return scan->key != NULL && scan->key_n == strlen(name) && memcmp(scan->key, name, scan->key_n) == 0;
}

/* An opening bracket; true: the list begins behind it. */
static bool open_bracket(struct scan *scan, const char *outer, const char *inner)
{
    char c = scan->body[scan->at];
    scan->depth++;
    if (scan->depth == 3 && scan->inside && c == '[' && key_is(scan, inner))
        return true;
    if (scan->depth == 2)
        scan->inside = c == '{' && key_is(scan, outer);
    scan->key = NULL;
    return false;
}

/* Leaves `at` behind the list's opening bracket. */
static bool find_list(struct scan *scan, const char *outer, const char *inner)
{
    for (; scan->at < scan->n; scan->at++) {
        switch (scan->body[scan->at]) {
        case '"':
            skip_text(scan);
            break;
        case '{':
        case '[':
            if (open_bracket(scan, outer, inner)) {
                scan->at++;
                return true;
            }
            break;
        case '}':
        case ']':
            if (scan->depth-- <= 1)
                return false; /* the root has ended, or never begun */
            scan->inside = scan->inside && scan->depth >= 2;
            scan->key = NULL;
            break;
        case ',':
            scan->key = NULL;
            break;
        default:
            break;
        }
    }
    return false;
}

/* ---- reading ---- */

struct reading {
    const char *outer, *inner;
    double *values;
    size_t n, size, max;
};

static int refuse(const struct reading *reading, const char *text, size_t n, struct err *err)
{
    err_set(err, ERR_INVALID, "\"%.*s\", expected a number from -1e300 to 1e300 or null",
            (int)(n > 40 ? 40 : n), text);
    return err_at(err, "/%s/%s/%zu", reading->outer, reading->inner, reading->n);
}

static int add(struct reading *reading, double value, struct err *err)
{
    if (reading->n == reading->max) {
        err_set(err, ERR_TOO_LARGE, "more than %zu values in one request", reading->max);
        return err_at(err, "/%s/%s", reading->outer, reading->inner);
    }
    if (reading->n == reading->size) {
        size_t size = reading->size == 0 ? FIRST_VALUES : reading->size * 2;
        double *grown = realloc(reading->values, size * sizeof *grown);
        if (grown == NULL)
            return err_set(err, ERR_NO_MEMORY, "out of memory");
        reading->values = grown;
        reading->size = size;
    }
    reading->values[reading->n++] = value;
    return 0;
}

static int add_token(struct reading *reading, const char *text, size_t n, struct err *err)
{
    double value = (double)NAN;
    if (n == 4 && memcmp(text, "null", 4) == 0)
        return add(reading, value, err);
    if (number_parse(text, n, &value) != NUMBER_OK || !(fabs(value) <= TRM_VALUE_MAX))
        return refuse(reading, text, n, err);
    return add(reading, value, err);
}

static int unended(const struct reading *reading, struct err *err)
{
    err_set(err, ERR_SYNTAX, "the body is not valid JSON: a list does not end");
    return err_at(err, "/%s/%s", reading->outer, reading->inner);
}

/* Reads from *at up to the closing bracket, where *at is left. */
static int read_list(struct reading *reading, const char *body, size_t n, size_t *at, struct err *err)
{
    for (size_t i = *at;;) {
        while (i < n && is_space(body[i]))
            i++;
        if (i < n && body[i] == ']' && reading->n == 0) {
            *at = i;
            return 0;
        }
        size_t start = i;
        while (i < n && body[i] != ',' && body[i] != ']' && !is_space(body[i]))
            i++;
        if (i == n)
            return unended(reading, err);
        if (add_token(reading, body + start, i - start, err) != 0)
            return -1;
        while (i < n && is_space(body[i]))
            i++;
        if (i == n)
            return unended(reading, err);
        if (body[i] == ']') {
            *at = i;
            return 0;
        }
        if (body[i] != ',')
            return refuse(reading, body + i, 1, err);
        i++;
    }
}

int json_lift(char *body, size_t *n, const char *outer, const char *inner, size_t max,
              struct json_lifted *ret, struct err *err)
{
    struct scan scan = {.body = body, .n = *n};
    struct reading reading = {.outer = outer, .inner = inner, .max = max};
    bool found = find_list(&scan, outer, inner);
    size_t end = scan.at;
    if (found && read_list(&reading, body, *n, &end, err) != 0) {
        free(reading.values);
        return -1;
    }
    if (found) {
        memmove(body + scan.at, body + end, *n - end);
        *n -= end - scan.at;
    }
    *ret = (struct json_lifted){.values = reading.values, .n = reading.n, .found = found};
    return 0;
}
