/* POST /v1/points: points of many series. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/handler_tools.h"
#include "server/http/response.h"
#include "server/service/ingest.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>

/* Errors that are listed besides the results, which tell all. */
#define ERRORS_LISTED 20

/* The operation's: the format and the length of its answer outlive the request. */
struct batch_write {
    struct wait *wait;
    enum batch_format format;
};

struct totals {
    size_t accepted, updated, unchanged, created, refused;
};

static void add_totals(const struct ingest *ingest, struct totals *totals)
{
    size_t n = ingest_series_n(ingest);
    for (size_t i = 0; i < n; i++) {
        struct ingest_outcome outcome = ingest_outcome(ingest, i);
        totals->refused += outcome.err != NULL;
        if (outcome.err != NULL)
            continue;
        totals->accepted += outcome.told.accepted;
        totals->updated += outcome.told.updated;
        totals->unchanged += outcome.told.unchanged;
        totals->created += outcome.told.created;
    }
}

static void write_count(struct writer *writer, const char *name, size_t n)
{
    writer_key(writer, name);
    writer_int(writer, (int64_t)n);
}

static void write_totals(struct writer *writer, const struct totals *totals)
{
    write_count(writer, "accepted", totals->accepted);
    write_count(writer, "updated", totals->updated);
    write_count(writer, "unchanged", totals->unchanged);
    write_count(writer, "created", totals->created);
    write_count(writer, "refused", totals->refused);
}

static void write_result(struct writer *writer, const struct ingest_outcome *outcome)
{
    const struct points_result *told = &outcome->told;
    writer_open(writer, '{');
    writer_key(writer, "series");
    writer_string(writer, outcome->id);
    if (outcome->err != NULL) {
        writer_key(writer, "error");
        writer_string(writer, outcome->err->msg);
    } else {
        write_count(writer, "accepted", told->accepted);
        write_count(writer, "updated", told->updated);
        write_count(writer, "unchanged", told->unchanged);
        write_count(writer, "revision", told->revision);
        writer_key(writer, "created");
        writer_bool(writer, told->created);
    }
    writer_close(writer, '}');
}

static void write_results(struct writer *writer, const struct ingest *ingest)
{
    size_t n = ingest_series_n(ingest);
    writer_key(writer, "results");
    writer_open(writer, '[');
    for (size_t i = 0; i < n; i++) {
        struct ingest_outcome outcome = ingest_outcome(ingest, i);
        write_result(writer, &outcome);
    }
    writer_close(writer, ']');
}

static void write_errors(struct writer *writer, const struct ingest *ingest, enum batch_format format)
{
    size_t n = ingest_series_n(ingest), listed = 0;
    char place[ERR_PLACE_MAX];
    writer_key(writer, "errors");
    writer_open(writer, '[');
    for (size_t i = 0; i < n && listed < ERRORS_LISTED; i++) {
        struct ingest_outcome outcome = ingest_outcome(ingest, i);
        if (outcome.err == NULL)
            continue;
        batch_reader_place(format, outcome.place, place, sizeof place);
        writer_open(writer, '{');
        writer_key(writer, "pointer");
        writer_string(writer, place);
        writer_key(writer, "detail");
        writer_string(writer, outcome.err->msg);
        writer_close(writer, '}');
        listed++;
    }
    writer_close(writer, ']');
}

/* The first failure that is not the sender's decides about the status: sending all of it again is safe. */
static enum problem_kind kind_of(const struct ingest *ingest)
{
    size_t n = ingest_series_n(ingest);
    enum problem_kind kind = PROBLEM_INVALID;
    for (size_t i = 0; i < n; i++) {
        struct ingest_outcome outcome = ingest_outcome(ingest, i);
        if (outcome.err == NULL)
            continue;
        enum problem_kind here = problem_kind_of(outcome.err);
        if (problem_infos[here].retry_after_s > 0 || problem_infos[here].status >= 500)
            return here;
    }
    return kind;
}

static void write_problem(struct writer *writer, const struct ingest *ingest, const struct totals *totals,
                          enum problem_kind kind, enum batch_format format)
{
    const struct problem_info *info = &problem_infos[kind];
    char text[96];
    snprintf(text, sizeof text, "/problems/%s", info->name);
    writer_open(writer, '{');
    writer_key(writer, "type");
    writer_string(writer, text);
    writer_key(writer, "title");
    writer_string(writer, info->title);
    writer_key(writer, "status");
    writer_int(writer, info->status);
    writer_key(writer, "detail");
    snprintf(text, sizeof text, "%zu of %zu series were refused; the others' points are stored",
             totals->refused, ingest_series_n(ingest));
    writer_string(writer, text);
    writer_key(writer, "instance");
    writer_string(writer, "/v1/points");
    write_errors(writer, ingest, format);
    write_totals(writer, totals);
    write_results(writer, ingest);
    writer_close(writer, '}');
}

static void answer_batch(struct request *request, const struct ingest *ingest, enum batch_format format)
{
    struct totals totals = {0};
    struct writer writer;
    char seconds[16];
    add_totals(ingest, &totals);
    writer_init(&writer, LIST_BYTES_MAX);
    if (totals.refused == 0) {
        writer_open(&writer, '{');
        write_totals(&writer, &totals);
        write_results(&writer, ingest);
        writer_close(&writer, '}');
        answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &writer);
        return;
    }
    enum problem_kind kind = kind_of(ingest);
    write_problem(&writer, ingest, &totals, kind, format);
    answer_writer(request, problem_infos[kind].status, TYPE_PROBLEM, &writer);
    snprintf(seconds, sizeof seconds, "%u", problem_infos[kind].retry_after_s);
    if (problem_infos[kind].retry_after_s > 0)
        answer_header(request, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
}

static void on_done(void *ctx, struct ingest *ingest)
{
    struct batch_write *write = ctx;
    struct request *request = wait_end(write->wait);
    if (request != NULL)
        answer_batch(request, ingest, write->format);
    ingest_free(ingest);
    free(write);
}

static void begin(struct request *request, struct batch_write *write)
{
    struct err err;
    write->format = request->body.format;
    write->wait = wait_new(request, COMMIT_WAIT_MS);
    if (write->wait == NULL) {
        free(write);
    } else if (ingest_begin(request->body.ingest, on_done, write, &err) != 0) {
        wait_fail(write->wait, &err);
        free(write);
    } else {
        request->body.ingest = NULL;
    }
}

void handle_post_batch(struct request *request)
{
    struct err err;
    struct batch_write *write = NULL;
    if (batch_reader_finish(request->body.batch, &err) == 0) {
        write = malloc(sizeof *write);
        if (write == NULL)
            err_set(&err, ERR_NO_MEMORY, "out of memory");
    }
    if (write == NULL)
        request_refuse(request, &err);
    else
        begin(request, write);
}
