/* Dates, and RFC 3339 text. Knows the calendar; refuses to know grids. Surprising: years are
 * counted from March, so that the leap day is a year's last day and month lengths follow one
 * formula. */
#include "core/civil.h"

#include "core/calendar.h"

#include <string.h>

#define DAYS_PER_400_YEARS 146097
/* 1970-01-01 counted from 0000-03-01. */
#define EPOCH_DAY 719468

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t trm_civil_month(int year, int month_of_year)
{
    return (int64_t)year * 12 + month_of_year - 1;
}

/* Days from 0000-03-01 to the first day of a month counted from March of year 0. */
static int64_t days_before_march_month(int64_t month)
{
    int64_t year = floor_div(month, 12);
    int64_t of_year = month - year * 12; /* 0 = March */
    int64_t leap_days = floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400);
    /* Five months from March on have 153 days, and start at 0, 31, 61, 92, 122 of them. */
    return year * 365 + leap_days + (153 * of_year + 2) / 5;
}

int trm_civil_month_days(int64_t month)
{
    return (int)(days_before_march_month(month - 1) - days_before_march_month(month - 2));
}

int64_t trm_civil_to_days(struct trm_civil date)
{
    return days_before_march_month(date.month - 2) + date.day - 1 - EPOCH_DAY;
}

struct trm_civil trm_civil_from_days(int64_t days)
{
    days += EPOCH_DAY;
    /* A guess that is never more than one month off, corrected by the exact count. */
    int64_t month = floor_div(days * 4800, DAYS_PER_400_YEARS);
    while (days_before_march_month(month) > days) {
        month--;
    }
    while (days_before_march_month(month + 1) <= days) {
        month++;
    }
    return (struct trm_civil){month + 2, (int)(days - days_before_march_month(month)) + 1};
}

int64_t trm_civil_day_of(int64_t time_ms, int64_t *ret_ms_of_day)
{
    int64_t day = floor_div(time_ms, TRM_DAY_MS);
    *ret_ms_of_day = time_ms - day * TRM_DAY_MS;
    return day;
}

/* ---- RFC 3339 ---- */

struct cursor {
    const char *at, *end;
};

/* Exactly `digits` decimal digits, value lo..hi. */
static bool take_number(struct cursor *c, int digits, int lo, int hi, int *ret)
{
    int value = 0;
    if (c->end - c->at < digits) {
        return false;
    }
    for (int i = 0; i < digits; i++) {
        char ch = *c->at++;
        if (ch < '0' || ch > '9') {
            return false;
        }
        value = value * 10 + (ch - '0');
    }
    *ret = value;
    return value >= lo && value <= hi;
}

static bool take_one_of(struct cursor *c, const char *set)
{
    if (c->at == c->end || *c->at == '\0' || strchr(set, *c->at) == NULL) {
        return false;
    }
    c->at++;
    return true;
}

static bool take_date(struct cursor *c, int64_t *ret_days)
{
    int year, month, day;
    if (!take_number(c, 4, 0, 9999, &year) || !take_one_of(c, "-") ||
        !take_number(c, 2, 1, 12, &month) || !take_one_of(c, "-") ||
        !take_number(c, 2, 1, 31, &day)) {
        return false;
    }
    struct trm_civil date = {trm_civil_month(year, month), day};
    if (day > trm_civil_month_days(date.month)) {
        return false;
    }
    *ret_days = trm_civil_to_days(date);
    return true;
}

/* ".digits", cut to milliseconds. */
static bool take_fraction(struct cursor *c, int *ret_ms)
{
    int ms = 0, scale = 100, digit;
    *ret_ms = 0;
    if (!take_one_of(c, ".")) {
        return true;
    }
    if (!take_number(c, 1, 0, 9, &digit)) {
        return false;
    }
    do {
        ms += digit * scale;
        scale /= 10;
    } while (c->at < c->end && *c->at >= '0' && *c->at <= '9' && take_number(c, 1, 0, 9, &digit));
    *ret_ms = ms;
    return true;
}

static bool take_time(struct cursor *c, int64_t *ret_ms)
{
    int hour, minute, second, ms;
    if (!take_number(c, 2, 0, 23, &hour) || !take_one_of(c, ":") ||
        !take_number(c, 2, 0, 59, &minute) || !take_one_of(c, ":") ||
        !take_number(c, 2, 0, 59, &second) || !take_fraction(c, &ms)) {
        return false;
    }
    *ret_ms = ((int64_t)(hour * 60 + minute) * 60 + second) * 1000 + ms;
    return true;
}

static bool take_offset(struct cursor *c, int64_t *ret_ms)
{
    int hour, minute;
    *ret_ms = 0;
    if (c->at == c->end || take_one_of(c, "Zz")) {
        return true;
    }
    int sign = *c->at == '-' ? -1 : 1;
    if (!take_one_of(c, "+-") || !take_number(c, 2, 0, 23, &hour) || !take_one_of(c, ":") ||
        !take_number(c, 2, 0, 59, &minute)) {
        return false;
    }
    *ret_ms = sign * (int64_t)(hour * 60 + minute) * 60000;
    return true;
}

enum trm_status trm_time_parse(const char *text, size_t text_n, int64_t *ret_ms)
{
    struct cursor c = {text, text + text_n};
    int64_t days, time = 0, offset = 0;
    if (!take_date(&c, &days)) {
        return TRM_EINVAL;
    }
    if (c.at < c.end &&
        (!take_one_of(&c, "Tt ") || !take_time(&c, &time) || !take_offset(&c, &offset))) {
        return TRM_EINVAL;
    }
    if (c.at < c.end) {
        return TRM_EINVAL;
    }
    int64_t ms = days * TRM_DAY_MS + time - offset;
    if (ms < TRM_TIME_MIN || ms > TRM_TIME_MAX) {
        return TRM_ERANGE;
    }
    *ret_ms = ms;
    return TRM_OK;
}

static char *put_digits(char *at, int digits, int64_t value)
{
    for (int i = digits; i-- > 0; value /= 10) {
        at[i] = (char)('0' + value % 10);
    }
    return at + digits;
}

void trm_time_format(int64_t time_ms, char *buf)
{
    int64_t of_day;
    int64_t in_range = time_ms < TRM_TIME_MIN   ? TRM_TIME_MIN
                       : time_ms > TRM_TIME_MAX ? TRM_TIME_MAX
                                                : time_ms;
    struct trm_civil date = trm_civil_from_days(trm_civil_day_of(in_range, &of_day));
    char *at = put_digits(buf, 4, date.month / 12);
    *at++ = '-';
    at = put_digits(at, 2, date.month % 12 + 1);
    *at++ = '-';
    at = put_digits(at, 2, date.day);
    *at++ = 'T';
    at = put_digits(at, 2, of_day / 3600000);
    *at++ = ':';
    at = put_digits(at, 2, of_day / 60000 % 60);
    *at++ = ':';
    at = put_digits(at, 2, of_day / 1000 % 60);
    if (of_day % 1000 != 0) {
        *at++ = '.';
        at = put_digits(at, 3, of_day % 1000);
    }
    *at++ = 'Z';
    *at = '\0';
}
