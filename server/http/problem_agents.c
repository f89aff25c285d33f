/* See problem_agents.h. Sources: the remote write specifications (a text for people), docs.influxdata.com,
 * "InfluxDB API", errors of the write endpoints of v1 and v2. */
#include "server/http/problem_agents.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX (ERR_PLACE_MAX + ERR_MSG_MAX + 4)

unsigned agents_problem_status(enum problem_kind kind)
{
    unsigned status = problem_infos[kind].status;
    return status == 422 ? 400 : status;
}

/* "line 7, column 3: what" */
static void message(const struct err *err, char text[MESSAGE_MAX])
{
    text[0] = '\0';
    if (err->place[0] != '\0') {
        strcat(text, err->place);
        strcat(text, ": ");
    }
    strcat(text, err->msg);
}

void text_write_problem(struct writer *writer, const struct problem *problem, const char *instance)
{
    char text[MESSAGE_MAX];
    (void)instance;
    message(&problem->err, text);
    writer_text(writer, text);
    writer_text(writer, "\n");
}

void influx_1_write_problem(struct writer *writer, const struct problem *problem, const char *instance)
{
    char text[MESSAGE_MAX];
    (void)instance;
    message(&problem->err, text);
    writer_open(writer, '{');
    writer_key(writer, "error");
    writer_string(writer, text);
    writer_close(writer, '}');
}

/* v2's word for a kind. */
static const char *code_of(enum problem_kind kind)
{
    switch (kind) {
    case PROBLEM_UNAUTHORIZED:
        return "unauthorized";
    case PROBLEM_FORBIDDEN:
        return "forbidden";
    case PROBLEM_NOT_FOUND:
        return "not found";
    case PROBLEM_METHOD:
        return "method not allowed";
    case PROBLEM_CONFLICT:
    case PROBLEM_CANCELLED:
        return "conflict";
    case PROBLEM_TOO_LARGE:
    case PROBLEM_TARGET:
        return "request too large";
    case PROBLEM_MEDIA:
    case PROBLEM_CODING:
        return "unsupported media type";
    case PROBLEM_FOREIGN_PAGE:
        return "forbidden";
    case PROBLEM_BUSY:
        return "too many requests";
    case PROBLEM_UNAVAILABLE:
    case PROBLEM_NO_MEMORY:
        return "unavailable";
    case PROBLEM_INTERNAL:
    case PROBLEM_STORAGE:
    case PROBLEM_NO_SPACE:
        return "internal error";
    default:
        return "invalid";
    }
}

void influx_2_write_problem(struct writer *writer, const struct problem *problem, const char *instance)
{
    char text[MESSAGE_MAX];
    (void)instance;
    message(&problem->err, text);
    writer_open(writer, '{');
    writer_key(writer, "code");
    writer_string(writer, code_of(problem->kind));
    writer_key(writer, "message");
    writer_string(writer, text);
    if (strncmp(problem->err.place, "line ", 5) == 0) {
        writer_key(writer, "line");
        writer_int(writer, strtoll(problem->err.place + 5, NULL, 10));
    }
    writer_close(writer, '}');
}
