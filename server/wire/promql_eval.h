/* A query's answer from series that somebody has gathered. Knows look-back, ranges, comparison and
 * the limits of Prometheus; refuses to know where samples come from. Surprising: each series brings
 * its own look-back (its interval), so that an hourly series shows no gaps at a step of a minute,
 * as a scraped one does not.
 *
 * A sample holds for its look-back: at time t the newest one in (t - lookback, t] counts, lookback
 * being the query's or the series' own interval, whichever is longer. A range takes the samples in
 * (t - range, t]. Samples may lie in the future. Any thread. */
#ifndef SERVER_WIRE_PROMQL_EVAL_H
#define SERVER_WIRE_PROMQL_EVAL_H

#include "server/wire/promql.h"

#define PROMQL_POINTS_MAX 11000 /* points of one series in an answer; Prometheus' limit */
#define PROMQL_CELLS_MAX ((size_t)1000000) /* points of all series in an answer */
#define PROMQL_LOOKBACK_MS INT64_C(300000) /* the usual look-back */

struct promql_sample {
    int64_t t; /* UTC ms */
    double v;
};

struct promql_series {
    const struct promql_label *labels; /* sorted by name, __name__ among them */
    size_t label_n;
    const struct promql_sample *samples; /* increasing in time */
    size_t sample_n;
    int64_t interval_ms;
};

/* Where an answer is asked for: start, start + step, … up to end. An instant has start == end. */
struct promql_span {
    int64_t start, end, step_ms; /* step > 0 */
    int64_t lookback_ms;
};

size_t promql_span_n(const struct promql_span *span);

/* ERR_SYNTAX (bad_data) in Prometheus' words: an end before the start, a step of 0 or less, more
 * than PROMQL_POINTS_MAX points. */
PROMQL_MUST int promql_span_check(const struct promql_span *span, struct err *err);

/* The times (first, last] whose samples the query may look at, where a sample holds for interval_ms
 * or the span's look-back. */
void promql_reach(const struct promql_selector *selector, const struct promql_span *span,
                  int64_t interval_ms, int64_t *ret_first, int64_t *ret_last);

/* What stands at a time where a series has no value there: a NaN of its own (Prometheus' stale
 * marker). */
double promql_absent(void);
bool promql_is_absent(double v);

struct promql_row {
    const struct promql_label *labels; /* the series' */
    size_t label_n;
    bool without_name; /* __name__ among them does not count */
    double *values;    /* [span_n] */
};

struct promql_answer {
    enum promql_type type; /* PROMQL_SCALAR: number; else rows, sorted by their labels */
    double number;
    struct promql_row *rows; /* each has a value somewhere */
    size_t row_n;
    double *cells; /* what the rows' values point into */
};

/* Evaluates a query whose root is no range vector; series[n] are those that its selector selects
 * (they are borrowed: their labels must outlive the answer). Returns 0, or -1 with ERR_INVALID (too
 * many points; labels that differ by their name only have lost it) or ERR_NO_MEMORY. Free with
 * promql_answer_done. */
PROMQL_MUST int promql_evaluate(const struct promql *promql, const struct promql_series *series,
                                size_t n, const struct promql_span *span, struct promql_answer *ret,
                                struct err *err);
void promql_answer_done(struct promql_answer *answer);

/* Position of the first sample later than t. */
size_t promql_after(const struct promql_series *series, int64_t t);

#endif
