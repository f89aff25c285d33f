/* What zone*.c share: a zone's list of changes, and the rule that a TZif file ends with. Nothing else
 * includes it. */
#ifndef TRM_ZONE_PARTS_H
#define TRM_ZONE_PARTS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The Gregorian calendar repeats after so many years, weekdays and all. */
#define TRM_ZONE_CYCLE_YEARS 400

struct trm_zone {
    size_t n;
    int64_t *at;      /* [n] UTC ms, increasing: from then on … */
    int32_t *offset;  /* [n + 1] … clocks are offset[i + 1] seconds east of UTC; offset[0] before */
    int64_t cycle_ms; /* from here on the list holds one cycle, which repeats; INT64_MAX: nothing does */
    bool skips_days;
};

/* An offset from UTC lies between these, in seconds (RFC 9636, section 3.2). */
#define TRM_ZONE_OFFSET_MIN (-89999)
#define TRM_ZONE_OFFSET_MAX 93599

/* A day of every year, and the seconds from its local midnight (which may be more or less than a day). */
struct trm_zone_date {
    enum { TRM_ZONE_JULIAN, TRM_ZONE_DAY, TRM_ZONE_WEEKDAY } kind;
    int month, week; /* TRM_ZONE_WEEKDAY: 1..12, 1..5 (5: the last) … */
    int day;         /* … and 0 = Sunday; JULIAN: 1..365 without 29 February; DAY: 0..365 with it */
    int32_t seconds;
};

struct trm_zone_rule {
    int32_t standard, saving; /* seconds east of UTC */
    bool has_saving;          /* else the standard holds all year */
    struct trm_zone_date start, end;
};

/* Reads the text between the two line ends of a footer, as POSIX's TZ with the wider hours of RFC 9636; not
 * empty. TRM_OK or TRM_ECORRUPT. */
TRM_MUST_CHECK enum trm_status trm_zone_rule_parse(const char *text, size_t n, struct trm_zone_rule *ret);

/* When summer time starts and ends in a year, UTC ms. */
void trm_zone_rule_year(const struct trm_zone_rule *rule, int year, int64_t *ret_start, int64_t *ret_end);

#endif
