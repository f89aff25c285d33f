/* Problems: the table, the switch, the JSON. See problem.h. */
#include "server/http/problem.h"

#include <string.h>

const struct problem_info problem_infos[PROBLEMS] = {
#define PROBLEM_INFO(symbol, status, name, title, retry) {status, name, title, retry},
    PROBLEM_LIST(PROBLEM_INFO)
#undef PROBLEM_INFO
};

/* A pointer ("/points/3"), "line 7" and "byte 12" lie in a body; the empty place may, too. */
static bool place_is_parameter(const char *place)
{
    return *place != '\0' && *place != '/' && strchr(place, ' ') == NULL;
}

enum problem_kind problem_kind_of(const struct err *err)
{
    switch (err->code) {
    case ERR_SYNTAX:
        return PROBLEM_SYNTAX;
    case ERR_INVALID:
        return place_is_parameter(err->place) ? PROBLEM_PARAMETER : PROBLEM_INVALID;
    case ERR_NOT_FOUND:
        return PROBLEM_NOT_FOUND;
    case ERR_CONFLICT:
        return PROBLEM_CONFLICT;
    case ERR_TOO_SHORT:
        return PROBLEM_TOO_SHORT;
    case ERR_TOO_LARGE:
        return PROBLEM_TOO_LARGE;
    case ERR_BUSY:
        return PROBLEM_BUSY;
    case ERR_UNAVAILABLE:
        return PROBLEM_UNAVAILABLE;
    case ERR_NO_SPACE:
        return PROBLEM_NO_SPACE;
    case ERR_NO_MEMORY:
        return PROBLEM_NO_MEMORY;
    case ERR_CANCELLED:
        return PROBLEM_CANCELLED;
    case ERR_STORAGE:
        return PROBLEM_STORAGE;
    case ERR_NONE:
    case ERR_INTERNAL:
        break;
    }
    return PROBLEM_INTERNAL;
}

static void write_type(struct writer *writer, const char *name)
{
    char type[64] = "/problems/";
    strncat(type, name, sizeof type - strlen(type) - 1);
    writer_key(writer, "type");
    writer_string(writer, type);
}

static void write_place(struct writer *writer, const struct err *err)
{
    writer_key(writer, "errors");
    writer_open(writer, '[');
    writer_open(writer, '{');
    writer_key(writer, "pointer");
    writer_string(writer, err->place);
    writer_key(writer, "detail");
    writer_string(writer, err->msg);
    writer_close(writer, '}');
    writer_close(writer, ']');
}

void problem_write(struct writer *writer, const struct problem *problem, const char *instance)
{
    const struct problem_info *info = &problem_infos[problem->kind];
    writer_open(writer, '{');
    write_type(writer, info->name);
    writer_key(writer, "title");
    writer_string(writer, info->title);
    writer_key(writer, "status");
    writer_int(writer, info->status);
    writer_key(writer, "detail");
    writer_string(writer, problem->err.msg);
    writer_key(writer, "instance");
    writer_string(writer, instance);
    if (problem->err.place[0] != '\0')
        write_place(writer, &problem->err);
    writer_close(writer, '}');
}

void problem_write_entry(struct writer *writer, const struct err *err)
{
    struct problem problem = {.kind = problem_kind_of(err), .err = *err};
    problem_write(writer, &problem, "/v1/forecast");
}
