/* A request target from its bytes to a row of the table: the path and the query against a plain
 * decoder, every method against the router, and the same query as a form of Prometheus' clients. */
#include "server/http/prom_params.h"
#include "server/http/router.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Decodes text[n] the plain way. False: a bad escape or a zero byte. */
static bool plain(const char *text, size_t n, bool plus, char *ret)
{
    for (size_t i = 0; i < n; i++) {
        char digits[3] = {0};
        *ret = plus && text[i] == '+' ? ' ' : text[i];
        if (text[i] == '%') {
            if (n - i < 3 || !isxdigit((unsigned char)text[i + 1]) ||
                !isxdigit((unsigned char)text[i + 2]))
                return false;
            memcpy(digits, text + i + 1, 2);
            *ret = (char)strtol(digits, NULL, 16);
            i += 2;
        }
        if (*ret++ == '\0')
            return false;
    }
    *ret = '\0';
    return true;
}

static void check_segments(const char *text, const struct uri *uri)
{
    size_t n = strcspn(text, "?#"), seen = 0;
    char *piece = malloc(n + 1);
    FUZZ_REQUIRE(piece != NULL);
    for (size_t at = 1; at <= n && seen < URI_SEGMENTS_MAX; seen++) {
        const char *slash = memchr(text + at, '/', n - at);
        size_t end = slash == NULL ? n : (size_t)(slash - text);
        FUZZ_REQUIRE(plain(text + at, end - at, false, piece));
        FUZZ_REQUIRE(seen < uri->segment_n && strcmp(uri->segment[seen], piece) == 0);
        at = end + 1;
    }
    free(piece);
}

static void check_routes(const struct uri *uri)
{
    for (int method = METHOD_GET; method <= METHOD_OTHER; method++) {
        char allow[ROUTER_ALLOW_MAX];
        struct err err = {.code = ERR_NONE};
        const struct route *route = router_find((enum http_method)method, uri, allow);
        FUZZ_REQUIRE(strnlen(allow, sizeof allow) < sizeof allow || route != NULL);
        if (route == NULL)
            continue;
        const char *id = router_part(route, uri, "id");
        FUZZ_REQUIRE(id == NULL || *id != '\0');
        if (router_check_params(route, uri, &err) != 0)
            FUZZ_REQUIRE(err.code == ERR_INVALID && err.msg[0] != '\0');
    }
}

static void check_form(const char *query)
{
    struct prom_params params;
    struct err err = {.code = ERR_NONE};
    if (prom_params_parse(query, NULL, &params, &err) != 0) {
        FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
        return;
    }
    FUZZ_REQUIRE(params.n <= PROM_PARAMS_MAX);
    for (size_t i = 0; i < params.n; i++) {
        int64_t t = 77;
        size_t limit;
        FUZZ_REQUIRE(prom_param(&params, params.at[i].name) != NULL);
        if (prom_param_time(&params, params.at[i].name, &t, &err) != 0 ||
            prom_param_duration(&params, params.at[i].name, &t, &err) != 0)
            FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
        (void)!prom_param_limit(&params, &limit, &err);
    }
    prom_params_done(&params);
}

static void check_target(const char *text)
{
    struct uri uri;
    struct err err = {.code = ERR_NONE};
    char *query = NULL, *copy = strdup(text);
    FUZZ_REQUIRE(copy != NULL);
    if (uri_parse_path(copy, &uri, &query, &err) != 0) {
        FUZZ_REQUIRE(err.code == ERR_SYNTAX && err.msg[0] != '\0');
        free(copy);
        return;
    }
    if (text[0] == '/')
        check_segments(text, &uri);
    bool good = uri_parse_query(query, &uri, &err) == 0;
    FUZZ_REQUIRE(uri.param_n <= URI_PARAMS_MAX && (good || err.msg[0] != '\0'));
    if (!uri.asterisk)
        check_routes(&uri);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *text = malloc(n + 1);
    FUZZ_REQUIRE(text != NULL);
    memcpy(text, bytes, n);
    text[n] = '\0';
    check_target(text);
    const char *query = strchr(text, '?');
    check_form(query == NULL ? text : query + 1);
    free(text);
    return 0;
}
