/* The pool. Knows a lock and a stack. */
#include "server/tool/think_pool.h"

#include "server/tool/crew.h"

#include <pthread.h>
#include <stdlib.h>

struct think_pool {
    const struct trm_base *base;
    size_t horizon_max;
    pthread_mutex_t lock; /* of what follows */
    struct trm_think *idle[CREW_MAX];
    size_t idle_n;
};

struct think_pool *think_pool_new(const struct trm_base *base, size_t horizon_max)
{
    struct think_pool *pool = calloc(1, sizeof *pool);

    if (!pool)
        return NULL;
    pool->base = base;
    pool->horizon_max = horizon_max;
    pthread_mutex_init(&pool->lock, NULL);
    return pool;
}

void think_pool_free(struct think_pool *pool)
{
    if (!pool)
        return;
    while (pool->idle_n > 0)
        trm_think_free(pool->idle[--pool->idle_n]);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

struct trm_think *think_pool_take(struct think_pool *pool)
{
    struct trm_think *think = NULL;

    pthread_mutex_lock(&pool->lock);
    if (pool->idle_n > 0)
        think = pool->idle[--pool->idle_n];
    pthread_mutex_unlock(&pool->lock);
    if (!think && trm_think_new(pool->base, pool->horizon_max, &think) != TRM_OK)
        return NULL;
    return think;
}

void think_pool_give(struct think_pool *pool, struct trm_think *think)
{
    pthread_mutex_lock(&pool->lock);
    if (pool->idle_n < CREW_MAX) {
        pool->idle[pool->idle_n++] = think;
        think = NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    trm_think_free(think);
}
