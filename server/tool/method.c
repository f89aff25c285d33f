/* The forecasters. Knows core's forecast and seasonal naive; a new method is a function and a row of
 * the table. Surprising: a season longer than core can hold is taken as none, as the daemon would have
 * to be told too; the naive forecast and the scale keep the true one. */
#include "server/tool/method.h"

#include "core/forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Standard normal quantiles at trm_knot_levels. */
static const double normal_knots[TRM_KNOTS] = {
    -1.959963984540054, -1.2815515655446004, -0.8416212335729143, -0.5244005127080409,
    -0.2533471031357997, 0, 0.2533471031357997, 0.5244005127080409, 0.8416212335729143,
    1.2815515655446004, 1.959963984540054,
};

size_t question_horizon(const struct question *question, const struct record *record)
{
    size_t cap = question->horizon_cap;

    return cap && cap < record->test_n ? cap : record->test_n;
}

void answer_done(struct answer *answer)
{
    free(answer->median);
    free(answer->quantiles);
    free(answer->steps);
    *answer = (struct answer){0};
}

static enum trm_status answer_init(struct answer *answer, size_t horizon)
{
    *answer = (struct answer){.horizon = horizon,
                              .median = malloc(horizon * sizeof(double)),
                              .quantiles = malloc(TRM_KNOTS * horizon * sizeof(double))};
    if (answer->median && answer->quantiles)
        return TRM_OK;
    answer_done(answer);
    return TRM_ENOMEM;
}

/* The past that a method is shown. */
static const double *past(const struct record *record, const struct question *question, size_t *ret_n)
{
    size_t n = record->train_n;

    if (question->truncate && question->truncate < n)
        n = question->truncate;
    *ret_n = n;
    return record->train + record->train_n - n;
}

/* The newest value a whole number of seasons before lead i, else the newest at all, else NaN. */
static double naive_at(const double *values, size_t n, size_t season, size_t i)
{
    for (size_t back = season - i % season; back <= n; back += season)
        if (!isnan(values[n - back]))
            return values[n - back];
    for (size_t t = n; t > 0; t--)
        if (!isnan(values[t - 1]))
            return values[t - 1];
    return (double)NAN;
}

/* Root mean square of the seasonal differences; 0 without any. */
static double naive_error(const double *values, size_t n, size_t season)
{
    double sum = 0;
    size_t pairs = 0;

    for (size_t t = season; t < n; t++) {
        double d = values[t] - values[t - season];
        if (isnan(d))
            continue;
        sum += d * d;
        pairs++;
    }
    return pairs ? sqrt(sum / (double)pairs) : 0;
}

/* Normal quantiles that widen with the square root of the seasons ahead, as R's snaive has them. */
enum trm_status method_snaive(const struct record *record, const struct question *question,
                              struct answer *ret)
{
    size_t n, horizon = question_horizon(question, record), season = record->season;
    const double *values = past(record, question, &n);
    double error = naive_error(values, n, season);
    enum trm_status status = answer_init(ret, horizon);

    if (status != TRM_OK)
        return status;
    for (size_t i = 0; i < horizon; i++) {
        double width = error * sqrt((double)(i / season + 1));
        ret->median[i] = naive_at(values, n, season, i);
        for (size_t q = 0; q < TRM_KNOTS; q++)
            ret->quantiles[q * horizon + i] = ret->median[i] + normal_knots[q] * width;
    }
    if (!isnan(ret->median[0]))
        return TRM_OK;
    answer_done(ret);
    return TRM_EMISSING;
}

static enum trm_status keep_steps(const struct trm_forecast *from, struct answer *answer)
{
    size_t n = from->trace_n < ANSWER_STEPS_MAX ? from->trace_n : ANSWER_STEPS_MAX;
    size_t leads = from->trace_leads;

    if (n == 0 || leads == 0)
        return TRM_OK;
    answer->steps = malloc(n * leads * sizeof *answer->steps);
    if (!answer->steps)
        return TRM_ENOMEM;
    for (size_t s = 0; s < n; s++)
        memcpy(answer->steps + s * leads, from->trace[s].median, leads * sizeof(double));
    answer->step_n = n;
    answer->step_leads = leads;
    return TRM_OK;
}

static enum trm_status keep(const struct trm_forecast *from, struct answer *ret)
{
    enum trm_status status = answer_init(ret, from->horizon);

    if (status != TRM_OK)
        return status;
    memcpy(ret->median, from->median, from->horizon * sizeof(double));
    memcpy(ret->quantiles, from->quantiles, TRM_KNOTS * from->horizon * sizeof(double));
    ret->by_network = from->answered_by == TRM_BY_NETWORK;
    status = keep_steps(from, ret);
    if (status != TRM_OK)
        answer_done(ret);
    return status;
}

static struct trm_config config_of(const struct record *record)
{
    return trm_config_default(record->season <= TRM_SEASON_MAX ? record->season : 1, record->horizon);
}

/* Core's forecast without a fitted model, with no knowledge of bounds. */
static enum trm_status method_forecast(const struct record *record, const struct question *question,
                                       struct answer *ret)
{
    struct trm_config config = config_of(record);
    struct trm_forecast_request request = {.horizon = question_horizon(question, record),
                                           .levels = trm_knot_levels,
                                           .level_n = TRM_KNOTS,
                                           .min = (double)NAN,
                                           .max = (double)NAN,
                                           .trace = question->steps};
    struct trm_forecast *forecast;
    size_t n;
    const double *values = past(record, question, &n);
    enum trm_status status = trm_forecast(NULL, &config, values, n, &request, &forecast);

    if (status != TRM_OK)
        return status;
    status = keep(forecast, ret);
    trm_forecast_free(forecast);
    return status;
}

static const struct method {
    const char *name;
    enum trm_status (*run)(const struct record *record, const struct question *question,
                           struct answer *ret);
} methods[] = {{"forecast", method_forecast}, {"snaive", method_snaive}};

int method_choose(const char *name, struct question *question)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(name, methods[i].name) == 0) {
            question->method = methods[i].run;
            return 0;
        }
    return -1;
}

const char *method_names(void)
{
    return "forecast, snaive";
}
