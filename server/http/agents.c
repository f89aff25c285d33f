/* Rules, names, settings; and the end that all protocols share. See agents.h. */
#include "server/http/agents.h"

#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/http/handler_tools.h"
#include "server/http/response.h"
#include "server/wire/metric_id.h"
#include "server/wire/selector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How often it is logged that there are too many series. */
#define LOG_EVERY_NS UINT64_C(60000000000)

_Static_assert(CONFIG_AGGREGATE_MEAN - CONFIG_AGGREGATE_LAST == AGGREGATE_MEAN - AGGREGATE_LAST,
               "the option's words are in the order of the aggregates");

/* The rules may have been changed while running; their text was checked then. */
static int read_rules(struct http *http, struct err *err)
{
    struct selector_list *rules;
    if (strcmp(selector_list_text(http->ingest_rules), http->config->ingest_match) == 0)
        return 0;
    if (selector_list_parse(http->config->ingest_match, &rules, err) != 0)
        return -1;
    selector_list_free(http->ingest_rules);
    http->ingest_rules = rules;
    return 0;
}

struct agents *agents_new(struct request *request, enum counter stored)
{
    struct err err;
    struct agents *agents = calloc(1, sizeof *agents);
    if (agents == NULL)
        err_set(&err, ERR_NO_MEMORY, "out of memory");
    if (agents == NULL || read_rules(request->http, &err) != 0 ||
        ingest_new(request->http->service, request->http->config->points_per_body_max, &agents->ingest,
                   &err) != 0) {
        free(agents);
        request_refuse(request, &err);
        return NULL;
    }
    agents->http = request->http;
    agents->stored = stored;
    agents->errors = (struct wire_errors){.kept = agents->kept, .max = AGENT_ERRORS_MAX};
    return agents;
}

void agents_free(struct agents *agents)
{
    if (agents != NULL)
        ingest_free(agents->ingest);
    free(agents);
}

void agents_drop(struct agents *agents, enum counter reason, size_t n)
{
    agents->dropped_n += n;
    counters_add(agents->http->counters, reason, n);
}

/* ---- one series ---- */

static void log_too_many(struct http *http, const char *id)
{
    uint64_t now = clock_mono_ns();
    if (http->drop_logged_ns != 0 && now - http->drop_logged_ns < LOG_EVERY_NS)
        return;
    http->drop_logged_ns = now;
    LOG_WARN("agents bring more series than they may create, the others are dropped",
             log_uint("ingest_series_max", http->config->ingest_series_max), log_text("dropped", id));
}

static int copy_labels(struct agents *agents, const struct remote_write_label *labels, size_t n,
                       struct err *err)
{
    if (n > SERIES_LABELS_MAX)
        return err_set(err, ERR_TOO_LARGE, "%zu labels, at most %d are kept", n, SERIES_LABELS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct series_label *to = &agents->labels[i];
        char shown[WIRE_SHOW_MAX];
        if (labels[i].name.n > SERIES_LABEL_NAME_MAX || labels[i].value.n > SERIES_LABEL_VALUE_MAX)
            return err_set(err, ERR_TOO_LARGE,
                           "the label \"%s\" has a name of %zu and a value of %zu bytes, at most %d and %d "
                           "are kept",
                           wire_show(labels[i].name, shown), labels[i].name.n, labels[i].value.n,
                           SERIES_LABEL_NAME_MAX, SERIES_LABEL_VALUE_MAX);
        if (memchr(labels[i].name.at, '\0', labels[i].name.n) ||
            memchr(labels[i].value.at, '\0', labels[i].value.n))
            return err_set(err, ERR_INVALID, "the label \"%s\" holds a NUL",
                           wire_show(labels[i].name, shown));
        memcpy(to->name, labels[i].name.at, labels[i].name.n);
        to->name[labels[i].name.n] = '\0';
        memcpy(to->value, labels[i].value.at, labels[i].value.n);
        to->value[labels[i].value.n] = '\0';
    }
    return 0;
}

static void settings_of(struct agents *agents, size_t label_n, struct series_settings *ret)
{
    const struct config *config = agents->http->config;
    series_settings_init(ret);
    ret->freq.ms = (int64_t)config->ingest_frequency_ms;
    ret->aggregate = AGGREGATE_LAST + (config->ingest_aggregate - CONFIG_AGGREGATE_LAST);
    ret->labels = agents->labels;
    ret->label_n = (uint32_t)label_n;
}

