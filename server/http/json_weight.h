/* What a JSON body will weigh as a tree, told while it arrives. Knows which bytes open a value and roughly
 * what jansson allocates for each; refuses to know whether the text is valid. Surprising: a body of 16 MiB of
 * "{}," becomes a tree of more than a gigabyte, so it is not the bytes that must be bounded but this; and one
 * number of 16 million digits costs its reader a third of a second.
 *
 * Cost: 1 ns a byte. Any thread. */
#ifndef SERVER_HTTP_JSON_WEIGHT_H
#define SERVER_HTTP_JSON_WEIGHT_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A tree of one request; a million points as pairs fit. */
#define JSON_TREE_BYTES_MAX ((size_t)256 << 20)
/* Characters of one number; a double is told by 17 digits, and exactly by 767. */
#define JSON_NUMBER_MAX 1000

struct json_weight {
    size_t bytes;   /* of the tree so far */
    size_t digits;  /* of the number that may be going on */
    bool in_text, escaped;
};

/* weight: zeroed at the start. Returns 0, or -1 with ERR_TOO_LARGE or ERR_SYNTAX. */
__attribute__((warn_unused_result)) int json_weigh(struct json_weight *weight, const char *bytes, size_t n,
                                                   struct err *err);

#endif
