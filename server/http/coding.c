/* Names of codings, and one pass over Accept-Encoding. See coding.h. */
#include "server/http/coding.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define Q_FULL 1000 /* q-values are whole thousandths */

static const char *const names[] = {
    [CODING_IDENTITY] = "identity", [CODING_GZIP] = "gzip", [CODING_ZSTD] = "zstd"};

const char *coding_name(enum coding coding)
{
    return names[coding];
}

bool coding_of_content(const char *content_encoding, enum coding *ret)
{
    const char *name = content_encoding == NULL ? "identity" : content_encoding;
    enum coding coding;
    if (strcasecmp(name, "identity") == 0)
        coding = CODING_IDENTITY;
    else if (strcasecmp(name, "gzip") == 0 || strcasecmp(name, "x-gzip") == 0)
        coding = CODING_GZIP;
#ifdef TSTRM_ZSTD
    else if (strcasecmp(name, "zstd") == 0)
        coding = CODING_ZSTD;
#endif
    else
        return false;
    *ret = coding;
    return true;
}

const char *coding_understood(void)
{
#ifdef TSTRM_ZSTD
    return "gzip, zstd";
#else
    return "gzip";
#endif
}

static size_t skip_space(const char *text)
{
    return strspn(text, " \t");
}

/* 0, 0.5, 1.000: in thousandths; 0 where the text is anything else. */
static int thousandths(const char *text, size_t n)
{
    int q = 0, unit = Q_FULL;
    if (n == 0 || n > 5 || (text[0] != '0' && text[0] != '1') || (n > 1 && text[1] != '.'))
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 1)
            continue;
        if (text[i] < '0' || text[i] > '9')
            return 0;
        q += (text[i] - '0') * unit;
        unit /= 10;
    }
    return q <= Q_FULL ? q : 0;
}

/* The weight behind a coding's name: text begins after the name and ends with the list's element. */
static int weight(const char *text, size_t n)
{
    size_t at = skip_space(text);
    if (at >= n)
        return Q_FULL;
    if (text[at] != ';')
        return 0;
    at += 1 + skip_space(text + at + 1);
    if (at + 2 > n || (text[at] != 'q' && text[at] != 'Q') || text[at + 1] != '=')
        return 0;
    at += 2;
    while (n > at && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    return thousandths(text + at, n - at);
}

static bool token_is(const char *text, size_t n, const char *name)
{
    return strlen(name) == n && strncasecmp(text, name, n) == 0;
}

bool coding_wants_gzip(const char *accept_encoding)
{
    int gzip = -1, identity = -1, any = -1; /* -1: not named */
    if (accept_encoding == NULL)
        return false;
    for (const char *at = accept_encoding; *at != '\0';) {
        at += strspn(at, ", \t");
        size_t n = strcspn(at, ","), name_n = strcspn(at, ",; \t");
        int q = n == 0 ? 0 : weight(at + name_n, n - name_n);
        if (token_is(at, name_n, "gzip") || token_is(at, name_n, "x-gzip"))
            gzip = q > gzip ? q : gzip;
        else if (token_is(at, name_n, "identity"))
            identity = q;
        else if (token_is(at, name_n, "*"))
            any = q;
        at += n;
    }
    int q = gzip >= 0 ? gzip : any;
    return q > 0 && q >= identity;
}