static int add(struct agents *agents, const struct remote_write_label *labels, size_t n,
               const struct point *points, size_t point_n, struct err *err)
{
    char id[SERIES_ID_MAX + 1];
    struct series_settings settings;
    struct ingest_source source = {.id = id, .id_n = metric_id(labels, n, id)};
    if (!ingest_knows(agents->ingest, id, source.id_n)) {
        if (!ingest_has_room(agents->ingest)) {
            agents_drop(agents, COUNTER_INGEST_SERIES_MAX, point_n);
            log_too_many(agents->http, id);
            return 0;
        }
        if (copy_labels(agents, labels, n, err) != 0)
            return -1;
        settings_of(agents, n, &settings);
        source.create = true;
        source.settings = &settings;
    }
    return ingest_add(agents->ingest, &source, points, point_n, err);
}

static bool is_kept(const struct point *point)
{
    return isnan(point->v) || fabs(point->v) <= TRM_VALUE_MAX;
}

static bool is_in_time(const struct point *point)
{
    return point->t >= TRM_TIME_MIN && point->t <= TRM_TIME_MAX;
}

/* The points that can be kept, moved together in a copy; infinite ones are dropped, those outside of time
 * are an error in *wrong. */
static size_t sift(struct agents *agents, const struct point *points, size_t n, struct point *to,
                   struct err *wrong)
{
    size_t kept = 0, infinite = 0, outside = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_in_time(&points[i]))
            outside++;
        else if (!is_kept(&points[i]))
            infinite++;
        else
            to[kept++] = points[i];
    }
    agents_drop(agents, COUNTER_INGEST_INFINITE, infinite);
    counters_add(agents->http->counters, COUNTER_INGEST_INVALID, outside);
    if (outside > 0)
        err_set(wrong, ERR_INVALID, "%zu samples have times outside the years 1 to 9999", outside);
    return kept;
}

static int take_sifted(struct agents *agents, const struct remote_write_label *labels, size_t n,
                       const struct point *points, size_t point_n, struct err *err)
{
    struct err wrong = {.code = ERR_NONE};
    struct point *kept = reallocarray(NULL, point_n, sizeof *kept);
    if (kept == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    size_t kept_n = sift(agents, points, point_n, kept, &wrong);
    int failed = kept_n == 0 ? 0 : add(agents, labels, n, kept, kept_n, err);
    free(kept);
    if (failed != 0 || wrong.code == ERR_NONE)
        return failed;
    *err = wrong;
    return -1;
}

int agents_take(struct agents *agents, const struct remote_write_label *labels, size_t n,
                const struct point *points, size_t point_n, struct err *err)
{
    size_t good = 0;
    if (!selector_list_matches(agents->http->ingest_rules, labels, n)) {
        agents_drop(agents, COUNTER_INGEST_NO_RULE, point_n);
        return 0;
    }
    while (good < point_n && is_kept(&points[good]) && is_in_time(&points[good]))
        good++;
    return good == point_n ? add(agents, labels, n, points, point_n, err)
                           : take_sifted(agents, labels, n, points, point_n, err);
}

/* ---- the end ---- */

static bool is_senders_fault(enum err_code code)
{
    return code == ERR_INVALID || code == ERR_TOO_LARGE || code == ERR_SYNTAX;
}

/* A series that went or came while the request was on its way: a second time it will fit. */
static void keep_failure(struct agents *agents, const struct err *err)
{
    if (agents->failed.code != ERR_NONE)
        return;
    agents->failed = *err;
    if (err->code == ERR_NOT_FOUND || err->code == ERR_CONFLICT)
        agents->failed.code = ERR_UNAVAILABLE;
}

static void sum_up(struct agents *agents)
{
    size_t n = ingest_series_n(agents->ingest);
    for (size_t i = 0; i < n; i++) {
        struct ingest_outcome outcome = ingest_outcome(agents->ingest, i);
        struct err err;
        if (outcome.err == NULL) {
            agents->stored_n += outcome.told.accepted;
        } else if (is_senders_fault(outcome.err->code)) {
            err = *outcome.err;
            err_wrap(&err, "series %.100s", outcome.id);
            err.place[0] = '\0';
            wire_errors_add(&agents->errors, &err);
        } else {
            keep_failure(agents, outcome.err);
        }
    }
    counters_add(agents->http->counters, agents->stored, agents->stored_n);
}

static void on_done(void *ctx, struct ingest *ingest)
{
    struct agents *agents = ctx;
    struct request *request = wait_end(agents->wait);
    (void)ingest; /* the agents' */
    sum_up(agents);
    if (request != NULL && agents->failed.code != ERR_NONE)
        request_refuse(request, &agents->failed);
    else if (request != NULL)
        agents->answer(request, agents);
    agents_free(agents);
}

void agents_write(struct request *request, struct agents *agents,
                  void (*answer)(struct request *request, struct agents *agents))
{
    struct err err;
    agents->answer = answer;
    agents->wait = wait_new(request, COMMIT_WAIT_MS);
    if (agents->wait == NULL) {
        agents_free(agents);
        return;
    }
    if (ingest_begin(agents->ingest, on_done, agents, &err) != 0) {
        wait_fail(agents->wait, &err);
        agents_free(agents);
    }
}
