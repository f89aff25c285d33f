/* Reading the line protocol's numbers. */
#include "server/wire/line_number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAST_DIGITS 15
#define FAST_POWER 22
#define EXPONENT_CAP 100000

static const double powers[FAST_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* value = digits * 10^exponent, valid while digit_n <= 18 (leading zeros not counted). */
struct decimal {
    uint64_t digits;
    size_t digit_n;
    long exponent;
};

/* Passes digits; how many there were. */
static size_t take_digits(const char **at, const char *end, struct decimal *d)
{
    const char *first = *at, *p = first;

    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (d->digit_n > 0 || *p != '0') {
            d->digits = d->digit_n < 18 ? d->digits * 10 + (uint64_t)(*p - '0') : d->digits;
            d->digit_n++;
        }
    }
    *at = p;
    return (size_t)(p - first);
}

static bool take_exponent(const char **at, const char *end, struct decimal *d)
{
    const char *p = *at;
    long exponent = 0;

    if (p == end || (*p != 'e' && *p != 'E')) {
        return true;
    }
    p++;
    bool negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    const char *first = p;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        exponent = exponent < EXPONENT_CAP ? exponent * 10 + (*p - '0') : exponent;
    }
    d->exponent += negative ? -exponent : exponent;
    *at = p;
    return p > first;
}

/* The slow way: correct for everything, the text is known to be in the grammar. */
static double by_libc(struct wire_slice text)
{
    char copy[LINE_FLOAT_MAX + 1];

    memcpy(copy, text.at, text.n);
    copy[text.n] = '\0';
    return strtod(copy, NULL);
}

enum line_number line_float(struct wire_slice text, double *ret)
{
    const char *at = text.at, *end = text.at + text.n;
    struct decimal d = {0};
    double v;

    bool negative = at < end && *at == '-';
    at += negative;
    size_t whole_n = take_digits(&at, end, &d), fraction_n = 0;
    if (at < end && *at == '.') {
        at++;
        fraction_n = take_digits(&at, end, &d);
    }
    d.exponent = -(long)fraction_n;
    if (whole_n + fraction_n == 0 || !take_exponent(&at, end, &d) || at < end) {
        return LINE_NUMBER_SYNTAX;
    }
    if (d.digit_n <= FAST_DIGITS && labs(d.exponent) <= FAST_POWER) {
        v = (double)d.digits;
        v = d.exponent < 0 ? v / powers[-d.exponent] : v * powers[d.exponent];
        *ret = negative ? -v : v;
        return LINE_NUMBER_OK;
    }
    v = text.n > LINE_FLOAT_MAX ? (double)INFINITY : by_libc(text);
    if (!isfinite(v)) {
        return LINE_NUMBER_RANGE;
    }
    *ret = v;
    return LINE_NUMBER_OK;
}

enum line_number line_unsigned(struct wire_slice text, uint64_t *ret)
{
    uint64_t value = 0;
    bool fits = true;

    if (text.n == 0) {
        return LINE_NUMBER_SYNTAX;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return LINE_NUMBER_SYNTAX;
        }
        fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
               !__builtin_add_overflow(value, (uint64_t)(text.at[i] - '0'), &value);
    }
    if (!fits) {
        return LINE_NUMBER_RANGE;
    }
    *ret = value;
    return LINE_NUMBER_OK;
}

enum line_number line_int(struct wire_slice text, int64_t *ret)
{
    bool negative = text.n > 0 && text.at[0] == '-';
    struct wire_slice digits = {negative ? text.at + 1 : text.at, text.n - negative};
    uint64_t magnitude;
    enum line_number status = line_unsigned(digits, &magnitude);

    if (status != LINE_NUMBER_OK) {
        return status;
    }
    if (magnitude > (uint64_t)INT64_MAX + negative) {
        return LINE_NUMBER_RANGE;
    }
    *ret = negative ? (int64_t)-magnitude : (int64_t)magnitude;
    return LINE_NUMBER_OK;
}

bool line_boolean(struct wire_slice text, bool *ret)
{
    static const char *const words[] = {"t", "T", "true",  "True",  "TRUE",
                                        "f", "F", "false", "False", "FALSE"};

    if (text.n == 0 || text.at[0] < 'A') { /* most values are numbers */
        return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (wire_slice_is(text, words[i])) {
            *ret = i < 5;
            return true;
        }
    }
    return false;
}
