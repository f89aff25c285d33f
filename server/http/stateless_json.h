/* POST /v1/forecast in JSON. Knows the body's fields and the answer's shape; refuses to know how a
 * forecast is computed and which HTTP status an error has. Surprising: an answer is a 200 even
 * where an entry failed: that entry carries its own problem, the others stand.
 *
 * Parsing and writing: any thread. */
#ifndef SERVER_HTTP_STATELESS_JSON_H
#define SERVER_HTTP_STATELESS_JSON_H

#include "server/base/zones.h"
#include "server/http/query.h"
#include "server/service/service.h"

#define STATELESS_MUST __attribute__((warn_unused_result))

#define STATELESS_SERIES_MAX 1000
#define STATELESS_VALUES_MAX 1000000 /* over all series */
#define STATELESS_ANSWER_MAX ((size_t)256 << 20)

/* {"horizon":48,"levels":[80,95],"quantiles":[0.1,…],"trace":false,"series":[{"id","frequency",
 * "timezone","season","values":[…] and "start", or "points":[[t,v],…] on the grid, "min","max","integer",
 * "model","fit"}]}.
 * The
 * batch points into zones, which outlive it.
 * Returns 0; the caller owns *ret (stateless_batch_free) and keeps *ret_params for the answer. Or
 * -1 with ERR_SYNTAX, ERR_INVALID (place: a JSON pointer), ERR_TOO_LARGE or ERR_NO_MEMORY, outputs
 * untouched. */
STATELESS_MUST int stateless_json_parse(const char *body, size_t n, struct zones *zones,
                                        struct stateless_batch **ret,
                                        struct forecast_params *ret_params, struct err *err);

/* {"forecasts":[…]} in the request's order. problem writes the JSON object of an item's error; its
 * place is a pointer into the request's body. The text is malloc, the caller's. */
STATELESS_MUST int
stateless_json_write(const struct stateless_batch *batch, const struct forecast_params *params,
                     void (*problem)(struct writer *writer, const struct err *err), char **ret,
                     size_t *ret_n, struct err *err);

#endif
