/* Workers, the queue, one mutex, held for a few pointer writes. A worker's task is announced as ended only
 * after every trace of it has left the pool, because its message may free it at once. */
#include "server/train/pool.h"

#include "server/base/clock.h"
#include "server/train/cores.h"
#include "server/train/queue.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>

#define QUEUE_MAX_DEFAULT 10000
#define WORKERS_MAX 256
#define STACK_BYTES ((size_t)2 << 20)
#define NICE 10

struct worker {
    uv_thread_t thread;
    struct pool *pool;
    struct pool_task *task; /* running, or NULL */
    uint32_t beats;         /* the task's when it was last looked at … */
    uint64_t still_ns;      /* … and how long it has not moved */
    bool stuck;
    bool ended; /* its thread is over, or about to be … */
    bool gone;  /* … and was joined: the place is free */
};

struct pool {
    uv_mutex_t lock; /* guards everything below but the threads' handles */
    uv_cond_t wake;
    struct mailbox *mailbox;
    struct queue *queue;
    size_t queue_max, running;
    uint64_t done, cpu_ns;
    bool stopping;
    bool joined;
    unsigned wanted_n;           /* workers, as configured */
    unsigned working_n, stuck_n; /* threads that work or wait for work; that hang */
    unsigned worker_n;           /* places in use */
    struct worker workers[];     /* [worker_max(wanted_n)] */
};

static unsigned worker_max(unsigned wanted)
{
    return wanted * (1 + POOL_STAND_INS);
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
    while (!(task = queue_take(pool->queue)) && !pool->stopping)
        uv_cond_wait(&pool->wake, &pool->lock);
    if (task) {
        task->started = true;
        worker->task = task;
        worker->beats = atomic_load_explicit(&task->beats, memory_order_relaxed);
        worker->still_ns = 0;
        pool->running++;
    }
    uv_mutex_unlock(&pool->lock);
    return task;
}

/* A worker that hung and is back: whoever stands in for it keeps its place. */
static void come_back(struct worker *worker)
{
    struct pool *pool = worker->pool;

    worker->stuck = false;
    pool->stuck_n--;
    worker->ended = pool->working_n >= pool->wanted_n;
    pool->working_n += !worker->ended;
}

/* Returns whether the worker is to go on. */
static bool end_task(struct worker *worker, uint64_t cpu_ns)
{
    struct pool *pool = worker->pool;

    uv_mutex_lock(&pool->lock);
    queue_spent(pool->queue, worker->task, cpu_ns);
    worker->task = NULL;
    pool->running--;
    pool->done++;
    pool->cpu_ns += cpu_ns;
    if (worker->stuck)
        come_back(worker);
    bool goes_on = !worker->ended;
    uv_mutex_unlock(&pool->lock);
    return goes_on;
}

static void work(void *arg)
{
    struct worker *worker = arg;
    struct pool_task *task;
    bool goes_on = true;

    lower_priority();
    while (goes_on && (task = begin_task(worker))) {
        struct mailbox *mailbox = worker->pool->mailbox;
        uint64_t start = clock_thread_cpu_ns();
        task->run(task);
        goes_on = end_task(worker, clock_thread_cpu_ns() - start);
        mailbox_post(mailbox, &task->message);
    }
}

/* Starts a thread in a place of the array. */
static int start_worker(struct pool *pool, struct worker *worker, struct err *err)
{
    uv_thread_options_t options = {.flags = UV_THREAD_HAS_STACK_SIZE, .stack_size = STACK_BYTES};

    *worker = (struct worker){.pool = pool};
    int rc = uv_thread_create_ex(&worker->thread, &options, work, worker);
    if (rc < 0)
        return err_set(err, ERR_NO_MEMORY, "pool: worker %u of %u: %s",
                       (unsigned)(worker - pool->workers) + 1, pool->wanted_n, uv_strerror(rc));
    return 0;
}

