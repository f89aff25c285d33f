/* A request's body as jansson's tree, and its fields with errors that name their place. Knows types
 * and JSON pointers; refuses to know any document. Shared by the bodies that are small enough for a
 * tree. Surprising: pointers are built where the reading goes down, as a text that each level
 * extends.
 *
 * The loop's thread. Functions that may fail return 0, or -1 with *err and their outputs untouched.
 */
#ifndef SERVER_HTTP_SETTINGS_JSON_FIELD_H
#define SERVER_HTTP_SETTINGS_JSON_FIELD_H

#include "server/base/err.h"
#include "server/base/series.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Parses an object. ERR_SYNTAX (place "line N, column N"), ERR_INVALID (not an object),
 * ERR_NO_MEMORY. The caller owns *ret. */
__attribute__((warn_unused_result)) int json_body_parse(const char *body, size_t n, json_t **ret,
                                                        struct err *err);

/* A place in the body: the JSON pointer so far. */
struct json_place {
    char text[ERR_PLACE_MAX];
};
/* `parent` (NULL: the root) and a key, escaped, or an index. */
struct json_place json_place_key(const struct json_place *parent, const char *key);
struct json_place json_place_index(const struct json_place *parent, size_t index);

/* "WHAT IT IS, expected EXPECTED" at the place; returns -1. value NULL: "missing". */
int json_refuse(const json_t *value, const char *expected, const struct json_place *place,
                struct err *err);

/* Every key of the object is in the NULL-terminated list, else an error that lists them. parent may
 * be NULL. */
__attribute__((warn_unused_result)) int json_check_keys(json_t *object, const char *const *names,
                                                        const struct json_place *parent,
                                                        struct err *err);

/* One value each. */
__attribute__((warn_unused_result)) int json_take_int(const json_t *value, int64_t min, int64_t max,
                                                      const struct json_place *place, int64_t *ret,
                                                      struct err *err);
__attribute__((warn_unused_result)) int
json_take_bool(const json_t *value, const struct json_place *place, bool *ret, struct err *err);
/* A finite number within TRM_VALUE_MAX, or null, which gives NaN. */
__attribute__((warn_unused_result)) int
json_take_value(const json_t *value, const struct json_place *place, double *ret, struct err *err);
/* RFC 3339 text or whole epoch milliseconds. */
__attribute__((warn_unused_result)) int
json_take_time(const json_t *value, const struct json_place *place, int64_t *ret, struct err *err);

/* The fields of settings that PUT and POST /v1/forecast share: frequency, timezone, season, min, max,
 * integer, model. Whether there is such a time zone is for others to say. Those that the object has
 * go into settings; each sets its PATCH_ bit in *set. */
__attribute__((warn_unused_result)) int json_take_shape(json_t *object,
                                                        const struct json_place *parent,
                                                        struct series_settings *settings,
                                                        unsigned *set, struct err *err);

static inline void json_decref_cleanup(json_t **json)
{
    json_decref(*json);
}
#define JSON_OWNED __attribute__((cleanup(json_decref_cleanup))) json_t

#endif
