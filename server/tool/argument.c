/* Numbers from the command line. Knows strtoull and strtod. Surprising: a sign is refused before strtoull
 * sees it, which would turn -1 into the largest number there is. */
#include "server/tool/argument.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

int argument_count(const char *name, const char *text, size_t least, size_t most, size_t *ret,
                   struct tool_err *err)
{
    char *end = NULL;

    errno = 0;
    unsigned long long value = isdigit((unsigned char)text[0]) ? strtoull(text, &end, 10) : 0;
    if (!end || errno || *end || value < least || value > most)
        return tool_fail(err, "%s is not a whole number from %zu to %zu: %s", name, least, most, text);
    *ret = (size_t)value;
    return 0;
}

int argument_real(const char *name, const char *text, double least, double most, double *ret,
                  struct tool_err *err)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= least && value <= most))
        return tool_fail(err, "%s is not a number from %g to %g: %s", name, least, most, text);
    *ret = value;
    return 0;
}
