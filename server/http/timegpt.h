/* The requests and answers that clients of TimeGPT send and expect. Knows their shapes (as the nixtla Python
 * client writes and reads them) and turns each request into forecasts at origins; refuses to know how a
 * forecast is computed and who is told what status. Surprising: "mean" is our median: there is no other
 * point forecast here. What a request asks for and we cannot do (exogenous features, models fine-tuned
 * before, joint forecasts) is refused by its field's name; fields that do not bear on a forecast of ours
 * (the model's name, depth and loss of fine-tuning) and unknown ones are ignored, as their own server
 * ignores what it does not know.
 *
 * Parsing and writing: any thread. */
#ifndef SERVER_HTTP_TIMEGPT_H
#define SERVER_HTTP_TIMEGPT_H

#include "server/http/problem.h"
#include "server/service/service.h"

#define TIMEGPT_MUST __attribute__((warn_unused_result))

/* Limits of one request. A client that wants more sends it in parts (num_partitions). */
#define TIMEGPT_VALUES_MAX 1000000    /* in: over all series */
#define TIMEGPT_FORECASTS_MAX 10000   /* series times windows */
#define TIMEGPT_NUMBERS_MAX 2000000   /* out: forecasts times horizon times (median and quantiles) */
#define TIMEGPT_MODEL "tstrm"

enum timegpt_task {
    TIMEGPT_FORECAST,          /* what comes after each series */
    TIMEGPT_CROSS_VALIDATION,  /* what would have been said at past origins */
    TIMEGPT_ANOMALY,           /* the whole history against what was forecast before it */
    TIMEGPT_ONLINE_ANOMALY,    /* the newest points against it */
    TIMEGPT_HISTORIC,          /* what would have been said of the whole history */
};

/* One forecast: of series `series` after its first `origin` values, of which `used` leads are shown. */
struct timegpt_window {
    size_t series, origin, used;
};

struct timegpt_request {
    enum timegpt_task task;
    struct trm_freq freq;       /* zero: business days */
    uint32_t season;            /* 0: auto */
    bool fit;                   /* finetune_steps: each series is fitted first */
    size_t horizon;
    double level[TRM_QUANTILES_MAX / 2]; /* percent, increasing; 0 is the median twice */
    size_t level_n;
    bool has_level;             /* false: "intervals" is null */
    size_t window_n_asked, step, detection;
    bool full_history;          /* windows all over the past */
    size_t series_n;
    size_t *first;              /* [series_n + 1] where each series begins in the values */
    size_t window_n;
    struct timegpt_window *window; /* [window_n] one for each item of the batch */
};
void timegpt_request_free(struct timegpt_request *request);

/* Reads body[n], into which it writes (json_lift.h), and plans the forecasts. Returns 0; the caller owns both
 * (timegpt_request_free, stateless_batch_free). Or -1 with ERR_SYNTAX, ERR_INVALID and ERR_TOO_SHORT
 * (place: a JSON pointer), ERR_TOO_LARGE or ERR_NO_MEMORY, outputs untouched. */
TIMEGPT_MUST int timegpt_parse(enum timegpt_task task, char *body, size_t n, struct timegpt_request **ret,
                               struct stateless_batch **ret_batch, struct err *err);

/* The answer, once the batch has come back. -1 with the first item's error, its place in the request's body,
 * or ERR_NO_MEMORY or ERR_TOO_LARGE; outputs untouched then. */
TIMEGPT_MUST int timegpt_write(const struct timegpt_request *request, const struct stateless_batch *batch,
                               char **ret, size_t *ret_n, struct err *err);

/* {"detail":{"input_size","horizon"}} for a frequency; -1 with ERR_INVALID (place: `place`) where it is none.
 * The first is how much history a client sends where it asks for no intervals (three times as much where it
 * does), and what some clients demand of every series. We would take more, but so much was measured to cost
 * about 1% of MASE on hourly and daily sets, 3% at most on monthly ones. */
TIMEGPT_MUST int timegpt_write_params(const char *freq, const char *place, char **ret, size_t *ret_n,
                                      struct err *err);

/* The freq of a POSTed question for parameters, into ret[ret_max]. */
TIMEGPT_MUST int timegpt_parse_params(const char *body, size_t n, char *ret, size_t ret_max,
                                      struct err *err);

/* A problem as {"detail":[{"loc","msg","type"}]}. */
void timegpt_write_problem(struct writer *writer, const struct problem *problem, const char *instance);

#endif
