/* {"series":[{"id":…,"points":[[t,v],…]},…]}. Knows that grammar and JSON pointers; refuses to know bytes
 * (the lexer's) and values (points_token_*). Surprising: a table of what each token leads to, as the depth
 * is fixed: nothing nests but what is named here. */
#include "server/http/batch_reader_parts.h"

#include <string.h>

/* What comes next. */
enum {
    AT_START,
    AT_ROOT_KEY,
    AT_ROOT_COLON,
    AT_ROOT_LIST,
    AT_SERIES_OR_END,
    AT_SERIES,
    AT_KEY,
    AT_COLON,
    AT_ID,
    AT_LIST,
    AT_PAIR_OR_END,
    AT_PAIR,
    AT_TIME,
    AT_PAIR_COMMA,
    AT_VALUE,
    AT_PAIR_END,
    AT_PAIR_NEXT,
    AT_ENTRY_OR_END,
    AT_ENTRY,
    AT_ENTRY_NEXT,
    AT_FIELD_NEXT,
    AT_SERIES_NEXT,
    AT_ROOT_NEXT,
    AT_END,
};

static const char *const expected[] = {
    [AT_START] = "an object: {\"series\":[{\"id\":…,\"points\":[[t,v],…]},…]}",
    [AT_ROOT_KEY] = "\"series\"",
    [AT_ROOT_COLON] = "a colon",
    [AT_ROOT_LIST] = "a list of series",
    [AT_SERIES_OR_END] = "a series: {\"id\":…,\"points\":[[t,v],…]}",
    [AT_SERIES] = "a series: {\"id\":…,\"points\":[[t,v],…]}",
    [AT_KEY] = "\"id\", \"points\", or \"timestamps\" and \"values\"",
    [AT_COLON] = "a colon",
    [AT_ID] = "a series' id",
    [AT_LIST] = "a list",
    [AT_PAIR_OR_END] = "a pair [time, value]",
    [AT_PAIR] = "a pair [time, value]",
    [AT_TIME] = "a time",
    [AT_PAIR_COMMA] = "a comma and a value: a point is a pair [time, value]",
    [AT_VALUE] = "a value",
    [AT_PAIR_END] = "the end of the pair [time, value]",
    [AT_PAIR_NEXT] = "a comma or the end of the list",
    [AT_ENTRY_OR_END] = "an entry or the end of the list",
    [AT_ENTRY] = "an entry",
    [AT_ENTRY_NEXT] = "a comma or the end of the list",
    [AT_FIELD_NEXT] = "a comma or the end of the series",
    [AT_SERIES_NEXT] = "a comma or the end of the list",
    [AT_ROOT_NEXT] = "the end of the object",
    [AT_END] = "nothing after the object",
};

/* Bits, so that `seen` is a set of them. */
enum { KEY_ID = 1, KEY_POINTS = 2, KEY_TIMES = 4, KEY_VALUES = 8, KEY_LAST = KEY_VALUES };

static const char *key_name(unsigned key)
{
    return key == KEY_ID       ? "id"
           : key == KEY_POINTS ? "points"
           : key == KEY_TIMES  ? "timestamps"
                               : "values";
}

struct rule {
    enum token token; /* leads to `next`; any other is wrong, or for another function */
    int next;
};
static const struct rule rules[][2] = {
    [AT_START] = {{TOKEN_OBJECT, AT_ROOT_KEY}},
    [AT_ROOT_COLON] = {{TOKEN_COLON, AT_ROOT_LIST}},
    [AT_ROOT_LIST] = {{TOKEN_LIST, AT_SERIES_OR_END}},
    [AT_SERIES_NEXT] = {{TOKEN_COMMA, AT_SERIES}, {TOKEN_LIST_END, AT_ROOT_NEXT}},
    [AT_ROOT_NEXT] = {{TOKEN_OBJECT_END, AT_END}},
    [AT_LIST] = {{TOKEN_LIST, AT_ENTRY_OR_END}},
    [AT_PAIR_OR_END] = {{TOKEN_LIST, AT_TIME}, {TOKEN_LIST_END, AT_FIELD_NEXT}},
    [AT_PAIR] = {{TOKEN_LIST, AT_TIME}},
    [AT_PAIR_COMMA] = {{TOKEN_COMMA, AT_VALUE}},
    [AT_PAIR_END] = {{TOKEN_LIST_END, AT_PAIR_NEXT}},
    [AT_PAIR_NEXT] = {{TOKEN_COMMA, AT_PAIR}, {TOKEN_LIST_END, AT_FIELD_NEXT}},
    [AT_ENTRY_OR_END] = {{TOKEN_LIST_END, AT_FIELD_NEXT}},
    [AT_ENTRY_NEXT] = {{TOKEN_COMMA, AT_ENTRY}, {TOKEN_LIST_END, AT_FIELD_NEXT}},
    [AT_FIELD_NEXT] = {{TOKEN_COMMA, AT_KEY}},
    [AT_END] = {{0, 0}},
};

