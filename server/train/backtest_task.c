/* One slice of a backtest on a worker. */
#include "server/train/backtest_task.h"

#include "server/base/clock.h"

#include <stdlib.h>

static int over_budget(struct backtest_task *task)
{
    task->over_budget = true;
    return err_set(&task->err, ERR_TOO_LARGE,
                   "the backtest was stopped: it used up its budget of %.3g s of CPU time",
                   (double)task->budget_ns * 1e-9);
}

/* Steps until the evaluation is complete (TRM_OK), the slice is used up (TRM_MORE), or an error. */
static enum trm_status advance(struct backtest_task *task, uint64_t start)
{
    enum trm_status status = TRM_MORE;
    double fraction;
    size_t windows;

    while (status == TRM_MORE && clock_thread_cpu_ns() - start < task->slice_ns) {
        if (atomic_load_explicit(&task->task.cancel, memory_order_relaxed))
            break;
        pool_beat(&task->task);
        status = trm_rolling_step(task->rolling, &fraction, &windows);
        atomic_store_explicit(&task->progress_ppm, (uint32_t)(fraction * 1e6),
                              memory_order_relaxed);
        atomic_store_explicit(&task->windows_done, windows, memory_order_relaxed);
    }
    return status;
}

static void run(struct pool_task *pool_task)
{
    struct backtest_task *task = (struct backtest_task *)pool_task;
    uint64_t start = clock_thread_cpu_ns();
    enum trm_status status = advance(task, start);

    task->cpu_ns += clock_thread_cpu_ns() - start;
    if (status == TRM_OK) {
        task->report = trm_rolling_end(task->rolling);
        task->outcome = BACKTEST_DONE;
    } else if (status != TRM_MORE) {
        task->outcome = err_from_status(&task->err, status) ? BACKTEST_FAILED : BACKTEST_DONE;
    } else if (atomic_load(&task->task.cancel)) {
        task->outcome = BACKTEST_CANCELLED;
    } else if (task->budget_ns && task->cpu_ns > task->budget_ns) {
        task->outcome = over_budget(task) ? BACKTEST_FAILED : BACKTEST_DONE;
    } else {
        task->outcome = BACKTEST_UNFINISHED;
    }
}

struct backtest_task *backtest_task_new(void (*deliver)(struct message *message))
{
    struct backtest_task *task = calloc(1, sizeof *task);

    if (!task)
        return NULL;
    task->task.run = run;
    task->task.message.deliver = deliver;
    task->outcome = BACKTEST_CANCELLED; /* what stays true when run is never called */
    return task;
}

void backtest_task_free(struct backtest_task *task)
{
    if (!task)
        return;
    trm_rolling_free(task->rolling);
    base_ref_unref(task->weights);
    free(task->context);
    free(task);
}
