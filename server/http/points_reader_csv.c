/* Two columns, time and value (RFC 4180). Knows quotes, line ends and the header; refuses to guess
 * other separators. Surprising: whether the first line is a header is decided by its words, so a
 * file without one is read as it is, and one whose first time is mistyped is not mistaken for one
 * with a header. */
#include "server/http/points_reader_parts.h"

#include <string.h>
#include <strings.h>

/* ---- lines ---- */

static void trim(const struct csv_state *csv, size_t column, const char **text, size_t *n)
{
    *text = csv->field[column];
    *n = csv->field_n[column];
    while (!csv->quoted[column] && *n > 0 && ((*text)[*n - 1] == ' ' || (*text)[*n - 1] == '\t')) {
        (*n)--;
    }
    while (!csv->quoted[column] && *n > 0 && (**text == ' ' || **text == '\t')) {
        (*text)++;
        (*n)--;
    }
}

static bool is_one_of(const char *text, size_t n, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strlen(*names) == n && strncasecmp(text, *names, n) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_header(const char *time, size_t time_n, const char *value, size_t value_n)
{
    static const char *const times[] = {"timestamp", "time", "ds", "t", NULL};
    static const char *const values[] = {"value", "y", "v", NULL};
    return is_one_of(time, time_n, times) && is_one_of(value, value_n, values);
}

static bool is_number_start(const char *text, size_t n)
{
    size_t digits = n > 0 && text[0] == '-';
    while (digits < n && text[digits] >= '0' && text[digits] <= '9') {
        digits++;
    }
    return n > 0 &&
           (digits == n || text[digits] == '.' || text[digits] == 'e' || text[digits] == 'E');
}

static int take_value(struct points_reader *reader, const char *text, size_t n, struct err *err)
{
    double v;
    bool missing = n == 0 || (n == 4 && strncasecmp(text, "null", 4) == 0);
    if (points_token_value(missing ? TOKEN_NULL : TOKEN_NUMBER, text, n, &v, err) != 0) {
        if (err->code != ERR_SYNTAX) {
            return -1;
        }
        return points_is_nan_word(text, n)
                   ? err_set(err, ERR_INVALID, "%.*s is no value, leave it empty for a missing one",
                             (int)n, text)
                   : err_set(err, ERR_INVALID,
                             "\"%.*s\" is not a number, expected one like -1.5e3, or nothing for a "
                             "missing value",
                             (int)(n < 40 ? n : 40), text);
    }
    return points_add_value(reader, v, err);
}

static int take_line(struct points_reader *reader, struct err *err)
{
    struct csv_state *csv = &reader->u.csv;
    const char *time, *value;
    size_t time_n, value_n;
    int64_t t;
    trim(csv, 0, &time, &time_n);
    trim(csv, 1, &value, &value_n);
    if (csv->column == 0 && time_n == 0 && !csv->quoted[0]) {
        return 0; /* blank; allowed at the end only, see end_field */
    }
    if (csv->column == 0) {
        return err_set(err, ERR_INVALID,
                       "one column, expected two with a comma between: time,value");
    }
    if (reader->line == 1 && is_header(time, time_n, value, value_n)) {
        csv->header = true;
        return 0;
    }
    enum token token = is_number_start(time, time_n) ? TOKEN_NUMBER : TOKEN_TEXT;
    if (points_token_time(token, time, time_n, &t, err) != 0) {
        if (reader->line == 1) {
            err_wrap(err, "neither the header timestamp,value nor a point");
        }
        return -1;
    }
    if (points_add_time(reader, t, err) != 0) {
        return -1;
    }
    return take_value(reader, value, value_n, err);
}

static int end_line(struct points_reader *reader, struct err *err)
{
    struct csv_state *csv = &reader->u.csv;
    if (take_line(reader, err) != 0) {
        return -1;
    }
    csv->at = CSV_START;
    csv->column = csv->field_n[0] = csv->field_n[1] = 0;
    csv->quoted[0] = csv->quoted[1] = false;
    reader->line++;
    return 0;
}

/* ---- bytes ---- */

static int add_byte(struct points_reader *reader, char byte, struct err *err)
{
    struct csv_state *csv = &reader->u.csv;
    if (reader->t_n + csv->header + 1 < reader->line) {
        return err_set(err, ERR_SYNTAX, "a point after a blank line, expected one point a line");
    }
    if (csv->field_n[csv->column] == LEXER_TEXT_MAX) {
        return err_set(err, ERR_INVALID, "a field is longer than %d bytes", LEXER_TEXT_MAX);
    }
    csv->field[csv->column][csv->field_n[csv->column]++] = byte;
    return 0;
}

static int end_field(struct points_reader *reader, struct err *err)
{
    struct csv_state *csv = &reader->u.csv;
    if (csv->column == 1) {
        return err_set(err, ERR_INVALID, "more than two columns, expected time,value");
    }
    csv->column = 1;
    csv->at = CSV_START;
    return 0;
}

/* A byte outside quotes. */
static int take_plain(struct points_reader *reader, char byte, struct err *err)
{
    struct csv_state *csv = &reader->u.csv;
    switch (byte) {
    case ',':
        return end_field(reader, err);
    case '\n':
        return end_line(reader, err);
    case '\r':
        csv->at = CSV_CR;
        return 0;
    case '"':
        if (csv->at != CSV_START) {
            return err_set(err, ERR_SYNTAX, "a quote inside a field that does not begin with one");
        }
        csv->at = CSV_QUOTED;
        csv->quoted[csv->column] = true;
        return 0;
    default:
        if (csv->at == CSV_QUOTE) {
            return err_set(err, ERR_SYNTAX,
                           "text after a closing quote, expected a comma or a line end");
        }
        csv->at = CSV_PLAIN;
        return add_byte(reader, byte, err);
    }
}

static int take_byte(struct points_reader *reader, char byte, struct err *err)
{
    struct csv_state *csv = &reader->u.csv;
    switch (csv->at) {
    case CSV_START:
    case CSV_PLAIN:
        return take_plain(reader, byte, err);
    case CSV_QUOTED:
        if (byte == '"') {
            csv->at = CSV_QUOTE;
            return 0;
        }
        return add_byte(reader, byte, err);
    case CSV_QUOTE:
        if (byte == '"') {
            csv->at = CSV_QUOTED;
            return add_byte(reader, byte, err);
        }
        return take_plain(reader, byte, err);
    case CSV_CR:
        break;
    }
    return byte == '\n' ? end_line(reader, err)
                        : err_set(err, ERR_SYNTAX, "a carriage return inside a line");
}

static int place(const struct points_reader *reader, struct err *err)
{
    return err_at(err, "line %zu", reader->line);
}

/* Some programs begin UTF-8 files with the bytes EF BB BF: skipped. Whether `byte` belonged to
 * them. */
static int skip_mark(struct points_reader *reader, char byte, bool *ret_skipped, struct err *err)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t *at = &reader->u.csv.mark_n;
    *ret_skipped = *at < 3 && mark[*at] == byte;
    if (!*ret_skipped && *at > 0 && *at < 3) {
        return err_set(err, ERR_SYNTAX, "the body does not begin with valid UTF-8");
    }
    *at = *ret_skipped ? *at + 1 : 3;
    return 0;
}

int points_csv_feed(struct points_reader *reader, const char *bytes, size_t n, struct err *err)
{
    size_t i = 0;
    for (bool skipped = true; i < n && reader->u.csv.mark_n < 3; i += skipped) {
        if (skip_mark(reader, bytes[i], &skipped, err) != 0) {
            return place(reader, err);
        }
    }
    for (; i < n; i++) {
        if (take_byte(reader, bytes[i], err) != 0) {
            return place(reader, err);
        }
    }
    return 0;
}

int points_csv_end(struct points_reader *reader, struct err *err)
{
    if (reader->u.csv.at == CSV_QUOTED) {
        err_set(err, ERR_SYNTAX, "a field without its closing quote");
        return place(reader, err);
    }
    return end_line(reader, err) != 0 ? place(reader, err) : 0;
}
