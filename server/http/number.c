/* Numbers as text, both ways. */
#include "server/http/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
#define POWER_MAX 22
#define EXACT_INT 9007199254740992.0 /* 2^53 */
#define FAST_DIGITS 15
#define EXPONENT_CAP 100000

const char *number_status_text(enum number_status status)
{
    switch (status) {
    case NUMBER_OK:
        return "is a number";
    case NUMBER_SYNTAX:
        return "is not a number";
    case NUMBER_RANGE:
        return "is out of range";
    case NUMBER_FRACTION:
        return "is not a whole number";
    case NUMBER_LONG:
        break;
    }
    return "has too many digits";
}

/* ---- reading ---- */

struct decimal {
    bool negative, plain; /* plain: neither fraction nor exponent */
    uint64_t digits;      /* valid while digit_n <= 18 */
    size_t digit_n;       /* without leading zeros */
    long exponent;        /* value = digits * 10^exponent */
};

struct scan {
    const char *at, *end;
};

static bool is_digit(const struct scan *s)
{
    return s->at < s->end && *s->at >= '0' && *s->at <= '9';
}

static void add_digits(struct scan *s, struct decimal *d)
{
    const char *at = s->at;
    for (; d->digit_n == 0 && at < s->end && *at == '0'; at++) {
    }
    for (; at < s->end && *at >= '0' && *at <= '9'; at++) {
        if (++d->digit_n <= 18) {
            d->digits = d->digits * 10 + (uint64_t)(*at - '0');
        }
    }
    s->at = at;
}

static bool scan_fraction(struct scan *s, struct decimal *d)
{
    if (s->at == s->end || *s->at != '.') {
        return true;
    }
    const char *first = ++s->at;
    add_digits(s, d);
    d->exponent -= s->at - first;
    d->plain = false;
    return s->at > first;
}

static bool scan_exponent(struct scan *s, struct decimal *d)
{
    if (s->at == s->end || (*s->at != 'e' && *s->at != 'E')) {
        return true;
    }
    s->at++;
    bool negative = s->at < s->end && *s->at == '-';
    s->at += s->at < s->end && (*s->at == '-' || *s->at == '+');
    const char *first = s->at;
    long exponent = 0;
    for (; is_digit(s); s->at++) {
        exponent = exponent < EXPONENT_CAP ? exponent * 10 + (*s->at - '0') : exponent;
    }
    d->exponent += negative ? -exponent : exponent;
    d->plain = false;
    return s->at > first;
}

static bool scan_decimal(const char *text, size_t n, struct decimal *ret)
{
    struct scan s = {text, text + n};
    *ret = (struct decimal){.plain = true};
    if (s.at < s.end && *s.at == '-') {
        ret->negative = true;
        s.at++;
    }
    const char *first = s.at;
    add_digits(&s, ret);
    if (s.at == first || (*first == '0' && s.at - first > 1)) {
        return false;
    }
    return scan_fraction(&s, ret) && scan_exponent(&s, ret) && s.at == s.end;
}

static double by_libc(const char *text, size_t n)
{
    char copy[NUMBER_TEXT_MAX];
    memcpy(copy, text, n);
    copy[n] = '\0';
    return strtod(copy, NULL);
}

/* n < NUMBER_TEXT_MAX */
static enum number_status decimal_value(const struct decimal *d, const char *text, size_t n,
                                        double *ret)
{
    double v;
    if (d->digit_n <= FAST_DIGITS && d->exponent >= -POWER_MAX && d->exponent <= POWER_MAX) {
        v = (double)d->digits;
        v = d->exponent < 0 ? v / powers[-d->exponent] : v * powers[d->exponent];
        v = d->negative ? -v : v;
    } else {
        v = by_libc(text, n);
    }
    if (!isfinite(v)) {
        return NUMBER_RANGE;
    }
    *ret = v;
    return NUMBER_OK;
}

enum number_status number_parse(const char *text, size_t n, double *ret)
{
    struct decimal d;
    if (!scan_decimal(text, n, &d)) {
        return NUMBER_SYNTAX;
    }
    return n >= NUMBER_TEXT_MAX ? NUMBER_LONG : decimal_value(&d, text, n, ret);
}

/* More than 18 digits: the last ones decide whether it fits. */
static enum number_status parse_long_int(const char *text, size_t n, const struct decimal *d,
                                         int64_t *ret)
{
    int64_t value = 0;
    for (size_t i = d->negative; i < n; i++) {
        int digit = d->negative ? -(text[i] - '0') : text[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return NUMBER_RANGE;
        }
    }
    *ret = value;
    return NUMBER_OK;
}

