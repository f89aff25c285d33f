/* A JSON text decoded: escapes and UTF-8. */
#include "server/http/points_reader_parts.h"

#include "server/base/utf8.h"

#include <string.h>

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Four hex digits, or -1. */
static long hex_code(const char *at, const char *end)
{
    long code = 0;
    for (int i = 0; i < 4; i++) {
        int digit = at + i < end ? hex_digit(at[i]) : -1;
        if (digit < 0) {
            return -1;
        }
        code = code * 16 + digit;
    }
    return code;
}

static char *put_utf8(char *to, long code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

/* The escape behind a backslash at `at`; how many bytes it has, 0 when it is wrong. */
static size_t decode_escape(const char *at, const char *end, char **to)
{
    static const char from[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    if (*at != 'u') {
        const char *found = *at == '\0' ? NULL : strchr(from, *at);
        if (found == NULL) {
            return 0;
        }
        *(*to)++ = means[found - from];
        return 1;
    }
    long code = hex_code(at + 1, end);
    if (code <= 0 || (code >= 0xdc00 && code <= 0xdfff)) {
        return 0;
    }
    if (code < 0xd800 || code > 0xdbff) {
        *to = put_utf8(*to, code);
        return 5;
    }
    long low = end - at >= 11 && at[5] == '\\' && at[6] == 'u' ? hex_code(at + 7, end) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        return 0;
    }
    *to = put_utf8(*to, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    return 11;
}

int lexer_decode_text(const char *at, size_t n, char *to, size_t *ret_n, struct err *err)
{
    const char *end = at + n;
    char *first = to;
    while (at < end) {
        uint32_t code;
        size_t used;
        if (*at == '\\') {
            used = decode_escape(at + 1, end, &to);
            if (used == 0) {
                return err_set(
                    err, ERR_SYNTAX,
                    "wrong escape in a text, expected \\\" \\\\ \\/ \\b \\f \\n \\r \\t or "
                    "\\uXXXX (not \\u0000, surrogates in pairs)");
            }
            at += used + 1;
            continue;
        }
        used = utf8_decode(at, (size_t)(end - at), &code);
        if (used == 0) {
            return err_set(err, ERR_SYNTAX, "byte 0x%02x is not valid UTF-8",
                           (unsigned)(unsigned char)*at);
        }
        memcpy(to, at, used);
        to += used;
        at += used;
    }
    *ret_n = (size_t)(to - first);
    return 0;
}
