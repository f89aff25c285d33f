/* One fit on a worker. Between two slices of a few ms it looks at the cancel flag and at its own
 * CPU clock: the budget counts work done, not time spent waiting for a core. */
#include "server/train/fit_task.h"

#include "core/checkpoint.h"
#include "server/base/clock.h"

#include <math.h>
#include <stdlib.h>

static void publish(struct fit_task *task, const struct trm_fit_progress *progress)
{
    atomic_store_explicit(&task->progress_ppm, (uint32_t)(progress->fraction * 1e6),
                          memory_order_relaxed);
    atomic_store_explicit(&task->step, progress->step, memory_order_relaxed);
    atomic_store_explicit(&task->loss, progress->loss, memory_order_relaxed);
}

static int over_budget(struct fit_task *task)
{
    return err_set(&task->err, ERR_TOO_LARGE,
                   "the fit was stopped: it used up its budget of %.3g s of CPU time",
                   (double)task->budget_ns * 1e-9);
}

/* Steps until the fit is complete (0), or it failed or was cancelled (-1, task->err says which). */
static int train(struct fit_task *task, struct trm_fit *fit, uint64_t cpu_start)
{
    struct trm_fit_progress progress;

    for (;;) {
        if (atomic_load_explicit(&task->task.cancel, memory_order_relaxed))
            return err_set(&task->err, ERR_CANCELLED, "the fit was cancelled");
        if (task->budget_ns && clock_thread_cpu_ns() - cpu_start > task->budget_ns)
            return over_budget(task);
        enum trm_status status = trm_fit_step(fit, &progress);
        if (status != TRM_OK && status != TRM_MORE)
            return err_from_status(&task->err, status);
        publish(task, &progress);
        if (status == TRM_OK)
            return 0;
    }
}

static int encode(struct fit_task *task, const struct trm_model *model)
{
    size_t n = trm_checkpoint_bytes(model);
    void *bytes = malloc(n);

    if (!bytes)
        return err_from_status(&task->err, TRM_ENOMEM);
    enum trm_status status = trm_checkpoint_encode(model, bytes, n);
    if (status != TRM_OK) {
        free(bytes);
        return err_from_status(&task->err, status);
    }
    task->checkpoint = bytes;
    task->checkpoint_n = n;
    return 0;
}

static int finish(struct fit_task *task, struct trm_fit *fit)
{
    struct trm_model *model;
    enum trm_status status = trm_fit_end(fit, &model, &task->report);

    if (status != TRM_OK)
        return err_from_status(&task->err, status);
    if (encode(task, model)) {
        trm_model_free(model);
        return -1;
    }
    task->model = model;
    return 0;
}

static int fit_once(struct fit_task *task, uint64_t cpu_start)
{
    struct trm_fit_options options = {
        .config = task->config,
        .base = task->base ? model_ref_get(task->base) : NULL,
        .seed = task->seed,
        .base_weights = task->base_weights ? base_ref_get(task->base_weights) : NULL,
        .fresh = task->fresh,
    };
    struct trm_fit *fit;
    enum trm_status status = trm_fit_begin(task->values, task->n, &options, &fit);

    if (status != TRM_OK)
        return err_from_status(&task->err, status);
    int rc = train(task, fit, cpu_start);
    if (rc == 0)
        rc = finish(task, fit);
    trm_fit_free(fit);
    return rc;
}

static void run(struct pool_task *pool_task)
{
    struct fit_task *task = (struct fit_task *)pool_task;
    uint64_t start = clock_thread_cpu_ns();

    if (fit_once(task, start) == 0)
        task->outcome = FIT_DONE;
    else
        task->outcome = task->err.code == ERR_CANCELLED ? FIT_CANCELLED : FIT_FAILED;
    task->cpu_ns = clock_thread_cpu_ns() - start;
}

struct fit_task *fit_task_new(double *values, size_t n, const struct trm_config *config,
                              struct model_ref *base, uint64_t seed,
                              void (*deliver)(struct message *message))
{
    struct fit_task *task = calloc(1, sizeof *task);

    if (!task)
        return NULL;
    task->task.run = run;
    task->task.message.deliver = deliver;
    task->values = values;
    task->n = n;
    task->config = *config;
    task->base = base;
    task->seed = seed;
    atomic_init(&task->loss, (double)NAN);
    task->outcome = FIT_CANCELLED; /* what stays true when run is never called */
    return task;
}

void fit_task_free(struct fit_task *task)
{
    if (!task)
        return;
    free(task->values);
    model_ref_unref(task->base);
    base_ref_unref(task->base_weights);
    trm_model_free(task->model);
    free(task->checkpoint);
    free(task);
}
