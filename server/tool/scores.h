/* How good the answers to a data set were. Knows the scores' definitions (those of M4 and GIFT-Eval) and
 * how series are put together; refuses to know how answers were got. Surprising: a series whose scale is
 * not positive, or whose future is not known at all, drops out of every score, the quantile loss of the
 * whole set too, as in the published scorers.
 *
 * MASE      mean |y - median| / scale of each series, averaged
 * sMAPE     mean 200 |y - median| / (|y| + |median|) of each series, averaged
 * WQL       mean over deciles of 2 sum(pinball) / sum |y|, over the whole set
 * sQL       mean over deciles and steps of 2 pinball / scale of each series, averaged
 * RelMASE   geometric mean over series of MASE / seasonal naive's MASE, each clipped at .001
 * coverage  share of what came inside [q.1, q.9] and [q.025, q.975] */
#ifndef SERVER_TOOL_SCORES_H
#define SERVER_TOOL_SCORES_H

#include "server/tool/method.h"

#define BOOTSTRAP_RESAMPLES 500
#define BOOTSTRAP_SEED 20240501

/* Sums of quantile losses over a series. */
struct loss {
    double pinball;  /* over deciles and steps, doubled */
    double absolute; /* sum |y| */
};

struct line_score {
    bool scored;
    double mase, smape, sql, naive_mase;
    struct loss loss, naive_loss;
    size_t seen, in80, in95; /* known steps, and those inside */
    size_t step_n;           /* 0 where the answer has no steps */
    double step_mase[ANSWER_STEPS_MAX];
    struct loss step_loss[ANSWER_STEPS_MAX]; /* NaN where a step's quantiles are not known */
    bool by_network;
};

/* A mean and its 90% bootstrap interval over series. */
struct figure {
    double value, low, high;
};

struct set_score {
    size_t n;                /* series scored */
    struct figure mase, wql;
    double smape, sql, relmase, cov80, cov95;
    double naive_mase, naive_wql;
    struct figure mase_ratio, wql_ratio; /* over seasonal naive's, drawn together */
    size_t by_network;
    size_t step_n, stepped;  /* steps of the longest trace, series that have one */
    double step_mase[ANSWER_STEPS_MAX], step_wql[ANSWER_STEPS_MAX]; /* a series that halted keeps its
                                                                     * last step's */
};

/* gift: GIFT-Eval's scale where the record has one. */
void score_line(const struct record *record, const struct answer *answer, const struct answer *naive,
                bool gift, struct line_score *ret);

/* Everything is NaN where no line was scored. */
void score_set(const struct line_score *lines, size_t n, struct set_score *ret);

#endif
