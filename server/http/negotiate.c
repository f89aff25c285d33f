/* The small grammars inside header values: media types, entity tags, preferences, trace contexts. See
 * headers.h. */
#include "server/http/headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    unsigned media;
    const char *name;
} types[] = {
    {MEDIA_JSON, "application/json"},
    {MEDIA_CSV, "text/csv"},
    {MEDIA_NDJSON, "application/x-ndjson"},
    {MEDIA_FORM, "application/x-www-form-urlencoded"},
};
#define TYPES (sizeof types / sizeof *types)

const char *media_name(unsigned media)
{
    for (size_t i = 0; i < TYPES; i++)
        if (types[i].media == media)
            return types[i].name;
    return "";
}

/* Length of the token at text, up to any of the stops, without white space behind it. */
static size_t token_n(const char *text, const char *stops)
{
    size_t n = strcspn(text, stops);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    return n;
}

static bool token_is(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && strncasecmp(text, name, n) == 0;
}

unsigned media_of_content_type(const char *content_type)
{
    const char *text = content_type + strspn(content_type, " \t");
    size_t n = token_n(text, ";");
    for (size_t i = 0; i < TYPES; i++)
        if (token_is(text, n, types[i].name))
            return types[i].media;
    return 0;
}

/* How exactly a media range names a type: 3 exactly, 2 "text/ *", 1 "* / *", 0 not. */
static int range_fits(const char *range, size_t n, const char *type)
{
    size_t major = strcspn(type, "/") + 1;
    if (token_is(range, n, type))
        return 3;
    if (n == major + 1 && range[n - 1] == '*' && strncasecmp(range, type, major) == 0)
        return 2;
    return n == 3 && memcmp(range, "*/*", 3) == 0 ? 1 : 0;
}

/* The q of one element of an Accept header; 1 where it has none. */
static double quality(const char *element, size_t n)
{
    for (size_t i = 0; i + 2 < n; i++) {
        if (element[i] != ';')
            continue;
        i += strspn(element + i + 1, " \t");
        if (i + 3 < n && (element[i + 1] == 'q' || element[i + 1] == 'Q') && element[i + 2] == '=') {
            double q = strtod(element + i + 3, NULL);
            return q >= 0 && q <= 1 ? q : 0;
        }
    }
    return 1;
}

static double quality_of(const char *accept, const char *type)
{
    int best_fit = 0;
    double q = 0;
    for (const char *at = accept; *at != '\0';) {
        at += strspn(at, ", \t");
        size_t n = strcspn(at, ",");
        int fit = range_fits(at, token_n(at, ",;"), type);
        if (fit > best_fit) {
            best_fit = fit;
            q = quality(at, n);
        }
        at += n;
    }
    return q;
}

unsigned media_by_accept(const char *accept, const unsigned *offered, size_t offered_n)
{
    unsigned best = offered[0];
    double best_q = 0;
    if (accept == NULL || strcmp(accept, "*/*") == 0)
        return best;
    for (size_t i = 0; i < offered_n; i++) {
        double q = quality_of(accept, media_name(offered[i]));
        if (q > best_q) {
            best_q = q;
            best = offered[i];
        }
    }
    return best;
}

bool etag_matches(const char *if_none_match, const char *etag)
{
    size_t etag_n = strlen(etag);
    if (if_none_match == NULL)
        return false;
    for (const char *at = if_none_match;;) {
        at += strspn(at, ", \t");
        if (*at == '\0')
            return false;
        if (*at == '*')
            return true;
        if (strncmp(at, "W/", 2) == 0)
            at += 2;
        if (*at != '"')
            return false;
        size_t n = strcspn(at + 1, "\"");
        if (at[n + 1] == '\0')
            return false;
        if (n + 2 == etag_n && memcmp(at, etag, etag_n) == 0)
            return true;
        at += n + 2;
    }
}

unsigned prefer_wait_s(const char *prefer)
{
    for (const char *at = prefer; at != NULL && *at != '\0';) {
        at += strspn(at, ",; \t");
        if (strncasecmp(at, "wait", 4) == 0) {
            const char *value = at + 4 + strspn(at + 4, " \t");
            if (*value == '=')
                value += 1 + strspn(value + 1, " \t\"");
            size_t digits = strspn(value, "0123456789");
            if (digits > 0)
                return digits > 6 ? 999999 : (unsigned)strtoul(value, NULL, 10);
        }
        at += strcspn(at, ",;");
    }
    return 0;
}

/* n lower-case hexadecimal digits, not all zero unless zero_fits. */
static bool is_hex(const char *text, size_t n, bool zero_fits)
{
    bool all_zero = true;
    for (size_t i = 0; i < n; i++) {
        if (strchr("0123456789abcdef", text[i]) == NULL || text[i] == '\0')
            return false;
        all_zero = all_zero && text[i] == '0';
    }
    return zero_fits || !all_zero;
}

bool traceparent_valid(const char *text)
{
    return text != NULL && strlen(text) == 55 && strncmp(text, "00-", 3) == 0 &&
           is_hex(text + 3, 32, false) && text[35] == '-' && is_hex(text + 36, 16, false) &&
           text[52] == '-' && is_hex(text + 53, 2, true);
}
