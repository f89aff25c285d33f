/* Reference counts, with a model that says when it dies. */
#include "server/train/model_ref.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 4
#define ROUNDS 20000

/* In core's place: the layer's own code never looks inside. */
struct trm_model {
    int value;
};
static atomic_int freed;

void trm_model_free(struct trm_model *model)
{
    model->value = -1; /* a reader that is too late sees it, or the sanitizer does */
    free(model);
    atomic_fetch_add(&freed, 1);
}

static struct model_ref *new_ref(int value)
{
    struct trm_model *model = calloc(1, sizeof *model);

    model->value = value;
    atomic_store(&freed, 0);
    return model_ref_new(model);
}

static void the_model_lives_until_its_last_reference_is_dropped(void **state)
{
    struct model_ref *ref = new_ref(7);

    (void)state;
    assert_ptr_equal(model_ref_ref(ref), ref);
    model_ref_unref(ref);
    assert_int_equal(freed, 0);
    assert_int_equal(model_ref_get(ref)->value, 7);
    model_ref_unref(ref);
    assert_int_equal(freed, 1);
}

static void dropping_no_reference_is_allowed(void **state)
{
    (void)state;
    atomic_store(&freed, 0);
    model_ref_unref(NULL);
    assert_int_equal(freed, 0);
}

/* Owns a reference; passes copies on to itself and lets the last one go. */
static void *use(void *arg)
{
    struct model_ref *ref = arg;
    long wrong = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct model_ref *more = model_ref_ref(ref);
        wrong += model_ref_get(more)->value != 7;
        model_ref_unref(more);
    }
    model_ref_unref(ref);
    return (void *)wrong;
}

static void threads_may_share_a_model_and_the_last_one_frees_it(void **state)
{
    struct model_ref *ref = new_ref(7);
    pthread_t threads[THREADS];
    void *wrong;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, model_ref_ref(ref)), 0);
    model_ref_unref(ref);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(freed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_lives_until_its_last_reference_is_dropped),
        cmocka_unit_test(dropping_no_reference_is_allowed),
        cmocka_unit_test(threads_may_share_a_model_and_the_last_one_frees_it),
    };

    return cmocka_run_group_tests_name("model_ref", tests, NULL, NULL);
}
