/* See handler_tools.h. */
#include "server/http/handler_tools.h"

#include "server/base/series.h"
#include "server/http/query.h"

#include <stdlib.h>
#include <string.h>

bool param_time_form(struct request *request, enum time_form *ret)
{
    const char *value = request_param(request, "time");
    struct err err;
    *ret = TIME_MS;
    if (value == NULL || query_time_form("time", value, ret, &err) == 0)
        return true;
    request_refuse(request, &err);
    return false;
}

bool param_series(struct request *request, const char **ret)
{
    const char *value = request_param(request, "series");
    struct err err;
    *ret = value;
    if (value == NULL || series_id_check(value, strlen(value), &err) == 0)
        return true;
    err_at(&err, "series");
    request_refuse(request, &err);
    return false;
}

bool param_limit(struct request *request, int64_t max, size_t standard, size_t *ret)
{
    const char *value = request_param(request, "limit");
    int64_t limit = (int64_t)standard;
    struct err err;
    if (value != NULL && query_int("limit", value, 1, max, &limit, &err) != 0) {
        request_refuse(request, &err);
        return false;
    }
    *ret = (size_t)limit;
    return true;
}

/* "application/x-ndjson" is asked for as "ndjson". */
static const char *format_name(unsigned media)
{
    return media == MEDIA_JSON ? "json" : media == MEDIA_CSV ? "csv" : "ndjson";
}

bool param_media(struct request *request, const unsigned *offered, size_t n, unsigned *ret)
{
    const char *format = request_param(request, "format");
    if (format == NULL) {
        *ret = media_by_accept(request->headers.accept, offered, n);
        request->by_accept = true;
        return true;
    }
    for (size_t i = 0; i < n; i++)
        if (strcmp(format, format_name(offered[i])) == 0) {
            *ret = offered[i];
            return true;
        }
    request_refuse_kind(request, PROBLEM_PARAMETER, "format", "format must be %s",
                        n == 2 ? "json or csv" : "json, csv or ndjson");
    return false;
}

bool param_range(struct request *request, int64_t *ret_start, int64_t *ret_end)
{
    const char *start = request_param(request, "start"), *end = request_param(request, "end");
    struct err err;
    *ret_start = TRM_TIME_MIN;
    *ret_end = TRM_TIME_MAX + 1;
    if ((start == NULL || query_time("start", start, ret_start, &err) == 0) &&
        (end == NULL || query_time("end", end, ret_end, &err) == 0))
        return true;
    request_refuse(request, &err);
    return false;
}

struct wait *wait_with(struct request *request, uint64_t deadline_ms, const void *data, size_t n)
{
    struct wait *wait = wait_new(request, deadline_ms);
    struct err err;
    if (wait == NULL)
        return NULL;
    wait->data = malloc(n);
    if (wait->data == NULL) {
        err_set(&err, ERR_NO_MEMORY, "out of memory");
        wait_fail(wait, &err);
        return NULL;
    }
    memcpy(wait->data, data, n);
    return wait;
}
