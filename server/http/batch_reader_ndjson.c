/* {"series":"a","t":…,"v":…}, one a line. Knows lines and that grammar; refuses to know bytes and values. */
#include "server/http/batch_reader_parts.h"

#include <string.h>

/* What comes next in the line. */
enum { AT_START, AT_KEY, AT_COLON, AT_FIELD, AT_AFTER, AT_END };

static const char *const expected[] = {
    [AT_START] = "{\"series\":…,\"t\":…,\"v\":…}",
    [AT_KEY] = "\"series\", \"t\" or \"v\"",
    [AT_COLON] = "a colon",
    [AT_FIELD] = "an id, a time or a value",
    [AT_AFTER] = "a comma or the end of the object",
    [AT_END] = "the end of the line: one point a line",
};

enum { KEY_ID = 1, KEY_TIME = 2, KEY_VALUE = 4, KEYS_ALL = 7 };

static const struct {
    const char *name;
    unsigned key;
} names[] = {{"series", KEY_ID},        {"id", KEY_ID}, {"t", KEY_TIME},
             {"timestamp", KEY_TIME},   {"v", KEY_VALUE}, {"value", KEY_VALUE}};

static int unexpected(const struct batch_reader *reader, enum token token, struct err *err)
{
    bool shape = reader->at == AT_START && !token_is_mark(token);
    return err_set(err, shape ? ERR_INVALID : ERR_SYNTAX,
                   "%s where something else should be, expected %s", token_name(token),
                   expected[reader->at]);
}

static const char *key_word(unsigned key)
{
    return key == KEY_ID ? "the series" : key == KEY_TIME ? "the time" : "the value";
}

static int take_key(struct batch_reader *reader, enum token token, const char *text, size_t n,
                    struct err *err)
{
    unsigned key = 0;
    if (token != TOKEN_TEXT)
        return unexpected(reader, token, err);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].name) == n && memcmp(names[i].name, text, n) == 0)
            key = names[i].key;
    if (key == 0)
        return err_set(err, ERR_INVALID, "unknown field \"%.*s\", expected \"series\", \"t\" and \"v\"",
                       (int)(n < 40 ? n : 40), text);
    if (reader->seen & key)
        return err_set(err, ERR_INVALID, "%s is there twice, expected it once", key_word(key));
    reader->key = key;
    reader->seen |= key;
    reader->at = AT_COLON;
    return 0;
}

static int take_field(struct batch_reader *reader, enum token token, const char *text, size_t n,
                      struct err *err)
{
    int64_t t;
    double v;
    int failed;
    if (token_is_mark(token))
        return unexpected(reader, token, err);
    if (reader->key == KEY_ID)
        failed = batch_take_id(reader, token, text, n, err);
    else if (reader->key == KEY_TIME)
        failed = points_token_time(token, text, n, &t, err) || points_add_time(&reader->points, t, err);
    else
        failed = points_token_value(token, text, n, &v, err) || points_add_value(&reader->points, v, err);
    reader->at = AT_AFTER;
    return failed ? -1 : 0;
}

static int take_after(struct batch_reader *reader, enum token token, struct err *err)
{
    unsigned missing = KEYS_ALL & ~reader->seen;
    if (token == TOKEN_COMMA) {
        reader->at = AT_KEY;
        return 0;
    }
    if (token != TOKEN_OBJECT_END)
        return unexpected(reader, token, err);
    if (missing)
        return err_set(err, ERR_INVALID, "%s is missing, expected {\"series\":…,\"t\":…,\"v\":…}",
                       key_word(missing & KEY_ID     ? KEY_ID
                                : missing & KEY_TIME ? KEY_TIME
                                                     : KEY_VALUE));
    reader->at = AT_END;
    return 0;
}

static int take_token(struct points_reader *points, enum token token, const char *text, size_t n,
                      struct err *err)
{
    struct batch_reader *reader = (struct batch_reader *)points;
    switch (reader->at) {
    case AT_START:
        if (token != TOKEN_OBJECT)
            return unexpected(reader, token, err);
        reader->seen = 0;
        reader->at = AT_KEY;
        return 0;
    case AT_KEY:
        return take_key(reader, token, text, n, err);
    case AT_COLON:
        if (token != TOKEN_COLON)
            return unexpected(reader, token, err);
        reader->at = AT_FIELD;
        return 0;
    case AT_FIELD:
        return take_field(reader, token, text, n, err);
    case AT_AFTER:
        return take_after(reader, token, err);
    default:
        return unexpected(reader, token, err);
    }
}

static int end_line(struct batch_reader *reader, struct err *err)
{
    if (lexer_end(&reader->points.lexer, take_token, &reader->points, err) != 0)
        return -1;
    if (reader->at == AT_START)
        return 0;
    if (reader->at != AT_END)
        return err_set(err, ERR_SYNTAX, "the line ends too early, expected %s", expected[reader->at]);
    reader->at = AT_START;
    return batch_hand_on(reader, reader->points.line - 1, err);
}

static int place(const struct batch_reader *reader, struct err *err)
{
    return err_at(err, "line %zu", reader->points.line);
}

int batch_ndjson_feed(struct batch_reader *reader, const char *bytes, size_t n, struct err *err)
{
    while (n > 0) {
        const char *newline = memchr(bytes, '\n', n);
        size_t length = newline == NULL ? n : (size_t)(newline - bytes);
        if (lexer_feed(&reader->points.lexer, bytes, length, take_token, &reader->points, err) != 0 ||
            (newline != NULL && end_line(reader, err) != 0))
            return place(reader, err);
        reader->points.line += newline != NULL;
        length += newline != NULL;
        bytes += length;
        n -= length;
    }
    return 0;
}

int batch_ndjson_end(struct batch_reader *reader, struct err *err)
{
    return end_line(reader, err) != 0 ? place(reader, err) : 0;
}
