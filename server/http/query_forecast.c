/* What a forecast is asked for: quantiles and intervals, checked, sorted and joined. */
#include "server/http/query.h"

#include "server/http/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Levels are compared and keyed on this grid, so that 1 - 0.9 is 0.1. */
#define LEVEL_GRID 1e9
/* How near 0 and 1 a level may be: what lies beyond no series here is long enough to tell. */
#define LEVEL_EDGE 1e-4

static double on_level_grid(double level)
{
    return round(level * LEVEL_GRID) / LEVEL_GRID;
}

void interval_quantiles(double percent, double *ret_lower, double *ret_upper)
{
    *ret_lower = on_level_grid((100.0 - percent) / 200.0);
    *ret_upper = on_level_grid((100.0 + percent) / 200.0);
}

void forecast_params_init(struct forecast_params *params)
{
    *params = (struct forecast_params){
        .quantiles = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9},
        .quantile_n = 9,
        .intervals = {80.0, 95.0},
        .interval_n = 2,
        .time = TIME_MS,
    };
}

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Returns how many are left. */
static size_t sort_and_join(double *values, size_t n)
{
    size_t kept = 0;
    qsort(values, n, sizeof *values, compare_numbers);
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || values[i] > values[kept - 1]) {
            values[kept++] = values[i];
        }
    }
    return kept;
}

/* A list of numbers inside (0, limit), on the grid. */
static int take_list(const double *values, size_t n, size_t max, double limit, const char *place,
                     double *ret, size_t *ret_n, struct err *err)
{
    double taken[TRM_QUANTILES_MAX];
    if (n > max) {
        err_set(err, ERR_INVALID, "%zu levels, at most %zu are possible", n, max);
        return err_at(err, "%s", place);
    }
    for (size_t i = 0; i < n; i++) {
        taken[i] = on_level_grid(values[i]);
        if (!(taken[i] >= limit * LEVEL_EDGE && taken[i] <= limit * (1.0 - LEVEL_EDGE))) {
            char text[NUMBER_TEXT_MAX];
            number_format(values[i], text);
            err_set(err, ERR_INVALID, "level %s, expected %g to %g%s", text, limit * LEVEL_EDGE,
                    limit * (1.0 - LEVEL_EDGE), limit > 1.0 ? " (percent)" : "");
            return err_at(err, "%s", place);
        }
    }
    *ret_n = sort_and_join(taken, n);
    memcpy(ret, taken, *ret_n * sizeof *ret);
    return 0;
}

int forecast_params_quantiles(struct forecast_params *params, const double *values, size_t n,
                              const char *place, struct err *err)
{
    return take_list(values, n, TRM_QUANTILES_MAX, 1.0, place, params->quantiles,
                     &params->quantile_n, err);
}

int forecast_params_intervals(struct forecast_params *params, const double *values, size_t n,
                              const char *place, struct err *err)
{
    return take_list(values, n, TRM_QUANTILES_MAX / 2, 100.0, place, params->intervals,
                     &params->interval_n, err);
}

static int set_levels(struct forecast_params *params, const char *name, const char *value,
                      struct err *err)
{
    double numbers[TRM_QUANTILES_MAX];
    size_t n;
    bool intervals = strcmp(name, "levels") == 0;
    if (query_numbers(name, value, intervals ? TRM_QUANTILES_MAX / 2 : TRM_QUANTILES_MAX, numbers,
                      &n, err) != 0) {
        return -1;
    }
    return intervals ? forecast_params_intervals(params, numbers, n, name, err)
                     : forecast_params_quantiles(params, numbers, n, name, err);
}

int forecast_params_set(struct forecast_params *params, const char *name, const char *value,
                        bool *ret_known, struct err *err)
{
    *ret_known = true;
    if (strcmp(name, "horizon") == 0) {
        int64_t horizon;
        if (query_int(name, value, 1, TRM_HORIZON_MAX, &horizon, err) != 0) {
            return -1;
        }
        params->horizon = (size_t)horizon;
        return 0;
    }
    if (strcmp(name, "levels") == 0 || strcmp(name, "quantiles") == 0) {
        return set_levels(params, name, value, err);
    }
    if (strcmp(name, "trace") == 0) {
        return query_bool(name, value, &params->trace, err);
    }
    if (strcmp(name, "time") == 0) {
        return query_time_form(name, value, &params->time, err);
    }
    *ret_known = false;
    return 0;
}

int forecast_params_ask(const struct forecast_params *params, const char *place, struct forecast_ask *ret,
                        struct err *err)
{
    double levels[TRM_QUANTILES_MAX * 2];
    size_t n = params->quantile_n;
    memcpy(levels, params->quantiles, n * sizeof *levels);
    for (size_t i = 0; i < params->interval_n; i++, n += 2) {
        interval_quantiles(params->intervals[i], &levels[n], &levels[n + 1]);
    }
    n = sort_and_join(levels, n);
    if (n > TRM_QUANTILES_MAX) {
        err_set(err, ERR_INVALID,
                "quantiles and the bounds of levels are %zu different quantiles, at most %d are "
                "possible",
                n, TRM_QUANTILES_MAX);
        return err_at(err, "%s", place);
    }
    *ret = (struct forecast_ask){.horizon = params->horizon, .level_n = n, .trace = params->trace};
    memcpy(ret->levels, levels, n * sizeof *levels);
    return 0;
}
