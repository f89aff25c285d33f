/* Answers in the form of Prometheus' HTTP API. Knows its envelope, samples and error types; refuses
 * to know how answers come about. Surprising: numbers are texts there, and neighbouring samples
 * often have the same one, so the text of the last value is kept and not made again.
 *
 *     {"status":"success","data":…}     {"status":"error","errorType":"bad_data","error":"…"} */
#ifndef SERVER_HTTP_PROM_ANSWER_H
#define SERVER_HTTP_PROM_ANSWER_H

#include "server/http/json_writer.h"
#include "server/http/problem.h"
#include "server/http/prom_select.h"

#define PROM_BYTES_MAX ((size_t)64 << 20)

/* Opens the envelope up to the value of "data" … */
void prom_answer_begin(struct writer *writer);
/* … and closes it; warning may be NULL. */
void prom_answer_end(struct writer *writer, const char *warning);

/* {"a":"b",…} */
void prom_write_labels(struct writer *writer, const struct promql_label *labels, size_t n,
                       bool without_name);

/* The value of "data" for an evaluated query, {"resultType":…,"result":…}; instant: one time only.
 * At most limit rows; returns whether some were left out. */
bool prom_write_answer(struct writer *writer, const struct promql_answer *answer,
                       const struct promql_span *span, bool instant, size_t limit);
/* The same for a range selector that stands alone: samples as they are. */
bool prom_write_samples(struct writer *writer, const struct promql_selector *selector,
                        const struct prom_streams *streams, int64_t t, size_t limit);

/* An error, as routes.h wants it, and its status. */
void prom_write_problem(struct writer *writer, const struct problem *problem, const char *instance);
unsigned prom_problem_status(enum problem_kind kind);

#endif
