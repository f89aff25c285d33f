/* Workers, one list for each priority, one mutex. The mutex is held for a few pointer writes; only
 * taking a queued task out again walks a list. A worker's task is announced as ended only after
 * every trace of it has left the pool, because its message may free it at once. */
#include "server/train/pool.h"

#include "server/base/clock.h"
#include "server/train/cores.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>

#define QUEUE_MAX_DEFAULT 10000
#define WORKERS_MAX 256
#define STACK_BYTES ((size_t)2 << 20)
#define NICE 10

struct list {
    struct pool_task *first, **last; /* last: where the next task is linked */
};

struct worker {
    uv_thread_t thread;
    struct pool *pool;
    struct pool_task *task; /* running, or NULL */
};

struct pool {
    uv_mutex_t lock; /* guards everything below but the threads' handles */
    uv_cond_t wake;
    struct mailbox *mailbox;
    size_t queue_max, queued, running;
    struct list lists[POOL_PRIORITIES];
    uint64_t done, cpu_ns;
    bool stopping;
    bool joined;
    unsigned worker_n;
    struct worker workers[];
};

/* ---- lists ---- */

static void list_init(struct list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void list_append(struct list *list, struct pool_task *task)
{
    task->next = NULL;
    *list->last = task;
    list->last = &task->next;
}

/* Takes *link out of the list it is in. */
static struct pool_task *list_take(struct list *list, struct pool_task **link)
{
    struct pool_task *task = *link;

    *link = task->next;
    if (!*link)
        list->last = link;
    task->next = NULL;
    return task;
}

static bool list_remove(struct list *list, struct pool_task *task)
{
    for (struct pool_task **link = &list->first; *link; link = &(*link)->next)
        if (*link == task) {
            list_take(list, link);
            return true;
        }
    return false;
}

/* The task that is next by priority and age, or NULL. Lock held. */
static struct pool_task *take_next(struct pool *pool)
{
    for (size_t i = 0; i < POOL_PRIORITIES; i++)
        if (pool->lists[i].first) {
            pool->queued--;
            return list_take(&pool->lists[i], &pool->lists[i].first);
        }
    return NULL;
}

/* ---- workers ---- */

/* Batch work below the loop's priority. Where the system refuses, the work is done anyway. */
static void lower_priority(void)
{
    struct sched_param param = {0};

    sched_setscheduler(0, SCHED_BATCH, &param);
    if (getpriority(PRIO_PROCESS, 0) < NICE)
        setpriority(PRIO_PROCESS, 0, NICE);
}

/* Waits for a task; NULL when the pool stops. */
static struct pool_task *begin_task(struct worker *worker)
{
    struct pool *pool = worker->pool;
    struct pool_task *task;

    uv_mutex_lock(&pool->lock);
    while (!(task = take_next(pool)) && !pool->stopping)
        uv_cond_wait(&pool->wake, &pool->lock);
    if (task) {
        task->started = true;
        worker->task = task;
        pool->running++;
    }
    uv_mutex_unlock(&pool->lock);
    return task;
}

static void end_task(struct worker *worker, uint64_t cpu_ns)
{
    struct pool *pool = worker->pool;

    uv_mutex_lock(&pool->lock);
    worker->task = NULL;
    pool->running--;
    pool->done++;
    pool->cpu_ns += cpu_ns;
    uv_mutex_unlock(&pool->lock);
}

static void work(void *arg)
{
    struct worker *worker = arg;
    struct pool_task *task;

    lower_priority();
    while ((task = begin_task(worker))) {
        uint64_t start = clock_thread_cpu_ns();
        task->run(task);
        end_task(worker, clock_thread_cpu_ns() - start);
        mailbox_post(worker->pool->mailbox, &task->message);
    }
}

/* Starts the workers; worker_n counts those that have started. */
static int start_workers(struct pool *pool, unsigned workers, struct err *err)
{
    uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_BYTES};

    for (; pool->worker_n < workers; pool->worker_n++) {
        struct worker *worker = &pool->workers[pool->worker_n];
        worker->pool = pool;
        int rc = uv_thread_create_ex(&worker->thread, &options, work, worker);
        if (rc < 0)
            return err_set(err, ERR_NO_MEMORY, "pool: worker %u of %u: %s", pool->worker_n + 1,
                           workers, uv_strerror(rc));
    }
    return 0;
}

/* ---- the loop's side ---- */

