/* Grids: from steps to times and back. Leaves dates to civil.h and clocks to zone.h. Surprising: a calendar
 * grid whose anchor is the last day of its month means "the last day of every month", so 28 February and
 * 31 March lie on one grid. */
#include "core/calendar.h"

#include "core/civil.h"
#include "core/zone.h"

/* 20,000 years are beyond either end from anywhere inside. */
#define OFFSET_MONTHS_MAX 240000
/* How far outside the accepted years a local time may be looked up. */
#define MARGIN_MS (2 * TRM_DAY_MS)
/* 5 January 1970 was a Monday. */
#define FIRST_MONDAY_MS (4 * TRM_DAY_MS)

static int64_t month_of(int64_t time_ms)
{
    int64_t ms_of_day;
    return trm_civil_from_days(trm_civil_day_of(time_ms, &ms_of_day)).month;
}

/* The anchor's day and time of day, `months` later. */
static int64_t months_after(int64_t anchor_ms, int64_t months)
{
    int64_t ms_of_day;
    struct trm_civil date = trm_civil_from_days(trm_civil_day_of(anchor_ms, &ms_of_day));
    bool last_day = date.day == trm_civil_month_days(date.month);
    date.month += months;
    int length = trm_civil_month_days(date.month);
    date.day = last_day || date.day > length ? length : date.day;
    return trm_civil_to_days(date) * TRM_DAY_MS + ms_of_day;
}

static const struct trm_zone *zone_of(const struct trm_grid *grid)
{
    return trm_freq_follows_zone(grid->freq) ? grid->zone : NULL;
}

/* What the anchor means on the local clock: midnight, where it ends a gap with midnight in it. */
static int64_t anchor_of(const struct trm_grid *grid)
{
    const struct trm_zone *zone = zone_of(grid);
    if (zone == NULL) {
        return grid->anchor_ms;
    }
    int64_t local = trm_zone_local(zone, grid->anchor_ms), ms_of_day;
    int64_t gap_from = trm_zone_local(zone, grid->anchor_ms - 1) + 1;
    int64_t midnight = trm_civil_day_of(local, &ms_of_day) * TRM_DAY_MS;
    return gap_from <= midnight ? midnight : local;
}

/* The local time of a step, from the anchor's; false where it is far outside the accepted years. */
static bool local_of(const struct trm_grid *grid, int64_t anchor, int64_t step, int64_t *ret)
{
    int64_t offset, local;
    if (grid->freq.months != 0) {
        if (__builtin_mul_overflow(step, (int64_t)grid->freq.months, &offset) ||
            offset < -OFFSET_MONTHS_MAX || offset > OFFSET_MONTHS_MAX) {
            return false;
        }
        local = months_after(anchor, offset);
    } else if (__builtin_mul_overflow(step, grid->freq.ms, &offset) ||
               __builtin_add_overflow(anchor, offset, &local)) {
        return false;
    }
    *ret = local;
    return local >= TRM_TIME_MIN - MARGIN_MS && local <= TRM_TIME_MAX + MARGIN_MS;
}

static int64_t end_towards(int64_t step)
{
    return step < 0 ? TRM_TIME_MIN - MARGIN_MS : TRM_TIME_MAX + MARGIN_MS;
}

/* Not limited to the accepted years. Steps whose local times one jump of the clocks left out would meet in
 * one moment: the last of them keeps it, those before get the milliseconds before it. */
static int64_t time_of(const struct trm_grid *grid, int64_t anchor, int64_t step)
{
    const struct trm_zone *zone = zone_of(grid);
    int64_t local, next;
    if (!local_of(grid, anchor, step, &local)) {
        return end_towards(step);
    }
    int64_t time = trm_zone_instant(zone, local), left_out = 0;
    while (trm_zone_skips_days(zone) && local_of(grid, anchor, step + left_out + 1, &next) &&
           trm_zone_instant(zone, next) == time) {
        left_out++;
    }
    return time - left_out;
}

