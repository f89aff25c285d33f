/* The forecasters that can be evaluated, and what each line is asked. Knows how an answer is got;
 * refuses to know the future (it never reads record.test) and scores. Surprising: every method answers
 * with quantiles, seasonal naive too, so that a quantile loss always has its denominator. */
#ifndef SERVER_TOOL_METHOD_H
#define SERVER_TOOL_METHOD_H

#include "core/model.h"
#include "server/tool/series_file.h"

/* Supervision steps of a trace, and the initial guess. */
#define ANSWER_STEPS_MAX 17

/* Quantiles are at core's trm_knot_levels. */
struct answer {
    size_t horizon;
    double *median;    /* [horizon] */
    double *quantiles; /* [TRM_KNOTS][horizon] */
    size_t step_n, step_leads;
    double *steps;     /* [step_n][step_leads] medians on the way; NULL unless asked for */
    bool by_network;
};

struct question {
    enum trm_status (*method)(const struct record *record, const struct question *question,
                              struct answer *ret);
    size_t horizon_cap; /* most leads asked for; 0 = all */
    size_t truncate;    /* the last points of the past that are shown; 0 = all */
    bool steps;
};

/* Makes the method of that name the question's; -1 where there is none. */
int method_choose(const char *name, struct question *question);
/* "forecast, snaive": for messages. */
const char *method_names(void);

/* Seasonal naive; the denominator of ratios. */
enum trm_status method_snaive(const struct record *record, const struct question *question,
                              struct answer *ret);

/* Leads that this record is asked for. */
size_t question_horizon(const struct question *question, const struct record *record);

/* Accepts a zeroed answer. */
void answer_done(struct answer *answer);

#endif
