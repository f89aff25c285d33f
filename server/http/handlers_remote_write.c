/* POST /api/v1/write: Prometheus remote write, 1.0 and 2.0. Knows the headers that the two specifications
 * demand; refuses to know the messages (wire/remote_write.h). Surprising: samples that were dropped by rule
 * count as written in 2.0's answer: the sender would report them as failed otherwise, all its life.
 * Sources: prometheus.io/docs/specs/prw, remote_write_spec and remote_write_spec_2_0. */
#include "server/http/handlers.h"

#include "server/http/agents.h"
#include "server/http/response.h"
#include "server/wire/snappy.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TYPE_PROTOBUF "application/x-protobuf"
#define PROTO_1 "prometheus.WriteRequest"
#define PROTO_2 "io.prometheus.write.v2.Request"
#define SYMBOLS_MAX 500000

/* ---- what is sent ---- */

static size_t token_n(const char *text, const char *ends)
{
    size_t n = strcspn(text, ends);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    return n;
}

static bool token_is(const char *text, size_t n, const char *word)
{
    return n == strlen(word) && strncasecmp(text, word, n) == 0;
}

/* The proto parameter's value, in *ret_n bytes; NULL where there is none. */
static const char *proto_of(const char *type, size_t *ret_n)
{
    for (const char *at = strchr(type, ';'); at != NULL; at = strchr(at, ';')) {
        at += 1 + strspn(at + 1, " \t");
        if (strncasecmp(at, "proto=", 6) != 0)
            continue;
        at += 6;
        if (*at == '"') {
            *ret_n = strcspn(++at, "\"");
            return at;
        }
        *ret_n = token_n(at, ";");
        return at;
    }
    return NULL;
}

/* Whether the type is one of the two messages'. */
static bool version_of(const char *type, enum remote_write_version *ret)
{
    size_t n = 0;
    if (type == NULL || !token_is(type, token_n(type, ";"), TYPE_PROTOBUF))
        return false;
    const char *proto = proto_of(type, &n);
    *ret = REMOTE_WRITE_1;
    if (proto == NULL || (n == strlen(PROTO_1) && memcmp(proto, PROTO_1, n) == 0))
        return true;
    *ret = REMOTE_WRITE_2;
    return n == strlen(PROTO_2) && memcmp(proto, PROTO_2, n) == 0;
}

bool remote_write_negotiate(struct request *request)
{
    const char *encoding = request->headers.content_encoding;
    const char *type = request->headers.content_type;
    enum remote_write_version version;
    if (!version_of(type, &version)) {
        request_refuse_kind(request, PROBLEM_MEDIA, "",
                            "Content-Type must be " TYPE_PROTOBUF ", or " TYPE_PROTOBUF ";proto=" PROTO_1
                            " or " PROTO_2 ", not %.80s",
                            type == NULL ? "absent" : type);
        return false;
    }
    if (encoding == NULL || strcasecmp(encoding, "snappy") != 0) {
        request_refuse_kind(request, PROBLEM_MEDIA, "", "Content-Encoding must be snappy, not %.80s",
                            encoding == NULL ? "absent" : encoding);
        return false;
    }
    return true;
}

/* ---- reading ---- */

static enum wire_verdict take_series(void *context, const struct remote_write_series *series,
                                     struct err *err)
{
    struct agents *agents = context;
    if (series->point_n == 0 || agents_take(agents, series->labels, series->label_n, series->points,
                                            series->point_n, err) == 0)
        return WIRE_TAKEN;
    return err->code == ERR_NO_MEMORY ? WIRE_STOP : WIRE_REFUSED;
}

static int read_message(struct agents *agents, const char *message, size_t n, struct err *err)
{
    struct remote_write_limits limits = {
        .series_max = INGEST_SERIES_MAX,
        .samples_max = agents->http->config->points_per_body_max,
        .symbols_max = SYMBOLS_MAX,
        .labels_max = SERIES_LABELS_MAX,
        .label_bytes_max = SERIES_LABEL_VALUE_MAX,
    };
    struct remote_write_visitor visitor = {.series = take_series, .context = agents};
    struct remote_write_totals totals;
    if (remote_write_read((enum remote_write_version)agents->protocol, message, n, &limits, &visitor,
                          &agents->errors, &totals, err) != 0)
        return -1;
    agents_drop(agents, COUNTER_INGEST_STALE, totals.stale_taken);
    counters_add(agents->http->counters, COUNTER_INGEST_HISTOGRAM, totals.histogram_n);
    counters_add(agents->http->counters, COUNTER_INGEST_INVALID, totals.samples_refused);
    return 0;
}

static int read_body(struct request *request, struct agents *agents, struct err *err)
{
    size_t n, max = request->http->config->body_bytes_max;
    const char *body = request->body.n == 0 ? "" : request->body.bytes;
    char *message;
    if (snappy_size(body, request->body.n, max, &n, err) != 0 || request_charge(request, n, err) != 0 ||
        snappy_decode_new(body, request->body.n, max, &message, &n, err) != 0)
        return -1;
    int failed = read_message(agents, message, n, err);
    free(message);
    return failed;
}

/* ---- the answer ---- */

static void add_count(struct request *request, const char *name, size_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%zu", n);
    answer_header(request, name, text);
}

static void answer_refused(struct request *request, const struct agents *agents)
{
    const struct wire_errors *errors = &agents->errors;
    struct writer writer;
    char line[ERR_PLACE_MAX + ERR_MSG_MAX + 96];
    writer_init(&writer, sizeof line * (AGENT_ERRORS_MAX + 1));
    snprintf(line, sizeof line, "%zu series refused, everything else was stored:\n", errors->n);
    writer_text(&writer, line);
    for (size_t i = 0; i < errors->n && i < errors->max; i++) {
        const struct err *err = &errors->kept[i];
        snprintf(line, sizeof line, "%s%s%s\n", err->place, err->place[0] == '\0' ? "" : ": ", err->msg);
        writer_text(&writer, line);
    }
    if (errors->n > errors->max)
        writer_text(&writer, "…\n");
    answer_writer(request, MHD_HTTP_BAD_REQUEST, TYPE_TEXT, &writer);
}

static void answer(struct request *request, struct agents *agents)
{
    if (agents->errors.n == 0)
        answer_empty(request, MHD_HTTP_NO_CONTENT);
    else
        answer_refused(request, agents);
    if (agents->protocol != REMOTE_WRITE_2)
        return;
    add_count(request, "X-Prometheus-Remote-Write-Samples-Written", agents->stored_n + agents->dropped_n);
    add_count(request, "X-Prometheus-Remote-Write-Histograms-Written", 0);
    add_count(request, "X-Prometheus-Remote-Write-Exemplars-Written", 0);
}

void handle_remote_write(struct request *request)
{
    struct err err;
    enum remote_write_version version = REMOTE_WRITE_1;
    struct agents *agents = agents_new(request, COUNTER_INGEST_REMOTE_WRITE);
    if (agents == NULL)
        return;
    (void)version_of(request->headers.content_type, &version); /* admitted before */
    agents->protocol = version;
    if (read_body(request, agents, &err) != 0) {
        agents_free(agents);
        request_refuse(request, &err);
        return;
    }
    agents_write(request, agents, answer);
}
