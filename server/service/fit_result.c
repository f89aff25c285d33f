/* Numbers and flags only, so nothing has to be escaped. */
#include "server/service/fit_result.h"

#include <math.h>
#include <stdio.h>

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

void fit_result_write(const struct fit_task *task, uint64_t version, char *buf, size_t buf_n)
{
    const struct trm_fit_report *report = &task->report;
    char first[NUMBER_MAX], last[NUMBER_MAX], base[NUMBER_MAX], new[NUMBER_MAX],
        seconds[NUMBER_MAX];

    snprintf(buf, buf_n,
             "{\"version\":%llu,\"incremental\":%s,\"kept_base\":%s,\"steps\":%llu,\"windows\":%zu,"
             "\"loss_first\":%s,\"loss_last\":%s,\"mae_base\":%s,\"mae_new\":%s,\"seconds\":%s}",
             (unsigned long long)version, flag(report->incremental), flag(report->kept_base),
             (unsigned long long)report->steps, report->windows, number(report->loss_first, first),
             number(report->loss_last, last), number(report->mae_base, base),
             number(report->mae_new, new), number((double)task->cpu_ns * 1e-9, seconds));
}
