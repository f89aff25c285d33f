/* A long list of numbers taken out of a JSON body before it becomes a tree. Knows just enough of JSON to find
 * one list by its two keys; refuses to know whether the rest is valid, which is the tree's parser's to say.
 * Surprising: it writes into the body: the list is left there as an empty one, so that positions which the
 * tree's parser names behind it are off. A tree costs some 50 bytes and eight times the time for each number.
 *
 * Any thread. */
#ifndef SERVER_HTTP_JSON_LIFT_H
#define SERVER_HTTP_JSON_LIFT_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct json_lifted {
    double *values; /* malloc, the caller's; NaN where null stood; NULL when n is 0 */
    size_t n;
    bool found;     /* false: there is no such list, and the body is as it was */
};

/* Takes {outer: {inner: [number or null, …]}} out of body[*n], which must hold the root's keys without
 * escapes; then *n is what is left. At most max values, each within TRM_VALUE_MAX. Returns 0, or -1 with
 * ERR_INVALID (place "/outer/inner/17"), ERR_SYNTAX (the list does not end), ERR_TOO_LARGE or ERR_NO_MEMORY;
 * the body and *ret are then untouched. */
__attribute__((warn_unused_result)) int json_lift(char *body, size_t *n, const char *outer,
                                                  const char *inner, size_t max,
                                                  struct json_lifted *ret, struct err *err);

#endif
