/* Stream by stream. What is older than memory and what was said before are waited for. See
 * prom_gather.h. */
#include "server/http/prom_gather.h"

#include "server/base/clock.h"
#include "server/service/ahead.h"
#include "server/service/reads.h"

#include <math.h>
#include <string.h>

#define SLICE_NS UINT64_C(4000000)
#define SECOND 1000.0

enum progress { FILLED, WAITS, FAILED };

/* What a stream is filled with: times in (first, last]. */
struct reach {
    int64_t first, last;
};

static enum progress failed(struct err *err, const struct err *from)
{
    *err = *from;
    return FAILED;
}

/* A series that has gone, or is too young for a forecast, has nothing to show: that is no error. */
static enum progress empty_or_failed(struct err *err, const struct err *from)
{
    bool empty = from->code == ERR_NOT_FOUND || from->code == ERR_TOO_SHORT;
    return empty ? FILLED : failed(err, from);
}

static enum progress make_room(struct prom_gather *gather, struct prom_stream *stream, size_t n,
                               struct err *err)
{
    if (n > PROM_SAMPLES_MAX - gather->sample_n) {
        err_set(err, ERR_INVALID,
                "query processing would load too many samples into memory in query execution: more "
                "than %zu",
                PROM_SAMPLES_MAX);
        return FAILED;
    }
    if (!prom_stream_reserve(stream, n)) {
        err_set(err, ERR_NO_MEMORY, "out of memory");
        return FAILED;
    }
    gather->sample_n += n;
    return FILLED;
}

static int64_t clamp_time(int64_t t)
{
    return t < TRM_TIME_MIN ? TRM_TIME_MIN : t > TRM_TIME_MAX ? TRM_TIME_MAX : t;
}

static struct reach reach_of(const struct prom_gather *gather, const struct prom_stream *stream)
{
    struct reach reach;
    promql_reach(gather->selector, &gather->span, stream->interval_ms, &reach.first, &reach.last);
    return (struct reach){clamp_time(reach.first), clamp_time(reach.last)};
}

static void set_interval(struct prom_gather *gather, struct prom_stream *stream)
{
    struct recent_view recent;
    struct err ignored;
    bool stamped = stream->kind == PROM_AHEAD || stream->kind == PROM_THRESHOLD;
    if (!stamped && service_recent(gather->service, stream->id, &recent, &ignored) == 0 &&
        recent.grid_known)
        stream->interval_ms = grid_longest_ms(&recent.grid);
}

static bool tells_of_past(const struct prom_stream *stream)
{
    return stream->kind == PROM_PREDICTED || stream->kind == PROM_ANOMALOUS;
}

/* Indices [*ret_from, *ret_to) of n steps from first_step whose times lie within the reach. */
static void steps_within(const struct trm_grid *grid, int64_t first_step, size_t n,
                         const struct reach *reach, size_t *ret_from, size_t *ret_to)
{
    int64_t step = 0;
    (void)!trm_grid_step(grid, reach->first,
                         &step); /* at or before: it is within the range of times */
    int64_t from = step + 1 - first_step;
    (void)!trm_grid_step(grid, reach->last, &step);
    int64_t to = step + 1 - first_step;
    *ret_to = to < 0 ? 0 : (uint64_t)to > n ? n : (size_t)to;
    *ret_from = from < 0 ? 0 : (uint64_t)from > *ret_to ? *ret_to : (size_t)from;
}

/* ---- actual ---- */

static enum progress take_recent(struct prom_gather *gather, struct prom_stream *stream,
                                 const struct recent_view *recent, const struct reach *reach,
                                 struct err *err)
{
    size_t from, to;
    steps_within(&recent->grid, recent->first_step, recent->n, reach, &from, &to);
    if (make_room(gather, stream, to - from, err) != FILLED)
        return FAILED;
    for (size_t i = from; i < to; i++)
        prom_stream_add(stream, trm_grid_time(&recent->grid, recent->first_step + (int64_t)i),
                        recent->values[i]);
    return FILLED;
}

static void was_read(void *ctx, const struct err *read_err, const struct point *points, size_t n)
{
    struct prom_gather *gather = ctx;
    struct prom_stream *stream = gather->streams.at[gather->at];
    struct err err;
    enum progress progress =
        read_err != NULL ? empty_or_failed(&err, read_err) : make_room(gather, stream, n, &err);
    if (progress == FAILED) {
        gather->done(gather, &err);
        return;
    }
    for (size_t i = 0; i < n; i++)
        prom_stream_add(stream, points[i].t, points[i].v);
    gather->at++;
    prom_gather_run(gather);
}