/* The deepest place that has a pointer; broken syntax outside of the series is a byte. */
static int place_here(const struct batch_reader *reader, struct err *err)
{
    const struct points_reader *points = &reader->points;
    size_t series = reader->series_n;
    switch (reader->at) {
    case AT_ROOT_LIST:
    case AT_SERIES_NEXT:
        return err_at(err, "/series");
    case AT_SERIES_OR_END:
    case AT_SERIES:
    case AT_KEY:
    case AT_FIELD_NEXT:
        return err_at(err, "/series/%zu", series);
    case AT_COLON:
    case AT_ID:
    case AT_LIST:
    case AT_PAIR_NEXT:
    case AT_ENTRY_NEXT:
        return err_at(err, "/series/%zu/%s", series, key_name(reader->key));
    case AT_PAIR_OR_END:
    case AT_PAIR:
        return err_at(err, "/series/%zu/points/%zu", series, points->t_n);
    case AT_TIME:
        return err_at(err, "/series/%zu/points/%zu/0", series, points->t_n);
    case AT_VALUE:
        return err_at(err, "/series/%zu/points/%zu/1", series, points->v_n);
    case AT_PAIR_COMMA:
    case AT_PAIR_END:
        return err_at(err, "/series/%zu/points/%zu", series, points->t_n - 1);
    case AT_ENTRY_OR_END:
    case AT_ENTRY:
        return err_at(err, "/series/%zu/%s/%zu", series, key_name(reader->key),
                      reader->key == KEY_TIMES ? points->t_n : points->v_n);
    default:
        return err->code != ERR_SYNTAX ? -1
                                       : err_at(err, "byte %llu", (unsigned long long)points->lexer.token_at);
    }
}

/* A whole value of a wrong type is a wrong value; anything else is not JSON as it should be. */
static int unexpected(const struct batch_reader *reader, enum token token, struct err *err)
{
    int at = reader->at;
    bool value_wanted = at == AT_START || at == AT_ROOT_LIST || at == AT_SERIES_OR_END || at == AT_SERIES ||
                        at == AT_LIST || at == AT_PAIR_OR_END || at == AT_PAIR;
    bool pair_shape = (at == AT_PAIR_COMMA && token == TOKEN_LIST_END) ||
                      (at == AT_PAIR_END && token == TOKEN_COMMA);
    bool no_key = at == AT_ROOT_KEY && token == TOKEN_OBJECT_END;
    bool shape = (value_wanted && !token_is_mark(token)) || pair_shape || no_key;
    return err_set(err, shape ? ERR_INVALID : ERR_SYNTAX, "%s where something else should be, expected %s",
                   token_name(token), expected[at]);
}

static bool is_text(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(text, name, n) == 0;
}

static int take_root_key(struct batch_reader *reader, enum token token, const char *text, size_t n,
                         struct err *err)
{
    if (token != TOKEN_TEXT)
        return unexpected(reader, token, err);
    if (!is_text(text, n, "series"))
        return err_set(err, ERR_INVALID, "unknown field \"%.*s\", expected \"series\"",
                       (int)(n < 40 ? n : 40), text);
    reader->at = AT_ROOT_COLON;
    return 0;
}

static const char *wrong_key(unsigned key, unsigned seen)
{
    const unsigned columns = KEY_TIMES | KEY_VALUES;
    if (key > KEY_LAST)
        return "unknown field, expected \"id\", \"points\", or \"timestamps\" and \"values\"";
    if (seen & key)
        return "the field is there twice, expected it once";
    if ((key == KEY_POINTS && seen & columns) || (key & columns && seen & KEY_POINTS))
        return "expected either \"points\", or \"timestamps\" and \"values\", not both forms";
    return NULL;
}

static int take_key(struct batch_reader *reader, enum token token, const char *text, size_t n,
                    struct err *err)
{
    if (token != TOKEN_TEXT)
        return unexpected(reader, token, err);
    unsigned key = KEY_ID;
    while (key <= KEY_LAST && !is_text(text, n, key_name(key)))
        key *= 2;
    const char *wrong = wrong_key(key, reader->seen);
    if (wrong != NULL)
        return err_set(err, ERR_INVALID, "\"%.*s\": %s", (int)(n < 40 ? n : 40), text, wrong);
    reader->key = key;
    reader->seen |= key;
    reader->at = AT_COLON;
    return 0;
}

static int take_time(struct batch_reader *reader, enum token token, const char *text, size_t n,
                     struct err *err)
{
    int64_t t;
    return points_token_time(token, text, n, &t, err) != 0 ? -1 : points_add_time(&reader->points, t, err);
}

static int take_value(struct batch_reader *reader, enum token token, const char *text, size_t n,
                      struct err *err)
{
    double v;
    return points_token_value(token, text, n, &v, err) != 0 ? -1 : points_add_value(&reader->points, v, err);
}

