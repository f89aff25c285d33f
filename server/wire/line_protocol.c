/* Line by line through a body. Knows the order of a line's parts; refuses to remember anything from
 * one line to the next. Surprising: the arrays are taken once, as large as the limits allow, so
 * that a line costs no allocation. */
#include "server/wire/line_protocol.h"

#include "server/wire/line_parts.h"

#include <stdlib.h>
#include <string.h>

static void skip_spaces(struct line_reader *reader)
{
    while (reader->cursor.at < reader->end && *reader->cursor.at == ' ') {
        reader->cursor.at++;
    }
}

/* Behind the line's LF, or at the end. */
static void skip_line(struct line_reader *reader)
{
    struct line_cursor *c = &reader->cursor;
    const char *lf = memchr(c->at, '\n', (size_t)(reader->end - c->at));

    c->at = lf == NULL ? reader->end : lf + 1;
    c->line_first = c->at;
    c->line++;
}

static bool is_next(const struct line_reader *reader, char byte)
{
    return reader->cursor.at < reader->end && *reader->cursor.at == byte;
}

/* ---- parts ---- */

static int too_many(const struct line_reader *reader, const char *what, size_t max, struct err *err)
{
    err_set(err, ERR_TOO_LARGE, "more than %zu %s in a line", max, what);
    return line_at(reader, reader->cursor.at, err);
}

static int take_tag(struct line_reader *reader, struct err *err)
{
    struct line_tag tag;

    if (reader->tag_n == reader->options->limits.tags_max) {
        return too_many(reader, "tags", reader->options->limits.tags_max, err);
    }
    reader->cursor.at++; /* the comma */
    if (line_take_name(reader, LINE_TAG_KEY, &tag.key, err) != 0) {
        return -1;
    }
    if (!is_next(reader, '=')) {
        return line_wrong(reader, reader->cursor.at, err,
                          "a tag without a value, expected tag=value (a comma or a space inside of "
                          "a name needs a backslash before it)");
    }
    reader->cursor.at++;
    if (line_take_name(reader, LINE_TAG_VALUE, &tag.value, err) != 0) {
        return -1;
    }
    if (is_next(reader, '=')) {
        return line_wrong(reader, reader->cursor.at, err,
                          "an equals sign in a tag's value, expected a backslash before it");
    }
    reader->tags[reader->tag_n++] = tag;
    return 0;
}

static int take_field(struct line_reader *reader, struct err *err)
{
    struct line_field field = {.value = 0};
    bool number;

    if (reader->field_n + reader->text_n == reader->options->limits.fields_max) {
        return too_many(reader, "fields", reader->options->limits.fields_max, err);
    }
    if (line_take_name(reader, LINE_FIELD_KEY, &field.key, err) != 0) {
        return -1;
    }
    if (!is_next(reader, '=')) {
        return line_wrong(reader, reader->cursor.at, err,
                          "a field without a value, expected field=value");
    }
    reader->cursor.at++;
    if (line_take_value(reader, &field.value, &number, err) != 0) {
        return -1;
    }
    if (number) {
        reader->fields[reader->field_n++] = field;
    } else {
        reader->text_n++;
    }
    return 0;
}

static int by_key(const void *a, const void *b)
{
    const struct line_tag *x = a, *y = b;

    return wire_slice_compare(x->key, y->key);
}

/* Sorts the tags (senders are asked to send them so) and refuses a key that is there twice. */
static int order_tags(struct line_reader *reader, const char *first, struct err *err)
{
    char shown[WIRE_SHOW_MAX];
    bool sorted = true;

    for (size_t i = 1; i < reader->tag_n; i++) {
        sorted = sorted && by_key(&reader->tags[i - 1], &reader->tags[i]) < 0;
    }
    if (sorted) {
        return 0;
    }
    qsort(reader->tags, reader->tag_n, sizeof reader->tags[0], by_key);
    for (size_t i = 1; i < reader->tag_n; i++) {
        if (by_key(&reader->tags[i - 1], &reader->tags[i]) == 0) {
            err_set(err, ERR_INVALID, "the tag \"%s\" is there twice",
                    wire_show(reader->tags[i].key, shown));
            return line_at(reader, first, err);
        }
    }
    return 0;
}

/* What stands before the first space. */
static int take_identity(struct line_reader *reader, struct line_point *point, struct err *err)
{
    const char *first = reader->cursor.at;

    if (line_take_name(reader, LINE_MEASUREMENT, &point->measurement, err) != 0) {
        return -1;
    }
    while (is_next(reader, ',')) {
        if (take_tag(reader, err) != 0) {
            return -1;
        }
    }
    return order_tags(reader, first, err);
}

