/* A backtest's report as JSON text. Numbers have four digits and names need no escape; the sizes of
 * horizon, methods and levels are limited so that the text always fits. */
#include "server/service/backtest.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Of one lead: three scores of at most "1.234e-300," and coverages, which are shares of at most a hundred
 * windows: "0.3333,". For everything else this much. */
#define LEAD_BYTES (3 * 11 + TRM_ROLLING_LEVELS_MAX * 8)
#define REST_BYTES 8192
_Static_assert(TRM_ROLLING_METHODS * TRM_ROLLING_HORIZON_MAX * LEAD_BYTES + REST_BYTES <=
                   JOB_BACKTEST_RESULT_MAX,
               "the largest report fits");

struct text {
    char *bytes;
    size_t n;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int n = vsnprintf(text->bytes + text->n, JOB_BACKTEST_RESULT_MAX + 1 - text->n, format, arguments);
    va_end(arguments);
    assert(n >= 0 && text->n + (size_t)n <= JOB_BACKTEST_RESULT_MAX);
    text->n += (size_t)n;
}

static void add_number(struct text *text, double v)
{
    if (isfinite(v))
        add(text, "%.4g", v);
    else
        add(text, "null");
}

static void add_field(struct text *text, const char *name, double v)
{
    add(text, "\"%s\":", name);
    add_number(text, v);
    add(text, ",");
}

static void add_coverage(struct text *text, const struct backtest_ask *ask, const double *coverage)
{
    add(text, "\"coverage\":{");
    for (size_t i = 0; i < ask->level_n; i++) {
        add(text, "%s\"%.9g\":", i ? "," : "", ask->level[i]);
        add_number(text, coverage[i]);
    }
    add(text, "},");
}

/* One of the leads' scores; they are doubles at a fixed distance in struct trm_rolling_lead. */
static void add_leads(struct text *text, const char *name, const struct trm_rolling_lead *lead, size_t n,
                      size_t offset)
{
    add(text, "\"%s\":[", name);
    for (size_t h = 0; h < n; h++) {
        add(text, "%s", h ? "," : "");
        add_number(text, *(const double *)((const char *)&lead[h] + offset));
    }
    add(text, "]");
}

static void add_by_lead(struct text *text, const struct backtest_ask *ask,
                        const struct trm_rolling_lead *lead)
{
    char name[32];

    add(text, "\"by_lead\":{");
    add_leads(text, "mase", lead, ask->horizon, offsetof(struct trm_rolling_lead, mase));
    add(text, ",");
    add_leads(text, "smape", lead, ask->horizon, offsetof(struct trm_rolling_lead, smape));
    add(text, ",");
    add_leads(text, "weighted_quantile_loss", lead, ask->horizon,
              offsetof(struct trm_rolling_lead, wql));
    add(text, ",\"coverage\":{");
    for (size_t i = 0; i < ask->level_n; i++) {
        snprintf(name, sizeof name, "%.9g", ask->level[i]);
        add(text, "%s", i ? "," : "");
        add_leads(text, name, lead, ask->horizon,
                  offsetof(struct trm_rolling_lead, coverage) + i * sizeof(double));
    }
    add(text, "}}");
}

static void add_method(struct text *text, const struct backtest_ask *ask,
                       const struct trm_rolling_score *score)
{
    add(text, "{\"model\":\"%s\",", score->label);
    add_field(text, "mase", score->mase);
    add_field(text, "smape", score->smape);
    add_field(text, "weighted_quantile_loss", score->wql);
    add_coverage(text, ask, score->coverage);
    add_field(text, "vs_seasonal_naive", score->vs_seasonal_naive);
    add(text, "\"windows_won\":%zu,\"windows_tied\":%zu,\"windows_lost\":%zu,", score->won, score->tied,
        score->lost);
    add_by_lead(text, ask, score->lead);
    add(text, "}");
}

static void add_methods(struct text *text, const struct trm_rolling_report *report,
                        const struct backtest_ask *ask)
{
    bool first = true;

    add(text, "\"methods\":{");
    for (size_t k = 0; k < TRM_ROLLING_METHODS; k++) {
        if (!report->score[k].asked)
            continue;
        add(text, "%s\"%s\":", first ? "" : ",", trm_rolling_name(k));
        add_method(text, ask, &report->score[k]);
        first = false;
    }
    add(text, "},");
}

static void add_head(struct text *text, const struct trm_rolling_report *report)
{
    const char *quote = report->best < TRM_ROLLING_METHODS ? "\"" : "";

    add(text, "{\"horizon\":%zu,\"windows\":%zu,\"step\":%zu,\"scored_windows\":%zu,\"values\":%zu,",
        report->horizon, report->windows, report->step, report->scored, report->values);
    add(text, "\"season\":%u,\"known_first\":%zu,\"known_last\":%zu,\"best\":%s%s%s,", report->season,
        report->first_known, report->last_known, quote,
        report->best < TRM_ROLLING_METHODS ? trm_rolling_name(report->best) : "null", quote);
}

char *backtest_result(const struct trm_rolling_report *report, const struct backtest_ask *ask,
                      const struct trm_base *weights, double cpu_s)
{
    struct text text = {.bytes = malloc(JOB_BACKTEST_RESULT_MAX + 1)};

    if (!text.bytes)
        return NULL;
    add_head(&text, report);
    if (weights)
        add(&text, "\"weights\":\"%016" PRIx64 "\",", weights->identity);
    else
        add(&text, "\"weights\":null,");
    add_methods(&text, report, ask);
    add(&text, "\"seconds\":");
    add_number(&text, cpu_s);
    add(&text, "}");
    char *fitted = realloc(text.bytes, text.n + 1);
    return fitted ? fitted : text.bytes;
}
