/* A stack without locks, turned around when it is taken, and one eventfd. No lock, because some
 * senders run at a lower priority than the loop: one that the scheduler had put aside inside the
 * lock would hold up every request. For the same reason it is no uv_async: its sender passes
 * through a state in which the loop spins until the sender goes on, and the loop's waking up is
 * just what puts a sender on the same core aside there; with fits and commits by the thousand a
 * quarter of the loop's time went into that. So a sender wakes the loop by one write and is done.
 * Taking the whole stack at once is what makes the compare-and-swap safe from ABA. */
#include "server/base/mailbox.h"

#include "server/base/clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Longest that one turn of the loop delivers: two thousand commits that come back together must
 * not keep a cached answer waiting. */
#define TURN_NS 2000000

struct mailbox {
    uv_poll_t poll;
    int fd;
    _Atomic(struct message *) newest; /* linked from newest to oldest */
    struct message *taken, **taken_end; /* the loop's: linked from oldest to newest */
};

static size_t deliver(struct mailbox *mailbox, uint64_t until_ns);

/* Fails only where the counter is full, and then the loop wakes up too. */
static void wake(const struct mailbox *mailbox)
{
    uint64_t one = 1;

    while (write(mailbox->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

/* The counter first: what is posted after it has been read wakes the loop again. */
static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct mailbox *mailbox = poll->data;
    uint64_t posted;

    (void)status, (void)events;
    while (read(mailbox->fd, &posted, sizeof posted) < 0 && errno == EINTR)
        ;
    deliver(mailbox, clock_mono_ns() + TURN_NS);
    if (mailbox->taken)
        wake(mailbox);
}

static int open_fd(uv_loop_t *loop, struct mailbox *mailbox, struct err *err)
{
    mailbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (mailbox->fd < 0)
        return err_set(err, ERR_INTERNAL, "mailbox: %s", strerror(errno));
    int rc = uv_poll_init(loop, &mailbox->poll, mailbox->fd);
    if (rc < 0) {
        close(mailbox->fd);
        return err_set(err, ERR_INTERNAL, "mailbox: %s", uv_strerror(rc));
    }
    return 0;
}

int mailbox_new(uv_loop_t *loop, struct mailbox **ret, struct err *err)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);

    if (!mailbox)
        return err_set(err, ERR_NO_MEMORY, "mailbox: out of memory");
    if (open_fd(loop, mailbox, err)) {
        free(mailbox);
        return -1;
    }
    atomic_init(&mailbox->newest, NULL);
    mailbox->poll.data = mailbox;
    mailbox->taken_end = &mailbox->taken;
    uv_poll_start(&mailbox->poll, UV_READABLE, on_poll); /* never fails on a handle just made */
    uv_unref((uv_handle_t *)&mailbox->poll);
    *ret = mailbox;
    return 0;
}

void mailbox_post_chain(struct mailbox *mailbox, struct message *newest, struct message *oldest)
{
    oldest->next = atomic_load_explicit(&mailbox->newest, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&mailbox->newest, &oldest->next, newest,
                                                  memory_order_release, memory_order_relaxed))
        ;
    wake(mailbox);
}

void mailbox_post(struct mailbox *mailbox, struct message *message)
{
    mailbox_post_chain(mailbox, message, message);
}

/* Puts what has been posted behind what has been taken before. */
static void take(struct mailbox *mailbox)
{
    struct message *rest = atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acquire);
    struct message *last = rest, *first = NULL;

    while (rest) {
        struct message *next = rest->next;
        rest->next = first;
        first = rest;
        rest = next;
    }
    if (!first)
        return;
    *mailbox->taken_end = first;
    mailbox->taken_end = &last->next;
}

static size_t deliver(struct mailbox *mailbox, uint64_t until_ns)
{
    size_t n = 0;

    take(mailbox);
    while (mailbox->taken && (n == 0 || clock_mono_ns() < until_ns)) {
        struct message *message = mailbox->taken;
        mailbox->taken = message->next;
        if (!mailbox->taken)
            mailbox->taken_end = &mailbox->taken;
        message->deliver(message);
        n++;
    }
    return n;
}

size_t mailbox_drain(struct mailbox *mailbox)
{
    return deliver(mailbox, UINT64_MAX);
}

static void on_close(uv_handle_t *handle)
{
    struct mailbox *mailbox = handle->data;

    close(mailbox->fd);
    free(mailbox);
}

void mailbox_free(struct mailbox *mailbox)
{
    if (mailbox)
        uv_close((uv_handle_t *)&mailbox->poll, on_close);
}
