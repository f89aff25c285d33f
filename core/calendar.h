/* Time as a grid of steps. Knows frequencies, the grid a series stands on, and how to guess both from
 * timestamps; refuses to know the clock. Surprising: months, quarters and years are one unit (the month),
 * so that a grid is either a multiple of a millisecond count or a multiple of a month count; and in a time
 * zone whole days and months are counted on the local clock, which is the only thing a zone changes. */
#ifndef TRM_CALENDAR_H
#define TRM_CALENDAR_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Timestamps are UTC milliseconds since 1970. Accepted range: years 1 to 9999. */
#define TRM_TIME_MIN INT64_C(-62135596800000)
#define TRM_TIME_MAX INT64_C(253402300799999)

/* Exactly one of the two is non-zero: step of `ms` milliseconds, or of `months` months. */
struct trm_freq {
    int64_t ms;
    int32_t months;
};

struct trm_zone; /* core/zone.h */

/* Where the steps of a series lie. Step 0 is the step that contains anchor_ms' position:
 * fixed frequencies: time(step) = anchor_ms + step * ms;
 * calendar frequencies: step counts `months` from the anchor's month, the day of the month is the
 * anchor's day clamped to the month's length (the last day when the anchor is a last day), the time of
 * day is the anchor's.
 *
 * With a zone, steps of whole days (1d, 1w, 24h) and of months are counted in local time, and time(step) is
 * the first moment at which the zone's clocks have reached the step's local time: 23 or 25 hours after the
 * one before where the clocks are changed, never drifting. A local time that a day does not have becomes
 * the first moment after the gap; of one that it has twice, the first counts. An anchor at the end of a gap
 * with midnight in it means midnight. A day that a zone left out altogether (Samoa, 30 December 2011) has a
 * step like every other, so that weeks stay seven steps long: its time is the last millisecond before the
 * day after it, where no point is ever expected. Steps of any other length ignore the zone. */
struct trm_grid {
    struct trm_freq freq;
    int64_t anchor_ms;
    const struct trm_zone *zone; /* NULL: UTC; outlives the grid */
};

#define TRM_FREQ_TEXT_MAX 24

/* Parses "<count><unit>", unit one of ms s m h d w mo q y (count 1 may be left out); text need not be
 * NUL-terminated. Longest step: 100 years. Returns TRM_OK or TRM_EINVAL (*ret untouched). */
TRM_MUST_CHECK enum trm_status trm_freq_parse(const char *text, size_t text_n, struct trm_freq *ret);

/* Writes the canonical text ("5m", "1h", "1d", "1w", "1mo", "1q", "1y") with its NUL.
 * buf holds TRM_FREQ_TEXT_MAX bytes. */
void trm_freq_format(struct trm_freq freq, char *buf);

bool trm_freq_equal(struct trm_freq a, struct trm_freq b);

/* Whether its steps are counted in days and months of a zone, where there is one. */
bool trm_freq_follows_zone(struct trm_freq freq);

/* Mean length of a step in ms (a month counts 30.436875 days). */
double trm_freq_mean_ms(struct trm_freq freq);

/* The usual seasonal periods, in steps, longest first, for the frequency (1h: 168 24; 1d: 7; 1mo: 12;
 * 1q: 4; none for 1y). Candidates only: trm_season_detect decides. Writes at most `max` entries to
 * ret, returns how many. */
size_t trm_freq_seasons(struct trm_freq freq, size_t max, size_t *ret);

/* Guesses the frequency from n >= 2 strictly increasing timestamps: the most common difference, read as
 * calendar months where the days of the month agree; with a zone (NULL: UTC), read as days of its clocks
 * where those agree. Returns TRM_OK, TRM_ESHORT (n < 2) or TRM_EINVAL (not increasing, or some timestamp
 * lies off the grid that the guess implies; *ret untouched). */
TRM_MUST_CHECK enum trm_status trm_freq_infer(const int64_t *times, size_t n, const struct trm_zone *zone,
                                              struct trm_freq *ret);

/* Time of a step; saturates at TRM_TIME_MIN/MAX. */
int64_t trm_grid_time(const struct trm_grid *grid, int64_t step);

/* Step of a time. Returns TRM_OK, TRM_EOFFGRID (*ret_step is then set to the nearest step at or
 * before, so that a message can name the neighbours) or TRM_ERANGE (time outside TRM_TIME_MIN..MAX). */
TRM_MUST_CHECK enum trm_status trm_grid_step(const struct trm_grid *grid, int64_t time_ms,
                                             int64_t *ret_step);

/* The step that contains a time: the last one that has begun. Times outside TRM_TIME_MIN..MAX count as
 * the nearest of these. */
int64_t trm_grid_floor(const struct trm_grid *grid, int64_t time_ms);

/* Which of n >= 1 times (in range) to anchor a grid of this frequency at: the first, or for calendar
 * frequencies the first with the largest day of the month, of equals rather one that is not a last day:
 * 28 February alone cannot tell "the 28th" from "the last day", 28 March can. In a zone rather one whose
 * local time says what is meant: the first moment after a gap may stand for any time in it. */
int64_t trm_grid_anchor(struct trm_freq freq, const struct trm_zone *zone, const int64_t *times, size_t n);

/* The anchor of a grid that is aligned to the calendar: local midnight for days (weeks start on Monday),
 * the first of January for months, quarters and years, all of 1970; 1970-01-01T00:00Z for steps that
 * ignore the zone. */
int64_t trm_grid_origin(struct trm_freq freq, const struct trm_zone *zone);

/* Parses RFC 3339 ("2026-11-23T10:00:00Z", offset, fraction; a space for the T and a bare date are
 * accepted, a missing offset means UTC) to UTC ms. Returns TRM_OK, TRM_EINVAL or TRM_ERANGE. */
TRM_MUST_CHECK enum trm_status trm_time_parse(const char *text, size_t text_n, int64_t *ret_ms);

#define TRM_TIME_TEXT_MAX 32

/* Writes RFC 3339 in UTC ("2026-11-23T10:00:00Z", with ".mmm" where the ms are not 0) with its NUL.
 * buf holds TRM_TIME_TEXT_MAX bytes. */
void trm_time_format(int64_t time_ms, char *buf);

#endif
