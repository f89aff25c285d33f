/* Guessing the frequency of timestamps. Surprising: in a zone days are counted before milliseconds, because
 * the midnights of a local clock are 23 to 25 hours apart. */
#include "core/calendar.h"

#include "core/civil.h"
#include "core/zone.h"

#define CANDIDATES 8
#define MONTHS_MAX 1200 /* as trm_freq_parse has it: 100 years */
#define MS_MAX (INT64_C(36525) * TRM_DAY_MS)

enum unit { MILLISECONDS, DAYS, MONTHS };

struct times {
    const int64_t *at;
    size_t n;
    const struct trm_zone *zone;
};

struct candidate {
    int64_t difference;
    size_t count;
};

static void count_difference(struct candidate *found, int64_t difference)
{
    struct candidate *free_slot = NULL;
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (found[i].count > 0 && found[i].difference == difference) {
            found[i].count++;
            return;
        }
        if (found[i].count == 0) {
            free_slot = &found[i];
        }
    }
    if (free_slot != NULL) {
        *free_slot = (struct candidate){difference, 1};
        return;
    }
    for (size_t i = 0; i < CANDIDATES; i++) {
        found[i].count--;
    }
}

/* A time as a count of units; days and months on the zone's clocks. */
static int64_t count_of(const struct times *times, size_t i, enum unit unit)
{
    int64_t ms_of_day;
    if (unit == MILLISECONDS) {
        return times->at[i];
    }
    int64_t day = trm_civil_day_of(trm_zone_local(times->zone, times->at[i]), &ms_of_day);
    return unit == DAYS ? day : trm_civil_from_days(day).month;
}

static int64_t difference_at(const struct times *times, size_t i, enum unit unit)
{
    return count_of(times, i, unit) - count_of(times, i - 1, unit);
}

/* The most common difference, the smaller of equals. In constant memory: every difference that more
 * than one in nine share stays among the candidates (Misra and Gries), and a second pass counts
 * them; a rarer one is no frequency. */
static int64_t common_difference(const struct times *times, enum unit unit)
{
    struct candidate found[CANDIDATES] = {{0, 0}};
    struct candidate best = {0, 0};
    for (size_t i = 1; i < times->n; i++) {
        count_difference(found, difference_at(times, i, unit));
    }
    for (size_t k = 0; k < CANDIDATES; k++) {
        struct candidate exact = {found[k].difference, 0};
        for (size_t i = 1; found[k].count > 0 && i < times->n; i++) {
            exact.count += difference_at(times, i, unit) == exact.difference;
        }
        if (exact.count > best.count ||
            (exact.count == best.count && exact.difference < best.difference)) {
            best = exact;
        }
    }
    return best.difference;
}

static bool all_on_grid(struct trm_freq freq, const struct times *times)
{
    struct trm_grid grid = {freq, trm_grid_anchor(freq, times->zone, times->at, times->n), times->zone};
    for (size_t i = 0; i < times->n; i++) {
        int64_t step;
        if (trm_grid_step(&grid, times->at[i], &step) != TRM_OK) {
            return false;
        }
    }
    return true;
}

static bool try_months(const struct times *times, struct trm_freq *ret)
{
    int64_t months = common_difference(times, MONTHS);
    struct trm_freq freq = {0, (int32_t)months};
    if (months < 1 || months > MONTHS_MAX || !all_on_grid(freq, times)) {
        return false;
    }
    *ret = freq;
    return true;
}

static bool try_ms(const struct times *times, int64_t ms, struct trm_freq *ret)
{
    struct trm_freq freq = {ms, 0};
    if (ms < 1 || ms > MS_MAX || !all_on_grid(freq, times)) {
        return false;
    }
    *ret = freq;
    return true;
}

enum trm_status trm_freq_infer(const int64_t *times, size_t n, const struct trm_zone *zone,
                               struct trm_freq *ret)
{
    struct times all = {times, n, zone};
    if (n < 2) {
        return TRM_ESHORT;
    }
    for (size_t i = 0; i < n; i++) {
        if (times[i] < TRM_TIME_MIN || times[i] > TRM_TIME_MAX ||
            (i > 0 && times[i] <= times[i - 1])) {
            return TRM_EINVAL;
        }
    }
    int64_t ms = zone != NULL ? common_difference(&all, DAYS) * TRM_DAY_MS
                              : common_difference(&all, MILLISECONDS);
    bool found = (ms >= 28 * TRM_DAY_MS && try_months(&all, ret)) || try_ms(&all, ms, ret) ||
                 (zone != NULL && try_ms(&all, common_difference(&all, MILLISECONDS), ret));
    return found ? TRM_OK : TRM_EINVAL;
}
