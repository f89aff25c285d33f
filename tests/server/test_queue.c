/* Who is next: invented clients and invented costs, no threads. */
#include "server/train/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define TASKS 4096
#define MS UINT64_C(1000000)

struct fixture {
    struct queue *queue;
    struct pool_task tasks[TASKS];
    size_t n;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    *state = f;
    f->queue = queue_new(TASKS);
    return f->queue == NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    queue_free(f->queue);
    free(f);
    return 0;
}

static struct pool_task *push(struct fixture *f, uint64_t client, enum pool_priority priority)
{
    struct pool_task *task = &f->tasks[f->n++];

    task->client = client;
    task->priority = priority;
    queue_push(f->queue, task);
    return task;
}

/* The next task, which then costs so much; it goes back to the end, so that its class never runs dry. */
static struct pool_task *turn(struct fixture *f, uint64_t cost_ns)
{
    struct pool_task *task = queue_take(f->queue);

    assert_non_null(task);
    queue_push(f->queue, task);
    queue_spent(f->queue, task, cost_ns);
    return task;
}

static void clients_take_turns_and_each_is_served_in_order(void **state)
{
    struct fixture *f = *state;
    struct pool_task *flood[100], *lone[3];

    for (int i = 0; i < 100; i++)
        flood[i] = push(f, 1, POOL_FIT);
    for (int i = 0; i < 3; i++)
        lone[i] = push(f, 2, POOL_FIT);
    for (int i = 0; i < 3; i++) {
        assert_ptr_equal(queue_take(f->queue), flood[i]);
        assert_ptr_equal(queue_take(f->queue), lone[i]);
    }
    for (int i = 3; i < 100; i++)
        assert_ptr_equal(queue_take(f->queue), flood[i]);
    assert_null(queue_take(f->queue));
    assert_int_equal(queue_n(f->queue), 0);
}

static void a_client_that_comes_late_waits_for_one_task_of_each_other(void **state)
{
    struct fixture *f = *state;

    for (uint64_t client = 1; client <= 20; client++)
        for (int i = 0; i < 50; i++)
            push(f, client, POOL_FIT);
    for (int i = 0; i < 7; i++)
        queue_take(f->queue);
    struct pool_task *late = push(f, 99, POOL_FIT);
    for (int i = 0; i < 20; i++)
        assert_ptr_not_equal(queue_take(f->queue), late);
    assert_ptr_equal(queue_take(f->queue), late);
}

static void classes_come_in_order_whoever_asks(void **state)
{
    struct fixture *f = *state;
    struct pool_task *tasks[POOL_PRIORITIES];

    for (size_t i = POOL_PRIORITIES; i-- > 0;)
        tasks[i] = push(f, i % 3, (enum pool_priority)i);
    for (size_t i = 0; i < POOL_PRIORITIES; i++)
        assert_ptr_equal(queue_take(f->queue), tasks[i]);
}

static void a_further_slice_goes_before_the_clients_own_tasks_and_after_the_others_turn(void **state)
{
    struct fixture *f = *state;
    struct pool_task *long_one = push(f, 1, POOL_FIT), *second = push(f, 1, POOL_FIT),
                     *other = push(f, 2, POOL_FIT);

    assert_ptr_equal(queue_take(f->queue), long_one);
    long_one->resumes = true;
    queue_push(f->queue, long_one);
    assert_ptr_equal(queue_take(f->queue), other);
    assert_ptr_equal(queue_take(f->queue), long_one);
    assert_ptr_equal(queue_take(f->queue), second);
}

static void tasks_are_taken_out_from_anywhere(void **state)
{
    struct fixture *f = *state;
    struct pool_task *a[3], *b;

    for (int i = 0; i < 3; i++)
        a[i] = push(f, 1, POOL_FIT);
    b = push(f, 2, POOL_FIT);
    queue_remove(f->queue, a[1]);
    queue_remove(f->queue, a[0]); /* the one whose turn it was */
    assert_int_equal(queue_n(f->queue), 2);
    assert_ptr_equal(queue_take(f->queue), a[2]);
    assert_ptr_equal(queue_take(f->queue), b);
    b = push(f, 2, POOL_FIT);
    queue_remove(f->queue, b);
    assert_null(queue_take(f->queue));
}

