/* Workers that hang. Knows what becomes of a task that does not come back: its job fails and says so, the
 * model that was there stays, and others go on; refuses to know how a hang is found (train/pool.h).
 * Surprising: the task is not freed, nor its memory: should it come back after all, its result is dropped
 * where it would have been taken. */
#include "server/service/jobs.h"

#include "server/base/clock.h"

#include <stdio.h>

/* Time that one look may count for: a process that was stopped for a minute has no hanging workers. */
#define LOOK_MAX_NS UINT64_C(2000000000)
#define HUNG_MAX 16

static struct job *job_of(const struct service *service, const struct pool_task *task)
{
    for (size_t i = 0; i < service->job_n; i++)
        if (service->jobs[i]->task == task)
            return service->jobs[i];
    return NULL;
}

/* A stateless request has its own patience; what is left is the fleet's and the record's. */
static void give_up(struct service *service, const struct pool_task *task)
{
    struct job *job = job_of(service, task);
    char words[128];

    counters_add(service->counters, COUNTER_STOPPED_HUNG, 1);
    snprintf(words, sizeof words, "it was given up: for %.3g s it has made no progress at all",
             (double)service->config->fit_stall_ms * 1e-3);
    if (job)
        job_give_up(job, words);
    else if (service->fleet.task && task == &service->fleet.task->task)
        fleet_give_up(service, words);
    else if (task->priority == POOL_RECORD)
        saying_hung(service);
}

void watch_workers(struct service *service)
{
    struct pool_task *hung[HUNG_MAX];
    uint64_t now = clock_mono_ns(), elapsed = service->watched_ns ? now - service->watched_ns : 0;

    service->watched_ns = now;
    if (service->config->fit_stall_ms == 0 || service->draining)
        return;
    size_t n = pool_watch(service->pool, elapsed < LOOK_MAX_NS ? elapsed : LOOK_MAX_NS,
                          (uint64_t)service->config->fit_stall_ms * 1000000, hung, HUNG_MAX);
    for (size_t i = 0; i < n; i++)
        give_up(service, hung[i]);
}
