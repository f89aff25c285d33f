/* A message, twice: counted and checked, then shown series by series. Knows the top level of both
 * versions; refuses to show anything of a message that is broken somewhere. Surprising: the arrays
 * of the second walk have the sizes that the first one counted, so nothing grows while series are
 * shown. */
#include "server/wire/remote_write.h"

#include "server/wire/remote_write_parts.h"

#include <assert.h>
#include <stdlib.h>

/* What the first walk finds. */
struct shape {
    size_t series_n, symbol_n, sample_n, metadata_n;
    size_t points_most; /* points of the longest series */
    size_t foreign_n;   /* fields that only the other version has */
    bool bad_symbol;    /* the first symbol is not "" */
};

struct reading {
    enum remote_write_version version;
    struct pb_reader message;
    const struct remote_write_limits *limits;
    const struct remote_write_visitor *visitor;
    struct wire_errors *errors;
    struct shape shape;
    struct wire_slice *symbols;
    struct series_parts arrays; /* the arrays and their sizes, counts 0 */
    struct remote_write_totals totals;
};

static uint32_t series_field(enum remote_write_version version)
{
    return version == REMOTE_WRITE_1 ? 1 : 5;
}

/* ---- the first walk ---- */

static int over(const char *what, size_t max, struct err *err)
{
    return err_set(err, ERR_TOO_LARGE, "more than %zu %s in a message, send fewer at once", max,
                   what);
}

static int count_series(struct reading *r, const struct pb_field *field, struct err *err)
{
    struct series_parts parts = {0};
    struct shape *shape = &r->shape;

    if (pb_expect(&r->message, field, PB_BYTES, "a timeseries", err) != 0 ||
        remote_write_parse_series(r->version, &r->message, field, &parts, err) != 0) {
        return -1;
    }
    if (++shape->series_n > r->limits->series_max) {
        return over("series", r->limits->series_max, err);
    }
    shape->sample_n += parts.point_n + parts.stale_n;
    if (shape->sample_n > r->limits->samples_max) {
        return over("samples", r->limits->samples_max, err);
    }
    shape->points_most = parts.point_n > shape->points_most ? parts.point_n : shape->points_most;
    return 0;
}

static int count_symbol(struct reading *r, const struct pb_field *field, struct err *err)
{
    if (pb_expect(&r->message, field, PB_BYTES, "a symbol", err) != 0) {
        return -1;
    }
    if (r->shape.symbol_n == 0) {
        r->shape.bad_symbol = field->bytes.n != 0;
    }
    return ++r->shape.symbol_n > r->limits->symbols_max
               ? over("symbols", r->limits->symbols_max, err)
               : 0;
}

static int count_message(struct reading *r, struct err *err)
{
    struct pb_reader start = r->message;
    struct pb_field field;
    int more;

    while ((more = pb_next(&r->message, &field, err)) == 1) {
        int failed = 0;
        if (field.number == series_field(r->version)) {
            failed = count_series(r, &field, err);
        } else if (r->version == REMOTE_WRITE_1) {
            r->shape.metadata_n += field.number == 3;
            r->shape.foreign_n += field.number == 4 || field.number == 5;
        } else if (field.number == 4) {
            failed = count_symbol(r, &field, err);
        } else {
            r->shape.foreign_n += field.number <= 3;
        }
        if (failed != 0) {
            return -1;
        }
    }
    r->message = start;
    return more;
}

/* What only a whole message can have wrong. The two versions use different field numbers on
 * purpose: read as the other one, a message looks empty. */
static int check_shape(const struct reading *r, struct err *err)
{
    const struct shape *shape = &r->shape;

    if (shape->series_n == 0 && shape->foreign_n > 0) {
        return r->version == REMOTE_WRITE_1
                   ? err_set(err, ERR_INVALID,
                             "not a WriteRequest of remote write 1.0 but a Request of 2.0, which "
                             "the Content-Type has to say "
                             "(proto=io.prometheus.write.v2.Request)")
                   : err_set(err, ERR_INVALID,
                             "not a Request of remote write 2.0 but a WriteRequest of 1.0, which "
                             "the Content-Type has to say (proto=prometheus.WriteRequest)");
    }
    if (r->version == REMOTE_WRITE_2 &&
        (shape->bad_symbol || (shape->series_n > 0 && shape->symbol_n == 0))) {
        err_set(err, ERR_INVALID, "the symbols must begin with an empty one");
        return err_at(err, "symbol 0");
    }
    return 0;
}

/* ---- the second walk ---- */

/* At least one byte, so that NULL means that there is no memory. */
static void *array_new(size_t n, size_t size)
{
    return calloc(n == 0 ? 1 : n, size);
}

