/* The keys in use: which key was shown, whether it is right, what it may. Knows names, numbers, what
 * was checked already and who must wait; refuses to know requests and where a key was shown.
 * Surprising: a key that was right once is known again by a hash that is keyed with a secret of this
 * process (some microseconds), so that argon2 is paid once a key and not once a request, and a flood of
 * wrong keys takes nothing from those that are known.
 *
 * Whether a name exists cannot be told from outside: a key of an unknown name waits for, and gets, a
 * check that it cannot pass. Loop's thread throughout. */
#ifndef SERVER_KEYS_KEYRING_H
#define SERVER_KEYS_KEYRING_H

#include "server/base/counters.h"
#include "server/keys/authorization.h"
#include "server/keys/key_file.h"

#include <uv.h>

/* Checks that wait for their turn: of all clients, and of one. */
#define KEY_CHECKS_MAX 32
#define KEY_CHECKS_CLIENT_MAX 4
/* Requests that wait for one check, all with the same key. */
#define KEY_WAITERS_MAX 256
/* Wrong keys that are known again without a check. */
#define KEY_WRONG_MAX 256

enum key_verdict {
    KEY_RIGHT,
    KEY_WRONG,
    KEY_UNCHECKED, /* not known: keyring_check */
    KEY_FAILED,    /* the check could not be made: no memory, or stopping */
};

struct keyring;

/* counters outlive it. Needs keys by keyring_adopt: without, keyring_on says no. */
__attribute__((warn_unused_result)) int keyring_new(uv_loop_t *loop, struct counters *counters,
                                                    struct keyring **ret, struct err *err);

/* Tells everybody who waits KEY_FAILED. Run the loop once more afterwards. Accepts NULL. */
void keyring_free(struct keyring *keyring);

/* These keys from now on; takes the list. A key whose name and hash stay keeps its number and need not
 * be checked again. NULL: no key is asked for. */
void keyring_adopt(struct keyring *keyring, struct key_list *list);

/* Whether keys are asked for, and how many there are. */
bool keyring_on(const struct keyring *keyring);
size_t keyring_count(const struct keyring *keyring);

/* What is known of a key. KEY_RIGHT: *ret_number is the key's (1 and up, never used twice, below 2^32). */
enum key_verdict keyring_look(struct keyring *keyring, const struct shown_key *shown, uint64_t *ret_number);

/* Has a key checked for a client (any number that stands for one). done is called later, once. Returns
 * 0, or -1 where no check was begun: *ret_retry_s is when to try again. */
__attribute__((warn_unused_result)) int keyring_check(struct keyring *keyring, const struct shown_key *shown,
                                                      uint64_t client,
                                                      void (*done)(void *ctx, enum key_verdict verdict),
                                                      void *ctx, unsigned *ret_retry_s);

/* The scopes of a key by its number, 0 where it has been taken away; its name, NULL likewise. */
unsigned keyring_scopes(const struct keyring *keyring, uint64_t number);
const char *keyring_name(const struct keyring *keyring, uint64_t number);

#endif