unsigned pool_default_workers(void)
{
    unsigned cores = cores_usable("");

    return cores > 1 ? cores - 1 : 1;
}

/* Neither threads nor tasks yet. NULL when out of memory. */
static struct pool *make(unsigned workers, size_t queue_max, struct mailbox *mailbox)
{
    struct pool *pool = calloc(1, sizeof *pool + workers * sizeof pool->workers[0]);

    if (!pool)
        return NULL;
    if (uv_mutex_init(&pool->lock) < 0) {
        free(pool);
        return NULL;
    }
    if (uv_cond_init(&pool->wake) < 0) {
        uv_mutex_destroy(&pool->lock);
        free(pool);
        return NULL;
    }
    for (size_t i = 0; i < POOL_PRIORITIES; i++)
        list_init(&pool->lists[i]);
    pool->queue_max = queue_max;
    pool->mailbox = mailbox;
    return pool;
}

int pool_new(const struct pool_options *options, struct mailbox *mailbox, struct pool **ret,
             struct err *err)
{
    unsigned workers = options->workers ? options->workers : pool_default_workers();

    if (workers > WORKERS_MAX)
        workers = WORKERS_MAX;
    struct pool *pool =
        make(workers, options->queue_max ? options->queue_max : QUEUE_MAX_DEFAULT, mailbox);
    if (!pool)
        return err_set(err, ERR_NO_MEMORY, "pool: out of memory");
    if (start_workers(pool, workers, err)) {
        pool_free(pool);
        return -1;
    }
    *ret = pool;
    return 0;
}

static int refuse_locked(const struct pool *pool, struct err *err)
{
    if (pool->stopping)
        return err_set(err, ERR_UNAVAILABLE, "the worker pool is stopping");
    if (pool->queued >= pool->queue_max)
        return err_set(err, ERR_BUSY,
                       "%zu tasks are waiting for a worker, which is the most; try later",
                       pool->queued);
    return 0;
}

int pool_submit(struct pool *pool, struct pool_task *task, struct err *err)
{
    uv_mutex_lock(&pool->lock);
    int rc = refuse_locked(pool, err);
    if (rc == 0) {
        task->started = false;
        list_append(&pool->lists[task->priority], task);
        pool->queued++;
    }
    uv_mutex_unlock(&pool->lock);
    if (rc == 0)
        uv_cond_signal(&pool->wake);
    return rc;
}

void pool_cancel(struct pool *pool, struct pool_task *task)
{
    atomic_store(&task->cancel, true);
    uv_mutex_lock(&pool->lock);
    bool removed = !task->started && list_remove(&pool->lists[task->priority], task);
    if (removed)
        pool->queued--;
    uv_mutex_unlock(&pool->lock);
    if (removed)
        mailbox_post(pool->mailbox, &task->message);
}

/* Tells the running tasks and hands back the queued ones, linked by `next`. */
static struct pool_task *stop_accepting(struct pool *pool)
{
    struct list queued;
    struct pool_task *task;

    list_init(&queued);
    uv_mutex_lock(&pool->lock);
    pool->stopping = true;
    while ((task = take_next(pool)))
        list_append(&queued, task);
    for (unsigned i = 0; i < pool->worker_n; i++)
        if (pool->workers[i].task)
            atomic_store(&pool->workers[i].task->cancel, true);
    uv_cond_broadcast(&pool->wake);
    uv_mutex_unlock(&pool->lock);
    return queued.first;
}

void pool_stop(struct pool *pool)
{
    if (pool->joined)
        return;
    for (struct pool_task *task = stop_accepting(pool), *next; task; task = next) {
        next = task->next;
        atomic_store(&task->cancel, true);
        mailbox_post(pool->mailbox, &task->message);
    }
    for (unsigned i = 0; i < pool->worker_n; i++)
        uv_thread_join(&pool->workers[i].thread);
    pool->joined = true;
}

void pool_free(struct pool *pool)
{
    if (!pool)
        return;
    pool_stop(pool);
    uv_cond_destroy(&pool->wake);
    uv_mutex_destroy(&pool->lock);
    free(pool);
}

void pool_stats(struct pool *pool, struct pool_stats *ret)
{
    uv_mutex_lock(&pool->lock);
    *ret = (struct pool_stats){.workers = pool->worker_n,
                               .queued = pool->queued,
                               .running = pool->running,
                               .done = pool->done,
                               .cpu_ns = pool->cpu_ns};
    uv_mutex_unlock(&pool->lock);
}
