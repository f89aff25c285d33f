/* What a request's points must be, whatever series they are for. */
#include "server/service/parts.h"

#include <math.h>

static int check_time(int64_t t, size_t at, struct err *err)
{
    if (t >= TRM_TIME_MIN && t <= TRM_TIME_MAX)
        return 0;
    err_set(err, ERR_INVALID, "the time %lld ms lies outside the years 1 to 9999", (long long)t);
    return err_item(err, at);
}

static int check_order(int64_t before, int64_t t, size_t at, struct err *err)
{
    char text_before[TRM_TIME_TEXT_MAX], text[TRM_TIME_TEXT_MAX];

    if (t > before)
        return 0;
    trm_time_format(before, text_before);
    trm_time_format(t, text);
    if (t == before)
        err_set(err, ERR_INVALID, "%s is there twice; send each time once, sorted by time", text);
    else
        err_set(err, ERR_INVALID, "%s comes after %s; sort the points by time, each time once",
                text, text_before);
    return err_item(err, at);
}

static int check_value(double v, size_t at, struct err *err)
{
    if (isnan(v) || fabs(v) <= TRM_VALUE_MAX)
        return 0;
    err_set(err, ERR_INVALID,
            "the value %g is not between -%g and %g; null says that it is missing", v,
            TRM_VALUE_MAX, TRM_VALUE_MAX);
    return err_item(err, at);
}

int points_check(const struct point *points, size_t n, struct err *err)
{
    if (n == 0)
        return err_set(err, ERR_INVALID, "there is no point in the request");
    for (size_t i = 0; i < n; i++) {
        if (check_time(points[i].t, i, err) || check_value(points[i].v, i, err))
            return -1;
        if (i > 0 && check_order(points[i - 1].t, points[i].t, i, err))
            return -1;
    }
    return 0;
}

static int err_off_grid(struct err *err, const struct trm_grid *grid, int64_t t, int64_t before)
{
    char freq[TRM_FREQ_TEXT_MAX], text[TRM_TIME_TEXT_MAX];
    char text_before[TRM_TIME_TEXT_MAX], text_after[TRM_TIME_TEXT_MAX];
    bool local = grid->zone && trm_freq_follows_zone(grid->freq);

    trm_freq_format(grid->freq, freq);
    trm_time_format(t, text);
    trm_time_format(trm_grid_time(grid, before), text_before);
    trm_time_format(trm_grid_time(grid, before + 1), text_after);
    return err_set(
        err, ERR_INVALID,
        "%s is not on the series' grid of one point every %s%s: the nearest times are %s and %s",
        text, freq, local ? ", counted in its time zone" : "", text_before, text_after);
}

int points_check_grid(const struct trm_grid *grid, const struct point *points, size_t n,
                      struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        int64_t step;
        enum trm_status status = trm_grid_step(grid, points[i].t, &step);
        if (status == TRM_OK)
            continue;
        if (status == TRM_EOFFGRID)
            err_off_grid(err, grid, points[i].t, step);
        else
            err_from_status(err, status);
        return err_item(err, i);
    }
    return 0;
}
