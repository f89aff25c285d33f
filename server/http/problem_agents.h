/* Errors in the forms that other systems' agents read. Knows what their clients make of an answer that
 * refuses them; refuses to know why. For the column write_problem of the routes: whatever refuses a request
 * on its way there (a limit, an unknown parameter, a full queue) is told in it. */
#ifndef SERVER_HTTP_PROBLEM_AGENTS_H
#define SERVER_HTTP_PROBLEM_AGENTS_H

#include "server/http/problem.h"

/* What these protocols have instead of 422: 400. */
unsigned agents_problem_status(enum problem_kind kind);

/* A line of text: what remote write's senders put into their log. */
void text_write_problem(struct writer *writer, const struct problem *problem, const char *instance);
/* InfluxDB v1: {"error":"…"} */
void influx_1_write_problem(struct writer *writer, const struct problem *problem, const char *instance);
/* InfluxDB v2: {"code":"invalid","message":"…","line":7}; line where the place is one. */
void influx_2_write_problem(struct writer *writer, const struct problem *problem, const char *instance);

#endif