/* worker_n counts those that have started. */
static int start_workers(struct pool *pool, struct err *err)
{
    for (; pool->worker_n < pool->wanted_n; pool->worker_n++, pool->working_n++)
        if (start_worker(pool, &pool->workers[pool->worker_n], err))
            return -1;
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
    struct pool *pool = calloc(1, sizeof *pool + worker_max(workers) * sizeof pool->workers[0]);

    if (!pool)
        return NULL;
    pool->queue = queue_new(queue_max);
    if (!pool->queue || uv_mutex_init(&pool->lock) < 0) {
        queue_free(pool->queue);
        free(pool);
        return NULL;
    }
    if (uv_cond_init(&pool->wake) < 0) {
        uv_mutex_destroy(&pool->lock);
        queue_free(pool->queue);
        free(pool);
        return NULL;
    }
    pool->queue_max = queue_max;
    pool->wanted_n = workers;
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
    if (start_workers(pool, err)) {
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
    if (queue_n(pool->queue) >= pool->queue_max)
        return err_set(err, ERR_BUSY,
                       "%zu tasks are waiting for a worker, which is the most; try later",
                       queue_n(pool->queue));
    return 0;
}

int pool_submit(struct pool *pool, struct pool_task *task, struct err *err)
{
    uv_mutex_lock(&pool->lock);
    int rc = refuse_locked(pool, err);
    if (rc == 0) {
        task->started = task->hung = false;
        queue_push(pool->queue, task);
    }
    uv_mutex_unlock(&pool->lock);
    if (rc == 0)
        uv_cond_signal(&pool->wake);
    return rc;
}

void pool_move(struct pool *pool, struct pool_task *task, enum pool_priority priority)
{
    uv_mutex_lock(&pool->lock);
    if (task->lane) {
        queue_remove(pool->queue, task);
        task->priority = priority;
        queue_push(pool->queue, task);
    }
    uv_mutex_unlock(&pool->lock);
}

void pool_cancel(struct pool *pool, struct pool_task *task)
{
    atomic_store(&task->cancel, true);
    uv_mutex_lock(&pool->lock);
    bool removed = task->lane != NULL;
    if (removed)
        queue_remove(pool->queue, task);
    uv_mutex_unlock(&pool->lock);
    if (removed)
        mailbox_post(pool->mailbox, &task->message);
}

/* ---- hanging workers ---- */

/* Whether the worker's task has not moved for limit_ns, which was not known before. Lock held. */
static bool found_stuck(struct worker *worker, uint64_t elapsed_ns, uint64_t limit_ns)
{
    struct pool_task *task = worker->task;

    if (!task || worker->stuck)
        return false;
    uint32_t beats = atomic_load_explicit(&task->beats, memory_order_relaxed);
    worker->still_ns = beats == worker->beats ? worker->still_ns + elapsed_ns : 0;
    worker->beats = beats;
    worker->stuck = worker->still_ns >= limit_ns;
    return worker->stuck;
}

/* A place for one more thread, or NULL: one that was never used, or whose thread has ended. */
static struct worker *free_place(struct pool *pool)
{
    for (unsigned i = 0; i < pool->worker_n; i++) {
        struct worker *worker = &pool->workers[i];
        if (worker->ended && !worker->gone)
            uv_thread_join(&worker->thread); /* it does not want the lock any more */
        worker->gone = worker->ended;
        if (worker->gone)
            return worker;
    }
    return pool->worker_n < worker_max(pool->wanted_n) ? &pool->workers[pool->worker_n] : NULL;
}

/* Other threads for the stuck ones, as far as they may be. Lock held. */
static void stand_in(struct pool *pool)
{
    struct err ignored; /* tried again when the next worker hangs */
    struct worker *place;

    while (pool->working_n < pool->wanted_n && (place = free_place(pool))) {
        if (start_worker(pool, place, &ignored)) {
            place->ended = place->gone = true;
            return;
        }
        pool->worker_n += place == &pool->workers[pool->worker_n];
        pool->working_n++;
    }
}

size_t pool_watch(struct pool *pool, uint64_t elapsed_ns, uint64_t limit_ns, struct pool_task **ret,
                  size_t max)
{
    size_t n = 0;

    uv_mutex_lock(&pool->lock);
    for (unsigned i = 0; i < pool->worker_n && n < max; i++) {
        struct worker *worker = &pool->workers[i];
        if (!found_stuck(worker, elapsed_ns, limit_ns))
            continue;
        pool->stuck_n++;
        pool->working_n--;
        worker->task->hung = true;
        atomic_store(&worker->task->cancel, true);
        ret[n++] = worker->task;
    }
    if (n)
        stand_in(pool);
    uv_mutex_unlock(&pool->lock);
    return n;
}

/* ---- the end ---- */

/* Tells the running tasks and hands back the queued ones, linked by `next`. */
static struct pool_task *stop_accepting(struct pool *pool)
{
    struct pool_task *first = NULL, **last = &first, *task;

    uv_mutex_lock(&pool->lock);
    pool->stopping = true;
    while ((task = queue_take(pool->queue))) {
        *last = task;
        last = &task->next;
    }
    for (unsigned i = 0; i < pool->worker_n; i++)
        if (pool->workers[i].task)
            atomic_store(&pool->workers[i].task->cancel, true);
    uv_cond_broadcast(&pool->wake);
    uv_mutex_unlock(&pool->lock);
    return first;
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
        if (!pool->workers[i].gone)
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
    queue_free(pool->queue);
    free(pool);
}

void pool_stats(struct pool *pool, struct pool_stats *ret)
{
    uv_mutex_lock(&pool->lock);
    *ret = (struct pool_stats){.workers = pool->working_n + pool->stuck_n,
                               .stuck = pool->stuck_n,
                               .queued = queue_n(pool->queue),
                               .running = pool->running,
                               .done = pool->done,
                               .cpu_ns = pool->cpu_ns};
    uv_mutex_unlock(&pool->lock);
}
