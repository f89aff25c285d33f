/* See prom_answer.h. */
#include "server/http/prom_answer.h"

#include "server/wire/prom_number.h"

#include <string.h>

void prom_answer_begin(struct writer *writer)
{
    writer_open(writer, '{');
    writer_key(writer, "status");
    writer_string(writer, "success");
    writer_key(writer, "data");
}

void prom_answer_end(struct writer *writer, const char *warning)
{
    if (warning != NULL) {
        writer_key(writer, "warnings");
        writer_open(writer, '[');
        writer_string(writer, warning);
        writer_close(writer, ']');
    }
    writer_close(writer, '}');
}

void prom_write_labels(struct writer *writer, const struct promql_label *labels, size_t n,
                       bool without_name)
{
    writer_open(writer, '{');
    for (size_t i = 0; i < n; i++) {
        if (without_name && strcmp(labels[i].name, "__name__") == 0)
            continue;
        writer_key_string(writer, labels[i].name);
        writer_string(writer, labels[i].value);
    }
    writer_close(writer, '}');
}

/* ---- samples ---- */

struct pair_writer {
    struct writer *writer;
    bool any;
    double last; /* the value whose text is kept */
    char text[PROM_NUMBER_MAX];
};

/* [1795470523,"1.5"] */
static void write_pair(struct pair_writer *pairs, int64_t t, double v)
{
    char pair[2 * PROM_NUMBER_MAX + 8];
    if (!pairs->any || memcmp(&v, &pairs->last, sizeof v) != 0)
        prom_number_format(v, pairs->text);
    pairs->any = true;
    pairs->last = v;
    pair[0] = '[';
    size_t n = 1 + prom_time_format(t, pair + 1);
    char *end = stpcpy(stpcpy(stpcpy(pair + n, ",\""), pairs->text), "\"]");
    *end = '\0';
    writer_raw(pairs->writer, pair);
}

static void begin_row(struct writer *writer, const struct promql_label *labels, size_t n,
                      bool without_name, bool instant)
{
    writer_open(writer, '{');
    writer_key(writer, "metric");
    prom_write_labels(writer, labels, n, without_name);
    writer_key(writer, instant ? "value" : "values");
    if (!instant)
        writer_open(writer, '[');
}

static void end_row(struct writer *writer, bool instant)
{
    if (!instant)
        writer_close(writer, ']');
    writer_close(writer, '}');
}

static void begin_result(struct writer *writer, const char *type)
{
    writer_open(writer, '{');
    writer_key(writer, "resultType");
    writer_string(writer, type);
    writer_key(writer, "result");
}

/* values NULL: the number, at every time. */
static void write_row_values(struct writer *writer, const double *values, double number,
                             const struct promql_span *span)
{
    struct pair_writer pairs = {.writer = writer};
    size_t n = promql_span_n(span);
    for (size_t i = 0; i < n; i++)
        if (values == NULL || !promql_is_absent(values[i]))
            write_pair(&pairs, span->start + (int64_t)i * span->step_ms,
                       values == NULL ? number : values[i]);
}

static void write_scalar(struct writer *writer, double number, const struct promql_span *span)
{
    char text[PROM_SCALAR_MAX + PROM_NUMBER_MAX + 8] = "[";
    size_t n = 1 + prom_time_format(span->start, text + 1);
    n += (size_t)(stpcpy(text + n, ",\"") - (text + n));
    n += prom_scalar_format(number, text + n);
    strcpy(text + n, "\"]");
    begin_result(writer, "scalar");
    writer_raw(writer, text);
    writer_close(writer, '}');
}

static void write_constant(struct writer *writer, double number, const struct promql_span *span)
{
    begin_result(writer, "matrix");
    writer_open(writer, '[');
    begin_row(writer, NULL, 0, false, false);
    write_row_values(writer, NULL, number, span);
    end_row(writer, false);
    writer_close(writer, ']');
    writer_close(writer, '}');
}

