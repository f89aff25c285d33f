/* The file of keys: a line each, name, scopes, hash. Knows its form; refuses to know what is done with keys.
 * Surprising: a file without a key is a valid one, which lets nobody in: that is how all are taken away. Any
 * thread.
 *
 *     # who it is for     what it may   argon2id
 *     grafana             read          $argon2id$v=19$m=19456,t=2,p=1$…$…
 *
 * Blanks between the three, # begins a comment at a line's start or after a blank. */
#ifndef SERVER_KEYS_KEY_FILE_H
#define SERVER_KEYS_KEY_FILE_H

#include "server/keys/key.h"
#include "server/keys/key_hash.h"

#include <stdint.h>

#define KEYS_MAX 256
#define KEY_FILE_BYTES_MAX ((size_t)256 << 10)

struct key {
    char name[KEY_NAME_MAX + 1]; /* zeros behind it */
    unsigned scopes;             /* whole */
    char hash[KEY_HASH_MAX];
    uint64_t number;             /* keyring.h; 0 in a list just read */
};

struct key_list {
    size_t n;
    bool open;      /* of a file: others than its owner and group may write it */
    struct key keys[KEYS_MAX];
};

/* Reads bytes. file: how errors call it. Returns 0 with a list (malloc, key_list_free), or -1 with
 * ERR_INVALID: "FILE:3: …, …". */
__attribute__((warn_unused_result)) int key_list_parse(const char *bytes, size_t n, const char *file,
                                                       struct key_list **ret, struct err *err);

/* The same for a file. */
__attribute__((warn_unused_result)) int key_list_load(const char *path, struct key_list **ret,
                                                      struct err *err);

/* Accepts NULL. */
void key_list_free(struct key_list *list);

#endif
