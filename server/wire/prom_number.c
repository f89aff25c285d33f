/* Fifteen digits are tried first: where they read back as the number, the shortest text is among
 * them, with its zeros cut; only numbers with fewer than 15 digits of their own, the subnormal
 * ones, need less. See prom_number.h. */
#include "server/wire/prom_number.h"

#include "core/calendar.h"
#include "server/wire/promql.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Significant digits of |v| without zeros behind them, and the decimal exponent of the first. */
static int digits_of(double v, char digits[20])
{
    char text[40];
    for (int precision = v < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, v);
        if (strtod(text, NULL) == v)
            break;
    }
    size_t n = 0;
    for (const char *at = text; *at != 'e'; at++)
        if (*at != '.')
            digits[n++] = *at;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = '\0';
    return atoi(strchr(text, 'e') + 1);
}

static size_t add_zeros(char *buf, size_t n, int zeros)
{
    for (; zeros > 0; zeros--)
        buf[n++] = '0';
    return n;
}

/* 0.000012, 1234.5, 120000. */
static size_t write_plain(const char *digits, int exponent, char *buf)
{
    int digit_n = (int)strlen(digits), before = exponent + 1;
    size_t n = 0;
    if (before <= 0) {
        memcpy(buf, "0.", 2);
        n = add_zeros(buf, 2, -before);
        before = digit_n;
    }
    for (int i = 0; i < digit_n; i++) {
        if (i == before)
            buf[n++] = '.';
        buf[n++] = digits[i];
    }
    n = add_zeros(buf, n, before - digit_n);
    buf[n] = '\0';
    return n;
}

static size_t write_exponent(const char *digits, int exponent, char *buf)
{
    size_t n = (size_t)sprintf(buf, "%c%s%s", digits[0], digits[1] != '\0' ? "." : "", digits + 1);
    return n + (size_t)sprintf(buf + n, "e%+d", exponent);
}

/* What is no digit: NaN, infinities, the sign and zero. False: digits follow behind *ret_n bytes.
 */
static bool write_special(double v, char *buf, size_t *ret_n)
{
    *ret_n = signbit(v) && !isnan(v);
    if (isnan(v))
        *ret_n = (size_t)sprintf(buf, "NaN");
    else if (isinf(v))
        *ret_n = (size_t)sprintf(buf, v > 0 ? "+Inf" : "-Inf");
    else if (v == 0)
        *ret_n = (size_t)sprintf(buf, *ret_n > 0 ? "-0" : "0");
    else
        buf[0] = '-';
    return isnan(v) || isinf(v) || v == 0;
}

size_t prom_number_format(double v, char buf[PROM_NUMBER_MAX])
{
    char digits[20];
    size_t n;
    if (write_special(v, buf, &n))
        return n;
    int exponent = digits_of(fabs(v), digits);
    bool plain = fabs(v) >= 1e-6 && fabs(v) < 1e21;
    return n + (plain ? write_plain(digits, exponent, buf + n)
                      : write_exponent(digits, exponent, buf + n));
}

size_t prom_scalar_format(double v, char buf[PROM_SCALAR_MAX])
{
    char digits[20];
    size_t n;
    if (write_special(v, buf, &n))
        return n;
    int exponent = digits_of(fabs(v), digits);
    return n + write_plain(digits, exponent, buf + n);
}

size_t prom_time_format(int64_t ms, char buf[PROM_NUMBER_MAX])
{
    int64_t whole = ms / 1000, rest = ms % 1000;
    size_t n = (size_t)sprintf(buf, "%s%lld", ms < 0 && whole == 0 ? "-" : "", (long long)whole);
    if (rest != 0)
        n += (size_t)sprintf(buf + n, ".%03d", abs((int)rest));
    return n;
}

/* A number in decimal digits; no blanks, no hexadecimal, no "inf". */
static bool parse_seconds(const char *text, double *ret)
{
    char *end;
    if (*text == '\0' || strspn(text, "0123456789.eE+-") != strlen(text))
        return false;
    *ret = strtod(text, &end);
    return *end == '\0' && isfinite(*ret);
}

bool prom_time_parse(const char *text, int64_t *ret_ms)
{
    double seconds;
    if (!parse_seconds(text, &seconds))
        return trm_time_parse(text, strlen(text), ret_ms) == TRM_OK;
    if (!(seconds * 1000 >= (double)TRM_TIME_MIN && seconds * 1000 <= (double)TRM_TIME_MAX))
        return false;
    *ret_ms = (int64_t)llround(seconds * 1000);
    return true;
}

bool prom_duration_parse(const char *text, int64_t *ret_ms)
{
    double seconds;
    if (!parse_seconds(text, &seconds))
        return promql_duration_parse(text, strlen(text), ret_ms);
    if (!(fabs(seconds) * 1000 <= (double)PROMQL_DURATION_MAX_MS))
        return false;
    *ret_ms = (int64_t)llround(seconds * 1000);
    return true;
}
