/* Filling and passing on errors. Knows how to cut text that is too long (never inside a UTF-8
 * character); refuses to print. Surprising: a message may be wrapped by its own text, so wrapping
 * builds the new message beside the old one. */
#include "server/base/err.h"

#include "server/base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* vsnprintf, cut at a character's border where it must be cut. */
__attribute__((format(printf, 3, 0))) static void write_text(char *buf, size_t buf_n,
                                                             const char *format, va_list args)
{
    int wanted = vsnprintf(buf, buf_n, format, args);

    if (wanted < 0)
        buf[0] = '\0';
    else if ((size_t)wanted >= buf_n)
        buf[utf8_cut(buf, buf_n - 1)] = '\0';
}

int err_set(struct err *err, enum err_code code, const char *format, ...)
{
    char msg[ERR_MSG_MAX];
    va_list args;

    va_start(args, format);
    write_text(msg, sizeof msg, format, args);
    va_end(args);
    err->code = code;
    memcpy(err->msg, msg, sizeof msg);
    err->place[0] = '\0';
    err->item = -1;
    return -1;
}

int err_at(struct err *err, const char *format, ...)
{
    char place[ERR_PLACE_MAX];
    va_list args;

    va_start(args, format);
    write_text(place, sizeof place, format, args);
    va_end(args);
    memcpy(err->place, place, sizeof place);
    return -1;
}

int err_item(struct err *err, size_t index)
{
    err->item = (long)index;
    return -1;
}

int err_wrap(struct err *err, const char *format, ...)
{
    char msg[ERR_MSG_MAX];
    va_list args;

    va_start(args, format);
    write_text(msg, sizeof msg, format, args);
    va_end(args);

    size_t prefix_n = strlen(msg);
    int wanted = snprintf(msg + prefix_n, sizeof msg - prefix_n, ": %s", err->msg);
    if (wanted < 0 || (size_t)wanted >= sizeof msg - prefix_n)
        msg[utf8_cut(msg, sizeof msg - 1)] = '\0';
    memcpy(err->msg, msg, sizeof msg);
    return -1;
}

static enum err_code code_of_status(enum trm_status status)
{
    switch (status) {
    case TRM_EINVAL:
    case TRM_EOFFGRID:
    case TRM_ERANGE:
        return ERR_INVALID;
    case TRM_ESHORT:
    case TRM_EMISSING:
        return ERR_TOO_SHORT;
    case TRM_ENOMEM:
        return ERR_NO_MEMORY;
    case TRM_ECORRUPT:
    case TRM_EVERSION:
        return ERR_STORAGE;
    case TRM_EDIVERGED:
    case TRM_OK:
    case TRM_MORE:
        break;
    }
    return ERR_INTERNAL;
}

int err_from_status(struct err *err, enum trm_status status)
{
    return err_set(err, code_of_status(status), "%s", trm_status_text(status));
}

const char *err_code_name(enum err_code code)
{
    switch (code) {
    case ERR_NONE:
        return "none";
    case ERR_SYNTAX:
        return "syntax";
    case ERR_INVALID:
        return "invalid";
    case ERR_NOT_FOUND:
        return "not_found";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_TOO_SHORT:
        return "too_short";
    case ERR_TOO_LARGE:
        return "too_large";
    case ERR_BUSY:
        return "busy";
    case ERR_UNAVAILABLE:
        return "unavailable";
    case ERR_NO_SPACE:
        return "no_space";
    case ERR_NO_MEMORY:
        return "no_memory";
    case ERR_CANCELLED:
        return "cancelled";
    case ERR_STORAGE:
        return "storage";
    case ERR_INTERNAL:
        break;
    }
    return "internal";
}