bool prom_write_answer(struct writer *writer, const struct promql_answer *answer,
                       const struct promql_span *span, bool instant, size_t limit)
{
    if (answer->type == PROMQL_SCALAR) {
        if (instant)
            write_scalar(writer, answer->number, span);
        else
            write_constant(writer, answer->number, span);
        return false;
    }
    begin_result(writer, instant ? "vector" : "matrix");
    writer_open(writer, '[');
    for (size_t i = 0; i < answer->row_n && i < limit; i++) {
        const struct promql_row *row = &answer->rows[i];
        begin_row(writer, row->labels, row->label_n, row->without_name, instant);
        write_row_values(writer, row->values, 0, span);
        end_row(writer, instant);
    }
    writer_close(writer, ']');
    writer_close(writer, '}');
    return answer->row_n > limit;
}

static void write_stream(struct writer *writer, const struct prom_stream *stream, size_t from,
                         size_t to)
{
    struct pair_writer pairs = {.writer = writer};
    begin_row(writer, stream->labels, stream->label_n, false, false);
    for (size_t i = from; i < to; i++)
        write_pair(&pairs, stream->samples[i].t, stream->samples[i].v);
    end_row(writer, false);
}

bool prom_write_samples(struct writer *writer, const struct promql_selector *selector,
                        const struct prom_streams *streams, int64_t t, size_t limit)
{
    size_t rows = 0;
    int64_t last = t - selector->offset_ms;
    begin_result(writer, "matrix");
    writer_open(writer, '[');
    for (size_t i = 0; i < streams->n; i++) {
        const struct prom_stream *stream = streams->at[i];
        const struct promql_series series = {.samples = stream->samples,
                                             .sample_n = stream->sample_n};
        size_t from = promql_after(&series, last - selector->range_ms),
               to = promql_after(&series, last);
        if (to > from && rows++ < limit)
            write_stream(writer, stream, from, to);
    }
    writer_close(writer, ']');
    writer_close(writer, '}');
    return rows > limit;
}

/* ---- errors ---- */

static const struct {
    unsigned status;
    const char *type;
} forms[PROBLEMS] = {
    [PROBLEM_SYNTAX] = {400, "bad_data"},         [PROBLEM_PARAMETER] = {400, "bad_data"},
    [PROBLEM_INVALID] = {422, "execution"},       [PROBLEM_NOT_FOUND] = {404, "not_found"},
    [PROBLEM_METHOD] = {405, "bad_data"},         [PROBLEM_TIMEOUT] = {503, "timeout"},
    [PROBLEM_CONFLICT] = {422, "execution"},      [PROBLEM_CANCELLED] = {503, "canceled"},
    [PROBLEM_TOO_LARGE] = {422, "execution"},     [PROBLEM_TARGET] = {414, "bad_data"},
    [PROBLEM_MEDIA] = {415, "bad_data"},          [PROBLEM_CODING] = {415, "bad_data"},
    [PROBLEM_TOO_SHORT] = {422, "execution"},     [PROBLEM_BUSY] = {503, "unavailable"},
    [PROBLEM_INTERNAL] = {500, "internal"},       [PROBLEM_STORAGE] = {500, "internal"},
    [PROBLEM_UNAVAILABLE] = {503, "unavailable"}, [PROBLEM_NO_MEMORY] = {503, "unavailable"},
    [PROBLEM_NO_SPACE] = {503, "unavailable"},    [PROBLEM_FOREIGN_PAGE] = {403, "bad_data"},
    [PROBLEM_FOREIGN_NAME] = {421, "bad_data"},
    [PROBLEM_UNAUTHORIZED] = {401, "unauthorized"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden"},
};

unsigned prom_problem_status(enum problem_kind kind)
{
    return forms[kind].status != 0 ? forms[kind].status : problem_infos[kind].status;
}

void prom_write_problem(struct writer *writer, const struct problem *problem, const char *instance)
{
    const char *type = forms[problem->kind].type;
    (void)instance;
    writer_open(writer, '{');
    writer_key(writer, "status");
    writer_string(writer, "error");
    writer_key(writer, "errorType");
    writer_string(writer, type != NULL ? type : "internal");
    writer_key(writer, "error");
    writer_string(writer, problem->err.msg);
    writer_close(writer, '}');
}
