/* The thread that holds keys against their hashes. Knows a queue and argon2's turn; refuses to know
 * names, clients and what follows from an answer (keyring.h). Surprising: one thread, whatever the
 * machine: a check costs some 20 ms and 19 MiB, and strangers can ask for one. It runs at a priority
 * between the workers' and the loop's. */
#ifndef SERVER_KEYS_CHECKER_H
#define SERVER_KEYS_CHECKER_H

#include "server/base/mailbox.h"
#include "server/keys/authorization.h"
#include "server/keys/key_hash.h"

struct checker;

/* Embedded in the submitter's own struct; the checker's until its message is delivered. */
struct check {
    struct message message; /* deliver is the submitter's */
    struct check *next;     /* the checker's */
    char hash[KEY_HASH_MAX];
    struct shown_key shown;
    int fits;               /* key_hash_fits; -1 too where the checker was stopped first */
};

__attribute__((warn_unused_result)) int checker_new(struct mailbox *mailbox, struct checker **ret,
                                                    struct err *err);

/* Never refuses: whoever submits has the limit. Loop's thread. */
void checker_submit(struct checker *checker, struct check *check);

/* Ends the thread, within one check, and posts what was waiting. Accepts NULL. */
void checker_free(struct checker *checker);

#endif
