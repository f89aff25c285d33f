/* What was said about past steps, and which of their values lay outside it. Knows how a step is
 * judged and shown; refuses to know where the record is kept. Surprising: a value is judged by the
 * newest forecast made before it came, so nothing that was learned from it can excuse it. See
 * handlers.h. */
#include "server/http/handlers.h"

#include "server/http/handler_tools.h"
#include "server/http/number.h"
#include "server/http/query.h"
#include "server/http/response.h"

#include <math.h>
#include <microhttpd.h>

#define LEVEL_DEFAULT 95
/* A step takes at most 400 bytes. */
#define RECORD_BYTES_MAX ((size_t)1 << 20)
/* How far outside a value may be said to be, in half widths. */
#define SCORE_MAX 1e6

struct ask {
    bool anomalies; /* only steps outside, and a summary */
    double level;   /* percent */
    int64_t start, end;
    size_t limit;
    unsigned media;
    enum time_form form;
};

/* A step as it is judged. */
struct judged {
    const struct said_point *point;
    double median, lower, upper;
    double score; /* distance from the median in half widths of its side, negative below; NaN
                     without a value */
};

static struct judged judge(const struct said_point *point, double level)
{
    struct judged j = {.point = point, .median = point->said.quantile[2]};
    double miss = point->value - j.median;

    trm_said_interval(&point->said, level / 100, &j.lower, &j.upper);
    double half = miss < 0 ? j.median - j.lower : j.upper - j.median;
    j.score = miss == 0 || isnan(miss) ? miss : half > 0 ? miss / half : copysign(SCORE_MAX, miss);
    j.score = fmin(fmax(j.score, -SCORE_MAX), SCORE_MAX);
    if (isnan(miss))
        j.score = (double)NAN;
    return j;
}

static bool is_outside(const struct judged *j)
{
    return j->point->value < j->lower || j->point->value > j->upper;
}

/* ---- JSON ---- */

static void write_number(struct writer *w, const char *key, double v)
{
    writer_key(w, key);
    writer_number(w, v);
}

static void write_step(struct writer *w, const struct judged *j, const struct ask *ask)
{
    writer_open(w, '{');
    writer_key(w, "time");
    writer_time(w, j->point->t, ask->form);
    writer_key(w, "value");
    writer_number_exact(w, j->point->value);
    write_number(w, "median", j->median);
    write_number(w, "lower", j->lower);
    write_number(w, "upper", j->upper);
    write_number(w, "score", j->score);
    if (ask->anomalies) {
        writer_key(w, "direction");
        writer_string(w, j->score < 0 ? "below" : "above");
    }
    writer_key(w, "lead");
    writer_int(w, j->point->lead);
    writer_key(w, "issued_at");
    writer_time(w, j->point->issued_at, ask->form);
    writer_close(w, '}');
}

static void write_summary(struct writer *w, const struct ask *ask, const struct said_point *points,
                          size_t n)
{
    size_t checked = 0, outside = 0;

    for (size_t i = 0; i < n; i++) {
        struct judged j = judge(&points[i], ask->level);
        checked += !isnan(j.score);
        outside += is_outside(&j);
    }
    writer_key(w, "checked");
    writer_int(w, (int64_t)checked);
    writer_key(w, "outside");
    writer_int(w, (int64_t)outside);
}

/* Shown are the newest `limit` of those asked for. */
static size_t first_shown(const struct ask *ask, const struct said_point *points, size_t n)
{
    size_t left = ask->limit, at = n;

    while (at > 0 && left > 0) {
        struct judged j = judge(&points[--at], ask->level);
        left -= !ask->anomalies || is_outside(&j);
    }
    return at;
}

static void write_json(struct writer *w, const char *id, const struct ask *ask,
                       const struct said_point *points, size_t n)
{
    writer_open(w, '{');
    writer_key(w, "series");
    writer_string(w, id);
    write_number(w, "level", ask->level);
    write_summary(w, ask, points, n);
    writer_key(w, ask->anomalies ? "anomalies" : "record");
    writer_open(w, '[');
    for (size_t i = first_shown(ask, points, n); i < n; i++) {
        struct judged j = judge(&points[i], ask->level);
        if (!ask->anomalies || is_outside(&j))
            write_step(w, &j, ask);
    }
    writer_close(w, ']');
    writer_close(w, '}');
}