enum number_status number_parse_int(const char *text, size_t n, int64_t *ret)
{
    struct decimal d;
    double v;
    if (!scan_decimal(text, n, &d)) {
        return NUMBER_SYNTAX;
    }
    if (n >= NUMBER_TEXT_MAX) {
        return NUMBER_LONG;
    }
    if (d.plain && d.digit_n <= 18) {
        *ret = d.negative ? -(int64_t)d.digits : (int64_t)d.digits;
        return NUMBER_OK;
    }
    if (d.plain) {
        return parse_long_int(text, n, &d, ret);
    }
    enum number_status status = decimal_value(&d, text, n, &v);
    if (status != NUMBER_OK) {
        return status;
    }
    if (v != trunc(v)) {
        return NUMBER_FRACTION;
    }
    if (fabs(v) > EXACT_INT) {
        return NUMBER_RANGE;
    }
    *ret = (int64_t)v;
    return NUMBER_OK;
}

/* ---- writing ---- */

static size_t put_null(char *buf)
{
    memcpy(buf, "null", 5);
    return 4;
}

/* Digits of v, with leading zeros up to `width`. */
static char *put_unsigned(char *at, uint64_t v, int width)
{
    char digits[24];
    int n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    for (int i = n; i < width; i++) {
        *at++ = '0';
    }
    while (n > 0) {
        *at++ = digits[--n];
    }
    return at;
}

/* digits * 10^-decimals, decimals 0..18, as plain text without trailing zeros. */
static size_t put_decimal(char *buf, bool negative, uint64_t digits, int decimals)
{
    char *at = buf;
    while (decimals > 0 && digits % 10 == 0) {
        digits /= 10;
        decimals--;
    }
    if (negative) {
        *at++ = '-';
    }
    if (decimals == 0) {
        at = put_unsigned(at, digits, 1);
    } else {
        uint64_t unit = (uint64_t)powers[decimals];
        at = put_unsigned(at, digits / unit, 1);
        *at++ = '.';
        at = put_unsigned(at, digits % unit, decimals);
    }
    *at = '\0';
    return (size_t)(at - buf);
}

size_t number_format_int(int64_t v, char *buf)
{
    return put_decimal(buf, v < 0, v < 0 ? -(uint64_t)v : (uint64_t)v, 0);
}

/* floor(log10(a)) for 1e-5 <= a < 1e15. */
static int decimal_exponent(double a)
{
    int exponent = 0;
    while (a >= powers[exponent + 1]) {
        exponent++;
    }
    while (exponent <= 0 && a * powers[-exponent] < 1.0) {
        exponent--;
    }
    return exponent;
}

size_t number_format(double v, char *buf)
{
    double a = fabs(v);
    if (!isfinite(v)) {
        return put_null(buf);
    }
    if (a == 0.0) {
        return put_decimal(buf, false, 0, 0);
    }
    if (a < 1e-5 || a >= 1e15) {
        return (size_t)snprintf(buf, NUMBER_TEXT_MAX, "%.9g", v);
    }
    int decimals = 8 - decimal_exponent(a);
    if (decimals >= 0) {
        return put_decimal(buf, v < 0, (uint64_t)(a * powers[decimals] + 0.5), decimals);
    }
    double unit = powers[-decimals];
    return put_decimal(buf, v < 0, (uint64_t)(a / unit + 0.5) * (uint64_t)unit, 0);
}

size_t number_format_exact(double v, char *buf)
{
    double a = fabs(v);
    if (!isfinite(v)) {
        return put_null(buf);
    }
    for (int decimals = 0; decimals <= FAST_DIGITS && a < 1e15; decimals++) {
        double digits = floor(a * powers[decimals] + 0.5);
        if (digits >= 1e15) {
            break;
        }
        /* At most 15 digits over an exact power: reading does this same division. */
        if (digits / powers[decimals] == a) {
            return put_decimal(buf, signbit(v), (uint64_t)digits, decimals);
        }
    }
    for (int precision = 15; precision < 17; precision++) {
        int n = snprintf(buf, NUMBER_TEXT_MAX, "%.*g", precision, v);
        if (strtod(buf, NULL) == v) {
            return (size_t)n;
        }
    }
    return (size_t)snprintf(buf, NUMBER_TEXT_MAX, "%.17g", v);
}
