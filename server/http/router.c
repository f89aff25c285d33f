/* Matching by comparing segments with every row: twenty rows cost less than one system call does, and
 * polled forecasts are answered before they come here. See router.h. */
#include "server/http/router.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
#define METHOD_NAME(symbol) #symbol,
    HTTP_METHOD_LIST(METHOD_NAME)
#undef METHOD_NAME
};
#define METHODS (sizeof names / sizeof *names)

enum http_method method_parse(const char *text)
{
    for (size_t i = 0; i < METHODS; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum http_method)i;
    return METHOD_OTHER;
}

const char *method_name(enum http_method method)
{
    return (size_t)method < METHODS ? names[method] : "other";
}

/* Whether segment fits the part of a template that begins at *part, which is moved behind it. */
static bool segment_fits(const char **part, const char *segment)
{
    size_t n = strcspn(*part, "/");
    bool fits = **part == '{' ? *segment != '\0'
                              : strncmp(*part, segment, n) == 0 && segment[n] == '\0';
    *part += n;
    return fits;
}

static bool path_fits(const char *path, const struct uri *uri)
{
    for (size_t i = 0; i < uri->segment_n; i++) {
        if (i == URI_SEGMENTS_MAX || *path != '/')
            return false;
        path++;
        if (!segment_fits(&path, uri->segment[i]))
            return false;
    }
    return *path == '\0';
}

static void allow_add(char *allow, const char *name)
{
    size_t n = strlen(allow);
    snprintf(allow + n, ROUTER_ALLOW_MAX - n, "%s%s", n == 0 ? "" : ", ", name);
}

const struct route *router_find(enum http_method method, const struct uri *uri,
                                char ret_allow[ROUTER_ALLOW_MAX])
{
    enum http_method wanted = method == METHOD_HEAD ? METHOD_GET : method;
    ret_allow[0] = '\0';
    for (size_t i = 0; i < routes_n; i++) {
        if (!path_fits(routes[i].path, uri))
            continue;
        if (routes[i].method == wanted)
            return &routes[i];
        allow_add(ret_allow, names[routes[i].method]);
        if (routes[i].method == METHOD_GET)
            allow_add(ret_allow, "HEAD");
    }
    if (ret_allow[0] != '\0')
        allow_add(ret_allow, "OPTIONS");
    return NULL;
}

/* Whether the row's list names the parameter; *ret_repeated: with a star. */
static bool row_takes(const char *params, const char *name, bool *ret_repeated)
{
    size_t name_n = strlen(name);
    for (const char *at = params; *at != '\0';) {
        size_t n = strcspn(at, " ");
        bool star = n > 0 && at[n - 1] == '*';
        if (n - star == name_n && memcmp(at, name, name_n) == 0) {
            *ret_repeated = star;
            return true;
        }
        at += n + strspn(at + n, " ");
    }
    return false;
}

static bool came_before(const struct uri *uri, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(uri->param[i].name, uri->param[index].name) == 0)
            return true;
    return false;
}

/* The row's list without its stars. */
static void name_params(const char *params, char *text, size_t n)
{
    size_t used = 0;
    for (const char *at = params; *at != '\0' && used + 1 < n; at++)
        if (*at != '*')
            text[used++] = *at;
    text[used] = '\0';
}

static int unknown_param(const struct route *route, const char *name, struct err *err)
{
    char known[160];
    name_params(route->params, known, sizeof known);
    err_set(err, ERR_INVALID, "unknown query parameter \"%.64s\"; %s%s", name,
            known[0] == '\0' ? "this takes none" : "known here: ", known);
    return err_at(err, "%.64s", name);
}

int router_check_params(const struct route *route, const struct uri *uri, struct err *err)
{
    for (size_t i = 0; i < uri->param_n; i++) {
        const char *name = uri->param[i].name;
        bool repeated = false;
        if (!row_takes(route->params, name, &repeated))
            return unknown_param(route, name, err);
        if (!repeated && came_before(uri, i)) {
            err_set(err, ERR_INVALID, "query parameter \"%.64s\" is given more than once", name);
            return err_at(err, "%.64s", name);
        }
    }
    return 0;
}

/* Whether the template's part is {name}. */
static bool part_is(const char *part, const char *name)
{
    size_t n = strlen(name);
    return part[0] == '{' && strncmp(part + 1, name, n) == 0 && part[1 + n] == '}';
}

const char *router_part(const struct route *route, const struct uri *uri, const char *name)
{
    const char *part = route->path;
    for (size_t i = 0; i < uri->segment_n && i < URI_SEGMENTS_MAX && *part == '/'; i++) {
        part++;
        if (part_is(part, name))
            return uri->segment[i];
        part += strcspn(part, "/");
    }
    return NULL;
}
