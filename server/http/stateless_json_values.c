/* The history of one series of a stateless request: "values" from a "start" on, or "points". Knows
 * how points become a regular series; refuses to know the other fields. */
#include "server/http/stateless_json_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A list of 1 to `room` entries under `key`. */
static int check_list(const json_t *list, const struct json_place *place, size_t room,
                      struct err *err)
{
    if (json_array_size(list) == 0) {
        return json_refuse(list, "a list with at least one entry", place, err);
    }
    if (json_array_size(list) > room) {
        err_set(err, ERR_TOO_LARGE, "more than %d values in one request", STATELESS_VALUES_MAX);
        return err_at(err, "%s", place->text);
    }
    return 0;
}

static int alloc_values(struct stateless_item *item, size_t n, struct err *err)
{
    item->values = calloc(n, sizeof *item->values);
    if (item->values == NULL) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    item->n = n;
    return 0;
}

static int take_values(const json_t *list, const struct json_place *parent, size_t room,
                       struct stateless_item *item, struct err *err)
{
    struct json_place here = json_place_key(parent, "values");
    if (check_list(list, &here, room, err) != 0 ||
        alloc_values(item, json_array_size(list), err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < item->n; i++) {
        const json_t *value = json_array_get(list, i);
        /* A place costs more than a number: it is built for the wrong ones only. */
        if (json_is_real(value) || json_is_integer(value)) {
            item->values[i] = json_number_value(value);
            if (fabs(item->values[i]) <= TRM_VALUE_MAX) {
                continue;
            }
        }
        struct json_place place = json_place_index(&here, i);
        if (json_take_value(value, &place, &item->values[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int take_point(const json_t *pair, const struct json_place *place, struct point *ret,
                      struct err *err)
{
    struct json_place time = json_place_index(place, 0), value = json_place_index(place, 1);
    if (json_array_size(pair) != 2) {
        return json_refuse(pair, "a pair [time, value]", place, err);
    }
    return json_take_time(json_array_get(pair, 0), &time, &ret->t, err) != 0
               ? -1
               : json_take_value(json_array_get(pair, 1), &value, &ret->v, err);
}

static int read_points(const json_t *list, const struct json_place *here, struct point *points,
                       struct err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct json_place place = json_place_index(here, i);
        if (take_point(json_array_get(list, i), &place, &points[i], err) != 0) {
            return -1;
        }
        if (i > 0 && points[i].t <= points[i - 1].t) {
            struct json_place time = json_place_index(&place, 0);
            err_set(err, ERR_INVALID,
                    "not after the point before, expected strictly increasing times");
            return err_at(err, "%s", time.text);
        }
    }
    return 0;
}

/* The item's frequency, where none is given: the one that the times have. */
static int infer_frequency(const int64_t *times, size_t n, const struct json_place *here,
                           struct stateless_item *item, struct err *err)
{
    struct trm_freq *freq = &item->settings.freq;
    if (freq->ms != 0 || freq->months != 0) {
        return 0;
    }
    if (trm_freq_infer(times, n, item->zone, freq) != TRM_OK) {
        err_set(err, ERR_INVALID,
                "the times have no common frequency, expected \"frequency\" beside them");
        return err_at(err, "%s", here->text);
    }
    return 0;
}

static int step_of(const struct trm_grid *grid, const struct point *points, size_t i,
                   const struct json_place *here, int64_t *ret, struct err *err)
{
    if (trm_grid_step(grid, points[i].t, ret) == TRM_OK) {
        return 0;
    }
    struct json_place place = json_place_index(here, i), time = json_place_index(&place, 0);
    err_set(err, ERR_INVALID, "not a whole number of steps from the other points%s",
            grid->zone != NULL && trm_freq_follows_zone(grid->freq) ? ", counted in the time zone" : "");
    return err_at(err, "%s", time.text);
}

/* The grid that the points stand on, as far as their times tell. */
static int find_grid(const struct point *points, size_t n, const struct json_place *here,
                     struct stateless_item *item, struct trm_grid *ret, struct err *err)
{
    int64_t *times = calloc(n, sizeof *times);
    if (times == NULL) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        times[i] = points[i].t;
    }
    int failed = infer_frequency(times, n, here, item, err);
    if (failed == 0) {
        struct trm_freq freq = item->settings.freq;
        *ret = (struct trm_grid){freq, trm_grid_anchor(freq, item->zone, times, n), item->zone};
    }
    free(times);
    return failed;
}

/* Room for the values of all steps from first to last, all missing. */
static int alloc_steps(struct stateless_item *item, int64_t first, int64_t last, size_t room,
                       const struct json_place *here, struct err *err)
{
    if ((uint64_t)(last - first) >= room) {
        err_set(err, ERR_TOO_LARGE,
                "%lld steps from the first point to the last, at most %d values in "
                "one request",
                (long long)(last - first), STATELESS_VALUES_MAX);
        return err_at(err, "%s", here->text);
    }
    if (alloc_values(item, (size_t)(last - first) + 1, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < item->n; i++) {
        item->values[i] = (double)NAN;
    }
    return 0;
}

/* Times become steps of their grid; steps that no point stands on are missing. */
static int place_points(const struct point *points, size_t n, const struct json_place *here,
                        size_t room, struct stateless_item *item, struct err *err)
{
    struct trm_grid grid;
    int64_t first, last, step;
    if (find_grid(points, n, here, item, &grid, err) != 0 ||
        step_of(&grid, points, 0, here, &first, err) != 0 ||
        step_of(&grid, points, n - 1, here, &last, err) != 0 ||
        alloc_steps(item, first, last, room, here, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (step_of(&grid, points, i, here, &step, err) != 0) {
            return -1;
        }
        item->values[step - first] = points[i].v;
    }
    item->has_start = true;
    item->start = grid.anchor_ms;
    item->first = first;
    return 0;
}

static int take_points(const json_t *list, const struct json_place *parent, size_t room,
                       struct stateless_item *item, struct err *err)
{
    struct json_place here = json_place_key(parent, "points");
    if (check_list(list, &here, room, err) != 0) {
        return -1;
    }
    size_t n = json_array_size(list);
    struct point *points = calloc(n, sizeof *points);
    if (points == NULL) {
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    }
    int failed = read_points(list, &here, points, err) != 0 ||
                         place_points(points, n, &here, room, item, err) != 0
                     ? -1
                     : 0;
    free(points);
    return failed;
}

int stateless_take_history(json_t *object, const struct json_place *parent, size_t room,
                           struct stateless_item *item, struct err *err)
{
    const json_t *values = json_object_get(object, "values");
    const json_t *points = json_object_get(object, "points");
    const json_t *start = json_object_get(object, "start");
    struct json_place here = json_place_key(parent, "start");
    if ((values != NULL) == (points != NULL) || (points != NULL && start != NULL)) {
        err_set(err, ERR_INVALID,
                "expected either \"values\", with \"start\" where times are wanted, or "
                "\"points\"");
        return err_at(err, "%s", parent->text);
    }
    if (start != NULL) {
        item->has_start = true;
        if (json_take_time(start, &here, &item->start, err) != 0) {
            return -1;
        }
    }
    return points != NULL ? take_points(points, parent, room, item, err)
                          : take_values(values, parent, room, item, err);
}
