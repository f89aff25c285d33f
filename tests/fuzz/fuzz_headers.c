/* What requests say in headers: types, codings, tags, preferences, trace contexts, and the
 * frequencies that other systems' clients name. The first line is the header's value, the second
 * the tag that it is compared with. */
#include "server/http/alias.h"
#include "server/http/browser.h"
#include "server/http/coding.h"
#include "server/http/headers.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_media(const char *text)
{
    static const unsigned offered[] = {MEDIA_JSON, MEDIA_CSV};
    unsigned media = media_of_content_type(text), answer = media_by_accept(text, offered, 2);
    FUZZ_REQUIRE((media & (media - 1)) == 0);
    FUZZ_REQUIRE(answer == MEDIA_JSON || answer == MEDIA_CSV);
    if (answer == MEDIA_CSV) /* never but for somebody who named it */
        FUZZ_REQUIRE(strcasestr(text, "csv") != NULL || strcasestr(text, "text/*") != NULL ||
                     strstr(text, "*/*") != NULL);
}

static void check_codings(const char *text)
{
    enum coding coding = CODING_ZSTD;
    if (coding_of_content(text, &coding))
        FUZZ_REQUIRE(coding == CODING_IDENTITY || strcasestr(text, coding_name(coding)) != NULL);
    if (coding_wants_gzip(text))
        FUZZ_REQUIRE(strcasestr(text, "gzip") != NULL || strchr(text, '*') != NULL);
}

/* The form of RFC 9110 for one tag; lists of them are the parser's. */
static void check_tags(const char *text, const char *tag)
{
    char quoted[300];
    size_t n = strlen(tag);
    if (n + 3 > sizeof quoted || strchr(tag, '"') != NULL)
        return;
    quoted[0] = quoted[n + 1] = '"';
    memcpy(quoted + 1, tag, n);
    quoted[n + 2] = '\0';
    FUZZ_REQUIRE(etag_matches(quoted, quoted));
    if (etag_matches(text, quoted))
        FUZZ_REQUIRE(strstr(text, quoted) != NULL || strchr(text, '*') != NULL);
}

static bool hex(const char *text, size_t n)
{
    return strspn(text, "0123456789abcdef") >= n && strspn(text, "0") < n;
}

/* W3C Trace Context, version 00. */
static bool plain_trace(const char *text)
{
    return strlen(text) == 55 && strncmp(text, "00-", 3) == 0 && hex(text + 3, 32) &&
           text[35] == '-' && hex(text + 36, 16) && text[52] == '-' &&
           strspn(text + 53, "0123456789abcdef") == 2;
}

static void check_aliases(const char *text)
{
    struct alias alias = {.season = 77};
    struct trm_freq freq = {.ms = 77};
    if (alias_of_pandas(text, &alias))
        FUZZ_REQUIRE((alias.freq.ms > 0) != (alias.freq.months > 0));
    else
        FUZZ_REQUIRE(alias.season == 77);
    FUZZ_REQUIRE(alias_of_kserve(text, &freq) ? (freq.ms > 0) != (freq.months > 0) : freq.ms == 77);
}

/* Text as the headers by which browsers say for whom they ask: what only reads is never a foreign
 * page's, and where names do not count there is no foreign name. */
static void check_browser(const char *text, const char *other)
{
    for (int i = 0; i < 8; i++) {
        const struct browser_ask ask = {(i & 1) != 0, text, i & 2 ? other : text,
                                        i & 2 ? text : other};
        const struct browser_rules rules = {(i & 4) != 0, other};
        enum browser_verdict verdict = browser_judge(&ask, &rules);
        FUZZ_REQUIRE(verdict != BROWSER_FOREIGN_NAME || rules.own_names_only);
        FUZZ_REQUIRE(verdict != BROWSER_FOREIGN_PAGE || ask.changes);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = malloc(n + 1), *tag;
    FUZZ_REQUIRE(text != NULL);
    memcpy(text, bytes, n);
    text[n] = '\0';
    tag = strchr(text, '\n');
    if (tag != NULL)
        *tag++ = '\0';
    check_media(text);
    check_codings(text);
    check_tags(text, tag == NULL ? "" : tag);
    FUZZ_REQUIRE(prefer_wait_s(text) == 0 || strcasestr(text, "wait") != NULL);
    FUZZ_REQUIRE(prefer_wait_s(text) <= 999999);
    FUZZ_REQUIRE(traceparent_valid(text) == plain_trace(text));
    check_aliases(text);
    check_browser(text, tag == NULL ? "" : tag);
    free(text);
    return 0;
}
