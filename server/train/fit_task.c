/* One slice of a fit on a worker. Between two steps of a few ms it looks at the cancel flag and at its own
 * clocks: the budget counts work done, and only beyond all patience time spent waiting for a core. */
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

static int over_budget(struct fit_task *task, bool cpu)
{
    task->stopped = FIT_OVER_BUDGET;
    return err_set(&task->err, ERR_TOO_LARGE,
                   "the fit was stopped: it used up its budget of %.3g s of %s",
                   (double)task->budget_ns * 1e-9 * (cpu ? 1 : FIT_PATIENCE),
                   cpu ? "CPU time" : "a worker's time");
}

static int failed(struct fit_task *task, enum trm_status status)
{
    if (status == TRM_EDIVERGED)
        task->stopped = FIT_DIVERGED;
    return err_from_status(&task->err, status);
}

/* Where a slice began. */
struct slice {
    uint64_t cpu_ns, wall_ns;
};

/* 0, or -1 where the fit is to end (task->err says why). */
static int check(struct fit_task *task, const struct slice *slice, uint64_t cpu_ns)
{
    if (atomic_load_explicit(&task->task.cancel, memory_order_relaxed))
        return err_set(&task->err, ERR_CANCELLED, "the fit was cancelled");
    if (task->budget_ns && task->cpu_ns + cpu_ns > task->budget_ns)
        return over_budget(task, true);
    if (task->budget_ns &&
        task->wall_ns + clock_mono_ns() - slice->wall_ns > FIT_PATIENCE * task->budget_ns)
        return over_budget(task, false);
    return 0;
}

/* Steps until the fit is complete (*ret_more false) or the slice is used up; or -1, task->err says why. */
static int train(struct fit_task *task, const struct slice *slice, bool *ret_more)
{
    struct trm_fit_progress progress;
    enum trm_status status = TRM_MORE;

    *ret_more = false;
    while (status == TRM_MORE) {
        uint64_t cpu_ns = clock_thread_cpu_ns() - slice->cpu_ns;
        if (check(task, slice, cpu_ns))
            return -1;
        *ret_more = task->slice_ns && cpu_ns > task->slice_ns;
        if (*ret_more)
            return 0;
        pool_beat(&task->task);
        status = trm_fit_step(task->fit, &progress);
        if (status != TRM_OK && status != TRM_MORE)
            return failed(task, status);
        publish(task, &progress);
    }
    return 0;
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

static int finish(struct fit_task *task)
{
    struct trm_model *model;
    enum trm_status status = trm_fit_end(task->fit, &model, &task->report);

    if (status != TRM_OK)
        return failed(task, status);
    if (encode(task, model)) {
        trm_model_free(model);
        return -1;
    }
    task->model = model;
    return 0;
}

static int begin(struct fit_task *task)
{
    struct trm_fit_options options = {
        .config = task->config,
        .base = task->base ? model_ref_get(task->base) : NULL,
        .seed = task->seed,
        .base_weights = task->base_weights ? base_ref_get(task->base_weights) : NULL,
        .fresh = task->fresh,
        .champion = task->champion ? model_ref_get(task->champion) : NULL,
        .unseen = task->unseen,
    };
    enum trm_status status = trm_fit_begin(task->values, task->n, &options, &task->fit);

    return status == TRM_OK ? 0 : failed(task, status);
}

static int run_slice(struct fit_task *task, const struct slice *slice)
{
    bool more;

    if ((!task->fit && begin(task)) || train(task, slice, &more))
        return -1;
    task->outcome = more ? FIT_UNFINISHED : FIT_DONE;
    return more ? 0 : finish(task);
}

static void run(struct pool_task *pool_task)
{
    struct fit_task *task = (struct fit_task *)pool_task;
    struct slice slice = {clock_thread_cpu_ns(), clock_mono_ns()};

    if (run_slice(task, &slice))
        task->outcome = task->err.code == ERR_CANCELLED ? FIT_CANCELLED : FIT_FAILED;
    if (task->outcome != FIT_UNFINISHED) {
        trm_fit_free(task->fit);
        task->fit = NULL;
    }
    task->cpu_ns += clock_thread_cpu_ns() - slice.cpu_ns;
    task->wall_ns += clock_mono_ns() - slice.wall_ns;
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
    trm_fit_free(task->fit);
    free(task->values);
    model_ref_unref(task->base);
    model_ref_unref(task->champion);
    base_ref_unref(task->base_weights);
    trm_model_free(task->model);
    free(task->checkpoint);
    free(task);
}
