/* Points on their way into an entry's memory. Before the grid is known they are kept as they came,
 * at most two; then they become values of steps. */
#include "server/service/parts.h"

#include <assert.h>
#include <math.h>

/* Of a time that is known to be on the grid, or was once: the rules of the grid's time zone may have changed
 * since it was stored. */
static int64_t step_of(const struct trm_grid *grid, int64_t t)
{
    int64_t step = 0;
    enum trm_status status = trm_grid_step(grid, t, &step);

    if (status == TRM_OK)
        return step;
    assert(status == TRM_EOFFGRID && grid->zone);
    return t - trm_grid_time(grid, step) <= trm_grid_time(grid, step + 1) - t ? step : step + 1;
}

int history_claim(struct entry *entry, const struct trm_grid *grid, const struct point *points,
                  size_t n, struct err *err)
{
    int64_t first = step_of(grid, points[0].t), last = step_of(grid, points[n - 1].t);

    for (size_t i = 0; i < entry->raw_n; i++) {
        int64_t step = step_of(grid, entry->raw[i].t);
        first = step < first ? step : first;
        last = step > last ? step : last;
    }
    if (!window_claim(&entry->recent, first, last))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    return 0;
}

static void put_value(struct entry *entry, int64_t step, double value)
{
    said_touch(&entry->said, step);
    window_put(&entry->recent, step, value);
}

static void put(struct entry *entry, const struct point *points, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_value(entry, step_of(&entry->grid, points[i].t), points[i].v);
}

void history_set_grid(struct entry *entry, const struct trm_grid *grid)
{
    entry->grid_known = true;
    entry->grid = *grid;
    if (!history_folds(entry))
        put(entry, entry->raw, entry->raw_n);
    entry->raw_n = 0;
}

static void put_raw(struct entry *entry, struct point point)
{
    size_t at = 0;

    while (at < entry->raw_n && entry->raw[at].t < point.t)
        at++;
    if (at == entry->raw_n || entry->raw[at].t != point.t) {
        assert(entry->raw_n < ENTRY_RAW_MAX);
        for (size_t i = entry->raw_n++; i > at; i--)
            entry->raw[i] = entry->raw[i - 1];
    }
    entry->raw[at] = point;
}

void history_apply(struct entry *entry, const struct point *points, size_t n)
{
    if (entry->grid_known)
        put(entry, points, n);
    else
        for (size_t i = 0; i < n; i++)
            put_raw(entry, points[i]);
    entry->season_stale = true;
}

bool history_folds(const struct entry *entry)
{
    return entry->grid_known && entry->settings.aggregate != AGGREGATE_NONE;
}

int history_claim_fold(struct entry *entry, const struct point *points, size_t n, struct err *err)
{
    int64_t first = trm_grid_floor(&entry->grid, points[0].t);
    int64_t last = trm_grid_floor(&entry->grid, points[n - 1].t);

    if (entry->fold.open && entry->fold.step < first)
        first = entry->fold.step;
    if (!window_claim(&entry->recent, first, last))
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    return 0;
}

bool history_is_late(const struct entry *entry, int64_t first_t)
{
    return entry->fold.open && first_t <= entry->fold.last_t;
}

void history_close(struct entry *entry, int64_t step, double value, int64_t opened)
{
    put_value(entry, step, value);
    if (opened > window_end(&entry->recent))
        put_value(entry, opened - 1, (double)NAN);
}

size_t history_fold(struct entry *entry, const struct point *points, size_t n)
{
    enum aggregate aggregate = entry->settings.aggregate;
    size_t closed_n = 0;
    int64_t closed;
    double value;

    for (size_t i = 0; i < n; i++)
        if (fold_add(&entry->fold, aggregate, trm_grid_floor(&entry->grid, points[i].t), points[i],
                     &closed, &value)) {
            history_close(entry, closed, value, entry->fold.step);
            closed_n++;
        }
    entry->season_stale = entry->season_stale || closed_n > 0;
    return closed_n;
}

void history_moved_on(struct service *service, struct entry *entry, size_t value_n)
{
    if (value_n == 0)
        return;
    entry->recent_revision = entry->revision;
    entry->new_points += value_n;
    said_moved_on(service, entry);
    fit_consider(service, entry);
    if (service->job_unfinished_n == 0) /* nobody's end looks on */
        fit_catch_up(service);
    fleet_consider(service);
}

size_t history_observed(const struct entry *entry)
{
    size_t n = window_observed(&entry->recent);

    for (size_t i = 0; i < entry->raw_n; i++)
        n += !isnan(entry->raw[i].v);
    return n;
}

int history_check_enough(const struct entry *entry, struct err *err)
{
    size_t observed = history_observed(entry);
    size_t missing = observed < TRM_OBSERVED_MIN ? TRM_OBSERVED_MIN - observed : 0;

    if (missing)
        return err_set(err, ERR_TOO_SHORT,
                       "%d observed values are needed and there %s %zu: %zu more point%s missing",
                       TRM_OBSERVED_MIN, observed == 1 ? "is" : "are", observed, missing,
                       missing == 1 ? " is" : "s are");
    if (!entry->grid_known)
        return err_set(err, ERR_TOO_SHORT,
                       "the frequency is not known yet: 1 more point is missing");
    return 0;
}
