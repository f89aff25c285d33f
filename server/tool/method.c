/* The table of forecasters, and seasonal naive. Knows names and what each needs; a new method is a function
 * and a row of the table. Surprising: seasonal naive is not the bank's draft of that name, which looks back
 * no further than core does; as a denominator it has to be what others publish. */
#include "server/tool/method.h"

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
    free(answer->step_quantiles);
    *answer = (struct answer){0};
}

enum trm_status answer_init(struct answer *answer, size_t horizon)
{
    *answer = (struct answer){.horizon = horizon,
                              .median = malloc(horizon * sizeof(double)),
                              .quantiles = malloc(TRM_KNOTS * horizon * sizeof(double))};
    if (answer->median && answer->quantiles)
        return TRM_OK;
    answer_done(answer);
    return TRM_ENOMEM;
}

enum trm_status answer_steps_init(struct answer *answer, size_t n, size_t leads, bool quantiles)
{
    answer->step_n = n;
    answer->step_leads = leads;
    answer->steps = malloc(n * leads * sizeof(double));
    if (quantiles)
        answer->step_quantiles = malloc(n * leads * TRM_KNOTS * sizeof(double));
    return answer->steps && (!quantiles || answer->step_quantiles) ? TRM_OK : TRM_ENOMEM;
}

const double *question_past(const struct question *question, const struct record *record, size_t *ret_n)
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
    const double *values = question_past(question, record, &n);
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

struct trm_config config_of(const struct record *record, enum trm_kind kind)
{
    bool fits = record->season <= TRM_SEASON_MAX;
    struct trm_config config = trm_config_default(fits ? record->season : 1, record->horizon);

    config.kind = kind;
    if (kind == TRM_KIND_TRM && fits && record->season2 > config.season
        && record->season2 <= TRM_CONTEXT_MAX)
        config.season2 = record->season2;
    return config;
}

static const struct method {
    const char *name;
    enum trm_status (*run)(const struct record *record, const struct question *question,
                           struct answer *ret);
    enum method_needs needs;
    enum trm_answered_by by;
} methods[] = {
    {"forecast", method_think, METHOD_NEEDS_BOTH, TRM_BY_NETWORK},
    {"adapted", method_adapted, METHOD_NEEDS_WEIGHTS, TRM_BY_NETWORK},
    {"literal", method_literal, METHOD_NEEDS_NOTHING, TRM_BY_LITERAL},
    {"consensus", method_think, METHOD_NEEDS_THINKS, TRM_BY_CONSENSUS},
    {"snaive", method_snaive, METHOD_NEEDS_NOTHING, TRM_BY_DRAFT},
};

static int choose_draft(const char *name, struct question *question)
{
    for (int k = 0; k < TRM_BANK_DRAFTS; k++) {
        if (strcmp(name, trm_bank_name((enum trm_bank_draft)k)) != 0)
            continue;
        question->method = method_think;
        question->needs = METHOD_NEEDS_THINKS;
        question->who = (struct trm_who){TRM_BY_DRAFT, (enum trm_bank_draft)k};
        return 0;
    }
    return -1;
}

int method_choose(const char *name, struct question *question)
{
    if (strncmp(name, "draft:", 6) == 0)
        return choose_draft(name + 6, question);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(name, methods[i].name) == 0) {
            question->method = methods[i].run;
            question->needs = methods[i].needs;
            question->who = (struct trm_who){.by = methods[i].by};
            return 0;
        }
    return -1;
}

const char *method_names(void)
{
    return "forecast, adapted, literal, consensus, snaive, or draft: and the name of one (--help has them)";
}
