/* Errors as values. Knows kinds of failure and where in the input they lie; refuses to know HTTP
 * (server/http maps kinds to statuses in one switch). Surprising: an error carries one place in the
 * client's body (a JSON pointer or "line 7"), so that the deepest parser can name it and nobody above
 * has to. */
#ifndef SERVER_ERR_H
#define SERVER_ERR_H

#include "core/status.h"

#include <stddef.h>

#define ERR_MSG_MAX 320
#define ERR_PLACE_MAX 160

enum err_code {
    ERR_NONE,
    ERR_SYNTAX,      /* the bytes are not what the content type promises */
    ERR_INVALID,     /* well-formed, but a value is wrong */
    ERR_NOT_FOUND,
    ERR_CONFLICT,    /* the state of the thing forbids it */
    ERR_TOO_SHORT,   /* not enough history */
    ERR_TOO_LARGE,   /* body, count or length over a limit */
    ERR_BUSY,        /* a queue is full: try again later */
    ERR_UNAVAILABLE, /* starting, stopping, or the store cannot write: try again later */
    ERR_NO_SPACE,    /* the disk is full */
    ERR_NO_MEMORY,
    ERR_CANCELLED,
    ERR_STORAGE,     /* the store failed or its data is damaged */
    ERR_INTERNAL,
};

struct err {
    enum err_code code;
    char msg[ERR_MSG_MAX];     /* what, and what would be right; no full stop at the end */
    char place[ERR_PLACE_MAX]; /* "/points/3/0", "line 7", "horizon" (a query parameter), or "" */
    long item; /* index of the offending item in a list whose text form the raiser does not know (a
                * point); -1 for none. Whoever parsed the list turns it into a place. */
};

/* Fills *err (place emptied, item -1) and returns -1, so that a function may end `return err_set(...)`.
 * Text too long is cut. err must not be NULL. */
__attribute__((format(printf, 3, 4))) int err_set(struct err *err, enum err_code code,
                                                  const char *format, ...);

/* Sets the place of an error already set; returns -1. */
__attribute__((format(printf, 2, 3))) int err_at(struct err *err, const char *format, ...);

/* Sets the item of an error already set; returns -1. */
int err_item(struct err *err, size_t index);

/* Puts "prefix: " before the message; returns -1. */
__attribute__((format(printf, 2, 3))) int err_wrap(struct err *err, const char *format, ...);

/* The error of a core status other than TRM_OK and TRM_MORE, with core's words; returns -1. */
int err_from_status(struct err *err, enum trm_status status);

/* "invalid", "not_found", … : stable, for logs and counters. */
const char *err_code_name(enum err_code code);

#endif