static int take_fields(struct line_reader *reader, struct err *err)
{
    skip_spaces(reader);
    if (line_ends(reader, reader->cursor.at)) {
        return line_wrong(reader, reader->cursor.at, err,
                          "no fields, expected a space and field=value behind the measurement and "
                          "its tags");
    }
    for (;;) {
        if (take_field(reader, err) != 0) {
            return -1;
        }
        if (!is_next(reader, ',')) {
            return 0;
        }
        reader->cursor.at++;
    }
}

static int take_point(struct line_reader *reader, struct line_point *point, struct err *err)
{
    if (take_identity(reader, point, err) != 0 || take_fields(reader, err) != 0) {
        return -1;
    }
    skip_spaces(reader);
    point->t = reader->options->now_ms;
    if (!line_ends(reader, reader->cursor.at) && line_take_time(reader, &point->t, err) != 0) {
        return -1;
    }
    skip_spaces(reader);
    if (!line_ends(reader, reader->cursor.at)) {
        return line_wrong(reader, reader->cursor.at, err,
                          "text behind the timestamp, expected the line's end");
    }
    point->tags = reader->tags;
    point->tag_n = reader->tag_n;
    point->fields = reader->fields;
    point->field_n = reader->field_n;
    return 0;
}

/* ---- lines ---- */

static void refuse(struct wire_errors *errors, struct line_totals *totals, const struct err *err)
{
    wire_errors_add(errors, err);
    totals->lines_refused++;
}

/* Shows a line that is right. 0, or -1 when the visitor stops. */
static int show(const struct line_reader *reader, const struct line_point *point,
                const struct line_visitor *visitor, struct wire_errors *errors,
                struct line_totals *totals, struct err *err)
{
    struct err why = {.code = ERR_NONE};
    enum wire_verdict verdict = visitor->point(visitor->context, point, &why);

    if (verdict == WIRE_STOP) {
        *err = why;
        return -1;
    }
    if (verdict == WIRE_REFUSED) {
        if (why.place[0] == '\0') {
            err_at(&why, "line %zu", point->line);
        }
        err_item(&why, point->line - 1);
        refuse(errors, totals, &why);
        return 0;
    }
    totals->lines_taken++;
    totals->fields_taken += point->field_n;
    totals->texts_skipped += reader->text_n;
    return 0;
}

/* From the cursor to behind the line. 0, or -1 when the visitor stops. */
static int take_line(struct line_reader *reader, const struct line_visitor *visitor,
                     struct wire_errors *errors, struct line_totals *totals, struct err *err)
{
    struct line_point point = {.line = reader->cursor.line};
    struct err why;
    int failed = 0;

    skip_spaces(reader);
    if (!line_ends(reader, reader->cursor.at) && !is_next(reader, '#')) {
        reader->tag_n = reader->field_n = reader->text_n = 0;
        reader->scratch_at = reader->scratch;
        if (take_point(reader, &point, &why) != 0) {
            refuse(errors, totals, &why);
        } else if (point.field_n == 0) {
            totals->lines_textual++;
            totals->texts_skipped += reader->text_n;
        } else {
            failed = show(reader, &point, visitor, errors, totals, err);
        }
    }
    skip_line(reader);
    return failed;
}

/* Scratch for the names of one line is never longer than the body, and needed only where there is a
 * backslash. */
static int reader_init(struct line_reader *reader, const char *body, size_t n, struct err *err)
{
    const struct line_limits *limits = &reader->options->limits;
    bool escapes = n > 0 && memchr(body, '\\', n) != NULL;

    reader->scratch = malloc(escapes ? n : 1);
    reader->tags = calloc(limits->tags_max, sizeof *reader->tags);
    reader->fields = calloc(limits->fields_max, sizeof *reader->fields);
    return reader->scratch == NULL || reader->tags == NULL || reader->fields == NULL
               ? err_set(err, ERR_NO_MEMORY, "no memory to read lines")
               : 0;
}

static void reader_done(struct line_reader *reader)
{
    free(reader->scratch);
    free(reader->tags);
    free(reader->fields);
}

int line_read(const char *body, size_t n, const struct line_options *options,
              const struct line_visitor *visitor, struct wire_errors *errors,
              struct line_totals *ret, struct err *err)
{
    struct line_reader reader = {
        .cursor = {body, body, 1}, .end = n == 0 ? body : body + n, .options = options};
    struct line_totals totals = {0};

    int failed = reader_init(&reader, body, n, err);
    while (failed == 0 && reader.cursor.at < reader.end) {
        failed = take_line(&reader, visitor, errors, &totals, err);
    }
    reader_done(&reader);
    if (failed == 0) {
        *ret = totals;
    }
    return failed;
}
