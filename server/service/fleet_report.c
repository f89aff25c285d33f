/* Numbers, and one message of our own, in which nothing has to be escaped. */
#include "server/service/fleet.h"

#include "server/service/report_number.h"

#include <inttypes.h>
#include <stdio.h>

/* A message with what JSON would have to escape left out: a path may be in it. */
static void quoted(const char *msg, char *buf, size_t buf_n)
{
    size_t n = 0;

    buf[n++] = '"';
    for (; *msg != '\0' && n + 2 < buf_n; msg++)
        if (*msg >= ' ' && *msg <= '~' && *msg != '"' && *msg != '\\')
            buf[n++] = *msg;
    buf[n++] = '"';
    buf[n] = '\0';
}

void fleet_report_write(const struct fleet_task *task, const char *outcome, uint64_t version,
                        int64_t finished_at, char ret[FLEET_REPORT_MAX])
{
    const struct trm_fleet_report *r = &task->report;
    char before[REPORT_NUMBER_MAX], after[REPORT_NUMBER_MAX], gain[REPORT_NUMBER_MAX],
        certainty[REPORT_NUMBER_MAX], seconds[REPORT_NUMBER_MAX], error[160] = "null";

    if (task->outcome == FLEET_FAILED)
        quoted(task->err.msg, error, sizeof error);
    snprintf(ret, FLEET_REPORT_MAX,
             "{\"outcome\":\"%s\",\"version\":%" PRIu64 ",\"finished_at\":%" PRId64
             ",\"series\":%zu,\"excerpts\":%zu,\"made_up\":%zu,\"judges\":%zu,\"steps\":%" PRIu64
             ",\"loss_before\":%s,\"loss_after\":%s,\"gain\":%s,\"certainty\":%s,\"seconds\":%s,"
             "\"error\":%s}",
             outcome, version, finished_at, r->learned_n, r->own_n, r->made_up_n, r->judged_n,
             r->steps, report_number(r->loss_before, before), report_number(r->loss_after, after),
             report_number(r->gain, gain), report_number(r->certainty, certainty),
             report_number((double)task->cpu_ns * 1e-9, seconds), error);
}
