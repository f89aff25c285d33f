/* What is asked of a backtest, checked, settled, and kept as text. See backtest.h. */
#include "server/service/backtest.h"

#include "core/num.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int refuse(struct err *err, const char *place, size_t value, size_t max)
{
    err_set(err, ERR_INVALID, "%s is %zu, expected 1 to %zu", place + 1, value, max);
    return err_at(err, "%s", place);
}

static int check(const struct backtest_ask *ask, struct err *err)
{
    if (ask->horizon > TRM_ROLLING_HORIZON_MAX)
        return refuse(err, "/horizon", ask->horizon, TRM_ROLLING_HORIZON_MAX);
    if (ask->windows > TRM_ROLLING_WINDOWS_MAX)
        return refuse(err, "/windows", ask->windows, TRM_ROLLING_WINDOWS_MAX);
    if (ask->step > TRM_CONTEXT_MAX)
        return refuse(err, "/step", ask->step, TRM_CONTEXT_MAX);
    for (size_t i = 0; i < ask->level_n; i++)
        if (!(ask->level[i] > (i ? ask->level[i - 1] : 0) && ask->level[i] < 100)) {
            err_set(err, ERR_INVALID, "levels are percentages between 0 and 100 that increase");
            return err_at(err, "/levels/%zu", i);
        }
    return 0;
}

static size_t windows_that_fit(size_t n, size_t horizon, size_t step)
{
    size_t past = n / 2 > TRM_ROLLING_PAST_MIN ? n / 2 : TRM_ROLLING_PAST_MIN;
    size_t fit = n > past + horizon ? 1 + (n - past - horizon) / step : 1;

    return trm_min_size(fit, BACKTEST_WINDOWS_DEFAULT);
}

static int err_short(struct err *err, const struct backtest_ask *ask, size_t need, size_t n)
{
    return err_set(err, ERR_TOO_SHORT,
                   "%zu window%s of %zu step%s every %zu and %d values before the first need %zu values, and "
                   "there are %zu: %zu more are missing, or ask for fewer windows or a shorter horizon",
                   ask->windows, ask->windows == 1 ? "" : "s", ask->horizon,
                   ask->horizon == 1 ? "" : "s", ask->step, TRM_ROLLING_PAST_MIN, need, n, need - n);
}

int backtest_settle(const struct backtest_ask *ask, size_t n, size_t default_horizon,
                    struct backtest_ask *ret, struct err *err)
{
    struct backtest_ask settled = *ask;

    if (check(ask, err))
        return -1;
    if (!settled.horizon) /* a short history is not asked for more than a quarter of it */
        settled.horizon = trm_max_size(
            trm_min_size(trm_min_size(default_horizon, TRM_ROLLING_HORIZON_MAX), n / 4), 1);
    settled.step = ask->step ? ask->step : settled.horizon;
    settled.windows = ask->windows ? ask->windows : windows_that_fit(n, settled.horizon, settled.step);
    settled.methods = ask->methods ? ask->methods : (1u << TRM_ROLLING_METHODS) - 1;
    struct trm_rolling_options sized = {
        .horizon = settled.horizon, .windows = settled.windows, .step = settled.step};
    size_t need = trm_rolling_need(&sized);
    if (n < need)
        return err_short(err, &settled, need, n);
    *ret = settled;
    return 0;
}

/* Always all four levels, those that are not there as 0: so one format reads what one format wrote. */
#define FORMAT "{\"horizon\":%zu,\"windows\":%zu,\"step\":%zu,\"methods\":%u,\"levels\":[%lf,%lf,%lf,%lf]}"
#define FORMAT_OUT                                                                                 \
    "{\"horizon\":%zu,\"windows\":%zu,\"step\":%zu,\"methods\":%u,\"levels\":[%.9f,%.9f,%.9f,%.9f]}"

char *backtest_encode(const struct backtest_ask *ask)
{
    double level[TRM_ROLLING_LEVELS_MAX] = {0};
    char *text = NULL;

    memcpy(level, ask->level, ask->level_n * sizeof *level);
    return asprintf(&text, FORMAT_OUT, ask->horizon, ask->windows, ask->step, ask->methods, level[0],
                    level[1], level[2], level[3]) < 0
               ? NULL
               : text;
}

bool backtest_decode(const char *text, struct backtest_ask *ret)
{
    struct backtest_ask ask = {0};
    struct err ignored;

    if (sscanf(text, FORMAT, &ask.horizon, &ask.windows, &ask.step, &ask.methods, &ask.level[0],
               &ask.level[1], &ask.level[2], &ask.level[3]) != 8)
        return false;
    while (ask.level_n < TRM_ROLLING_LEVELS_MAX && ask.level[ask.level_n] > 0)
        ask.level_n++;
    if (check(&ask, &ignored))
        return false;
    *ret = ask;
    return true;
}
