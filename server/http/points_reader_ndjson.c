/* One point a line: [t,v] or {"t":…,"v":…}. Knows lines and that grammar; refuses to know bytes and
 * values. Surprising: blank lines are allowed at the end only, so that point and line number go
 * together without a table. */
#include "server/http/points_reader_parts.h"

#include <string.h>

/* What comes next in the line. */
enum {
    AT_START,
    AT_PAIR_TIME,
    AT_PAIR_COMMA,
    AT_PAIR_VALUE,
    AT_PAIR_END,
    AT_KEY,
    AT_COLON,
    AT_FIELD,
    AT_AFTER,
    AT_END,
};

static const char *const expected[] = {
    [AT_START] = "[t,v] or {\"t\":…,\"v\":…}",
    [AT_PAIR_TIME] = "a time",
    [AT_PAIR_COMMA] = "a comma and a value: a point is a pair [time, value]",
    [AT_PAIR_VALUE] = "a value",
    [AT_PAIR_END] = "the end of the pair [time, value]",
    [AT_KEY] = "\"t\" or \"v\"",
    [AT_COLON] = "a colon",
    [AT_FIELD] = "a time or a value",
    [AT_AFTER] = "a comma or the end of the object",
    [AT_END] = "the end of the line: one point a line",
};

enum { KEY_TIME = 1, KEY_VALUE = 2 };

static int unexpected(const struct points_reader *reader, enum token token, struct err *err)
{
    int at = reader->u.ndjson.at;
    bool shape = (at == AT_START && !token_is_mark(token)) ||
                 (at == AT_PAIR_COMMA && token == TOKEN_LIST_END) ||
                 (at == AT_PAIR_END && token == TOKEN_COMMA);
    return err_set(err, shape ? ERR_INVALID : ERR_SYNTAX,
                   "%s where something else should be, expected %s", token_name(token),
                   expected[at]);
}

static bool is_text(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

static int take_key(struct points_reader *reader, enum token token, const char *text, size_t n,
                    struct err *err)
{
    struct ndjson_state *line = &reader->u.ndjson;
    if (token != TOKEN_TEXT) {
        return unexpected(reader, token, err);
    }
    if (is_text(text, n, "t") || is_text(text, n, "timestamp")) {
        line->key = KEY_TIME;
    } else if (is_text(text, n, "v") || is_text(text, n, "value")) {
        line->key = KEY_VALUE;
    } else {
        return err_set(
            err, ERR_INVALID,
            "unknown field \"%.*s\", expected \"t\" and \"v\" (or \"timestamp\" and \"value\")",
            (int)(n < 40 ? n : 40), text);
    }
    if (line->seen & line->key) {
        return err_set(err, ERR_INVALID, "%s is there twice, expected it once",
                       line->key == KEY_TIME ? "the time" : "the value");
    }
    line->seen |= line->key;
    line->at = AT_COLON;
    return 0;
}

/* Time or value, then on to `next`. */
static int take_scalar(struct points_reader *reader, bool time, int next, enum token token,
                       const char *text, size_t n, struct err *err)
{
    int64_t t;
    double v;
    if (token_is_mark(token)) {
        return unexpected(reader, token, err);
    }
    if (time ? points_token_time(token, text, n, &t, err) != 0 ||
                   points_add_time(reader, t, err) != 0
             : points_token_value(token, text, n, &v, err) != 0 ||
                   points_add_value(reader, v, err) != 0) {
        return -1;
    }
    reader->u.ndjson.at = next;
    return 0;
}

static int take_mark(struct points_reader *reader, enum token token, enum token wanted, int next,
                     struct err *err)
{
    if (token != wanted) {
        return unexpected(reader, token, err);
    }
    reader->u.ndjson.at = next;
    return 0;
}

static int take_object_end(struct points_reader *reader, enum token token, struct err *err)
{
    unsigned seen = reader->u.ndjson.seen;
    if (token == TOKEN_OBJECT_END && seen != (KEY_TIME | KEY_VALUE)) {
        return err_set(err, ERR_INVALID, "%s is missing, expected {\"t\":…,\"v\":…}",
                       seen & KEY_TIME ? "\"v\"" : "\"t\"");
    }
    return token == TOKEN_COMMA ? take_mark(reader, token, TOKEN_COMMA, AT_KEY, err)
                                : take_mark(reader, token, TOKEN_OBJECT_END, AT_END, err);
}

static int take_token(struct points_reader *reader, enum token token, const char *text, size_t n,
                      struct err *err)
{
    struct ndjson_state *line = &reader->u.ndjson;
    switch (line->at) {
    case AT_START:
        line->seen = 0;
        return token == TOKEN_OBJECT ? take_mark(reader, token, TOKEN_OBJECT, AT_KEY, err)
                                     : take_mark(reader, token, TOKEN_LIST, AT_PAIR_TIME, err);
    case AT_PAIR_TIME:
        return take_scalar(reader, true, AT_PAIR_COMMA, token, text, n, err);
    case AT_PAIR_COMMA:
        return take_mark(reader, token, TOKEN_COMMA, AT_PAIR_VALUE, err);
    case AT_PAIR_VALUE:
        return take_scalar(reader, false, AT_PAIR_END, token, text, n, err);
    case AT_PAIR_END:
        return take_mark(reader, token, TOKEN_LIST_END, AT_END, err);
    case AT_KEY:
        return take_key(reader, token, text, n, err);
    case AT_COLON:
        return take_mark(reader, token, TOKEN_COLON, AT_FIELD, err);
    case AT_FIELD:
        return take_scalar(reader, line->key == KEY_TIME, AT_AFTER, token, text, n, err);
    case AT_AFTER:
        return take_object_end(reader, token, err);
    default:
        return unexpected(reader, token, err);
    }
}

/* ---- lines ---- */

static int take_piece(struct points_reader *reader, const char *bytes, size_t n, struct err *err)
{
    int at = reader->u.ndjson.at;
    size_t blank = 0;
    while (at == AT_START && blank < n && strchr(" \t\r", bytes[blank]) != NULL &&
           bytes[blank] != 0) {
        blank++;
    }
    if (at == AT_START && blank < n && reader->t_n + 1 < reader->line) {
        return err_set(err, ERR_SYNTAX, "a point after a blank line, expected one point a line");
    }
    return lexer_feed(&reader->lexer, bytes, n, take_token, reader, err);
}

static int end_line(struct points_reader *reader, struct err *err)
{
    struct ndjson_state *line = &reader->u.ndjson;
    if (lexer_end(&reader->lexer, take_token, reader, err) != 0) {
        return -1;
    }
    if (line->at != AT_START && line->at != AT_END) {
        return err_set(err, ERR_SYNTAX, "the line ends too early, expected %s", expected[line->at]);
    }
    line->at = AT_START;
    return 0;
}

static int place(const struct points_reader *reader, struct err *err)
{
    return err_at(err, "line %zu", reader->line);
}

int points_ndjson_feed(struct points_reader *reader, const char *bytes, size_t n, struct err *err)
{
    while (n > 0) {
        const char *newline = memchr(bytes, '\n', n);
        size_t length = newline == NULL ? n : (size_t)(newline - bytes);
        if (take_piece(reader, bytes, length, err) != 0 ||
            (newline != NULL && end_line(reader, err) != 0)) {
            return place(reader, err);
        }
        reader->line += newline != NULL;
        length += newline != NULL;
        bytes += length;
        n -= length;
    }
    return 0;
}

int points_ndjson_end(struct points_reader *reader, struct err *err)
{
    return end_line(reader, err) != 0 ? place(reader, err) : 0;
}
