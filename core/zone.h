/* A time zone: from UTC to local clocks and back. Knows the bytes of a TZif file (RFC 9636, versions 1 to
 * 4) and what a clock does where it is put forward or back; refuses to know names, files and leap seconds.
 * Surprising: the rule that a file ends with is written out once, for 400 years, after which the calendar
 * repeats; so every year up to 9999 is looked up alike, and a lookup is a search in one list.
 *
 * A zone does not change once it is made: any thread may read it. NULL is UTC wherever a zone is taken.
 * Local times are milliseconds since 1970-01-01T00:00 as the zone's clocks show it. Times and local times
 * may lie two days outside TRM_TIME_MIN..MAX at most (core/calendar.h). */
#ifndef TRM_ZONE_H
#define TRM_ZONE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRM_ZONE_BYTES_MAX ((size_t)64 << 10)

struct trm_zone;

/* Makes a zone from the bytes of a file, at most TRM_ZONE_BYTES_MAX. Returns TRM_OK (the caller frees),
 * TRM_ECORRUPT, TRM_EVERSION (another version, or one that counts leap seconds) or TRM_ENOMEM. Before the
 * first change that the file has, its first type holds; after the last one its rule, without one the
 * last type. Some 12 bytes a change, 10 KB more where the rule has summer time. */
TRM_MUST_CHECK enum trm_status trm_zone_decode(const void *bytes, size_t n, struct trm_zone **ret);
/* Accepts NULL. */
void trm_zone_free(struct trm_zone *zone);

/* What the clocks show at a time. */
int64_t trm_zone_local(const struct trm_zone *zone, int64_t time_ms);

/* The first time at which the clocks have reached local_ms. Where they were put forward over it, that is
 * the moment at which they were; of a local time that there is twice, the first. Never decreases when
 * local_ms grows. */
int64_t trm_zone_instant(const struct trm_zone *zone, int64_t local_ms);

/* Whether the clocks were ever put forward by a day or more (Samoa had no 30 December 2011). */
bool trm_zone_skips_days(const struct trm_zone *zone);

#endif
