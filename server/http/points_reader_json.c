/* {"points":[[t,v],…]} and {"timestamps":[…],"values":[…]}. Knows that grammar and JSON pointers;
 * refuses to know bytes (the lexer's) and values (points_token_*). */
#include "server/http/points_reader_parts.h"

#include <stdio.h>
#include <string.h>

/* What comes next. */
enum {
    AT_START,
    AT_KEY_OR_END,
    AT_KEY,
    AT_COLON,
    AT_LIST,
    AT_PAIR_OR_END,
    AT_PAIR,
    AT_TIME,
    AT_PAIR_COMMA,
    AT_VALUE,
    AT_PAIR_END,
    AT_ENTRY_OR_END,
    AT_ENTRY,
    AT_NEXT,
    AT_AFTER,
    AT_END,
};

static const char *const expected[] = {
    [AT_START] = "an object: {\"points\":[[t,v],…]} or {\"timestamps\":[…],\"values\":[…]}",
    [AT_KEY_OR_END] = "\"points\", or \"timestamps\" and \"values\"",
    [AT_KEY] = "\"points\", or \"timestamps\" and \"values\"",
    [AT_COLON] = "a colon",
    [AT_LIST] = "a list",
    [AT_PAIR_OR_END] = "a pair [time, value]",
    [AT_PAIR] = "a pair [time, value]",
    [AT_TIME] = "a time",
    [AT_PAIR_COMMA] = "a comma and a value: a point is a pair [time, value]",
    [AT_VALUE] = "a value",
    [AT_PAIR_END] = "the end of the pair [time, value]",
    [AT_ENTRY_OR_END] = "an entry or the end of the list",
    [AT_ENTRY] = "an entry",
    [AT_NEXT] = "a comma or the end of the list",
    [AT_AFTER] = "a comma or the end of the object",
    [AT_END] = "nothing after the object",
};

/* Bits, so that `seen` is a set of them. */
enum { LIST_POINTS = 1, LIST_TIMES = 2, LIST_VALUES = 4 };

static const char *list_name(unsigned list)
{
    return list == LIST_POINTS ? "points" : list == LIST_TIMES ? "timestamps" : "values";
}

void points_json_place(const struct points_reader *reader, size_t item, char *buf, size_t buf_n)
{
    if (reader->u.json.seen & LIST_POINTS) {
        snprintf(buf, buf_n, "/points/%zu/0", item);
    } else {
        snprintf(buf, buf_n, "/timestamps/%zu", item);
    }
}

/* Names what is being read. The root has an empty pointer: for broken syntax a byte is named
 * instead. */
static int place_here(const struct points_reader *reader, struct err *err)
{
    const struct json_state *json = &reader->u.json;
    const char *name = list_name(json->list);
    switch (json->at) {
    case AT_COLON:
    case AT_LIST:
        return err_at(err, "/%s", name);
    case AT_PAIR_OR_END:
    case AT_PAIR:
        return err_at(err, "/points/%zu", reader->t_n);
    case AT_TIME:
        return err_at(err, "/points/%zu/0", reader->t_n);
    case AT_VALUE:
        return err_at(err, "/points/%zu/1", reader->v_n);
    case AT_PAIR_COMMA:
    case AT_PAIR_END:
        return err_at(err, "/points/%zu", reader->t_n - 1);
    case AT_ENTRY_OR_END:
    case AT_ENTRY:
        return err_at(err, "/%s/%zu", name, json->list == LIST_TIMES ? reader->t_n : reader->v_n);
    case AT_NEXT:
        return err_at(err, "/%s", name);
    default:
        return err->code != ERR_SYNTAX
                   ? -1
                   : err_at(err, "byte %llu", (unsigned long long)reader->lexer.token_at);
    }
}

