/* Windows over the past. Cross-validation's end with the series, `step` apart. Over a full history they
 * follow one another without overlap from the first origin on, which has seen two seasons where the series
 * is long enough for that. Online, each begins `step` after the one before and only the leads until the
 * next are shown, so that every point is held against the newest forecast that did not know it. See
 * timegpt_plan.h. */
#include "server/http/timegpt_plan.h"

#include <math.h>
#include <stdlib.h>

/* Observed values before the first origin of a full history; fewer where the series has hardly more. */
#define FIRST_OBSERVED 12

/* The position behind the n-th observed value, or SIZE_MAX where there are fewer. */
static size_t behind_observed(const double *values, size_t values_n, size_t n)
{
    for (size_t i = 0; i < values_n; i++)
        if (!isnan(values[i]) && --n == 0)
            return i + 1;
    return SIZE_MAX;
}

static size_t shortest_season(const struct timegpt_request *request)
{
    size_t seasons[8];
    if (request->season > 0)
        return request->season;
    size_t n = trm_freq_seasons(request->freq, 8, seasons);
    return n == 0 ? 0 : seasons[n - 1];
}

/* Where the history of a full-history answer begins to be forecast. */
static size_t first_origin(const struct timegpt_request *request, const double *values, size_t n)
{
    size_t season = shortest_season(request);
    size_t wanted = 2 * season > FIRST_OBSERVED && n >= 6 * season ? 2 * season : FIRST_OBSERVED;
    size_t origin = behind_observed(values, n, wanted);
    return origin < n / 2 ? origin : behind_observed(values, n, TRM_OBSERVED_MIN);
}

static size_t ceil_div(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static int too_short(size_t series, size_t n, size_t needed, struct err *err)
{
    err_set(err, ERR_TOO_SHORT, "series %zu has %zu values, and this needs at least %zu", series, n, needed);
    return err_at(err, "/series/sizes/%zu", series);
}

/* The windows of one series: how many, the first origin, and the distance between two. */
struct layout {
    size_t n, first, step;
};

static int lay_out(const struct timegpt_request *request, const double *values, size_t series,
                   struct layout *ret, struct err *err)
{
    size_t n = request->first[series + 1] - request->first[series];
    size_t span, first;
    if (request->task == TIMEGPT_FORECAST) {
        *ret = (struct layout){.n = 1, .first = n, .step = 1};
        return 0;
    }
    if (request->full_history) {
        first = first_origin(request, values, n);
        if (first >= n)
            return too_short(series, n, TRM_OBSERVED_MIN + 1, err);
        *ret = (struct layout){.n = ceil_div(n - first, request->horizon), .first = first,
                               .step = request->horizon};
        return 0;
    }
    if (request->task == TIMEGPT_ONLINE_ANOMALY)
        span = request->detection;
    else
        span = request->horizon + (request->window_n_asked - 1) * request->step;
    if (n < span + TRM_OBSERVED_MIN)
        return too_short(series, n, span + TRM_OBSERVED_MIN, err);
    *ret = (struct layout){.n = request->task == TIMEGPT_ONLINE_ANOMALY ? ceil_div(span, request->step)
                                                                        : request->window_n_asked,
                           .first = n - span, .step = request->step};
    return 0;
}

static size_t used_leads(const struct timegpt_request *request, size_t n, size_t origin)
{
    size_t used = request->horizon;
    if (request->task == TIMEGPT_FORECAST)
        return used;
    if (request->task == TIMEGPT_ONLINE_ANOMALY && request->step < used)
        used = request->step;
    return used < n - origin ? used : n - origin;
}

static int check_size(const struct timegpt_request *request, size_t windows, struct err *err)
{
    size_t numbers = request->horizon * (1 + 2 * request->level_n);
    if (windows > TIMEGPT_FORECASTS_MAX) {
        err_set(err, ERR_TOO_LARGE,
                "more than %d forecasts (series times windows) in one request: send fewer at a time "
                "(num_partitions)",
                TIMEGPT_FORECASTS_MAX);
        return err_at(err, "/series");
    }
    if (windows * numbers > TIMEGPT_NUMBERS_MAX) {
        err_set(err, ERR_TOO_LARGE,
                "%zu forecasts of %zu numbers each, at most %d numbers in one answer: send fewer series at "
                "a time (num_partitions)",
                windows, numbers, TIMEGPT_NUMBERS_MAX);
        return err_at(err, "/series");
    }
    return 0;
}

static int count_windows(const struct timegpt_request *request, const double *values, size_t *ret,
                         struct err *err)
{
    struct layout layout;
    size_t n = 0;
    for (size_t i = 0; i < request->series_n; i++) {
        if (lay_out(request, values + request->first[i], i, &layout, err) != 0)
            return -1;
        n += layout.n;
        if (check_size(request, n, err) != 0)
            return -1;
    }
    *ret = n;
    return 0;
}

/* The newest values before the origin, as many as a forecast looks at. */
static void fill_item(const struct timegpt_request *request, const struct timegpt_window *window,
                      double *values, struct stateless_item *item)
{
    size_t skip = window->origin > TRM_CONTEXT_MAX ? window->origin - TRM_CONTEXT_MAX : 0;
    series_settings_init(&item->settings);
    item->settings.freq = request->freq;
    if (request->season > 0) {
        item->settings.season[0] = request->season;
        item->settings.season_n = 1;
    }
    item->values = values + request->first[window->series] + skip;
    item->n = window->origin - skip;
    item->fit = request->fit;
}

static int fill(struct timegpt_request *request, struct stateless_batch *batch, struct err *err)
{
    struct layout layout;
    size_t at = 0;
    for (size_t i = 0; i < request->series_n; i++) {
        size_t n = request->first[i + 1] - request->first[i];
        if (lay_out(request, batch->values + request->first[i], i, &layout, err) != 0)
            return -1;
        for (size_t k = 0; k < layout.n; k++, at++) {
            size_t origin = layout.first + k * layout.step;
            request->window[at] = (struct timegpt_window){i, origin, used_leads(request, n, origin)};
            fill_item(request, &request->window[at], batch->values, &batch->items[at]);
        }
    }
    return 0;
}

int timegpt_plan(struct timegpt_request *request, struct stateless_batch *batch, struct err *err)
{
    size_t n;
    if (count_windows(request, batch->values, &n, err) != 0)
        return -1;
    request->window = calloc(n, sizeof *request->window);
    batch->items = calloc(n, sizeof *batch->items);
    if (request->window == NULL || batch->items == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    request->window_n = batch->n = n;
    batch->ask.horizon = request->horizon;
    batch->heavy = true;
    return fill(request, batch, err);
}