static enum progress fill_actual(struct prom_gather *gather, struct prom_stream *stream,
                                 struct err *err)
{
    struct reach reach = reach_of(gather, stream);
    struct recent_view recent;
    struct err why;
    if (service_recent(gather->service, stream->id, &recent, &why) != 0)
        return empty_or_failed(err, &why);
    if (recent.complete && recent.n == 0) /* points of the open step, or nothing */
        return FILLED;
    if (recent.grid_known && recent.n > 0 &&
        (recent.complete || trm_grid_time(&recent.grid, recent.first_step) <= reach.first))
        return take_recent(gather, stream, &recent, &reach, err);
    if (service_read_points(gather->service, stream->id, reach.first + 1, reach.last + 1,
                            PROM_SAMPLES_MAX - gather->sample_n + 1, was_read, gather, &why) != 0)
        return empty_or_failed(err, &why);
    return WAITS;
}

/* ---- predicted and anomalous ---- */

static double field_of(const struct prom_stream *stream, double median, double lower, double upper)
{
    return stream->field == PROM_YHAT ? median : stream->field == PROM_LOWER ? lower : upper;
}

static const double *curve_of(const struct prom_stream *stream, const struct outlook *outlook)
{
    return stream->field == PROM_YHAT    ? outlook->median
           : stream->field == PROM_LOWER ? outlook->lower
                                         : outlook->upper;
}

static enum progress fill_future(struct prom_gather *gather, struct prom_stream *stream,
                                 const struct reach *reach, struct err *err)
{
    struct outlook outlook;
    struct err why;
    size_t leads = service_leads_until(gather->service, stream->id, reach->last), from, to;
    if (leads == 0)
        return FILLED;
    if (service_outlook(gather->service, stream->id, leads, &outlook, &why) != 0)
        return empty_or_failed(err, &why);
    const double *values = curve_of(stream, &outlook);
    steps_within(&outlook.grid, outlook.first_step, outlook.horizon, reach, &from, &to);
    if (make_room(gather, stream, to - from, err) != FILLED)
        return FAILED;
    for (size_t i = from; i < to; i++)
        prom_stream_add(stream, trm_grid_time(&outlook.grid, outlook.first_step + (int64_t)i),
                        values[i]);
    return FILLED;
}

/* The sample that one step of the past becomes; NaN: none. */
static double sample_of(const struct prom_stream *stream, const struct said_point *point)
{
    double lower, upper, median = point->said.quantile[TRM_SAID_LEVELS / 2];
    trm_said_interval(&point->said, OUTLOOK_PERCENT / 100.0, &lower, &upper);
    if (stream->kind == PROM_PREDICTED)
        return field_of(stream, median, lower, upper);
    if (isnan(point->value))
        return point->value;
    return point->value > upper ? 1 : point->value < lower ? -1 : 0;
}

static enum progress take_said(struct prom_gather *gather, struct prom_stream *stream,
                               const struct said_point *points, size_t n, struct err *err)
{
    if (make_room(gather, stream, n, err) != FILLED)
        return FAILED;
    for (size_t i = 0; i < n; i++)
        prom_stream_add(stream, points[i].t, sample_of(stream, &points[i]));
    if (stream->kind == PROM_ANOMALOUS)
        return FILLED;
    struct reach reach = reach_of(gather, stream);
    return fill_future(gather, stream, &reach, err);
}

/* The streams of a series that tell of its past stand together: all of them are filled from one
 * reading. */
static void said_was_read(void *ctx, const struct err *read_err, const struct said_point *points,
                          size_t n)
{
    struct prom_gather *gather = ctx;
    const char *id = gather->streams.at[gather->at]->id;
    struct err err;
    enum progress progress = read_err != NULL ? empty_or_failed(&err, read_err) : FILLED;
    n = read_err != NULL ? 0 : n;
    while (progress == FILLED && gather->at < gather->streams.n) {
        struct prom_stream *stream = gather->streams.at[gather->at];
        if (strcmp(stream->id, id) != 0 || !tells_of_past(stream))
            break;
        set_interval(gather, stream);
        progress = take_said(gather, stream, points, n, &err);
        gather->at += progress == FILLED;
    }
    if (progress == FAILED)
        gather->done(gather, &err);
    else
        prom_gather_run(gather);
}

