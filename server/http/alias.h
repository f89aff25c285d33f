/* Frequencies as other systems spell them. Knows pandas' (and polars') offset aliases and KServe's names;
 * refuses to know the calendar behind them: an anchor ("W-MON", "QS-OCT") is read and dropped, and business
 * days are steps in a week of five, because a forecast without timestamps counts steps.
 *
 * Any thread. */
#ifndef SERVER_HTTP_ALIAS_H
#define SERVER_HTTP_ALIAS_H

#include "core/calendar.h"

#include <stdbool.h>
#include <stdint.h>

struct alias {
    struct trm_freq freq; /* step length; for business days a day */
    uint32_t season;      /* period that the length does not tell (5 for business days); 0: none */
};

/* "D", "h", "15min", "W-MON", "MS", "QE-DEC", "2h", "B", …: a count, an alias, an anchor; and polars' "1d",
 * "1w", "1q", "1y", "1m" (a minute). False where it is none; *ret untouched then. */
bool alias_of_pandas(const char *text, struct alias *ret);

/* "S" or "second", "T", "H", "D", "W", "M", "Q", "Y" with their words. */
bool alias_of_kserve(const char *text, struct trm_freq *ret);

#endif
