/* Names, scopes and texts of keys. See key.h. */
#include "server/keys/key.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#define PREFIX_N (sizeof KEY_PREFIX - 1)
/* A piece shorter than this, or all in small letters, is left alone: tstrm_process_cpu_seconds_total. */
#define REDACT_MIN 30

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Within ASCII and whatever the locale. */
static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_secret_char(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_name_char(char c)
{
    return is_secret_char(c) || c == '.';
}

int key_name_check(const char *name, size_t n, struct err *err)
{
    size_t good = 0;
    while (good < n && is_name_char(name[good]))
        good++;
    if (n >= 1 && n <= KEY_NAME_MAX && good == n)
        return 0;
    return err_set(err, ERR_INVALID,
                   "a key's name has 1 to %d letters, digits and \"._-\", unlike \"%.*s\"", KEY_NAME_MAX,
                   (int)(n > 40 ? 40 : n), name);
}

/* ---- scopes ---- */

static const struct {
    const char *name;
    unsigned bit, whole;
} scopes[] = {
    {"admin", KEY_SCOPE_ADMIN, KEY_SCOPE_ADMIN | KEY_SCOPE_WRITE | KEY_SCOPE_READ | KEY_SCOPE_METRICS},
    {"write", KEY_SCOPE_WRITE, KEY_SCOPE_WRITE | KEY_SCOPE_READ | KEY_SCOPE_METRICS},
    {"read", KEY_SCOPE_READ, KEY_SCOPE_READ | KEY_SCOPE_METRICS},
    {"metrics", KEY_SCOPE_METRICS, KEY_SCOPE_METRICS},
};
#define SCOPES (sizeof scopes / sizeof *scopes)

static unsigned scope_of(const char *word, size_t n)
{
    for (size_t i = 0; i < SCOPES; i++)
        if (strlen(scopes[i].name) == n && memcmp(scopes[i].name, word, n) == 0)
            return scopes[i].whole;
    return 0;
}

int key_scopes_parse(const char *text, size_t n, unsigned *ret, struct err *err)
{
    unsigned all = 0;
    for (size_t at = 0; at <= n;) {
        const char *comma = memchr(text + at, ',', n - at);
        size_t word_n = comma == NULL ? n - at : (size_t)(comma - text) - at;
        unsigned whole = scope_of(text + at, word_n);
        if (whole == 0)
            return err_set(err, ERR_INVALID,
                           "\"%.*s\" is no scope; expected some of read, write, admin, metrics, with "
                           "commas between them", (int)(word_n > 40 ? 40 : word_n), text + at);
        all |= whole;
        at += word_n + 1;
    }
    *ret = all;
    return 0;
}

const char *key_scope_name(unsigned set)
{
    for (size_t i = 0; i < SCOPES; i++)
        if ((set & scopes[i].bit) != 0)
            return scopes[i].name;
    return "none";
}

/* ---- texts ---- */

bool key_text_split(const char *text, size_t n, const char **ret_name, size_t *ret_name_n)
{
    struct err ignored;
    if (n < PREFIX_N + 1 + 1 + KEY_SECRET_CHARS || n > KEY_TEXT_MAX ||
        memcmp(text, KEY_PREFIX, PREFIX_N) != 0 || text[n - KEY_SECRET_CHARS - 1] != '_')
        return false;
    for (size_t i = n - KEY_SECRET_CHARS; i < n; i++)
        if (!is_secret_char(text[i]))
            return false;
    *ret_name = text + PREFIX_N;
    *ret_name_n = n - PREFIX_N - 1 - KEY_SECRET_CHARS;
    return key_name_check(*ret_name, *ret_name_n, &ignored) == 0;
}

/* The 43 characters of 32 bytes; the last one has two bits of nothing. */
static void encode_secret(const uint8_t *bytes, char *to)
{
    uint32_t bits = 0;
    unsigned have = 0;
    for (size_t i = 0; i < KEY_SECRET_BITS / 8; i++) {
        bits = bits << 8 | bytes[i];
        for (have += 8; have >= 6; have -= 6)
            *to++ = base64url[bits >> (have - 6) & 63];
    }
    *to++ = base64url[bits << (6 - have) & 63];
    *to = '\0';
}

int key_text_make(const char *name, char *ret, struct err *err)
{
    uint8_t bytes[KEY_SECRET_BITS / 8];
    size_t n = strlen(name);
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return err_set(err, ERR_UNAVAILABLE, "no random numbers: %s", strerror(errno));
    memcpy(ret, KEY_PREFIX, PREFIX_N);
    memcpy(ret + PREFIX_N, name, n);
    ret[PREFIX_N + n] = '_';
    encode_secret(bytes, ret + PREFIX_N + n + 1);
    explicit_bzero(bytes, sizeof bytes);
    return 0;
}

void key_redact(char *text)
{
    for (char *at = strstr(text, KEY_PREFIX); at != NULL; at = strstr(at, KEY_PREFIX)) {
        size_t n = PREFIX_N;
        bool mixed = false;
        for (; is_name_char(at[n]); n++)
            mixed |= is_upper(at[n]);
        if (n >= REDACT_MIN && mixed) {
            memcpy(at + PREFIX_N, "***", 3);
            memmove(at + PREFIX_N + 3, at + n, strlen(at + n) + 1);
            n = PREFIX_N + 3;
        }
        at += n;
    }
}
