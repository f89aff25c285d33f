/* Taking a name out of Host and Origin, and comparing. See browser.h. */
#include "server/http/browser.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Longest name in the DNS. */
#define NAME_MAX_BYTES 253

struct span {
    const char *at;
    size_t n;
};

static bool same(struct span a, struct span b)
{
    return a.n == b.n && strncasecmp(a.at, b.at, a.n) == 0;
}

static bool ends_in(struct span name, const char *word)
{
    size_t n = strlen(word);
    return name.n >= n && strncasecmp(name.at + name.n - n, word, n) == 0;
}

/* "name:port", "name." or "[v6]:port" without port, brackets and final dot. */
static struct span name_of(struct span authority)
{
    struct span name = authority;
    const char *close = name.n > 0 && name.at[0] == '[' ? memchr(name.at, ']', name.n) : NULL;
    if (close != NULL)
        return (struct span){name.at + 1, (size_t)(close - name.at) - 1};
    const char *colon = memchr(name.at, ':', name.n);
    if (colon != NULL)
        name.n = (size_t)(colon - name.at);
    if (name.n > 1 && name.at[name.n - 1] == '.')
        name.n--;
    return name;
}

static bool is_address(struct span name)
{
    char text[NAME_MAX_BYTES + 1];
    struct in6_addr ignored;
    if (name.n >= sizeof text)
        return false;
    memcpy(text, name.at, name.n);
    text[name.n] = '\0';
    return inet_pton(AF_INET, text, &ignored) == 1 || inet_pton(AF_INET6, text, &ignored) == 1;
}

static bool is_listed(struct span name, const char *names)
{
    while (*names != '\0') {
        struct span listed = {names, strcspn(names, ",")};
        names += listed.n + (names[listed.n] == ',');
        while (listed.n > 0 && listed.at[0] == ' ')
            listed.at++, listed.n--;
        while (listed.n > 0 && listed.at[listed.n - 1] == ' ')
            listed.n--;
        if (listed.n > 0 && (same(listed, name) || same(listed, (struct span){"*", 1})))
            return true;
    }
    return false;
}

/* What is not a name at all is nobody's: an empty Host is right where the target has no authority.
 */
static bool is_own(struct span name)
{
    return name.n == 0 || memchr(name.at, '.', name.n) == NULL || ends_in(name, ".localhost") ||
           is_address(name);
}

static struct span span_of(const char *text)
{
    return (struct span){text, text == NULL ? 0 : strlen(text)};
}

/* The authority of "scheme://authority"; "null" and what has no scheme have none. */
static struct span authority_of(const char *origin)
{
    const char *mark = strstr(origin, "://");
    return mark == NULL ? (struct span){"", 0} : span_of(mark + 3);
}

/* A browser that says where the page comes from knows best; an older one says only the page's
 * origin. */
static bool is_foreign_page(const struct browser_ask *ask, const char *names)
{
    if (ask->fetch_site != NULL)
        return strcmp(ask->fetch_site, "same-origin") != 0 &&
               strcmp(ask->fetch_site, "none") != 0 &&
               (ask->origin == NULL || !is_listed(name_of(authority_of(ask->origin)), names));
    if (ask->origin == NULL)
        return false;
    struct span origin = authority_of(ask->origin);
    if (origin.n == 0)
        return !is_listed((struct span){"", 0}, names);
    return !same(origin, span_of(ask->host)) && !is_listed(name_of(origin), names);
}

enum browser_verdict browser_judge(const struct browser_ask *ask, const struct browser_rules *rules)
{
    if (rules->own_names_only && ask->host != NULL) {
        struct span name = name_of(span_of(ask->host));
        if (!is_own(name) && !is_listed(name, rules->names))
            return BROWSER_FOREIGN_NAME;
    }
    return ask->changes && is_foreign_page(ask, rules->names) ? BROWSER_FOREIGN_PAGE : BROWSER_FINE;
}
