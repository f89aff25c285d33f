/* What there is to ask for: labels, their values, series, metadata. Surprising: start and end are
 * checked and then ignored: every metric here reaches from the first value into the future. See
 * handlers.h. */
#include "server/http/handlers.h"

#include "server/http/prom_answer.h"
#include "server/http/prom_params.h"
#include "server/http/prom_select.h"
#include "server/http/response.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define MATCHES_MAX 32
#define TEXTS_MAX ((size_t)1000000) /* texts that one answer collects */

struct listing {
    struct promql *selectors[MATCHES_MAX];
    size_t selector_n, limit;
    struct writer writer;
    /* Texts, in the order in which they came. */
    char **texts;
    size_t text_n, text_room;
    const char *label;  /* whose values are collected; NULL: the labels' names */
    size_t row_n;       /* series written */
    const char *metric; /* metadata: the only metric that is wanted, or NULL */
    bool failed;
};

static void listing_done(struct listing *listing)
{
    for (size_t i = 0; i < listing->selector_n; i++)
        promql_free(listing->selectors[i]);
    for (size_t i = 0; i < listing->text_n; i++)
        free(listing->texts[i]);
    free(listing->texts);
}

static int read_matches(const struct prom_params *params, struct listing *listing, struct err *err)
{
    for (size_t i = 0; i < params->n; i++) {
        const char *value = params->at[i].value;
        if (strcmp(params->at[i].name, "match[]") != 0)
            continue;
        if (listing->selector_n == MATCHES_MAX)
            return err_set(err, ERR_INVALID, "more than %d match[]", MATCHES_MAX);
        if (promql_parse_selector(value, strlen(value), &listing->selectors[listing->selector_n],
                                  err) != 0)
            return err->code == ERR_SYNTAX ? err_wrap(err, "invalid parameter \"match[]\"") : -1;
        listing->selector_n++;
    }
    return 0;
}

static int read_params(const struct request *request, struct listing *listing,
                       struct prom_params *params, struct err *err)
{
    int64_t ignored;
    if (prom_params_read(request, params, err) != 0)
        return -1;
    if (prom_param_time(params, "start", &ignored, err) == 0 &&
        prom_param_time(params, "end", &ignored, err) == 0 &&
        prom_param_limit(params, &listing->limit, err) == 0 &&
        read_matches(params, listing, err) == 0)
        return 0;
    prom_params_done(params);
    return -1;
}

/* ---- texts, each once ---- */

static bool collect(struct listing *listing, const char *text)
{
    if (listing->text_n == listing->text_room) {
        size_t room = listing->text_room == 0 ? 64 : 2 * listing->text_room;
        char **grown = room > TEXTS_MAX ? NULL : realloc(listing->texts, room * sizeof *grown);
        if (grown == NULL)
            return false;
        listing->texts = grown;
        listing->text_room = room;
    }
    char *copy = strdup(text);
    if (copy != NULL)
        listing->texts[listing->text_n++] = copy;
    return copy != NULL;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_and_join(struct listing *listing)
{
    size_t kept = 0;
    if (listing->text_n == 0)
        return;
    qsort(listing->texts, listing->text_n, sizeof *listing->texts, compare_texts);
    for (size_t i = 0; i < listing->text_n; i++) {
        if (kept > 0 && strcmp(listing->texts[kept - 1], listing->texts[i]) == 0)
            free(listing->texts[i]);
        else
            listing->texts[kept++] = listing->texts[i];
    }
    listing->text_n = kept;
}

/* Many metrics share most texts: what came last for the same label is not kept again. */
static bool collect_new(struct listing *listing, const char *text)
{
    if (listing->text_n > 0 && strcmp(listing->texts[listing->text_n - 1], text) == 0)
        return true;
    if (listing->text_n == listing->text_room && listing->text_n >= 1024) {
        sort_and_join(listing);
        if (listing->text_n < listing->text_room / 2)
            return collect(listing, text);
    }
    return collect(listing, text);
}

static bool collect_labels(void *ctx, const struct prom_labels *labels, enum prom_kind kind)
{
    struct listing *listing = ctx;
    (void)kind;
    for (size_t i = 0; i < labels->n; i++) {
        const struct promql_label *label = &labels->label[i];
        bool wanted = listing->label == NULL || strcmp(listing->label, label->name) == 0;
        if (wanted && !collect_new(listing, listing->label == NULL ? label->name : label->value)) {
            listing->failed = true;
            return false;
        }
    }
    return true;
}

static void answer_texts(struct request *request, struct listing *listing)
{
    sort_and_join(listing);
    bool cut = listing->text_n > listing->limit;
    writer_init(&listing->writer, PROM_BYTES_MAX);
    prom_answer_begin(&listing->writer);
    writer_open(&listing->writer, '[');
    for (size_t i = 0; i < listing->text_n && i < listing->limit; i++)
        writer_string(&listing->writer, listing->texts[i]);
    writer_close(&listing->writer, ']');
    prom_answer_end(&listing->writer, cut ? "results truncated due to limit" : NULL);
    answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &listing->writer);
}

