/* The options of tstrm evaluate. Knows the command line; refuses to act on it. Surprising: a count of 0
 * stands for "no limit" inside, so the command line refuses it. */
#ifndef SERVER_TOOL_EVALUATE_H
#define SERVER_TOOL_EVALUATE_H

#include "server/tool/report.h"

/* Rolling origins of a pool's series, unless asked otherwise. */
#define EVALUATE_WINDOWS 3

struct evaluate_options {
    struct report_terms terms;
    struct question question;
    size_t threads, windows;
    bool progress, by_step, help;
    const char *forecasts, *json; /* NULL = not written */
    char **files;
    size_t file_n;
};

int evaluate_options_parse(int argc, char **argv, struct evaluate_options *ret, struct tool_err *err);
void evaluate_print_help(FILE *to);

#endif
