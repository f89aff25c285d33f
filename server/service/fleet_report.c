/* Numbers, and one message of our own, in which nothing has to be escaped. */
#include "server/service/fleet.h"

#include <inttypes.h>
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

void fleet_report_write(const struct fleet_task *task, const char *outcome, uint64_t version,
                        int64_t finished_at, char ret[FLEET_REPORT_MAX])
{
    const struct trm_fleet_report *r = &task->report;
    char before[NUMBER_MAX], after[NUMBER_MAX], gain[NUMBER_MAX], certainty[NUMBER_MAX],
        seconds[NUMBER_MAX], error[160] = "null";

    if (task->outcome == FLEET_FAILED)
        snprintf(error, sizeof error, "\"%.150s\"", task->err.msg);
    snprintf(ret, FLEET_REPORT_MAX,
             "{\"outcome\":\"%s\",\"version\":%" PRIu64 ",\"finished_at\":%" PRId64
             ",\"series\":%zu,\"excerpts\":%zu,\"made_up\":%zu,\"judges\":%zu,\"steps\":%" PRIu64
             ",\"loss_before\":%s,\"loss_after\":%s,\"gain\":%s,\"certainty\":%s,\"seconds\":%s,"
             "\"error\":%s}",
             outcome, version, finished_at, r->learned_n, r->own_n, r->made_up_n, r->judged_n,
             r->steps, number(r->loss_before, before), number(r->loss_after, after),
             number(r->gain, gain), number(r->certainty, certainty),
             number((double)task->cpu_ns * 1e-9, seconds), error);
}
