/* A fit as a task, with a core that does what the test says: every way a fit can end, and who owns
 * what afterwards. The real core is in test_fit_task_core.c. */
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

/* ---- a core made for the purpose ---- */

struct trm_model {
    int value;
};
struct trm_fit {
    uint64_t steps;
};

static struct {
    enum trm_status begin, step, end, encode; /* what each call answers, after steps_n good steps */
    uint64_t steps_n, cancel_at;
    struct fit_task *task;
    struct trm_fit_options options; /* as received */
    int fits_alive, models_alive, steps_done;
    bool burn; /* use CPU time in every step */
} core;

enum trm_status trm_fit_begin(const double *values, size_t n, const struct trm_fit_options *options,
                              struct trm_fit **ret)
{
    assert_int_equal(n, 3);
    assert_true(values[2] == 3);
    core.options = *options;
    if (core.begin != TRM_OK)
        return core.begin;
    *ret = calloc(1, sizeof **ret);
    core.fits_alive++;
    return TRM_OK;
}

enum trm_status trm_fit_step(struct trm_fit *fit, struct trm_fit_progress *ret_progress)
{
    volatile double sink = 0;

    for (int i = 0; core.burn && i < 100000; i++)
        sink = sink + 1;
    core.steps_done++;
    if (++fit->steps == core.cancel_at)
        atomic_store(&core.task->task.cancel, true);
    if (core.steps_n && fit->steps >= core.steps_n && core.step != TRM_OK)
        return core.step;
    ret_progress->fraction = core.steps_n ? (double)fit->steps / (double)core.steps_n : 0.5;
    ret_progress->step = fit->steps;
    ret_progress->loss = 1.25;
    return fit->steps == core.steps_n ? TRM_OK : TRM_MORE;
}

enum trm_status trm_fit_end(struct trm_fit *fit, struct trm_model **ret_model,
                            struct trm_fit_report *ret_report)
{
    if (core.end != TRM_OK)
        return core.end;
    *ret_model = calloc(1, sizeof **ret_model);
    core.models_alive++;
    *ret_report = (struct trm_fit_report){.steps = fit->steps};
    return TRM_OK;
}

void trm_fit_free(struct trm_fit *fit)
{
    core.fits_alive -= fit != NULL;
    free(fit);
}

void trm_model_free(struct trm_model *model)
{
    core.models_alive -= model != NULL;
    free(model);
}

/* No base is ever made here. */
void trm_base_free(struct trm_base *base)
{
    assert_null(base);
}

size_t trm_checkpoint_bytes(const struct trm_model *model)
{
    (void)model;
    return 8;
}

enum trm_status trm_checkpoint_encode(const struct trm_model *model, void *buf, size_t buf_n)
{
    (void)model;
    assert_int_equal(buf_n, 8);
    memcpy(buf, "encoded", 8);
    return core.encode;
}

/* ---- the tests ---- */

static void deliver(struct message *message)
{
    (void)message;
}

/* A task whose core answers well after three steps. */
static struct fit_task *new_task(struct model_ref *base)
{
    struct trm_config config = {.season = 24, .horizon = 48};
    double *values = calloc(3, sizeof *values);

    for (int i = 0; i < 3; i++)
        values[i] = i + 1;
    memset(&core, 0, sizeof core);
    core.steps_n = 3;
    core.task = fit_task_new(values, 3, &config, base, 42, deliver);
    assert_non_null(core.task);
    return core.task;
}

static void run(struct fit_task *task)
{
    task->task.started = true;
    task->task.run(&task->task);
    assert_int_equal(core.fits_alive, 0);
}

static void assert_nothing_out(const struct fit_task *task)
{
    assert_null(task->model);
    assert_null(task->checkpoint);
    assert_int_equal(task->checkpoint_n, 0);
    assert_int_equal(core.models_alive, 0);
}

static void a_fit_that_ends_well_hands_out_model_bytes_and_report(void **state)
{
    struct fit_task *task = new_task(NULL);

    (void)state;
    run(task);
    assert_int_equal(task->outcome, FIT_DONE);
    assert_non_null(task->model);
    assert_int_equal(task->checkpoint_n, 8);
    assert_string_equal(task->checkpoint, "encoded");
    assert_int_equal(task->report.steps, 3);
    assert_int_equal(atomic_load(&task->progress_ppm), 1000000);
    assert_int_equal(atomic_load(&task->step), 3);
    assert_true(atomic_load(&task->loss) == 1.25);
    assert_true(task->cpu_ns > 0);
    fit_task_free(task);
    assert_int_equal(core.models_alive, 0);
}

