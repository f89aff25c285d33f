/* Numbers and flags only, so nothing has to be escaped. */
#include "server/service/fit_result.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 32

static const char *number(double v, char *buf)
{
    if (isfinite(v))
        snprintf(buf, NUMBER_MAX, "%.6g", v);
    else
        snprintf(buf, NUMBER_MAX, "null");
    return buf;
}

static const char *flag(bool v)
{
    return v ? "true" : "false";
}

static void literal_result(const struct trm_fit_report *report, char *buf, size_t buf_n)
{
    char first[NUMBER_MAX], last[NUMBER_MAX], base[NUMBER_MAX], new[NUMBER_MAX];

    snprintf(buf, buf_n,
             "\"kept_base\":%s,\"windows\":%zu,\"loss_first\":%s,\"loss_last\":%s,\"mae_base\":%s,"
             "\"mae_new\":%s,",
             flag(report->kept_base), report->windows, number(report->loss_first, first),
             number(report->loss_last, last), number(report->mae_base, base),
             number(report->mae_new, new));
}

/* Who answers now and before, the losses behind it, the widening of the outer knots' gaps. */
static void record_result(const struct trm_fit_report *report, char *buf, size_t buf_n)
{
    const struct trm_gate *now = &report->gate_after, *before = &report->gate_before;
    char network[NUMBER_MAX], consensus[NUMBER_MAX], w[4][NUMBER_MAX];

    snprintf(buf, buf_n,
             "\"origins_old\":%zu,\"origins_new\":%zu,\"answers\":\"%s\",\"answered_before\":\"%s\","
             "\"loss_network\":%s,\"loss_consensus\":%s,"
             "\"widening\":{\"80\":[%s,%s],\"95\":[%s,%s]},",
             (size_t)report->origins_old, (size_t)report->origins_new, trm_answered_by_name(now->by),
             trm_answered_by_name(before->by), number(now->loss_network, network),
             number(now->loss_consensus, consensus), number(report->widening_after.factor[0][0], w[0]),
             number(report->widening_after.factor[1][0], w[1]),
             number(report->widening_after.factor[0][1], w[2]),
             number(report->widening_after.factor[1][1], w[3]));
}

void fit_result_write(const struct fit_task *task, uint64_t version, char *buf, size_t buf_n)
{
    const struct trm_fit_report *report = &task->report;
    bool literal = task->config.kind == TRM_KIND_LITERAL;
    char seconds[NUMBER_MAX];

    number((double)task->cpu_ns * 1e-9, seconds);
    int n = snprintf(buf, buf_n, "{\"version\":%llu,\"incremental\":%s,\"model\":\"%s\",\"steps\":%llu,",
                     (unsigned long long)version, flag(report->incremental),
                     trm_kind_name(task->config.kind), (unsigned long long)report->steps);
    if (literal)
        literal_result(report, buf + n, buf_n - (size_t)n);
    else
        record_result(report, buf + n, buf_n - (size_t)n);
    size_t used = strlen(buf);
    snprintf(buf + used, buf_n - used, "\"seconds\":%s}", seconds);
}
