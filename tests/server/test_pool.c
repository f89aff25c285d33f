/* The worker pool: order, limits, cancellation, stopping, and all of it at once. Tasks are held at
 * a gate where a test needs to know that they run; nothing sleeps. */
#include "server/train/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MANY 4000

struct fixture {
    uv_loop_t loop;
    uv_async_t keep_alive;
    struct mailbox *mailbox;
    struct pool *pool;
    struct err err;
};

static struct fixture *fixture(void **state, unsigned workers, size_t queue_max)
{
    struct fixture *f = *state;
    struct pool_options options = {.workers = workers, .queue_max = queue_max};

    assert_int_equal(pool_new(&options, f->mailbox, &f->pool, &f->err), 0);
    return f;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    *state = f;
    return uv_loop_init(&f->loop) || uv_async_init(&f->loop, &f->keep_alive, NULL) ||
           mailbox_new(&f->loop, &f->mailbox, &f->err);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pool_free(f->pool);
    mailbox_drain(f->mailbox);
    mailbox_free(f->mailbox);
    uv_close((uv_handle_t *)&f->keep_alive, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&f->loop);
    free(f);
    return rc;
}

/* A task that may wait at a gate and notes when it ran and when it was delivered. */
struct job {
    struct pool_task task; /* first */
    int number;
    uv_sem_t *running, *gate; /* posted when running; waited for before ending */
    bool until_cancelled;
    int ran;
    struct report *report;
};

struct report {
    int order[MANY]; /* numbers in order of delivery */
    int delivered, ran, never_started, cancelled;
};

static void run_job(struct pool_task *task)
{
    struct job *job = (struct job *)task;

    job->ran++;
    if (job->running)
        uv_sem_post(job->running);
    if (job->gate)
        uv_sem_wait(job->gate);
    while (job->until_cancelled && !atomic_load(&task->cancel))
        sched_yield();
}

static void deliver_job(struct message *message)
{
    struct job *job = (struct job *)message;
    struct report *report = job->report;

    report->order[report->delivered++] = job->number;
    report->ran += job->ran;
    report->never_started += !job->task.started;
    report->cancelled += atomic_load(&job->task.cancel);
    free(job);
}

static struct job *new_job(struct report *report, int number, enum pool_priority priority)
{
    struct job *job = calloc(1, sizeof *job);

    if (!job)
        abort();
    job->task.message.deliver = deliver_job;
    job->task.run = run_job;
    job->task.priority = priority;
    job->number = number;
    job->report = report;
    return job;
}

static struct job *submit(struct fixture *f, struct report *report, int number,
                          enum pool_priority priority)
{
    struct job *job = new_job(report, number, priority);

    assert_int_equal(pool_submit(f->pool, &job->task, &f->err), 0);
    return job;
}

/* A task that occupies a worker until the gate is posted; returns when it runs. */
static struct job *occupy(struct fixture *f, struct report *report, uv_sem_t *gate)
{
    struct job *job = new_job(report, -1, POOL_FORECAST);
    uv_sem_t running;

    uv_sem_init(&running, 0);
    job->running = &running;
    job->gate = gate;
    assert_int_equal(pool_submit(f->pool, &job->task, &f->err), 0);
    uv_sem_wait(&running);
    uv_sem_destroy(&running);
    return job;
}