/* Endless load of every class at equal costs: each gets its share of what those above it use. */
static void under_endless_load_every_class_gets_its_share(void **state)
{
    struct fixture *f = *state;
    double turns[POOL_PRIORITIES] = {0}, above = 0;

    for (size_t i = 0; i < POOL_PRIORITIES; i++)
        for (int n = 0; n < 4; n++)
            push(f, (uint64_t)n, (enum pool_priority)i);
    for (int i = 0; i < 200000; i++)
        turns[turn(f, 20 * MS)->priority]++;
    for (size_t i = 0; i < POOL_PRIORITIES; i++) {
        if (queue_share[i]) {
            assert_true(turns[i] * queue_share[i] > .98 * above);
            assert_true(turns[i] * queue_share[i] < 1.02 * above);
        }
        above += turns[i];
    }
    assert_true(turns[POOL_FORECAST] > .35 * above); /* and the highest loses little more than half */
}

/* The lowest class' slices are five times as long as what keeps it waiting: its share is of time. */
static void shares_are_of_time_and_not_of_tasks(void **state)
{
    struct fixture *f = *state;
    double used[POOL_PRIORITIES] = {0};

    push(f, 1, POOL_FIT);
    push(f, 0, POOL_FLEET);
    for (int i = 0; i < 100000; i++) {
        struct pool_task *task = queue_take(f->queue);
        uint64_t cost = task->priority == POOL_FLEET ? 100 * MS : 20 * MS;
        queue_push(f->queue, task);
        queue_spent(f->queue, task, cost);
        used[task->priority] += (double)cost;
    }
    assert_true(used[POOL_FLEET] * queue_share[POOL_FLEET] > .98 * used[POOL_FIT]);
    assert_true(used[POOL_FLEET] * queue_share[POOL_FLEET] < 1.02 * used[POOL_FIT]);
}

static void nothing_is_earned_by_not_waiting(void **state)
{
    struct fixture *f = *state;
    int before = 0;

    push(f, 1, POOL_FIT);
    for (int i = 0; i < 1000; i++)
        turn(f, 20 * MS);
    struct pool_task *late = push(f, 0, POOL_FLEET);
    while (turn(f, 20 * MS) != late)
        before++;
    assert_true(before >= 1); /* what a task is taken to cost at first is little, so it may come soon … */
    before = 0;
    while (turn(f, 20 * MS) != late)
        before++;
    assert_true(before >= (int)queue_share[POOL_FLEET]); /* … and then it has paid */
}

static void a_task_that_took_for_ever_is_forgiven_in_the_end(void **state)
{
    struct fixture *f = *state;
    uint64_t above = 0;

    push(f, 1, POOL_FIT);
    struct pool_task *late = push(f, 0, POOL_REFIT);
    while (turn(f, 20 * MS) != late)
        continue;
    queue_spent(f->queue, late, 3600000 * MS);
    while (turn(f, 20 * MS) != late)
        above += 20 * MS;
    uint64_t debt = (uint64_t)(QUEUE_DEBT_MAX_NS + QUEUE_COST_MAX_NS);
    assert_true(above <= debt * queue_share[POOL_REFIT] + 40 * MS);
}

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Against a plain model: every task comes out once, none twice, whatever is pushed, taken and removed. */
static void nothing_is_lost_or_doubled(void **state)
{
    struct fixture *f = *state;
    static bool in[TASKS];
    unsigned seed = 7;
    size_t n = 0;

    memset(in, 0, sizeof in);
    for (int step = 0; step < 200000; step++) {
        size_t at = next_random(&seed) % TASKS;
        struct pool_task *task = &f->tasks[at];
        if (next_random(&seed) % 8 < 3) {
            task = queue_take(f->queue);
            assert_true(n == 0 ? task == NULL : task && in[task - f->tasks]);
            if (!task)
                continue;
            in[task - f->tasks] = false;
            n--;
            queue_spent(f->queue, task, next_random(&seed) % 1000 * MS);
        } else if (in[at]) {
            queue_remove(f->queue, task);
            in[at] = false;
            n--;
        } else {
            task->client = next_random(&seed) % 500;
            task->priority = (enum pool_priority)(next_random(&seed) % POOL_PRIORITIES);
            task->resumes = next_random(&seed) % 4 == 0;
            queue_push(f->queue, task);
            in[at] = true;
            n++;
        }
        assert_int_equal(queue_n(f->queue), n);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(clients_take_turns_and_each_is_served_in_order),
        TEST(a_client_that_comes_late_waits_for_one_task_of_each_other),
        TEST(classes_come_in_order_whoever_asks),
        TEST(a_further_slice_goes_before_the_clients_own_tasks_and_after_the_others_turn),
        TEST(tasks_are_taken_out_from_anywhere),
        TEST(under_endless_load_every_class_gets_its_share),
        TEST(shares_are_of_time_and_not_of_tasks),
        TEST(nothing_is_earned_by_not_waiting),
        TEST(a_task_that_took_for_ever_is_forgiven_in_the_end),
        TEST(nothing_is_lost_or_doubled),
    };

    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
