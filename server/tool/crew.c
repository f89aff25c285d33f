/* The crew. Knows pthreads and the terminal's width of a bar. Surprising: the calling thread works too,
 * so that a crew of one starts no thread at all. */
#include "server/tool/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define REDRAW_NS 100000000u

struct shift {
    void (*each)(void *ctx, size_t i);
    void *ctx;
    size_t n;
    atomic_size_t next;
    pthread_mutex_t lock; /* of what follows */
    bool bar;
    const char *label;
    size_t done;
    uint64_t started_ns, drawn_ns;
};

static uint64_t now_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void draw(struct shift *shift, uint64_t now)
{
    size_t filled = BAR_WIDTH * shift->done / shift->n;
    double gone = (double)(now - shift->started_ns) / 1e9;
    double left = gone / (double)shift->done * (double)(shift->n - shift->done);

    fprintf(stderr, "\r%-22s [", shift->label);
    for (size_t i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %zu/%zu %4.0f s left ", shift->done, shift->n, left);
    shift->drawn_ns = now;
}

static void count(struct shift *shift)
{
    pthread_mutex_lock(&shift->lock);
    uint64_t now = now_ns();
    shift->done++;
    if (shift->bar && (now - shift->drawn_ns >= REDRAW_NS || shift->done == shift->n))
        draw(shift, now);
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
                          .bar = crew->progress && isatty(STDERR_FILENO),
                          .label = crew->label,
                          .started_ns = now_ns()};
    pthread_t helpers[CREW_MAX];
    size_t started = 0;

    while (started + 1 < crew->threads && started + 1 < n
           && pthread_create(&helpers[started], NULL, work, &shift) == 0)
        started++;
    work(&shift);
    while (started > 0)
        pthread_join(helpers[--started], NULL);
    if (shift.bar && n > 0)
        fputs("\r\033[K", stderr);
}
