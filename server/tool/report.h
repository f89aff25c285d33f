/* What an evaluation says: rows for people, JSON lines for programs, forecasts for other scorers. Knows
 * columns, field names and the published denominators; computes nothing but means over sets.
 * Surprising: GIFT-Eval's summary divides by the published scores of seasonal naive, while rows divide
 * by those of the naive forecast made here, which sees no more of the past than the data set holds. */
#ifndef SERVER_TOOL_REPORT_H
#define SERVER_TOOL_REPORT_H

#include "server/tool/scores.h"
#include "server/tool/variant.h"

#include <stdio.h>

/* How the answers were asked for: goes with every figure. */
struct report_terms {
    const char *method;
    size_t limit, truncate, horizon_cap; /* 0 = none */
    bool gift;
    struct variant variant;      /* of base … */
    const struct trm_base *base; /* … NULL where no weights answer … */
    uint64_t identity;           /* … whose file has this one */
    bool energy;                 /* whether it can be measured */
};

struct set_report {
    char name[64];
    size_t lines, failed; /* records asked for, and those without an answer */
    double cpu_us, seconds; /* of a thread for each series on average; of the set by the clock */
    double joules;          /* of the whole machine for each series; NaN where it does not say */
    struct set_score score;
};

/* The weights, and the columns' names. */
void report_head(FILE *to, const struct report_terms *terms);
void report_row(FILE *to, const struct set_report *set);
/* MASE and WQL after each supervision step. */
void report_steps(FILE *to, const struct set_report *set);
/* Geometric means over all sets, and over GIFT-Eval's six where all are among them. */
void report_summary(FILE *to, const struct set_report *sets, size_t n, const struct report_terms *terms);

/* Appends a line to the file. */
int report_json(const char *path, const struct set_report *set, const struct report_terms *terms,
                struct tool_err *err);

/* Writes FOLDER/SET.jsonl with one forecast a line, in order; answers without a median are left out. */
int report_forecasts(const char *folder, const char *set, const struct record_list *records,
                     const struct answer *answers, struct tool_err *err);

#endif
