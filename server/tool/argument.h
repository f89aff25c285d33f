/* Values of options. Knows numbers and their ranges; refuses to know which subcommand asks. */
#ifndef SERVER_TOOL_ARGUMENT_H
#define SERVER_TOOL_ARGUMENT_H

#include "server/tool/tool.h"

#include <stddef.h>

/* A whole number from least to most. 0, or -1 with a message that names the option. */
int argument_count(const char *name, const char *text, size_t least, size_t most, size_t *ret,
                   struct tool_err *err);
/* A number from least to most. */
int argument_real(const char *name, const char *text, double least, double most, double *ret,
                  struct tool_err *err);

#endif
