/* From bytes to tokens. Surprising: a number and a duration begin alike ("5", "5m", "5e3"), so both
 * are cut out as one run of letters and digits and told apart afterwards. See promql_parts.h. */
#include "server/wire/promql_parts.h"

#include "server/base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NUMBER_BYTES_MAX 63

static int place(const struct promql_lexer *lexer, size_t at, enum err_code code, const char *what,
                 struct err *err, const char *format, va_list arguments)
{
    char words[ERR_MSG_MAX];
    size_t line = 1, from = 0;
    vsnprintf(words, sizeof words, format, arguments);
    for (size_t i = 0; i < at && i < lexer->n; i++)
        if (lexer->text[i] == '\n') {
            line++;
            from = i + 1;
        }
    return err_set(err, code, "%zu:%zu: %s: %s", line, at - from + 1, what, words);
}

int promql_syntax(const struct promql_lexer *lexer, size_t at, struct err *err, const char *format,
                  ...)
{
    va_list arguments;
    va_start(arguments, format);
    place(lexer, at, ERR_SYNTAX, "parse error", err, format, arguments);
    va_end(arguments);
    return -1;
}

int promql_unsupported(const struct promql_lexer *lexer, size_t at, struct err *err,
                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    place(lexer, at, ERR_INVALID, "unsupported here", err, format, arguments);
    va_end(arguments);
    return -1;
}

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_word(char c)
{
    return is_word_start(c) || (c >= '0' && c <= '9');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct promql_lexer *lexer)
{
    while (lexer->at < lexer->n) {
        char c = lexer->text[lexer->at];
        if (c == '#')
            while (lexer->at < lexer->n && lexer->text[lexer->at] != '\n')
                lexer->at++;
        else if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            lexer->at++;
        else
            return;
    }
}

static bool parse_hexadecimal(const char *text, double *ret)
{
    char *end;
    if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X') || text[2] == '\0')
        return false;
    *ret = (double)strtoull(text + 2, &end, 16);
    return *end == '\0' && text[2] != '-' && text[2] != '+';
}

static bool parse_decimal(const char *text, double *ret)
{
    char *end;
    if (strspn(text, "0123456789.eE+-") != strlen(text))
        return false;
    *ret = strtod(text, &end);
    return end != text && *end == '\0';
}

static int lex_number(struct promql_lexer *lexer, struct promql_token *ret, struct err *err)
{
    const char *text = lexer->text + lexer->at;
    size_t rest = lexer->n - lexer->at, n = 0;
    bool hexadecimal = rest > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    char copy[NUMBER_BYTES_MAX + 1];
    while (n < rest && (is_word(text[n]) || text[n] == '.' ||
                        (n > 0 && !hexadecimal && (text[n] == '+' || text[n] == '-') &&
                         (text[n - 1] == 'e' || text[n - 1] == 'E'))))
        n++;
    snprintf(copy, sizeof copy, "%.*s", (int)(n <= NUMBER_BYTES_MAX ? n : 0), text);
    ret->n = n;
    lexer->at += n;
    if (parse_hexadecimal(copy, &ret->number) || parse_decimal(copy, &ret->number))
        ret->kind = TOKEN_NUMBER;
    else if (promql_duration_parse(text, n, &ret->ms))
        ret->kind = TOKEN_DURATION;
    else
        return promql_syntax(lexer, ret->at, err, "bad number or duration syntax: \"%.*s\"",
                             (int)(n < 40 ? n : 40), text);
    return 0;
}

/* The character that stands for an escape of one letter, or 0. */
static char plain_escape(char c, char quote)
{
    static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
    const char *found = c == '\0' ? NULL : strchr(from, c);
    if (found != NULL)
        return to[found - from];
    return c == quote ? c : '\0';
}

static size_t encode_utf8(uint32_t c, char *out)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

/* \xHH, \OOO, \uHHHH, \UHHHHHHHH behind the backslash. Returns the bytes read, 0 where it is none.
 */
