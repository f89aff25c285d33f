/* What a fit did, as the small JSON object that its job keeps. */
#ifndef SERVER_SERVICE_FIT_RESULT_H
#define SERVER_SERVICE_FIT_RESULT_H

#include "server/train/fit_task.h"

/* What becomes of a fit; in all but the first case it forecasts what was held out worse than the model that
 * answers. */
enum fit_verdict { FIT_PUBLISHED, FIT_NOT_PUBLISHED, FIT_PUBLISHED_AS_ASKED, FIT_PUBLISHED_AT_LAST };

/* version: of the model that answers from here on. buf_n >= JOB_FIT_RESULT_MAX + 1 is always enough. */
void fit_result_write(const struct fit_task *task, uint64_t version, enum fit_verdict verdict, char *buf,
                      size_t buf_n);

#endif
