/* A job as an answer. Knows how a job is shown and when a fit's answer is 200. */
#ifndef SERVER_HTTP_JOB_ANSWER_H
#define SERVER_HTTP_JOB_ANSWER_H

#include "server/http/request.h"

/* Answers with the job. unfinished: the status where it has not ended, with its Location; else 200. */
void answer_job(struct request *request, const char *job_id, unsigned unfinished);

#endif
