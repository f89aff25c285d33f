/* The list of waits. See wait.h. */
#include "server/http/wait.h"

#include "server/base/clock.h"
#include "server/http/bridge.h"
#include "server/http/request.h"

#include <assert.h>
#include <stdlib.h>

static void unlink_wait(struct wait *wait)
{
    if (wait->prev != NULL)
        wait->prev->next = wait->next;
    else
        wait->list->first = wait->next;
    if (wait->next != NULL)
        wait->next->prev = wait->prev;
    wait->next = wait->prev = NULL;
}

static void expire_unavailable(struct wait *wait)
{
    struct err err;
    err_set(&err, ERR_UNAVAILABLE,
            "the operation did not end in time; it may still take effect: look, or send it again");
    request_refuse(wait_detach(wait), &err);
}

struct wait *wait_new(struct request *request, uint64_t timeout_ms)
{
    struct wait *wait = calloc(1, sizeof *wait);
    assert(request->wait == NULL);
    if (wait == NULL) {
        struct err err;
        err_set(&err, ERR_NO_MEMORY, "out of memory");
        request_refuse(request, &err);
        return NULL;
    }
    wait->list = &request->http->waits;
    wait->request = request;
    wait->deadline_ns = clock_mono_ns() + timeout_ms * 1000000;
    wait->expire = expire_unavailable;
    wait->next = wait->list->first;
    if (wait->next != NULL)
        wait->next->prev = wait;
    wait->list->first = wait;
    request->wait = wait;
    return wait;
}

struct request *wait_succeed(struct wait *wait, const struct err *err)
{
    struct request *request = wait_end(wait);
    if (request == NULL || err == NULL || err->code == ERR_NONE)
        return request;
    request_refuse(request, err);
    return NULL;
}

struct request *wait_detach(struct wait *wait)
{
    struct request *request = wait->request;
    if (request == NULL)
        return NULL;
    unlink_wait(wait);
    wait->request = NULL;
    request->wait = NULL;
    bridge_wake(request);
    return request;
}

struct request *wait_end(struct wait *wait)
{
    struct request *request = wait_detach(wait);
    free(wait->data);
    free(wait);
    return request;
}

void wait_fail(struct wait *wait, const struct err *err)
{
    struct err copy = *err;
    request_refuse(wait_end(wait), &copy);
}

void wait_sweep(struct wait_list *list, uint64_t now_ns)
{
    struct wait *next;
    for (struct wait *wait = list->first; wait != NULL; wait = next) {
        next = wait->next;
        if (wait->deadline_ns <= now_ns)
            wait->expire(wait);
    }
}
