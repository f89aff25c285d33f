/* Messages from other threads to the loop. Knows an intrusive queue and how to wake the loop; refuses
 * to know what a message is about. Surprising: no allocation and no limit here: the senders' own bounds
 * (queue lengths, jobs in flight) limit what can be waiting. */
#ifndef SERVER_MAILBOX_H
#define SERVER_MAILBOX_H

#include "server/base/err.h"

#include <uv.h>

/* Embedded in a sender's own struct. Once posted it belongs to the mailbox until deliver is called. */
struct message {
    struct message *next;
    void (*deliver)(struct message *message); /* on the loop's thread; may free the message */
};

struct mailbox;

/* On the loop's thread. Returns 0, or -1 with *err. The mailbox does not keep the loop alive. */
__attribute__((warn_unused_result)) int mailbox_new(uv_loop_t *loop, struct mailbox **ret,
                                                    struct err *err);

/* From any thread. Messages of one sender arrive in order. Never blocks, never fails. */
void mailbox_post(struct mailbox *mailbox, struct message *message);

/* Several at once, for one waking: linked by next from the newest to the oldest, whose next is set here. */
void mailbox_post_chain(struct mailbox *mailbox, struct message *newest, struct message *oldest);

/* Delivers what is waiting now, on the loop's thread (used while stopping). Returns how many. */
size_t mailbox_drain(struct mailbox *mailbox);

/* After every sender has stopped; delivers nothing more (drain first). Closes the handle: run the loop
 * once more after it. Accepts NULL. */
void mailbox_free(struct mailbox *mailbox);

#endif
