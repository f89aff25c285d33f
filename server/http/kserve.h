/* KServe's time series forecast API ("TimeSeries LLM Forecast API" of its documentation, and the types of its
 * Python server). Knows the shapes of request and answer; refuses to know how a forecast is computed.
 * Surprising: the variables of a multivariate series are forecast each by itself; and "mean_forecast" is the
 * median, the only point forecast here. Unknown fields are allowed there, so they are here.
 *
 * Parsing and writing: any thread. */
#ifndef SERVER_HTTP_KSERVE_H
#define SERVER_HTTP_KSERVE_H

#include "server/http/problem.h"
#include "server/service/service.h"

#define KSERVE_MUST __attribute__((warn_unused_result))
#define KSERVE_MODEL "tstrm"

struct kserve_request;
void kserve_request_free(struct kserve_request *request);

/* {"model","inputs":[{"type","name","series","frequency","start_timestamp"}],"options":{"horizon",
 * "quantiles"}}, within the limits of stateless_json.h (a variable of a multivariate series counts as a
 * series). Returns 0; the caller owns both. Or -1 with ERR_SYNTAX, ERR_INVALID (place: a JSON pointer),
 * ERR_TOO_LARGE or ERR_NO_MEMORY, outputs untouched. */
KSERVE_MUST int kserve_parse(const char *body, size_t n, struct kserve_request **ret,
                             struct stateless_batch **ret_batch, struct err *err);

/* The answer, once the batch has come back. id makes its ids; now_ms is when it was created. An input that
 * failed carries its error, the others stand. -1 with ERR_NO_MEMORY or ERR_TOO_LARGE. */
KSERVE_MUST int kserve_write(const struct kserve_request *request, const struct stateless_batch *batch,
                             uint64_t id, int64_t now_ms, char **ret, size_t *ret_n, struct err *err);

/* A problem as {"error":{"code","message","param","type"}}. */
void kserve_write_problem(struct writer *writer, const struct problem *problem, const char *instance);

#endif
