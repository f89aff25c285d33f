/* One slice of a fleet training on a worker. */
#include "server/train/fleet_task.h"

#include "server/base/clock.h"

#include <stdlib.h>

static int begin(struct fleet_task *task)
{
    struct trm_fleet_options options = {.champion = base_ref_get(task->champion),
                                        .source = task->source,
                                        .source_n = task->source_n,
                                        .name = task->name,
                                        .seed = task->seed};
    enum trm_status status = trm_fleet_begin(&options, &task->fleet);

    return status == TRM_OK ? 0 : err_from_status(&task->err, status);
}

/* Steps until the training is complete (TRM_OK) or the slice is used up (TRM_MORE); or an error. */
static enum trm_status advance(struct fleet_task *task, uint64_t start)
{
    enum trm_status status = TRM_MORE;
    double fraction;

    while (status == TRM_MORE && clock_thread_cpu_ns() - start < task->slice_ns) {
        if (atomic_load_explicit(&task->task.cancel, memory_order_relaxed))
            break;
        pool_beat(&task->task);
        status = trm_fleet_step(task->fleet, &fraction);
        atomic_store_explicit(&task->progress_ppm, (uint32_t)(fraction * 1e6),
                              memory_order_relaxed);
    }
    return status;
}

/* The challenger as bytes, and decoded again from them: so its identity is that of what will be
 * stored. */
static int finish(struct fleet_task *task)
{
    struct trm_base *made;
    enum trm_status status = trm_fleet_end(task->fleet, &made, &task->report);

    if (status != TRM_OK)
        return err_from_status(&task->err, status);
    task->bytes_n = trm_base_bytes(made);
    task->bytes = malloc(task->bytes_n);
    status = task->bytes ? trm_base_encode(made, task->bytes, task->bytes_n) : TRM_ENOMEM;
    trm_base_free(made);
    if (status == TRM_OK)
        status = trm_base_decode(task->bytes, task->bytes_n, &task->challenger);
    return status == TRM_OK ? 0 : err_from_status(&task->err, status);
}

static int over_budget(struct fleet_task *task)
{
    task->stopped = FLEET_OVER_BUDGET;
    return err_set(&task->err, ERR_TOO_LARGE,
                   "the training was stopped: it used up its budget of %.3g s of CPU time",
                   (double)task->budget_ns * 1e-9);
}

/* Returns 0 with *outcome, or -1 with task->err. */
static int run_slice(struct fleet_task *task, uint64_t start)
{
    if (task->budget_ns && task->cpu_ns > task->budget_ns)
        return over_budget(task);
    if (!task->fleet && begin(task))
        return -1;
    enum trm_status status = advance(task, start);
    if (status == TRM_MORE) {
        task->outcome = atomic_load(&task->task.cancel) ? FLEET_CANCELLED : FLEET_UNFINISHED;
        return 0;
    }
    task->outcome = FLEET_DONE;
    if (status == TRM_OK)
        return finish(task);
    if (status == TRM_EDIVERGED)
        task->stopped = FLEET_DIVERGED;
    return err_from_status(&task->err, status);
}

static void run(struct pool_task *pool_task)
{
    struct fleet_task *task = (struct fleet_task *)pool_task;
    uint64_t start = clock_thread_cpu_ns();

    if (run_slice(task, start))
        task->outcome = FLEET_FAILED;
    task->cpu_ns += clock_thread_cpu_ns() - start;
}

struct fleet_task *fleet_task_new(void (*deliver)(struct message *message))
{
    struct fleet_task *task = calloc(1, sizeof *task);

    if (!task)
        return NULL;
    task->task.run = run;
    task->task.message.deliver = deliver;
    task->task.priority = POOL_FLEET;
    task->outcome = FLEET_CANCELLED; /* what stays true when run is never called */
    return task;
}

void fleet_task_free(struct fleet_task *task)
{
    if (!task)
        return;
    trm_fleet_free(task->fleet);
    trm_base_free(task->challenger);
    base_ref_unref(task->champion);
    free(task->bytes);
    free(task->source);
    free(task->values);
    free(task);
}
