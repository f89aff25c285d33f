/* The lead-time view: what will it be in an hour, in six, and how long until a threshold. See
 * handlers.h. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/handler_tools.h"
#include "server/http/number.h"
#include "server/http/query.h"
#include "server/http/response.h"
#include "server/service/ahead.h"
#include "server/wire/promql.h"

#include <math.h>
#include <microhttpd.h>
#include <string.h>

#define AHEADS_MAX 16
#define AHEAD_TEXT_MAX 24
#define AHEAD_DEFAULT "1h,6h,24h"
#define AHEAD_BYTES_MAX ((size_t)64 << 10)

struct ask {
    size_t n;
    char text[AHEADS_MAX][AHEAD_TEXT_MAX];
    int64_t ms[AHEADS_MAX];
    bool has_threshold, above;
    double threshold;
    size_t horizon;
    enum time_form form;
};

static int refuse_ahead(const char *text, struct err *err)
{
    err_set(err, ERR_INVALID,
            "ahead is \"%.60s\", expected 1 to %d durations between commas, such as 30m,6h,1d",
            text, AHEADS_MAX);
    return err_at(err, "ahead");
}

static int read_aheads(const char *text, struct ask *ask, struct err *err)
{
    for (const char *at = text;;) {
        size_t n = strcspn(at, ",");
        if (ask->n == AHEADS_MAX || n >= AHEAD_TEXT_MAX ||
            !promql_duration_parse(at, n, &ask->ms[ask->n]))
            return refuse_ahead(text, err);
        memcpy(ask->text[ask->n], at, n);
        ask->text[ask->n++][n] = '\0';
        if (at[n] == '\0')
            return 0;
        at += n + 1;
    }
}

static int read_threshold(const struct request *request, struct ask *ask, struct err *err)
{
    const char *threshold = request_param(request, "threshold"),
               *direction = request_param(request, "direction");
    size_t n;
    ask->has_threshold = threshold != NULL;
    ask->above = direction == NULL || strcmp(direction, "above") == 0;
    if (!ask->above && strcmp(direction, "below") != 0) {
        err_set(err, ERR_INVALID, "direction is \"%.40s\", expected above or below", direction);
        return err_at(err, "direction");
    }
    if (direction != NULL && threshold == NULL) {
        err_set(err, ERR_INVALID, "direction is the threshold's, and there is none: threshold=90");
        return err_at(err, "direction");
    }
    if (threshold == NULL ||
        (query_numbers("threshold", threshold, 1, &ask->threshold, &n, err) == 0 && n == 1))
        return 0;
    err_set(err, ERR_INVALID, "threshold is \"%.40s\", expected a number", threshold);
    return err_at(err, "threshold");
}

static int read_ask(const struct request *request, struct ask *ask, struct err *err)
{
    const char *ahead = request_param(request, "ahead"),
               *horizon = request_param(request, "horizon");
    int64_t steps = 0;
    *ask = (struct ask){.n = 0};
    if (read_aheads(ahead == NULL ? AHEAD_DEFAULT : ahead, ask, err) != 0 ||
        read_threshold(request, ask, err) != 0 ||
        (horizon != NULL && query_int("horizon", horizon, 1, TRM_HORIZON_MAX, &steps, err) != 0))
        return -1;
    ask->horizon = (size_t)steps;
    return 0;
}

static void write_ahead(struct writer *writer, const struct outlook *outlook, const struct ask *ask,
                        size_t i, int64_t now)
{
    struct ahead_value value = {(double)NAN, (double)NAN, (double)NAN};
    int64_t then = now + ask->ms[i];
    (void)!ahead_at(outlook, then, &value);
    writer_open(writer, '{');
    writer_key(writer, "ahead");
    writer_string(writer, ask->text[i]);
    writer_key(writer, "time");
    writer_time(writer, then, ask->form);
    writer_key(writer, "median");
    writer_number(writer, value.median);
    writer_key(writer, "lower");
    writer_number(writer, value.lower);
    writer_key(writer, "upper");
    writer_number(writer, value.upper);
    writer_close(writer, '}');
}

/* Which bound crosses first depends on the direction: earliest and latest do not. */
static void write_threshold(struct writer *writer, const struct outlook *outlook,
                            const struct ask *ask, int64_t now)
{
    double median =
        ahead_crossing_ms(outlook, outlook->median, ask->threshold, ask->above, now) / 1000;
    double lower =
        ahead_crossing_ms(outlook, outlook->lower, ask->threshold, ask->above, now) / 1000;
    double upper =
        ahead_crossing_ms(outlook, outlook->upper, ask->threshold, ask->above, now) / 1000;
    writer_key(writer, "time_to_threshold");
    if (!ask->has_threshold) {
        writer_null(writer);
        return;
    }
    writer_open(writer, '{');
    writer_key(writer, "threshold");
    writer_number_exact(writer, ask->threshold);
    writer_key(writer, "direction");
    writer_string(writer, ask->above ? "above" : "below");
    writer_key(writer, "seconds");
    writer_number(writer, median);
    writer_key(writer, "earliest");
    writer_number(writer, ask->above ? upper : lower);
    writer_key(writer, "latest");
    writer_number(writer, ask->above ? lower : upper);
    writer_close(writer, '}');
}

static void write_answer(struct writer *writer, const char *id, const struct outlook *outlook,
                         const struct ask *ask, int64_t now)
{
    writer_open(writer, '{');
    writer_key(writer, "series");
    writer_string(writer, id);
    writer_key(writer, "now");
    writer_time(writer, now, ask->form);
    writer_key(writer, "issued_at");
    writer_time(writer, outlook->issued_at, ask->form);
    writer_key(writer, "interval");
    writer_int(writer, OUTLOOK_PERCENT);
    writer_key(writer, "until");
    writer_time(writer,
                trm_grid_time(&outlook->grid, outlook->first_step + (int64_t)outlook->horizon - 1),
                ask->form);
    writer_key(writer, "ahead");
    writer_open(writer, '[');
    for (size_t i = 0; i < ask->n; i++)
        write_ahead(writer, outlook, ask, i, now);
    writer_close(writer, ']');
    write_threshold(writer, outlook, ask, now);
    writer_close(writer, '}');
}

/* Leads that the longest of the durations needs, or that were asked for. */
static size_t leads_of(struct service *service, const char *id, const struct ask *ask, int64_t now)
{
    size_t most = ask->horizon;
    for (size_t i = 0; i < ask->n; i++) {
        size_t leads = service_leads_until(service, id, now + ask->ms[i]);
        most = leads > most ? leads : most;
    }
    return most;
}

void handle_get_ahead(struct request *request)
{
    struct service *service = request->http->service;
    const char *id = request_id(request);
    int64_t now = clock_wall_ms();
    struct outlook outlook;
    struct writer writer;
    struct ask ask;
    struct err err;
    enum time_form form;
    if (!param_time_form(request, &form))
        return;
    if (read_ask(request, &ask, &err) != 0 ||
        service_outlook(service, id, leads_of(service, id, &ask, now), &outlook, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    ask.form = form;
    writer_init(&writer, AHEAD_BYTES_MAX);
    write_answer(&writer, id, &outlook, &ask, now);
    answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &writer);
}