static size_t number_escape(const char *text, size_t rest, char *out, size_t *out_n)
{
    static const struct {
        char letter;
        size_t digits;
        int base;
    } forms[] = {{'x', 2, 16}, {'u', 4, 16}, {'U', 8, 16}, {'\0', 3, 8}};
    size_t form = 0;
    while (form < 3 && forms[form].letter != text[0])
        form++;
    size_t from = form < 3, n = forms[form].digits;
    char digits[9] = "", *end;
    if (rest < from + n)
        return 0;
    memcpy(digits, text + from, n);
    unsigned long c = strtoul(digits, &end, forms[form].base);
    bool byte = form == 0 || form == 3;
    if (end != digits + n || !isxdigit((unsigned char)digits[0]) || c == 0 || (byte && c > 0xff) ||
        c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    if (byte)
        out[(*out_n)++] = (char)c;
    else
        *out_n += encode_utf8((uint32_t)c, out + *out_n);
    return from + n;
}

/* Copies the text up to the quote into out, which has room for as many bytes as are left. */
static int unescape(struct promql_lexer *lexer, size_t start, char quote, char *out, size_t *out_n,
                    struct err *err)
{
    while (lexer->at < lexer->n && lexer->text[lexer->at] != quote) {
        char c = lexer->text[lexer->at++];
        if (c == '\0' || (c == '\n' && quote != '`'))
            return promql_syntax(lexer, lexer->at - 1, err, "a text must not hold such a byte");
        if (c != '\\' || quote == '`') {
            out[(*out_n)++] = c;
            continue;
        }
        const char *rest = lexer->text + lexer->at;
        char plain = lexer->at < lexer->n ? plain_escape(*rest, quote) : '\0';
        size_t used = plain != '\0'          ? 1
                      : lexer->at < lexer->n ? number_escape(rest, lexer->n - lexer->at, out, out_n)
                                             : 0;
        if (used == 0)
            return promql_syntax(lexer, lexer->at - 1, err, "unknown escape sequence");
        if (plain != '\0')
            out[(*out_n)++] = plain;
        lexer->at += used;
    }
    if (lexer->at == lexer->n)
        return promql_syntax(lexer, start, err, "unterminated quoted string");
    lexer->at++;
    return 0;
}

static bool is_utf8(const char *text, size_t n)
{
    uint32_t c;
    for (size_t at = 0, length; at < n; at += length)
        if ((length = utf8_decode(text + at, n - at, &c)) == 0)
            return false;
    return true;
}

static int lex_string(struct promql_lexer *lexer, struct promql_token *ret, struct err *err)
{
    struct promql *promql = lexer->promql;
    char *out = promql->text + promql->text_used;
    size_t out_n = 0;
    char quote = lexer->text[lexer->at++];
    if (unescape(lexer, ret->at, quote, out, &out_n, err) != 0)
        return -1;
    out[out_n] = '\0';
    if (!is_utf8(out, out_n))
        return promql_syntax(lexer, ret->at, err, "the text is not UTF-8");
    promql->text_used += out_n + 1;
    ret->kind = TOKEN_STRING;
    ret->text = out;
    ret->n = lexer->at - ret->at;
    return 0;
}

static int lex_word(struct promql_lexer *lexer, struct promql_token *ret)
{
    const char *text = lexer->text + lexer->at;
    size_t rest = lexer->n - lexer->at, n = 0;
    while (n < rest && (is_word(text[n]) || (text[n] == ':' && !lexer->in_brackets)))
        n++;
    lexer->at += n;
    ret->n = n;
    ret->kind = TOKEN_WORD;
    if (n == 3 && (strncasecmp(text, "inf", 3) == 0 || strncasecmp(text, "nan", 3) == 0)) {
        ret->kind = TOKEN_NUMBER;
        ret->number = strtod(tolower((unsigned char)text[0]) == 'i' ? "inf" : "nan", NULL);
    }
    return 0;
}

static int lex_mark(struct promql_lexer *lexer, struct promql_token *ret, struct err *err)
{
    static const char *const marks[] = {"==", "!=", "=~", "!~", "<=", ">=", "(", ")",
                                        "{",  "}",  "[",  "]",  ",",  "=",  "<", ">",
                                        "+",  "-",  "*",  "/",  "%",  "^",  ":", "@"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t n = strlen(marks[i]);
        if (lexer->n - lexer->at < n || memcmp(lexer->text + lexer->at, marks[i], n) != 0)
            continue;
        ret->kind = TOKEN_MARK;
        ret->n = n;
        memcpy(ret->mark, marks[i], n + 1);
        lexer->at += n;
        if (marks[i][0] == '[' || marks[i][0] == ']')
            lexer->in_brackets = marks[i][0] == '[';
        return 0;
    }
    unsigned char c = (unsigned char)lexer->text[lexer->at];
    if (isprint(c))
        return promql_syntax(lexer, lexer->at, err, "unexpected character: '%c'", c);
    return promql_syntax(lexer, lexer->at, err, "unexpected byte 0x%02x", c);
}

int promql_next(struct promql_lexer *lexer, struct promql_token *ret, struct err *err)
{
    skip_blanks(lexer);
    *ret = (struct promql_token){.kind = TOKEN_END, .at = lexer->at};
    if (lexer->at == lexer->n)
        return 0;
    const char *text = lexer->text + lexer->at;
    if (is_digit(*text) || (*text == '.' && lexer->n - lexer->at > 1 && is_digit(text[1])))
        return lex_number(lexer, ret, err);
    if (*text == '"' || *text == '\'' || *text == '`')
        return lex_string(lexer, ret, err);
    if (is_word_start(*text) || (*text == ':' && !lexer->in_brackets))
        return lex_word(lexer, ret);
    return lex_mark(lexer, ret, err);
}

const char *promql_keep(struct promql *promql, const char *text, size_t n)
{
    char *kept = promql->text + promql->text_used;
    memcpy(kept, text, n);
    kept[n] = '\0';
    promql->text_used += n + 1;
    return kept;
}

bool promql_duration_parse(const char *text, size_t n, int64_t *ret_ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"y", INT64_C(31536000000)},
                 {"w", 604800000},
                 {"d", 86400000},
                 {"h", 3600000},
                 {"m", 60000},
                 {"s", 1000},
                 {"ms", 1}};
    int64_t total = 0;
    size_t at = 0, unit = 0;
    if (n == 0)
        return false;
    while (at < n) {
        int64_t count = 0;
        size_t digits = at;
        for (; at < n && is_digit(text[at]) && count < PROMQL_DURATION_MAX_MS; at++)
            count = count * 10 + (text[at] - '0');
        size_t letters = at;
        while (letters < n && !is_digit(text[letters]))
            letters++;
        while (unit < 7 && (strlen(units[unit].name) != letters - at ||
                            memcmp(units[unit].name, text + at, letters - at) != 0))
            unit++;
        if (digits == at || unit == 7 || count > PROMQL_DURATION_MAX_MS / units[unit].ms)
            return false;
        total += count * units[unit++].ms;
        if (total > PROMQL_DURATION_MAX_MS)
            return false;
        at = letters;
    }
    *ret_ms = total;
    return true;
}
