/* Fits on a pool with the real core: results arrive on the loop and are what core gives without a
 * pool. */
#include "server/train/fit_task.h"

#include "core/checkpoint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY 240
#define TASKS 6

struct fixture {
    uv_loop_t loop;
    uv_async_t keep_alive;
    struct mailbox *mailbox;
    struct pool *pool;
    struct fit_task *ended[TASKS];
    int ended_n;
};

static void deliver(struct message *message)
{
    struct fit_task *task = (struct fit_task *)message;
    struct fixture *f = task->owner;

    f->ended[f->ended_n++] = task;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct pool_options options = {.workers = 2};
    struct err err;

    *state = f;
    return uv_loop_init(&f->loop) || uv_async_init(&f->loop, &f->keep_alive, NULL) ||
           mailbox_new(&f->loop, &f->mailbox, &err) ||
           pool_new(&options, f->mailbox, &f->pool, &err);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    pool_stop(f->pool);
    mailbox_drain(f->mailbox);
    pool_free(f->pool);
    for (int i = 0; i < f->ended_n; i++)
        fit_task_free(f->ended[i]);
    mailbox_free(f->mailbox);
    uv_close((uv_handle_t *)&f->keep_alive, NULL);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&f->loop);
    free(f);
    return rc;
}

static double *history(size_t n)
{
    double *values = calloc(n, sizeof *values);

    for (size_t i = 0; i < n; i++)
        values[i] = 10 + 3 * sin((double)i * M_PI / 6) + 0.3 * sin((double)(i * i % 97));
    return values;
}

static struct fit_task *submit(struct fixture *f, size_t n, struct model_ref *base)
{
    struct trm_config config = trm_config_default(12, 6);

    config.kind = TRM_KIND_LITERAL;
    struct fit_task *task = fit_task_new(history(n), n, &config, base, 7, deliver);
    struct err err;

    task->owner = f;
    assert_int_equal(pool_submit(f->pool, &task->task, &err), 0);
    return task;
}

static void wait_for(struct fixture *f, int ended)
{
    while (f->ended_n < ended)
        uv_run(&f->loop, UV_RUN_ONCE);
}

static void a_fit_on_a_worker_gives_a_model_and_its_checkpoint(void **state)
{
    struct fixture *f = *state;
    struct trm_model *again;

    struct fit_task *task = submit(f, HISTORY, NULL);
    wait_for(f, 1);
    assert_int_equal(task->outcome, FIT_DONE);
    assert_true(trm_model_info(task->model)->trained_n > 0);
    assert_int_equal(atomic_load(&task->progress_ppm), 1000000);
    assert_int_equal(trm_checkpoint_decode(task->checkpoint, task->checkpoint_n, &again), TRM_OK);
    assert_int_equal(trm_model_info(again)->trained_n, trm_model_info(task->model)->trained_n);
    trm_model_free(again);
}

static void fits_side_by_side_give_the_same_bytes(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < TASKS; i++)
        submit(f, HISTORY, NULL);
    wait_for(f, TASKS);
    for (int i = 0; i < TASKS; i++) {
        assert_int_equal(f->ended[i]->outcome, FIT_DONE);
        assert_int_equal(f->ended[i]->checkpoint_n, f->ended[0]->checkpoint_n);
        assert_memory_equal(f->ended[i]->checkpoint, f->ended[0]->checkpoint,
                            f->ended[0]->checkpoint_n);
    }
}

static void a_model_in_use_is_shared_by_the_fits_that_continue_it(void **state)
{
    struct fixture *f = *state;

    struct fit_task *first = submit(f, HISTORY, NULL);
    wait_for(f, 1);
    struct model_ref *ref = model_ref_new(first->model);
    first->model = NULL;
    submit(f, HISTORY, model_ref_ref(ref));
    submit(f, HISTORY, model_ref_ref(ref));
    model_ref_unref(ref); /* the workers' references keep it */
    wait_for(f, 3);
    for (int i = 1; i < 3; i++) {
        assert_int_equal(f->ended[i]->outcome, FIT_DONE);
        assert_true(f->ended[i]->report.incremental);
    }
}

static void a_history_too_short_fails_with_that_reason(void **state)
{
    struct fixture *f = *state;

    struct fit_task *task = submit(f, TRM_OBSERVED_MIN - 1, NULL);
    wait_for(f, 1);
    assert_int_equal(task->outcome, FIT_FAILED);
    assert_int_equal(task->err.code, ERR_TOO_SHORT);
}

static void stopping_the_pool_ends_every_fit(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < TASKS; i++)
        submit(f, TRM_CONTEXT_MAX, NULL);
    pool_stop(f->pool);
    mailbox_drain(f->mailbox);
    assert_int_equal(f->ended_n, TASKS);
    for (int i = 0; i < TASKS; i++)
        assert_int_not_equal(f->ended[i]->outcome, FIT_FAILED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_fit_on_a_worker_gives_a_model_and_its_checkpoint),
        TEST(fits_side_by_side_give_the_same_bytes),
        TEST(a_model_in_use_is_shared_by_the_fits_that_continue_it),
        TEST(a_history_too_short_fails_with_that_reason),
        TEST(stopping_the_pool_ends_every_fit),
    };

    return cmocka_run_group_tests_name("fit_task_core", tests, NULL, NULL);
}
