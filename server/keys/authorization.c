/* Schemes and base64. See authorization.h. */
#include "server/keys/authorization.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* Longest user name and password of Basic, with the colon between. */
#define PAIR_MAX (256 + KEY_TEXT_MAX)

static bool take_key(const char *text, size_t n, struct shown_key *ret)
{
    const char *name;
    size_t name_n;
    if (!key_text_split(text, n, &name, &name_n))
        return false;
    memset(ret, 0, sizeof *ret);
    memcpy(ret->text, text, n);
    ret->n = n;
    memcpy(ret->name, name, name_n);
    return true;
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Base64, with padding or without. False where it is none or longer than max. */
static bool decode(const char *text, size_t n, char *to, size_t max, size_t *ret_n)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t out = 0;
    while (n > 0 && text[n - 1] == '=')
        n--;
    for (size_t i = 0; i < n; i++) {
        int digit = digit_of(text[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have < 8)
            continue;
        if (out == max)
            return false;
        have -= 8;
        to[out++] = (char)(bits >> have & 255);
    }
    *ret_n = out;
    return true;
}

static bool take_basic(const char *text, size_t n, struct shown_key *ret)
{
    char pair[PAIR_MAX];
    size_t pair_n;
    bool taken = false;
    if (decode(text, n, pair, sizeof pair, &pair_n)) {
        const char *colon = memchr(pair, ':', pair_n);
        taken = colon != NULL && take_key(colon + 1, (size_t)(pair + pair_n - colon - 1), ret);
    }
    explicit_bzero(pair, sizeof pair);
    return taken;
}

bool authorization_read(const char *value, struct shown_key *ret)
{
    size_t scheme_n = strcspn(value, " ");
    const char *text = value + scheme_n + strspn(value + scheme_n, " ");
    size_t n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    bool plain = (scheme_n == 6 && strncasecmp(value, "Bearer", 6) == 0) ||
                 (scheme_n == 5 && strncasecmp(value, "Token", 5) == 0);
    if (plain)
        return take_key(text, n, ret);
    return scheme_n == 5 && strncasecmp(value, "Basic", 5) == 0 && take_basic(text, n, ret);
}
