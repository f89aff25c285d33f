/* The rule at the end of a TZif file: "CET-1CEST,M3.5.0,M10.5.0/3". Knows its grammar and which moments of
 * a year it means; refuses to know anything of the file. Surprising: the text counts offsets westwards, as
 * POSIX does; here they count eastwards from the first character on. */
#include "core/zone_parts.h"

#include "core/civil.h"

#define HOUR_S 3600
#define OFFSET_HOURS_MAX 24
#define TIME_HOURS_MAX 167 /* a week but an hour, either way */

struct cursor {
    const char *at, *end;
};

static bool take(struct cursor *c, char expected)
{
    if (c->at == c->end || *c->at != expected) {
        return false;
    }
    c->at++;
    return true;
}

/* One to three digits, a number lo..hi. */
static bool take_count(struct cursor *c, int lo, int hi, int *ret)
{
    int value = 0, digits = 0;
    while (digits < 3 && c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        value = value * 10 + (*c->at++ - '0');
        digits++;
    }
    *ret = value;
    return digits > 0 && value >= lo && value <= hi;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool take_seconds(struct cursor *c, int hours_max, int32_t *ret)
{
    int hours, minutes = 0, seconds = 0;
    int sign = take(c, '-') ? -1 : 1;
    if (sign > 0) {
        (void)take(c, '+');
    }
    if (!take_count(c, 0, hours_max, &hours) || (take(c, ':') && !take_count(c, 0, 59, &minutes)) ||
        (take(c, ':') && !take_count(c, 0, 59, &seconds))) {
        return false;
    }
    *ret = sign * (hours * HOUR_S + minutes * 60 + seconds);
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Three letters or more, or such with digits and signs between < and >. */
static bool skip_name(struct cursor *c)
{
    bool quoted = take(c, '<');
    int n = 0;
    while (c->at < c->end &&
           (is_letter(*c->at) ||
            (quoted && ((*c->at >= '0' && *c->at <= '9') || *c->at == '+' || *c->at == '-')))) {
        c->at++;
        n++;
    }
    return n >= 3 && (!quoted || take(c, '>'));
}

static bool take_day(struct cursor *c, struct trm_zone_date *ret)
{
    if (take(c, 'J')) {
        ret->kind = TRM_ZONE_JULIAN;
        return take_count(c, 1, 365, &ret->day);
    }
    if (take(c, 'M')) {
        ret->kind = TRM_ZONE_WEEKDAY;
        return take_count(c, 1, 12, &ret->month) && take(c, '.') && take_count(c, 1, 5, &ret->week) &&
               take(c, '.') && take_count(c, 0, 6, &ret->day);
    }
    ret->kind = TRM_ZONE_DAY;
    return take_count(c, 0, 365, &ret->day);
}

static bool take_date(struct cursor *c, struct trm_zone_date *ret)
{
    ret->seconds = 2 * HOUR_S;
    return take(c, ',') && take_day(c, ret) &&
           (!take(c, '/') || take_seconds(c, TIME_HOURS_MAX, &ret->seconds));
}

static bool take_saving(struct cursor *c, struct trm_zone_rule *rule)
{
    int32_t west = -rule->standard - HOUR_S;
    if (!skip_name(c)) {
        return false;
    }
    if (c->at < c->end && *c->at != ',' && !take_seconds(c, OFFSET_HOURS_MAX, &west)) {
        return false;
    }
    rule->has_saving = true;
    rule->saving = -west;
    return take_date(c, &rule->start) && take_date(c, &rule->end);
}

enum trm_status trm_zone_rule_parse(const char *text, size_t n, struct trm_zone_rule *ret)
{
    struct cursor c = {text, text + n};
    struct trm_zone_rule rule = {.has_saving = false};
    int32_t west;
    if (!skip_name(&c) || !take_seconds(&c, OFFSET_HOURS_MAX, &west)) {
        return TRM_ECORRUPT;
    }
    rule.standard = -west;
    if ((c.at < c.end && !take_saving(&c, &rule)) || c.at < c.end) {
        return TRM_ECORRUPT;
    }
    *ret = rule;
    return TRM_OK;
}

/* ---- a year ---- */

static bool is_leap(int year)
{
    return trm_civil_month_days(trm_civil_month(year, 2)) == 29;
}

/* Days since 1970. */
static int64_t day_in(const struct trm_zone_date *date, int year)
{
    int64_t month = trm_civil_month(year, date->kind == TRM_ZONE_WEEKDAY ? date->month : 1);
    int64_t first = trm_civil_to_days((struct trm_civil){month, 1});
    if (date->kind == TRM_ZONE_DAY) {
        return first + date->day;
    }
    if (date->kind == TRM_ZONE_JULIAN) {
        return first + date->day - 1 + (date->day >= 60 && is_leap(year));
    }
    int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970 began on a Thursday */
    int offset = (date->day - weekday + 7) % 7 + 7 * (date->week - 1);
    return first + (offset < trm_civil_month_days(month) ? offset : offset - 7);
}

static int64_t moment(const struct trm_zone_date *date, int year, int32_t offset)
{
    return day_in(date, year) * TRM_DAY_MS + (int64_t)(date->seconds - offset) * 1000;
}

void trm_zone_rule_year(const struct trm_zone_rule *rule, int year, int64_t *ret_start, int64_t *ret_end)
{
    *ret_start = moment(&rule->start, year, rule->standard);
    *ret_end = moment(&rule->end, year, rule->saving);
}
