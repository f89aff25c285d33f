/* Dates of the proleptic Gregorian calendar as day and month counts. Knows lengths of months and
 * leap years; refuses to know time of day and grids. Surprising: a month is one number (12 * year +
 * month), so that "three months later" is an addition. */
#ifndef TRM_CIVIL_H
#define TRM_CIVIL_H

#include <stdint.h>

#define TRM_DAY_MS INT64_C(86400000)

/* A day: the month counted from January of year 0, and the day of that month from 1. */
struct trm_civil {
    int64_t month;
    int day;
};

int64_t trm_civil_month(int year, int month_of_year); /* month_of_year 1..12 */
int trm_civil_month_days(int64_t month);

/* Days since 1970-01-01, for years 0 to 9999 and somewhat beyond. */
int64_t trm_civil_to_days(struct trm_civil date);
struct trm_civil trm_civil_from_days(int64_t days);

/* The day that holds a time, and the milliseconds passed in it (0..TRM_DAY_MS - 1). */
int64_t trm_civil_day_of(int64_t time_ms, int64_t *ret_ms_of_day);

#endif
