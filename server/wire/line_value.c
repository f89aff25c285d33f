/* Values of fields, and timestamps. Knows their types by their last or first character; refuses to
 * keep texts. Surprising: a text may go on over line ends, but one that is never closed costs only
 * the line on which it began. */
#include "server/wire/line_parts.h"

#include "core/calendar.h"
#include "server/wire/line_number.h"

#include <string.h>

/* ---- texts ---- */

/* Passes the text that begins at the cursor, lines and all. */
static int skip_text(struct line_reader *reader, struct err *err)
{
    struct line_cursor start = reader->cursor, *c = &reader->cursor;

    for (c->at++; c->at < reader->end && *c->at != '"'; c->at++) {
        c->at += *c->at == '\\' && c->at + 1 < reader->end;
        if (*c->at == '\n') {
            c->line++;
            c->line_first = c->at + 1;
        }
    }
    if (c->at == reader->end) {
        *c = start;
        return line_wrong(reader, start.at, err, "a text without its closing quote");
    }
    const char *behind = ++c->at;
    if (behind == reader->end || *behind == ',' || *behind == ' ' || line_ends(reader, behind)) {
        return 0;
    }
    size_t line = c->line;
    *c = start;
    return line == start.line
               ? line_wrong(reader, behind, err,
                            "text behind a closing quote, expected a comma, a space or the line's "
                            "end (a quote inside of a text is written \\\")")
               : line_wrong(reader, start.at, err,
                            "a text without its closing quote (the next quote, on line %zu, does "
                            "not end a field)",
                            line);
}

/* ---- numbers ---- */

static enum line_number read_number(struct wire_slice text, double *ret)
{
    struct wire_slice digits = {text.at, text.n - (text.n > 0)};
    char last = text.n == 0 ? '\0' : text.at[text.n - 1];
    enum line_number status;
    int64_t whole;
    uint64_t natural;
    bool truth;

    if (last == 'i') {
        status = line_int(digits, &whole);
        *ret = status == LINE_NUMBER_OK ? (double)whole : *ret;
        return status;
    }
    if (last == 'u') {
        status = line_unsigned(digits, &natural);
        *ret = status == LINE_NUMBER_OK ? (double)natural : *ret;
        return status;
    }
    if (line_boolean(text, &truth)) {
        *ret = truth;
        return LINE_NUMBER_OK;
    }
    return line_float(text, ret);
}

/* What stands between the cursor and a space, the line's end, or a comma where that ends it. */
static struct wire_slice word(const struct line_reader *reader, bool comma)
{
    const char *at = reader->cursor.at;

    while (at < reader->end && *at != ' ' && !(comma && *at == ',') && !line_ends(reader, at)) {
        at++;
    }
    return (struct wire_slice){reader->cursor.at, (size_t)(at - reader->cursor.at)};
}

int line_take_value(struct line_reader *reader, double *ret, bool *ret_number, struct err *err)
{
    char shown[WIRE_SHOW_MAX];

    if (reader->cursor.at < reader->end && *reader->cursor.at == '"') {
        *ret_number = false;
        return skip_text(reader, err);
    }
    struct wire_slice text = word(reader, true);
    switch (read_number(text, ret)) {
    case LINE_NUMBER_OK:
        break;
    case LINE_NUMBER_SYNTAX:
        return line_wrong(reader, text.at, err,
                          "\"%s\" is no value, expected a number (1.5, 3i, 4u), true, false or a "
                          "\"quoted text\"",
                          wire_show(text, shown));
    case LINE_NUMBER_RANGE:
        err_set(err, ERR_INVALID, "%s is out of range (floats are doubles, i and u have 64 bits)",
                wire_show(text, shown));
        return line_at(reader, text.at, err);
    }
    *ret_number = true;
    reader->cursor.at += text.n;
    return 0;
}

/* ---- time ---- */

bool line_precision_parse(const char *text, size_t n, enum line_precision *ret)
{
    static const struct {
        const char *word;
        enum line_precision precision;
    } known[] = {{"ns", LINE_NS}, {"n", LINE_NS}, {"us", LINE_US}, {"u", LINE_US},
                 {"ms", LINE_MS}, {"s", LINE_S},  {"m", LINE_M},   {"h", LINE_H}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (wire_slice_is((struct wire_slice){text, n}, known[i].word)) {
            *ret = known[i].precision;
            return true;
        }
    }
    return false;
}

/* Towards the past, also before 1970. */
static int64_t divide(int64_t t, int64_t by)
{
    return t / by - (t % by < 0);
}

/* Whether it fits. */
static bool to_ms(int64_t t, enum line_precision precision, int64_t *ret)
{
    static const int64_t ms[] = {
        [LINE_MS] = 1, [LINE_S] = 1000, [LINE_M] = 60000, [LINE_H] = 3600000};
    bool fits = true;

    if (precision == LINE_NS) {
        *ret = divide(t, 1000000);
    } else if (precision == LINE_US) {
        *ret = divide(t, 1000);
    } else {
        fits = !__builtin_mul_overflow(t, ms[precision], ret);
    }
    return fits && *ret >= TRM_TIME_MIN && *ret <= TRM_TIME_MAX;
}

int line_take_time(struct line_reader *reader, int64_t *ret, struct err *err)
{
    static const char *const units[] = {
        [LINE_NS] = "nanoseconds", [LINE_US] = "microseconds", [LINE_MS] = "milliseconds",
        [LINE_S] = "seconds",      [LINE_M] = "minutes",       [LINE_H] = "hours"};
    enum line_precision precision = reader->options->precision;
    struct wire_slice text = word(reader, false);
    char shown[WIRE_SHOW_MAX];
    int64_t t, ms;

    enum line_number status = line_int(text, &t);
    if (status == LINE_NUMBER_SYNTAX) {
        return line_wrong(reader, text.at, err,
                          "\"%s\" is no timestamp, expected whole %s since 1970",
                          wire_show(text, shown), units[precision]);
    }
    if (status == LINE_NUMBER_RANGE || !to_ms(t, precision, &ms)) {
        err_set(err, ERR_INVALID, "the timestamp %s lies outside years 1 to 9999, read as %s",
                wire_show(text, shown), units[precision]);
        return line_at(reader, text.at, err);
    }
    *ret = ms;
    reader->cursor.at += text.n;
    return 0;
}
