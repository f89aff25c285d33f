/* A stack without locks, turned around when it is taken, and one uv_async. No lock, because the
 * senders run at a lower priority than the loop: one that the scheduler had put aside inside the
 * lock would hold up every request. Taking the whole stack at once is what makes the
 * compare-and-swap safe from ABA. */
#include "server/base/mailbox.h"

#include <stdatomic.h>
#include <stdlib.h>

struct mailbox {
    uv_async_t async;
    _Atomic(struct message *) newest; /* linked from newest to oldest */
};

static void on_async(uv_async_t *async)
{
    mailbox_drain(async->data);
}

int mailbox_new(uv_loop_t *loop, struct mailbox **ret, struct err *err)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);

    if (!mailbox)
        return err_set(err, ERR_NO_MEMORY, "mailbox: out of memory");
    int rc = uv_async_init(loop, &mailbox->async, on_async);
    if (rc < 0) {
        free(mailbox);
        return err_set(err, ERR_INTERNAL, "mailbox: %s", uv_strerror(rc));
    }
    atomic_init(&mailbox->newest, NULL);
    mailbox->async.data = mailbox;
    uv_unref((uv_handle_t *)&mailbox->async);
    *ret = mailbox;
    return 0;
}

void mailbox_post(struct mailbox *mailbox, struct message *message)
{
    message->next = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &message->next, message,
                                                  memory_order_release, memory_order_relaxed))
        ;
    uv_async_send(&mailbox->async);
}

static struct message *take_oldest_first(struct mailbox *mailbox)
{
    struct message *rest = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct message *first = NULL;

    while (rest) {
        struct message *next = rest->next;
        rest->next = first;
        first = rest;
        rest = next;
    }
    return first;
}

size_t mailbox_drain(struct mailbox *mailbox)
{
    size_t n = 0;

    for (struct message *message = take_oldest_first(mailbox), *next; message; message = next) {
        next = message->next;
        message->deliver(message);
        n++;
    }
    return n;
}

static void on_close(uv_handle_t *handle)
{
    free(handle->data);
}

void mailbox_free(struct mailbox *mailbox)
{
    if (mailbox)
        uv_close((uv_handle_t *)&mailbox->async, on_close);
}
