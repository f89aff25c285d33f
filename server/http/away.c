/* uv_queue_work and a wait. See away.h. */
#include "server/http/away.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

/* As the workers that fit have it (train/pool.c). */
#define NICE 5

struct away {
    uv_work_t uv;
    struct http *http;
    struct wait *wait;
    void (*work)(void *ctx);
    void (*done)(void *ctx, struct request *request);
    void *ctx;
};

/* On Linux, of this thread. */
static void go_behind(void)
{
    if (getpriority(PRIO_PROCESS, 0) < NICE)
        setpriority(PRIO_PROCESS, 0, NICE);
}

static void on_work(uv_work_t *uv)
{
    struct away *away = uv->data;
    go_behind();
    away->work(away->ctx);
}

static void on_done(uv_work_t *uv, int status)
{
    struct away *away = uv->data;
    (void)status; /* nobody cancels */
    away->http->away_n--;
    away->done(away->ctx, wait_end(away->wait));
    free(away);
}

/* False where it cannot go; then nothing has happened. */
static bool send_away(struct request *request, const struct away *what)
{
    struct away *away = malloc(sizeof *away);
    if (away == NULL)
        return false;
    *away = *what;
    away->uv.data = away;
    away->wait = wait_new(request, AWAY_WAIT_MS);
    if (away->wait == NULL || uv_queue_work(request->http->loop, &away->uv, on_work, on_done) != 0) {
        if (away->wait != NULL)
            (void)wait_end(away->wait);
        free(away);
        return false;
    }
    request->http->away_n++;
    return true;
}

void away_begin(struct request *request, bool far, void (*work)(void *ctx),
                void (*done)(void *ctx, struct request *request), void *ctx)
{
    struct away away = {.http = request->http, .work = work, .done = done, .ctx = ctx};
    if (far && send_away(request, &away))
        return;
    work(ctx);
    done(ctx, request->status == 0 ? request : NULL);
}