static int arrays_init(struct reading *r, struct err *err)
{
    struct series_parts *arrays = &r->arrays;
    size_t labels_max = r->limits->labels_max;

    r->symbols = array_new(r->shape.symbol_n, sizeof *r->symbols);
    arrays->labels = array_new(labels_max, sizeof *arrays->labels);
    arrays->refs = array_new(labels_max, 2 * sizeof *arrays->refs);
    arrays->points = array_new(r->shape.points_most, sizeof *arrays->points);
    arrays->labels_size = labels_max;
    arrays->refs_size = 2 * labels_max;
    arrays->points_size = r->shape.points_most;
    return r->symbols == NULL || arrays->labels == NULL || arrays->refs == NULL ||
                   arrays->points == NULL
               ? err_set(err, ERR_NO_MEMORY, "no memory to read a remote write message")
               : 0;
}

static void arrays_done(struct reading *r)
{
    free(r->symbols);
    free(r->arrays.labels);
    free(r->arrays.refs);
    free(r->arrays.points);
}

/* Symbols may stand anywhere, also after the series that use them. */
static void collect_symbols(struct reading *r, struct err *err)
{
    struct pb_reader reader = r->message;
    struct pb_field field;
    size_t n = 0;

    while (r->version == REMOTE_WRITE_2 && pb_next(&reader, &field, err) == 1) {
        if (field.number == 4) {
            r->symbols[n++] = field.bytes;
        }
    }
    assert(n == r->shape.symbol_n);
}

static void refuse(struct reading *r, size_t index, const struct series_parts *parts,
                   struct err *err)
{
    if (err->place[0] == '\0') {
        err_at(err, "timeseries %zu", index);
    }
    err_item(err, index);
    wire_errors_add(r->errors, err);
    r->totals.series_refused++;
    r->totals.samples_refused += parts->point_n;
    r->totals.stale_refused += parts->stale_n;
}

/* Shows a series whose labels are right. 0, or -1 when the visitor stops. */
static int show(struct reading *r, const struct remote_write_series *series,
                const struct series_parts *parts, struct err *err)
{
    struct err why = {.code = ERR_NONE};

    switch (r->visitor->series(r->visitor->context, series, &why)) {
    case WIRE_TAKEN:
        r->totals.series_taken++;
        r->totals.samples_taken += parts->point_n;
        r->totals.stale_taken += parts->stale_n;
        return 0;
    case WIRE_REFUSED:
        refuse(r, series->index, parts, &why);
        return 0;
    case WIRE_STOP:
        break;
    }
    *err = why;
    return -1;
}

static int take_series(struct reading *r, const struct pb_field *field, struct err *err)
{
    const struct label_rules rules = {r->version, r->limits->labels_max, r->limits->label_bytes_max,
                                      r->symbols, r->shape.symbol_n};
    struct series_parts parts = r->arrays;
    struct remote_write_series series = {.index = r->totals.series_n++, .points = parts.points};
    struct err why;
    int failed = remote_write_parse_series(r->version, &r->message, field, &parts, &why);

    assert(failed == 0);
    r->totals.histogram_n += parts.histogram_n;
    r->totals.exemplar_n += parts.exemplar_n;
    r->totals.metadata_n += parts.metadata_n;
    if (remote_write_check_labels(&rules, series.index, &parts, &series.metric, &why) != 0) {
        refuse(r, series.index, &parts, &why);
        return 0;
    }
    if (parts.point_n + parts.stale_n == 0) {
        r->totals.series_bare++;
        return 0;
    }
    series.labels = parts.labels;
    series.label_n = parts.label_n;
    series.point_n = parts.point_n;
    series.stale_n = parts.stale_n;
    return show(r, &series, &parts, err);
}

static int take_message(struct reading *r, struct err *err)
{
    struct pb_field field;

    collect_symbols(r, err);
    while (pb_next(&r->message, &field, err) == 1) {
        if (field.number == series_field(r->version) && take_series(r, &field, err) != 0) {
            return -1;
        }
    }
    return 0;
}

int remote_write_read(enum remote_write_version version, const void *bytes, size_t n,
                      const struct remote_write_limits *limits,
                      const struct remote_write_visitor *visitor, struct wire_errors *errors,
                      struct remote_write_totals *ret, struct err *err)
{
    struct reading r = {.version = version,
                        .message = pb_open(bytes, n),
                        .limits = limits,
                        .visitor = visitor,
                        .errors = errors};

    if (count_message(&r, err) != 0 || check_shape(&r, err) != 0) {
        return -1;
    }
    r.totals.metadata_n = r.shape.metadata_n;
    int failed = arrays_init(&r, err);
    if (failed == 0) {
        failed = take_message(&r, err);
    }
    arrays_done(&r);
    if (failed == 0) {
        *ret = r.totals;
    }
    return failed;
}