static void wait_for(struct fixture *f, const struct report *report, int delivered)
{
    while (report->delivered < delivered)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void one_worker_runs_by_priority_and_then_by_age(void **state)
{
    struct fixture *f = fixture(state, 1, 0);
    static const enum pool_priority priorities[] = {POOL_REFIT,    POOL_FIT,       POOL_REFIT,
                                                    POOL_FORECAST, POOL_FIRST_FIT, POOL_FIT,
                                                    POOL_FORECAST, POOL_FIRST_FIT};
    static const int wanted[] = {-1, 3, 6, 4, 7, 1, 5, 0, 2};
    struct report report = {0};
    uv_sem_t gate;

    uv_sem_init(&gate, 0);
    occupy(f, &report, &gate);
    for (int i = 0; i < 8; i++)
        submit(f, &report, i, priorities[i]);
    uv_sem_post(&gate);
    wait_for(f, &report, 9);
    assert_memory_equal(report.order, wanted, sizeof wanted);
    assert_int_equal(report.ran, 9);
    uv_sem_destroy(&gate);
}

static void a_full_queue_refuses_and_leaves_the_task_with_its_owner(void **state)
{
    struct fixture *f = fixture(state, 1, 2);
    struct report report = {0};
    uv_sem_t gate;

    uv_sem_init(&gate, 0);
    occupy(f, &report, &gate);
    submit(f, &report, 1, POOL_FIT);
    submit(f, &report, 2, POOL_REFIT);
    struct job *refused = new_job(&report, 3, POOL_FORECAST);
    assert_int_equal(pool_submit(f->pool, &refused->task, &f->err), -1);
    assert_int_equal(f->err.code, ERR_BUSY);
    uv_sem_post(&gate);
    wait_for(f, &report, 3);
    assert_int_equal(report.ran, 3);
    assert_int_equal(pool_submit(f->pool, &refused->task, &f->err), 0);
    wait_for(f, &report, 4);
    uv_sem_destroy(&gate);
}

static void a_queued_task_that_is_cancelled_is_delivered_without_having_run(void **state)
{
    struct fixture *f = fixture(state, 1, 0);
    struct report report = {0};
    uv_sem_t gate;
    struct job *jobs[3];

    uv_sem_init(&gate, 0);
    occupy(f, &report, &gate);
    for (int i = 0; i < 3; i++)
        jobs[i] = submit(f, &report, i, POOL_FIT);
    pool_cancel(f->pool, &jobs[2]->task); /* the last: the list's end must move */
    pool_cancel(f->pool, &jobs[2]->task); /* a second time changes nothing */
    pool_cancel(f->pool, &jobs[0]->task);
    wait_for(f, &report, 2); /* while the worker is still occupied */
    assert_int_equal(report.order[0], 2);
    assert_int_equal(report.order[1], 0);
    assert_int_equal(report.never_started, 2);
    assert_int_equal(report.ran, 0);
    submit(f, &report, 3, POOL_FIT);
    uv_sem_post(&gate);
    wait_for(f, &report, 5);
    assert_int_equal(report.order[3], 1);
    assert_int_equal(report.order[4], 3);
    assert_int_equal(report.ran, 3);
    uv_sem_destroy(&gate);
}

static void a_running_task_is_told_to_stop(void **state)
{
    struct fixture *f = fixture(state, 1, 0);
    struct report report = {0};
    uv_sem_t gate;

    uv_sem_init(&gate, 0);
    struct job *job = occupy(f, &report, &gate);
    job->until_cancelled = true; /* read after the gate */
    uv_sem_post(&gate);
    pool_cancel(f->pool, &job->task);
    wait_for(f, &report, 1);
    assert_int_equal(report.ran, 1);
    assert_int_equal(report.never_started, 0);
    uv_sem_destroy(&gate);
}

static void stopping_cancels_everything_and_delivers_everything_once(void **state)
{
    struct fixture *f = fixture(state, 2, 0);
    struct report report = {0};
    uv_sem_t gate;

    uv_sem_init(&gate, 0);
    for (int i = 0; i < 2; i++)
        occupy(f, &report, &gate)->until_cancelled = true;
    for (int i = 0; i < 100; i++)
        submit(f, &report, i, (enum pool_priority)(i % POOL_PRIORITIES));
    uv_sem_post(&gate);
    uv_sem_post(&gate);
    pool_stop(f->pool);
    assert_int_equal(mailbox_drain(f->mailbox), 102);
    assert_int_equal(report.delivered, 102);
    assert_int_equal(report.ran, 2);
    assert_int_equal(report.never_started, 100);
    assert_int_equal(report.cancelled, 102);
    uv_sem_destroy(&gate);
}

static void a_stopped_pool_takes_nothing_more(void **state)
{
    struct fixture *f = fixture(state, 1, 0);
    struct report report = {0};
    struct job *job = new_job(&report, 0, POOL_FIT);

    pool_stop(f->pool);
    pool_stop(f->pool);
    assert_int_equal(pool_submit(f->pool, &job->task, &f->err), -1);
    assert_int_equal(f->err.code, ERR_UNAVAILABLE);
    free(job);
}

static void numbers_tell_what_waits_runs_and_is_done(void **state)
{
    struct fixture *f = fixture(state, 1, 0);
    struct report report = {0};
    struct pool_stats stats;
    uv_sem_t gate;

    uv_sem_init(&gate, 0);
    occupy(f, &report, &gate);
    struct job *job = submit(f, &report, 1, POOL_FIT);
    submit(f, &report, 2, POOL_FIT);
    pool_stats(f->pool, &stats);
    assert_int_equal(stats.workers, 1);
    assert_int_equal(stats.queued, 2);
    assert_int_equal(stats.running, 1);
    assert_int_equal(stats.done, 0);
    pool_cancel(f->pool, &job->task);
    pool_stats(f->pool, &stats);
    assert_int_equal(stats.queued, 1);
    uv_sem_post(&gate);
    wait_for(f, &report, 3);
    pool_stats(f->pool, &stats);
    assert_int_equal(stats.queued, 0);
    assert_int_equal(stats.running, 0);
    assert_int_equal(stats.done, 2);
    assert_true(stats.cpu_ns > 0);
    uv_sem_destroy(&gate);
}

struct look {
    struct pool_task task; /* first */
    int nice;
    bool delivered;
};

static void look_around(struct pool_task *task)
{
    struct look *look = (struct look *)task;

    look->nice = getpriority(PRIO_PROCESS, 0);
}

static void note_delivery(struct message *message)
{
    ((struct look *)message)->delivered = true;
}

static void workers_run_below_the_loop_and_the_loop_stays_where_it_was(void **state)
{
    int before = getpriority(PRIO_PROCESS, 0);
    struct fixture *f = fixture(state, 1, 0);
    struct look look = {.task = {.message = {.deliver = note_delivery}, .run = look_around}};

    assert_int_equal(pool_submit(f->pool, &look.task, &f->err), 0);
    while (!look.delivered)
        uv_run(&f->loop, UV_RUN_ONCE);
    assert_int_equal(look.nice, before > 10 ? before : 10);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
}

#define SECOND UINT64_C(1000000000)

static void a_worker_that_hangs_is_told_found_once_and_stood_in_for(void **state)
{
    struct fixture *f = fixture(state, 1, 0);
    struct report report = {0};
    struct pool_task *hung[2];
    struct pool_stats stats;
    uv_sem_t gate;

    uv_sem_init(&gate, 0);
    struct job *job = occupy(f, &report, &gate);
    assert_int_equal(pool_watch(f->pool, 2 * SECOND, 5 * SECOND, hung, 2), 0);
    assert_int_equal(pool_watch(f->pool, 2 * SECOND, 5 * SECOND, hung, 2), 0);
    pool_beat(&job->task); /* it moved after all */
    assert_int_equal(pool_watch(f->pool, 2 * SECOND, 5 * SECOND, hung, 2), 0);
    assert_false(atomic_load(&job->task.cancel));
    assert_int_equal(pool_watch(f->pool, 5 * SECOND, 5 * SECOND, hung, 2), 1);
    assert_ptr_equal(hung[0], &job->task);
    assert_true(job->task.hung);
    assert_true(atomic_load(&job->task.cancel));
    assert_int_equal(pool_watch(f->pool, 9 * SECOND, 5 * SECOND, hung, 2), 0);
    submit(f, &report, 1, POOL_FLEET); /* run by the one that stands in */
    wait_for(f, &report, 1);
    assert_int_equal(report.order[0], 1);
    pool_stats(f->pool, &stats);
    assert_int_equal(stats.workers, 2);
    assert_int_equal(stats.stuck, 1);
    uv_sem_post(&gate);
    wait_for(f, &report, 2);
    pool_stats(f->pool, &stats);
    assert_int_equal(stats.workers, 1);
    assert_int_equal(stats.stuck, 0);
    uv_sem_destroy(&gate);
}

static void stand_ins_are_bounded_and_places_are_used_again(void **state)
{
    struct fixture *f = fixture(state, 1, 0);
    struct report report = {0};
    struct pool_task *hung[4];
    struct pool_stats stats;
    uv_sem_t gates[2];

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2; i++) {
            uv_sem_init(&gates[i], 0);
            occupy(f, &report, &gates[i]);
            assert_int_equal(pool_watch(f->pool, SECOND, SECOND, hung, 4), 1);
        }
        pool_stats(f->pool, &stats);
        assert_int_equal(stats.workers, 2); /* as many as there are ever threads */
        assert_int_equal(stats.stuck, 2);
        submit(f, &report, 1, POOL_FORECAST);
        for (int i = 0; i < 2; i++)
            uv_sem_post(&gates[i]);
        wait_for(f, &report, 3 * (round + 1));
        pool_stats(f->pool, &stats);
        assert_int_equal(stats.workers, 1);
        for (int i = 0; i < 2; i++)
            uv_sem_destroy(&gates[i]);
    }
    assert_int_equal(report.ran, 9);
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Submits, cancels and delivers in a fixed random order; the workers' timing is their own. */
static void a_storm_of_submissions_and_cancels_loses_and_doubles_nothing(void **state)
{
    struct fixture *f = fixture(state, 4, 64);
    static struct report report;
    unsigned seed = 1;
    int submitted = 0;

    memset(&report, 0, sizeof report);
    while (submitted < MANY) {
        struct job *job =
            new_job(&report, submitted, (enum pool_priority)(next_random(&seed) % POOL_PRIORITIES));
        job->task.client = next_random(&seed) % 7;
        job->task.resumes = next_random(&seed) % 5 == 0;
        if (pool_submit(f->pool, &job->task, &f->err)) {
            assert_int_equal(f->err.code, ERR_BUSY);
            free(job);
            uv_run(&f->loop, UV_RUN_ONCE);
            continue;
        }
        submitted++;
        if (next_random(&seed) % 3 == 0)
            pool_cancel(f->pool, &job->task); /* queued, running, or ended and not delivered yet */
        if (next_random(&seed) % 16 == 0)
            mailbox_drain(f->mailbox);
    }
    wait_for(f, &report, MANY);

    static char seen[MANY];
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(seen[report.order[i]]++, 0);
    assert_int_equal(report.ran + report.never_started, MANY);
}

