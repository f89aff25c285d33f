/* The one place that knows argon2 (RFC 9106). Knows how a key's hash is made, what a hash in the file
 * must look like, and how long and how much memory a check may take; refuses to know whose it is.
 * Surprising: a hash whose parameters are beyond the limits is refused when the file is read, not when
 * it is checked: the file could otherwise stop the daemon by asking for a terabyte. Any thread. */
#ifndef SERVER_KEYS_KEY_HASH_H
#define SERVER_KEYS_KEY_HASH_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Longest encoded hash with its NUL. */
#define KEY_HASH_MAX 256
/* What new hashes cost: 19 MiB and two passes, OWASP's least for argon2id ("Password Storage Cheat Sheet"). A
 * key has 256 random bits, which nobody guesses: the hash only has to keep it from being read back. */
#define KEY_HASH_KIB 19456
#define KEY_HASH_PASSES 2
/* The most that a hash in the file may cost. */
#define KEY_HASH_KIB_MAX 262144
#define KEY_HASH_PASSES_MAX 16

/* The encoded hash ("$argon2id$v=19$m=…,t=…,p=1$salt$hash") with a salt of its own. Some 20 ms. Returns
 * 0, or -1 with ERR_UNAVAILABLE or ERR_NO_MEMORY. */
__attribute__((warn_unused_result)) int key_hash_make(const char *text, size_t n, char ret[KEY_HASH_MAX],
                                                      struct err *err);

/* Returns 0 where key_hash_fits could answer, or -1 with ERR_INVALID that says what is wrong. */
__attribute__((warn_unused_result)) int key_hash_check(const char *encoded, size_t n, struct err *err);

/* Whether the text is the hash's; in time that does not depend on how much of it is right. Returns 1 or
 * 0, or -1 without memory. */
int key_hash_fits(const char *encoded, const char *text, size_t n);

#endif