/* ---- CSV ---- */

static void write_cell_time(struct writer *w, int64_t t, enum time_form form)
{
    char text[TRM_TIME_TEXT_MAX > NUMBER_TEXT_MAX ? TRM_TIME_TEXT_MAX : NUMBER_TEXT_MAX];

    if (form == TIME_MS)
        number_format_int(t, text);
    else
        trm_time_format(t, text);
    writer_text(w, text);
}

static void write_cell(struct writer *w, double v)
{
    char text[NUMBER_TEXT_MAX];

    writer_text(w, ",");
    if (!isnan(v))
        writer_bytes(w, text, number_format(v, text));
}

static void write_csv(struct writer *w, const struct ask *ask, const struct said_point *points,
                      size_t n)
{
    writer_text(w, "timestamp,value,median,lower,upper,score,lead,issued_at\n");
    for (size_t i = first_shown(ask, points, n); i < n; i++) {
        struct judged j = judge(&points[i], ask->level);
        const double cells[] = {points[i].value, j.median, j.lower,
                                j.upper,         j.score,  points[i].lead};
        if (ask->anomalies && !is_outside(&j))
            continue;
        write_cell_time(w, points[i].t, ask->form);
        for (size_t k = 0; k < sizeof cells / sizeof *cells; k++)
            write_cell(w, cells[k]);
        writer_text(w, ",");
        write_cell_time(w, points[i].issued_at, ask->form);
        writer_text(w, "\n");
    }
}

/* ---- the request ---- */

static void on_read(void *ctx, const struct err *err, const struct said_point *points, size_t n)
{
    struct wait *wait = ctx;
    struct ask ask = *(struct ask *)wait->data;
    struct request *request = wait_succeed(wait, err);
    struct writer writer;

    if (request == NULL)
        return;
    writer_init(&writer, RECORD_BYTES_MAX);
    if (ask.media == MEDIA_CSV)
        write_csv(&writer, &ask, points, n);
    else
        write_json(&writer, request_id(request), &ask, points, n);
    answer_writer(request, MHD_HTTP_OK, ask.media == MEDIA_CSV ? TYPE_CSV : TYPE_JSON, &writer);
}

static bool read_level(struct request *request, double *ret)
{
    const char *text = request_param(request, "level");
    struct err err;
    double level;
    size_t n;

    *ret = LEVEL_DEFAULT;
    if (text == NULL)
        return true;
    if (query_numbers("level", text, 1, &level, &n, &err) == 0) {
        if (n == 1 && level >= 1 && level <= 99.99) {
            *ret = level;
            return true;
        }
        err_set(&err, ERR_INVALID, "\"%.40s\", expected one level in percent, 1 to 99.99", text);
        err_at(&err, "level");
    }
    request_refuse(request, &err);
    return false;
}

static void handle(struct request *request, bool anomalies)
{
    static const unsigned offered[] = {MEDIA_JSON, MEDIA_CSV};
    struct ask ask = {.anomalies = anomalies};
    struct err err;

    if (!param_range(request, &ask.start, &ask.end) || !read_level(request, &ask.level) ||
        !param_time_form(request, &ask.form) || !param_limit(request, PAGE_MAX, PAGE_MAX, &ask.limit) ||
        !param_media(request, offered, 2, &ask.media))
        return;
    struct wait *wait = wait_with(request, COMMIT_WAIT_MS, &ask, sizeof ask);
    if (wait != NULL && service_read_said(request->http->service, request_id(request), ask.start, ask.end,
                                          on_read, wait, &err) != 0)
        wait_fail(wait, &err);
}

void handle_get_anomalies(struct request *request)
{
    handle(request, true);
}

void handle_get_record(struct request *request)
{
    handle(request, false);
}