/* The first step that has not come yet; TRM_TIME_MAX while there is none. */
static int64_t next_time(const struct recent_view *recent)
{
    return recent->grid_known && recent->n > 0
               ? trm_grid_time(&recent->grid, recent->first_step + (int64_t)recent->n)
               : TRM_TIME_MAX;
}

static enum progress fill_said(struct prom_gather *gather, struct prom_stream *stream,
                               struct err *err)
{
    struct reach reach = reach_of(gather, stream);
    struct recent_view recent;
    struct err why;
    if (service_recent(gather->service, stream->id, &recent, &why) != 0)
        return empty_or_failed(err, &why);
    int64_t next = next_time(&recent), end = reach.last + 1 < next ? reach.last + 1 : next;
    if (reach.first + 1 >= end)
        return take_said(gather, stream, NULL, 0, err);
    if (service_read_said(gather->service, stream->id, reach.first + 1, end, said_was_read, gather,
                          &why) != 0)
        return empty_or_failed(err, &why);
    return WAITS;
}

/* ---- stamped now ---- */

/* Whether there is anything to say; *ret is then the sample's time. */
static bool stamp(const struct prom_gather *gather, int64_t *ret)
{
    const struct promql_span *span = &gather->span;
    int64_t first = span->start - gather->selector->offset_ms, now = gather->now;
    int64_t last = first + (int64_t)(promql_span_n(span) - 1) * span->step_ms;
    int64_t back = span->lookback_ms > span->step_ms ? span->lookback_ms : span->step_ms;
    if (now < first)
        *ret = now;
    else if (now < last)
        *ret = first + (now - first) / span->step_ms * span->step_ms;
    else
        *ret = last;
    return *ret > now - back;
}

static double crossing_s(const struct prom_stream *stream, const struct outlook *outlook,
                         int64_t now)
{
    return ahead_crossing_ms(outlook, curve_of(stream, outlook), stream->threshold, stream->above,
                             now) /
           SECOND;
}

static enum progress fill_stamped(struct prom_gather *gather, struct prom_stream *stream,
                                  struct err *err)
{
    struct outlook outlook;
    struct ahead_value value = {(double)NAN, (double)NAN, (double)NAN};
    struct err why;
    int64_t now;
    if (!stamp(gather, &now))
        return FILLED;
    int64_t then = clamp_time(now + stream->ahead_ms);
    size_t leads =
        stream->kind == PROM_AHEAD ? service_leads_until(gather->service, stream->id, then) : 0;
    if (service_outlook(gather->service, stream->id, leads, &outlook, &why) != 0)
        return empty_or_failed(err, &why);
    if (make_room(gather, stream, 1, err) != FILLED)
        return FAILED;
    if (stream->kind == PROM_THRESHOLD)
        prom_stream_add(stream, now, crossing_s(stream, &outlook, now));
    else if (ahead_at(&outlook, then, &value))
        prom_stream_add(stream, now, field_of(stream, value.median, value.lower, value.upper));
    return FILLED;
}

/* ---- all of them ---- */

static enum progress fill(struct prom_gather *gather, struct prom_stream *stream, struct err *err)
{
    set_interval(gather, stream);
    switch (stream->kind) {
    case PROM_ACTUAL:
        return fill_actual(gather, stream, err);
    case PROM_PREDICTED:
    case PROM_ANOMALOUS:
        return fill_said(gather, stream, err);
    case PROM_AHEAD:
    case PROM_THRESHOLD:
        return fill_stamped(gather, stream, err);
    case PROM_KINDS:
        break;
    }
    return FILLED;
}

static void run_again(void *ctx)
{
    prom_gather_run(ctx);
}

void prom_gather_run(struct prom_gather *gather)
{
    uint64_t begun_ns = clock_mono_ns();
    enum progress progress = FILLED;
    struct err err;
    while (progress == FILLED && gather->at < gather->streams.n) {
        if (!gather->wanted(gather)) {
            err_set(&err, ERR_CANCELLED, "nobody waits any more");
            progress = FAILED;
        } else if (clock_mono_ns() - begun_ns > SLICE_NS) {
            progress =
                service_later(gather->service, run_again, gather, &err) == 0 ? WAITS : FAILED;
        } else {
            progress = fill(gather, gather->streams.at[gather->at], &err);
            gather->at += progress == FILLED;
        }
    }
    if (progress != WAITS)
        gather->done(gather, progress == FAILED ? &err : NULL);
}
