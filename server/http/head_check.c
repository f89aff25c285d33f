/* Sums of addresses. See head_check.h. */
#include "server/http/head_check.h"

#include <microhttpd.h>
#include <string.h>

/* Takes a part of n bytes that begins `from` to `to` bytes behind the one before. */
static void take_part(struct head_check *check, const char *part, size_t n, size_t from, size_t to)
{
    uintptr_t begin = (uintptr_t)part;
    if (begin < check->at + from || begin > check->at + to || begin + n > check->until)
        check->odd = true;
    else
        check->at = begin + n;
}

void head_check_begin(struct head_check *check, struct MHD_Connection *connection,
                      const struct request_line *line)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    uintptr_t from = (uintptr_t)line->method, url = (uintptr_t)line->url,
              version = (uintptr_t)line->version;
    *check = (struct head_check){.at = from};
    if (info == NULL)
        return;
    check->until = from + info->header_size;
    check->known = url > from && version > url && version < check->until;
    if (!check->known)
        return;
    take_part(check, line->method, strlen(line->method), 0, 0);
    take_part(check, line->url, line->target_n, 1, 1);
    take_part(check, line->version, strlen(line->version), 1, 1);
}

void head_check_header(struct head_check *check, const char *name, size_t name_n, const char *value,
                       size_t value_n)
{
    size_t line = check->until - check->at; /* blanks before a value may be many */
    take_part(check, name, name_n, 1, 2);
    if (value != NULL)
        take_part(check, value, value_n, 1, line);
}

bool head_check_end(const struct head_check *check)
{
    return !check->known || (!check->odd && check->until - check->at <= 4);
}
