/* See checker.h. */
#include "server/keys/checker.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

/* Between the loop and the workers: somebody waits for it, but may be nobody. */
#define NICE 5

struct checker {
    struct mailbox *mailbox;
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t filled;
    struct check *first, **end; /* under lock */
    bool stopping;              /* under lock */
};

/* The next one; NULL when it is time to stop. */
static struct check *next_check(struct checker *checker)
{
    uv_mutex_lock(&checker->lock);
    while (checker->first == NULL && !checker->stopping)
        uv_cond_wait(&checker->filled, &checker->lock);
    struct check *check = checker->stopping ? NULL : checker->first;
    if (check != NULL) {
        checker->first = check->next;
        if (checker->first == NULL)
            checker->end = &checker->first;
    }
    uv_mutex_unlock(&checker->lock);
    return check;
}

static void work(void *ctx)
{
    struct checker *checker = ctx;
    struct check *check;
    setpriority(PRIO_PROCESS, 0, NICE); /* on Linux: of this thread */
    while ((check = next_check(checker)) != NULL) {
        check->fits = key_hash_fits(check->hash, check->shown.text, check->shown.n);
        mailbox_post(checker->mailbox, &check->message);
    }
}

int checker_new(struct mailbox *mailbox, struct checker **ret, struct err *err)
{
    struct checker *checker = calloc(1, sizeof *checker);
    if (checker == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    checker->mailbox = mailbox;
    checker->end = &checker->first;
    if (uv_mutex_init(&checker->lock) != 0)
        goto no_lock;
    if (uv_cond_init(&checker->filled) != 0)
        goto no_condition;
    if (uv_thread_create(&checker->thread, work, checker) != 0)
        goto no_thread;
    *ret = checker;
    return 0;
no_thread:
    uv_cond_destroy(&checker->filled);
no_condition:
    uv_mutex_destroy(&checker->lock);
no_lock:
    free(checker);
    return err_set(err, ERR_NO_MEMORY, "no thread to check keys");
}

void checker_submit(struct checker *checker, struct check *check)
{
    check->next = NULL;
    uv_mutex_lock(&checker->lock);
    *checker->end = check;
    checker->end = &check->next;
    uv_cond_signal(&checker->filled);
    uv_mutex_unlock(&checker->lock);
}

void checker_free(struct checker *checker)
{
    if (checker == NULL)
        return;
    uv_mutex_lock(&checker->lock);
    checker->stopping = true;
    uv_cond_signal(&checker->filled);
    uv_mutex_unlock(&checker->lock);
    uv_thread_join(&checker->thread);
    for (struct check *next, *check = checker->first; check != NULL; check = next) {
        next = check->next;
        check->fits = -1;
        mailbox_post(checker->mailbox, &check->message);
    }
    uv_cond_destroy(&checker->filled);
    uv_mutex_destroy(&checker->lock);
    free(checker);
}
