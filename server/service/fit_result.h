/* What a fit did, as the small JSON object that its job keeps. */
#ifndef SERVER_SERVICE_FIT_RESULT_H
#define SERVER_SERVICE_FIT_RESULT_H

#include "server/train/fit_task.h"

/* buf_n >= JOB_FIT_RESULT_MAX + 1 is always enough. */
void fit_result_write(const struct fit_task *task, uint64_t version, char *buf, size_t buf_n);

#endif
