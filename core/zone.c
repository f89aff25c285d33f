/* Lookups in a zone's list of changes. Surprising: there are two ways to look, by time and by local time, and
 * only one search: no clock is more than 26 hours from UTC, so a local time is found by walking on from the
 * change before the earliest time that it may have. */
#include "core/zone.h"

#include "core/civil.h"
#include "core/zone_parts.h"

#include <stdlib.h>

#define CYCLE_MS (INT64_C(146097) * TRM_DAY_MS) /* of TRM_ZONE_CYCLE_YEARS */

void trm_zone_free(struct trm_zone *zone)
{
    if (zone != NULL) {
        free(zone->at);
        free(zone->offset);
        free(zone);
    }
}

/* How many changes there were up to a time that the list holds. */
static size_t changes_until(const struct trm_zone *zone, int64_t time_ms)
{
    size_t low = 0, high = zone->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->at[middle] <= time_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How far behind the same moment of the cycle in the list a time lies. */
static int64_t cycles_behind(const struct trm_zone *zone, int64_t time_ms)
{
    return time_ms < zone->cycle_ms ? 0 : (time_ms - zone->cycle_ms) / CYCLE_MS * CYCLE_MS;
}

int64_t trm_zone_local(const struct trm_zone *zone, int64_t time_ms)
{
    if (zone == NULL) {
        return time_ms;
    }
    size_t i = changes_until(zone, time_ms - cycles_behind(zone, time_ms));
    return time_ms + zone->offset[i] * INT64_C(1000);
}

int64_t trm_zone_instant(const struct trm_zone *zone, int64_t local_ms)
{
    if (zone == NULL) {
        return local_ms;
    }
    /* No clock shows local_ms before this. */
    int64_t time = local_ms - TRM_ZONE_OFFSET_MAX * INT64_C(1000);
    int64_t behind = cycles_behind(zone, time);
    size_t i = changes_until(zone, time - behind);
    for (;; i++) {
        time = local_ms - zone->offset[i] * INT64_C(1000);
        if (i == zone->n || time < zone->at[i] + behind) {
            break;
        }
    }
    int64_t since = i > 0 ? zone->at[i - 1] + behind : time;
    return time < since ? since : time;
}

bool trm_zone_skips_days(const struct trm_zone *zone)
{
    return zone != NULL && zone->skips_days;
}