/* A whole value of a wrong type is a wrong value; anything else is not JSON as it should be. */
static int unexpected(const struct points_reader *reader, enum token token, struct err *err)
{
    int at = reader->u.json.at;
    bool value_wanted = at == AT_START || at == AT_LIST || at == AT_PAIR_OR_END || at == AT_PAIR;
    bool is_value = !token_is_mark(token);
    bool pair_shape = (at == AT_PAIR_COMMA && token == TOKEN_LIST_END) ||
                      (at == AT_PAIR_END && token == TOKEN_COMMA);
    return err_set(err, (value_wanted && is_value) || pair_shape ? ERR_INVALID : ERR_SYNTAX,
                   "%s where something else should be, expected %s", token_name(token),
                   expected[at]);
}

/* ---- keys ---- */

/* err_at with the key as a JSON pointer: "~" and "/" are escaped, a long key is cut. */
static int place_key(const char *text, size_t n, struct err *err)
{
    char escaped[ERR_PLACE_MAX];
    size_t used = 0;
    for (size_t i = 0; i < n && used + 3 < sizeof escaped; i++) {
        bool special = text[i] == '~' || text[i] == '/';
        escaped[used++] = special ? '~' : text[i];
        if (special) {
            escaped[used++] = text[i] == '~' ? '0' : '1';
        }
    }
    return err_at(err, "/%.*s", (int)used, escaped);
}

static int take_key(struct points_reader *reader, enum token token, const char *text, size_t n,
                    struct err *err)
{
    struct json_state *json = &reader->u.json;
    if (token != TOKEN_TEXT) {
        return unexpected(reader, token, err);
    }
    unsigned list = LIST_POINTS;
    while (list <= LIST_VALUES &&
           (strlen(list_name(list)) != n || memcmp(list_name(list), text, n) != 0)) {
        list *= 2;
    }
    const char *wrong = NULL;
    if (list > LIST_VALUES) {
        wrong = "unknown field, expected \"points\", or \"timestamps\" and \"values\"";
    } else if (json->seen & list) {
        wrong = "the field is there twice, expected it once";
    } else if (json->seen != 0 && (list == LIST_POINTS || json->seen & LIST_POINTS)) {
        wrong = "expected either \"points\", or \"timestamps\" and \"values\", not both forms";
    }
    if (wrong != NULL) {
        err_set(err, ERR_INVALID, "%s", wrong);
        return place_key(text, n, err);
    }
    json->list = list;
    json->seen |= list;
    json->at = AT_COLON;
    return 0;
}

/* ---- values ---- */

static int take_time(struct points_reader *reader, enum token token, const char *text, size_t n,
                     struct err *err)
{
    int64_t t;
    return points_token_time(token, text, n, &t, err) != 0 ? -1 : points_add_time(reader, t, err);
}

static int take_value(struct points_reader *reader, enum token token, const char *text, size_t n,
                      struct err *err)
{
    double v;
    return points_token_value(token, text, n, &v, err) != 0 ? -1 : points_add_value(reader, v, err);
}

/* The scalar that is due, then on to `next`. */
static int take_scalar(struct points_reader *reader, enum token token, const char *text, size_t n,
                       struct err *err)
{
    struct json_state *json = &reader->u.json;
    bool time = json->at == AT_TIME || (json->at != AT_VALUE && json->list == LIST_TIMES);
    if (token_is_mark(token)) {
        return unexpected(reader, token, err);
    }
    if ((time ? take_time : take_value)(reader, token, text, n, err) != 0) {
        return -1;
    }
    json->at = json->at == AT_TIME ? AT_PAIR_COMMA : json->at == AT_VALUE ? AT_PAIR_END : AT_NEXT;
    return 0;
}

/* ---- punctuation ---- */

struct rule {
    enum token token; /* leads to `next`; any other token is wrong, or for another function */
    int next;
};

