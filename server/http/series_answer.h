/* A series as an answer. Knows how a series is shown. */
#ifndef SERVER_HTTP_SERIES_ANSWER_H
#define SERVER_HTTP_SERIES_ANSWER_H

#include "server/http/request.h"

/* Answers with the request's series, or refuses where it is not there. */
void answer_series(struct request *request, unsigned status);

#endif
