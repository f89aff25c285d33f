/* A forecast as the bytes of an answer. Knows the shapes of JSON and CSV; refuses to know where the
 * forecast came from and how long its bytes are kept. Surprising: no JSON library: the bytes are
 * written once per (revision, model, parameters) and sent many times, and writing them directly is
 * twenty times cheaper than building a tree first.
 *
 * Numbers have 9 significant digits. Any thread. */
#ifndef SERVER_HTTP_FORECAST_WRITER_H
#define SERVER_HTTP_FORECAST_WRITER_H

#include "server/http/json_writer.h"
#include "server/http/query.h"
#include "server/service/service.h"

/* Longest answer of one forecast, in bytes (1,024 steps, 32 levels and a trace fit four times
 * over). */
#define FORECAST_BYTES_MAX ((size_t)8 << 20)

/* {"series":…,"timestamps":[…],"median":[…],"quantiles":{"0.1":[…]},"intervals":{"80":…},…}.
 * params: the ones that `answer` was computed for (every level of theirs is among its levels; one
 * that is not is left out). Returns 0, or -1 with *err (out of memory), outputs untouched. The text
 * is malloc, the caller's. */
__attribute__((warn_unused_result)) int forecast_write_json(const struct forecast_answer *answer,
                                                            const struct forecast_params *params,
                                                            char **ret, size_t *ret_n,
                                                            struct err *err);

/* Header "timestamp,median,q0.1,…,lo-80,hi-80,…", then one step a line ("step" counted from 1
 * instead of the timestamp where the answer has no times). */
__attribute__((warn_unused_result)) int forecast_write_csv(const struct forecast_answer *answer,
                                                           const struct forecast_params *params,
                                                           char **ret, size_t *ret_n,
                                                           struct err *err);

/* The JSON object as one value of a larger text. */
void forecast_write(struct writer *writer, const struct forecast_answer *answer,
                    const struct forecast_params *params);

/* The quantile at `level` [horizon], or NULL where it was not computed. */
const double *forecast_quantile(const struct forecast_answer *answer, double level);

/* The bounds of an interval in percent, [horizon] each; false where they were not computed. */
bool forecast_interval(const struct forecast_answer *answer, double percent, const double **ret_lower,
                       const double **ret_upper);

/* The fields "skill" and "coverage" of an open object: what came of what was said, while that is little what
 * the backtest said of the model, or null for both without one; each may be NULL. A series is shown with the
 * same two. */
void forecast_write_scores(struct writer *writer, const struct trm_model_info *model,
                           const struct trm_tally *record);

#endif