static void what_the_receiver_takes_is_not_freed(void **state)
{
    struct fit_task *task = new_task(NULL);

    (void)state;
    run(task);
    struct trm_model *model = task->model;
    void *bytes = task->checkpoint;
    task->model = NULL;
    task->checkpoint = NULL;
    fit_task_free(task);
    assert_int_equal(core.models_alive, 1);
    assert_string_equal(bytes, "encoded");
    trm_model_free(model);
    free(bytes);
}

static void core_gets_config_seed_and_base(void **state)
{
    struct trm_model *model = calloc(1, sizeof *model);
    struct model_ref *base = model_ref_new(model);
    struct fit_task *task = new_task(base);

    (void)state;
    core.models_alive = 1;
    run(task);
    assert_int_equal(core.options.config.season, 24);
    assert_int_equal(core.options.config.horizon, 48);
    assert_int_equal(core.options.seed, 42);
    assert_ptr_equal(core.options.base, model);
    assert_int_equal(core.models_alive, 2);
    fit_task_free(task); /* its reference to the base was the last */
    assert_int_equal(core.models_alive, 0);
}

static void a_fit_without_a_base_has_none(void **state)
{
    struct fit_task *task = new_task(NULL);

    (void)state;
    run(task);
    assert_null(core.options.base);
    fit_task_free(task);
}

/* Each call of core fails in turn. */
static void a_failure_anywhere_fails_the_fit_with_its_reason(void **state)
{
    static const struct {
        enum trm_status begin, step, end, encode;
        enum err_code code;
    } cases[] = {
        {.begin = TRM_ESHORT, .code = ERR_TOO_SHORT},
        {.begin = TRM_EMISSING, .code = ERR_TOO_SHORT},
        {.begin = TRM_ENOMEM, .code = ERR_NO_MEMORY},
        {.step = TRM_EDIVERGED, .code = ERR_INTERNAL},
        {.end = TRM_ENOMEM, .code = ERR_NO_MEMORY},
        {.encode = TRM_ERANGE, .code = ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fit_task *task = new_task(NULL);
        core.begin = cases[i].begin, core.step = cases[i].step;
        core.end = cases[i].end, core.encode = cases[i].encode;
        run(task);
        assert_int_equal(task->outcome, FIT_FAILED);
        assert_int_equal(task->err.code, cases[i].code);
        assert_true(strlen(task->err.msg) > 0);
        assert_nothing_out(task);
        fit_task_free(task);
    }
}

static void a_cancelled_fit_stops_after_the_slice_it_is_in(void **state)
{
    struct fit_task *task = new_task(NULL);

    (void)state;
    core.steps_n = 0; /* endless */
    core.cancel_at = 5;
    run(task);
    assert_int_equal(core.steps_done, 5);
    assert_int_equal(task->outcome, FIT_CANCELLED);
    assert_nothing_out(task);
    fit_task_free(task);
}

static void a_fit_cancelled_before_it_ran_takes_no_step(void **state)
{
    struct fit_task *task = new_task(NULL);

    (void)state;
    atomic_store(&task->task.cancel, true);
    run(task);
    assert_int_equal(core.steps_done, 0);
    assert_int_equal(task->outcome, FIT_CANCELLED);
    fit_task_free(task);
}

static void a_fit_never_run_counts_as_cancelled(void **state)
{
    struct fit_task *task = new_task(NULL);

    (void)state;
    assert_int_equal(task->outcome, FIT_CANCELLED);
    assert_true(isnan(atomic_load(&task->loss)));
    assert_ptr_equal(task->task.message.deliver, deliver);
    fit_task_free(task);
    fit_task_free(NULL);
}

static void a_fit_over_its_budget_fails_and_says_so(void **state)
{
    struct fit_task *task = new_task(NULL);

    (void)state;
    core.steps_n = 0; /* endless */
    core.burn = true;
    task->budget_ns = 5000000;
    run(task);
    assert_int_equal(task->outcome, FIT_FAILED);
    assert_int_equal(task->err.code, ERR_TOO_LARGE);
    assert_non_null(strstr(task->err.msg, "budget of 0.005 s"));
    assert_true(task->cpu_ns > task->budget_ns);
    assert_nothing_out(task);
    fit_task_free(task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fit_that_ends_well_hands_out_model_bytes_and_report),
        cmocka_unit_test(what_the_receiver_takes_is_not_freed),
        cmocka_unit_test(core_gets_config_seed_and_base),
        cmocka_unit_test(a_fit_without_a_base_has_none),
        cmocka_unit_test(a_failure_anywhere_fails_the_fit_with_its_reason),
        cmocka_unit_test(a_cancelled_fit_stops_after_the_slice_it_is_in),
        cmocka_unit_test(a_fit_cancelled_before_it_ran_takes_no_step),
        cmocka_unit_test(a_fit_never_run_counts_as_cancelled),
        cmocka_unit_test(a_fit_over_its_budget_fails_and_says_so),
    };

    return cmocka_run_group_tests_name("fit_task", tests, NULL, NULL);
}
