/* The crew. Knows pthreads. Surprising: the calling thread works too,
 * so that a crew of one starts no thread at all. */
#include "server/tool/crew.h"

#include "server/tool/bar.h"

#include <pthread.h>
#include <stdatomic.h>

struct shift {
    void (*each)(void *ctx, size_t i);
    void *ctx;
    size_t n;
    atomic_size_t next;
    pthread_mutex_t lock; /* of what follows */
    struct bar bar;
    size_t done, unit;
};

static void count(struct shift *shift)
{
    pthread_mutex_lock(&shift->lock);
    size_t done = ++shift->done * shift->unit;
    bar_show(&shift->bar, done < shift->bar.total ? done : shift->bar.total);
    pthread_mutex_unlock(&shift->lock);
}

static void *work(void *arg)
{
    struct shift *shift = arg;
    size_t i;

    while ((i = atomic_fetch_add(&shift->next, 1)) < shift->n) {
        shift->each(shift->ctx, i);
        count(shift);
    }
    return NULL;
}

void crew_run(const struct crew *crew, size_t n, void (*each)(void *ctx, size_t i), void *ctx)
{
    struct shift shift = {.each = each,
                          .ctx = ctx,
                          .n = n,
                          .lock = PTHREAD_MUTEX_INITIALIZER,
                          .unit = crew->unit ? crew->unit : 1};
    pthread_t helpers[CREW_MAX];
    size_t started = 0;

    bar_start(&shift.bar, crew->label, 0, crew->total ? crew->total : n, crew->progress);
    while (started + 1 < crew->threads && started + 1 < n
           && pthread_create(&helpers[started], NULL, work, &shift) == 0)
        started++;
    work(&shift);
    while (started > 0)
        pthread_join(helpers[--started], NULL);
    bar_clear(&shift.bar);
}
