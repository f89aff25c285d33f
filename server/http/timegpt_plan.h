/* Which forecasts a TimeGPT request comes down to. Private to timegpt*.c. */
#ifndef SERVER_HTTP_TIMEGPT_PLAN_H
#define SERVER_HTTP_TIMEGPT_PLAN_H

#include "server/http/timegpt.h"

/* Fills the request's windows and the batch's items, which point into batch->values (of request->first's
 * length). Returns 0, or -1 with ERR_TOO_SHORT (place: "/series/sizes/3"), ERR_INVALID, ERR_TOO_LARGE or
 * ERR_NO_MEMORY; what was filled by then is freed with both. */
TIMEGPT_MUST int timegpt_plan(struct timegpt_request *request, struct stateless_batch *batch,
                              struct err *err);

#endif
