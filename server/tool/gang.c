/* The gang. Knows pthreads. Surprising: the calling thread works too and so a gang of one has no lock to
 * wait for; sums are made by the caller, in order of the indices. */
#include "server/tool/gang.h"

#include "server/tool/crew.h"

#include "core/num.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct member {
    struct gang *gang;
    struct trm_pretrain_work *work;
    pthread_t thread;
};

struct gang {
    struct trm_thinker_shape shape;
    struct member members[CREW_MAX]; /* the first is the caller */
    size_t member_n, started;
    void (*each)(void *ctx, size_t i, struct trm_pretrain_work *work);
    void *ctx;
    size_t n;
    atomic_size_t next;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t begun, ended;
    size_t round, busy;
    bool over;
};

static void work_off(struct gang *gang, struct trm_pretrain_work *work)
{
    size_t i;

    while ((i = atomic_fetch_add(&gang->next, 1)) < gang->n)
        gang->each(gang->ctx, i, work);
}

static void *serve(void *arg)
{
    struct member *me = arg;
    struct gang *gang = me->gang;
    size_t seen = 0;

    pthread_mutex_lock(&gang->lock);
    while (!gang->over) {
        if (gang->round == seen) {
            pthread_cond_wait(&gang->begun, &gang->lock);
            continue;
        }
        seen = gang->round;
        pthread_mutex_unlock(&gang->lock);
        work_off(gang, me->work);
        pthread_mutex_lock(&gang->lock);
        if (--gang->busy == 0)
            pthread_cond_signal(&gang->ended);
    }
    pthread_mutex_unlock(&gang->lock);
    return NULL;
}

void gang_run(struct gang *gang, size_t n,
              void (*each)(void *ctx, size_t i, struct trm_pretrain_work *work), void *ctx)
{
    pthread_mutex_lock(&gang->lock);
    gang->each = each;
    gang->ctx = ctx;
    gang->n = n;
    atomic_store(&gang->next, 0);
    gang->busy = gang->started;
    gang->round++;
    pthread_cond_broadcast(&gang->begun);
    pthread_mutex_unlock(&gang->lock);
    work_off(gang, gang->members[0].work);
    pthread_mutex_lock(&gang->lock);
    while (gang->busy > 0)
        pthread_cond_wait(&gang->ended, &gang->lock);
    pthread_mutex_unlock(&gang->lock);
}

int gang_new(size_t threads, const struct trm_thinker_shape *shape, struct gang **ret,
             struct tool_err *err)
{
    struct gang *gang = calloc(1, sizeof *gang);

    if (!gang)
        return tool_fail(err, "out of memory");
    gang->shape = *shape;
    pthread_mutex_init(&gang->lock, NULL);
    pthread_cond_init(&gang->begun, NULL);
    pthread_cond_init(&gang->ended, NULL);
    for (size_t i = 0; i < threads; i++) {
        struct member *member = &gang->members[i];
        member->gang = gang;
        if (trm_pretrain_work_new(shape, &member->work) != TRM_OK)
            break;
        gang->member_n++;
        if (i > 0 && pthread_create(&member->thread, NULL, serve, member) != 0)
            break;
        gang->started += i > 0;
    }
    if (gang->member_n == 0) {
        gang_free(gang);
        return tool_fail(err, "out of memory for a thread's work");
    }
    *ret = gang;
    return 0;
}

void gang_free(struct gang *gang)
{
    if (!gang)
        return;
    pthread_mutex_lock(&gang->lock);
    gang->over = true;
    pthread_cond_broadcast(&gang->begun);
    pthread_mutex_unlock(&gang->lock);
    for (size_t i = 1; i <= gang->started; i++)
        pthread_join(gang->members[i].thread, NULL);
    for (size_t i = 0; i < gang->member_n; i++)
        trm_pretrain_work_free(gang->members[i].work);
    pthread_cond_destroy(&gang->begun);
    pthread_cond_destroy(&gang->ended);
    pthread_mutex_destroy(&gang->lock);
    free(gang);
}

/* ---- losses ---- */

struct survey {
    const struct trm_thinker_shape *shape;
    const float *weights;
    const struct trm_example_set *set;
    size_t from, to;
    double *sum; /* [parts][S] */
};

static void survey_part(void *ctx, size_t i, struct trm_pretrain_work *work)
{
    const struct survey *s = ctx;
    size_t from = s->from + i * TRM_SHARD_WINDOWS, to = trm_min_size(from + TRM_SHARD_WINDOWS, s->to);
    double *sum = s->sum + i * s->shape->supervision;
    enum trm_status status = trm_pretrain_validate(s->shape, s->weights, s->set, from, to, work, sum);

    for (size_t k = 0; k < s->shape->supervision; k++)
        sum[k] = status == TRM_OK ? sum[k] * (double)(to - from) : TRM_NAN;
}

void gang_loss(struct gang *gang, const float *weights, const struct trm_example_set *set, size_t from,
               size_t to, double *ret_loss)
{
    size_t S = gang->shape.supervision, parts = (to - from + TRM_SHARD_WINDOWS - 1) / TRM_SHARD_WINDOWS;
    struct survey survey = {&gang->shape, weights, set, from, to, calloc(parts * S, sizeof(double))};

    for (size_t k = 0; k < S; k++)
        ret_loss[k] = survey.sum ? 0 : TRM_NAN;
    if (!survey.sum)
        return;
    gang_run(gang, parts, survey_part, &survey);
    for (size_t i = 0; i < parts; i++)
        for (size_t k = 0; k < S; k++)
            ret_loss[k] += survey.sum[i * S + k] / (double)(to - from);
    free(survey.sum);
}