static void stopping_in_the_middle_of_a_storm_delivers_every_task(void **state)
{
    struct fixture *f = *state;

    for (unsigned round = 0; round < 50; round++) {
        struct report report = {0};
        fixture(state, 1 + round % 4, 0);
        for (int i = 0; i < 40; i++)
            submit(f, &report, i, (enum pool_priority)(i % POOL_PRIORITIES));
        pool_free(f->pool);
        f->pool = NULL;
        mailbox_drain(f->mailbox);
        assert_int_equal(report.delivered, 40);
        assert_int_equal(report.ran + report.never_started, 40);
    }
}

static void there_is_always_a_worker(void **state)
{
    struct fixture *f = fixture(state, 0, 0);
    struct pool_stats stats;

    pool_stats(f->pool, &stats);
    assert_true(stats.workers >= 1);
    assert_int_equal(stats.workers, pool_default_workers());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(one_worker_runs_by_priority_and_then_by_age),
        TEST(a_full_queue_refuses_and_leaves_the_task_with_its_owner),
        TEST(a_queued_task_that_is_cancelled_is_delivered_without_having_run),
        TEST(a_running_task_is_told_to_stop),
        TEST(stopping_cancels_everything_and_delivers_everything_once),
        TEST(a_stopped_pool_takes_nothing_more),
        TEST(numbers_tell_what_waits_runs_and_is_done),
        TEST(workers_run_below_the_loop_and_the_loop_stays_where_it_was),
        TEST(a_worker_that_hangs_is_told_found_once_and_stood_in_for),
        TEST(stand_ins_are_bounded_and_places_are_used_again),
        TEST(a_storm_of_submissions_and_cancels_loses_and_doubles_nothing),
        TEST(stopping_in_the_middle_of_a_storm_delivers_every_task),
        TEST(there_is_always_a_worker),
    };

    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
