/* The tool's errors. Knows printf; what went wrong is known where tool_fail is called. Surprising: a
 * message too long is cut, silently, since its beginning says what matters. */
#include "server/tool/tool.h"

#include <stdarg.h>
#include <stdio.h>

int tool_fail(struct tool_err *err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(err->msg, sizeof err->msg, format, args);
    va_end(args);
    return -1;
}
