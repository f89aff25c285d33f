/* The history of one series of a stateless request. Private to stateless_json*.c. */
#ifndef SERVER_HTTP_STATELESS_JSON_VALUES_H
#define SERVER_HTTP_STATELESS_JSON_VALUES_H

#include "server/http/settings_json_field.h"
#include "server/http/stateless_json.h"

/* Reads "values" and "start", or "points" (whose frequency is inferred where item->settings has
 * none), of the object at `parent`; at most `room` values. Returns 0, or -1 with *err; what item
 * owns then is freed with the batch. */
__attribute__((warn_unused_result)) int
stateless_take_history(json_t *object, const struct json_place *parent, size_t room,
                       struct stateless_item *item, struct err *err);

#endif
