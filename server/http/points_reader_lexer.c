/* JSON's tokens, pushed. Knows words, texts, escapes and UTF-8; refuses to know grammar.
 * Surprising: a token that lies whole inside a piece is handed on where it lies; only one that a
 * cut splits is copied. */
#include "server/http/points_reader_parts.h"

#include <string.h>
#include <strings.h>

const char *token_name(enum token token)
{
    switch (token) {
    case TOKEN_OBJECT:
        return "an object";
    case TOKEN_LIST:
        return "a list";
    case TOKEN_TEXT:
        return "a text";
    case TOKEN_NUMBER:
        return "a number";
    case TOKEN_NULL:
        return "null";
    case TOKEN_TRUE:
        return "true";
    case TOKEN_FALSE:
        return "false";
    case TOKEN_OBJECT_END:
        return "\"}\"";
    case TOKEN_LIST_END:
        return "\"]\"";
    case TOKEN_COLON:
        return "\":\"";
    case TOKEN_COMMA:
        break;
    }
    return "\",\"";
}

bool points_is_nan_word(const char *text, size_t n)
{
    static const char *const words[] = {"nan", "inf", "infinity", "na"};
    size_t sign = n > 0 && (text[0] == '-' || text[0] == '+');
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (n - sign == strlen(words[i]) && strncasecmp(text + sign, words[i], n - sign) == 0) {
            return true;
        }
    }
    return false;
}

