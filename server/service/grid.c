/* Which grid the first points of a series stand on. One point decides where the frequency is given
 * in milliseconds; three where it has to be inferred, where only several months tell which day
 * of the month is meant, or where clocks that are changed may hide which time of day. */
#include "server/service/parts.h"

#include <stdlib.h>

#define TIMES_TO_INFER 3

/* Both lists' times in order, each once, into ret[raw_n + n]; returns how many. */
static size_t merge_times(const struct point *raw, size_t raw_n, const struct point *points,
                          size_t n, int64_t *ret)
{
    size_t i = 0, j = 0, k = 0;

    while (i < raw_n || j < n) {
        int64_t t = j == n || (i < raw_n && raw[i].t < points[j].t) ? raw[i].t : points[j].t;
        i += i < raw_n && raw[i].t == t;
        j += j < n && points[j].t == t;
        ret[k++] = t;
    }
    return k;
}

static struct trm_grid grid_of(struct trm_freq freq, const struct trm_zone *zone, const int64_t *times,
                               size_t n)
{
    return (struct trm_grid){
        .freq = freq, .anchor_ms = trm_grid_anchor(freq, zone, times, n), .zone = zone};
}

/* Names the point that keeps the times from having one frequency: the first that does not fit what
 * the first three suggest, or the last of those where even they suggest nothing. */
static int err_no_frequency(struct err *err, const struct trm_zone *zone, const int64_t *times,
                            const struct point *points, size_t n)
{
    struct trm_freq freq;
    struct err detail;
    char text[TRM_FREQ_TEXT_MAX];
    size_t third = 0;

    while (third + 1 < n && points[third].t < times[TIMES_TO_INFER - 1])
        third++;
    if (trm_freq_infer(times, TIMES_TO_INFER, zone, &freq) == TRM_OK) {
        struct trm_grid grid = grid_of(freq, zone, times, TIMES_TO_INFER);
        if (points_check_grid(&grid, points, n, &detail)) {
            trm_freq_format(freq, text);
            err_set(err, ERR_INVALID,
                    "the frequency cannot be inferred: the first times suggest %s, but %s", text,
                    detail.msg);
            return err_item(err, (size_t)detail.item);
        }
    }
    err_set(err, ERR_INVALID,
            "the frequency cannot be inferred: the times up to this one are not evenly "
            "spaced; name it when creating the series (\"frequency\":\"1h\")");
    return err_item(err, third);
}

/* Points that were accepted before the grid was known do not fit what the new ones say. */
static int check_raw(const struct trm_grid *grid, const struct point *raw, size_t raw_n,
                     struct err *err)
{
    struct err detail;

    if (points_check_grid(grid, raw, raw_n, &detail) == 0)
        return 0;
    err_set(err, ERR_INVALID, "a point stored earlier does not fit: %s", detail.msg);
    return err_item(err, 0);
}

static bool freq_given(struct trm_freq freq)
{
    return freq.ms != 0 || freq.months != 0;
}

struct trm_grid grid_aligned(struct trm_freq freq, const struct trm_zone *zone)
{
    return (struct trm_grid){.freq = freq, .anchor_ms = trm_grid_origin(freq, zone), .zone = zone};
}

/* Whether any time of a grid tells where all others are. */
static bool one_time_is_enough(struct trm_freq freq, const struct trm_zone *zone)
{
    return freq.ms != 0 && !(zone && trm_freq_follows_zone(freq));
}

/* The grid that sorted times stand on, or -1 where they agree on none. */
static int grid_of_times(struct trm_freq freq, const struct trm_zone *zone, const int64_t *times,
                         size_t times_n, const struct point *points, size_t n, struct trm_grid *ret,
                         struct err *err)
{
    if (!freq_given(freq)) {
        enum trm_status status = trm_freq_infer(times, times_n, zone, &freq);
        if (status == TRM_EINVAL)
            return err_no_frequency(err, zone, times, points, n);
        if (status != TRM_OK)
            return err_from_status(err, status);
    }
    *ret = grid_of(freq, zone, times, times_n);
    return 0;
}

static int resolve(struct trm_freq freq, const struct trm_zone *zone, const struct point *raw,
                   size_t raw_n, const struct point *points, size_t n, int64_t *times,
                   bool *ret_known, struct trm_grid *ret, struct err *err)
{
    size_t times_n = merge_times(raw, raw_n, points, n, times);
    bool known = times_n >= TIMES_TO_INFER || one_time_is_enough(freq, zone);
    struct trm_grid grid;

    if (!known && !freq_given(freq)) {
        *ret_known = false;
        return 0;
    }
    if (grid_of_times(freq, zone, times, times_n, points, n, &grid, err) ||
        points_check_grid(&grid, points, n, err) || check_raw(&grid, raw, raw_n, err))
        return -1;
    *ret_known = known;
    if (known)
        *ret = grid;
    return 0;
}

int grid_resolve(struct trm_freq freq, const struct trm_zone *zone, const struct point *raw,
                 size_t raw_n, const struct point *points, size_t n, bool *ret_known,
                 struct trm_grid *ret, struct err *err)
{
    int64_t *times = malloc((raw_n + n) * sizeof *times);

    if (!times)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    int rc = resolve(freq, zone, raw, raw_n, points, n, times, ret_known, ret, err);
    free(times);
    return rc;
}
