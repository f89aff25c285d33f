/* Numbers as text, all of them against libc: JSON's (number.h), the line protocol's (line_number.h)
 * and Prometheus' (prom_number.h). What is read is what strtod reads; what is written reads back.
 */
#include "server/http/number.h"
#include "server/wire/line_number.h"
#include "server/wire/prom_number.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* JSON's grammar, as RFC 8259 has it. */
static bool is_json_number(const char *at)
{
    at += *at == '-';
    if (*at == '0')
        at++;
    else if (strspn(at, "0123456789") == 0)
        return false;
    else
        at += strspn(at, "0123456789");
    if (*at == '.' && strspn(at + 1, "0123456789") == 0)
        return false;
    at += *at == '.' ? 1 + strspn(at + 1, "0123456789") : 0;
    if (*at != 'e' && *at != 'E')
        return *at == '\0';
    at++;
    at += *at == '+' || *at == '-';
    return strspn(at, "0123456789") > 0 && at[strspn(at, "0123456789")] == '\0';
}

static void check_json(const char *text, size_t n)
{
    double v = 77;
    int64_t whole = 77;
    enum number_status status = number_parse(text, n, &v),
                       whole_status = number_parse_int(text, n, &whole);
    if (n >= NUMBER_TEXT_MAX) {
        FUZZ_REQUIRE(status != NUMBER_OK || v == 77);
        return;
    }
    double other = strtod(text, NULL);
    FUZZ_REQUIRE((status != NUMBER_SYNTAX) == is_json_number(text));
    FUZZ_REQUIRE(status == NUMBER_OK ? same(v, other) : v == 77);
    FUZZ_REQUIRE(status != NUMBER_RANGE || isinf(other));
    FUZZ_REQUIRE(status == NUMBER_OK || status == NUMBER_SYNTAX || status == NUMBER_RANGE);
    FUZZ_REQUIRE(whole_status == NUMBER_OK || whole == 77);
    if (whole_status == NUMBER_OK) {
        FUZZ_REQUIRE(is_json_number(text) && (double)whole == other);
        if (text[strspn(text, "-0123456789")] == '\0')
            FUZZ_REQUIRE(whole == strtoll(text, NULL, 10));
    } else if (status == NUMBER_OK && other == trunc(other) && fabs(other) < 0x1p53) {
        FUZZ_REQUIRE(other ==
                     0); /* no whole number is refused, but for a form of 0 with many digits */
    }
}

static void check_line(const char *text, size_t n)
{
    const struct wire_slice slice = {text, n};
    double v = 77;
    int64_t i = 77;
    uint64_t u = 77;
    if (line_float(slice, &v) == LINE_NUMBER_OK)
        FUZZ_REQUIRE(same(v, strtod(text, NULL)) && isfinite(v));
    else
        FUZZ_REQUIRE(v == 77);
    errno = 0;
    if (line_int(slice, &i) == LINE_NUMBER_OK)
        FUZZ_REQUIRE(i == strtoll(text, NULL, 10) && errno == 0);
    if (line_unsigned(slice, &u) == LINE_NUMBER_OK)
        FUZZ_REQUIRE(u == strtoull(text, NULL, 10) && errno == 0 && text[0] != '-');
}

static void check_times(const char *text)
{
    int64_t t = 77, other = 78;
    char buf[PROM_NUMBER_MAX];
    if (prom_time_parse(text, &t)) {
        FUZZ_REQUIRE(prom_time_format(t, buf) < sizeof buf);
        FUZZ_REQUIRE(prom_time_parse(buf, &other) && other == t);
    } else {
        FUZZ_REQUIRE(t == 77);
    }
    t = 77;
    FUZZ_REQUIRE(prom_duration_parse(text, &t) ? llabs(t) <= INT64_C(3153600000000) : t == 77);
}

/* 9 digits: no number with 9 digits is nearer than the text's, but for ties and the last bit. */
static void check_written(double v)
{
    char text[NUMBER_TEXT_MAX], nine[64], prom[PROM_NUMBER_MAX], scalar[PROM_SCALAR_MAX];
    double back = 0;
    size_t n = number_format_exact(v, text);
    FUZZ_REQUIRE(n == strlen(text) && n < sizeof text);
    FUZZ_REQUIRE(isfinite(v) ? number_parse(text, n, &back) == NUMBER_OK && back == v
                             : strcmp(text, "null") == 0);
    n = number_format(v, text);
    FUZZ_REQUIRE(n == strlen(text) && n < sizeof text);
    snprintf(nine, sizeof nine, "%.9g", v);
    if (isfinite(v) && isfinite(strtod(nine, NULL)))
        FUZZ_REQUIRE(number_parse(text, n, &back) == NUMBER_OK &&
                     fabs(back - v) <=
                         fabs(strtod(nine, NULL) - v) * (1 + 1e-6) + fabs(v) * 0x1p-51);
    FUZZ_REQUIRE(prom_number_format(v, prom) < sizeof prom &&
                 prom_scalar_format(v, scalar) < sizeof scalar);
    FUZZ_REQUIRE(isnan(v) ? strcmp(prom, "NaN") == 0 : strtod(prom, NULL) == v);
    FUZZ_REQUIRE(!isfinite(v) || (strtod(scalar, NULL) == v && strpbrk(scalar, "eE") == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    double v;
    int64_t i;
    char text[500], whole[NUMBER_TEXT_MAX], other[32];
    if (n < sizeof v || n >= sizeof text)
        return 0;
    memcpy(&v, bytes, sizeof v);
    memcpy(&i, bytes, sizeof i);
    check_written(v);
    number_format_int(i, whole);
    snprintf(other, sizeof other, "%" PRId64, i);
    FUZZ_REQUIRE(strcmp(whole, other) == 0);
    memcpy(text, bytes + sizeof v, n - sizeof v);
    text[n - sizeof v] = '\0';
    if (strlen(text) != n - sizeof v)
        return 0;
    check_json(text, strlen(text));
    check_line(text, strlen(text));
    check_times(text);
    return 0;
}
