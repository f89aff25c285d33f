/* The forecasters that can be evaluated, and what each line is asked. Knows how an answer is got;
 * refuses to know the future (it never reads record.test) and scores. Surprising: every method answers
 * with quantiles, seasonal naive too, so that a quantile loss always has its denominator. */
#ifndef SERVER_TOOL_METHOD_H
#define SERVER_TOOL_METHOD_H

#include "core/answer.h"
#include "server/tool/series_file.h"
#include "server/tool/think_pool.h"

/* Supervision steps that are kept, and the initial guess. */
#define ANSWER_STEPS_MAX 17

/* Quantiles are at core's trm_knot_levels. */
struct answer {
    size_t horizon;
    double *median;    /* [horizon] */
    double *quantiles; /* [TRM_KNOTS][horizon] */
    size_t step_n, step_leads;
    double *steps;     /* [step_n][step_leads] medians on the way; NULL unless asked for */
    double *step_quantiles; /* [step_n][TRM_KNOTS][step_leads]; NULL where only medians are known */
    bool by_network;
};

/* What a method has to be given. */
enum method_needs {
    METHOD_NEEDS_NOTHING,
    METHOD_NEEDS_THINKS,  /* a pool; any networks will do */
    METHOD_NEEDS_WEIGHTS, /* base */
    METHOD_NEEDS_BOTH     /* a pool of base's */
};

struct question {
    enum trm_status (*method)(const struct record *record, const struct question *question,
                              struct answer *ret);
    enum method_needs needs;
    struct trm_who who; /* who answers out of a think */
    const struct trm_base *base;
    struct think_pool *thinks;
    size_t horizon_cap; /* most leads asked for; 0 = all */
    size_t truncate;    /* the last points of the past that are shown; 0 = all */
    bool steps;
};

/* Makes the method of that name the question's; -1 where there is none. */
int method_choose(const char *name, struct question *question);
/* "forecast, adapted, ...": for messages. */
const char *method_names(void);

/* Seasonal naive; the denominator of ratios. */
enum trm_status method_snaive(const struct record *record, const struct question *question,
                              struct answer *ret);
/* method_think.c: a think's answer: the networks', the consensus', a draft's. */
enum trm_status method_think(const struct record *record, const struct question *question,
                             struct answer *ret);
/* method_fit.c: a fit of the past, and the forecast with its model. */
enum trm_status method_adapted(const struct record *record, const struct question *question,
                               struct answer *ret);
enum trm_status method_literal(const struct record *record, const struct question *question,
                               struct answer *ret);

/* What a method is shown of a record, and how many leads it is asked for. */
const double *question_past(const struct question *question, const struct record *record, size_t *ret_n);
size_t question_horizon(const struct question *question, const struct record *record);

/* A season longer than core can hold is taken as none, as the daemon would have to be told too; the naive
 * forecast and the scale keep the true one. */
struct trm_config config_of(const struct record *record, enum trm_kind kind);

/* TRM_OK or TRM_ENOMEM; without steps. */
enum trm_status answer_init(struct answer *answer, size_t horizon);
/* Room for n steps of that many leads. TRM_OK or TRM_ENOMEM. */
enum trm_status answer_steps_init(struct answer *answer, size_t n, size_t leads, bool quantiles);
/* Accepts a zeroed answer. */
void answer_done(struct answer *answer);

#endif