static int take_scalar(struct batch_reader *reader, enum token token, const char *text, size_t n,
                       struct err *err)
{
    int at = reader->at;
    bool pair = at == AT_TIME || at == AT_VALUE;
    bool time = pair ? at == AT_TIME : reader->key == KEY_TIMES;
    if (token_is_mark(token))
        return unexpected(reader, token, err);
    if ((time ? take_time : take_value)(reader, token, text, n, err) != 0)
        return -1;
    reader->at = at == AT_TIME ? AT_PAIR_COMMA : at == AT_VALUE ? AT_PAIR_END : AT_ENTRY_NEXT;
    return 0;
}

/* A series has ended: is it whole? */
static int check_series(const struct batch_reader *reader, struct err *err)
{
    const unsigned columns = KEY_TIMES | KEY_VALUES;
    size_t t_n = reader->points.t_n, v_n = reader->points.v_n, series = reader->series_n;
    unsigned seen = reader->seen;
    if (!(seen & KEY_ID)) {
        err_set(err, ERR_INVALID, "\"id\" is missing");
    } else if (!(seen & ~(unsigned)KEY_ID)) {
        err_set(err, ERR_INVALID, "no points, expected \"points\", or \"timestamps\" and \"values\"");
    } else if (seen & columns && (seen & columns) != columns) {
        err_set(err, ERR_INVALID, "\"timestamps\" and \"values\" go together, one is missing");
    } else if (t_n != v_n) {
        err_set(err, ERR_INVALID, "%zu timestamps and %zu values, expected as many of each", t_n, v_n);
        return err_at(err, "/series/%zu/values", series);
    } else if (t_n == 0) {
        err_set(err, ERR_INVALID, "no points, expected at least one");
    } else {
        return 0;
    }
    return err_at(err, "/series/%zu", series);
}

static int end_series(struct batch_reader *reader, struct err *err)
{
    size_t at = reader->series_n;
    if (check_series(reader, err) != 0)
        return -1;
    if (batch_hand_on(reader, at, err) != 0)
        return err->place[0] != '\0' ? -1 : err_at(err, "/series/%zu", at);
    reader->at = AT_SERIES_NEXT;
    return 0;
}

static void begin_series(struct batch_reader *reader)
{
    reader->seen = 0;
    reader->id_n = 0;
    reader->at = AT_KEY;
}

static bool follow_rule(struct batch_reader *reader, enum token token)
{
    for (int i = 0; i < 2; i++)
        if (rules[reader->at][i].token == token) {
            int next = rules[reader->at][i].next;
            reader->at = next == AT_ENTRY_OR_END && reader->key == KEY_POINTS ? AT_PAIR_OR_END : next;
            return true;
        }
    return false;
}

static int take_special(struct batch_reader *reader, enum token token, const char *text, size_t n,
                        struct err *err)
{
    switch (reader->at) {
    case AT_ROOT_KEY:
        return take_root_key(reader, token, text, n, err);
    case AT_KEY:
        return take_key(reader, token, text, n, err);
    case AT_ID:
        if (batch_take_id(reader, token, text, n, err) != 0)
            return -1;
        reader->at = AT_FIELD_NEXT;
        return 0;
    case AT_TIME:
    case AT_VALUE:
    case AT_ENTRY:
    case AT_ENTRY_OR_END:
        return take_scalar(reader, token, text, n, err);
    default:
        return unexpected(reader, token, err);
    }
}

static int take_token(struct points_reader *points, enum token token, const char *text, size_t n,
                      struct err *err)
{
    struct batch_reader *reader = (struct batch_reader *)points;
    int at = reader->at;
    if (follow_rule(reader, token))
        return 0;
    if (at == AT_COLON && token == TOKEN_COLON) {
        reader->at = reader->key == KEY_ID ? AT_ID : AT_LIST;
        return 0;
    }
    if ((at == AT_SERIES || at == AT_SERIES_OR_END) && token == TOKEN_OBJECT) {
        begin_series(reader);
        return 0;
    }
    if (at == AT_SERIES_OR_END && token == TOKEN_LIST_END) {
        reader->at = AT_ROOT_NEXT;
        return 0;
    }
    if (at == AT_FIELD_NEXT && token == TOKEN_OBJECT_END)
        return end_series(reader, err);
    return take_special(reader, token, text, n, err);
}

int batch_json_feed(struct batch_reader *reader, const char *bytes, size_t n, struct err *err)
{
    if (lexer_feed(&reader->points.lexer, bytes, n, take_token, &reader->points, err) == 0)
        return 0;
    return err->place[0] != '\0' ? -1 : place_here(reader, err);
}

int batch_json_end(struct batch_reader *reader, struct err *err)
{
    if (lexer_end(&reader->points.lexer, take_token, &reader->points, err) != 0)
        return err->place[0] != '\0' ? -1 : place_here(reader, err);
    if (reader->at == AT_END)
        return 0;
    err_set(err, ERR_SYNTAX, "the body ends too early, expected %s", expected[reader->at]);
    return place_here(reader, err);
}
