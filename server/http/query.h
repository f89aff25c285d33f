/* Query parameters as values. Knows the forms of a parameter's text and what a forecast may be
 * asked for; refuses to know HTTP (values come percent-decoded) and which endpoint takes which
 * parameter. Surprising: intervals are asked for in percent and computed as quantiles, so "80" and
 * "0.1,0.9" are one and the same pair of levels; they are joined here, on a grid of 1e-9, and
 * nowhere else.
 *
 * Every parser returns 0, or -1 with ERR_INVALID whose place is the parameter's name; *ret is then
 * untouched. value may be NULL (the name without "="), which reads as the empty text. */
#ifndef SERVER_HTTP_QUERY_H
#define SERVER_HTTP_QUERY_H

#include "server/base/err.h"
#include "server/http/json_writer.h"
#include "server/service/service.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUERY_MUST __attribute__((warn_unused_result))

/* A whole number, min..max. */
QUERY_MUST int query_int(const char *name, const char *value, int64_t min, int64_t max,
                         int64_t *ret, struct err *err);
/* "1", "true", "0" or "false". */
QUERY_MUST int query_bool(const char *name, const char *value, bool *ret, struct err *err);
/* RFC 3339 text or epoch milliseconds. */
QUERY_MUST int query_time(const char *name, const char *value, int64_t *ret, struct err *err);
/* "ms" or "rfc3339". */
QUERY_MUST int query_time_form(const char *name, const char *value, enum time_form *ret,
                               struct err *err);
/* Numbers between commas, at most max of them; empty text: none. */
QUERY_MUST int query_numbers(const char *name, const char *value, size_t max, double *ret,
                             size_t *ret_n, struct err *err);
/* "name=value" (the name up to the first "="), as a label to filter by. */
QUERY_MUST int query_label(const char *name, const char *value, struct series_label *ret,
                           struct err *err);

/* What a forecast's answer shows: what was asked, before intervals became quantiles. */
struct forecast_params {
    size_t horizon;                      /* 0: the series' default */
    double quantiles[TRM_QUANTILES_MAX]; /* strictly increasing, in (0, 1) */
    size_t quantile_n;
    double intervals[TRM_QUANTILES_MAX / 2]; /* percent, strictly increasing, in (0, 100) */
    size_t interval_n;
    bool trace;
    enum time_form time;
};

/* Quantiles 0.1 to 0.9, intervals 80 and 95, the series' horizon, no trace, times in ms. */
void forecast_params_init(struct forecast_params *params);

/* Takes one query parameter: horizon, levels, quantiles, trace, time. Sets *ret_known false (and
 * returns 0) for any other name. */
QUERY_MUST int forecast_params_set(struct forecast_params *params, const char *name,
                                   const char *value, bool *ret_known, struct err *err);

/* The same checks for lists that came otherwise (a JSON body); place is theirs. The values are
 * sorted and equal ones joined. */
QUERY_MUST int forecast_params_quantiles(struct forecast_params *params, const double *values,
                                         size_t n, const char *place, struct err *err);
QUERY_MUST int forecast_params_intervals(struct forecast_params *params, const double *values,
                                         size_t n, const char *place, struct err *err);

/* The quantile levels of both lists, joined, as the service wants them. -1, at place, where they are more
 * than TRM_QUANTILES_MAX. */
QUERY_MUST int forecast_params_ask(const struct forecast_params *params, const char *place,
                                   struct forecast_ask *ret, struct err *err);

/* The two quantile levels of an interval. */
void interval_quantiles(double percent, double *ret_lower, double *ret_upper);

#endif