int64_t trm_grid_time(const struct trm_grid *grid, int64_t step)
{
    int64_t time = time_of(grid, anchor_of(grid), step);
    return time < TRM_TIME_MIN ? TRM_TIME_MIN : time > TRM_TIME_MAX ? TRM_TIME_MAX : time;
}

/* The step at or before a local time; at most one too late for calendar grids, and some too early where
 * clocks were put back over it. */
static int64_t step_near(const struct trm_grid *grid, int64_t anchor, int64_t local)
{
    int64_t unit = grid->freq.ms, distance = local - anchor;
    if (grid->freq.months != 0) {
        unit = grid->freq.months;
        distance = month_of(local) - month_of(anchor);
    }
    return distance / unit - (distance % unit < 0);
}

/* The last step that has begun at a time inside the accepted years, and when it did. */
static int64_t step_before(const struct trm_grid *grid, int64_t time_ms, int64_t *ret_time)
{
    const struct trm_zone *zone = zone_of(grid);
    int64_t anchor = anchor_of(grid), next;
    int64_t step = step_near(grid, anchor, trm_zone_local(zone, time_ms));
    int64_t time = time_of(grid, anchor, step);
    if (time > time_ms) {
        time = time_of(grid, anchor, --step);
    }
    while (zone != NULL && (next = time_of(grid, anchor, step + 1)) <= time_ms) {
        time = next;
        step++;
    }
    *ret_time = time;
    return step;
}

enum trm_status trm_grid_step(const struct trm_grid *grid, int64_t time_ms, int64_t *ret_step)
{
    int64_t time;
    if (time_ms < TRM_TIME_MIN || time_ms > TRM_TIME_MAX) {
        return TRM_ERANGE;
    }
    *ret_step = step_before(grid, time_ms, &time);
    return time == time_ms ? TRM_OK : TRM_EOFFGRID;
}

int64_t trm_grid_floor(const struct trm_grid *grid, int64_t time_ms)
{
    int64_t time = time_ms < TRM_TIME_MIN ? TRM_TIME_MIN : time_ms > TRM_TIME_MAX ? TRM_TIME_MAX : time_ms;
    return step_before(grid, time, &time);
}

/* ---- anchors ---- */

/* Whether no clock change makes a local time other than the one that is meant. */
static bool is_plain(const struct trm_zone *zone, int64_t time_ms)
{
    int64_t local = trm_zone_local(zone, time_ms);
    return local - trm_zone_local(zone, time_ms - 1) == 1 && trm_zone_instant(zone, local) == time_ms;
}

static int anchor_rank(struct trm_freq freq, const struct trm_zone *zone, int64_t time_ms)
{
    struct trm_grid grid = {freq, time_ms, zone};
    int plain = zone_of(&grid) == NULL || is_plain(zone, time_ms);
    if (freq.months == 0) {
        return plain;
    }
    int64_t ms_of_day;
    struct trm_civil date = trm_civil_from_days(trm_civil_day_of(anchor_of(&grid), &ms_of_day));
    return date.day * 4 + (date.day < trm_civil_month_days(date.month)) * 2 + plain;
}

int64_t trm_grid_anchor(struct trm_freq freq, const struct trm_zone *zone, const int64_t *times, size_t n)
{
    size_t best = 0;
    int best_rank = -1, enough = freq.months == 0 ? 1 : 31 * 4 + 1;
    for (size_t i = 0; i < n && best_rank < enough; i++) {
        int rank = anchor_rank(freq, zone, times[i]);
        if (rank > best_rank) {
            best = i;
            best_rank = rank;
        }
    }
    return times[best];
}

int64_t trm_grid_origin(struct trm_freq freq, const struct trm_zone *zone)
{
    bool weeks = freq.months == 0 && freq.ms % (7 * TRM_DAY_MS) == 0;
    return trm_freq_follows_zone(freq) ? trm_zone_instant(zone, weeks ? FIRST_MONDAY_MS : 0) : 0;
}