static const struct rule rules[][2] = {
    [AT_START] = {{TOKEN_OBJECT, AT_KEY_OR_END}},
    [AT_KEY_OR_END] = {{TOKEN_OBJECT_END, AT_END}},
    [AT_COLON] = {{TOKEN_COLON, AT_LIST}},
    [AT_LIST] = {{TOKEN_LIST, AT_ENTRY_OR_END}},
    [AT_PAIR_OR_END] = {{TOKEN_LIST, AT_TIME}, {TOKEN_LIST_END, AT_AFTER}},
    [AT_PAIR] = {{TOKEN_LIST, AT_TIME}},
    [AT_PAIR_COMMA] = {{TOKEN_COMMA, AT_VALUE}},
    [AT_PAIR_END] = {{TOKEN_LIST_END, AT_NEXT}},
    [AT_ENTRY_OR_END] = {{TOKEN_LIST_END, AT_AFTER}},
    [AT_NEXT] = {{TOKEN_COMMA, AT_ENTRY}, {TOKEN_LIST_END, AT_AFTER}},
    [AT_AFTER] = {{TOKEN_COMMA, AT_KEY}, {TOKEN_OBJECT_END, AT_END}},
    [AT_END] = {{0, 0}},
};

static bool follow_rule(struct json_state *json, enum token token)
{
    for (int i = 0; i < 2; i++) {
        if (rules[json->at][i].token == token) {
            int next = rules[json->at][i].next;
            bool pairs = json->list == LIST_POINTS;
            json->at = pairs && next == AT_ENTRY          ? AT_PAIR
                       : pairs && next == AT_ENTRY_OR_END ? AT_PAIR_OR_END
                                                          : next;
            return true;
        }
    }
    return false;
}

static int take_token(struct points_reader *reader, enum token token, const char *text, size_t n,
                      struct err *err)
{
    int failed, at = reader->u.json.at;
    if (follow_rule(&reader->u.json, token)) {
        return 0;
    }
    if (at == AT_KEY || at == AT_KEY_OR_END) {
        failed = take_key(reader, token, text, n, err);
    } else if (at == AT_TIME || at == AT_VALUE || at == AT_ENTRY || at == AT_ENTRY_OR_END) {
        failed = take_scalar(reader, token, text, n, err);
    } else {
        failed = unexpected(reader, token, err);
    }
    return failed;
}

/* ---- pieces ---- */

int points_json_feed(struct points_reader *reader, const char *bytes, size_t n, struct err *err)
{
    if (lexer_feed(&reader->lexer, bytes, n, take_token, reader, err) == 0) {
        return 0;
    }
    return err->place[0] != '\0' ? -1 : place_here(reader, err);
}

static int check_columns(const struct points_reader *reader, struct err *err)
{
    unsigned seen = reader->u.json.seen;
    if (seen == LIST_TIMES || seen == LIST_VALUES) {
        const char *missing = list_name(seen == LIST_TIMES ? LIST_VALUES : LIST_TIMES);
        err_set(err, ERR_INVALID, "\"%s\" is missing: \"timestamps\" and \"values\" go together",
                missing);
        return err_at(err, "/%s", missing);
    }
    if (reader->t_n != reader->v_n) {
        err_set(err, ERR_INVALID, "%zu timestamps and %zu values, expected as many of each",
                reader->t_n, reader->v_n);
        return err_at(err, "/values");
    }
    if (seen != 0 && reader->t_n == 0) {
        err_set(err, ERR_INVALID, "no points, expected at least one");
        return err_at(err, "/%s", list_name(seen & LIST_POINTS ? LIST_POINTS : LIST_TIMES));
    }
    return 0;
}

int points_json_end(struct points_reader *reader, struct err *err)
{
    if (lexer_end(&reader->lexer, take_token, reader, err) != 0) {
        return err->place[0] != '\0' ? -1 : place_here(reader, err);
    }
    if (reader->u.json.at != AT_END) {
        err_set(err, ERR_SYNTAX, "the body ends too early, expected %s",
                expected[reader->u.json.at]);
        return place_here(reader, err);
    }
    return check_columns(reader, err);
}