/* Bytes of numbers and of words like null and NaN. */
static const bool word_bytes[256] = {
    ['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['-'] = true,
    ['+'] = true,         ['.'] = true,         ['_'] = true,
};

static bool is_word_byte(char c)
{
    return word_bytes[(unsigned char)c];
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ---- tokens ---- */

static int finish_text(struct lexer *lexer, const char *text, size_t n, token_sink sink,
                       struct points_reader *reader, struct err *err)
{
    char decoded[LEXER_TEXT_MAX];
    lexer->state = LEX_BETWEEN;
    if (lexer->plain) {
        return sink(reader, TOKEN_TEXT, text, n, err);
    }
    if (lexer_decode_text(text, n, decoded, &n, err) != 0) {
        return -1;
    }
    return sink(reader, TOKEN_TEXT, decoded, n, err);
}

int points_refuse_word(const char *text, size_t n, struct err *err)
{
    if (points_is_nan_word(text, n)) {
        return err_set(err, ERR_SYNTAX, "%.*s is not JSON, send null for a missing value", (int)n,
                       text);
    }
    return err_set(err, ERR_SYNTAX, "\"%.*s\" is not JSON, expected a number, a text or null",
                   (int)(n < 40 ? n : 40), text);
}

/* A number is only recognised here; whoever wants its value checks it. */
static int finish_word(struct lexer *lexer, const char *text, size_t n, token_sink sink,
                       struct points_reader *reader, struct err *err)
{
    lexer->state = LEX_BETWEEN;
    if (text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) {
        return sink(reader, TOKEN_NUMBER, text, n, err);
    }
    if (n == 4 && memcmp(text, "null", 4) == 0) {
        return sink(reader, TOKEN_NULL, text, n, err);
    }
    if (n == 4 && memcmp(text, "true", 4) == 0) {
        return sink(reader, TOKEN_TRUE, text, n, err);
    }
    if (n == 5 && memcmp(text, "false", 5) == 0) {
        return sink(reader, TOKEN_FALSE, text, n, err);
    }
    return points_refuse_word(text, n, err);
}

/* ---- pieces ---- */

/* The same length is too long whether the token came whole or cut. */
static int check_length(const struct lexer *lexer, size_t n, struct err *err)
{
    if (n > LEXER_TEXT_MAX - lexer->text_n) {
        return err_set(err, ERR_INVALID, "a number or text is longer than %d bytes",
                       LEXER_TEXT_MAX);
    }
    return 0;
}

static int keep(struct lexer *lexer, const char *bytes, size_t n, struct err *err)
{
    if (check_length(lexer, n, err) != 0) {
        return -1;
    }
    memcpy(lexer->text + lexer->text_n, bytes, n);
    lexer->text_n += n;
    return 0;
}

/* A piece that a lexer works on. */
struct piece {
    const char *at, *end;
    token_sink sink;
    struct points_reader *reader;
};

static int take_word(struct lexer *lexer, struct piece *p, struct err *err)
{
    const char *first = p->at;
    while (p->at < p->end && is_word_byte(*p->at)) {
        p->at++;
    }
    size_t n = (size_t)(p->at - first);
    if (p->at < p->end && lexer->text_n == 0) {
        return check_length(lexer, n, err) != 0
                   ? -1
                   : finish_word(lexer, first, n, p->sink, p->reader, err);
    }
    if (keep(lexer, first, n, err) != 0) {
        return -1;
    }
    return p->at == p->end
               ? 0
               : finish_word(lexer, lexer->text, lexer->text_n, p->sink, p->reader, err);
}

/* At the byte that ends a run of plain text. */
static int take_text_end(struct lexer *lexer, struct piece *p, const char *first, struct err *err)
{
    size_t n = (size_t)(p->at - first);
    bool whole = lexer->text_n == 0;
    if (*p->at == '"') {
        p->at++;
        if (whole ? check_length(lexer, n, err) != 0 : keep(lexer, first, n, err) != 0) {
            return -1;
        }
        return finish_text(lexer, whole ? first : lexer->text, whole ? n : lexer->text_n, p->sink,
                           p->reader, err);
    }
    unsigned byte = (unsigned char)*p->at;
    if (byte < 0x20) {
        return check_length(lexer, n, err) != 0
                   ? -1
                   : err_set(err, ERR_SYNTAX, "control character 0x%02x in a text", byte);
    }
    lexer->state = LEX_ESCAPE;
    lexer->plain = false;
    p->at++;
    return keep(lexer, first, n + 1, err);
}

static int take_text(struct lexer *lexer, struct piece *p, struct err *err)
{
    const char *first = p->at;
    for (; p->at < p->end && *p->at != '"' && *p->at != '\\' && (unsigned char)*p->at >= 0x20;
         p->at++) {
        lexer->plain = lexer->plain && (unsigned char)*p->at < 0x80;
    }
    return p->at < p->end ? take_text_end(lexer, p, first, err)
                          : keep(lexer, first, (size_t)(p->at - first), err);
}

static int take_escape(struct lexer *lexer, struct piece *p, struct err *err)
{
    lexer->state = LEX_TEXT;
    return keep(lexer, p->at++, 1, err);
}

static int take_between(struct lexer *lexer, struct piece *p, struct err *err)
{
    char c = *p->at;
    if (is_space(c)) {
        p->at++;
        return 0;
    }
    lexer->text_n = 0;
    lexer->plain = true;
    if (c == '"') {
        p->at++;
        lexer->state = LEX_TEXT;
        return 0;
    }
    if (is_word_byte(c)) {
        lexer->state = LEX_WORD;
        return 0;
    }
    if (c == ',' || c == '[' || c == ']' || c == '{' || c == '}' || c == ':') {
        p->at++;
        return p->sink(p->reader, (enum token)c, &c, 1, err);
    }
    return c > 0x20 && c < 0x7f
               ? err_set(err, ERR_SYNTAX, "unexpected \"%c\"", c)
               : err_set(err, ERR_SYNTAX, "unexpected byte 0x%02x", (unsigned)(unsigned char)c);
}

int lexer_feed(struct lexer *lexer, const char *bytes, size_t n, token_sink sink,
               struct points_reader *reader, struct err *err)
{
    struct piece p = {bytes, bytes + n, sink, reader};
    int failed = 0;
    while (failed == 0 && p.at < p.end) {
        switch (lexer->state) {
        case LEX_BETWEEN:
            lexer->token_at = lexer->offset + (uint64_t)(p.at - bytes);
            failed = take_between(lexer, &p, err);
            break;
        case LEX_WORD:
            failed = take_word(lexer, &p, err);
            break;
        case LEX_TEXT:
            failed = take_text(lexer, &p, err);
            break;
        case LEX_ESCAPE:
            failed = take_escape(lexer, &p, err);
            break;
        }
    }
    lexer->offset += n;
    return failed;
}

int lexer_end(struct lexer *lexer, token_sink sink, struct points_reader *reader, struct err *err)
{
    switch (lexer->state) {
    case LEX_WORD:
        return finish_word(lexer, lexer->text, lexer->text_n, sink, reader, err);
    case LEX_TEXT:
    case LEX_ESCAPE:
        return err_set(err, ERR_SYNTAX, "a text without its closing quote");
    case LEX_BETWEEN:
        break;
    }
    lexer->token_at = lexer->offset;
    return 0;
}
