/* InfluxDB's write endpoints, v1 and v2, and as much around them as its clients ask for before they write.
 * Knows how a line's fields become metrics; refuses to know the grammar (wire/line_protocol.h) and to answer
 * queries. Surprising: databases, buckets and organisations are taken and mean nothing: a series is called
 * after its measurement, field and tags alone. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/agents.h"
#include "server/http/response.h"
#include "server/wire/line_protocol.h"
#include "server/wire/metric_id.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VERSION "1.8-tstrm-" TSTRM_VERSION
#define FIELDS_MAX 512

/* ---- from lines to metrics ---- */

/* [a-zA-Z0-9_], and a colon where one is allowed; anything else becomes _, and none begins with a digit. */
static size_t sanitise(struct wire_slice from, bool colon, char *to)
{
    size_t n = 0;
    for (size_t i = 0; i < from.n; i++) {
        char c = from.at[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (colon && c == ':');
        bool digit = c >= '0' && c <= '9';
        if (i == 0 && digit)
            to[n++] = '_';
        to[n++] = letter || digit ? c : '_';
    }
    return n;
}

struct metric {
    struct remote_write_label labels[SERIES_LABELS_MAX];
    size_t n;
    char names[SERIES_LABELS_MAX][SERIES_LABEL_NAME_MAX + 1];
    char name[2 * SERIES_LABEL_VALUE_MAX + 4]; /* the metric's */
};

static int by_name(const void *a, const void *b)
{
    const struct remote_write_label *x = a, *y = b;
    return wire_slice_compare(x->name, y->name);
}

/* The tags, and a __name__ without its value. */
static int take_tags(const struct line_point *line, struct metric *metric, struct err *err)
{
    char shown[WIRE_SHOW_MAX];
    for (size_t i = 0; i < line->tag_n; i++) {
        const struct line_tag *tag = &line->tags[i];
        if (tag->key.n >= SERIES_LABEL_NAME_MAX)
            return err_set(err, ERR_TOO_LARGE, "the tag key \"%s\" has %zu bytes, at most %d are kept",
                           wire_show(tag->key, shown), tag->key.n, SERIES_LABEL_NAME_MAX - 1);
        size_t n = sanitise(tag->key, false, metric->names[i]);
        metric->labels[i] = (struct remote_write_label){{metric->names[i], n}, tag->value};
    }
    metric->labels[line->tag_n] = (struct remote_write_label){{"__name__", strlen("__name__")}, {"", 0}};
    metric->n = line->tag_n + 1;
    qsort(metric->labels, metric->n, sizeof *metric->labels, by_name);
    for (size_t i = 1; i < metric->n; i++)
        if (by_name(&metric->labels[i - 1], &metric->labels[i]) == 0)
            return err_set(err, ERR_INVALID, "two tag keys become the label \"%s\"",
                           wire_show(metric->labels[i].name, shown));
    return 0;
}

static int take_name(const struct line_point *line, const struct line_field *field, struct metric *metric,
                     struct err *err)
{
    size_t n = sanitise(line->measurement, true, metric->name);
    metric->name[n++] = '_';
    n += sanitise(field->key, true, metric->name + n);
    if (n > SERIES_LABEL_VALUE_MAX)
        return err_set(err, ERR_TOO_LARGE,
                       "measurement and field together have %zu bytes, at most %d are kept", n,
                       SERIES_LABEL_VALUE_MAX);
    for (size_t i = 0; i < metric->n; i++)
        if (wire_slice_is(metric->labels[i].name, "__name__"))
            metric->labels[i].value = (struct wire_slice){metric->name, n};
    return 0;
}

static enum wire_verdict take_line(void *context, const struct line_point *line, struct err *err)
{
    struct agents *agents = context;
    struct metric metric;
    if (take_tags(line, &metric, err) != 0)
        return WIRE_REFUSED;
    for (size_t i = 0; i < line->field_n; i++) {
        struct point point = {line->t, line->fields[i].value};
        if (take_name(line, &line->fields[i], &metric, err) == 0 &&
            agents_take(agents, metric.labels, metric.n, &point, 1, err) == 0)
            continue;
        return err->code == ERR_NO_MEMORY ? WIRE_STOP : WIRE_REFUSED;
    }
    return WIRE_TAKEN;
}

static int precision_of(const struct request *request, enum line_precision *ret, struct err *err)
{
    const char *text = request_param(request, "precision");
    *ret = LINE_NS;
    if (text == NULL || *text == '\0' || line_precision_parse(text, strlen(text), ret))
        return 0;
    err_set(err, ERR_INVALID, "precision is \"%.40s\", expected ns, us, ms, s (v1 also n, u, m, h)", text);
    return err_at(err, "precision");
}

static int read_lines(struct request *request, struct agents *agents, struct err *err)
{
    struct line_options options = {
        .now_ms = clock_wall_ms(),
        .limits = {.tags_max = SERIES_LABELS_MAX - 1,
                   .fields_max = FIELDS_MAX,
                   .name_bytes_max = SERIES_LABEL_VALUE_MAX},
    };
    struct line_visitor visitor = {.point = take_line, .context = agents};
    struct line_totals totals;
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    if (precision_of(request, &options.precision, err) != 0 ||
        line_read(body, request->body.n, &options, &visitor, &agents->errors, &totals, err) != 0)
        return -1;
    agents_drop(agents, COUNTER_INGEST_TEXT, totals.texts_skipped);
    counters_add(agents->http->counters, COUNTER_INGEST_INVALID, totals.lines_refused);
    return 0;
}

/* ---- the answers ---- */

static void answer_write(struct request *request, struct agents *agents)
{
    const struct err *first = &agents->kept[0];
    if (agents->errors.n == 0)
        answer_empty(request, MHD_HTTP_NO_CONTENT);
    else
        request_refuse_kind(request, PROBLEM_SYNTAX, first->place,
                            "partial write: %.200s (refused: %zu; everything else was stored) dropped=%zu",
                            first->msg, agents->errors.n, agents->errors.n);
}

void handle_influx_write(struct request *request)
{
    struct err err;
    struct agents *agents = agents_new(request, COUNTER_INGEST_LINE_PROTOCOL);
    if (agents == NULL)
        return;
    if (read_lines(request, agents, &err) != 0) {
        agents_free(agents);
        request_refuse(request, &err);
        return;
    }
    agents_write(request, agents, answer_write);
}

/* q of a form in the body, cut out of a copy of it; NULL where there is none. */
static const char *query_in_form(const struct request *request, char **ret_copy)
{
    struct uri uri = {0};
    struct err err;
    *ret_copy = request->body.n == 0 ? NULL : strdup(request->body.bytes);
    if (*ret_copy == NULL || uri_parse_query(*ret_copy, &uri, &err) != 0)
        return NULL;
    for (size_t i = 0; i < uri.param_n; i++)
        if (strcmp(uri.param[i].name, "q") == 0)
            return uri.param[i].value;
    return NULL;
}

/* Whether text goes on with a word, blanks (forms write them as +) around it; moves behind it. */
static bool skip_word(const char **text, const char *word)
{
    *text += strspn(*text, " +");
    size_t n = strlen(word);
    if (strncasecmp(*text, word, n) != 0 || strchr(" +", (*text)[n]) == NULL || (*text)[n] == '\0')
        return false;
    *text += n;
    return true;
}

static bool creates_database(const char *query)
{
    return query != NULL && skip_word(&query, "CREATE") && skip_word(&query, "DATABASE");
}

void handle_influx_query(struct request *request)
{
    static const char done[] = "{\"results\":[{\"statement_id\":0}]}\n";
    char *copy = NULL;
    const char *query = request_param(request, "q");
    if (query == NULL)
        query = query_in_form(request, &copy);
    if (request->method == METHOD_POST && creates_database(query))
        answer_static(request, MHD_HTTP_OK, TYPE_JSON, done, sizeof done - 1);
    else
        request_refuse_kind(request, PROBLEM_SYNTAX, "",
                            "InfluxQL is not answered here: only CREATE DATABASE, which does nothing, by "
                            "POST; forecasts are at /v1/series/{id}/forecast");
    free(copy);
}

void handle_influx_ping(struct request *request)
{
    answer_empty(request, MHD_HTTP_NO_CONTENT);
    answer_header(request, "X-Influxdb-Version", VERSION);
    answer_header(request, "X-Influxdb-Build", "OSS");
}
