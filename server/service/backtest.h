/* What the files of backtests share: what was asked, settled into numbers, and as text. Knows defaults and
 * limits; refuses to know JSON from outside (http) and scores (core). */
#ifndef SERVER_SERVICE_BACKTEST_H
#define SERVER_SERVICE_BACKTEST_H

#include "core/rolling.h"
#include "server/service/parts.h"

/* Windows where nothing is said: as many as leave half of the history before the first, this many at most. */
#define BACKTEST_WINDOWS_DEFAULT 10

/* An ask with its defaults filled in for a history of n steps. default_horizon: the series' own. ERR_INVALID
 * (place: a JSON pointer), ERR_TOO_SHORT (says how many values are missing). */
SERVICE_MUST int backtest_settle(const struct backtest_ask *ask, size_t n, size_t default_horizon,
                                 struct backtest_ask *ret, struct err *err);

/* A settled ask as JSON text (malloc; NULL when out of memory), and back: false where the text is not one. */
char *backtest_encode(const struct backtest_ask *ask);
SERVICE_MUST bool backtest_decode(const char *text, struct backtest_ask *ret);

/* The report as JSON (malloc; NULL when out of memory), at most JOB_BACKTEST_RESULT_MAX bytes by its limits.
 * weights: what the networks were, NULL: none. */
char *backtest_result(const struct trm_rolling_report *report, const struct backtest_ask *ask,
                      const struct trm_base *weights, double cpu_s);

#endif