static void list_texts(struct request *request, const char *label)
{
    struct listing listing = {.label = label};
    struct prom_params params;
    struct err err;
    int status = read_params(request, &listing, &params, &err);
    if (status == 0) {
        prom_params_done(&params);
        status = prom_visit(request->http->service, listing.selectors, listing.selector_n,
                            collect_labels, &listing, &err);
    }
    if (status == 0 && listing.failed)
        status = err_set(&err, ERR_NO_MEMORY,
                         "out of memory, or more than %zu values: narrow it by match[]", TEXTS_MAX);
    if (status == 0)
        answer_texts(request, &listing);
    else
        request_refuse(request, &err);
    listing_done(&listing);
}

void handle_prom_labels(struct request *request)
{
    list_texts(request, NULL);
}

void handle_prom_label_values(struct request *request)
{
    list_texts(request, request_part(request, "name"));
}

/* ---- series ---- */

static bool write_series(void *ctx, const struct prom_labels *labels, enum prom_kind kind)
{
    struct listing *listing = ctx;
    (void)kind;
    if (listing->row_n++ < listing->limit)
        prom_write_labels(&listing->writer, labels->label, labels->n, false);
    return listing->row_n <= listing->limit;
}

static int list_series(struct request *request, struct listing *listing, struct err *err)
{
    struct prom_params params;
    if (read_params(request, listing, &params, err) != 0)
        return -1;
    prom_params_done(&params);
    if (listing->selector_n == 0)
        return err_set(err, ERR_SYNTAX, "no match[] parameter provided");
    writer_init(&listing->writer, PROM_BYTES_MAX);
    prom_answer_begin(&listing->writer);
    writer_open(&listing->writer, '[');
    if (prom_visit(request->http->service, listing->selectors, listing->selector_n, write_series,
                   listing, err) == 0)
        return 0;
    writer_done(&listing->writer);
    return -1;
}

void handle_prom_series(struct request *request)
{
    struct listing listing = {.row_n = 0};
    struct err err;
    if (list_series(request, &listing, &err) != 0) {
        request_refuse(request, &err);
    } else {
        writer_close(&listing.writer, ']');
        prom_answer_end(&listing.writer,
                        listing.row_n > listing.limit ? "results truncated due to limit" : NULL);
        answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &listing.writer);
    }
    listing_done(&listing);
}

/* ---- metadata ---- */

static bool collect_names(void *ctx, const struct prom_labels *labels, enum prom_kind kind)
{
    struct listing *listing = ctx;
    (void)kind;
    bool wanted = listing->metric == NULL || strcmp(listing->metric, labels->name) == 0;
    listing->failed = listing->failed || (wanted && !collect_new(listing, labels->name));
    return !listing->failed;
}

static const char *help_of(const char *name)
{
    const char *suffix = strrchr(name, ':');
    for (int kind = 0; suffix != NULL && kind < PROM_KINDS; kind++)
        if (strcmp(suffix + 1, prom_kind_names[kind]) == 0)
            return prom_kind_helps[kind];
    return "";
}

static void write_metadata(struct writer *writer, const char *name)
{
    const char *suffix = strrchr(name, ':');
    bool seconds = suffix != NULL && strcmp(suffix + 1, prom_kind_names[PROM_THRESHOLD]) == 0;
    writer_key_string(writer, name);
    writer_open(writer, '[');
    writer_open(writer, '{');
    writer_key(writer, "type");
    writer_string(writer, "gauge");
    writer_key(writer, "help");
    writer_string(writer, help_of(name));
    writer_key(writer, "unit");
    writer_string(writer, seconds ? "seconds" : "");
    writer_close(writer, '}');
    writer_close(writer, ']');
}

static void answer_metadata(struct request *request, struct listing *listing)
{
    sort_and_join(listing);
    writer_init(&listing->writer, PROM_BYTES_MAX);
    prom_answer_begin(&listing->writer);
    writer_open(&listing->writer, '{');
    for (size_t i = 0; i < listing->text_n && i < listing->limit; i++)
        write_metadata(&listing->writer, listing->texts[i]);
    writer_close(&listing->writer, '}');
    prom_answer_end(&listing->writer, NULL);
    answer_writer(request, MHD_HTTP_OK, TYPE_JSON, &listing->writer);
}

void handle_prom_metadata(struct request *request)
{
    struct listing listing = {.label = NULL};
    struct prom_params params = {.text = NULL};
    struct err err;
    int status = read_params(request, &listing, &params, &err);
    if (status == 0) {
        const char *metric = prom_param(&params, "metric");
        listing.metric = metric != NULL && *metric != '\0' ? metric : NULL;
        status = prom_visit(request->http->service, NULL, 0, collect_names, &listing, &err);
    }
    if (status == 0 && listing.failed)
        status = err_set(&err, ERR_NO_MEMORY, "out of memory, or more than %zu metrics", TEXTS_MAX);
    if (status == 0)
        answer_metadata(request, &listing);
    else
        request_refuse(request, &err);
    prom_params_done(&params);
    listing_done(&listing);
}
